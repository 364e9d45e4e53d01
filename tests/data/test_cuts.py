"""Ways to cut a log, counted by hand."""

import polars as pl
import pytest

import workbench as wb
from workbench.data.cuts import cuts


@pytest.fixture(scope="module")
def log():
    """Three people: one early, one with a tie at the end, one who comes late."""
    rows = [
        ("early", 1, 0.0), ("early", 2, 1.0),
        ("tied", 1, 2.0), ("tied", 2, 5.0), ("tied", 3, 5.0),
        ("late", 3, 8.0), ("late", 4, 9.0),
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    return wb.Dataset.from_frames(frame)


def test_a_cut_of_each_person_has_ties_and_a_future(log):
    (found,) = cuts({"last": wb.split(log, "leave-last")}).iter_rows(named=True)
    assert found == {
        "cut": "last",
        "learnt": 4,
        "asked": 3,
        "people": 3,
        "cold_people": 0,
        "cold_events": 0.0,
        "within_a_moment": 1,
        # Learnt at 0, 2, 5 and 8; asked at 0, 5 and 8: later are 3, 1 and 0 of 4.
        "learnt_later": pytest.approx((3 + 1 + 0) / 4 / 3),
    }


def test_a_cut_at_one_moment_has_newcomers_and_no_future(log):
    cut = wb.split(log, "global-time", test_fraction=0.3)
    (found,) = cuts({"world": cut}).iter_rows(named=True)
    assert (found["learnt"], found["asked"]) == (5, 2)
    assert (found["people"], found["cold_people"], found["cold_events"]) == (1, 1, 1.0)
    assert (found["within_a_moment"], found["learnt_later"]) == (0, 0.0)


def test_guests_are_known_though_nothing_is_learnt_of_them(log):
    (found,) = cuts({"guests": wb.split(log, "leave-last", guests=0.4)}).iter_rows(named=True)
    assert found["learnt"] < 4
    assert (found["cold_events"], found["within_a_moment"]) == (0.0, 1)


def test_without_time_nothing_is_said_of_it(log):
    bare = log.replaced(log.interactions.drop("timestamp"))
    (found,) = cuts({"any": wb.split(bare, "random", test_fraction=0.5)}).iter_rows(named=True)
    assert found["within_a_moment"] is None
    assert found["learnt_later"] is None


def test_what_is_no_split_is_refused(log):
    for splits in ({}, {"folds": (1, 2)}):
        with pytest.raises(wb.ArgumentError, match="splits must be a mapping of names to splits"):
            cuts(splits)
