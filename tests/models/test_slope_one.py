"""Slope One against Surprise and against its formula."""

import tracemalloc

import numpy as np
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.errors import CapabilityError
from workbench.models import ratings as rating_models
from workbench.models import slope_one
from workbench.models.slope_one import SlopeOne
from workbench.profile import Profile
from workbench.profiles import Profiles


def _brute(log, person, item):
    """The formula, one term after the other."""
    rated = {}
    for u, i, v in log.interactions.select("user_id", "item_id", "value").rows():
        rated.setdefault(u, {})[i] = v
    mine = {e.item_id: e.value for e in person.history}
    total, n = 0.0, 0
    for other in mine:
        apart = [r[item] - r[other] for r in rated.values() if item in r and other in r]
        if apart:
            total, n = total + np.mean(apart), n + 1
    level = np.mean(list(mine.values()))
    low, high = log.interactions["value"].min(), log.interactions["value"].max()
    return np.clip(level + (total / n if n else 0), low, high)


@pytest.mark.parametrize("world", ["ratings", "sparse_ratings"])
def test_scores_of_training_people_are_predictions_of_surprise(
    request, surprise_trained, surprise_table, world
):
    from surprise import SlopeOne as SurpriseSlopeOne

    log = request.getfixturevalue(world)
    people = log.profiles()
    # Its table of differences divides 0 by 0 where nobody rated both.
    with np.errstate(all="ignore"):
        trained = surprise_trained(SurpriseSlopeOne(), log)
    expected = surprise_table(trained, len(people), log.n_items)
    scores = SlopeOne().fit(log).score(people)
    rated_something = people.lengths > 0
    np.testing.assert_allclose(scores[rated_something], expected[rated_something], atol=1e-6)
    if world == "sparse_ratings":
        assert (trained.freq == 0).mean() > 0.1


def test_values_between_whole_numbers_are_not_cut_down(real_ratings, surprise_trained):
    from surprise import SlopeOne as SurpriseSlopeOne

    model = SlopeOne().fit(real_ratings)
    person = Profile.of(items=[2, 5, 11], values=[4.5, 1.5, 3.25])
    scores = model.score(Profiles.of(person, real_ratings.catalogue))[0]
    items = real_ratings.catalogue.ids.to_list()[:-1]
    expected = [_brute(real_ratings, person, item) for item in items]
    np.testing.assert_allclose(scores[:-1], expected, atol=1e-6)
    # Surprise keeps them in whole numbers, which is why the two are not compared here.
    trained = surprise_trained(SurpriseSlopeOne(), real_ratings)
    sums = trained.dev * trained.freq
    np.testing.assert_allclose(sums, np.round(sums), atol=1e-9)


def test_weights_count(ratings):
    model = SlopeOne().fit(ratings)
    person = Profile.of(items=[2, 5, 11], values=[5.0, 1.0, 3.0])
    faded = [person.reweighted(5, 1e-8), person.reweighted(5, 0.0), person.without(5)]
    almost, zero, none = model.score(Profiles.of(faded, ratings.catalogue))
    np.testing.assert_allclose(almost, none, atol=1e-5)
    np.testing.assert_array_equal(zero, none)
    half = model.score(Profiles.of(person.reweighted(5, 0.5), ratings.catalogue))[0]
    both = model.score(Profiles.of(person, ratings.catalogue))[0]
    assert ((half[:40] - none[:40]) * (both[:40] - none[:40]) >= -1e-6).all()
    assert not np.allclose(half[:40], both[:40])


def test_nobody_gets_the_mean_of_all(ratings):
    scores = SlopeOne().fit(ratings).score(Profiles.of(Profile(), ratings.catalogue))[0]
    np.testing.assert_allclose(scores[:40], ratings.interactions["value"].mean(), atol=1e-6)
    assert np.isnan(scores[40])


def test_people_who_met_nothing_together_know_their_mean_only():
    frame = pl.DataFrame({"user_id": [1, 2], "item_id": [1, 2], "value": [2.0, 5.0]})
    log = Dataset(frame)
    scores = SlopeOne().fit(log).score(log.profiles())
    np.testing.assert_array_equal(scores, [[2.0, 2.0], [5.0, 5.0]])


def test_a_catalogue_too_large_for_the_table_is_refused(ratings, monkeypatch):
    monkeypatch.setattr(rating_models, "LARGEST_SQUARE", 16 * 41**2 - 1)
    said = r'SlopeOne keeps 2 numbers .* 41 items .* use "svd"'
    with pytest.raises(CapabilityError, match=said):
        SlopeOne().fit(ratings)
    monkeypatch.setattr(rating_models, "LARGEST_SQUARE", 16 * 41**2)
    SlopeOne().fit(ratings)


def test_it_needs_the_memory_that_it_says(monkeypatch):
    """Two tables of item by item, and blocks that do not grow with their square."""
    n_items = 700
    rng = np.random.default_rng(0)
    item = np.concatenate([rng.permutation(n_items)[:200] for _ in range(60)])
    frame = {"user_id": np.repeat(np.arange(60), 200), "item_id": item, "value": item % 5 + 1.0}
    log = Dataset(pl.DataFrame(frame))
    people = log.profiles()[:5]
    monkeypatch.setattr(slope_one, "PAIRS", 10 * n_items)
    tracemalloc.start()
    model = SlopeOne().fit(log)
    model.score(people)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.9 < peak / (16 * n_items**2) < 1.2


def test_it_does_not_hang_on_the_size_of_a_block(sparse_ratings, monkeypatch):
    whole = SlopeOne().fit(sparse_ratings)
    monkeypatch.setattr(slope_one, "PAIRS", 7 * 31)
    parts = SlopeOne().fit(sparse_ratings)
    np.testing.assert_array_equal(parts.differences_, whole.differences_)
    np.testing.assert_array_equal(parts.together_, whole.together_)
