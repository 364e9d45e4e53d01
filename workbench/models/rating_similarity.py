"""How alike two people (or two items) are by the values of what both met."""

from __future__ import annotations

from typing import Any

import numpy as np
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

    def total(left: Any, right: Any) -> Floats:
        """Sums over what is common, ``(n_rows, n_others)``."""
        one = sparse.csr_array((left, value.indices, value.indptr), shape=value.shape)
        two = sparse.csr_array((right, others.indices, others.indptr), shape=others.shape)
        sums: Floats = (one @ two).toarray()
        return sums

    w, x, y, one = weight.data, value.data, others.data, np.ones_like(others.data)
    n = total(w, one)
    if measure == MSD:
        apart = total(w * x * x, one) + total(w, y * y) - 2 * total(w * x, y)
        found = _divided(1.0, np.maximum(_divided(apart, n), 0.0) + 1.0) * (n > 0)
    else:
        product, squares = total(w * x, y), [total(w * x * x, one), total(w, y * y)]
        if measure == PEARSON:
            sums = [total(w * x, one), total(w, y)]
            product = n * product - sums[0] * sums[1]
            # What is left of a difference of equal numbers is rounding.
            raw = [n * square for square in squares]
            squares = [r - s * s for r, s in zip(raw, sums, strict=True)]
            squares = [np.where(q > 1e-12 * r, q, 0.0) for q, r in zip(squares, raw, strict=True)]
        found = _divided(product, np.sqrt(squares[0]) * np.sqrt(squares[1]))
    if measure == PEARSON_BASELINE:
        found[n < 2] = 0.0
    if shrinkage > 0:
        spare = np.maximum(n - 1, 0.0)
        found *= spare / (spare + shrinkage)
    return np.round(found, DECIMALS)


def _divided(one: Any, two: Floats) -> Floats:
    return np.divide(one, two, out=np.zeros_like(two), where=two > 0)
