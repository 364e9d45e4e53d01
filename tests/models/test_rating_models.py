"""What rating models share: the log as Surprise wants it, and predictions of pairs."""

import numpy as np
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, CapabilityError, NotFittedError
from workbench.models import ratings as rating_models
from workbench.models.baseline import Baseline
from workbench.models.factors import SVD
from workbench.models.nonnegative import NMF
from workbench.models.parameters import check_above, check_number, check_whole, check_word
from workbench.models.plus import SVDpp
from workbench.models.ratings import RatingLog
from workbench.models.slope_one import SlopeOne
from workbench.profile import Profile
from workbench.profiles import Profiles

MODELS = [Baseline, NMF, SVD, SVDpp, SlopeOne]


def _log(rows):
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp", "value"], orient="row")
    return Dataset(frame.with_columns(pl.col("timestamp", "value").cast(pl.Float64)))


def test_only_the_last_finite_value_of_a_pair_reaches_surprise():
    dataset = _log(
        [(1, 1, 1, 2), (1, 1, 2, 5), (1, 2, 3, None), (2, 1, 1, float("nan")), (2, 3, 2, 4)]
    )
    log = RatingLog.of(dataset, "x")
    assert log.row.tolist() == [0, 1]
    assert dataset.catalogue.take(log.item) == [1, 3]
    assert log.value.tolist() == [5.0, 4.0]
    assert log.range == [4.0, 5.0]
    assert log.known.tolist() == [True, False, True]


def test_what_surprise_learns_comes_back_in_the_order_of_the_dataset(ratings):
    from surprise import BaselineOnly

    log = RatingLog.of(ratings, "x")
    trained = log.trained(BaselineOnly(verbose=False))
    inner = trained.trainset
    item, person = log.by_item(trained, trained.bi, np.nan), log.by_person(trained, trained.bu)
    for code in range(40):
        assert item[code] == trained.bi[inner.to_inner_iid(code)]
    assert np.isnan(item[40])
    for row in range(60):
        assert person[row] == trained.bu[inner.to_inner_uid(row)]


@pytest.mark.parametrize("cls", MODELS)
def test_a_log_without_a_value_is_refused_by_name(cls, ratings):
    none = ratings.interactions.with_columns(pl.lit(None, pl.Float64).alias("value"))
    with pytest.raises(CapabilityError, match=f"{cls.__name__} needs values, and 'log' has none"):
        cls().fit(ratings.replaced(none))


@pytest.mark.parametrize("cls", MODELS)
def test_pairs_are_places_of_the_table(sparse_ratings, cls, monkeypatch):
    model = cls().fit(sparse_ratings)
    people, rng = sparse_ratings.profiles(), np.random.default_rng(0)
    row, item = rng.integers(0, len(people), 200), rng.integers(0, 31, 200)
    expected = model.score(people)[row, item]
    for size in (rating_models.PAIRS, 100):
        monkeypatch.setattr(rating_models, "PAIRS", size)
        found = model.predicted(people, row, item)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert model.predicted(people, np.array([], int), np.array([], int)).shape == (0,)


def test_pairs_of_another_catalogue_are_looked_up(ratings):
    model = SlopeOne().fit(ratings)
    person = Profile.of(items=[3, 99, 7], values=[5.0, 1.0, 2.0])
    wider = type(model.catalogue)([99, *ratings.catalogue.ids])
    one, two = Profiles.of(person, ratings.catalogue), Profiles.of(person, wider)
    row, item = np.zeros(5, int), np.arange(5)
    np.testing.assert_array_equal(model.predicted(one, row, item), model.predicted(two, row, item))


def test_pairs_that_cannot_be_are_refused(ratings):
    people = ratings.profiles()[:3]
    with pytest.raises(NotFittedError, match="SlopeOne has not been fitted"):
        SlopeOne().predicted(people, [0], [0])
    model = SlopeOne().fit(ratings)
    with pytest.raises(ArgumentError, match="row and item must be of one length"):
        model.predicted(people, np.array([0, 1]), np.array([0]))
    for row in (-1, 3):
        with pytest.raises(ArgumentError, match=f"row holds {row} to {row}; there are 3 profiles"):
            model.predicted(people, np.array([row]), np.array([0]))
    with pytest.raises(ArgumentError, match="items holds codes from 41 to 41"):
        model.predicted(people, np.array([0]), np.array([41]))


@pytest.mark.parametrize("cls", MODELS)
def test_one_person_one_item_and_one_value_are_enough(cls):
    for rows in (
        [(1, 1, 1, 3)],
        [(1, i, i, 3) for i in range(1, 5)],
        [(u, 1, 1, u) for u in (1, 2)],
    ):
        log = _log(rows)
        model = cls().fit(log)
        scores = model.score(log.profiles())
        assert np.isfinite(scores).all()
        assert scores.min() >= min(r[3] for r in rows)
        assert scores.max() <= max(r[3] for r in rows)


@pytest.mark.parametrize("cls", MODELS)
def test_ids_may_be_text_and_values_below_zero(cls, ratings):
    text = ratings.interactions.with_columns(
        pl.col("user_id", "item_id").cast(pl.String), pl.col("value") - 3
    )
    log = Dataset(text, relevant_from=1.0)
    scores = cls().fit(log).score(log.profiles())
    assert np.isfinite(scores).all()
    assert scores.min() < 0 < scores.max()
    value, people = log.profiles().value, log.profiles()
    error = np.mean((scores[people.row, people.item] - value) ** 2)
    assert error < 0.95 * value.var()


def test_checks_name_the_argument_and_the_value():
    for value in (True, 1.0, "2", None):
        with pytest.raises(ArgumentError, match="n must be a whole number of at least 1, not"):
            check_whole("n", value, 1)
    check_whole("n", np.int64(3), 1)
    for value in (True, "2", None, float("nan"), float("inf"), -1):
        with pytest.raises(ArgumentError, match="x must be 0 or more, not"):
            check_number("x", value)
    check_number("x", 0)
    with pytest.raises(ArgumentError, match="x must be above 0, not 0"):
        check_above("x", 0)
    with pytest.raises(ArgumentError, match="w must be one of a, b, not 'c'"):
        check_word("w", "c", ("a", "b"))
