"""Following against its definition, and within its memory; Session and Trending by their words."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

import workbench as wb
from workbench.errors import ArgumentError
from workbench.models import temporal
from workbench.models.temporal import Following


@pytest.fixture(scope="module")
def world():
    return wb.load("synthetic", n_users=60, n_items=40, n_events=600)


def by_definition(dataset, window, shrinkage, backward):
    """``W``, one pair of events after the other."""
    n = dataset.n_items
    near, met = np.zeros((n, n)), np.zeros(n)
    for person in dataset.profiles():
        codes = dataset.catalogue.codes([event.item_id for event in person.history])
        np.add.at(met, codes, 1)
        for place, first in enumerate(codes):
            for d, second in enumerate(codes[place + 1 : place + 1 + window], 1):
                near[first, second] += 2.0 ** (-3 * d / window)
    root = np.sqrt(met)
    weights = (near + backward * near.T) / (np.outer(root, root) + shrinkage)
    np.fill_diagonal(weights, 0)
    return weights


def dense(model):
    return model.weights_.toarray() if sparse.issparse(model.weights_) else model.weights_


@pytest.mark.parametrize(("window", "backward"), [(30, 0.5), (3, 0.0), (1, 1.0)])
def test_following_is_its_definition(world, window, backward):
    model = Following(window=window, backward=backward, shrinkage=2.0).fit(world)
    expected = by_definition(world, window, 2.0, backward)
    assert np.allclose(dense(model), expected, rtol=1e-6, atol=0)


def test_following_does_not_hang_on_the_size_of_a_block(world, monkeypatch):
    whole = Following().fit(world)
    monkeypatch.setattr(temporal, "CELLS", 100)
    parts = Following().fit(world)
    assert (dense(whole) == dense(parts)).all()


def test_following_keeps_the_largest_and_their_ties(world):
    all_of_them = dense(Following().fit(world))
    few = dense(Following(n_neighbours=5).fit(world))
    for kept, row in zip(few, all_of_them, strict=True):
        bar = np.sort(row)[-5]
        assert (kept == np.where(row >= bar, row, 0)).all()
    assert (few > 0).sum() < (all_of_them > 0).sum()


def test_following_scores_alike_however_its_weights_are_held(world):
    model = Following().fit(world)
    people = world.profiles()
    held = model.score(people)
    model.weights_ = sparse.csr_array(dense(model))
    assert (model.score(people) == held).all()
    model.weights_ = model.weights_.toarray()
    assert (model.score(people) == held).all()


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
def test_a_number_of_neighbours_that_cannot_work(wrong):
    with pytest.raises(ArgumentError, match="n_neighbours must be a whole number"):
        Following(n_neighbours=wrong)


def test_session_lets_ease_have_the_memory_that_it_is_given(world):
    little = 40**2 * 4 / 1e9 * 0.99
    with pytest.raises(ArgumentError, match=r"40 items needs .* above max_gb=.*; give more"):
        wb.create("session", max_gb=little).fit(world)
    assert wb.create("session", max_gb=little * 1.1).fit(world).ease_.max_gb == little * 1.1
    with pytest.raises(ArgumentError, match="max_gb must be above 0, not 0"):
        wb.create("session", max_gb=0)
