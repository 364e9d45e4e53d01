"""Products of items with items: what every neighbourhood and linear model of items starts from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.vocabulary import IntArray

BLOCK = 512
"""Items of a panel, at most."""
PANEL_BYTES = 128_000_000
"""What a panel and the histories beside it may take."""


def by_frequency(x: sparse.csr_array) -> IntArray:
    """Columns from the most to the least frequent, ``(n_items,)`` int64."""
    return np.argsort(-np.bincount(x.indices, minlength=x.shape[1]), kind="stable")


def panels(x: sparse.csr_array, order: IntArray) -> Iterator[tuple[slice, NDArray[Any]]]:
    """``X'X`` in dense parts that hold each pair of items once.

    Items go from the most to the least frequent. Each part pairs a block of them with itself and
    with all rarer ones, so that each event is added to the columns of more frequent items only:
    they are few for most events, and dense columns are added many times faster than sparse ones.

    Parameters
    ----------
    x : (n_people, n_items), sparse
        Columns sorted.
    order : (n_items,) int64
        ``by_frequency(x)``; any other order is slower, not wrong.

    Yields
    ------
    block : slice
        Of ``order``: the items of the columns. Those of the rows are ``order[block.start:]``.
    values : (n_rows, n_columns)
        Exact whole numbers (int16 or float32) where ``x`` holds nothing but ones, else float64.
    """
    by_item = x.astype(_exact_type(x)).T.tocsr()[order]
    by_item.sort_indices()
    histories = by_item.T.tocsc()
    size = PANEL_BYTES // (by_item.dtype.itemsize * max(sum(x.shape), 1))
    size = min(max(size, 16), BLOCK)
    for start in range(0, len(order), size):
        block = slice(start, min(start + size, len(order)))
        yield block, by_item[start:] @ histories[:, block].toarray(order="C")


def gram(x: sparse.csr_array) -> NDArray[np.float32]:
    """``X'X`` as one dense matrix, ``(n_items, n_items)``, symmetric to the bit."""
    found = np.empty((x.shape[1], x.shape[1]), dtype=np.float32)
    order = by_frequency(x)
    for block, values in panels(x, order):
        rows, columns = order[block.start :], order[block]
        found[np.ix_(columns, rows)] = values.T
        found[np.ix_(rows, columns)] = values
    return found


def _exact_type(x: sparse.csr_array) -> type[np.number[Any]]:
    """The smallest type whose sums of products of ``x`` are exact, where there is one."""
    if (x.data != 1).any():
        return np.float64
    most = np.bincount(x.indices).max(initial=0)
    return np.int16 if most < 2**15 else np.float32 if most < 2**24 else np.float64
