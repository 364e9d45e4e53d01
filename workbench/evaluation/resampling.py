"""Resampling people: bootstrap intervals, the paired randomisation test, Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

CELLS = 2**22
"""Numbers of one block of draws."""

POWER = 0.8
"""Chance of seeing a difference that is there, for ``detectable``."""


@dataclass(frozen=True)
class Sums:
    """What each person adds to a figure ``sum(total) / sum(over)``, or its square root.

    Attributes
    ----------
    total, over : (n_people,) float64
        For a mean over people, the values and ones.
    root : bool
    """

    total: Floats
    over: Floats
    root: bool = False

    def where(self, mask: Mask) -> Sums:
        """Those people only."""
        return Sums(self.total[mask], self.over[mask], self.root)

    @property
    def n(self) -> int:
        return len(self.total)

    @cached_property
    def figure(self) -> float:
        """NaN over nobody."""
        return float(self.of(self.total.sum(), self.over.sum())) if self.n else float("nan")

    def of(self, total: Floats, over: Floats) -> Floats:
        """The figure of other sums."""
        quotient = total / over
        return np.sqrt(np.maximum(quotient, 0)) if self.root else quotient

    @cached_property
    def influence(self) -> Floats:
        """How each person moves the figure, ``(n_people,)``, with mean 0."""
        if self.n == 0:
            return np.zeros(0)
        quotient = self.total.sum() / self.over.sum()
        moves = (self.total - quotient * self.over) / self.over.mean()
        if self.root:
            moves = moves / (2 * np.sqrt(quotient)) if quotient > 0 else moves * 0
        return moves


def resampled(figures: Sequence[Sums], n_boot: int, seed: int) -> list[Floats]:
    """Figures of people drawn with replacement, ``(n_boot,)`` each.

    All figures see the same draws. Draws are counts of each person, so that a resample is a row
    of one matrix product.

    Parameters
    ----------
    figures : sequence of Sums
        Of the same people.
    """
    n = figures[0].n
    if n == 0:
        return [np.full(n_boot, np.nan) for _ in figures]
    values = np.stack([side for s in figures for side in (s.total, s.over)], axis=1)
    rng = np.random.default_rng(seed)
    out = np.empty((n_boot, values.shape[1]))
    step = max(1, CELLS // n)
    for start in range(0, n_boot, step):
        rows = min(step, n_boot - start)
        drawn = rng.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        out[start : start + rows] = counts.astype(np.float64) @ values
    return [s.of(out[:, 2 * i], out[:, 2 * i + 1]) for i, s in enumerate(figures)]


def interval(boot: Floats, figure: float, influence: Floats, level: float) -> tuple[float, float]:
    """Bias-corrected, accelerated interval (BCa), widened for few people.

    The normal quantiles of BCa are replaced by ``t * sqrt(n / (n - 1))``: the bootstrap's spread
    divides by n, and few people do not know it well.

    Parameters
    ----------
    boot : (n_boot,) float64
    figure : float
        Of the people themselves.
    influence : (n_people,) float64
        Its skew gives the acceleration.
    level : float

    Returns
    -------
    low, high : float
        NaN with fewer than two people.

    Source: Efron 1987, "Better bootstrap confidence intervals"; Hesterberg 2015, "What teachers
    should know about the bootstrap", for the widening.
    """
    n = len(influence)
    if n < 2 or not np.isfinite(figure):
        return float("nan"), float("nan")
    near = 1e-12 * max(1.0, abs(figure))
    below = (boot < figure - near).mean() + (np.abs(boot - figure) <= near).mean() / 2
    bias = ndtri(np.clip(below, 1 / (len(boot) + 1), len(boot) / (len(boot) + 1)))
    spread = (influence**2).sum()
    skew = (influence**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    z = bias + np.array([-1, 1]) * stdtrit(n - 1, (1 + level) / 2) * np.sqrt(n / (n - 1))
    places = ndtr(bias + z / np.maximum(1 - skew * z, 1e-3))
    low, high = np.quantile(boot, places)
    return float(low), float(high)


def unanimous(
    value: float, n: int, lowest: float, highest: float, level: float
) -> tuple[float, float]:
    """Interval of a mean where all n people have the same value of a bounded metric.

    A share ``1 - (alpha / 2) ** (1 / n)`` of others would go unseen with chance ``alpha / 2``;
    they could be anywhere within the bounds. NaN on a side without a bound.

    Source: Clopper, Pearson 1934, for 0 of n.
    """
    missed = 1 - ((1 - level) / 2) ** (1 / n)
    ends = (value + missed * (bound - value) for bound in (lowest, highest))
    low, high = (end if np.isfinite(end) else float("nan") for end in ends)
    return low, high


def swap_test(one: Sums, two: Sums, n_swaps: int, seed: int) -> float:
    """Two-sided p of the paired randomisation test on the difference of two figures.

    Each person's values are swapped between the two or not. Exact where all ``2 ** n`` ways are
    at most ``n_swaps``; else ``n_swaps`` random ones and the observed, so p is never 0.

    Returns
    -------
    float
        NaN over nobody.
    """
    n = one.n
    if n == 0:
        return float("nan")
    observed = abs(one.figure - two.figure)
    bar = observed - 1e-9 * max(observed, 1e-6)
    moves = np.stack([one.total - two.total, one.over - two.over], axis=1)
    first = np.array([two.total.sum(), two.over.sum()])
    second = np.array([one.total.sum(), one.over.sum()])
    exact = n < 63 and 2**n <= n_swaps
    rng = np.random.default_rng(seed)
    total, extreme = (2**n if exact else n_swaps), 0
    step = max(1, CELLS // n)
    for start in range(0, total, step):
        rows = min(step, total - start)
        if exact:
            kept = (np.arange(start, start + rows)[:, None] >> np.arange(n)) & 1
        else:
            drawn = rng.integers(0, 256, (rows, -(-n // 8)), dtype=np.uint8)
            kept = np.unpackbits(drawn, axis=1, count=n)
        sums = kept.astype(np.float64) @ moves
        left, right = first + sums, second - sums
        swapped = one.of(left[:, 0], left[:, 1]) - two.of(right[:, 0], right[:, 1])
        extreme += int((np.abs(swapped) >= bar).sum())
    return extreme / total if exact else (extreme + 1) / (total + 1)


def holm(p: Floats) -> Floats:
    """Holm's step-down adjusted p, ``(n_tests,)``; NaN is no test.

    The i-th smallest of m is multiplied by ``m - i + 1``, never below an earlier one nor above 1.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    out = np.full(len(p), np.nan)
    tests = np.flatnonzero(~np.isnan(p))
    order = tests[np.argsort(p[tests], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out


def detectable(influence: Floats, level: float) -> float:
    """Smallest true difference that a two-sided test at ``1 - level`` finds with power 0.8.

    ``(t[1 - alpha / 2] + t[0.8]) * s / sqrt(n)`` with n - 1 degrees of freedom.

    Returns
    -------
    float
        NaN with fewer than two people.

    Source: Cohen 1988, "Statistical power analysis for the behavioral sciences".
    """
    n = len(influence)
    if n < 2:
        return float("nan")
    error = float(np.std(influence, ddof=1)) / np.sqrt(n)
    return float((stdtrit(n - 1, (1 + level) / 2) + stdtrit(n - 1, POWER)) * error)
