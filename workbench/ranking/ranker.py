"""The second stage: gradient-boosted trees over the features of a pair (XGBoost)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import xgboost as xgb

from workbench.errors import DamagedArtifactError
from workbench.state import Arrays
from workbench.vocabulary import FloatArray


class Ranker:
    """Probability that a pair is relevant, as log-odds.

    Parameters
    ----------
    names : list of str
        Columns of every matrix, in order.
    monotone : sequence of int, optional
        One per column: 1, the score may only rise with it; -1, only fall; 0, free.
    n_trees, max_depth, eta, min_child_weight, reg_lambda, subsample, colsample : numbers
        Of XGBoost, under its own names but for the first and the last.
    seed, threads : int

    Source: Chen and Guestrin 2016, "XGBoost: a scalable tree boosting system".
    """

    def __init__(
        self,
        names: list[str],
        monotone: Sequence[int] | None = None,
        n_trees: int = 200,
        max_depth: int = 4,
        eta: float = 0.06,
        min_child_weight: float = 20.0,
        reg_lambda: float = 10.0,
        subsample: float = 0.8,
        colsample: float = 0.5,
        seed: int = 0,
        threads: int = 2,
    ) -> None:
        self.names = names
        self.n_trees = n_trees
        self.params: dict[str, Any] = {
            "objective": "binary:logistic",
            "max_depth": max_depth,
            "eta": eta,
            "min_child_weight": min_child_weight,
            "reg_lambda": reg_lambda,
            "subsample": subsample,
            "colsample_bytree": colsample,
            "tree_method": "hist",
            "max_bin": 128,
            "seed": seed,
            "monotone_constraints": tuple(monotone or [0] * len(names)),
            "nthread": threads,
            "verbosity": 0,
        }

    def fit(
        self,
        matrix: FloatArray,
        labels: FloatArray,
        say: Callable[[int], None] | None = None,
    ) -> Self:
        """Learn from pairs.

        Parameters
        ----------
        matrix : (n_pairs, n_features) float32
            NaN where unknown.
        labels : (n_pairs,)
            1 where the pair turned out relevant.
        say : callable, optional
            Hears how many trees have grown.
        """
        data = xgb.QuantileDMatrix(matrix, labels, max_bin=128, nthread=self.params["nthread"])
        heard = [] if say is None else [_Heard(say)]
        self.booster = xgb.train(self.params, data, self.n_trees, callbacks=heard)
        return self

    def predict(self, matrix: FloatArray) -> FloatArray:
        """Log-odds of each pair, ``(n_pairs,)`` float32."""
        if len(matrix) == 0:
            return np.zeros(0, dtype=np.float32)
        return self.booster.inplace_predict(matrix, predict_type="margin")  # type: ignore[no-any-return]

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Exact TreeSHAP values, ``(n_pairs, n_features + 1)``; the last column is the base.

        Each row adds up to ``predict``.

        Source: Lundberg, Erion, Lee 2018, "Consistent individualized feature attribution for
        tree ensembles", as implemented by XGBoost.
        """
        return self.booster.predict(xgb.DMatrix(matrix), pred_contribs=True)  # type: ignore[no-any-return]

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """See ``Recommender.state``; the trees are in XGBoost's own JSON."""
        trees = np.frombuffer(bytes(self.booster.save_raw("json")), dtype=np.uint8)
        return {"trees": trees}, {
            "names": self.names,
            "n_trees": self.n_trees,
            "params": self.params,
        }

    @classmethod
    def from_state(cls, arrays: Arrays, state: dict[str, Any]) -> Self:
        """See ``Recommender.from_state``."""
        trees = arrays["trees"].tobytes()
        try:
            json.loads(trees)  # a damaged model must not reach the native parser
        except ValueError as error:
            raise DamagedArtifactError("the trees of the ranker are not JSON") from error
        ranker = cls(state["names"], n_trees=state["n_trees"])
        ranker.params = state["params"]
        ranker.booster = xgb.Booster({"nthread": state["params"]["nthread"]})
        ranker.booster.load_model(bytearray(trees))
        return ranker


class _Heard(xgb.callback.TrainingCallback):
    """Tells how many trees have grown."""

    def __init__(self, say: Callable[[int], None]) -> None:
        self.say = say

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        self.say(epoch + 1)
        return False  # go on
