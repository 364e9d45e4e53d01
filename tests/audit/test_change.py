"""Paired change by group: by hand, suppressed, and right about chance."""

import numpy as np
import polars as pl
import pytest

from workbench.audit.change import among, change_by_group
from workbench.audit.groups import Grouping
from workbench.evaluation.resampling import holm


def grouping(names, order):
    return Grouping("kind", pl.Series(names, dtype=pl.String), tuple(order), "by hand")


def test_means_by_hand_and_everybody_first():
    rng = np.random.default_rng(0)
    before, after = rng.random(100), rng.random(100)
    before[3], after[60] = np.nan, np.nan
    names = ["a"] * 40 + ["b"] * 60
    frame = change_by_group({"ndcg": (before, after)}, [grouping(names, ["b", "a"])], 20, 0)
    assert frame["group"].to_list() == ["everybody", "b", "a"]
    assert frame["n"].to_list() == [98, 59, 39]
    known = ~np.isnan(before + after)
    for row, mask in zip(
        frame.iter_rows(named=True),
        (np.ones(100, bool), np.arange(100) >= 40, np.arange(100) < 40),
        strict=True,
    ):
        one, two = before[mask & known], after[mask & known]
        assert row["before"] == pytest.approx(one.mean())
        assert row["after"] == pytest.approx(two.mean())
        assert row["difference"] == pytest.approx((two - one).mean())
        assert row["low"] < row["difference"] < row["high"]
    assert frame["p_adjusted"].to_list() == pytest.approx(holm(frame["p"].to_numpy()))


def test_nothing_changed_is_said_to_be_nothing():
    same = np.linspace(0, 1, 50)
    (row,) = change_by_group({"ndcg": (same, same.copy())}, [], 20, 0).to_dicts()
    assert (row["difference"], row["low"], row["high"], row["p"]) == (0, 0, 0, 1)


def test_small_groups_are_not_shown_nor_can_they_be_computed():
    names = ["a"] * 50 + ["b"] * 30 + ["c"] * 5
    values = np.arange(85.0)
    frame = change_by_group(
        {"ndcg": (values, values * 2)}, [grouping(names, ["a", "b", "c", "nobody"])], 20, 0
    )
    shown = {row["group"]: row for row in frame.iter_rows(named=True)}
    assert set(shown) == {"everybody", "a", "b", "c"}
    for group, words in (("b", "withheld"), ("c", "too few")):
        assert shown[group]["note"].startswith(words)
        figures = ("before", "after", "difference", "low", "high", "p", "p_adjusted")
        assert [shown[group][name] for name in figures] == [None] * 7
    assert shown["a"]["note"] is None


def test_groups_follow_the_people_that_are_taken():
    (taken,) = among([grouping(list("abc"), "abc")], np.array([2, 0]))
    assert taken.names.to_list() == ["c", "a"]


@pytest.mark.full
def test_intervals_hold_the_truth_and_chance_is_called_so():
    """600 worlds in which group "a" gains 0.05 and the others nothing."""
    held, alarms, n = 0, 0, 600
    for seed in range(n):
        rng = np.random.default_rng(seed)
        before = rng.beta(1, 3, 120)
        names = ["a"] * 40 + ["b"] * 40 + ["c"] * 40
        after = before + rng.normal(0, 0.2, 120) * rng.random(120) + 0.05 * (np.arange(120) < 40)
        frame = change_by_group({"ndcg": (before, after)}, [grouping(names, "abc")], 20, 0).filter(
            pl.col("group") != "everybody"
        )
        low, high = frame["low"].to_list()[0], frame["high"].to_list()[0]
        held += low <= 0.05 <= high
        null = change_by_group(
            {"ndcg": (before, before + (after - before - 0.05 * (np.arange(120) < 40)))},
            [grouping(names, "abc")], 20, 0,
        )  # fmt: skip
        alarms += bool((null["p_adjusted"] <= 0.05).any())
    assert 0.93 <= held / n <= 0.97
    assert alarms / n <= 0.05 + 1.96 * np.sqrt(0.05 * 0.95 / n)
