"""Nearest neighbours: items like the items of the history, and people like the person."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.models.popularity import prior
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

BLOCK = 512
"""Rows of similarities that are dense at one moment."""


class ItemKNN(Recommender):
    """Items that the same people liked as the items of the history.

    ``s(i, j) = n_ij / (sqrt(n_i n_j) + shrinkage)`` with ``n`` the number of people with a
    relevant event of one or of both items; each item ``j`` keeps its ``n_neighbours`` most
    similar items (and all that tie with the last of them), and ``score(j) = sum over relevant
    events of weight * s(event, j)``. It is linear in the history, so each event's share is one
    similarity, exactly. A millionth of the popularity is added, which ranks the items that no
    neighbour speaks for, and everything for an empty history.

    Parameters
    ----------
    n_neighbours : int
        Neighbours of each recommended item.
    shrinkage : float
        Pulls similarities that few people speak for towards 0.

    Source: Deshpande and Karypis 2004, "Item-based top-N recommendation algorithms". Defaults
    chosen on a validation cut inside the training part of MovieLens 100K.
    """

    name = "item-knn"

    def __init__(self, n_neighbours: int = 20, shrinkage: float = 0.0) -> None:
        check_neighbours(n_neighbours, shrinkage)
        self.n_neighbours = n_neighbours
        self.shrinkage = shrinkage

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        x = people.csr(people.positive(dataset.relevant_from)).astype(np.float64)
        by_item = x.T.tocsr()
        squares = by_item.multiply(by_item).sum(axis=1)
        kept = []
        for start in range(0, dataset.n_items, BLOCK):
            part = slice(start, start + BLOCK)
            similar = (by_item[part] @ x).toarray()
            similar /= _above_zero(np.sqrt(squares[part, None] * squares) + self.shrinkage)
            own = np.arange(len(similar))
            similar[own, start + own] = 0.0
            kept.append(nearest(similar, self.n_neighbours))
        self.weights_ = sparse.vstack(kept, format="csr").T.tocsr()
        self.weights_.sort_indices()
        self.prior_ = prior(people, dataset.relevant_from)
        self.relevant_from_ = dataset.relevant_from
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        x = profiles.csr(profiles.positive(self.relevant_from_))
        scores: FloatArray = (x @ self.weights_).toarray()
        scores += self.prior_
        return scores if items is None else scores[:, items]

    def event_shares(self, profile: Profiles, item: int) -> FloatArray:
        counts = profile.positive(self.relevant_from_)
        similar = self.weights_[:, [item]].toarray().ravel()
        return np.where(counts, profile.weight * similar[profile.item], 0).astype(np.float32)


class UserKNN(Recommender):
    """What the people liked who liked the same as this person.

    ``s(p, u) = x_p . x_u / (|x_p| |x_u| + shrinkage)`` over relevant events; of the training
    people the ``n_neighbours`` most similar (and all that tie with the last of them) vote for
    what they liked, ``score(j) = sum over neighbours of s * x_uj``. A millionth of the
    popularity is added, which ranks the items that no neighbour liked, and everything for an
    empty history.

    A profile has no id, so a person of the training log finds the one they were then among
    their own neighbours; only guests and invented people see nothing but others.

    Parameters
    ----------
    n_neighbours : int
        Neighbours of each person.
    shrinkage : float
        Pulls similarities that few items speak for towards 0.

    Source: Herlocker, Konstan, Borchers, Riedl 1999, "An algorithmic framework for performing
    collaborative filtering"; for top-N as in Cremonesi, Koren, Turrin 2010. Defaults chosen on a
    validation cut inside the training part of MovieLens 100K.
    """

    name = "user-knn"

    def __init__(self, n_neighbours: int = 50, shrinkage: float = 10.0) -> None:
        check_neighbours(n_neighbours, shrinkage)
        self.n_neighbours = n_neighbours
        self.shrinkage = shrinkage

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        x = people.csr(people.positive(dataset.relevant_from))
        self.people_ = x[np.flatnonzero(np.diff(x.indptr))]
        self.by_item_ = self.people_.T.tocsr()
        self.squares_ = _squares(self.people_)
        self.prior_ = prior(people, dataset.relevant_from)
        self.relevant_from_ = dataset.relevant_from
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n_items = len(self.prior_) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        for part, block in profiles.blocks(BLOCK):
            x = block.csr(block.positive(self.relevant_from_))
            similar = (x @ self.by_item_).toarray().astype(np.float64)
            similar /= _above_zero(np.sqrt(_squares(x)[:, None] * self.squares_) + self.shrinkage)
            votes = (nearest(similar, self.n_neighbours) @ self.people_).toarray() + self.prior_
            scores[part] = votes if items is None else votes[:, items]
        return scores


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
    similar = similar.astype(np.float32)
    n_columns = similar.shape[1]
    if n < n_columns:
        bar = np.partition(similar, n_columns - n, axis=1)[:, n_columns - n, None]
        similar[similar < bar] = 0.0
    return sparse.csr_array(similar)


def check_neighbours(n_neighbours: int, shrinkage: float) -> None:
    """Refuse parameters of a neighbourhood that cannot work."""
    whole = isinstance(n_neighbours, int | np.integer) and not isinstance(n_neighbours, bool)
    if not whole or n_neighbours < 1:
        raise ArgumentError(
            f"n_neighbours must be a whole number of at least 1, not {n_neighbours!r}"
        )
    if not 0 <= shrinkage < np.inf:
        raise ArgumentError(f"shrinkage must be 0 or more, not {shrinkage!r}")


def _squares(x: sparse.csr_array) -> NDArray[np.float64]:
    """Squared length of each row, ``(n_rows,)``."""
    x = x.astype(np.float64)
    return np.asarray(x.multiply(x).sum(axis=1)).ravel()


def _above_zero(length: NDArray[Any]) -> NDArray[Any]:
    return np.where(length > 0, length, 1.0)
