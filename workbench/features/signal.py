"""Signal: one model's scores of the catalogue, and what they say of a pair: rank, z, raw."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from workbench.vocabulary import FloatArray, IntArray

Column = NDArray[np.floating]
FEW = 16
"""Up to so many pairs per person, ranks are counted one by one; beyond, everything is sorted."""


class Signal:
    """One model's scores of the whole catalogue for a block of people.

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

    @cached_property
    def speaks(self) -> NDArray[np.bool_]:
        """Whether the model tells a person's items apart, ``(n_profiles,)``."""
        return self.score.max(axis=1, initial=-np.inf) > self.score.min(axis=1, initial=np.inf)

    @cached_property
    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation over the unmet items of each person."""
        count = np.maximum(self.unmet.sum(axis=1), 1)
        score = np.where(self.unmet, self.score, np.float32(0.0)).astype(np.float64)
        mean = score.sum(axis=1) / count
        square = np.where(self.unmet, score - mean[:, None], 0.0) ** 2
        return mean, np.sqrt(square.sum(axis=1) / count)

    def z(self, row: IntArray, item: IntArray) -> Column:
        """Scores of pairs, standardised over what the person has not met; 0 without spread."""
        mean, spread = self._moments
        wide = spread > 0
        safe = np.where(wide, spread, 1.0)
        return np.where(wide[row], (self.score[row, item] - mean[row]) / safe[row], 0.0)

    @cached_property
    def rank(self) -> NDArray[np.int32]:
        """Number of unmet items ahead of each item, ties by code, ``(n_profiles, n_items)``."""
        order = np.argsort(-self.score, axis=1, kind="stable")
        unmet = np.take_along_axis(self.unmet, order, axis=1)
        ahead = np.cumsum(unmet, axis=1, dtype=np.int32) - unmet
        rank = np.empty(self.score.shape, dtype=np.int32)
        np.put_along_axis(rank, order, ahead.astype(np.int32), axis=1)
        return rank

    def ahead(self, row: IntArray, item: IntArray) -> NDArray[np.int32]:
        """``rank`` of pairs, without sorting everything where only a few are asked."""
        if "rank" in self.__dict__ or len(row) > FEW * len(self.score):
            return self.rank[row, item]
        counted = np.empty(len(row), dtype=np.int32)
        codes = np.arange(self.score.shape[1])
        for start in range(0, len(row), 256):
            part = slice(start, start + 256)
            scores, own = self.score[row[part]], self.score[row[part], item[part]][:, None]
            earlier = (scores > own) | ((scores == own) & (codes < item[part][:, None]))
            counted[part] = (earlier & self.unmet[row[part]]).sum(axis=1)
        return counted
