"""Neighbourhoods of ratings: what like people gave, or what the person gave to like items."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy import sparse

from workbench.data.dataset import Dataset
from workbench.models.baseline import trained_baselines
from workbench.models.foldin import Floats
from workbench.models.parameters import check_number, check_whole, check_word
from workbench.models.ragged import sheets
from workbench.models.rating_similarity import (
    MEASURES,
    MSD,
    PEARSON,
    PEARSON_BASELINE,
    similarities,
)
from workbench.models.ratings import PAIRS, RatingLog, RatingModel, rated, refuse_square
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

BASIC, MEANS, BASELINE = "basic", "means", "baseline"
USER, ITEM = "user", "item"
REG_BIAS = 15.0
"""Ridge on the bias of a person in Surprise's baselines."""


class KNNBaseline(RatingModel):
    """Mean of the neighbours' values, weighted by similarity, over a level of one's own.

    ``level + sum of s (r - level of r) / sum of s`` over the at most ``n_neighbours`` most
    similar of similarity above 0: people who rated the item (``by="user"``), or items that the
    person rated (``by="item"``); clipped to the range of the training values. With fewer than
    ``min_neighbours`` it is the level alone. The level is

    - ``kind="baseline"``: ``mean + b_u + b_i``, with ``b_u`` of the person from their history;
    - ``kind="means"``: the mean of the person's values (of the item's, by item);
    - ``kind="basic"``: none, and the mean of all values where there are too few neighbours.

    Nothing of a person is stored but what others see of them: their similarities and their level
    come from the history, by the formulas of the training. So the scores of people of the
    training log are what Surprise predicts, with two things apart. Where several tie for the
    last places, Surprise takes those that come first in the log; here they share the places, so
    the score is the mean over all orders of the log. And by user, a person of the log finds who
    they were then among the neighbours for items of their own history (as Surprise does, but
    with similarity 1).

    Parameters
    ----------
    kind : str
        "baseline", "means" or "basic".
    by : str
        "item" or "user". By item, a number is kept for every pair of items.
    similarity : str
        "pearson_baseline", "msd", "cosine" or "pearson"; see ``rating_similarity``.
    shrinkage : float
        Pulls similarities of few common ratings towards 0; in Surprise 100 for
        "pearson_baseline" and 0 for the others. An event of weight ``w`` counts ``w`` times in a
        similarity by user, and multiplies it by item.
    n_neighbours, min_neighbours : int

    Source: Koren 2010, "Factor in the neighbors", section 2.2, as in Surprise's KNNBaseline,
    KNNWithMeans and KNNBasic. Of the similarities, shrinkages and numbers of neighbours that were
    tried on a random fifth held out inside the training part of one fold of MovieLens 100K, none
    was better than the defaults by more than 0.0004 (RMSE 0.9257).
    """

    name = "knn-baseline"

    def __init__(
        self,
        kind: str = BASELINE,
        by: str = ITEM,
        similarity: str = PEARSON_BASELINE,
        shrinkage: float = 100.0,
        n_neighbours: int = 40,
        min_neighbours: int = 1,
    ) -> None:
        check_word("kind", kind, (BASELINE, MEANS, BASIC))
        check_word("by", by, (ITEM, USER))
        check_word("similarity", similarity, MEASURES)
        check_number("shrinkage", shrinkage)
        check_whole("n_neighbours", n_neighbours, 1)
        check_whole("min_neighbours", min_neighbours, 1, n_neighbours)
        self.kind = kind
        self.by = by
        self.similarity = similarity
        self.shrinkage = shrinkage
        self.n_neighbours = n_neighbours
        self.min_neighbours = min_neighbours

    def fit(self, dataset: Dataset) -> Self:
        log = RatingLog.of(dataset, "KNNBaseline")
        if self.by == ITEM:
            refuse_square(
                "KNNBaseline by item",
                dataset.n_items,
                'leave out rare items, or use by="user", "item-knn" or "svd"',
            )
        self.mean_, self.range_, self.known_ = log.mean, log.range, log.known
        person_bias = np.zeros(log.n_people)
        self.biases_ = np.zeros(dataset.n_items)
        if self.kind == BASELINE or self.similarity == PEARSON_BASELINE:
            trained = trained_baselines(log)
            self.biases_ = log.by_item(trained, trained.bi, 0.0)
            person_bias = log.by_person(trained, trained.bu)
        self.means_ = _means(log.item, log.value, dataset.n_items)
        means = _means(log.row, log.value, log.n_people)

        def matrix(of: Floats) -> sparse.csr_array:
            where = (log.item, log.row)
            return sparse.csr_array((of, where), shape=(dataset.n_items, log.n_people))

        measured = matrix(self._measured(log.value, log.item, person_bias[log.row]))
        if self.by == USER:
            self.measured_ = measured
            level = self._level(log.item, person_bias[log.row], means[log.row])
            self.deviations_ = matrix(log.value - level)
        else:
            self.similar_ = self._of_items(measured)
        return self

    def _of_items(self, measured: sparse.csr_array) -> Floats:
        """Similarities of all items, ``(n_items, n_items)``; 1 to itself."""
        n_items = measured.shape[0]
        others, found = measured.T.tocsr(), np.empty((n_items, n_items))
        size = max(1, PAIRS // n_items)
        for start in range(0, n_items, size):
            part = slice(start, start + size)
            value = measured[part]
            weight = value.copy()
            weight.data = np.ones_like(weight.data)
            found[part] = similarities(value, weight, others, self.similarity, self.shrinkage)
        np.fill_diagonal(found, 1.0)
        return found

    def _measured(self, value: Floats, item: IntArray, bias: Floats) -> Floats:
        """Values as the similarity wants them."""
        if self.similarity == PEARSON_BASELINE:
            return value - self.mean_ - self.biases_[item] - bias
        # These two do not see a shift, and smaller numbers have smaller rounding.
        return value - np.rint(self.mean_) if self.similarity in (MSD, PEARSON) else value

    def _level(self, item: IntArray, bias: Floats, mean: Floats) -> Floats:
        """What a value is measured from; ``bias`` and ``mean`` are the person's."""
        if self.kind == BASELINE:
            return self.mean_ + self.biases_[item] + bias
        if self.kind == BASIC:
            return np.zeros(len(item))
        return mean if self.by == USER else self.means_[item]

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        items = np.arange(len(self.known_)) if items is None else items
        scores = np.empty((len(profiles), len(items)), dtype=np.float32)
        for part, block in profiles.blocks(self._block_size()):
            row = np.repeat(np.arange(len(block)), len(items))
            found = self._of_pairs(block, row, np.tile(items, len(block)))
            scores[part] = found.reshape(len(block), len(items))
        return scores

    def _block_size(self) -> int:
        # By user the table of similarities is as wide as there are people.
        width = self.measured_.shape[1] if self.by == USER else 1
        return max(1, min(super()._block_size(), PAIRS // width))

    def _of_pairs(self, block: Profiles, row: IntArray, item: IntArray) -> Floats:
        mask = rated(block)
        who, what = block.row[mask], block.item[mask]
        value, weight = block.value[mask], block.weight[mask]
        size = np.bincount(who, weight, len(block))
        given = np.bincount(who, weight * value, len(block))
        mean = np.where(size > 0, given / np.where(size > 0, size, 1.0), self.mean_)
        left = weight * (value - self.mean_ - self.biases_[what])
        bias = np.bincount(who, left, len(block)) / (REG_BIAS + size)

        def matrix(of: Floats) -> sparse.csr_array:
            held = np.zeros(len(mask))
            held[mask] = of
            return block.csr(mask, held, np.float64)

        if self.by == USER:
            measured = matrix(self._measured(value, what, bias[who]))
            similar = similarities(
                measured, matrix(weight), self.measured_, self.similarity, self.shrinkage
            )
            found = self._near(similar, row, self.deviations_, None, item)
        else:
            deviation = matrix(value - self._level(what, bias[who], mean[who]))
            found = self._near(self.similar_, item, deviation, matrix(weight), row)
        total, length, count = found
        enough = count >= self.min_neighbours
        share = np.divide(total, length, out=np.zeros_like(total), where=enough & (length > 0))
        rating = self._level(item, bias[row], mean[row]) + share
        if self.kind == BASIC:
            rating[~enough] = self.mean_
        return np.where(self.known_[item], self._clipped(rating), np.nan)

    def _near(
        self,
        similar: Floats,
        one: IntArray,
        deviations: sparse.csr_array,
        weights: sparse.csr_array | None,
        two: IntArray,
    ) -> tuple[Floats, Floats, IntArray]:
        """Sums over the nearest neighbours of each pair.

        Parameters
        ----------
        similar : (n_rows, n_others)
        one : (n_pairs,) int
            Rows of ``similar``.
        deviations, weights : (n_lists, n_others), sparse
            Who can be a neighbour, what they gave, and what their similarity is multiplied by.
        two : (n_pairs,) int
            Rows of ``deviations``.

        Returns
        -------
        total, length : (n_pairs,) float64
            Sums of similarity times deviation, and of similarity.
        count : (n_pairs,) int
            Number of neighbours.
        """
        k, flat = self.n_neighbours, similar.ravel()
        total, length = np.zeros(len(one)), np.zeros(len(one))
        count = np.zeros(len(one), dtype=np.int64)
        for pairs, sheet, place in sheets(deviations, two, weights):
            near = flat[(one[pairs] * similar.shape[1])[:, None] + sheet.column[place]]
            near *= sheet.weight[place]
            np.maximum(near, 0.0, out=near)
            given, width = sheet.value[place], near.shape[1]
            if width > k:
                last = np.partition(near, width - k, axis=1)[:, width - k, None]
                near *= near >= last
            n = (near > 0).sum(axis=1)
            length[pairs] = near.sum(axis=1)
            total[pairs] = (near * given).sum(axis=1)
            count[pairs] = np.minimum(n, k)
            if (more := np.flatnonzero(n > k)).size:
                # Those that tie with the last share the places that are left for them.
                tied = near[more] == last[more]
                spare = last[more, 0] * (n[more] - k)
                length[pairs[more]] -= spare
                total[pairs[more]] -= spare * (tied * given[more]).sum(axis=1) / tied.sum(axis=1)
        return total, length, count


def _means(group: IntArray, value: Floats, n: int) -> Floats:
    """Mean value of each group, ``(n,)``; 0 without any."""
    size = np.maximum(np.bincount(group, minlength=n), 1)
    means: Floats = np.bincount(group, value, n) / size
    return means
