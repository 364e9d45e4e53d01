"""SVD++ against Surprise and against its formula."""

import numpy as np
import pytest

from workbench.models.factors import SVD
from workbench.models.plus import SVDpp
from workbench.profile import Event, Profile
from workbench.profiles import Profiles


@pytest.fixture(scope="module")
def model(ratings):
    return SVDpp(n_factors=6, reg=3.0, reg_bias=2.0).fit(ratings)


def test_stored_predictions_are_those_of_surprise(ratings, surprise_trained, model):
    from surprise import SVDpp as SurpriseSVDpp

    trained = surprise_trained(SurpriseSVDpp(n_factors=6, random_state=0), ratings)
    users, items = [0, 5, 59, 12, 777, 3], [1, 40, 7, 41, 2, 9]
    rows, codes = ratings.people.codes(users), ratings.catalogue.codes(items)
    expected = [trained.predict(u, i).est for u, i in zip(rows, codes, strict=True)]
    np.testing.assert_allclose(model.stored_predictions(users, items), expected, atol=1e-12)


def test_a_person_is_a_ridge_regression_beside_what_they_met(ratings, model):
    items, values = [3, 10, 31, 5], np.array([5.0, 1.0, 4.0])
    codes = ratings.catalogue.codes(items)
    history = [Event(i, None, v) for i, v in zip(items, [*values, None], strict=True)]
    person = Profile(tuple(history)).reweighted(10, 0.5)
    w, q = np.array([1.0, 0.5, 1.0]), model.vectors_[:, 1:]
    # The last has no value, but was met: it is in N, and not in the regression.
    met = (np.array([1.0, 0.5, 1.0, 1.0]) @ model.implied_[codes]) / np.sqrt(3.5)
    root = np.sqrt(w)[:, None]
    z = np.hstack([np.ones((3, 1)), q[codes[:3]]])
    left = np.vstack([z * root, np.diag(np.sqrt([2.0] + [3.0] * 6))])
    right = (values - model.offsets_[codes[:3]] - q[codes[:3]] @ met) * root[:, 0]
    x = np.linalg.lstsq(left, np.concatenate([right, np.zeros(7)]), rcond=None)[0]
    expected = np.clip(model.offsets_ + x[0] + q @ (x[1:] + met), 1, 5)
    scores = model.score(Profiles.of(person, ratings.catalogue))[0]
    np.testing.assert_allclose(scores[:40], expected[:40], atol=1e-5)
    assert np.isnan(scores[40])


def test_what_was_met_without_a_value_says_something(ratings, model):
    met = Profile.of(items=[3, 10], values=[None, None])
    unknown = Profile.of(items=[41], values=[None])  # nobody rated it, so it implies nothing
    nobody, two, one = model.score(Profiles.of([Profile(), met, unknown], ratings.catalogue))
    assert not np.allclose(nobody[:40], two[:40], atol=1e-3)
    np.testing.assert_array_equal(nobody, one)
    np.testing.assert_allclose(nobody[:40], np.clip(model.offsets_[:40], 1, 5), atol=1e-6)


def test_a_strong_ridge_leaves_what_was_met(ratings):
    model = SVDpp(n_factors=6, reg=1e9, reg_bias=1e9).fit(ratings)
    people = ratings.profiles()
    rows = np.zeros((60, 41))
    rows[people.row, people.item] = 1.0
    met = rows @ model.implied_ / np.sqrt(rows.sum(axis=1, keepdims=True))
    expected = np.clip(model.offsets_ + met @ model.vectors_[:, 1:].T, 1, 5)
    np.testing.assert_allclose(model.score(people)[:, :40], expected[:, :40], atol=1e-5)


def test_it_takes_the_parameters_of_svd(ratings):
    assert list(SVDpp().params()) == list(SVD().params())
    loaded = SVDpp.from_state(*SVDpp(n_factors=3).fit(ratings).state())
    assert loaded.n_factors == 3
