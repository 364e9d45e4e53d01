"""RMSE and MAE: one row per person, pooled over ratings, nothing dropped in silence."""

import numpy as np
import polars as pl
import pytest

from workbench.data.checkerboard import checkerboard
from workbench.data.dataset import Dataset
from workbench.data.split import Split, split
from workbench.errors import ArgumentError, CapabilityError, DataError, NotFittedError
from workbench.evaluation.ratings import evaluate_ratings, pooled
from workbench.evaluation.uncertainty import compare, summarise
from workbench.models.base import Recommender
from workbench.models.popularity import Popularity


class ItemMean(Recommender):
    """The mean rating of each item, plus half a point per event of the person; NaN if unrated."""

    name = "item-mean"
    scale = "rating"

    def fit(self, dataset):
        people = dataset.profiles()
        size = dataset.n_items
        count = np.bincount(people.item, minlength=size)
        total = np.bincount(people.item, people.value, minlength=size)
        self.mean_ = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
        return self

    def score(self, profiles, items=None):
        mean = self.mean_ if items is None else self.mean_[items]
        return (mean[None] + profiles.lengths[:, None] / 2).astype(np.float32)


def test_errors_by_hand(by_hand):
    rows = evaluate_ratings(ItemMean().fit(by_hand.train), by_hand)
    # Means in training: 1: 14/3, 2: 7/2, 3: 3/2, 4: 5; nobody rated 5 or 6.
    assert rows["user_id"].to_list() == [1, 2, 3, 4, 5, 6]
    assert rows["n_ratings"].to_list() == [3, 1, 1, 2, 1, 1]
    assert rows["n_scored"].to_list() == [2, 1, 1, 1, 0, 1]
    assert rows["guest"].to_list() == [False, False, False, False, True, False]
    assert rows["cold"].to_list() == [False, False, False, False, False, True]
    errors = [[1.5 + 1 - 5, 5 + 1 - 4], [3.5 + 1 - 4], [1.5 + 1.5 - 2], [14 / 3 + 0.5 - 5], [], [0]]
    squared = [sum(e**2 for e in person) for person in errors]
    absolute = [sum(abs(e) for e in person) for person in errors]
    assert rows["squared_error"].to_list() == pytest.approx(squared, abs=1e-5)
    assert rows["absolute_error"].to_list() == pytest.approx(absolute, abs=1e-5)
    assert rows["rmse"].null_count() == rows["mae"].null_count() == 1
    assert rows["rmse"][0] == pytest.approx(np.sqrt(squared[0] / 2))
    table = summarise(rows)
    assert table["metric"].to_list() == ["rmse", "mae"]
    assert table["mean"].to_list() == pytest.approx(
        [np.sqrt(sum(squared) / 6), sum(absolute) / 6], abs=1e-5
    )
    assert table["n"].to_list() == [5, 5]
    assert table["definition"][0] == (
        "RMSE over ratings (not a mean over people), in the log's unit; all test ratings, "
        "those of guests too, given split, 6 of 9 test ratings could be scored"
    )


def test_a_model_that_may_have_seen_the_test_is_marked(by_hand):
    doubt = "given split; the model was fitted on other data than this split's training part"
    whole = by_hand.train.replaced(pl.concat([by_hand.train.interactions, by_hand.test]))
    assert doubt in evaluate_ratings(ItemMean().fit(whole), by_hand)["protocol"][0]
    assert doubt not in evaluate_ratings(ItemMean().fit(by_hand.train), by_hand)["protocol"][0]


def test_equal_to_scikit_learn_and_folds_pool_to_every_rating_once():
    from sklearn.metrics import mean_absolute_error, root_mean_squared_error

    board = checkerboard(40, 30)
    folds = split(board, "k-fold", guests=0.1)
    made, truth, predicted = [], [], []
    for fold in folds:
        model = ItemMean().fit(fold.train)
        made.append(evaluate_ratings(model, fold))
        for user, item, value in fold.test.select("user_id", "item_id", "value").iter_rows():
            profile = fold.train.profiles([user])
            truth.append(value)
            predicted.append(model.score(profile)[0, fold.train.catalogue.code(item)])
    rows = pooled(made)
    assert rows["n_ratings"].sum() == board.n_events
    assert rows["user_id"].to_list() == sorted(rows["user_id"].to_list())
    figures = dict(summarise(rows).select("metric", "mean").iter_rows())
    known = np.isfinite(predicted)
    truth, predicted = np.array(truth)[known], np.array(predicted)[known]
    assert rows["n_scored"].sum() == known.sum()
    assert figures["rmse"] == pytest.approx(root_mean_squared_error(truth, predicted))
    assert figures["mae"] == pytest.approx(mean_absolute_error(truth, predicted))
    better = rows.with_columns(pl.col("squared_error") / 4)
    row = compare({"better": better, "base": rows}, "base", "rmse").row(0, named=True)
    assert row["ratio"] == pytest.approx(0.5)
    assert row["high"] < 0
    assert row["p"] < 0.001


def test_blocks_change_nothing(monkeypatch):
    cut = split(checkerboard(40, 30), "random")
    model = ItemMean().fit(cut.train)
    rows = evaluate_ratings(model, cut)
    monkeypatch.setattr("workbench.evaluation.ratings.BLOCK", 7)
    assert evaluate_ratings(model, cut).equals(rows)


def test_the_same_pair_twice_counts_twice(by_hand):
    again = Split(by_hand.train, pl.concat([by_hand.test, by_hand.test]), by_hand.guests)
    model = ItemMean().fit(by_hand.train)
    one, two = evaluate_ratings(model, by_hand), evaluate_ratings(model, again)
    assert two["n_ratings"].to_list() == [2 * n for n in one["n_ratings"]]
    assert two["rmse"].equals(one["rmse"])


def test_what_has_no_ratings_is_refused(by_hand):
    model = ItemMean().fit(by_hand.train)
    with pytest.raises(ArgumentError, match="scores of 'popularity' are not ratings"):
        evaluate_ratings(Popularity().fit(by_hand.train), by_hand)
    with pytest.raises(ArgumentError, match="evaluate one fold at a time"):
        evaluate_ratings(model, split(checkerboard(), "k-fold"))
    with pytest.raises(ArgumentError, match="model must be a fitted model, not str"):
        evaluate_ratings("svd", by_hand)
    with pytest.raises(NotFittedError, match="has not been fitted"):
        evaluate_ratings(ItemMean(), by_hand)
    bare = split(Dataset(checkerboard().interactions.drop("value")), "random")
    with pytest.raises(CapabilityError, match="has no values to predict"):
        evaluate_ratings(model, bare)
    with pytest.raises(DataError, match="frames are empty"):
        pooled([])
    rows = evaluate_ratings(model, by_hand)
    with pytest.raises(DataError, match="the folds were measured in different ways"):
        pooled([rows, rows.with_columns(protocol=pl.lit("otherwise"))])
