"""Dependence: the share of one feature against its value, over what people are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.columns import HIGH, LOW, RANK, ROW, SHARE, VALUE, N
from workbench.explain.over_people import check_bootstrap, means, per_person
from workbench.models.parameters import check_seed, check_whole

if TYPE_CHECKING:
    from workbench.explain.global_ import GlobalShares

OTHER = "other"
CURVE = {
    "from": pl.Float64,
    "to": pl.Float64,
    VALUE: pl.Float64,
    "mean_share": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
    "n_pairs": pl.Int64,
}
PEOPLE_PER_BIN = 5
"""Fewer bins than asked for are made where there are not so many people for each."""


@dataclass(frozen=True, eq=False)
class Dependence:
    """How the share of a feature goes with its value.

    Attributes
    ----------
    feature, group, meaning, unit : str
    background : str
        What shares are told against.
    by : str or None
        The other feature whose value stands beside each point.
    points : polars.DataFrame
        One row per pair: ``row`` (person), ``rank``, ``value`` (null where unknown), ``share``,
        ``other`` (the value of ``by``).
    curve : polars.DataFrame
        One row per bin of about as many pairs each: values ``from`` and ``to``, their median
        ``value``, ``mean_share`` (mean over people of their mean in the bin) with its interval
        ``low, high``, ``n`` people, ``n_pairs``. The last row, with null values, are the pairs of
        which the value is unknown, where there are any.
    """

    feature: str
    group: str
    meaning: str
    unit: str
    background: str
    by: str | None
    points: pl.DataFrame = field(repr=False)
    curve: pl.DataFrame = field(repr=False)


def dependence(
    shares: GlobalShares,
    feature: str,
    *,
    by: str | None = None,
    bins: int = 10,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 1000,
) -> Dependence:
    """Share of one feature against its value.

    Parameters
    ----------
    shares : GlobalShares
    feature : str
    by : str, optional
        Another feature, to see whether it goes with the spread at one value.
    bins : int
        At most so many; a value that many pairs have is never cut.
    level, seed, n_boot
        Of the bootstrap over people.

    Raises
    ------
    ArgumentError
        A name is no feature of the engine, or a number cannot work.
    """
    check_whole("bins", bins)
    check_bootstrap(level, n_boot)
    check_seed(seed)
    column = shares.column(feature)
    other = None if by is None else shares.column(by)
    pairs, what = shares.shown, shares.features[column]
    value = pairs.matrix[:, column].astype(np.float64)
    share = shares.shares[:, column]
    beside = np.full(len(value), np.nan) if other is None else pairs.matrix[:, other]
    points = pl.DataFrame(
        {
            ROW: pairs.row,
            RANK: pairs.rank,
            VALUE: value,
            SHARE: share,
            OTHER: beside.astype(np.float64),
        }
    ).with_columns(pl.col(VALUE, OTHER).fill_nan(None))
    n_people = len(np.unique(pairs.row))
    place = _binned(value, max(1, min(bins, n_people // PEOPLE_PER_BIN)))
    rows = []
    for one in np.unique(place):
        here = np.flatnonzero(place == one)
        people, person = np.unique(pairs.row[here], return_inverse=True)
        mean = per_person(share[here, None], person, len(people))
        (figure,) = means(mean, level, seed, n_boot)
        held = value[here]
        ends = (held.min(), held.max(), float(np.median(held)))
        rows.append((*ends, *figure, len(people), len(here)))
    curve = pl.DataFrame(rows, schema=CURVE, orient="row")
    curve = curve.with_columns(pl.col(pl.Float64).fill_nan(None))
    return Dependence(
        feature, what.group, what.meaning, what.unit, shares.background, by, points, curve
    )


def _binned(value: np.ndarray, bins: int) -> np.ndarray:
    """Bin of each value, lowest first, of about as many values each; the unknown come last."""
    known = np.isfinite(value)
    place = np.full(len(value), bins + 1)
    if known.any():
        inner = np.linspace(0, 1, bins + 1)[1:-1]
        edges = np.unique(np.quantile(value[known], inner, method="lower"))
        place[known] = np.searchsorted(edges, value[known])
    return place
