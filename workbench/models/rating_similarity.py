"""How alike two people (or two items) are by the values of what both met."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.models.foldin import Floats

MSD, COSINE, PEARSON, PEARSON_BASELINE = "msd", "cosine", "pearson", "pearson_baseline"
MEASURES = (MSD, COSINE, PEARSON, PEARSON_BASELINE)
DECIMALS = 12
"""Similarities are rounded to so many: two that are equal but for the order of a sum are a tie."""


def similarities(
    value: sparse.csr_array,
    weight: sparse.csr_array,
    others: sparse.csr_array,
    measure: str,
    shrinkage: float,
) -> Floats:
    """Similarity of rows to others, over what both have a value of.

    With ``x, y`` the two values of one thing and ``n`` the number of things in common:

    - ``msd``: ``1 / (mean (x - y)^2 + 1)``;
    - ``cosine``: ``sum xy / sqrt(sum x^2 sum y^2)``;
    - ``pearson``: the same of values less their means over what is common;
    - ``pearson_baseline``: the same as cosine, of values that the caller has taken the baseline
      from, and 0 where ``n < 2``.

    Each is multiplied by ``(n - 1) / (n - 1 + shrinkage)`` where there is shrinkage, and is 0
    where nothing is common or a spread is 0.

    Parameters
    ----------
    value, weight : (n_rows, n_things), sparse
        The same places in both. A thing of weight ``w`` counts ``w`` times.
    others : (n_things, n_others), sparse
        Values, each of weight 1.
    measure : str
    shrinkage : float

    Returns
    -------
    (n_rows, n_others) float64
        Row ``i`` is the same to the bit alone and in any batch.

    Source: Hug 2020, "Surprise: A Python library for recommender systems", its measures; Koren
    2010, "Factor in the neighbors", section 2.2, for the last of them and the shrinkage.
    """

    def sums(left: Any, right: Any) -> NDArray[Any]:
        """Sums over what is common, ``(n_rows, n_others)``; two at once in complex numbers."""
        one = sparse.csr_array((left, value.indices, value.indptr), shape=value.shape)
        two = sparse.csr_array((right, others.indices, others.indptr), shape=others.shape)
        found: NDArray[Any] = (one @ two).toarray()
        return found

    w, x, y = weight.data, value.data, others.data
    first = sums(w * (1 + 1j * x * x), np.ones(len(y)))
    n, xx = first.real, first.imag
    if measure == MSD:
        # The real part of (-2x + i)(y - iy^2) is y^2 - 2xy.
        apart = xx + sums(w * (1j - 2 * x), y * (1 - 1j * y)).real
        found = _divided(n, n + np.maximum(apart, 0.0))
    elif measure == PEARSON:
        second, third = sums(w, y * (y + 1j)), sums(w * x, y + 1j)
        xy = n * third.real - third.imag * second.imag
        xx = _spread(n * xx, third.imag)
        yy = _spread(n * second.real, second.imag)
        found = _divided(xy, np.sqrt(xx) * np.sqrt(yy))
    else:
        found = _divided(sums(w * x, y), np.sqrt(xx) * np.sqrt(sums(w, y * y)))
    if measure == PEARSON_BASELINE:
        found[n < 2] = 0.0
    if shrinkage > 0:
        spare = np.maximum(n - 1, 0.0)
        found *= spare / (spare + shrinkage)
    rounded: Floats = np.round(found, DECIMALS)
    return rounded


def _spread(squares: Floats, total: Floats) -> Floats:
    """Sum of squares less the square of the sum; what is left of equal numbers is rounding."""
    left = squares - total * total
    return np.where(left > 1e-12 * squares, left, 0.0)


def _divided(one: Any, two: Floats) -> Floats:
    divided: Floats = np.divide(one, two, out=np.zeros(two.shape), where=two > 0)
    return divided
