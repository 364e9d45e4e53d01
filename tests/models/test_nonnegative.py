"""NMF against Surprise, and its people against a solver of another kind."""

import numpy as np
import pytest

from workbench.errors import ArgumentError
from workbench.models.nonnegative import NMF, nonnegative
from workbench.profile import Profile
from workbench.profiles import Profiles


@pytest.fixture(scope="module")
def model(ratings):
    return NMF(n_factors=8, reg=2.0).fit(ratings)


def test_stored_predictions_are_those_of_surprise(ratings, surprise_trained, model):
    from surprise import NMF as SurpriseNMF

    trained = surprise_trained(SurpriseNMF(n_factors=8, random_state=0), ratings)
    users, items = [0, 5, 59, 12, 777, 3, 778], [1, 40, 7, 41, 2, 9, 41]
    rows, codes = ratings.people.codes(users), ratings.catalogue.codes(items)
    expected = [trained.predict(u, i).est for u, i in zip(rows, codes, strict=True)]
    np.testing.assert_allclose(model.stored_predictions(users, items), expected, atol=1e-12)


def test_the_solution_is_the_least_without_a_negative_number():
    from scipy.optimize import minimize

    rng = np.random.default_rng(0)
    q = rng.random((30, 12, 5))
    equations = np.einsum("nif,nig->nfg", q, q) + 0.3 * np.eye(5)
    targets = rng.normal(size=(30, 5)) * 3
    found = nonnegative(equations, targets)
    assert (found >= 0).all()
    assert (found == 0).any(axis=1).sum() > 10
    # The conditions of Karush, Kuhn and Tucker: no gain where free, none in leaving 0.
    slope = np.einsum("nfg,ng->nf", equations, found) - targets
    np.testing.assert_allclose(slope[found > 0], 0.0, atol=1e-9)
    assert slope.min() > -1e-9
    for a, b, x in zip(equations[:5], targets[:5], found[:5], strict=True):
        other = minimize(
            lambda y, a=a, b=b: (y @ a @ y / 2 - b @ y, a @ y - b),
            np.ones(5),
            jac=True,
            bounds=[(0, None)] * 5,
            tol=1e-12,
        )
        np.testing.assert_allclose(x, other.x, atol=1e-4)


def test_a_person_is_pulled_to_the_usual_one(ratings, model):
    items, values = [3, 10, 31], np.array([5.0, 1.0, 4.0])
    person = Profile.of(items=items, values=list(values)).reweighted(10, 0.5)
    q = model.vectors_[ratings.catalogue.codes(items)]
    x = model.person_vectors(Profiles.of(person, ratings.catalogue))[0]
    assert (x >= 0).all()
    assert model.usual_.min() > 0
    slope = (q.T * [1.0, 0.5, 1.0]) @ (q @ x - values) + 2.0 * (x - model.usual_)
    np.testing.assert_allclose(slope[x > 0], 0.0, atol=1e-8)
    assert slope.min() > -1e-8


def test_nobody_is_the_usual_one(ratings, model):
    nobody = Profiles.of(Profile(), ratings.catalogue)
    np.testing.assert_array_equal(model.person_vectors(nobody)[0], model.usual_)
    expected = np.clip(model.vectors_ @ model.usual_, 1, 5)
    scores = model.score(nobody)[0]
    np.testing.assert_allclose(scores[:40], expected[:40], atol=1e-5)
    assert np.isnan(scores[40])
    assert np.ptp(scores[:40]) > 0.5


def test_it_learns_from_values_near_and_far(ratings, model):
    people = ratings.profiles()
    scores = model.score(people)[people.row, people.item]
    plain = np.clip(model.vectors_ @ model.usual_, 1, 5)[people.item]
    assert np.mean((scores - people.value) ** 2) < 0.7 * np.mean((plain - people.value) ** 2)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_factors": 0}, "n_factors must be a whole number of at least 1, not 0"),
        ({"n_epochs": 0.5}, "n_epochs must be a whole number of at least 1, not 0.5"),
        ({"training_reg": 0}, "training_reg must be above 0, not 0"),
        ({"reg": -1}, "reg must be above 0, not -1"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
    ],
)
def test_parameters_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        NMF(**params)


def test_values_too_large_are_refused_in_words_of_its_own(ratings):
    values = ratings.interactions.with_columns(value=ratings.interactions["value"] * 1e200)
    said = r"NMF diverges on .* with n_epochs=50 and training_reg=0\.06; bring the values"
    with pytest.raises(ArgumentError, match=said):
        NMF().fit(ratings.replaced(values))
