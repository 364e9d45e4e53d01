"""Recently viewed and editor's picks, against counting by hand."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.checks.model import RULES, check_model
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, CapabilityError
from workbench.models.heuristics import EditorsPicks, RecentlyViewed
from workbench.profile import Profile
from workbench.profiles import Profiles

ITEMS = pl.DataFrame(
    {
        "item_id": ["a", "b", "c", "d", "e", "new"],
        "genres": [["Drama"], ["Drama", "War"], ["War"], ["Comedy"], None, ["Comedy"]],
    }
)
LOG = Dataset(
    pl.DataFrame(
        {
            "user_id": [1, 1, 2, 2, 3, 3, 4],
            "item_id": ["a", "c", "a", "b", "c", "d", "c"],
            "value": [5.0, 4.0, 4.0, 5.0, 4.0, 5.0, 1.0],
            "timestamp": np.arange(7.0),
        }
    ),
    ITEMS,
    relevant_from=4.0,
)
"""Liked by: a 2, b 1, c 2, d 1 of four people."""


def _scores(model, person):
    (row,) = model.score(Profiles.of(person, model.catalogue))
    return dict(zip(model.catalogue.ids, row.tolist(), strict=True))


def test_what_was_met_last_and_again_and_again_comes_first():
    model = RecentlyViewed(recency=1.0).fit(LOG)
    person = Profile.of(items=["a", "b", "a", "b", "d", "c"], timestamps=range(6))
    scores = _scores(model, person)
    # Of a and b the second event counts as a later item of the others: the first ones have four.
    own = {"c": 1.0, "d": 2**-1, "b": 2**-2 + 2**-4, "a": 2**-3 + 2**-4}
    for item, expected in own.items():
        assert scores[item] == pytest.approx(expected, abs=2e-3)
    slate = wb.slate(model, person, k=3, seen=True)
    assert slate.items == ["c", "d", "b"]


def test_what_is_left_are_the_best_sellers_of_the_genres_liked_last():
    model = RecentlyViewed(recency=1.0).fit(LOG)
    scores = _scores(model, Profile.of(["d", "a"], [5.0, 5.0], [0.0, 1.0]))
    # Taste: Drama 1 (a), Comedy 1/2 (d). b is half drama and liked by one of four.
    assert scores["b"] == pytest.approx(1e-3 * 0.5 * 0.25 + 0.25e-6, rel=1e-4)
    assert scores["c"] == pytest.approx(0.5e-6, rel=1e-4)
    assert scores["new"] == scores["e"] == 0
    disliked = _scores(model, Profile.of(["a"], [1.0], [1.0]))
    assert disliked["b"] == pytest.approx(0.25e-6, rel=1e-4)
    assert disliked["a"] == pytest.approx(1.0, abs=1e-5)


def test_without_genres_what_is_left_is_what_is_popular():
    model = RecentlyViewed().fit(Dataset(LOG.interactions, relevant_from=4.0))
    scores = _scores(model, Profile.of(items=["d"], timestamps=[1.0]))
    assert scores["a"] == scores["c"] > scores["b"] > 0


def test_recently_needs_a_time():
    with pytest.raises(CapabilityError, match="RecentlyViewed needs timestamps"):
        RecentlyViewed().fit(Dataset(LOG.interactions.drop("timestamp"), ITEMS))


def test_picks_come_in_their_order_and_the_rest_by_popularity():
    model = EditorsPicks(["e", "d", "new"]).fit(LOG)
    assert model.picks_ == "by hand"
    assert wb.slate(model, Profile(), k=6).items == ["e", "d", "new", "a", "c", "b"]
    assert _scores(model, Profile.of(items=["a"])) == _scores(model, Profile())
    again = EditorsPicks.from_state(*model.state())
    assert again.items == ("e", "d", "new")
    assert _scores(again, Profile()) == _scores(model, Profile())


def test_without_picks_the_best_rated_are_shown():
    model = EditorsPicks(damping=2.0).fit(LOG)
    assert model.picks_ == "best rated"
    mean = 28 / 7
    expected = {
        "a": (9 + 2 * mean) / 4,
        "b": (5 + 2 * mean) / 3,
        "c": (9 + 2 * mean) / 5,
        "d": (5 + 2 * mean) / 3,
        "e": mean,
        "new": mean,
    }
    assert _scores(model, Profile()) == pytest.approx(expected)


def test_without_values_the_most_liked_are_shown():
    model = EditorsPicks().fit(Dataset(LOG.interactions.drop("value")))
    assert model.picks_ == "most liked"
    assert wb.slate(model, Profile(), k=1).items == ["c"]


@pytest.mark.parametrize("dtype", [int, str])
def test_a_pick_that_is_no_item_is_refused(dtype):
    log = Dataset(pl.DataFrame({"user_id": [1, 2], "item_id": [dtype(1), dtype(2)]}))
    words = "integers" if dtype is int else "text"
    other = "1" if dtype is int else 1
    with pytest.raises(ArgumentError, match=f"items: {other!r} is not in .*ids are {words}"):
        EditorsPicks([dtype(2), other]).fit(log)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"items": "abc"}, "items must be a list of item ids, not 'abc'"),
        ({"items": 5}, "items must be a list of item ids, not 5"),
        ({"items": ["a", "b", "a"]}, "items holds a more than once"),
        ({"damping": -1}, "damping must be 0 or more, not -1"),
        ({"damping": np.inf}, "damping must be 0 or more, not inf"),
    ],
)
def test_picks_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        EditorsPicks(**params)


@pytest.mark.parametrize("recency", [0, -1, float("nan")])
def test_a_recency_that_cannot_work_is_refused(recency):
    with pytest.raises(ArgumentError, match="recency must be above 0, not"):
        RecentlyViewed(recency)


def test_picks_by_hand_keep_the_contract():
    picks = EditorsPicks([7 * i + 2 for i in (3, 1, 20)])
    # Under other names, or as text, the list would have to be another one.
    rules = sorted(set(RULES) - {"id_type_is_inert", "names_are_inert"})
    assert check_model(picks, rules=rules).height > 25
