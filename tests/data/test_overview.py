"""A log at a glance: figures that can be counted by hand."""

import polars as pl
import pytest

import workbench as wb
from workbench.data import overview


def events(**columns):
    return pl.DataFrame(columns)


def test_histories_are_counted_in_bars_that_double():
    users = ["a"] * 1 + ["b"] * 3 + ["c"] * 2 + ["d"] * 9
    found = overview.histories(events(user_id=users))
    assert found.rows() == [
        ("1", 1, 0.25),
        ("2 to 3", 2, 0.5),
        ("4 to 7", 0, 0.0),
        ("8 to 15", 1, 0.25),
    ]
    assert overview.histories(events(user_id=[])).height == 0


def test_attention_is_a_curve_from_nothing_to_all():
    items = [0] * 91 + list(range(1, 10))  # ten items, one of them with 91 of 100 events
    found = dict(overview.attention(events(item_id=items)).rows())
    assert (found[0.0], found[1.0]) == (0.0, 1.0)
    assert found[0.1] == pytest.approx(0.91)
    assert found[0.5] == pytest.approx(0.95)
    even = overview.attention(events(item_id=list(range(10)) * 3))
    assert even["events"].to_list() == pytest.approx(even["items"].to_list())


def test_values_are_counted_one_by_one_or_in_bars():
    found = overview.value_counts(events(value=[5.0, 4.0, 5.0, None]))
    assert found.rows() == [("4", 1), ("5", 2)]
    many = overview.value_counts(events(value=[float(i) for i in range(100)]))
    assert (many.height, many["n"].sum()) == (20, 100)
    assert overview.value_counts(events(item_id=[1])).height == 0


def test_time_is_shown_in_the_shortest_step_that_fits():
    day = 86_400.0
    found, step = overview.over_time(events(timestamp=[0.0, 10.0, 3 * day]))
    assert step == "1d"
    assert found["n"].to_list() == [2, 1]
    assert overview.over_time(events(timestamp=[0.0, 60.0]))[1] == "1h"
    assert overview.over_time(events(timestamp=[0.0, 365 * day * 10]))[1] == "1y"
    assert overview.over_time(events(item_id=[1]))[0].height == 0


def test_what_is_missing_is_told_as_a_share_of_rows():
    dataset = wb.Dataset.from_frames(
        pl.DataFrame({"user_id": ["a", "b"], "item_id": [1, 2], "value": [3.0, None]}),
        pl.DataFrame({"item_id": [1, 2], "title": ["One", None], "genres": [["x"], None]}),
    )
    found = dict(overview.missing(dataset).select("what", "there").rows())
    assert found == {
        "moments of events": 0.0,
        "ratings or amounts": 0.5,
        "titles": 0.5,
        "genres": 0.5,
        "years": 0.0,
        "facts about people": 0.0,
    }


def test_all_events_are_those_of_the_whole_log():
    dataset = wb.load("synthetic")
    cut = wb.split(dataset, "per-user-time", guests=0.1)
    assert overview.all_events(cut).height == dataset.n_events
