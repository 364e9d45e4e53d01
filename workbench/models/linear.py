"""Linear models of items on items: EASE."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import LinAlgError, lapack

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.models.popularity import prior
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

BLOCK = 512
"""Rows of the item × item matrix that are worked on at one moment."""
DTYPES = ("float32", "float64")


class EASE(Recommender):
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
        Precision of the inverse, "float64" or "float32" (half the memory). ``B`` is float32.
    max_gb : float
        The fit is refused where it would need more memory than this: ``n_items ** 2`` times 12
        bytes (8 with float32).

    Source: Steck 2019, "Embarrassingly shallow autoencoders for sparse data". Default chosen on
    a validation cut inside the training part of MovieLens 100K.
    """

    name = "ease"

    def __init__(self, reg: float = 200.0, dtype: str = "float64", max_gb: float = 4.0) -> None:
        if not 0 < reg < np.inf:
            raise ArgumentError(f"reg must be above 0, not {reg!r}")
        if dtype not in DTYPES:
            raise ArgumentError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}")
        if not max_gb > 0:
            raise ArgumentError(f"max_gb must be above 0, not {max_gb!r}")
        self.reg = reg
        self.dtype = dtype
        self.max_gb = max_gb

    def fit(self, dataset: Dataset) -> Self:
        needed = dataset.n_items**2 * (np.dtype(self.dtype).itemsize + 4) / 1e9
        if needed > self.max_gb:
            raise ArgumentError(
                f"EASE on {dataset.n_items:,} items needs {needed:,.1f} GB, above max_gb="
                f"{self.max_gb:g}; give more, dtype='float32', or take 'item-knn', whose weights "
                "are sparse"
            )
        people = dataset.profiles()
        x = people.csr(people.positive(dataset.relevant_from))
        inverse = ridge_inverse(x, self.reg, self.dtype)
        diagonal = np.diag(inverse).copy()
        weights = np.empty(inverse.shape, dtype=np.float32)
        for start in range(0, len(weights), BLOCK):
            part = slice(start, start + BLOCK)
            np.divide(inverse[part], -diagonal, out=weights[part], casting="same_kind")
        np.fill_diagonal(weights, 0.0)
        self.weights_ = weights
        self.prior_ = prior(people, dataset.relevant_from)
        self.relevant_from_ = dataset.relevant_from
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        x = profiles.csr(profiles.positive(self.relevant_from_))
        scores: FloatArray = np.asarray(x @ self.weights_) + self.prior_
        return scores if items is None else scores[:, items]

    def event_shares(self, profile: Profiles, item: int) -> FloatArray:
        counts = profile.positive(self.relevant_from_)
        return np.where(counts, profile.weight * self.weights_[profile.item, item], 0).astype(
            np.float32
        )


def ridge_inverse(x: sparse.csr_array, reg: float, dtype: str = "float64") -> NDArray[np.floating]:
    """``(X'X + reg I)^-1`` by Cholesky, in the memory of one matrix.

    Parameters
    ----------
    x : (n_people, n_items), sparse
    reg : float
        Above 0.
    dtype : str
        "float64" or "float32".

    Returns
    -------
    (n_items, n_items)
        Symmetric to the bit.

    Raises
    ------
    ArgumentError
        ``reg`` is too small for this precision.
    """
    n = x.shape[1]
    gram = np.empty((n, n), dtype=dtype)
    by_item = x.T.tocsr().astype(dtype)
    right = x.astype(dtype)
    for start in range(0, n, BLOCK):
        (by_item[start : start + BLOCK] @ right).toarray(out=gram[start : start + BLOCK])
    gram[np.diag_indices(n)] += reg
    potrf, potri = lapack.get_lapack_funcs(("potrf", "potri"), (gram,))
    # The transpose of a symmetric C-ordered matrix is what LAPACK wants, without a copy; its
    # upper triangle is our lower one.
    factor, bad = potrf(gram.T, lower=0, clean=0, overwrite_a=1)
    if bad == 0:
        factor, bad = potri(factor, lower=0, overwrite_c=1)
    if bad:
        raise ArgumentError(
            f"reg={reg!r} is too small: the item matrix cannot be inverted in {dtype}"
        ) from LinAlgError(f"LAPACK info {bad}")
    lower = factor.T
    for start in range(0, n, BLOCK):
        stop = start + BLOCK
        corner = np.tril(lower[start:stop, start:stop])
        lower[start:stop, start:stop] = corner + np.tril(corner, -1).T
        lower[start:stop, stop:] = lower[stop:, start:stop].T
    return lower
