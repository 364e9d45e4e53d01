"""How popular each item was at any moment of the log: nothing later than the moment is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workbench.data.dataset import Dataset
from workbench.state import Arrays, decoded, encoded
from workbench.vocabulary import FloatArray, IntArray

DAY = 86_400.0


@dataclass(frozen=True)
class PopularityInTime:
    """Counts of events by item at a few hundred moments of the log.

    A moment between two edges sees the earlier one, so that no later event is ever counted.

    Attributes
    ----------
    edges : (n_edges,) float64
        Moments, seconds, increasing: quantiles of the log's events.
    counts : (n_edges + 1, n_items) float32
        Row ``k``: number of events until ``edges[k - 1]``; row 0 is before the log.
    decayed : (n_edges + 1, n_items) float32
        The same for relevant events, each counted ``2 ** (-age / half_life)``. Where a person met
        an item several times, each event counts by its own value.
    half_life : float
        In days.
    """

    edges: NDArray[np.float64]
    counts: FloatArray
    decayed: FloatArray
    half_life: float

    @classmethod
    def of(cls, dataset: Dataset, half_life: float = 60.0, n_edges: int = 256) -> Self:
        """Count the log of a dataset, its guests left out."""
        people = dataset.profiles()
        time, item = people.timestamp, people.item
        places = np.linspace(0, len(time) - 1, n_edges + 1).astype(np.int64)
        edges = np.unique(np.sort(time)[places])
        until = np.searchsorted(edges, time, side="left") + 1
        shape = (len(edges) + 1, dataset.n_items)
        counts = np.zeros(shape, dtype=np.float32)
        np.add.at(counts, (until, item), 1.0)
        decayed = np.zeros(shape, dtype=np.float32)
        # Not `people.positive`: that a later event of the same item counts is known only later.
        liked = people.weight > 0
        if dataset.relevant_from is not None:
            liked &= ~(people.value < dataset.relevant_from)
        age = (edges[until - 1] - time) / DAY
        np.add.at(decayed, (until[liked], item[liked]), np.exp2(-age[liked] / half_life))
        fade = np.exp2(-np.diff(edges) / DAY / half_life).astype(np.float32)
        for k in range(2, len(decayed)):
            decayed[k] += decayed[k - 1] * fade[k - 2]
        return cls(edges, counts.cumsum(axis=0, dtype=np.float32), decayed, half_life)

    def at(self, moments: NDArray[np.float64]) -> IntArray:
        """Row of ``counts`` and ``decayed`` for each moment; NaN is the end of the log."""
        return np.where(
            np.isnan(moments), len(self.edges), np.searchsorted(self.edges, moments, side="right")
        )

    def decayed_at(self, moments: NDArray[np.float64]) -> FloatArray:
        """Decayed popularity of every item, ``(n_moments, n_items)`` float32."""
        return self.decayed[self.at(moments)]

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """See ``Recommender.state``."""
        return encoded(vars(self))

    @classmethod
    def from_state(cls, arrays: Arrays, json: dict[str, Any]) -> Self:
        """See ``Recommender.from_state``."""
        return cls(**decoded(arrays, json))
