"""Uncertainty over people: intervals for means of groups, and a test of group against the rest.

Intervals are Bayesian bootstraps over people (Rubin 1981, "The Bayesian bootstrap") with half a
person at each end of a metric that lives in [0, 1]. For a metric of zeros and ones that is exactly
the Jeffreys interval, and a group in which all are equal does not pretend to be certain. The tails
are widened from the normal to Student's t (Hesterberg 2015, "What teachers should know about the
bootstrap", section 5.2), which matters from about 20 to 50 people.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

Floats = NDArray[np.float64]

N_DRAWS = 2000
N_PERMUTATIONS = 4999
"""Fewer, but at least 1,999, where there are many people."""
CELLS = 4_000_000
"""Numbers held at once: memory does not grow with the number of people."""


def generator(seed: int, *words: str) -> np.random.Generator:
    """A generator that depends on the seed and on what it is for, not on what ran before."""
    text = "\x00".join(words).encode()
    salt = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")
    return np.random.default_rng([seed, salt])


def weighted_sums(rng: np.random.Generator, columns: Floats, n_draws: int = N_DRAWS) -> Floats:
    """Sums under random weights of mean 1 (exponential: the Bayesian bootstrap over rows).

    Parameters
    ----------
    columns : (n_people, n_columns)

    Returns
    -------
    (n_draws, n_columns)
        The same weights for every column of a draw.
    """
    total = np.zeros((n_draws, columns.shape[1]))
    step = max(1, CELLS // n_draws)
    for start in range(0, len(columns), step):
        part = columns[start : start + step]
        total += rng.standard_exponential((n_draws, len(part))) @ part
    return total


def plausible_means(
    sums: Floats, weights: Floats, rng: np.random.Generator, bounded: bool
) -> Floats:
    """Plausible means from weighted sums, ``(n_draws,)``.

    Parameters
    ----------
    sums, weights : (n_draws,)
        Of the values and of the people.
    rng : numpy.random.Generator
    bounded : bool
        Whether the metric lives in [0, 1]; half a person then stands at each end.
    """
    if not bounded:
        return sums / weights
    ends = rng.standard_gamma(0.5, (len(sums), 2))
    return (sums + ends[:, 1]) / (weights + ends.sum(axis=1))


def interval(
    draws: Floats, value: float, df: float = np.inf, level: float = 0.95
) -> tuple[float, float]:
    """Percentile interval with tails of Student's t; never without the value itself.

    Parameters
    ----------
    draws : (n_draws,)
    value : float
        The estimate.
    df : float
        Degrees of freedom.
    level : float
    """
    tail = (1 - level) / 2
    if np.isfinite(df):
        tail = float(ndtr(stdtrit(max(df, 1.0), tail)))
    low, high = np.quantile(draws, [tail, 1 - tail])
    return min(float(low), value), max(float(high), value)


def welch_df(one: Floats, two: Floats) -> float:
    """Degrees of freedom of a difference of two means (Welch 1947)."""
    a, b = one.var(ddof=1) / len(one), two.var(ddof=1) / len(two)
    if a + b == 0:
        return float(min(len(one), len(two)) - 1)
    return float((a + b) ** 2 / (a**2 / (len(one) - 1) + b**2 / (len(two) - 1)))


def against_the_rest(
    rng: np.random.Generator, values: Floats, groups: list[NDArray[np.int64]], sizes: list[int]
) -> list[Floats]:
    """p of "this group's mean is that of all others", for every group of every attribute.

    A permutation test of Welch's t, two-sided. Studentised, it holds its level also where the
    groups differ in spread but not in mean (Janssen 1997, "Studentized permutation tests for
    non-i.i.d. hypotheses and the generalized Behrens-Fisher problem").

    Parameters
    ----------
    rng : numpy.random.Generator
    values : (n_people,)
    groups : list of (n_people,) int
        For each attribute, the group of each person.
    sizes : list of int
        For each attribute, how many groups there are.

    Returns
    -------
    list of (n_groups,)
        NaN for a group of fewer than two people, or with fewer than two others.
    """
    n = len(values)
    counts = [
        np.bincount(g, minlength=size).astype(float) for g, size in zip(groups, sizes, strict=True)
    ]
    centred = values - values.mean()
    seen = [
        _welch(centred[None, np.argsort(g, kind="stable")], c)[0]
        for g, c in zip(groups, counts, strict=True)
    ]
    n_permutations = int(np.clip(1.2e7 // max(n, 1), 1999, N_PERMUTATIONS))
    beyond = [np.zeros(size) for size in sizes]
    step = max(1, CELLS // max(n, 1))
    for start in range(0, n_permutations, step):
        tile = np.tile(centred, (min(step, n_permutations - start), 1))
        rng.permuted(tile, axis=1, out=tile)
        for c, t, total in zip(counts, seen, beyond, strict=True):
            # Equal up to rounding counts as beyond: the order of adding must not decide.
            total += (np.abs(_welch(tile, c)) >= np.abs(t) * (1 - 1e-9)).sum(axis=0)
    p = [(total + 1) / (n_permutations + 1) for total in beyond]
    for one, c in zip(p, counts, strict=True):
        one[(c < 2) | (n - c < 2)] = np.nan
    return p


def _welch(rows: Floats, counts: Floats) -> Floats:
    """Welch's t of each group against all others, rows laid out group after group.

    ``(n_rows, n_groups)``; every row holds the same values in another order, of mean 0.
    """
    n = rows.shape[1]
    present = np.flatnonzero(counts > 0)
    starts = (np.cumsum(counts) - counts).astype(int)[present]
    sums, squares = np.zeros((2, len(rows), len(counts)))
    sums[:, present] = np.add.reduceat(rows, starts, axis=1)
    squares[:, present] = np.add.reduceat(rows * rows, starts, axis=1)
    rest, total, total_squares = n - counts, rows[0].sum(), float(rows[0] @ rows[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = sums / counts, (total - sums) / rest
        spread = (squares / counts - one**2).clip(0) / (counts - 1)
        spread += ((total_squares - squares) / rest - two**2).clip(0) / (rest - 1)
        gap = one - two
        t = gap / np.sqrt(spread)
    return np.where((np.abs(gap) < 1e-12) | np.isnan(t), 0.0, t)
