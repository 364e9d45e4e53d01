"""How alike two items or two people are: similarities, weightings, and the nearest of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.models.cooccurrence import by_frequency, panels
from workbench.vocabulary import FloatArray, IntArray

SIMILARITIES = ("cosine", "jaccard", "adjusted-cosine", "asymmetric-cosine", "dot")
WEIGHTINGS = ("none", "tf-idf", "bm25")
TIE = 1e-6
"""Similarities that differ by less than this part of themselves are equal: sums in another order
differ in their last bits, and which of two equals is nearer must not hang on that."""
ABOVE_ZERO = np.finfo(np.float32).tiny
FOLD, GROUPS = 16, 4
"""Columns of a group whose maximum is taken, at most; groups for each neighbour, at least."""

Scaled = Callable[[NDArray[Any], IntArray, IntArray], NDArray[Any]]


def likeness(
    similarity: str,
    both: NDArray[Any],
    own: NDArray[Any],
    other: NDArray[Any],
    shrinkage: float = 0.0,
    asymmetry: float = 0.5,
) -> NDArray[Any]:
    """Similarity from products.

    With ``x`` and ``y`` the (weighted) rows of the one that has neighbours and of a neighbour:

    - "dot": ``x.y``
    - "cosine", and "adjusted-cosine" of centred rows: ``x.y / (|x| |y| + shrinkage)``
    - "jaccard": ``x.y / (|x|^2 + |y|^2 - x.y + shrinkage)`` (Tanimoto's form, which is that of
      Jaccard for rows of zeros and ones)
    - "asymmetric-cosine": ``x.y / (|y|^(2 a) |x|^(2 - 2 a) + shrinkage)`` with ``a`` the
      asymmetry: 0.5 is the cosine, 1 is the share of the neighbour's people who are of both

    Parameters
    ----------
    both : (n_own, n_other)
        ``x.y``.
    own, other : (n_own,), (n_other,) float64
        ``|x|^2`` and ``|y|^2``.

    Returns
    -------
    (n_own, n_other) floating
        0 where there is nothing to divide by.

    Source: Aiolli 2013, "Efficient top-N recommendation for very large scale binary rated
    datasets" (asymmetric cosine); Sarwar, Karypis, Konstan, Riedl 2001, "Item-based
    collaborative filtering recommendation algorithms" (the others).
    """
    kind = np.result_type(both, np.float32)
    if similarity == "dot":
        return both.astype(kind)
    if similarity == "jaccard":
        size = own.astype(kind)[:, None] + (other + shrinkage).astype(kind) - both
    else:
        share = asymmetry if similarity == "asymmetric-cosine" else 0.5
        left, right = own ** (1 - share), other**share
        if not shrinkage:  # by far the most frequent, and two products are all that it takes
            found: NDArray[Any] = both * _inverse(left).astype(kind)[:, None]
            found *= _inverse(right).astype(kind)
            return found
        size = left.astype(kind)[:, None] * right.astype(kind)
        size += kind.type(shrinkage)
    size[size <= 0] = 1
    found = np.divide(both, size, out=size)
    return found


def _inverse(size: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(size > 0, 1 / np.where(size > 0, size, 1), 0.0)


def inverse_frequency(n_documents: int, frequency: NDArray[Any]) -> NDArray[np.float64]:
    """``log(n / (1 + f))`` of terms that occur in ``f`` of ``n`` documents, at least 0."""
    return np.log(np.maximum(n_documents / (1.0 + frequency), 1.0))


def weighted(
    x: sparse.csr_array,
    weighting: str,
    rarity: NDArray[np.float64],
    average: float,
    k1: float = 1.2,
    b: float = 0.75,
) -> sparse.csr_array:
    """Rows as documents of columns as terms, each cell weighted.

    - "tf-idf": ``sqrt(x) * rarity``
    - "bm25": ``x (k1 + 1) / (k1 (1 - b + b * length / average) + x) * rarity``, with the length
      of a row the sum of its cells
    Each row is weighted by itself.

    Parameters
    ----------
    x : (n_rows, n_columns), sparse
        0 or more.
    rarity : (n_columns,) float64
        ``inverse_frequency`` of each column.
    average : float
        Average length of the rows that were learnt from.

    Returns
    -------
    (n_rows, n_columns) float64, sparse

    Source: Salton and Buckley 1988, "Term-weighting approaches in automatic text retrieval";
    Robertson and Zaragoza 2009, "The probabilistic relevance framework: BM25 and beyond"; both
    as `implicit` has them.
    """
    data = x.data.astype(np.float64)
    if weighting == "tf-idf":
        data = np.sqrt(data)
    else:
        row = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
        length = np.bincount(row, data, minlength=x.shape[0])
        relative = 1 - b + b * length / (average if average > 0 else 1.0)
        data = data * (k1 + 1) / (k1 * relative[row] + data)
    return sparse.csr_array((data * rarity[x.indices], x.indices, x.indptr), shape=x.shape)


def squares(x: sparse.csr_array) -> NDArray[np.float64]:
    """Squared length of each row, ``(n_rows,)``; each row is added up by itself."""
    row = np.repeat(np.arange(x.shape[0]), np.diff(x.indptr))
    cells = x.data.astype(np.float64)
    return np.bincount(row, cells * cells, minlength=x.shape[0]).astype(np.float64)


def nearest(similar: NDArray[Any], n: int) -> sparse.csr_array:
    """The ``n`` largest of each row that are above 0, and all that tie with the last of them.

    Keeping every tie makes the choice independent of how items or people are numbered.

    Parameters
    ----------
    similar : (n_rows, n_columns)

    Returns
    -------
    (n_rows, n_columns) float32, sparse
    """
    similar = similar.astype(np.float32, copy=False)
    row, column = contenders(similar, n, np.full(len(similar), ABOVE_ZERO))
    return chosen(row, column, similar[row, column], n, similar.shape)


def nearest_items(x: sparse.csr_array, n: int, scaled: Scaled) -> sparse.csr_array:
    """The ``n`` items nearest to each item, by a similarity that is read from ``X'X``.

    Panel by panel, so that no dense matrix of all items by all items is needed.

    Parameters
    ----------
    x : (n_people, n_items), sparse
    n : int
        Neighbours of each item, and those that tie with the last of them.
    scaled : function
        Similarities ``(n_own, n_other)`` from products, the codes of the items that have
        neighbours, and the codes of the neighbours.

    Returns
    -------
    (n_items, n_items) float32, sparse
        Row ``j`` holds the neighbours of item ``j``, in no order; the diagonal is empty.
    """
    bar = np.full(x.shape[1], ABOVE_ZERO)
    found: list[tuple[IntArray, IntArray, FloatArray]] = []

    def compare(own: IntArray, other: IntArray, both: NDArray[Any]) -> None:
        similar = scaled(both, own, other).astype(np.float32, copy=False)
        least = bar[own]
        row, column = contenders(similar, n, least)
        bar[own] = least
        found.append((own[row], other[column], similar[row, column]))

    order = by_frequency(x)
    for block, values in panels(x, order):
        columns, rarer = order[block], order[block.stop :]
        np.fill_diagonal(values, 0)
        compare(columns, order[block.start :], values.T)
        if len(rarer):
            compare(rarer, columns, values[len(columns) :])
    row, column, data = (np.concatenate(part) for part in zip(*found, strict=True))
    return chosen(row, column, data, n, (x.shape[1], x.shape[1]))


def contenders(
    similar: NDArray[np.float32], n: int, bar: NDArray[np.float32]
) -> tuple[IntArray, IntArray]:
    """Places that may be among the ``n`` largest of their row, few more than those that are.

    The n-th largest of the maxima of groups is no larger than the n-th largest of all, and much
    sooner found.

    Parameters
    ----------
    similar : (n_rows, n_columns)
        Row by row or column by column in memory.
    bar : (n_rows,)
        What a place must reach; raised where this row shows that it is higher.

    Returns
    -------
    row, column : (n_places,) int64
    """
    n_columns = similar.shape[1]
    size = max(GROUPS * n, n_columns // FOLD)
    maxima = similar
    if n_columns >= 2 * size:
        maxima = similar[:, :size].copy("K")
        for start in range(size, n_columns - size + 1, size):
            np.maximum(maxima, similar[:, start : start + size], out=maxima)
    last = maxima.shape[1] - n
    if last > 0:
        found = np.partition(maxima, last, axis=1)[:, last]
        np.maximum(bar, found * np.float32(1 - TIE), out=bar)
    mask = similar >= bar[:, None]
    if mask.flags.c_contiguous:
        row, column = np.divmod(np.flatnonzero(mask), n_columns)
    else:
        column, row = np.divmod(np.flatnonzero(mask.T), len(mask))
    return row, column


def chosen(
    row: IntArray, column: IntArray, data: FloatArray, n: int, shape: tuple[int, ...]
) -> sparse.csr_array:
    """The ``n`` largest of each row of a sparse matrix, and all that tie with the last of them.

    Parameters
    ----------
    row, column : (n_places,) int64
    data : (n_places,) float32
        Above 0.

    Returns
    -------
    ``shape`` float32, sparse
        Columns of a row in the order given.
    """
    # Floats above 0 are in the order of their bits: one sort for rows and values.
    falling = np.uint32(0xFFFFFFFF) - data.view(np.uint32)
    key = np.sort((row.astype(np.uint64) << np.uint64(32)) | falling)
    number = np.bincount(row, minlength=shape[0])
    bar = np.zeros(shape[0], dtype=np.float32)
    full = number > n
    last = (np.cumsum(number) - number)[full] + n - 1
    nth = np.uint32(0xFFFFFFFF) - key[last].astype(np.uint32)
    bar[full] = nth.view(np.float32) * np.float32(1 - TIE)
    kept = data >= bar[row]
    return sparse.csr_array((data[kept], (row[kept], column[kept])), shape=shape)
