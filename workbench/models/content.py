"""Content: items like the liked ones by what they are, whoever else likes them."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from workbench.columns import GENRES, TITLE, YEAR
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.features.items import check_weights, item_vectors
from workbench.models.base import Recommender
from workbench.models.popularity import prior
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray


class Content(Recommender):
    """Likeness of an item to the liked items, by genres, year and words of the title.

    ``score(j) = sum over events of sign * weight * v_event . v_j`` with unit vectors ``v`` (see
    ``features.items.item_vectors``), sign 1 for relevant events and ``-dislikes`` for those with
    a value below it. The sum is the mean times the number of events, so it ranks as the mean
    does; and it is linear in the history, so each event's share is exact. One event is enough,
    and a brand-new item is scored like any other. An item without any feature gets 0. A
    millionth of the popularity is added, which ranks everything for an empty history.

    Parameters
    ----------
    genres, year, title : float
        How much each counts in the likeness; whatever the items have of them is used.
    dislikes : float
        How much a disliked event takes away, of what a liked one brings.

    Source: the vector model of Pazzani and Billsus 2007, "Content-based recommendation systems",
    with the relevance feedback of Rocchio 1971.
    """

    name = "content"
    needs = frozenset({"item_features"})

    def __init__(
        self, genres: float = 1.0, year: float = 1.0, title: float = 1.0, dislikes: float = 0.5
    ) -> None:
        self.genres = genres
        self.year = year
        self.title = title
        self.dislikes = dislikes
        check_weights(self._weights())
        if not 0 <= dislikes < np.inf:
            raise ArgumentError(f"dislikes must be 0 or more, not {dislikes!r}")

    def _weights(self) -> dict[str, float]:
        return {GENRES: self.genres, YEAR: self.year, TITLE: self.title}

    def fit(self, dataset: Dataset) -> Self:
        vectors = item_vectors(dataset.items, self._weights())
        self.vectors_ = vectors.matrix
        self.by_feature_ = vectors.matrix.T.tocsr()
        self.feature_names_ = list(vectors.names)
        self.prior_ = prior(dataset.profiles(), dataset.relevant_from)
        self.relevant_from_ = dataset.relevant_from
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n_items = len(self.prior_) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        for part, block in profiles.blocks():
            signed = self._signed(block)
            tastes = block.csr(block.latest & (signed != 0), signed) @ self.vectors_
            # The product leaves the features in an order of its own, and adding up in another
            # order rounds differently.
            tastes.sort_indices()
            found = (tastes @ self.by_feature_).toarray() + self.prior_
            scores[part] = found if items is None else found[:, items]
        return scores

    def event_shares(self, profile: Profiles, item: int) -> FloatArray:
        likeness = (self.vectors_ @ self.vectors_[[item]].T).toarray().ravel()
        shares = self._signed(profile) * likeness[profile.item]
        return np.where(profile.latest, shares, 0).astype(np.float32)

    def _signed(self, people: Profiles) -> NDArray[np.float64]:
        """What each event counts, ``(n_events,)``: its weight, negative where it was disliked."""
        liked = people.positive(self.relevant_from_)
        return people.weight * np.where(liked, 1.0, -float(self.dislikes))
