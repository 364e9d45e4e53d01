"""RP3beta against the product of the matrices of the walk."""

import numpy as np
import pytest

from workbench.errors import ArgumentError
from workbench.models import cooccurrence
from workbench.models.walks import RP3beta
from workbench.profile import Profile
from workbench.profiles import Profiles


def _liked(log):
    people = log.profiles()
    return people.csr(people.positive(log.relevant_from)).toarray().astype(np.float64)


def _steps(x):
    """Probabilities from rows to columns; a row that leads nowhere stays 0."""
    return x / np.maximum(x.sum(axis=1, keepdims=True), 1)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (1.0, 0.6), (0.5, 0.3)])
def test_a_score_is_the_probability_of_a_walk_of_three_steps(log, monkeypatch, alpha, beta):
    monkeypatch.setattr(cooccurrence, "BLOCK", 7)
    x = _liked(log)
    to_items, to_people = _steps(x) ** alpha, _steps(x.T) ** alpha
    two = to_people @ to_items / np.maximum(x.sum(axis=0), 1) ** beta
    np.fill_diagonal(two, 0.0)
    walks = to_items @ two
    model = RP3beta(alpha, beta, n_neighbours=1000).fit(log)
    scores = model.score(log.profiles()) - model.prior_
    # The first step is the same for all items, and the unit is free.
    walks *= np.maximum(x.sum(axis=1, keepdims=True), 1) ** alpha / np.median(two[two > 0])
    np.testing.assert_allclose(scores, walks, rtol=1e-4, atol=1e-5)


def test_each_recommended_item_keeps_its_largest_weights(log):
    whole = RP3beta(n_neighbours=1000).fit(log).weights_.toarray()
    kept = RP3beta(n_neighbours=4).fit(log).weights_.toarray()
    bar = np.sort(whole, axis=0)[-4] * (1 - 1e-5)
    assert np.array_equal(kept > 0, (whole > 0) & (whole >= bar))
    assert (kept > 0).sum() < (whole > 0).sum()


def test_popular_items_are_held_back(log):
    popular = _liked(log).sum(axis=0).argmax()
    free, held = (RP3beta(1.0, beta, 1000).fit(log).weights_[:, popular] for beta in (0.0, 1.0))
    assert held.max() < free.max()


def test_an_item_that_nobody_met_and_a_person_without_history_are_ranked(log):
    model = RP3beta().fit(log)
    nobody = model.score(Profiles.of(Profile(), log.catalogue))[0]
    np.testing.assert_allclose(nobody, 1e-6 * _liked(log).sum(axis=0) / 36, rtol=1e-5)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"alpha": -0.1}, "alpha must be 0 or more, not -0.1"),
        ({"alpha": "1"}, "alpha must be 0 or more, not '1'"),
        ({"beta": float("inf")}, "beta must be 0 or more, not inf"),
        ({"n_neighbours": 0}, "n_neighbours must be a whole number of at least 1, not 0"),
    ],
)
def test_parameters_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        RP3beta(**params)
