"""Item-kNN and user-kNN against brute force."""

import numpy as np
import pytest

from workbench.errors import ArgumentError
from workbench.models import neighbours
from workbench.models.neighbours import ItemKNN, UserKNN, nearest
from workbench.profile import Profile
from workbench.profiles import Profiles


def _liked(log, people=None):
    people = log.profiles() if people is None else people
    return people.csr(people.positive(log.relevant_from)).toarray().astype(np.float64)


def _popular(x):
    return 1e-6 * x.sum(axis=0) / len(x)


@pytest.mark.parametrize(("n", "shrinkage"), [(3, 0.0), (5, 2.0), (100, 0.0)])
def test_item_knn_is_brute_force(log, monkeypatch, n, shrinkage):
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    x = _liked(log)
    similar = np.zeros((x.shape[1], x.shape[1]))
    for i in range(x.shape[1]):
        for j in range(x.shape[1]):
            norm = np.sqrt(x[:, i].sum() * x[:, j].sum()) + shrinkage
            if i != j and norm > 0:
                similar[i, j] = np.float32(x[:, i] @ x[:, j] / norm)
    for j in range(x.shape[1]):
        bar = np.sort(similar[:, j])[::-1][min(n, len(similar)) - 1]
        similar[similar[:, j] < bar, j] = 0.0
    model = ItemKNN(n_neighbours=n, shrinkage=shrinkage).fit(log)
    np.testing.assert_allclose(model.weights_.toarray(), similar, atol=1e-6)
    np.testing.assert_allclose(model.score(log.profiles()), x @ similar + _popular(x), atol=1e-5)


@pytest.mark.parametrize(("n", "shrinkage"), [(3, 0.0), (5, 10.0), (1000, 0.0)])
def test_user_knn_is_brute_force(log, monkeypatch, n, shrinkage):
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    x, expected = _liked(log), []
    for p in x:
        norm = np.sqrt(p.sum() * x.sum(axis=1)) + shrinkage
        similar = np.float32(x @ p / np.where(norm > 0, norm, 1))
        similar[similar < np.sort(similar)[::-1][min(n, len(x)) - 1]] = 0.0
        expected.append(similar @ x + _popular(x))
    model = UserKNN(n_neighbours=n, shrinkage=shrinkage).fit(log)
    np.testing.assert_allclose(model.score(log.profiles()), expected, rtol=1e-5, atol=1e-6)


def test_ties_with_the_last_neighbour_are_all_kept_and_nothing_else():
    similar = np.array([[0.5, 0.9, 0.5, 0.0, 0.5], [0.0, 0.0, 0.3, 0.0, 0.0], [0.0] * 5])
    kept = nearest(similar, 2).toarray()
    np.testing.assert_array_equal(kept[0], np.float32([0.5, 0.9, 0.5, 0, 0.5]))
    np.testing.assert_array_equal(kept[1], np.float32([0, 0, 0.3, 0, 0]))
    assert nearest(similar, 2).nnz == 5
    assert nearest(similar, 1)[[0]].nnz == 1


def test_weights_of_events_count(log):
    model = ItemKNN(shrinkage=1.0).fit(log)
    a, b = log.catalogue.take([2, 5])
    plain = Profile.of(items=[a, b], values=[5, 5])
    heavy = Profiles.of([plain, plain.reweighted(a, 3.0)], log.catalogue)
    first, second = model.score(heavy).astype(np.float64)
    share = model.weights_[[2], :].toarray()[0]
    assert share.any()
    np.testing.assert_allclose(second - first, 2 * share, atol=1e-6)


def test_shares_of_item_knn_add_up(log):
    model, people = ItemKNN(n_neighbours=4).fit(log), log.profiles()
    scores = model.score(people)
    for row in (0, 9, 20):
        for item in (1, 4):
            total = model.event_shares(people[[row]], item).sum() + model.prior_[item]
            assert total == pytest.approx(scores[row, item], abs=1e-6)


def test_a_training_person_is_their_own_neighbour_and_a_guest_is_not(world):
    log = world.dataset()
    own = log.profiles()[[0]]
    alone = UserKNN(n_neighbours=1, shrinkage=0.0).fit(log)
    liked = _liked(log, own)[0]
    np.testing.assert_allclose(alone.score(own)[0], liked, atol=1e-5)
    user = log.people.id(0)
    kept = log.replaced(
        log.interactions.filter(log.interactions["user_id"] != user),
        guest_interactions=log.interactions.filter(log.interactions["user_id"] == user),
    )
    apart = UserKNN(n_neighbours=1, shrinkage=0.0).fit(kept)
    assert apart.people_.shape[0] == len(kept.profiles())
    assert not np.allclose(apart.score(kept.profiles([user]))[0], liked, atol=1e-3)


def test_an_empty_history_is_shown_what_is_popular(log):
    nobody = Profiles.of(Profile(), log.catalogue)
    popular = _liked(log).sum(axis=0)
    for model in (ItemKNN().fit(log), UserKNN().fit(log)):
        np.testing.assert_allclose(model.score(nobody)[0], 1e-6 * popular / 36, rtol=1e-5)


@pytest.mark.parametrize("cls", [ItemKNN, UserKNN])
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_neighbours": 0}, "n_neighbours must be a whole number of at least 1, not 0"),
        ({"n_neighbours": 2.5}, "n_neighbours must be a whole number of at least 1, not 2.5"),
        ({"n_neighbours": True}, "n_neighbours must be a whole number of at least 1, not True"),
        ({"shrinkage": -1.0}, "shrinkage must be 0 or more, not -1.0"),
        ({"shrinkage": float("nan")}, "shrinkage must be 0 or more, not nan"),
    ],
)
def test_parameters_that_cannot_work_are_refused(cls, params, message):
    with pytest.raises(ArgumentError, match=message):
        cls(**params)
