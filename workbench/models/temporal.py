"""Models that read when things happened: Session, Following, Trending."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy import sparse

from workbench.columns import AS_OF
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.features.popularity import PopularityInTime
from workbench.models.base import Recommender
from workbench.models.linear import EASE
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray


class Session(Recommender):
    """EASE read from the end: what goes with the last things a person did.

    ``score = sum over events of B[event, item] / (1 + n / recency)`` with ``n`` the number of
    later events of the person and ``B`` the item weights of EASE, learnt from the same events.

    Parameters
    ----------
    reg : float
        Ridge of EASE.
    recency : float
        Number of later events after which an event counts half.
    events : str
        "all": every event counts, liked or not; "relevant": only the relevant ones.

    Source: weights of Steck 2019, "Embarrassingly shallow autoencoders for sparse data"; the
    decay by place as in Ludewig and Jannach 2018, "Evaluation of session-based recommendation
    algorithms" (V-SKNN). Defaults chosen on a validation cut inside the training part of
    MovieLens 100K.
    """

    name = "session"
    needs = frozenset({"timestamps"})

    def __init__(self, reg: float = 1000.0, recency: float = 3.0, events: str = "all") -> None:
        if not recency > 0:
            raise ArgumentError(f"recency must be above 0 events, not {recency!r}")
        if events not in ("all", "relevant"):
            raise ArgumentError(f"events must be 'all' or 'relevant', not {events!r}")
        EASE(reg=reg)  # refuses a bad reg in its own words
        self.reg = reg
        self.recency = recency
        self.events = events

    def fit(self, dataset: Dataset) -> Self:
        self.relevant_from_ = dataset.relevant_from if self.events == "relevant" else None
        inner = dataset.replaced(dataset.interactions, relevant_from=self.relevant_from_)
        self.ease_ = EASE(reg=self.reg).fit(inner)
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        decayed = profiles.csr(
            profiles.positive(self.relevant_from_),
            profiles.weight / (1.0 + profiles.from_end / self.recency),
        )
        scores: FloatArray = np.asarray(decayed @ self.ease_.weights_)
        return scores if items is None else scores[:, items]


class Following(Recommender):
    """What people met close to the last things this person met, sooner after than before.

    ``M[i, j] = sum of 2 ** (-3 d / window)`` over all times that somebody met ``j`` as the
    ``d``-th event after ``i``, ``d <= window``;
    ``W = (M + backward M') / (sqrt(n_i n_j) + shrinkage)`` without its diagonal;
    ``score = sum over events of exp(-n / recency) W[event, item]``, ``n`` later events.

    Parameters
    ----------
    window : int
        How many events apart two items still count as near.
    shrinkage : float
        Pulls rare pairs towards 0.
    recency : float
        Number of later events after which an event counts 1/e.
    backward : float
        What an item met before counts, of one met after.

    Source: sequential rules of Kamehkhosh, Jannach, Ludewig 2017, "A comparison of frequent
    pattern techniques and a deep learning method for session-based recommendation", normalised
    as a cosine. Defaults chosen on a validation cut inside the training part of MovieLens 100K.
    """

    name = "following"
    needs = frozenset({"timestamps"})

    def __init__(
        self,
        window: int = 30,
        shrinkage: float = 10.0,
        recency: float = 10.0,
        backward: float = 0.5,
    ) -> None:
        if window < 1:
            raise ArgumentError(f"window must be at least 1 event, not {window!r}")
        if shrinkage < 0:
            raise ArgumentError(f"shrinkage must be 0 or more, not {shrinkage!r}")
        if not recency > 0:
            raise ArgumentError(f"recency must be above 0 events, not {recency!r}")
        if not 0 <= backward <= 1:
            raise ArgumentError(f"backward must be from 0 to 1, not {backward!r}")
        self.window = window
        self.shrinkage = shrinkage
        self.recency = recency
        self.backward = backward

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        n = dataset.n_items
        near = sparse.csr_array((n, n), dtype=np.float64)
        for d in range(1, self.window + 1):
            same = people.row[:-d] == people.row[d:]
            first, second = people.item[:-d][same], people.item[d:][same]
            weight = np.full(len(first), 2.0 ** (-3.0 * d / self.window))
            near = near + sparse.coo_array((weight, (first, second)), shape=(n, n)).tocsr()
        found = (near + self.backward * near.T).tocoo()
        root = np.sqrt(np.bincount(people.item, minlength=n))
        held = found.row != found.col
        row, column, data = found.row[held], found.col[held], found.data[held]
        scaled = (data / (root[row] * root[column] + self.shrinkage)).astype(np.float32)
        self.weights_ = sparse.csr_array((scaled, (row, column)), shape=(n, n))
        self.weights_.sort_indices()
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        decayed = profiles.csr(data=profiles.weight * np.exp(-profiles.from_end / self.recency))
        scores: FloatArray = (decayed @ self.weights_).toarray()
        return scores if items is None else scores[:, items]


class Trending(Recommender):
    """Popularity as of each person's own moment; an event ``half_life`` days old counts half.

    Without a moment it is that of the end of the log.

    Parameters
    ----------
    half_life : float
        In days.

    Source: exponential decay as in Ding and Li 2005, "Time weight collaborative filtering".
    """

    name = "trending"
    needs = frozenset({"timestamps"})
    uses = frozenset({AS_OF})
    personalised = False

    def __init__(self, half_life: float = 60.0) -> None:
        if not half_life > 0:
            raise ArgumentError(f"half_life must be above 0 days, not {half_life!r}")
        self.half_life = half_life

    def fit(self, dataset: Dataset) -> Self:
        self.popularity_ = PopularityInTime.of(dataset, self.half_life)
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        scores = self.popularity_.decayed_at(profiles.as_of)
        return scores if items is None else scores[:, items]
