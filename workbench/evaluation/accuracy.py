"""Accuracy of ranked lists: every measure is a function of the ranks of the hits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.vocabulary import IntArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shown:
    """What many people were shown, flat. Ranks run from 1 to ``k`` and no item repeats.

    Attributes
    ----------
    row, rank, item : (n_shown,) int64
        Sorted by row and rank; ``item`` is a code.
    n_rows : int
        People, those with an empty list included.
    k : int
        Places that could be filled.
    """

    row: IntArray
    rank: IntArray
    item: IntArray
    n_rows: int
    k: int

    @cached_property
    def count(self) -> IntArray:
        """Items shown to each person, ``(n_rows,)``."""
        return np.bincount(self.row, minlength=self.n_rows)

    def mean(self, values: Floats, where: NDArray[np.bool_] | None = None) -> Floats:
        """Mean per person of a value per shown item, ``(n_rows,)``; NaN over nothing."""
        row = self.row
        if where is not None:
            row, values = row[where], values[where]
        count = np.bincount(row, minlength=self.n_rows)
        total = np.bincount(row, values, minlength=self.n_rows)
        return np.divide(total, count, out=np.full(self.n_rows, np.nan), where=count > 0)


@dataclass(frozen=True)
class Hits:
    """Where the relevant items stand in the lists.

    Attributes
    ----------
    row, rank : (n_hits,) int64
        Sorted by row and rank, ranks from 1 to ``k``.
    n_relevant : (n_people,) int64
        Relevant items of each person, shown or not. A person without any has NaN in every
        measure.
    k : int
    """

    row: IntArray
    rank: IntArray
    n_relevant: IntArray
    k: int

    @classmethod
    def of(cls, shown: Shown, relevant: sparse.csr_array) -> Hits:
        """Those of the shown items that the people's rows of ``relevant`` hold."""
        hit = is_relevant(shown, relevant)
        return cls(shown.row[hit], shown.rank[hit], np.diff(relevant.indptr), shown.k)

    def _sum(self, values: Floats | None = None) -> Floats:
        """Sum per person of a value per hit; NaN without a relevant item."""
        total = np.bincount(self.row, values, minlength=len(self.n_relevant)).astype(np.float64)
        total[self.n_relevant == 0] = np.nan
        return total

    @cached_property
    def _possible(self) -> IntArray:
        """Hits of a perfect list, at least 1 so that it divides."""
        return np.clip(self.n_relevant, 1, self.k)


def is_relevant(shown: Shown, relevant: sparse.csr_array) -> NDArray[np.bool_]:
    """Mask over shown items: whether the person's row of ``relevant`` has the item."""
    width = relevant.shape[1]
    row = np.repeat(np.arange(relevant.shape[0]), np.diff(relevant.indptr))
    wanted = np.sort(row * width + relevant.indices)
    if len(wanted) == 0:
        return np.zeros(len(shown.row), dtype=bool)
    key = shown.row * width + shown.item
    return wanted[np.minimum(np.searchsorted(wanted, key), len(wanted) - 1)] == key


def ndcg(hits: Hits) -> Floats:
    """Normalised discounted cumulative gain, binary, ``(n_people,)`` in [0, 1].

    ``sum over hits of 1 / log2(rank + 1)``, divided by that of ``min(k, n_relevant)`` hits on
    top.

    Source: Järvelin, Kekäläinen 2002.
    """
    longest = int(hits._possible.max(initial=1))
    ideal = np.cumsum(1 / np.log2(np.arange(2, longest + 2)))
    return hits._sum(1 / np.log2(hits.rank + 1.0)) / ideal[hits._possible - 1]


def recall(hits: Hits) -> Floats:
    """Hits per relevant item; below 1 for a person with more than ``k`` relevant items."""
    return hits._sum() / np.maximum(hits.n_relevant, 1)


def precision(hits: Hits) -> Floats:
    """Hits per place: the divisor is ``k``, however short the list."""
    return hits._sum() / hits.k


def mrr(hits: Hits) -> Floats:
    """Reciprocal rank of the first hit; 0 without one."""
    first = np.append(True, hits.row[1:] != hits.row[:-1])[: len(hits.row)]
    return hits._sum(np.where(first, 1 / hits.rank, 0.0))


def average_precision(hits: Hits) -> Floats:
    """Precision at the rank of each hit, summed, divided by ``min(k, n_relevant)``."""
    before = np.searchsorted(hits.row, hits.row)
    place = np.arange(len(hits.row)) - before + 1
    return hits._sum(place / hits.rank) / hits._possible


def hit_rate(hits: Hits) -> Floats:
    """1 where there is a hit."""
    return np.minimum(hits._sum(), 1.0)


ACCURACY = {
    "ndcg": ndcg,
    "recall": recall,
    "precision": precision,
    "mrr": mrr,
    "map": average_precision,
    "hit_rate": hit_rate,
}
