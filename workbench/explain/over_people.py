"""Means over people and differences of them, with bootstrap intervals, whatever their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ArgumentError
from workbench.evaluation.resampling import Mask, Sums, interval, resampled, unanimous
from workbench.vocabulary import IntArray

Floats = NDArray[np.float64]


def per_person(values: Floats, row: IntArray, n_people: int) -> Floats:
    """Mean over each person's pairs, ``(n_people, n_columns)``; NaN where there are none.

    Parameters
    ----------
    values : (n_pairs, n_columns)
    row : (n_pairs,) int64
        Person of each pair.
    """
    count = np.bincount(row, minlength=n_people).astype(np.float64)
    total = np.stack([np.bincount(row, column, minlength=n_people) for column in values.T], axis=1)
    out: Floats = np.full(total.shape, np.nan)
    np.divide(total, count[:, None], out=out, where=count[:, None] > 0)
    return out


def means(
    people: Floats,
    level: float,
    seed: int,
    n_boot: int,
    bounds: tuple[float, float] | None = None,
) -> Floats:
    """Mean of each column over people with its BCa interval, ``(n_columns, 3)``.

    Parameters
    ----------
    people : (n_people, n_columns)
        No NaN. All columns see the same draws of people.
    bounds : pair of float, optional
        Between which every value lies by its nature. Where all people have the same, the
        interval then allows for the others whom so few people would miss (Clopper-Pearson).

    Notes
    -----
    People are put in an order of their own values first, so that the order they came in moves
    nothing. Over one person the interval is NaN; over nobody the mean is, too.
    """
    check_bootstrap(level, n_boot)
    people = people[_order(people)]
    sums = [Sums(column, np.ones(len(people))) for column in people.T]
    boots = resampled(sums, n_boot, seed)
    found = []
    for one, boot in zip(sums, boots, strict=True):
        ends = interval(boot, one.figure, one.influence, level)
        if bounds is not None and one.n > 1 and np.ptp(one.total) == 0:
            ends = unanimous(one.figure, one.n, *bounds, level)
        found.append((one.figure, *ends))
    return np.array(found).reshape(-1, 3)


def differences(
    people: Floats, one: Mask, other: Mask, level: float, seed: int, n_boot: int
) -> Floats:
    """Mean over one cohort, over another, and their difference with its interval.

    Everybody is drawn together, so that the cohorts may share people.

    Parameters
    ----------
    people : (n_people, n_columns)
    one, other : (n_people,) bool
        Who is in which cohort, each at least one person.

    Returns
    -------
    (n_columns, 5) float64
        Mean of one, of the other, one less other, low, high. The interval is NaN where a
        cohort has fewer than two people.
    """
    check_bootstrap(level, n_boot)
    there = one | other
    people, one, other = people[there], one[there], other[there]
    order = _order(np.column_stack([people, one, other]))
    people, one, other = people[order], one[order], other[order]
    sides = [
        Sums(column * mask, mask.astype(np.float64)) for mask in (one, other) for column in people.T
    ]
    width = people.shape[1]
    few = min(int(one.sum()), int(other.sum())) < 2
    with np.errstate(invalid="ignore"):  # a draw may hold nobody of a small cohort
        boots = resampled(sides, n_boot, seed)
    found = []
    for place in range(width):
        first, second = sides[place], sides[width + place]
        gap = first.figure - second.figure
        boot = boots[place] - boots[width + place]
        moves = first.influence - second.influence
        ends = (np.nan, np.nan) if few else interval(boot[~np.isnan(boot)], gap, moves, level)
        found.append((first.figure, second.figure, gap, *ends))
    return np.array(found).reshape(-1, 5)


def check_bootstrap(level: float, n_boot: int) -> None:
    """Refuse an interval that cannot be made."""
    if not 0 < level < 1:
        raise ArgumentError(f"level must be above 0 and below 1, e.g. 0.95, not {level!r}")
    if isinstance(n_boot, bool) or not isinstance(n_boot, int | np.integer) or n_boot < 100:
        raise ArgumentError(f"n_boot must be a whole number of at least 100, not {n_boot!r}")


def _order(people: Floats) -> IntArray:
    return np.lexsort(people.T[::-1]) if people.shape[1] else np.arange(len(people))
