"""Stack: ratings predicted from what several models predict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workbench.columns import ITEM, USER, VALUE
from workbench.data.dataset import Dataset
from workbench.data.split import Split, split
from workbench.errors import ArgumentError, DataError
from workbench.models.base import Recommender
from workbench.models.composite import Composite, Part
from workbench.models.parameters import check_above, check_seed, check_whole
from workbench.models.ratings import RatingModel
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray, Vocabulary

BOOSTED, LINEAR = "boosted", "linear"
FEWEST = 100
"""Values below which there is nothing to learn a combination from."""
ROWS = 2_000_000
"""Pairs that are combined at one moment."""


class Stack(Composite, RatingModel):
    """Ratings learnt from the scores of several models, which never saw the rating in question.

    The log is cut into ``n_folds`` by a seeded hash; each part, fitted without a fold, scores the
    fold's pairs from the histories that are left. From these out-of-fold scores, the number of
    events of the person and of the item a regression learns the values; then the parts are
    fitted on the whole log. The scores of the stack are what the regression makes of theirs,
    clipped to the range of the training values. A part that rates and cannot say counts with the
    mean of those that can. Where the log is too small to be cut, the score is that mean.

    Parameters
    ----------
    parts : sequence of str or Recommender, optional
        At least one that rates. By default Surprise's "svd", "svdpp", "nmf", "slope-one",
        "baseline" and "knn-baseline" by item, by user, and by user around means, with "content",
        "ease" and "als", less those that the log cannot feed.
    final : str
        "boosted", trees of XGBoost, or "linear", least squares with a ridge on the scores of the
        parts that rate.
    n_folds : int
        At least 2.
    n_trees, max_depth, eta : int, int, float
        Of the trees.
    reg : float
        Ridge of the least squares.
    seed : int
        Of the folds and the trees.

    Attributes
    ----------
    rates_ : list of bool
        Which parts predict ratings; the scores of the others are only read by the trees.

    Source: Wolpert 1992, "Stacked generalization"; over collaborative filters as in Sill, Takács,
    Mackey, Lin 2009, "Feature-weighted linear stacking". Its trees: Chen and Guestrin 2016,
    "XGBoost".
    """

    name = "stack"
    DEFAULT = (
        "svd", "svdpp", "nmf", "slope-one", "baseline", "knn-baseline",
        ("knn-baseline", {"by": "user"}), ("knn-baseline", {"by": "user", "kind": "means"}),
        "content", "ease", "als",
    )  # fmt: skip

    def __init__(
        self,
        parts: Sequence[Part] | None = None,
        final: str = BOOSTED,
        n_folds: int = 3,
        n_trees: int = 300,
        max_depth: int = 5,
        eta: float = 0.03,
        reg: float = 1.0,
        seed: int = 0,
    ) -> None:
        if final not in (BOOSTED, LINEAR):
            raise ArgumentError(f"final must be {BOOSTED!r} or {LINEAR!r}, not {final!r}")
        check_whole("n_folds", n_folds, 2)
        check_whole("n_trees", n_trees, 1)
        check_whole("max_depth", max_depth, 1)
        check_above("eta", eta, most=1)
        check_above("reg", reg)
        check_seed(seed)
        self._take(parts)
        if self.parts is not None and not any(
            part.scale == "rating" for part in self._fresh(frozenset())
        ):
            raise ArgumentError("parts must hold at least one that rates, such as 'svd'")
        self.final = final
        self.n_folds = n_folds
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.eta = eta
        self.reg = reg
        self.seed = seed

    # --- learning -----------------------------------------------------------------------------

    def fit(self, dataset: Dataset) -> Self:
        self.rates_ = [part.scale == "rating" for part in self._fresh(dataset.has)]
        self.trees_ = np.zeros(0, np.uint8)
        self.weights_: list[float] = []
        lessons = list(self._lessons(dataset))
        if lessons:
            x, y = (np.concatenate(part) for part in zip(*lessons, strict=True))
            if len(y) >= FEWEST:
                self._combine(x, y)
        self.parts_ = self._fitted(dataset)
        people = dataset.profiles()
        values = people.value[np.isfinite(people.value)]
        self.range_ = [float(values.min()), float(values.max())]
        self.n_events_ = _n_events(people)
        return self

    def _lessons(self, dataset: Dataset) -> Iterator[tuple[FloatArray, NDArray[np.float64]]]:
        """What the parts say of each fold that they were not fitted on, and the values."""
        for fold in range(self.n_folds):
            try:
                cut = split(dataset, "k-fold", n_folds=self.n_folds, fold=fold, seed=self.seed)
                assert isinstance(cut, Split)
                parts = self._fitted(cut.train)
            except DataError:
                return
            asked = cut.test.filter(cut.test[VALUE].is_finite())
            if asked.height == 0:
                continue
            ids = Vocabulary(asked[USER])
            people = cut.train.profiles(ids.ids)
            row, item = ids.codes(asked[USER]), cut.train.catalogue.codes(asked[ITEM])
            n_events = _n_events(cut.train.profiles())
            scores = [_of_pairs(part, people, row, item) for part in parts]
            x = self._columns(scores, people.n_met[row], n_events[item])
            yield x, asked[VALUE].to_numpy().astype(np.float64)

    def _combine(self, x: FloatArray, y: NDArray[np.float64]) -> None:
        known = np.isfinite(x[:, : len(self.rates_)][:, self.rates_]).all(axis=1)
        x, y = x[known], y[known]
        if len(y) < FEWEST:
            return
        if self.final == LINEAR:
            z = x[:, : len(self.rates_)][:, self.rates_].astype(np.float64)
            mean, level = z.mean(axis=0), y.mean()
            centred = z - mean
            gram = centred.T @ centred + self.reg * np.eye(z.shape[1])
            weights = np.linalg.solve(gram, centred.T @ (y - level))
            self.weights_ = [*map(float, weights), float(level - mean @ weights)]
            return
        import xgboost as xgb

        settings = {
            "max_depth": self.max_depth, "eta": self.eta, "min_child_weight": 30,
            "subsample": 0.8, "colsample_bytree": 0.6, "seed": self.seed, "nthread": 2,
            "base_score": float(y.mean()), "verbosity": 0,
        }  # fmt: skip
        booster = xgb.train(settings, xgb.DMatrix(x, y), self.n_trees)
        self.trees_ = np.frombuffer(bytes(booster.save_raw("json")), dtype=np.uint8)

    # --- scoring ------------------------------------------------------------------------------

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n_items = len(profiles.catalogue) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        predict = self._predictor()
        size = max(ROWS // max(n_items, 1), 1)
        for place, block in profiles.blocks(min(size, 1024)):
            said = [part.score(block, items).ravel() for part in self.parts_]
            n_events = self.n_events_ if items is None else self.n_events_[items]
            x = self._columns(said, np.repeat(block.n_met, n_items), np.tile(n_events, len(block)))
            found = np.clip(predict(x), *self.range_)
            scores[place] = found.reshape(len(block), n_items)
        return scores

    def _of_pairs(self, block: Profiles, row: IntArray, item: IntArray) -> NDArray[Any]:
        """See ``RatingModel``."""
        said = [_of_pairs(part, block, row, item) for part in self.parts_]
        x = self._columns(said, block.n_met[row], self.n_events_[item])
        return np.clip(self._predictor()(x), *self.range_)

    def _columns(
        self, scores: list[FloatArray], met: NDArray[Any], n_events: NDArray[Any]
    ) -> FloatArray:
        """One row per pair: what each part says, and how much is known of the two."""
        x = np.column_stack([*scores, np.log1p(met), np.log1p(n_events)]).astype(np.float32)
        rated = x[:, : len(self.rates_)][:, self.rates_]
        known = np.isfinite(rated)
        number = known.sum(axis=1)
        mean = np.where(known, rated, 0).sum(axis=1) / np.maximum(number, 1)
        mean = np.where(number > 0, mean, np.nan).astype(np.float32)
        places = np.flatnonzero(self.rates_)
        x[:, places] = np.where(known, rated, mean[:, None])
        return x

    def _predictor(self) -> Any:
        """From columns to values; NaN where no part that rates can say."""
        rates = np.flatnonzero(self.rates_)

        def mean(x: FloatArray) -> FloatArray:
            return x[:, rates].mean(axis=1)

        def linear(x: FloatArray) -> NDArray[np.float64]:
            found = np.full(len(x), self.weights_[-1])
            for place, weight in zip(rates, self.weights_, strict=False):
                found += weight * x[:, place]
            return found

        def boosted(x: FloatArray) -> FloatArray:
            found: FloatArray = booster.inplace_predict(x)
            return np.where(np.isfinite(x[:, rates[0]]), found, np.float32(np.nan))

        if self.weights_:
            return linear
        if not len(self.trees_):
            return mean
        import xgboost as xgb

        booster = xgb.Booster({"nthread": 2})
        booster.load_model(bytearray(self.trees_.tobytes()))
        return boosted


def _of_pairs(
    part: Recommender, people: Profiles, row: IntArray, item: IntArray
) -> NDArray[np.float32]:
    """``part.score(people)[row, item]``, without the whole table where the part can do so."""
    if isinstance(part, RatingModel):
        return part.predicted(people, row, item)
    found = np.empty(len(row), dtype=np.float32)
    for place, block in people.blocks():
        here = np.flatnonzero((row >= place.start) & (row < place.stop))
        found[here] = part.score(block)[row[here] - place.start, item[here]]
    return found


def _n_events(people: Profiles) -> IntArray:
    """People who met each item, ``(n_items,)``."""
    return np.bincount(people.item[people.counts], minlength=len(people.catalogue))
