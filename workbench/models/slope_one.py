"""Slope One: mean differences between the ratings of two items."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy import sparse

from workbench.data.dataset import Dataset
from workbench.models.foldin import Floats
from workbench.models.ragged import sheets
from workbench.models.ratings import PAIRS, RatingLog, RatingModel, rated, refuse_square
from workbench.profiles import Mask, Profiles
from workbench.vocabulary import FloatArray, IntArray


class SlopeOne(RatingModel):
    """The person's mean, plus how much better an item is than those of the history.

    ``mean_p + sum of w dev(i, j) / sum of w`` over the items ``j`` of the history that somebody
    rated together with ``i``, where ``dev(i, j)`` is the mean of ``r_ui - r_uj`` over those who
    did; clipped to the range of the training values. ``mean_p`` is the mean of the person's
    values, or of all values for an empty history.

    For people of the training log it is what Surprise predicts, where values are whole numbers:
    Surprise cuts others down to whole ones (4.5 to 4) before it takes differences.

    Source: Lemire and Maclachlan 2005, "Slope One predictors for online rating-based
    collaborative filtering".
    """

    name = "slope-one"

    def fit(self, dataset: Dataset) -> Self:
        log = RatingLog.of(dataset, "SlopeOne")
        n_items = dataset.n_items
        remedy = 'leave out rare items, or use "svd" or "knn-baseline"'
        refuse_square("SlopeOne", n_items, remedy, tables=2)
        shape = (log.n_people, n_items)
        x = sparse.csr_array((log.value - log.mean, (log.row, log.item)), shape=shape)
        met = sparse.csr_array((np.ones(len(log.row)), (log.row, log.item)), shape=shape)
        x_of_item, met_of_item = x.T.tocsr(), met.T.tocsr()
        self.differences_ = np.zeros((n_items, n_items))
        # Read beside values of 8 bytes: one of 4 would be copied as a whole at every score.
        self.together_ = np.zeros((n_items, n_items))
        size = max(1, PAIRS // max(n_items, 1))
        for start in range(0, n_items, size):  # nothing else of this size is ever in memory
            part = slice(start, start + size)
            together = (met_of_item[part] @ met).toarray()
            sums = (x_of_item[part] @ met).toarray() - (met_of_item[part] @ x).toarray()
            np.divide(sums, together, out=self.differences_[part], where=together > 0)
            self.together_[part] = together > 0
        self.mean_, self.range_ = log.mean, log.range
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n_items = len(self.together_) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        for part, block in profiles.blocks(self._block_size()):
            history, level = self._history(block)
            # The table changes its sign when turned around.
            total, size = -(history @ self.differences_), history @ self.together_
            own = self._rating(total, size, level[:, None], self.together_.diagonal() > 0)
            scores[part] = own if items is None else own[:, items]
        return scores

    def _of_pairs(self, block: Profiles, row: IntArray, item: IntArray) -> Floats:
        history, level = self._history(block)
        total, size = np.zeros(len(row)), np.zeros(len(row))
        for pairs, sheet, place in sheets(history, row):
            at = item[pairs, None], sheet.column[place]
            weight = self.together_[at] * sheet.value[place]
            total[pairs] = (self.differences_[at] * weight).sum(axis=1)
            size[pairs] = weight.sum(axis=1)
        return self._rating(total, size, level[row], self.together_[item, item] > 0)

    def _history(self, block: Profiles) -> tuple[sparse.csr_array, Floats]:
        """Weights of the rated items, and the mean value of every person."""
        mask = rated(block)
        weight, value = block.weight[mask], block.value[mask]
        size = np.bincount(block.row[mask], weight, len(block))
        total = np.bincount(block.row[mask], weight * value, len(block))
        level = np.where(size > 0, total / np.where(size > 0, size, 1.0), self.mean_)
        return block.csr(mask, dtype=np.float64), level

    def _rating(self, total: Floats, size: Floats, level: Floats, known: Mask) -> Floats:
        rating = level + np.divide(total, size, out=np.zeros_like(total), where=size > 0)
        return np.where(known, self._clipped(rating), np.nan)
