"""Blend: the weighted sum of several models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import nnls

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.composite import Composite, Part, inner_cut
from workbench.models.parameters import check_number, check_seed
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

LEARNED, NNLS = "learned", "nnls"
TRIED = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Weights that the search tries for one part while the others stay."""
ROUNDS = 3
K = 10
DEPTH = 100
"""The search looks only at items among so many best ones of some part: the top 10 of their sum is
hardly ever elsewhere."""
BLOCK_BYTES = 400_000_000
"""Scores that the search holds at once: more people than fit are thinned out evenly."""


class Blend(Composite):
    """Weighted sum of the standardised scores of several models.

    ``score = sum over parts of weight * (s - mean) / sd``, for each person by itself, mean and
    standard deviation over the items outside the history (an event of weight 0 does not count).
    What a part cannot say (NaN) counts as its mean; what no part can say is NaN. Where only one
    weight is above 0 the scores are that part's own, so the ranking is exactly its.

    Parameters
    ----------
    parts : sequence of str or Recommender, optional
        By default the strongest models that read nothing but the log: "ease", "als", "item-knn",
        "user-knn", "session" and "following", less those that the log cannot feed.
    weights : sequence of float, "learned" or "nnls"
        One for each part, 0 or more; or found on a fifth of the training log (the last events of
        each person where there are timestamps, else a seeded random choice), after which the
        parts are fitted on the whole log. "learned": all start at 1, and one after the other is
        set to what gives the best nDCG@10, as long as the gain is above its standard error.
        "nnls": the weights of 0 or more whose sum is nearest to 1 for relevant candidates and to
        0 for the others, in squares (Lawson and Hanson 1974). Where the log is too small to be
        cut, all are 1.
    seed : int
        Of the random cut.

    Attributes
    ----------
    weights_ : list of float
    validation_ : dict
        nDCG@10 on the inner cut with all weights 1 ("equal") and with those found ("learned"),
        and its number of people ("n"); empty where nothing was learned. The weights were chosen
        on these very people, so "learned" is optimistic: measure the blend on a test of its own.

    Source: CombSUM of Fox and Shaw 1994, "Combination of multiple searches", on standard scores;
    the weighted hybrid of Burke 2002, "Hybrid recommender systems".
    """

    name = "blend"
    DEFAULT = ("ease", "als", "item-knn", "user-knn", "session", "following")

    def __init__(
        self,
        parts: Sequence[Part] | None = None,
        weights: Sequence[float] | str = LEARNED,
        seed: int = 0,
    ) -> None:
        check_seed(seed)
        self._take(parts)
        if not isinstance(weights, Sequence | np.ndarray) or (
            isinstance(weights, str) and weights not in (LEARNED, NNLS)
        ):
            raise ArgumentError(
                f"weights must be numbers, {LEARNED!r} or {NNLS!r}, not {weights!r}"
            )
        if not isinstance(weights, str):
            if parts is None:
                raise ArgumentError("weights need parts; give both, or let both be chosen")
            if len(weights) != len(parts):
                raise ArgumentError(f"weights: {len(weights)} of them for {len(parts)} parts")
            for weight in weights:
                check_number("weights", weight)
            if not any(weights):
                raise ArgumentError(
                    f"weights must be 0 or more, and one above 0, not {list(weights)!r}"
                )
        self.weights = weights if isinstance(weights, str) else [float(w) for w in weights]
        self.seed = seed

    def fit(self, dataset: Dataset) -> Self:
        self.validation_: dict[str, float] = {}
        n_parts = len(self._fresh(dataset.has))
        self.weights_ = [1.0] * n_parts
        if not isinstance(self.weights, str):
            self.weights_ = list(self.weights)
        elif n_parts > 1:
            self._learn(dataset)
        self.parts_ = self._fitted(dataset)
        return self

    def _learn(self, dataset: Dataset) -> None:
        inner = inner_cut(dataset, self.seed)
        if inner is None:
            return
        people, asked = inner.people()[1], inner.relevant_matrix()
        fits = max(2, BLOCK_BYTES // (4 * dataset.n_items * len(self.weights_)))
        rows = np.unique(np.linspace(0, len(people) - 1, min(fits, len(people))).astype(int))
        people, asked = people[rows], asked[rows]
        parts = self._fitted(inner.train)
        scores = np.stack([standardised(p.score(people), people).astype("f4") for p in parts])
        lessons = Lessons(scores, people, asked)
        self.weights_ = lessons.searched() if self.weights == LEARNED else lessons.fitted()
        self.validation_ = {
            "equal": float(lessons.ndcg([1.0] * len(parts)).mean()),
            "learned": float(lessons.ndcg(self.weights_).mean()),
            "n": len(people),
        }

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        used = [(p, w) for p, w in zip(self.parts_, self.weights_, strict=True) if w > 0]
        if len(used) == 1:
            # Standardising would only relabel these, and could round two neighbours together.
            return used[0][0].score(profiles, items)
        n_items = len(profiles.catalogue) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        for part, block in profiles.blocks():
            total = np.zeros((len(block), len(profiles.catalogue)))
            unsaid = np.ones(total.shape, dtype=bool)
            for model, weight in used:
                own = model.score(block)
                total += weight * standardised(own, block)
                unsaid &= ~np.isfinite(own)
            total[unsaid] = np.nan
            scores[part] = total if items is None else total[:, items]
        return scores


def standardised(scores: FloatArray, people: Profiles) -> NDArray[np.float64]:
    """Scores in standard deviations over the items not met; NaN becomes 0, the mean.

    Parameters
    ----------
    scores : (n_profiles, n_items)
    people : Profiles
        Row by row those of the scores.

    Returns
    -------
    (n_profiles, n_items) float64
        0 where all scores of a person are equal.
    """
    known = np.isfinite(scores)
    counted = known.copy()
    met = people.latest & (people.weight > 0)
    counted[people.row[met], people.item[met]] = False
    counted[~counted.any(axis=1)] = known[~counted.any(axis=1)]
    number = np.maximum(counted.sum(axis=1, keepdims=True), 1)
    filled = np.where(known, scores, 0.0).astype(np.float64)
    mean = np.where(counted, filled, 0.0).sum(axis=1, keepdims=True) / number
    away = np.where(known, filled - mean, 0.0)
    square = np.where(counted, away * away, 0.0).sum(axis=1, keepdims=True) / number
    spread = np.sqrt(square)
    # A spread of nothing but rounding is none.
    flat = spread <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    return np.where(flat, 0.0, away / np.where(flat, 1.0, spread))


class Lessons:
    """The best items of any part, and which of them were relevant: what weights are found on.

    Parameters
    ----------
    scores : (n_parts, n_profiles, n_items)
        Standardised; changed by this.
    people : Profiles
        At least two.
    asked : (n_profiles, n_items), sparse
        1 where an item is relevant.
    """

    def __init__(
        self, scores: NDArray[np.float32], people: Profiles, asked: sparse.csr_array
    ) -> None:
        for part in scores:
            part[people.seen.nonzero()] = -np.inf
        self.near, self.relevant = _candidates(scores, asked)
        self.n_relevant = np.diff(asked.indptr)

    def ndcg(self, weights: list[float]) -> NDArray[np.float64]:
        """nDCG@10 of each person with these weights, ``(n_profiles,)``."""
        total = sum(w * part for w, part in zip(weights, self.near, strict=True) if w > 0)
        return ndcg(total, self.relevant, self.n_relevant)

    def searched(self) -> list[float]:
        """Weights by coordinate search, from all 1."""
        weights = [1.0] * len(self.near)
        best = self.ndcg(weights)
        for _ in range(ROUNDS):
            before = list(weights)
            for part in range(len(weights)):
                for tried in TRIED:
                    other = [*weights[:part], tried, *weights[part + 1 :]]
                    if other == weights or not any(other):
                        continue
                    gain = (found := self.ndcg(other)) - best
                    # The tolerance: a gain of one person alone is its own standard error.
                    if gain.mean() > 1.001 * gain.std(ddof=1) / np.sqrt(len(gain)) + 1e-12:
                        weights, best = other, found
            if weights == before:
                break
        return weights

    def fitted(self) -> list[float]:
        """Weights by non-negative least squares; all 1 where none of them would be above 0."""
        there = np.isfinite(self.near[0])
        z = self.near[:, there].astype(np.float64).T
        y = self.relevant[there].astype(np.float64)
        # The level is no part: it is the same for all candidates, so it is taken off both sides.
        found, _ = nnls(z - z.mean(axis=0), y - y.mean())
        return [float(w) for w in found] if found.any() else [1.0] * len(found)


def _candidates(
    scores: NDArray[np.float32], asked: sparse.csr_array
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Scores and relevance of the best items of any part.

    Returns
    -------
    near : (n_parts, n_profiles, n_candidates) float32
        Minus infinity for an item that is there already.
    relevant : (n_profiles, n_candidates) bool
    """
    depth = min(DEPTH, scores.shape[2])
    best = [np.argpartition(-part, depth - 1, axis=1)[:, :depth] for part in scores]
    item = np.sort(np.concatenate(best, axis=1), axis=1)
    near = np.stack([np.take_along_axis(part, item, axis=1) for part in scores])
    again = np.zeros(item.shape, dtype=bool)
    again[:, 1:] = item[:, 1:] == item[:, :-1]
    near[:, again] = -np.inf
    return near, np.take_along_axis(asked.toarray() > 0, item, axis=1) & ~again


def ndcg(
    scores: NDArray[np.float32], relevant: NDArray[np.bool_], n_relevant: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """nDCG@10 of each person, ``(n_profiles,)``; evaluation proper comes later in the flow."""
    k = min(K, scores.shape[1])
    top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    hits = np.take_along_axis(relevant, np.take_along_axis(top, order, axis=1), axis=1)
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.clip(n_relevant, 1, k) - 1]
    found: NDArray[np.float64] = hits @ discount / ideal
    return found
