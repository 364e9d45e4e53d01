"""Linear models of items on items: EASE."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import LinAlgError, lapack

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.cooccurrence import gram
from workbench.models.itemitem import ItemItem, liked
from workbench.models.parameters import check_above, check_word

BLOCK = 512
"""Rows of the item × item matrix that are worked on at one moment."""
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
        inverse = ridge_inverse(liked(people, dataset.relevant_from), self.reg, self.dtype)
        diagonal = -np.diag(inverse)
        weights = inverse if self.dtype == "float32" else np.empty(inverse.shape, np.float32)
        for start in range(0, len(weights), BLOCK):
            part = slice(start, start + BLOCK)
            np.divide(inverse[part], diagonal, out=weights[part], casting="same_kind")
        np.fill_diagonal(weights, 0.0)
        self._learnt(weights, dataset, people)
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


def ridge_inverse(x: sparse.csr_array, reg: float, dtype: str = "float32") -> NDArray[np.floating]:
    """``(X'X + reg I)^-1`` by Cholesky, in the memory of one matrix.

    Parameters
    ----------
    x : (n_people, n_items), sparse
    reg : float
        Above 0.
    dtype : str
        "float32" or "float64".

    Returns
    -------
    (n_items, n_items)
        Symmetric to the bit, C-ordered.

    Raises
    ------
    ArgumentError
        ``reg`` is too small for this precision.
    """
    inverse = gram(x, dtype)
    inverse[np.diag_indices(len(inverse))] += reg
    potrf, potri = lapack.get_lapack_funcs(("potrf", "potri"), (inverse,))
    # The transpose of a symmetric C-ordered matrix is what LAPACK wants, without a copy; its
    # upper triangle is our lower one.
    factor, bad = potrf(inverse.T, lower=0, clean=0, overwrite_a=1)
    if bad == 0:
        factor, bad = potri(factor, lower=0, overwrite_c=1)
    if bad == 0:
        inverse = factor.T
        for start in range(0, len(inverse), BLOCK):
            stop = start + BLOCK
            corner = np.tril(inverse[start:stop, start:stop])
            inverse[start:stop, start:stop] = corner + np.tril(corner, -1).T
            inverse[start:stop, stop:] = inverse[stop:, start:stop].T
    if bad or not worst_error(inverse, x, reg) <= WORST:
        remedy = "a larger reg" + (" or dtype='float64'" if dtype == "float32" else "")
        raise ArgumentError(
            f"reg={reg!r} is too small: the item matrix cannot be inverted in {dtype}; "
            f"give {remedy}"
        ) from LinAlgError(f"LAPACK info {bad}")
    return inverse


def worst_error(inverse: NDArray[np.floating], x: sparse.csr_array, reg: float) -> float:
    """Bound on the error of the weights of the most frequent items; NaN where it is not finite.

    With ``r = A p - e`` the residual of a column ``p`` of the inverse of ``A``, the column is off
    by ``A^-1 r``, of length at most ``|r| / reg``; weights are columns over their diagonal.
    """
    frequency = np.bincount(x.indices, minlength=x.shape[1])
    some = np.argsort(-frequency, kind="stable")[:CHECKED]
    columns = inverse[:, some].astype(np.float64)
    residual = x.T @ (x @ columns) + reg * columns
    residual[some, np.arange(len(some))] -= 1
    length = np.sqrt((residual**2).sum(axis=0))
    return float((length / (reg * columns[some, np.arange(len(some))])).max())
