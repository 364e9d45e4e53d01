"""Baselines against Surprise."""

import numpy as np
import pytest

from workbench.errors import ArgumentError
from workbench.models.baseline import Baseline
from workbench.profile import Profile
from workbench.profiles import Profiles


@pytest.mark.parametrize(("ridge", "items"), [(15.0, None), (3.0, 4.0)])
def test_by_least_squares_scores_are_the_stored_predictions_of_surprise(
    ratings, surprise_trained, surprise_table, ridge, items
):
    from surprise import BaselineOnly

    options = {"method": "als", "n_epochs": 7, "reg_u": ridge, "reg_i": items or 10}
    trained = surprise_trained(BaselineOnly(bsl_options=options, verbose=False), ratings)
    people = ratings.profiles()
    expected = surprise_table(trained, len(people), ratings.n_items)
    model = Baseline(n_epochs=7, reg_bias=ridge, training_reg=items).fit(ratings)
    np.testing.assert_allclose(model.score(people), expected, atol=1e-6)
    bias = model.person_vectors(people)[:, 0]
    inner = [trained.trainset.to_inner_uid(row) for row in range(len(people))]
    np.testing.assert_allclose(bias, trained.bu[inner], atol=1e-12)


def test_by_descent_items_are_those_of_surprise_and_people_are_solved(ratings, surprise_trained):
    from surprise import BaselineOnly

    options = {"method": "sgd", "n_epochs": 20, "reg": 0.05, "learning_rate": 0.01}
    trained = surprise_trained(BaselineOnly(bsl_options=options, verbose=False), ratings)
    model = Baseline("sgd", 20, 9.0, 0.05, 0.01).fit(ratings)
    inner = [trained.trainset.to_inner_iid(code) for code in range(40)]
    np.testing.assert_allclose(model.offsets_[:40] - model.mean_, trained.bi[inner], atol=1e-12)
    person = Profile.of(items=[3, 8, 20], values=[5.0, 2.0, 4.0]).reweighted(8, 0.5)
    codes, w = ratings.catalogue.codes([3, 8, 20]), np.array([1.0, 0.5, 1.0])
    left = w * (np.array([5.0, 2.0, 4.0]) - model.offsets_[codes])
    bias = model.person_vectors(Profiles.of(person, ratings.catalogue))[0, 0]
    assert bias == pytest.approx(left.sum() / (9.0 + 2.5), abs=1e-12)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"method": "svd"}, "method must be one of als, sgd, not 'svd'"),
        ({"n_epochs": 0}, "n_epochs must be a whole number of at least 1, not 0"),
        ({"reg_bias": 0}, "reg_bias must be above 0, not 0"),
        ({"training_reg": -1}, "training_reg must be 0 or more, not -1"),
        ({"learning_rate": 0}, "learning_rate must be above 0, not 0"),
    ],
)
def test_parameters_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        Baseline(**params)


def test_descent_that_diverges_is_refused(ratings):
    diverges = r"Baseline diverges on values from 1 to 5 with learning_rate=5\.0; give a smaller"
    with pytest.raises(ArgumentError, match=diverges):
        Baseline("sgd", learning_rate=5.0).fit(ratings)
    assert np.isfinite(Baseline("sgd", learning_rate=0.05).fit(ratings).offsets_[:40]).all()
    assert np.isnan(Baseline("sgd").fit(ratings).offsets_[40])  # an item without a value


def test_the_remedy_is_one_that_there_is(ratings):
    """Alternating least squares go by no rate."""
    values = ratings.interactions.with_columns(value=ratings.interactions["value"] * 1e307)
    with pytest.raises(ArgumentError, match="with method='als'; bring the values to a smaller"):
        Baseline("als").fit(ratings.replaced(values))
