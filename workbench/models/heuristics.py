"""Rules of thumb that need no learning: what a new model has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from workbench.columns import VALUE
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.features.items import genre_matrix
from workbench.models.base import Recommender
from workbench.models.parameters import check_above, check_number
from workbench.models.popularity import prior
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, Id, IntArray

BESIDE = 1e-3
"""What a best seller of the same genres counts of an item that was itself viewed."""


class RecentlyViewed(Recommender):
    """The own last items again, and after them the best sellers of their genres.

    ``score(j) = sum over the person's events of j of weight * 2 ** (-n / recency)``, ``n`` the
    number of items met later: what was met lately, and what is met again and again, comes first.
    That is the "recently viewed" or "buy it again" row of a shop; it shows in slates that may
    repeat (``wb.recommend(..., seen=True)``).

    Where seen items are left out, as by default, the second part is what is seen: a thousandth
    of the share of people who liked the item, times how much of the liked history, decayed in
    the same way, has its genres (shares of an item's genres add up to 1). So it is the best
    sellers of the categories looked at last. A millionth of the popularity is added, which ranks
    everything where genres say nothing.

    Parameters
    ----------
    recency : float
        Number of later items after which an event counts half.

    Source: recency and frequency of the own history as in Anderson, Kumar, Tomkins, Vassilvitskii
    2014, "The dynamics of repeat consumption"; the category best seller is the "most popular in
    category" baseline of Ludewig and Jannach 2018, "Evaluation of session-based recommendation
    algorithms". Default chosen among 3, 10 and 30 on a validation cut inside the training part of
    MovieLens 100K, seen items left out.
    """

    name = "recently-viewed"
    needs = frozenset({"timestamps"})

    def __init__(self, recency: float = 3.0) -> None:
        check_above("recency", recency, "it is in items", most=np.inf)
        self.recency = recency

    def fit(self, dataset: Dataset) -> Self:
        _, genres = genre_matrix(dataset.items)
        n_genres = np.maximum(np.diff(genres.indptr), 1)
        self.genres_ = (genres / n_genres[:, None].astype(np.float32)).tocsr()
        self.prior_ = prior(dataset.profiles(), dataset.relevant_from)
        self.relevant_from_ = dataset.relevant_from
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n = len(self.prior_)
        scores = np.empty((len(profiles), n if items is None else len(items)), dtype=np.float32)
        share = self.prior_ / np.float32(1e-6)
        for part, block in profiles.blocks():
            weight = block.weight * np.exp2(-block.from_end / self.recency)
            size = len(block) * n
            own = np.bincount(block.row * n + block.item, weight, minlength=size)
            liked = block.csr(block.positive(self.relevant_from_), weight)
            tastes = liked @ self.genres_
            tastes.sort_indices()
            alike = (tastes @ self.genres_.T.tocsr()).toarray()
            found = own.reshape(len(block), n) + BESIDE * (alike * share) + self.prior_
            scores[part] = found if items is None else found[:, items]
        return scores


class EditorsPicks(Recommender):
    """A list made by hand, the same for everybody; without one, the best rated.

    The items of the list come first, in its order: ``score = number of picks - place``. All
    others follow by popularity (less than 1). Without a list, ``picks_`` says "best rated" and
    items are ranked by their mean value, drawn to the mean of all as if ``damping`` people had
    given it that; an item without a value stands at the mean. In a log without values ``picks_``
    says "most liked", and it is popularity. Given a list, ``picks_`` says "by hand".

    Parameters
    ----------
    items : sequence of item ids
        Best first, no item twice; every one must be in the catalogue.
    damping : float
        0 or more.

    Source: editorial lists as a baseline of Gomez-Uribe and Hunt 2015, "The Netflix recommender
    system"; the damped mean as in Funk 2006 and Ekstrand, Riedl, Konstan 2011, "Collaborative
    filtering recommender systems", section 2.1. Its default was chosen among 10, 25 and 100 on a
    validation cut inside the training part of MovieLens 100K.
    """

    name = "picks"
    personalised = False

    def __init__(self, items: Sequence[Id] = (), damping: float = 100.0) -> None:
        if isinstance(items, str) or not isinstance(items, Sequence):
            raise ArgumentError(f"items must be a list of item ids, not {items!r}")
        twice = sorted({str(i) for i in items if list(items).count(i) > 1})
        if twice:
            raise ArgumentError(f"items holds {', '.join(twice)} more than once; keep one")
        check_number("damping", damping)
        self.items = tuple(items)
        self.damping = damping

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        # A share of people, at most 1; halved, it is below every pick.
        popular = prior(people, dataset.relevant_from) / np.float32(2e-6)
        if self.items:
            self.picks_, self.score_ = "by hand", self._picked(dataset, popular)
        elif VALUE in dataset.interactions.columns:
            self.picks_, self.score_ = "best rated", self._rated(people)
        else:
            self.picks_, self.score_ = "most liked", popular
        return self

    def _picked(self, dataset: Dataset, popular: FloatArray) -> FloatArray:
        codes = np.array([dataset.catalogue.code(item) for item in self.items], dtype=np.int64)
        if (codes < 0).any():
            missing = self.items[int(np.argmax(codes < 0))]
            kind = "integers" if dataset.catalogue.is_integer else "text"
            raise ArgumentError(
                f"items: {missing!r} is not in the catalogue of {dataset.name!r} (its ids are "
                f"{kind}); take it off the list, or add its row to the items"
            )
        popular[codes] = np.arange(len(codes), 0, -1)
        return popular

    def _rated(self, people: Profiles) -> FloatArray:
        known = people.counts & np.isfinite(people.value)
        value, item, n = people.value[known], people.item[known], len(people.catalogue)
        mean = float(value.mean()) if len(value) else 0.0
        above = np.bincount(item, value - mean, minlength=n)
        count = np.bincount(item, minlength=n) + self.damping
        found: FloatArray = (mean + above / np.where(count > 0, count, 1)).astype(np.float32)
        return found

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        columns = self.score_ if items is None else self.score_[items]
        return np.repeat(columns[None], len(profiles), axis=0)
