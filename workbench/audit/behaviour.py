"""Groups by what people did: how much, on how many days, and whether they like what most like."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import USER
from workbench.data.split import Split
from workbench.features.bands import HEAD, popularity_bands
from workbench.profiles import Profiles

MET, DAYS, POPULAR = "items met", "days active", "taste for the popular"
BEHAVIOUR = (MET, DAYS, POPULAR)
"""Names of the groups by behaviour, as attributes of people have theirs."""
NICHE, MIXED, MAINSTREAM = "niche", "mixed", "mainstream"
FIFTH = 0.2
DAY = 86_400


def behaviour(split: Split) -> pl.DataFrame:
    """What the people of a split did before the cut, as columns beside their attributes.

    Parameters
    ----------
    split : Split

    Returns
    -------
    polars.DataFrame
        ``user_id``, row-aligned with ``split.people()``. ``items met``: how many different ones.
        ``days active``: on how many days (UTC) they did something; absent where no times are
        known. ``taste for the popular``: "niche" and "mainstream" for the fifths of people with
        the smallest and the largest share of head items (``features.bands``) among what they met,
        "mixed" between them; null without a history. People with the same share are in the same
        group, so a fifth may be larger, and all are "mixed" where the share is the same for all.

    Notes
    -----
    Source of the fifths: Abdollahpouri, Mansoury, Burke, Mobasher 2019, "The unfairness of
    popularity bias in recommendation".
    """
    ids, people = split.people()
    head = np.array(popularity_bands(split.train)) == HEAD
    columns = {USER: split.train.people.ids.gather(split.train.people.codes(ids))}
    columns[MET] = pl.Series(people.n_met, dtype=pl.Int64)
    if "timestamps" in split.train.has:
        columns[DAYS] = pl.Series(_days(people), dtype=pl.Int64)
    columns[POPULAR] = pl.Series(_fifths(_share(people, head)), dtype=pl.String)
    return pl.DataFrame(columns)


def beside(attributes: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """Attributes of people with the columns of their ``behaviour``; those named so stay."""
    ours = ours.drop(USER)
    ours = ours.select(name for name in ours.columns if name not in attributes.columns)
    return pl.concat([attributes, ours], how="horizontal") if attributes.width else ours


def _days(people: Profiles) -> NDArray[np.int64]:
    known = ~np.isnan(people.timestamp)
    day = np.floor_divide(people.timestamp[known], DAY).astype(np.int64)
    pairs = np.unique(np.stack([people.row[known], day]), axis=1)
    return np.bincount(pairs[0], minlength=len(people)).astype(np.int64)


def _share(people: Profiles, head: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of head items among the different items met; NaN without any."""
    met = np.asarray(people.n_met, dtype=np.float64)
    popular = (people.seen @ head.astype(np.float64)).astype(np.float64)
    return np.divide(popular, met, out=np.full(len(met), np.nan), where=met > 0)


def _fifths(share: NDArray[np.float64]) -> list[str | None]:
    known = np.isfinite(share)
    if not known.any():
        return [None] * len(share)
    low, high = np.quantile(share[known], [FIFTH, 1 - FIFTH])
    names = np.where(share <= low, NICHE, np.where(share >= high, MAINSTREAM, MIXED))
    if low == high:
        names[:] = MIXED
    return [str(name) if k else None for name, k in zip(names, known, strict=True)]
