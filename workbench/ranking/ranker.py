"""The second stage: gradient-boosted trees over the features of a pair (XGBoost)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import xgboost as xgb

from workbench.errors import ArgumentError, DamagedArtifactError
from workbench.models.parameters import (
    check_above,
    check_number,
    check_seed,
    check_whole,
    check_word,
)
from workbench.ranking.lessons import Lessons
from workbench.state import Arrays
from workbench.vocabulary import FloatArray

MEASURES = {"binary:logistic": "logloss", "rank:ndcg": "ndcg@10", "rank:pairwise": "ndcg@10"}
"""Objectives, and what early stopping looks at with each."""
VALIDATION = 0.2
"""Share of the people on whom early stopping looks."""
BINS = 128


class Ranker:
    """Scores of pairs by boosted trees, from their features.

    Parameters
    ----------
    names : list of str
        Columns of every matrix, in order.
    objective : str
        "binary:logistic": each pair by itself, the score is the log-odds of "relevant".
        "rank:ndcg", "rank:pairwise": pairs of one question against each other; the score is a
        margin, whose differences within a list order it and whose level means nothing.
    monotone : sequence of int, optional
        One per column: 1, the score may only rise with it; -1, only fall; 0, free.
    n_trees, max_depth, eta, min_child_weight, reg_lambda, subsample, colsample : numbers
        Of XGBoost, under its own names but for the first and the last.
    n_bags : int
        So many boosters, each by another seed; the score is their mean.
    early_stopping : int, optional
        Look for the number of trees, at most ``n_trees``: the best for a fifth of the people,
        chosen by seed, of which the others know nothing, found when so many trees more bring
        nothing. Then that many are grown on everybody.
    seed, threads : int

    Attributes
    ----------
    trees : int
        Trees of each booster.
    weights : list of float or None
        How much each booster counts, where their sum by these weights is the score rather than
        their mean: a ranker that was put together, see ``audit.mitigation_constrained``.

    Notes
    -----
    Measured as the lessons of ``lessons.gathered`` were: against "binary:logistic", "rank:ndcg"
    and "rank:pairwise" (``min_child_weight=1``: their weights are small) ranked better after one
    to ten events (+0.002 to +0.009) and worse with all (-0.005 to -0.006); three bags gained
    nothing with all events and 0.001 to 0.004 with few.

    Source: Chen and Guestrin 2016, "XGBoost: a scalable tree boosting system"; the ranking
    objectives are LambdaMART of Burges 2010, "From RankNet to LambdaRank to LambdaMART"; bags as
    in Breiman 1996, "Bagging predictors", by the seeds of subsample and colsample.
    """

    def __init__(
        self,
        names: list[str],
        objective: str = "binary:logistic",
        monotone: Sequence[int] | None = None,
        n_trees: int = 200,
        max_depth: int = 4,
        eta: float = 0.06,
        min_child_weight: float = 20.0,
        reg_lambda: float = 10.0,
        subsample: float = 0.8,
        colsample: float = 0.5,
        n_bags: int = 1,
        early_stopping: int | None = None,
        seed: int = 0,
        threads: int = 2,
    ) -> None:
        check_word("objective", objective, tuple(MEASURES))
        for name, value in (
            ("n_trees", n_trees),
            ("max_depth", max_depth),
            ("n_bags", n_bags),
            ("early_stopping", 1 if early_stopping is None else early_stopping),
            ("threads", threads),
        ):
            check_whole(name, value)
        for name, share in (("eta", eta), ("subsample", subsample), ("colsample", colsample)):
            check_above(name, share, most=1)
        for name, weight in (("min_child_weight", min_child_weight), ("reg_lambda", reg_lambda)):
            check_number(name, weight)
        check_seed(seed)
        self.names = names
        self.n_trees = n_trees
        self.n_bags = n_bags
        self.early_stopping = early_stopping
        self.weights: list[float] | None = None
        self.params: dict[str, Any] = {
            "objective": objective,
            "eval_metric": MEASURES[objective],
            "max_depth": max_depth,
            "eta": eta,
            "min_child_weight": min_child_weight,
            "reg_lambda": reg_lambda,
            "subsample": subsample,
            "colsample_bytree": colsample,
            "tree_method": "hist",
            "max_bin": BINS,
            "seed": seed,
            "monotone_constraints": tuple(monotone or [0] * len(names)),
            "nthread": threads,
            "verbosity": 0,
        }

    def fit(self, lessons: Lessons, say: Callable[[str], None] = lambda what: None) -> Self:
        """Learn from pairs.

        Parameters
        ----------
        lessons : Lessons
        say : callable
            Hears how many trees have grown.
        """
        self.trees = self.n_trees
        if self.early_stopping is not None:
            self.trees = self._enough(lessons, say)
        data, total = self._data(lessons), self.n_bags * self.trees
        self.boosters = [
            xgb.train(
                {**self.params, "seed": self.params["seed"] + bag},
                data,
                self.trees,
                callbacks=[_Heard(say, "growing trees", bag * self.trees, total)],
            )
            for bag in range(self.n_bags)
        ]
        return self

    def _enough(self, lessons: Lessons, say: Callable[[str], None]) -> int:
        """Number of trees after which more bring nothing to people not learnt from."""
        people = np.unique(lessons.person)
        draw = np.random.default_rng(self.params["seed"])
        held = people[draw.permutation(len(people))[: max(1, round(VALIDATION * len(people)))]]
        aside = np.isin(lessons.person, held)
        if aside.all() or not lessons.relevant[aside].any() or not lessons.relevant[~aside].any():
            return self.n_trees  # too few people to hold any out
        data = self._data(lessons.of(~aside))
        booster = xgb.train(
            self.params,
            data,
            self.n_trees,
            evals=[(self._data(lessons.of(aside), data), "held_out")],
            early_stopping_rounds=self.early_stopping,
            verbose_eval=False,
            callbacks=[_Heard(say, "looking for the number of trees", 0, self.n_trees)],
        )
        return int(booster.best_iteration) + 1

    def _data(
        self, lessons: Lessons, like: xgb.QuantileDMatrix | None = None
    ) -> xgb.QuantileDMatrix:
        ranks = self.params["objective"].startswith("rank:")
        return xgb.QuantileDMatrix(
            lessons.matrix,
            lessons.relevant,
            qid=lessons.question if ranks else None,
            max_bin=BINS,
            nthread=self.params["nthread"],
            ref=like,
        )

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Score of each pair, ``(n_pairs,)`` float32."""
        if len(matrix) == 0:
            return np.zeros(0, dtype=np.float32)
        parts = [b.inplace_predict(matrix, predict_type="margin") for b in self.boosters]
        return np.asarray(self.together(parts))

    @property
    def shares(self) -> list[float]:
        """How much of the score each booster is."""
        return self.weights or [1 / len(self.boosters)] * len(self.boosters)

    def together(self, parts: Sequence[Any]) -> Any:
        """What the boosters say of the same, one array each, put together as the score is.

        Added in order, so that a row is the same to the bit in any batch.
        """
        if self.weights is not None:
            parts = [
                part.dtype.type(weight) * part
                for part, weight in zip(parts, self.weights, strict=True)
            ]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        plain = self.weights is not None or len(parts) == 1
        return total if plain else total / total.dtype.type(len(parts))

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Exact TreeSHAP values, ``(n_pairs, n_features + 1)``; the last column is the base.

        Each row adds up to ``predict``. Of several boosters they are put together as the scores
        are (the mean, or the weighted sum), which adds up too.

        Source: Lundberg, Erion, Lee 2018, "Consistent individualized feature attribution for
        tree ensembles", as implemented by XGBoost.
        """
        data = xgb.DMatrix(matrix)
        parts = [booster.predict(data, pred_contribs=True) for booster in self.boosters]
        return np.asarray(self.together(parts))

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """See ``Recommender.state``; the trees are in XGBoost's own JSON, one per booster."""
        trees = {
            f"trees_{bag}": np.frombuffer(bytes(booster.save_raw("json")), dtype=np.uint8)
            for bag, booster in enumerate(self.boosters)
        }
        settings = ("names", "n_trees", "n_bags", "early_stopping", "params", "trees", "weights")
        return trees, {name: getattr(self, name) for name in settings}

    @classmethod
    def from_state(cls, arrays: Arrays, state: dict[str, Any]) -> Self:
        """See ``Recommender.from_state``."""
        ranker = cls(state["names"])
        for name, value in state.items():
            setattr(ranker, name, value)
        # JSON made a list of it, which XGBoost takes for no constraints by column.
        ways = ranker.params["monotone_constraints"]
        ranker.params["monotone_constraints"] = tuple(ways)
        ranker.boosters = []
        for bag in range(ranker.n_bags):
            trees = arrays[f"trees_{bag}"].tobytes()
            try:
                json.loads(trees)  # a damaged model must not reach the native parser
            except ValueError as error:
                raise DamagedArtifactError("the trees of the ranker are not JSON") from error
            booster = xgb.Booster({"nthread": ranker.params["nthread"]})
            booster.load_model(bytearray(trees))
            ranker.boosters.append(booster)
        return ranker


def check_ways(monotone: Mapping[str, int]) -> None:
    """Refuse a constraint that is none."""
    if not isinstance(monotone, Mapping):
        raise ArgumentError(f"monotone must be by name of a feature, not {monotone!r}")
    for name, way in monotone.items():
        if way not in (-1, 0, 1):
            raise ArgumentError(f"monotone: {name!r} must be 1, -1 or 0, not {way!r}")


def check_columns(names: list[str], monotone: Mapping[str, int]) -> None:
    """Refuse two features of one name, and a constraint on none of them."""
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ArgumentError(f"features: the name {sorted(twice)[0]!r} is taken; choose another")
    for name in monotone:
        if name not in names:
            raise ArgumentError(
                f"monotone: {name!r} is no feature of this engine; there are {', '.join(names)}"
            )


class _Heard(xgb.callback.TrainingCallback):
    """Tells how many trees have grown."""

    def __init__(self, say: Callable[[str], None], what: str, before: int, total: int) -> None:
        self.say, self.what, self.before, self.total = say, what, before, total

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        self.say(f"{self.what} ({self.before + epoch + 1} of {self.total})")
        return False  # go on
