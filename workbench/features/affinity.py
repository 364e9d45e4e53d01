"""Affinity: how much more often an item is met in one band (an hour, a device, ...) than others."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.vocabulary import FloatArray, IntArray

PRIOR = 20.0
"""Events' worth of the overall shares in an item's own."""
MOST_VALUES = 50
"""A text column with more values than that has no affinity: most would be met too seldom."""
BINS = 8


def log_lift(counts: NDArray[np.floating]) -> FloatArray:
    """Log of each row's share of a column against the overall share, shrunk towards 0.

    ``log(((n_ib + PRIOR s_b) / (n_i + PRIOR)) / s_b)`` with ``s_b`` the overall share of band
    ``b``. 0 is "as usual": for a row without events, and for a band without any.

    Parameters
    ----------
    counts : (n_rows, n_bands)

    Returns
    -------
    (n_rows, n_bands) float32
    """
    share = counts.sum(axis=0) / max(counts.sum(), 1.0)
    own = (counts + PRIOR * share) / (counts.sum(axis=1, keepdims=True) + PRIOR)
    used = share > 0
    lift = np.where(used, own, 1.0) / np.where(used, share, 1.0)
    return np.log(lift).astype(np.float32)


def banded(series: pl.Series) -> dict[str, Any] | None:
    """How a column is cut in bands: the values of a text, quantiles of a number.

    Returns
    -------
    dict or None
        ``{"values": [...]}`` or ``{"edges": array}``. None where a text has too many values, or
        the column has fewer than two.
    """
    if series.dtype.is_numeric():
        known = series.drop_nulls().cast(pl.Float64).drop_nans().to_numpy()
        known = known[np.isfinite(known)]
        edges = np.unique(known)
        if len(edges) > BINS:
            places = np.linspace(0, len(known) - 1, BINS + 1).astype(np.int64)
            edges = np.unique(np.sort(known)[places])[:-1]
        return {"edges": edges} if len(edges) > 1 else None
    if isinstance(series.dtype, pl.List | pl.Struct | pl.Array):
        return None
    values = series.cast(pl.String, strict=False).drop_nulls().unique().sort().to_list()
    return {"values": values} if 2 <= len(values) <= MOST_VALUES else None


def band_of(series: pl.Series, bands: dict[str, Any]) -> IntArray:
    """The band of each cell, -1 where unknown; a number below the first edge is in the first."""
    if "edges" in bands:
        number = series.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
        place = np.searchsorted(bands["edges"], number, side="right") - 1
        return np.where(np.isnan(number), -1, np.maximum(place, 0))
    known = series.cast(pl.String, strict=False).cast(pl.Enum(bands["values"]), strict=False)
    return known.to_physical().cast(pl.Int64).fill_null(-1).to_numpy()


def n_bands(bands: dict[str, Any]) -> int:
    """Number of bands."""
    return len(next(iter(bands.values())))


def counted(item: IntArray, band: IntArray, n_items: int, n: int) -> NDArray[np.float64]:
    """Events by item and band, ``(n_items, n)``; those of an unknown band are left out."""
    known = band >= 0
    key = item[known] * n + band[known]
    return np.bincount(key, minlength=n_items * n).reshape(n_items, n).astype(np.float64)


def looked_up(lift: FloatArray, band: IntArray, item: IntArray) -> NDArray[np.float32]:
    """The lift of pairs, 0 where the band is unknown."""
    return np.where(band < 0, np.float32(0.0), lift[item, np.maximum(band, 0)])
