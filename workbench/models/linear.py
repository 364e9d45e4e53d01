"""Linear models of items on items: EASE."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import LinAlgError, lapack

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.cooccurrence import by_frequency, panels
from workbench.models.itemitem import ItemItem, liked
from workbench.models.parameters import check_above, check_word
from workbench.vocabulary import IntArray

BLOCK = 512
"""Rows of the item × item matrix that are worked on at one moment."""
ROWS = 64
"""The same where they are read item by item: few enough to stay in the cache."""
DTYPES = ("float32", "float64")
CHECKED = 8
"""Columns of the inverse that are multiplied out: those of the most frequent items, which have
lost most to rounding."""
WORST = 0.01
"""What a weight may be off, at worst, in these columns."""


class EASE(ItemItem):
    """Each item as a ridge regression on all others, solved at once.

    ``B = I - P / diag(P)`` with ``P = (X'X + reg I)^-1`` and ``diag(B) = 0``; the score of a
    person is ``x B``, with ``x`` their relevant events. It is linear in the history, so each
    event's share is a row of ``B``, exactly. A millionth of the popularity is added, which ranks
    everything for an empty history.

    Parameters
    ----------
    reg : float
        Ridge; larger is smoother.
    dtype : str
        Precision of the inverse: "float32", or "float64" where ``reg`` is too small for it (the
        fit says so). ``B`` is float32.
    max_gb : float
        The fit is refused where its matrices would need more memory than this: ``n_items ** 2``
        times 4 bytes (12 with float64), all in the place of one matrix.

    Source: Steck 2019, "Embarrassingly shallow autoencoders for sparse data". Default chosen on
    a validation cut inside the training part of MovieLens 100K.
    """

    name = "ease"

    def __init__(self, reg: float = 200.0, dtype: str = "float32", max_gb: float = 4.0) -> None:
        check_above("reg", reg)
        check_word("dtype", dtype, DTYPES)
        check_above("max_gb", max_gb)
        self.reg = reg
        self.dtype = dtype
        self.max_gb = max_gb

    def fit(self, dataset: Dataset) -> Self:
        self._require_memory(dataset.n_items)
        people = dataset.profiles()
        x = liked(people, dataset.relevant_from)
        order = by_frequency(x)
        n_items, n_liked = x.shape[1], len(np.unique(x.indices))
        room = np.empty(n_items**2, dtype=np.float32)
        small = room[: n_liked**2].reshape(n_liked, n_liked)
        inverse = small if self.dtype == "float32" else np.empty(small.shape, self.dtype)
        ridge_inverse(x[:, order[:n_liked]], self.reg, inverse)
        diagonal = -np.diag(inverse)
        for start in range(0, n_liked, BLOCK):
            part = slice(start, start + BLOCK)
            np.divide(inverse[part], diagonal, out=small[part], casting="same_kind")
        np.fill_diagonal(small, 0.0)
        self._learnt(spread(room, order, n_liked), dataset, people)
        return self

    def _require_memory(self, n_items: int) -> None:
        needed = {"float32": n_items**2 * 4 / 1e9, "float64": n_items**2 * 12 / 1e9}
        if needed[self.dtype] > self.max_gb:
            smaller = "dtype='float32', or " if needed["float32"] <= self.max_gb else ""
            raise ArgumentError(
                f"EASE on {n_items:,} items needs {needed[self.dtype]:,.1f} GB, above max_gb="
                f"{self.max_gb:g}; give more, {smaller}take 'item-knn', 'rp3beta' or 'als', "
                "whose memory grows with the events and not with the square of the items"
            )


def ridge_inverse(x: sparse.csr_array, reg: float, out: NDArray[np.floating]) -> None:
    """``(X'X + reg I)^-1`` by Cholesky, in the memory of one matrix.

    Parameters
    ----------
    x : (n_people, n_items), sparse
        Quickest with the most frequent items first.
    reg : float
        Above 0.
    out : (n_items, n_items) float32 or float64
        C-ordered. Holds the inverse afterwards, symmetric to the bit.

    Raises
    ------
    ArgumentError
        ``reg`` is too small for this precision.
    """
    if not len(out):
        return
    for block, values in panels(x, np.arange(len(out))):
        out[block.start :, block] = values
    out[np.diag_indices(len(out))] += reg
    potrf, potri = lapack.get_lapack_funcs(("potrf", "potri"), (out,))
    # The transpose of a symmetric C-ordered matrix is what LAPACK wants, without a copy; its
    # upper triangle is our lower one.
    factor, bad = potrf(out.T, lower=0, clean=0, overwrite_a=1)
    if bad == 0:
        _, bad = potri(factor, lower=0, overwrite_c=1)
    for start in range(0, len(out), BLOCK):
        stop = start + BLOCK
        corner = np.tril(out[start:stop, start:stop])
        out[start:stop, start:stop] = corner + np.tril(corner, -1).T
        out[start:stop, stop:] = out[stop:, start:stop].T
    if bad or not worst_error(out, x, reg) <= WORST:
        remedy = "a larger reg" + (" or dtype='float64'" if out.dtype == np.float32 else "")
        raise ArgumentError(
            f"reg={reg!r} is too small: the item matrix cannot be inverted in {out.dtype}; "
            f"give {remedy}"
        ) from LinAlgError(f"LAPACK info {bad}")


def spread(room: NDArray[np.float32], order: IntArray, n_liked: int) -> NDArray[np.float32]:
    """A matrix of the liked items, made one of all items in the order of the catalogue, in place.

    Parameters
    ----------
    room : (n_items ** 2,) float32
        The first ``n_liked ** 2`` of it are the matrix, row by row; overwritten.
    order : (n_items,) int64
        Codes of the items: the liked ones in the order of the matrix, then all others.

    Returns
    -------
    (n_items, n_items) float32
        A view of ``room``. Rows and columns of items that nobody liked are 0.
    """
    n_items = len(order)
    small, large = room[: n_liked**2].reshape(n_liked, n_liked), room.reshape(n_items, n_items)
    place_of = np.full(n_items, n_liked)  # by default the column behind the matrix: 0
    place_of[order[:n_liked]] = np.arange(n_liked)
    large[n_liked:] = 0.0
    for start in reversed(range(0, n_liked, ROWS)):  # a longer row covers no earlier one
        rows = slice(start, min(start + ROWS, n_liked))
        held = np.pad(small[rows], ((0, 0), (0, 1)))
        np.take(held, place_of, axis=1, out=large[rows], mode="clip")
    waiting = np.ones(n_items, dtype=bool)
    for place in range(n_items):  # and then each row to its place, round by round
        held = large[place].copy()
        while waiting[place]:
            waiting[place] = False
            place = order[place]
            held, large[place] = large[place].copy(), held
    return large


def worst_error(inverse: NDArray[np.floating], x: sparse.csr_array, reg: float) -> float:
    """Bound on the error of the weights of the most frequent items; NaN where it is not finite.

    With ``r = A p - e`` the residual of a column ``p`` of the inverse of ``A``, the column is off
    by ``A^-1 r``, of length at most ``|r| / reg``; weights are columns over their diagonal.
    """
    some = by_frequency(x)[:CHECKED]
    columns = inverse[:, some].astype(np.float64)
    residual = x.T @ (x @ columns) + reg * columns
    residual[some, np.arange(len(some))] -= 1
    length = np.sqrt((residual**2).sum(axis=0))
    error = length / (reg * columns[some, np.arange(len(some))])
    return float(error.max(initial=0.0))
