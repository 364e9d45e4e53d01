"""The one dense product: a row's result does not depend on the rows beside it, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 64
"""Rows of every product that the linear algebra library sees. A library picks its kernel by the
shape, and another kernel rounds differently; one shape, one kernel."""


def product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float32]:
    """``left @ right`` in float32, in zero-padded blocks of ``BLOCK`` rows.

    Parameters
    ----------
    left : (n_rows, n_inner)
    right : (n_inner, n_columns)

    Returns
    -------
    (n_rows, n_columns) float32
        Row ``i`` is the same to the bit alone and in any batch.
    """
    left = np.ascontiguousarray(left, dtype=np.float32)
    right = np.ascontiguousarray(right, dtype=np.float32)
    out = np.empty((len(left), right.shape[1]), dtype=np.float32)
    for start in range(0, len(left), BLOCK):
        block = left[start : start + BLOCK]
        if len(block) < BLOCK:
            padded = np.zeros((BLOCK, left.shape[1]), dtype=np.float32)
            padded[: len(block)] = block
            out[start:] = (padded @ right)[: len(block)]
        else:
            np.matmul(block, right, out=out[start : start + BLOCK])
    return out
