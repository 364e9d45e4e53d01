"""Hybrids: several models as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.data.dataset import Dataset
from workbench.data.split import Split, split
from workbench.errors import ArgumentError, DataError
from workbench.models.base import Recommender
from workbench.models.baseline import Baseline
from workbench.models.content import Content
from workbench.models.factors import ALS, SVD
from workbench.models.linear import EASE
from workbench.models.neighbours import ItemKNN, UserKNN
from workbench.models.nonnegative import NMF
from workbench.models.plus import SVDpp
from workbench.models.popularity import Popularity, RecentPopularity
from workbench.models.rating_neighbours import KNNBaseline
from workbench.models.rules import Rules
from workbench.models.slope_one import SlopeOne
from workbench.models.sparse_linear import SLIM
from workbench.models.temporal import Following, Session, Trending
from workbench.models.walks import RP3beta
from workbench.profiles import Profiles
from workbench.state import Arrays, decoded, encoded
from workbench.vocabulary import FloatArray, IntArray

PARTS: Mapping[str, type[Recommender]] = {
    cls.name: cls
    for cls in (
        ALS, Baseline, Content, EASE, Following, ItemKNN, KNNBaseline, NMF, Popularity,
        RecentPopularity, RP3beta, Rules, Session, SLIM, SlopeOne, SVD, SVDpp, Trending, UserKNN,
    )
}  # fmt: skip
DEFAULT = ("ease", "als", "item-knn", "user-knn", "session", "following")
"""The strongest models of the package that read nothing but the log."""
LEARNED = "learned"
TRIED = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Weights that the search tries for one part while the others stay."""
ROUNDS = 3
K = 10
DEPTH = 100
"""The search looks only at items among so many best ones of some part: the top 10 of their sum is
hardly ever elsewhere."""
BLOCK_BYTES = 400_000_000
"""Scores that the search holds at once: more people than fit are thinned out evenly."""


class Blend(Recommender):
    """Weighted sum of the standardised scores of several models.

    ``score = sum over parts of weight * (s - mean) / sd``, for each person by itself, mean and
    standard deviation over the items outside the history (an event of weight 0 does not count).
    What a part cannot say (NaN) counts as its mean; what no part can say is NaN. Where only one
    weight is above 0 the scores are that part's own, so the ranking is exactly its.

    Parameters
    ----------
    parts : sequence of str or Recommender, optional
        Names of models of this package with their defaults, or models; a model that is given is
        not fitted itself, a new one with its parameters is. By default ``DEFAULT``, less those
        that the log cannot feed.
    weights : sequence of float, or "learned"
        One for each part, 0 or more. Learned: all start at 1, and one after the other is set to
        what gives the best nDCG@10 on a fifth of the training log (the last events of each
        person where there are timestamps, else a seeded random choice), as long as the gain is
        above its standard error; then the parts are fitted on the whole log. Where the log is
        too small to be cut, all stay 1.
    seed : int
        Of the random cut.

    Attributes
    ----------
    weights_ : list of float
    validation_ : dict
        nDCG@10 on the inner cut with all weights 1 ("equal") and with those learned ("learned"),
        and its number of people ("n"); empty where nothing was learned. The weights were chosen
        on these very people, so "learned" is optimistic: measure the blend on a test of its own.

    Source: CombSUM of Fox and Shaw 1994, "Combination of multiple searches", on standard scores;
    the weighted hybrid of Burke 2002, "Hybrid recommender systems".
    """

    name = "blend"

    def __init__(
        self,
        parts: Sequence[str | Recommender] | None = None,
        weights: Sequence[float] | str = LEARNED,
        seed: int = 0,
    ) -> None:
        if isinstance(parts, str) or (parts is not None and not len(parts)):
            raise ArgumentError(f"parts must be a list of models or names, not {parts!r}")
        if isinstance(weights, str):
            if weights != LEARNED:
                raise ArgumentError(f"weights must be numbers or {LEARNED!r}, not {weights!r}")
        else:
            if parts is None:
                raise ArgumentError("weights need parts; give both, or let both be chosen")
            if len(weights) != len(parts):
                raise ArgumentError(f"weights: {len(weights)} of them for {len(parts)} parts")
            if not all(0 <= weight < np.inf for weight in weights) or not any(weights):
                raise ArgumentError(
                    f"weights must be 0 or more, and one above 0, not {list(weights)!r}"
                )
        self.parts = None if parts is None else tuple(parts)
        self.weights = weights if isinstance(weights, str) else [float(w) for w in weights]
        self.seed = seed
        if self.parts is not None:
            fresh = self._fresh(frozenset())
            self.needs = frozenset().union(*(part.needs for part in fresh))
            self.uses = frozenset().union(*(part.uses for part in fresh))
            self.personalised = any(part.personalised for part in fresh)

    def _fresh(self, has: frozenset[str]) -> list[Recommender]:
        """Unfitted parts, for a log that ``has`` so much."""
        if self.parts is None:
            return [PARTS[name]() for name in DEFAULT if PARTS[name].needs <= has]
        made = []
        for part in self.parts:
            if isinstance(part, str):
                if part not in PARTS:
                    raise ArgumentError(f"parts: {part!r} is no part; there are {sorted(PARTS)}")
                made.append(PARTS[part]())
            elif isinstance(part, Recommender):
                made.append(type(part)(**part.params()))
            else:
                raise ArgumentError(f"parts: {part!r} is neither a name nor a Recommender")
        return made

    def fit(self, dataset: Dataset) -> Self:
        self.validation_: dict[str, float] = {}
        fresh = self._fresh(dataset.has)
        self.weights_ = [1.0] * len(fresh)
        if not isinstance(self.weights, str):
            self.weights_ = list(self.weights)
        elif len(fresh) > 1:
            self._learn(dataset)
        self.parts_ = [part.fit(dataset) for part in fresh]
        return self

    def _learn(self, dataset: Dataset) -> None:
        method = "per-user-time" if "timestamps" in dataset.has else "random"
        try:
            inner = split(dataset, method, test_fraction=0.2, seed=self.seed)
        except DataError:
            return
        assert isinstance(inner, Split)
        people, asked = inner.people()[1], inner.relevant_matrix()
        if len(people) < 2:
            return
        fits = max(2, BLOCK_BYTES // (4 * dataset.n_items * len(self.weights_)))
        rows = np.unique(np.linspace(0, len(people) - 1, min(fits, len(people))).astype(int))
        people, asked = people[rows], asked[rows]
        parts = [part.fit(inner.train) for part in self._fresh(dataset.has)]
        scores = np.stack([standardised(p.score(people), people).astype("f4") for p in parts])
        self.weights_, equal, best = searched(scores, people, asked)
        self.validation_ = {"equal": equal, "learned": best, "n": len(people)}

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

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """See ``Recommender.state``. A part that was given as a model is saved once, fitted."""
        self._require_fitted()
        names = self.parts and [part if isinstance(part, str) else None for part in self.parts]
        return encoded(
            {
                "params": {"parts": names, "weights": self.weights, "seed": self.seed},
                "catalogue": self.catalogue,
                "fitted_on": self.fitted_on,
                "weights_": self.weights_,
                "validation_": self.validation_,
                "parts_": self.parts_,
            }
        )

    @classmethod
    def from_state(cls, arrays: Arrays, json: dict[str, Any]) -> Self:
        """See ``Recommender.from_state``."""
        content = decoded(arrays, json)
        params = content["params"]
        params["parts"] = params["parts"] and [
            name if name is not None else type(part)(**part.params())
            for name, part in zip(params["parts"], content["parts_"], strict=True)
        ]
        model = cls(**params)
        for name in ("catalogue", "weights_", "validation_", "parts_"):
            setattr(model, name, content[name])
        model.fitted_on = content.get("fitted_on")
        return model


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


def searched(
    scores: NDArray[np.float32], people: Profiles, asked: sparse.csr_array
) -> tuple[list[float], float, float]:
    """Weights by coordinate search, from all 1.

    Parameters
    ----------
    scores : (n_parts, n_profiles, n_items)
        Standardised.
    people : Profiles
        At least two.
    asked : (n_profiles, n_items), sparse
        1 where an item is relevant.

    Returns
    -------
    weights : list of float
    equal, best : float
        Mean nDCG@10 with all 1 and with these.
    """
    for part in scores:
        part[people.seen.nonzero()] = -np.inf
    near, relevant = _candidates(scores, asked)
    n_relevant = np.diff(asked.indptr)

    def measured(weights: list[float]) -> NDArray[np.float64]:
        total = sum(w * part for w, part in zip(weights, near, strict=True) if w > 0)
        return _ndcg(total, relevant, n_relevant)

    weights = [1.0] * len(scores)
    best = measured(weights)
    equal = float(best.mean())
    for _ in range(ROUNDS):
        before = list(weights)
        for part in range(len(weights)):
            for tried in TRIED:
                other = [*weights[:part], tried, *weights[part + 1 :]]
                if other == weights or not any(other):
                    continue
                gain = (found := measured(other)) - best
                # The tolerance: a gain of one person alone is its own standard error.
                if gain.mean() > 1.001 * gain.std(ddof=1) / np.sqrt(len(gain)) + 1e-12:
                    weights, best = other, found
        if weights == before:
            break
    return weights, equal, float(best.mean())


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


def _ndcg(
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
