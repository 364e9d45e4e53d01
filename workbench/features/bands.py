"""Coarse kinds of items: how popular, of which decade."""

from __future__ import annotations

import numpy as np
import polars as pl

from workbench.columns import ITEM
from workbench.data.dataset import Dataset

HEAD, MID, TAIL = "head", "mid", "tail"


def popularity_bands(train: Dataset) -> list[str]:
    """Head, mid or tail for each item of the catalogue, in code order.

    Head is the smallest set of items that holds a third of the relevant training events, mid the
    next smallest up to two thirds, tail all others, those without any event included.
    """
    liked = train.relevant(train.interactions)
    counts = np.bincount(train.catalogue.codes(liked[ITEM]), minlength=train.n_items)
    order = np.lexsort((np.arange(len(counts)), -counts))
    before = np.cumsum(counts[order]) - counts[order]
    total = max(counts.sum(), 1)
    band = np.where(before < total / 3, HEAD, np.where(before < total * 2 / 3, MID, TAIL))
    band = np.where(counts[order] > 0, band, TAIL)
    out = np.empty(len(counts), dtype=band.dtype)
    out[order] = band
    return list(map(str, out))


def decades(years: pl.Series) -> list[str | None]:
    """``"1990s"`` for a year of the nineties, None where the year is not known."""
    return [f"{int(y) // 10 * 10}s" if y is not None and np.isfinite(y) else None for y in years]
