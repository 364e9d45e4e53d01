"""The cold-start curve: the same people and the same question at every length."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.columns import USER
from workbench.data.synthetic import synthetic
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.accuracy import ACCURACY
from workbench.evaluation.cold_start import cold_start, reached
from workbench.models.base import Recommender


@pytest.fixture(scope="module")
def split():
    return wb.split(synthetic(n_users=80, n_items=100, n_events=1900, seed=1), guests=0.2)


@pytest.fixture(scope="module")
def ease(split):
    return wb.create("ease").fit(split.train)


class Longest(Recommender):
    """Keeps the lengths of the histories that it was shown. Source: none."""

    def fit(self, dataset):
        self.lengths_ = []
        self.n_ = dataset.n_items
        return self

    def score(self, profiles, items=None):
        self.lengths_.append(np.bincount(profiles.row[profiles.counts], minlength=len(profiles)))
        return np.zeros((len(profiles), self.n_), np.float32) - np.arange(self.n_, dtype="f4")


def test_the_model_is_shown_so_many_events_and_no_more(split):
    model = Longest().fit(split.train)
    rows = cold_start(model, split, [3, 0, 5])
    assert [set(shown) for shown in model.lengths_[:3]] == [{0}, {3}, {5}]
    assert model.lengths_[3].min() >= 5
    assert rows["history"].unique(maintain_order=True).to_list() == [0, 3, 5, None]


def test_all_events_give_what_evaluate_gives(split, ease):
    rows = cold_start(ease, split, [0, 4]).filter(pl.col("history").is_null())
    whole = wb.evaluate(ease, split).filter(pl.col(USER).is_in(rows[USER].implode()))
    for metric in ACCURACY:
        assert rows[metric].equals(whole[metric]), metric
    assert rows.height > 40


def test_a_personal_model_learns_from_a_longer_history_and_popularity_does_not(split, ease):
    popular = wb.create("popularity").fit(split.train)
    means = [
        cold_start(model, split, [0, 10]).group_by("history").agg(pl.col("ndcg").mean())
        for model in (ease, popular)
    ]
    personal, same = ({row["history"]: row["ndcg"] for row in m.to_dicts()} for m in means)
    assert personal[None] > personal[0]
    assert personal[0] == pytest.approx(same[0])
    assert same[0] == same[10] == same[None]


def test_the_same_people_at_every_length_and_guests_first(split, ease):
    rows = cold_start(ease, split, [0, 10], max_people=20)
    people = rows.group_by("history").agg(pl.col(USER).sort())[USER].to_list()
    assert all(part == people[0] for part in people)
    assert len(people[0]) == 20
    everybody = cold_start(ease, split, [0, 10]).filter(pl.col("history") == 0)
    few = rows.filter(pl.col("history") == 0)
    assert few["guest"].sum() == min(20, everybody["guest"].sum())
    assert rows.equals(cold_start(ease, split, [0, 10], max_people=20))
    assert set(few[USER]) <= set(everybody[USER])


def test_the_curve_says_what_was_shown(split, ease):
    curve = wb.summarise(cold_start(ease, split, [0, 1]), by="history")
    words = curve.filter(pl.col("metric") == "ndcg").sort("history")["definition"]
    assert "; all events of each history shown" in words[0]
    assert "; no event of each history shown" in words[1]
    assert "; only the last 1 events of each history" in words[2]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"lengths": []}, "lengths must be whole numbers of 0 or more"),
        ({"lengths": [-1]}, "lengths must be whole numbers of 0 or more"),
        ({"lengths": [1.5]}, "lengths must be whole numbers of 0 or more"),
        ({"max_people": 0}, "max_people must be at least 1"),
        ({"k": 0}, "k must be a whole number of at least 1"),
    ],
)
def test_bad_arguments_are_refused(split, ease, more, message):
    with pytest.raises(ArgumentError, match=message):
        cold_start(ease, split, **more)


def test_lengths_that_nobody_has_are_refused(split, ease):
    with pytest.raises(DataError, match="has 1000 events; give shorter lengths"):
        cold_start(ease, split, [1000])


def test_a_model_of_another_catalogue_is_refused(split):
    other = wb.create("ease").fit(synthetic(n_users=40, n_items=60, n_events=500, seed=2))
    with pytest.raises(ArgumentError, match="fitted on other items than those of split"):
        cold_start(other, split)


def with_lengths(lengths):
    """A split whose people have these numbers of training events, and a test event each."""
    user = np.repeat(np.arange(len(lengths)), lengths)
    item = np.concatenate([np.arange(n) for n in lengths])
    asked = pl.DataFrame({"user_id": range(len(lengths)), "item_id": 99})
    train = pl.DataFrame({"user_id": [*user, 1_000], "item_id": [*item, 99]})
    return wb.Split.from_frames(train, asked)


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([10] * 20 + [3] * 30, [0, 1, 3, 10]),
        ([10] * 19 + [3] * 30, [0, 1, 3]),
        ([10] * 5 + [1] * 3 + [0] * 2, [0, 1, 3, 10]),
        ([10] * 4 + [1] * 4 + [0] * 2, [0, 1]),
        ([2] * 19 + [0] * 30, []),
    ],
)
def test_the_lengths_of_a_curve_are_those_that_enough_people_have(lengths, expected):
    assert reached(with_lengths(lengths)) == expected
