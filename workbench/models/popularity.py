"""Popularity: what everybody likes, of all time or lately."""

from __future__ import annotations

from typing import Self

import numpy as np

from workbench.data.dataset import Dataset
from workbench.models.base import Recommender
from workbench.models.parameters import check_above
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

DAY = 86_400.0
TINY = 1e-6


class Popularity(Recommender):
    """Number of people with a relevant event, the same for everybody.

    Items without an event score 0, so that the whole catalogue is ranked.

    Source: the baseline of Cremonesi, Koren, Turrin 2010, "Performance of recommender
    algorithms on top-N recommendation tasks" (TopPop).
    """

    name = "popularity"
    personalised = False

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        mask = people.positive(dataset.relevant_from)
        self.popularity_ = _counts(people, mask, np.ones(len(people.item)))
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        return _everybody(self.popularity_, len(profiles), items)


class RecentPopularity(Recommender):
    """Popularity in which an event ``half_life`` days old counts half.

    ``sum over relevant events of 2 ** (-age / half_life)``, age up to the last event of the log.

    Parameters
    ----------
    half_life : float
        In days.

    Source: exponential decay as in Ding and Li 2005, "Time weight collaborative filtering".
    """

    name = "recent"
    needs = frozenset({"timestamps"})
    personalised = False

    def __init__(self, half_life: float = 60.0) -> None:
        check_above("half_life", half_life, "it is in days", most=np.inf)
        self.half_life = half_life

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        mask = people.positive(dataset.relevant_from)
        age = (dataset.end or 0.0) - people.timestamp
        self.popularity_ = _counts(people, mask, np.exp2(-age / (self.half_life * DAY)))
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        return _everybody(self.popularity_, len(profiles), items)


def prior(people: Profiles, relevant_from: float | None) -> FloatArray:
    """A millionth of the share of people with a relevant event, ``(n_items,)`` float32.

    Personalised models add it to every score: it is too small to part two items of which they
    know anything, and shows what is popular where they know nothing (an empty history).
    """
    counts = _counts(people, people.positive(relevant_from), np.ones(len(people.item)))
    return (TINY / max(len(people), 1) * counts).astype(np.float32)


def _counts(people: Profiles, mask: np.ndarray, weight: np.ndarray) -> FloatArray:
    size = len(people.catalogue)
    return np.bincount(people.item[mask], weight[mask], minlength=size).astype(np.float32)


def _everybody(popularity: FloatArray, n: int, items: IntArray | None) -> FloatArray:
    columns = popularity if items is None else popularity[items]
    return np.repeat(columns[None], n, axis=0)
