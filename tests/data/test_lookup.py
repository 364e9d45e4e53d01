"""The one door from ids to Profiles."""

import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.errors import DataError


@pytest.fixture
def dataset():
    log = pl.DataFrame(
        {
            "user_id": ["a", "a", "a", "b", "b"],
            "item_id": ["x", "y", "x", "y", "z"],
            "timestamp": [10.0, 20.0, 30.0, 15.0, 40.0],
            "value": [5.0, None, 2.0, 4.0, 3.0],
            "device": ["tv", "phone", "tv", "tv", "laptop"],
        }
    )
    users = pl.DataFrame({"user_id": ["a", "b", "c"], "age": [30, 40, 50]})
    return Dataset(log, users=users, relevant_from=4.0, context_columns=("device",))


def test_a_row_per_id_in_the_order_asked(dataset):
    people = dataset.profiles(["b", "a", "b"])
    assert [p.attributes["age"] for p in people] == [40, 30, 40]
    assert people[1].items == ["x", "y"]
    assert [e.value for e in people[1].history] == [5.0, None, 2.0]
    assert [e.timestamp for e in people[0].history] == [15.0, 40.0]
    assert people[0] == people[2]


def test_the_moment_is_that_of_the_last_event_and_so_is_the_context(dataset):
    people = dataset.profiles(["a", "b", "c"])
    assert people.as_of.tolist() == [30.0, 40.0, 40.0]
    assert people.context["device"].to_list() == ["tv", "laptop", None]
    assert people[2].items == []


def test_an_earlier_moment_shows_nothing_later(dataset):
    people = dataset.profiles(["a", "b"], as_of=20)
    assert [p.items for p in people] == [["x", "y"], ["y"]]
    assert people.as_of.tolist() == [20.0, 20.0]
    assert people.context["device"].to_list() == ["phone", "tv"]
    assert list(people) == [
        p.at(20).with_context("device", d)
        for p, d in zip(dataset.profiles(["a", "b"]), ["phone", "tv"], strict=True)
    ]
    assert [len(p) for p in dataset.profiles(["a", "b"], as_of=1)] == [0, 0]


def test_a_moment_without_context_columns(dataset):
    plain = Dataset(dataset.interactions.drop("device"))
    assert [p.items for p in plain.profiles(["a", "b"], as_of=20)] == [["x", "y"], ["y"]]


def test_everybody_by_default(dataset):
    assert len(dataset.profiles()) == 3
    assert [p.attributes["age"] for p in dataset.profiles()] == [30, 40, 50]
    assert len(dataset.profiles([])) == 0


def test_without_time_the_moment_is_unknown(dataset):
    timeless = Dataset(dataset.interactions.drop("timestamp"), context_columns=("device",))
    assert [p.as_of for p in timeless.profiles()] == [None, None]
    assert timeless.profiles(as_of=5)[0].items == timeless.profiles()[0].items


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("ab", "user_ids must be a list of ids, not the string 'ab'"),
        (["a", "q"], r"'q' is not in 'log'; its ids are strings such as 'a'.*wb\.Profile\.of"),
        ([1], "1 is not in 'log'; its ids are strings"),
    ],
)
def test_strangers_are_named(dataset, ids, message):
    with pytest.raises(DataError, match=message):
        dataset.profiles(ids)
