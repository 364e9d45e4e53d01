"""Models that read when things happened: Session, Following, Trending."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import AS_OF
from workbench.data.dataset import Dataset
from workbench.features.popularity import PopularityInTime
from workbench.models.base import Recommender
from workbench.models.linear import EASE
from workbench.models.parameters import check_above, check_number, check_whole, check_word
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

CELLS = 2**19
"""Cells of the item × item matrix that are dense at one moment."""


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
    max_gb : float
        The fit is refused where EASE would need more memory than this.

    Source: weights of Steck 2019, "Embarrassingly shallow autoencoders for sparse data"; the
    decay by place as in Ludewig and Jannach 2018, "Evaluation of session-based recommendation
    algorithms" (V-SKNN). Defaults chosen on a validation cut inside the training part of
    MovieLens 100K.
    """

    name = "session"
    needs = frozenset({"timestamps"})

    def __init__(
        self,
        reg: float = 1000.0,
        recency: float = 3.0,
        events: str = "all",
        max_gb: float = 4.0,
    ) -> None:
        check_above("recency", recency, "it is in events", most=np.inf)
        check_word("events", events, ("all", "relevant"))
        check_above("reg", reg)
        check_above("max_gb", max_gb)
        self.reg = reg
        self.recency = recency
        self.events = events
        self.max_gb = max_gb

    def fit(self, dataset: Dataset) -> Self:
        self.relevant_from_ = dataset.relevant_from if self.events == "relevant" else None
        inner = dataset.replaced(dataset.interactions, relevant_from=self.relevant_from_)
        self.ease_ = EASE(reg=self.reg, max_gb=self.max_gb).fit(inner)
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
    ``W = (M + backward M') / (sqrt(n_i n_j) + shrinkage)`` without its diagonal; of each row the
    ``n_neighbours`` largest are kept, and all that tie with the last of them;
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
    n_neighbours : int
        What is kept for each item of a history. A large catalogue would fill the memory with
        pairs that were near once; in one of so many items or fewer nothing is left out.

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
        n_neighbours: int = 2000,
    ) -> None:
        check_whole("window", window)
        check_number("shrinkage", shrinkage)
        check_above("recency", recency, "it is in events", most=np.inf)
        check_number("backward", backward, most=1.0)
        check_whole("n_neighbours", n_neighbours)
        self.window = window
        self.shrinkage = shrinkage
        self.recency = recency
        self.backward = backward
        self.n_neighbours = n_neighbours

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        n = dataset.n_items
        earlier = np.arange(len(people.item)) - people.indptr[people.row]
        later = people.lengths[people.row] - 1 - earlier
        places = np.argsort(people.item, kind="stable")
        ends = np.searchsorted(people.item[places], np.arange(n + 1))
        root = np.sqrt(np.diff(ends))
        kept = []
        size = max(CELLS // n, 1)
        for start in range(0, n, size):
            part = slice(start, min(start + size, n))
            here = places[ends[part.start] : ends[part.stop]]
            near = self._near(people.item, here, later[here], part, n, 1)
            if self.backward > 0:
                near += self.backward * self._near(people.item, here, earlier[here], part, n, -1)
            own = np.arange(len(near))
            near[own, start + own] = 0.0
            scale = root[part, None] * root + self.shrinkage
            np.divide(near, scale, out=near, where=near > 0)
            kept.append(_largest(near.astype(np.float32), self.n_neighbours))
        weights = sparse.vstack(kept, format="csr")
        weights.sort_indices()
        # Where many pairs are near, a full matrix takes hardly more room, and far less time.
        self.weights_ = weights.toarray() if 4 * weights.nnz > n * n else weights
        return self

    def _near(
        self, item: IntArray, here: IntArray, room: IntArray, part: slice, n: int, way: int
    ) -> NDArray[np.float64]:
        """Some rows of ``M`` (``way`` 1) or of its transpose (-1), ``(n_rows, n_items)``.

        Added up distance by distance, so that no sum hangs on the order of the people.

        Parameters
        ----------
        item : (n_events,)
        here, room : (n_events of these items,)
            Places of the events in the log, and how many more the person has in this direction.
        """
        place = here[np.argsort(-room, kind="stable")]
        counts = len(room) - np.searchsorted(np.sort(room), np.arange(1, self.window + 1))
        row = (item[place] - part.start) * n
        keys = [row[:m] + item[place[:m] + way * d] for d, m in enumerate(counts, 1)]
        fading = 2.0 ** (-3.0 * np.arange(1, self.window + 1) / self.window)
        cells = (part.stop - part.start) * n
        found = np.bincount(np.concatenate(keys), np.repeat(fading, counts), minlength=cells)
        return np.asarray(found.reshape(-1, n), dtype=np.float64)

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        decayed = profiles.csr(data=profiles.weight * np.exp(-profiles.from_end / self.recency))
        found = decayed @ self.weights_
        scores: FloatArray = found.toarray() if sparse.issparse(found) else np.asarray(found)
        return scores if items is None else scores[:, items]


def _largest(near: FloatArray, n: int) -> sparse.csr_array:
    """The ``n`` largest of each row, none of them 0, and all that tie with the last of them."""
    if n < near.shape[1]:
        bar = np.partition(near, near.shape[1] - n, axis=1)[:, near.shape[1] - n, None]
        near[near < bar] = 0.0
    return sparse.csr_array(near)


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
        check_above("half_life", half_life, "it is in days", most=np.inf)
        self.half_life = half_life

    def fit(self, dataset: Dataset) -> Self:
        self.popularity_ = PopularityInTime.of(dataset, self.half_life)
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        scores = self.popularity_.decayed_at(profiles.as_of)
        return scores if items is None else scores[:, items]
