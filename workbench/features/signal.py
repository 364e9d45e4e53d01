"""Signal: one model's scores of the catalogue, and what they say of a pair: score, z, rank."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from workbench.vocabulary import FloatArray, IntArray

Column = NDArray[np.floating]

FEW = 4
"""Up to so many pairs per person, ranks are counted one by one; beyond, everything is sorted."""
LAST = np.iinfo(np.int64).max


class Signal:
    """One model's scores of the whole catalogue for a block of people.

    Items of a person are in the order of their scores, best first, ties by code. Only what is
    asked for is computed: the first of them by partition, ranks of pairs from sorted keys.

    Parameters
    ----------
    score : (n_profiles, n_items) float32
        As the model gave it; NaN counts as 0.
    unmet : (n_profiles, n_items) bool
        Which items the person has not met.
    """

    def __init__(self, score: FloatArray, unmet: NDArray[np.bool_]) -> None:
        self.score = np.where(np.isfinite(score), score, np.float32(0.0))
        self.unmet = unmet
        self._asked: tuple[IntArray, IntArray, NDArray[np.int32]] | None = None

    @cached_property
    def speaks(self) -> NDArray[np.bool_]:
        """Whether the model tells a person's items apart, ``(n_profiles,)``."""
        highest = self.score.max(axis=1, initial=-np.inf)
        lowest = self.score.min(axis=1, initial=np.inf)
        return np.asarray(highest > lowest)

    @cached_property
    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation over the unmet items of each person."""
        count = np.maximum(self.unmet.sum(axis=1), 1)
        score = self.score.astype(np.float64)  # and written over: fresh memory costs more than sums
        score *= self.unmet
        mean = score.sum(axis=1) / count
        score -= mean[:, None]
        score *= self.unmet
        np.square(score, out=score)
        return mean, np.sqrt(score.sum(axis=1) / count)

    def z(self, row: IntArray, item: IntArray) -> Column:
        """Scores of pairs, standardised over what the person has not met; 0 without spread."""
        mean, spread = self._moments
        wide = spread > 0
        safe = np.where(wide, spread, 1.0)
        return np.where(wide[row], (self.score[row, item] - mean[row]) / safe[row], 0.0)

    def first(self, n: int) -> NDArray[np.bool_]:
        """The ``n`` first unmet items of each person, ``(n_profiles, n_items)``."""
        n_items = self.score.shape[1]
        if n >= n_items:
            return self.unmet.copy()
        score = np.where(self.unmet, self.score, -np.inf)
        bar = np.partition(score, n_items - n, axis=1)[:, n_items - n, None]
        chosen: NDArray[np.bool_] = (score >= bar) & self.unmet
        crowded = np.flatnonzero(chosen.sum(axis=1) > n)  # some tie with the n-th
        if len(crowded):
            above = score[crowded] > bar[crowded]
            level = chosen[crowded] & ~above
            room = n - above.sum(axis=1, keepdims=True)
            chosen[crowded] = above | (level & (np.cumsum(level, axis=1) <= room))
        return chosen

    def ahead(self, row: IntArray, item: IntArray) -> NDArray[np.int32]:
        """Ranks of pairs: the number of unmet items that come before the item, ``(n_pairs,)``.

        The last answer is kept, since several ask for the ranks of the same arrays.
        """
        if self._asked is None or self._asked[0] is not row or self._asked[1] is not item:
            self._asked = row, item, self._ranks(row, item)
        return self._asked[2]

    def _ranks(self, row: IntArray, item: IntArray) -> NDArray[np.int32]:
        if "_ordered" not in self.__dict__ and len(row) <= FEW * len(self.score):
            return self._counted(row, item)
        if (row[1:] < row[:-1]).any():  # to be asked person by person
            order = np.argsort(row, kind="stable")
            found = np.empty(len(row), dtype=np.int32)
            found[order] = self._ranks(row[order], item[order])
            return found
        wanted, found = _keys(self.score[row, item], item), np.empty(len(row), dtype=np.int32)
        ends = np.searchsorted(row, np.arange(len(self.score) + 1)).tolist()
        for ordered, (start, stop) in zip(self._ordered, pairwise(ends), strict=True):
            found[start:stop] = ordered.searchsorted(wanted[start:stop])
        return found

    @cached_property
    def _ordered(self) -> NDArray[np.int64]:
        """Keys of each person's unmet items in order, then ``LAST`` for each one met."""
        keys = _keys(self.score, np.arange(self.score.shape[1]))
        keys[~self.unmet] = LAST
        keys.sort(axis=1)
        return keys

    def _counted(self, row: IntArray, item: IntArray) -> NDArray[np.int32]:
        found = np.empty(len(row), dtype=np.int32)
        codes = np.arange(self.score.shape[1])
        for start in range(0, len(row), 256):
            part = slice(start, start + 256)
            scores, own = self.score[row[part]], self.score[row[part], item[part]][:, None]
            earlier = (scores > own) | ((scores == own) & (codes < item[part][:, None]))
            found[part] = (earlier & self.unmet[row[part]]).sum(axis=1)
        return found


def _keys(score: FloatArray, code: IntArray) -> NDArray[np.int64]:
    """Integers in the order of the scores, highest first, ties by code.

    The bits of a float, read as an integer, are in the order of the floats where the sign is 0;
    where it is 1 they run backwards and are turned round.
    """
    # 0 - x, not -x: there is one zero.
    bits = (np.float32(0.0) - score).view(np.int32)
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)
    keys = bits.astype(np.int64)
    keys <<= 32
    keys |= code
    return keys
