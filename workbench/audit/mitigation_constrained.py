"""Mending by constrained learning: Fairlearn's reductions on the ranker, as one expected score."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xgboost as xgb
from numpy.typing import NDArray

from workbench.audit.intervals import Floats, generator
from workbench.audit.mitigation_learning import Taught
from workbench.errors import DataError
from workbench.ranking.engine import Engine
from workbench.ranking.ranker import BINS, Ranker

EXPONENTIATED, GRID = "exponentiated gradient", "grid search"
CONSTRAINED: Mapping[str, tuple[float, ...]] = {
    EXPONENTIATED: (0.1, 0.02, 0.005),
    GRID: (0.1, 0.05, 0.02),
}
"""Name → strengths, from mild to strong: how far a group's rate may be from everybody's."""
CONSTRAINTS = {
    "demographic_parity": "DemographicParity",
    "equalized_odds": "EqualizedOdds",
    "equal_opportunity": "TruePositiveRateParity",
}
"""Our name (that of ``decision_parity``) → Fairlearn's moment."""
ROUNDS = 5
"""Of exponentiated gradient; each asks for two or three parts."""
POINTS, LIMIT, MOST_DIMENSIONS = 9, 1.0, 3
"""Of the grid. Multipliers above 1 outweigh the error, whose costs are near 1; for more dimensions
so few points would be no search."""
TREES, ETA = 30, 0.2
"""Of a part: it learns a correction of a score that is there."""
OTHERS = 4
"""Pairs without feedback that a part learns from, for each pair with it; drawn by seed, and
weighted so that they stand for all."""
SMALL = 1e-9


@dataclass(frozen=True, eq=False)
class Problem:
    """Lessons of which some are held to a constraint: those with feedback, of groups compared.

    A part is the engine's own score and a correction of it, boosted trees that learn from what
    Fairlearn relabels and weights; all other lessons stay as they are, so that a part still ranks.
    Its decision is score ≥ a threshold, the one that costs least of what it was asked; without a
    constraint that is Youden's, the threshold of ``audit.decision``. (Calibration keeps the order
    of scores, so it decides nothing more.) Group and attribute are never features.

    Attributes
    ----------
    ranker : Ranker
        The engine's.
    taught : Taught
    group : (n_pairs,) str
        Of each lesson.
    compared : sequence of str
    seed : int
    """

    ranker: Ranker
    taught: Taught
    group: NDArray[np.str_]
    compared: Sequence[str]
    seed: int

    @cached_property
    def held(self) -> NDArray[np.int64]:
        """Places of the lessons that are held to the constraint."""
        return np.flatnonzero(self.taught.observed & np.isin(self.group, list(self.compared)))

    @cached_property
    def relevant(self) -> NDArray[np.int64]:
        """Of the lessons held."""
        return self.taught.lessons.relevant[self.held].astype(np.int64)

    @cached_property
    def margin(self) -> Floats:
        """The engine's score of every lesson."""
        return self.ranker.predict(self.taught.lessons.matrix).astype(np.float64)

    def check(self) -> None:
        """Refuse lessons on which no decision can be compared.

        Raises
        ------
        DataError
            Fewer than two groups have feedback, or it says "relevant" of everything, or nothing.
        """
        there = sorted(set(self.group[self.held]))
        if len(there) < 2:
            raise DataError(f"feedback is of {len(there)} groups; a constraint compares two")
        if not 0 < self.relevant.sum() < len(self.relevant):
            raise DataError("the feedback says the same of everything that was met")

    @cached_property
    def _others(self) -> tuple[NDArray[np.int64], float]:
        """A sample of the other lessons, and how many each stands for."""
        rest = np.setdiff1d(np.arange(len(self.group)), self.held, assume_unique=True)
        n = min(len(rest), OTHERS * len(self.held))
        drawn = generator(self.seed, "constrained").permutation(len(rest))[:n]
        return rest[np.sort(drawn)], len(rest) / max(n, 1)

    @cached_property
    def _data(self) -> tuple[xgb.QuantileDMatrix, Floats]:
        """What a part learns from, the lessons held first; and the labels of the others."""
        others, _ = self._others
        places = np.concatenate([self.held, others])
        data = xgb.QuantileDMatrix(
            self.taught.lessons.matrix[places],
            base_margin=self.margin[places],
            max_bin=BINS,
            nthread=self.ranker.params["nthread"],
        )
        return data, self.taught.lessons.relevant[others].astype(np.float64)

    def correction(self, label: Floats, weight: Floats) -> xgb.Booster:
        """Trees that are added to the engine's score, learnt from relabelled lessons.

        Parameters
        ----------
        label, weight : (n_held,)
            The weights are scaled to a mean of 1, as the lessons are weighted that they replace.
        """
        data, theirs = self._data
        _, stands_for = self._others
        data.set_label(np.concatenate([label, theirs]))
        data.set_weight(np.concatenate([weight / weight.mean(), np.full(len(theirs), stands_for)]))
        # A base of 0 log-odds: the correction alone must be what is added.
        return xgb.train({**self.ranker.params, "eta": ETA, "base_score": 0.5}, data, TREES)

    def score(self, correction: xgb.Booster) -> Floats:
        """Of the lessons held, under a part."""
        matrix = self.taught.lessons.matrix[self.held]
        added = correction.inplace_predict(matrix, predict_type="margin")
        return self.margin[self.held] + added

    def moment(self, constraint: str, allowed: float) -> Any:
        """Fairlearn's constraint, whose cost without it is Youden's: both kinds of error alike."""
        from fairlearn import reductions

        share = self.relevant.mean()
        named = getattr(reductions, CONSTRAINTS[constraint])

        class Balanced(named):  # type: ignore[misc, valid-type]
            def default_objective(self) -> Any:
                costs = {"fp": 0.5 / (1 - share), "fn": 0.5 / share}
                return reductions.ErrorRate(costs=costs)

        return Balanced(difference_bound=allowed)


class Part:
    """An estimator as Fairlearn asks for it: one answer to one set of labels and weights."""

    def __init__(self, problem: Problem, say: Callable[[], None]) -> None:
        self.problem, self.say = problem, say

    def __deepcopy__(self, _: Any) -> Part:
        return Part(self.problem, self.say)  # a new one; the lessons are shared

    def fit(self, X: Any, y: Any, sample_weight: Any) -> Part:
        self.say()
        label, weight = np.asarray(y, np.float64), np.asarray(sample_weight, np.float64)
        self.correction = self.problem.correction(label, weight)
        score = self.problem.score(self.correction)
        self.decision = score >= least_costly(score, label, weight)
        return self

    def predict(self, X: Any) -> Floats:
        """0 or 1 for each lesson held, by its place in the first column."""
        return np.asarray(self.decision[np.asarray(X)[:, 0]], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Mixture:
    """Parts, and with which chance Fairlearn would ask each.

    Attributes
    ----------
    parts : list of Part
        Only those that are ever asked.
    weights : list of float
    """

    parts: list[Part]
    weights: list[float]

    def ranker(self, engine: Engine) -> Ranker:
        """One ranker whose score is the expected score: the parts' scores, by their weights.

        That is the engine's own score and each correction by its weight. A part that decides alike
        of every pair has no trees: it corrects nothing.
        """
        own = engine.ranker_
        plain = engine.ranker_of(engine.features_)
        plain.trees = own.trees
        plain.boosters = [*own.boosters, *(part.correction for part in self.parts)]
        plain.weights = [*own.shares, *self.weights]
        plain.n_bags = len(plain.boosters)
        return plain


def mixtures(
    name: str, problem: Problem, constraint: str, strengths: Sequence[float], say: Any
) -> Iterator[tuple[float, Mixture]]:
    """What a reduction finds at each strength.

    Parameters
    ----------
    name : str
        Of ``CONSTRAINED``. "exponentiated gradient": the mixture that Fairlearn's
        ``ExponentiatedGradient`` would draw from. "grid search": of the points of one
        ``GridSearch`` that with the least error within the allowed difference, or that with the
        least difference.
    problem : Problem
    constraint : str
    strengths : sequence of float
    say : callable
        Hears of every part.

    Source: Agarwal, Beygelzimer, Dudík, Langford, Wallach 2018, "A reductions approach to fair
    classification".
    """
    from fairlearn import reductions

    place = np.arange(len(problem.held))[:, None]
    asked = {"y": problem.relevant, "sensitive_features": problem.group[problem.held]}
    if name == EXPONENTIATED:
        for allowed in strengths:
            part = Part(problem, _counted(f"{name} at {allowed:g}", say))
            made = reductions.ExponentiatedGradient(
                part, problem.moment(constraint, allowed), eps=allowed, max_iter=ROUNDS
            )
            with _quiet():
                made.fit(place, **asked)
            yield allowed, _mixture(dict(enumerate(made.predictors_)), dict(made.weights_.items()))
        return
    part = Part(problem, _counted(name, say))
    grid = reductions.GridSearch(
        part, problem.moment(constraint, min(strengths)), grid_size=POINTS, grid_limit=LIMIT
    )
    with _quiet():
        grid.fit(place, **asked)
    errors, gaps = np.array(grid.objectives_), grid.gammas_.max().to_numpy()
    for allowed in strengths:
        within = gaps <= allowed
        best = np.where(within, errors, np.inf).argmin() if within.any() else gaps.argmin()
        yield allowed, _mixture(dict(enumerate(grid.predictors_)), {int(best): 1.0})


def dimensions(constraint: str, n_groups: int) -> int:
    """Of the grid: multipliers that are free."""
    return (2 if constraint == "equalized_odds" else 1) * (n_groups - 1)


def least_costly(score: Floats, label: Floats, weight: Floats) -> float:
    """The threshold at which deciding by ``score >= threshold`` costs least, the highest of equals.

    Infinite where it costs least to decide "no" of everything.
    """
    order = np.argsort(-score, kind="stable")
    gain = np.cumsum((weight * (2 * label - 1))[order])
    ends = np.append(np.diff(score[order]) != 0, True)  # equal scores are decided alike
    best = int(np.where(ends, gain, -np.inf).argmax())
    return float(score[order][best]) if gain[best] > 0 else np.inf


def _mixture(parts: Mapping[int, Any], weights: Mapping[int, float]) -> Mixture:
    asked = [i for i in parts if weights.get(i, 0.0) > SMALL and isinstance(parts[i], Part)]
    return Mixture([parts[i] for i in asked], [float(weights[i]) for i in asked])


def _counted(what: str, say: Callable[[str], None]) -> Callable[[], None]:
    done = 0

    def heard() -> None:
        nonlocal done
        done += 1
        say(f"{what}, part {done}")

    return heard


@contextmanager
def _quiet() -> Iterator[None]:
    """Fairlearn's own ways with a Series, which pandas 3 deprecates, are not the caller's concern.

    ``Series.at`` with a new key, and a bool put into floats; both still do what they did.
    """
    words = "Setting (a value on a Series via .at|an item of incompatible dtype)"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", words, DeprecationWarning, r"fairlearn\.reductions")
        yield
