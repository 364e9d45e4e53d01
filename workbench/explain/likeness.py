"""How alike two explanations of one score are, and how few parts carry one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.vocabulary import IntArray

Floats = NDArray[np.float64]

TOP = 3
"""Parts that a sentence names, and whose stability is measured."""
CARRIED = 0.8
"""Share of the sum of sizes that ``carriers`` have to carry."""


def order(values: Floats) -> IntArray:
    """Places from what speaks most for the score to what speaks most against it; ties by place."""
    return np.argsort(-values, kind="stable")


def same_top(one: Floats, two: Floats) -> float:
    """Share of the first ``TOP`` parts of one explanation that are among those of another.

    Parameters
    ----------
    one, two : (n_parts,) float64
        Of the same parts.

    Returns
    -------
    float
        NaN where there are no more than ``TOP`` parts: any two would agree.
    """
    if len(one) <= TOP or not (_tells(one) and _tells(two)):
        return float("nan")
    return len(np.intersect1d(order(one)[:TOP], order(two)[:TOP])) / TOP


def same_first(one: Floats, two: Floats) -> float:
    """1 where both name the same part first, else 0; NaN where there is no second one."""
    if len(one) < 2 or not (_tells(one) and _tells(two)):
        return float("nan")
    return float(order(one)[0] == order(two)[0])


def rank_correlation(one: Floats, two: Floats) -> float:
    """Spearman's rank correlation, ties at their mean rank; NaN below three parts.

    Source: Spearman 1904, "The proof and measurement of association between two things".
    """
    from scipy.stats import rankdata

    if len(one) < 3 or not (_tells(one) and _tells(two)):
        return float("nan")
    return float(np.corrcoef(rankdata(one), rankdata(two))[0, 1])


def carriers(values: Floats) -> float:
    """How many parts, the largest first, carry ``CARRIED`` of the sum of all sizes.

    NaN where all are 0.
    """
    size = np.sort(np.abs(values))[::-1]
    if not size.sum() > 0:
        return float("nan")
    return float(np.searchsorted(np.cumsum(size), CARRIED * size.sum() * (1 - 1e-12)) + 1)


def _tells(values: Floats) -> bool:
    """Whether an explanation is known and tells any part from another."""
    return bool(np.isfinite(values).all() and np.ptp(values) > 0)
