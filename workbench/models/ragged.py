"""Rows of unequal length as tables: the way to look up many short lists at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.models.foldin import Floats
from workbench.vocabulary import IntArray

CELLS = 1 << 17
"""Cells of the tables that are worked on at one moment: few enough to stay in the cache."""
GROWTH = 1.2
"""Each width of a table is so many times the one before."""


@dataclass(frozen=True)
class Sheet:
    """Rows of a sparse matrix, side by side.

    Attributes
    ----------
    column : (n_rows, width) int64
    value, weight : (n_rows, width) float64
        0 past the end of a row.
    """

    column: IntArray
    value: Floats
    weight: Floats


def sheets(
    matrix: sparse.csr_array, row: IntArray, weight: sparse.csr_array | None = None
) -> Iterator[tuple[IntArray, Sheet, NDArray[np.intp]]]:
    """The rows of a matrix that are asked for, those of about one length together.

    The width of a table hangs on the length of the row alone, so sums along a table are the same
    to the bit whatever else is asked.

    Parameters
    ----------
    matrix : (n_rows, n_columns), sparse
    row : (n_asked,) int
        Which rows; any may be asked more than once.
    weight : (n_rows, n_columns), sparse, optional
        The same places as in the matrix. By default all 1.

    Yields
    ------
    asked : (n_here,) int
        Places in ``row``. Those of an empty row never come.
    sheet : Sheet
    place : (n_here,) int
        Row of the sheet for each of ``asked``.
    """
    lengths = np.diff(matrix.indptr)
    widths = _widths(int(lengths.max(initial=0)))
    kind = np.searchsorted(widths, lengths)[row]
    order = np.lexsort((row, kind))
    order = order[lengths[row[order]] > 0]
    ends = np.searchsorted(kind[order], np.arange(len(widths) + 1))
    for width, start, stop in zip(widths, ends[:-1], ends[1:], strict=True):
        size = max(1, CELLS // int(width))
        for first in range(start, stop, size):
            asked = order[first : min(first + size, stop)]
            rows, place = np.unique(row[asked], return_inverse=True)
            at = np.arange(width)
            held = at < lengths[rows, None]
            cell = np.where(held, matrix.indptr[rows, None] + at, 0)
            value = np.where(held, matrix.data[cell], 0.0)
            share = (
                held.astype(np.float64) if weight is None else np.where(held, weight.data[cell], 0)
            )
            yield asked, Sheet(matrix.indices[cell].astype(np.int64), value, share), place


def _widths(longest: int) -> NDArray[Any]:
    widths = [1]
    while widths[-1] < longest:
        widths.append(int(np.ceil(widths[-1] * GROWTH)))
    return np.array(widths)
