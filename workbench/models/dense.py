"""The one dense product: a row's result does not depend on the rows beside it, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BLOCK = 1024
"""Rows that are worked on at one moment, so that memory does not grow with the number of people."""


def product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float32]:
    """``left @ right`` in float32, each row by itself.

    The rows go through the sparse product, with every place filled: a plain loop that adds up
    one row after the other, in the order of the columns, on one thread. The linear algebra
    library rounds a row by its place in the block, by the number of threads and by the kernel
    that it picks for the machine (padding to one shape is not enough: seen with OpenBLAS'
    Haswell kernel), and a last bit can move an item.

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
    n_rows, n_inner = left.shape
    out = np.empty((n_rows, right.shape[1]), dtype=np.float32)
    for start in range(0, n_rows, BLOCK):
        block = left[start : start + BLOCK]
        column = np.tile(np.arange(n_inner, dtype=np.int32), len(block))
        ends = np.arange(len(block) + 1, dtype=np.int32) * n_inner
        filled = sparse.csr_array((block.ravel(), column, ends), shape=block.shape)
        out[start : start + BLOCK] = filled @ right
    return out
