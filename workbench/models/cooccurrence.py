"""Products of items with items: what every neighbourhood and linear model of items starts from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from workbench.vocabulary import IntArray

BLOCK = 256
"""Items of a panel, at most."""
PANEL_BYTES = 128_000_000
"""What a panel and the histories beside it may take."""


def panels(x: sparse.csr_array) -> Iterator[tuple[IntArray, IntArray, NDArray[Any]]]:
    """``X'X`` in dense parts that hold each pair of items once.

    Items go from the most to the least frequent. Each part pairs a block of them with itself and
    with all rarer ones, so that each event is added to the columns of more frequent items only:
    they are few for most events, and dense columns are added many times faster than sparse ones.

    Parameters
    ----------
    x : (n_people, n_items), sparse
        Columns sorted.

    Yields
    ------
    rows : (n_rows,) int64
        Item codes; the first of them are those of ``columns``.
    columns : (n_columns,) int64
        Item codes of the block, at most ``BLOCK``.
    values : (n_rows, n_columns)
        Exact whole numbers (int16 or float32) where ``x`` holds nothing but ones, else float64.
    """
    frequency = np.bincount(x.indices, minlength=x.shape[1])
    order = np.argsort(-frequency, kind="stable")
    by_item = x.astype(_exact_type(x, frequency)).T.tocsr()[order]
    by_item.sort_indices()
    histories = by_item.T.tocsc()
    size = PANEL_BYTES // (by_item.dtype.itemsize * max(sum(x.shape), 1))
    size = min(max(size, 16), BLOCK)
    for start in range(0, len(order), size):
        block = histories[:, start : start + size].toarray(order="C")
        yield order[start:], order[start : start + size], by_item[start:] @ block


def gram(x: sparse.csr_array, dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """``X'X`` as one dense matrix, ``(n_items, n_items)``, symmetric to the bit."""
    found = np.empty((x.shape[1], x.shape[1]), dtype=dtype)
    for rows, columns, values in panels(x):
        found[np.ix_(columns, rows)] = values.T
        found[np.ix_(rows, columns)] = values
    return found


def _exact_type(x: sparse.csr_array, frequency: IntArray) -> type[np.number[Any]]:
    """The smallest type whose sums of products of ``x`` are exact, where there is one."""
    if (x.data != 1).any():
        return np.float64
    most = frequency.max(initial=0)
    return np.int16 if most < 2**15 else np.float32 if most < 2**24 else np.float64
