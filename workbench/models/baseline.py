"""Baseline: what a rating is before any taste, the level of the item and of the person."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.models.foldin import Floats
from workbench.models.parameters import check_above, check_number, check_whole, check_word
from workbench.models.rating_factors import RatingFactors
from workbench.models.ratings import RatingLog


class Baseline(RatingFactors):
    """``mean + b_i + b_u``, clipped to the range of the training values, trained by Surprise.

    ``b_u = sum of w (v - mean - b_i) / (reg_bias + sum of w)`` over the person's values: with
    ``method="als"`` this is Surprise's own last step, so the scores of training people are its
    predictions. Everybody's list is in one order: a measure for models that know tastes.

    Parameters
    ----------
    method : str
        "als", alternating least squares, or "sgd", stochastic gradient descent, which depends
        (a little) on the order of the people.
    n_epochs : int
        Rounds of training (Surprise: 10 for "als", 20 for "sgd").
    reg_bias : float
        Ridge on ``b_u``: in the fold-in, and in the training by "als".
    training_reg : float
        Ridge of the training: on ``b_i`` for "als" (10 in Surprise), on all for "sgd" (0.02).
    learning_rate : float
        Of "sgd".

    Source: Koren 2010, "Factor in the neighbors", section 2.1.
    """

    name = "baseline"
    RIDGES = ("reg_bias",)

    def __init__(
        self,
        method: str = "als",
        n_epochs: int = 10,
        reg_bias: float = 15.0,
        training_reg: float | None = None,
        learning_rate: float = 0.005,
    ) -> None:
        check_word("method", method, ("als", "sgd"))
        check_whole("n_epochs", n_epochs, 1)
        check_above("reg_bias", reg_bias)
        if training_reg is not None:
            check_number("training_reg", training_reg)
        check_above("learning_rate", learning_rate)
        self.method = method
        self.n_epochs = n_epochs
        self.reg_bias = reg_bias
        self.training_reg = training_reg
        self.learning_rate = learning_rate

    def _learn(self, log: RatingLog) -> tuple[Any, Floats]:
        options: dict[str, Any] = {"method": self.method, "n_epochs": self.n_epochs}
        if self.method == "als":
            items = 10.0 if self.training_reg is None else self.training_reg
            options.update(reg_u=self.reg_bias, reg_i=items)
        else:
            ridge = 0.02 if self.training_reg is None else self.training_reg
            options.update(reg=ridge, learning_rate=self.learning_rate)
        trained = trained_baselines(log, **options)
        self.vectors_ = np.ones((log.dataset.n_items, 1))
        self.offsets_ = trained.trainset.global_mean + log.by_item(trained, trained.bi, np.nan)
        return trained, log.by_person(trained, trained.bu)[:, None]

    def _pace(self) -> str:
        return super()._pace() if self.method == "sgd" else "method='als';"

    def _ridge(self) -> Floats:
        return np.array([self.reg_bias])


def trained_baselines(log: RatingLog, **options: Any) -> Any:
    """Surprise's BaselineOnly, trained on a log with its ``bsl_options``."""
    from surprise import BaselineOnly

    return log.trained(BaselineOnly(bsl_options=options, verbose=False))
