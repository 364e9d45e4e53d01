"""Models whose scores are the history times one matrix of items by items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.data.dataset import Dataset
from workbench.models.base import Recommender
from workbench.models.popularity import prior
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray


class ItemItem(Recommender):
    """``score(j) = sum over relevant events of weight * weights_[event, j]``.

    It is linear in the history, so each event's share is one cell of the matrix, exactly. A
    millionth of the popularity is added, which ranks the items that no event speaks for, and
    everything for an empty history.

    Attributes
    ----------
    weights_ : (n_items, n_items) float32, dense or sparse
        Row: an item of the history; column: a recommended item.
    """

    weights_: NDArray[np.float32] | sparse.csr_array

    def _learnt(
        self, weights: NDArray[np.float32] | sparse.csr_array, dataset: Dataset, people: Profiles
    ) -> None:
        self.weights_ = weights
        self.prior_ = prior(people, dataset.relevant_from)
        self.relevant_from_ = dataset.relevant_from

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        x = profiles.csr(profiles.positive(self.relevant_from_))
        found = x @ self.weights_
        scores: FloatArray = found.toarray() if sparse.issparse(found) else np.asarray(found)
        scores += self.prior_
        return scores if items is None else scores[:, items]

    def event_shares(self, profile: Profiles, item: int) -> FloatArray:
        counts = profile.positive(self.relevant_from_)
        column = self.weights_[:, item]
        column = column if isinstance(column, np.ndarray) else column.toarray()
        return np.where(counts, profile.weight * column[profile.item], 0).astype(np.float32)


def liked(people: Profiles, relevant_from: float | None) -> sparse.csr_array:
    """Weights of relevant events, ``(n_people, n_items)`` float32."""
    return people.csr(people.positive(relevant_from))
