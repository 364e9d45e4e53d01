"""ALS against implicit, SVD against Surprise."""

import numpy as np
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, CapabilityError, NotFittedError
from workbench.models.factors import ALS, SVD
from workbench.models.rating_factors import chosen_ridge
from workbench.profile import Profile
from workbench.profiles import Profiles


def _implicit(log, **params):
    from implicit.cpu.als import AlternatingLeastSquares

    people = log.profiles()
    x = csr_matrix(people.csr(people.positive(log.relevant_from)))
    with threadpool_limits(1, "blas"):
        trained = AlternatingLeastSquares(random_state=3, **params)
        trained.fit(x, show_progress=False)
        return trained, x, trained.recalculate_user(np.arange(len(people)), x)


@pytest.mark.parametrize(("alpha", "reg"), [(1.0, 0.5), (5.0, 2.0), (40.0, 10.0), (0.5, 1.0)])
def test_als_is_implicit_with_its_own_recalculated_people(log, alpha, reg):
    trained, _, vectors = _implicit(log, factors=6, alpha=alpha, regularization=reg, iterations=8)
    model = ALS(n_factors=6, reg=reg, alpha=alpha, n_iterations=8, seed=3).fit(log)
    assert np.array_equal(model.factors_, trained.item_factors)
    np.testing.assert_allclose(model.person_vectors(log.profiles()), vectors, atol=2e-4)
    expected = vectors @ trained.item_factors.T
    scores = model.score(log.profiles())
    np.testing.assert_allclose(scores, expected, atol=1e-4 * np.abs(expected).max())


def test_the_stored_vector_of_implicit_would_be_half_a_step_older(log):
    trained, _, vectors = _implicit(log, factors=6, alpha=5.0, regularization=2.0, iterations=2)
    assert np.abs(trained.user_factors - vectors).max() > 1e-2


def test_als_of_an_edited_history_is_solved_again(log):
    model = ALS(n_factors=6, n_iterations=5, reg=1.0).fit(log)
    q = model.factors_.astype(np.float64)
    items, weights = [1, 4, 8], np.array([1.0, 0.25, 3.0])
    ids = log.catalogue.take(items)
    person = Profile.of(items=ids, values=[5, 5, 5])
    for item, weight in zip(ids, weights, strict=True):
        person = person.reweighted(item, float(weight))
    own = q[items]
    equations = q.T @ q + np.eye(6) + (own.T * (weights * 4.0)) @ own
    vector = np.linalg.solve(equations, own.T @ (weights * 5.0))
    scores = model.score(Profiles.of(person, log.catalogue))[0]
    np.testing.assert_allclose(scores, q @ vector + model.prior_, atol=1e-6)


def test_als_of_an_event_that_fades_away_is_als_without_it(log):
    model = ALS(n_factors=6, reg=1.0).fit(log)
    person = log.profiles()[0]
    item = next(e.item_id for e in person.history if e.value >= 3.5)
    faded = [person.reweighted(item, 1e-6), person.reweighted(item, 0.0), person.without(item)]
    almost, zero, none = model.score(Profiles.of(faded, log.catalogue))
    np.testing.assert_allclose(almost, none, atol=1e-5)
    assert np.array_equal(zero, none)


def test_als_ranks_by_popularity_for_an_empty_history(log):
    model = ALS(n_factors=6).fit(log)
    scores = model.score(Profiles.of(Profile(), log.catalogue))[0]
    assert np.array_equal(scores, model.prior_)
    assert np.ptp(scores) > 0


@pytest.fixture(scope="module")
def ratings():
    """Noisy ratings of 60 people and 40 items with two tastes, some of them missing."""
    rng = np.random.default_rng(5)
    truth = 3.2 + rng.normal(size=(60, 2)) @ rng.normal(size=(2, 40)) * 0.8
    value = np.clip(np.round(truth + rng.normal(scale=0.3, size=truth.shape)), 1, 5)
    user, item = np.nonzero(rng.random(truth.shape) < 0.5)
    frame = pl.DataFrame({"user_id": user, "item_id": item + 1, "value": value[user, item]})
    items = pl.DataFrame({"item_id": range(1, 42)})  # the last has no rating
    return Dataset(frame, items, relevant_from=4.0)


def test_stored_predictions_are_those_of_surprise(ratings):
    from surprise import SVD as SurpriseSVD
    from surprise import Dataset as SurpriseDataset
    from surprise import Reader

    rows = [(u, i, v, None) for u, i, v in ratings.interactions.sort("user_id", "item_id").rows()]
    people = ratings.profiles()
    order = [
        (ratings.people.id(int(r)), ratings.catalogue.id(int(i)), float(v), None)
        for r, i, v in zip(people.row, people.item, people.value, strict=True)
    ]
    assert sorted(rows) == sorted(order)
    log = SurpriseDataset(Reader(rating_scale=(1, 5))).construct_trainset(order)
    theirs = SurpriseSVD(n_factors=8, random_state=2).fit(log)
    ours = SVD(n_factors=8, seed=2).fit(ratings)
    users, items = [0, 5, 59, 12, 777, 3], [1, 40, 7, 41, 2, 9]
    expected = [theirs.predict(u, i).est for u, i in zip(users, items, strict=True)]
    np.testing.assert_allclose(ours.stored_predictions(users, items), expected, atol=1e-12)


def test_svd_folds_in_by_ridge_regression_on_the_items(ratings):
    model = SVD(n_factors=8, reg=3.0, reg_bias=2.0).fit(ratings)
    codes, values, weight = np.array([2, 9, 30]), np.array([5.0, 1.0, 4.0]), [1.0, 2.0, 0.5]
    ids = ratings.catalogue.take(codes)
    person = Profile.of(items=ids, values=list(values))
    for item, w in zip(ids, weight, strict=True):
        person = person.reweighted(item, w)
    # The same minimum as plain least squares with rows of the ridge below.
    z = model.vectors_[codes]
    root = np.sqrt(weight)
    ridge = np.diag(np.sqrt([2.0] + [3.0] * 8))
    left = np.vstack([z * root[:, None], ridge])
    right = np.concatenate([(values - model.offsets_[codes]) * root, np.zeros(9)])
    x = np.linalg.lstsq(left, right, rcond=None)[0]
    expected = model.offsets_ + x[0] + model.vectors_[:, 1:] @ x[1:]
    scores = model.score(Profiles.of(person, ratings.catalogue))[0]
    np.testing.assert_allclose(scores[:40], np.clip(expected, 1, 5)[:40], atol=1e-5)
    assert np.isnan(scores[40])


def test_svd_of_nobody_is_mean_and_bias_and_an_unrated_item_is_nan(ratings):
    model = SVD(n_factors=8).fit(ratings)
    scores = model.score(Profiles.of(Profile(), ratings.catalogue))[0]
    np.testing.assert_allclose(scores[:40], model.offsets_[:40], atol=1e-6)
    assert np.isnan(scores[40])
    met = Profile.of(items=[41, 3], values=[1.0, None])  # neither says anything
    both = model.score(Profiles.of([Profile(), met], ratings.catalogue))
    np.testing.assert_array_equal(both[0], both[1])


def test_svd_learns_from_values_near_and_far(ratings):
    model = SVD(n_factors=8, reg=2.0).fit(ratings)
    people = ratings.profiles()
    scores = model.score(people)[people.row, people.item]
    plain = model.offsets_[people.item]
    assert np.mean((scores - people.value) ** 2) < 0.7 * np.mean((plain - people.value) ** 2)
    assert scores.min() >= 1
    assert scores.max() <= 5


def test_predictions_stay_on_the_scale_of_the_log(ratings):
    model = SVD(n_factors=8, reg=0.01, reg_bias=0.01).fit(ratings)
    ids = ratings.catalogue.take(range(10))
    extremes = [Profile.of(items=ids, values=[v] * 10) for v in (-50.0, 1.0, 5.0, 50.0)]
    scores = model.score(Profiles.of(extremes, ratings.catalogue))[:, :40]
    assert scores.min() == 1.0
    assert scores.max() == 5.0


def test_a_missing_value_is_left_out_not_swallowed(ratings):
    gaps = ratings.interactions.with_columns(
        pl.when(pl.int_range(pl.len()) % 10 == 0)
        .then(None)
        .otherwise(pl.col("value"))
        .alias("value")
    )
    with_gaps = SVD(n_factors=4).fit(ratings.replaced(gaps))
    without = SVD(n_factors=4).fit(ratings.replaced(gaps.drop_nulls("value")))
    people = ratings.profiles()
    np.testing.assert_array_equal(with_gaps.score(people), without.score(people))
    with pytest.raises(CapabilityError, match="SVD needs values, and 'log' has none"):
        SVD().fit(ratings.replaced(gaps.with_columns(pl.lit(None, pl.Float64).alias("value"))))


def test_training_that_diverges_is_refused(ratings):
    large = ratings.interactions.with_columns(pl.col("value") * 1e6)
    with (
        np.errstate(all="ignore"),
        pytest.raises(ArgumentError, match=r"diverges .* with learning_rate=0\.005"),
    ):
        SVD(n_factors=4).fit(ratings.replaced(large))


def test_the_ridge_is_chosen_inside_the_log(ratings):
    model = SVD(n_factors=8)
    assert chosen_ridge(model, ratings, reg=(1e9, 2.0, 1e8)) == {"reg": 2.0}
    assert not hasattr(model, "catalogue")
    assert model.reg == 20.0


def test_stored_vectors_are_no_part_of_the_model(ratings):
    model = SVD(n_factors=4).fit(ratings)
    loaded = SVD.from_state(*model.state())
    np.testing.assert_array_equal(loaded.score(ratings.profiles()), model.score(ratings.profiles()))
    with pytest.raises(NotFittedError, match="a loaded SVD has no stored person vectors"):
        loaded.stored_predictions([1], [1])


@pytest.mark.parametrize(
    ("cls", "params", "message"),
    [
        (ALS, {"n_factors": 0}, "n_factors must be a whole number of at least 1, not 0"),
        (ALS, {"reg": 0.0}, "reg must be above 0, not 0.0"),
        (ALS, {"alpha": -1}, "alpha must be above 0, not -1"),
        (ALS, {"n_iterations": 1.5}, "n_iterations must be a whole number"),
        (ALS, {"seed": -1}, "seed must be .* at most 4,294,967,295, not -1"),
        (SVD, {"n_factors": "8"}, "n_factors must be a whole number of at least 1, not '8'"),
        (SVD, {"n_epochs": 0}, "n_epochs must be a whole number of at least 1, not 0"),
        (SVD, {"learning_rate": 0}, "learning_rate must be above 0, not 0"),
        (SVD, {"training_reg": -0.1}, "training_reg must be 0 or more, not -0.1"),
        (SVD, {"reg": float("inf")}, "reg must be above 0, not inf"),
        (SVD, {"reg_bias": 0}, "reg_bias must be above 0, not 0"),
        (SVD, {"seed": 2**32}, "seed must be a whole number"),
    ],
)
def test_parameters_that_cannot_work_are_refused(cls, params, message):
    with pytest.raises(ArgumentError, match=message):
        cls(**params)
