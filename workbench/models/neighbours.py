"""Nearest neighbours: items like the items of the history, and people like the person."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.models.itemitem import ItemItem, liked
from workbench.models.parameters import check_number, check_whole, check_word
from workbench.models.popularity import prior
from workbench.models.similarity import (
    SIMILARITIES,
    WEIGHTINGS,
    inverse_frequency,
    likeness,
    nearest,
    nearest_items,
    squares,
    weighted,
)
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

BLOCK = 512
"""People whose similarities are dense at one moment, at most."""
BLOCK_BYTES = 256_000_000
"""What these may take."""


class ItemKNN(ItemItem):
    """Items that the same people liked as the items of the history.

    Each item ``j`` keeps its ``n_neighbours`` most similar items (and all that tie with the last
    of them), and ``score(j) = sum over relevant events of weight * s(event, j)``. By default
    ``s(i, j) = n_ij / (sqrt(n_i n_j) + shrinkage)`` with ``n`` the number of people with a
    relevant event of one or of both items. It is linear in the history, so each event's share is
    one similarity, exactly. A millionth of the popularity is added, which ranks the items that
    no neighbour speaks for, and everything for an empty history.

    Parameters
    ----------
    n_neighbours : int
        Neighbours of each recommended item.
    shrinkage : float
        Pulls similarities that few people speak for towards 0; not with "dot".
    similarity : str
        One of ``SIMILARITIES``; formulas in ``models.similarity.likeness``. "adjusted-cosine"
        reads all events, liked or not, as the value less the person's mean value, and needs
        values; the others read relevant events.
    weighting : str
        One of ``WEIGHTINGS``. Weights the *training people* as terms of the items they liked:
        somebody who likes everything says less. The history of a profile is not weighted, so a
        score stays linear in it. Not with "adjusted-cosine". Under the cosine BM25 is TF-IDF
        (its length normalisation is one factor per item); it is meant for "dot".
    k1, b : float
        Of BM25: where the weight of a cell levels off, and how much long rows are cut.
    asymmetry : float
        Of "asymmetric-cosine", from 0 to 1: 0.5 is the cosine, 1 the share of the people of
        the history's item who also liked the recommended one.

    Source: Deshpande and Karypis 2004, "Item-based top-N recommendation algorithms". Defaults
    chosen on a validation cut inside the training part of MovieLens 100K.
    """

    name = "item-knn"

    def __init__(
        self,
        n_neighbours: int = 20,
        shrinkage: float = 0.0,
        similarity: str = "cosine",
        weighting: str = "none",
        k1: float = 1.2,
        b: float = 0.75,
        asymmetry: float = 0.5,
    ) -> None:
        check_neighbours(n_neighbours, shrinkage, similarity, weighting, k1, b, asymmetry)
        self.n_neighbours = n_neighbours
        self.shrinkage = shrinkage
        self.similarity = similarity
        self.weighting = weighting
        self.k1 = k1
        self.b = b
        self.asymmetry = asymmetry
        if similarity == "adjusted-cosine":
            self.needs = frozenset({"values"})

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        if self.similarity == "adjusted-cosine":
            x = centred_on_person(people, typical_value(people, dataset.relevant_from))
        else:
            x = liked(people, dataset.relevant_from)
        if self.weighting != "none":
            x = _of_items(x, self.weighting, self.k1, self.b)
        size = squares(x.T.tocsr())

        def scaled(both: NDArray[Any], own: IntArray, other: IntArray) -> NDArray[Any]:
            return likeness(
                self.similarity, both, size[own], size[other], self.shrinkage, self.asymmetry
            )

        similar = nearest_items(x, self.n_neighbours, scaled).T.tocsr()
        similar.sort_indices()
        self._learnt(similar, dataset, people)
        return self


class UserKNN(Recommender):
    """What the people liked who liked the same as this person.

    Of the training people the ``n_neighbours`` most similar (and all that tie with the last of
    them) vote for what they liked, ``score(j) = sum over neighbours of s * x_uj``. By default
    ``s(p, u) = x_p . x_u / (|x_p| |x_u| + shrinkage)`` over relevant events. A millionth of the
    popularity is added, which ranks the items that no neighbour liked, and everything for an
    empty history.

    A profile has no id, so a person of the training log finds the one they were then among
    their own neighbours; only guests and invented people see nothing but others.

    Parameters
    ----------
    n_neighbours : int
        Neighbours of each person.
    shrinkage : float
        Pulls similarities that few items speak for towards 0; not with "dot".
    similarity : str
        One of ``SIMILARITIES``; formulas in ``models.similarity.likeness``. "adjusted-cosine"
        reads all events, liked or not, as the value less the item's mean value (the mirror of
        item-kNN: what the other side gives on average is taken away), and needs values; it says
        something of a person with a single event, where their own mean would leave nothing. An
        event without a value counts as an average relevant one.
    weighting : str
        One of ``WEIGHTINGS``. Weights the *items* as terms of the people who liked them, the
        profile and the training people alike: an item that everybody likes says less. How rare
        an item is and how long an average history is are of the training log. Not with
        "adjusted-cosine". Votes are not weighted.
    k1, b : float
        Of BM25: where the weight of a cell levels off, and how much long rows are cut.
    asymmetry : float
        Of "asymmetric-cosine", from 0 to 1: 0.5 is the cosine, 1 the share of the neighbour's
        likes that the person has too.

    Source: Herlocker, Konstan, Borchers, Riedl 1999, "An algorithmic framework for performing
    collaborative filtering"; for top-N as in Cremonesi, Koren, Turrin 2010. Defaults chosen on a
    validation cut inside the training part of MovieLens 100K.
    """

    name = "user-knn"

    def __init__(
        self,
        n_neighbours: int = 50,
        shrinkage: float = 10.0,
        similarity: str = "cosine",
        weighting: str = "none",
        k1: float = 1.2,
        b: float = 0.75,
        asymmetry: float = 0.5,
    ) -> None:
        check_neighbours(n_neighbours, shrinkage, similarity, weighting, k1, b, asymmetry)
        self.n_neighbours = n_neighbours
        self.shrinkage = shrinkage
        self.similarity = similarity
        self.weighting = weighting
        self.k1 = k1
        self.b = b
        self.asymmetry = asymmetry
        if similarity == "adjusted-cosine":
            self.needs = frozenset({"values"})

    def fit(self, dataset: Dataset) -> Self:
        everybody = dataset.profiles()
        x = liked(everybody, dataset.relevant_from)
        self.relevant_from_ = dataset.relevant_from
        self.prior_ = prior(everybody, dataset.relevant_from)
        if self.similarity == "adjusted-cosine":
            self.unsaid_ = typical_value(everybody, dataset.relevant_from)
            self.means_ = item_means(everybody, self.unsaid_)
        elif self.weighting != "none":
            frequency = np.bincount(x.indices, minlength=x.shape[1])
            self.rarity_ = inverse_frequency(len(everybody), frequency)
            self.average_ = float(x.sum()) / len(everybody)
        voters = np.flatnonzero(np.diff(x.indptr))
        rows = self._rows(everybody[voters])
        self.people_ = x[voters]
        self.by_item_ = rows.T.tocsr()
        self.squares_ = squares(rows)
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n_items = len(self.prior_) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        size = BLOCK_BYTES // (8 * max(self.people_.shape[0], 1))
        for part, block in profiles.blocks(min(max(size, 1), BLOCK)):
            x = self._rows(block)
            both = (x @ self.by_item_).toarray()
            similar = likeness(
                self.similarity, both, squares(x), self.squares_, self.shrinkage, self.asymmetry
            )
            votes = (nearest(similar, self.n_neighbours) @ self.people_).toarray() + self.prior_
            scores[part] = votes if items is None else votes[:, items]
        return scores

    def _rows(self, people: Profiles) -> sparse.csr_array:
        """What people are compared by, ``(n_people, n_items)`` float64."""
        if self.similarity == "adjusted-cosine":
            away = people.weight * (_values(people, self.unsaid_) - self.means_[people.item])
            return people.csr(people.counts, away).astype(np.float64)
        x = liked(people, self.relevant_from_)
        if self.weighting == "none":
            return x.astype(np.float64)
        return weighted(x, self.weighting, self.rarity_, self.average_, self.k1, self.b)


def check_neighbours(
    n_neighbours: int,
    shrinkage: float,
    similarity: str,
    weighting: str,
    k1: float,
    b: float,
    asymmetry: float,
) -> None:
    """Refuse parameters of a neighbourhood that cannot work, alone or together."""
    check_whole("n_neighbours", n_neighbours)
    check_number("shrinkage", shrinkage)
    check_word("similarity", similarity, SIMILARITIES)
    check_word("weighting", weighting, WEIGHTINGS)
    check_number("k1", k1)
    check_number("b", b, most=1.0)
    check_number("asymmetry", asymmetry, most=1.0)
    if similarity == "dot" and shrinkage > 0:
        raise ArgumentError(
            f"shrinkage={shrinkage!r} has no meaning with similarity='dot', which divides by "
            "nothing; leave it 0"
        )
    if similarity == "adjusted-cosine" and weighting != "none":
        raise ArgumentError(
            f"weighting={weighting!r} is of likes, and similarity='adjusted-cosine' compares "
            "values; leave one of them out"
        )


def typical_value(people: Profiles, relevant_from: float | None) -> float:
    """Mean value of relevant events: what an event without a value is taken for."""
    value = people.value[people.positive(relevant_from)]
    known = value[~np.isnan(value)]
    return float(known.mean()) if known.size else relevant_from or 0.0


def item_means(people: Profiles, unsaid: float) -> NDArray[np.float64]:
    """Mean value of each item, ``(n_items,)``; that of all events for an item without one."""
    return _means(people, people.item, len(people.catalogue), unsaid)


def centred_on_person(people: Profiles, unsaid: float) -> sparse.csr_array:
    """Values less the mean value of the person, ``(n_people, n_items)`` float32."""
    means = _means(people, people.row, len(people), unsaid)
    return people.csr(people.counts, _values(people, unsaid) - means[people.row])


def _means(people: Profiles, group: IntArray, n_groups: int, unsaid: float) -> NDArray[np.float64]:
    mask = people.counts
    value = _values(people, unsaid)[mask]
    number = np.bincount(group[mask], minlength=n_groups)
    total = np.bincount(group[mask], value, minlength=n_groups)
    overall = value.mean() if value.size else 0.0
    found: NDArray[np.float64] = np.where(number > 0, total / np.maximum(number, 1), overall)
    return found


def _values(people: Profiles, unsaid: float) -> NDArray[np.float64]:
    return np.where(np.isnan(people.value), unsaid, people.value)


def _of_items(x: sparse.csr_array, weighting: str, k1: float, b: float) -> sparse.csr_array:
    """Items as documents of people as terms, weighted, ``(n_people, n_items)``."""
    rarity = inverse_frequency(x.shape[1], np.diff(x.indptr))
    average = float(x.sum()) / x.shape[1]
    return weighted(x.T.tocsr(), weighting, rarity, average, k1, b).T.tocsr()
