import numpy as np
import polars as pl
import pytest

from workbench.audit.groups import groupings
from workbench.audit.intervals import (
    against_the_rest,
    generator,
    interval,
    plausible_means,
    weighted_sums,
)
from workbench.audit.people import people_frame


def frame(values, groups, minimum=20, seed=0, metrics=("ndcg",)):
    made, _ = groupings(pl.DataFrame({"group": groups}), ["group"])
    return people_frame(pl.DataFrame({"ndcg": values}), made, metrics, minimum, seed)


def row(found, group):
    return found.filter(pl.col("group") == group).row(0, named=True)


@pytest.fixture
def values():
    return np.random.default_rng(0).beta(1, 3, 200)


def test_group_figures_are_those_of_a_group_by(values):
    groups = ["a"] * 70 + ["b"] * 90 + [None] * 40
    found = frame(values, groups)
    rest = values[np.r_[0:70, 160:200]].mean()
    b = row(found, "b")
    assert b["n"] == 90
    assert b["value"] == pytest.approx(values[70:160].mean(), abs=1e-12)
    assert b["difference"] == pytest.approx(values[70:160].mean() - rest, abs=1e-12)
    assert b["ratio"] == pytest.approx(values[70:160].mean() / rest, abs=1e-12)
    assert row(found, "unknown")["n"] == 40
    assert row(found, "everybody")["value"] == pytest.approx(values.mean(), abs=1e-12)
    best = max(r["value"] for r in found.iter_rows(named=True) if r["attribute"] == "group")
    assert b["ratio_best"] == pytest.approx(b["value"] / best)
    assert b["low"] < b["value"] < b["high"]
    assert b["difference_low"] < b["difference"] < b["difference_high"]


def test_two_groups_test_the_same_thing(values):
    found = frame(values, ["a", "b"] * 100)
    a, b = row(found, "a"), row(found, "b")
    assert a["p"] == pytest.approx(b["p"], abs=0.02)
    assert a["difference"] == pytest.approx(-b["difference"])


def test_small_groups_are_suppressed_with_everything(values):
    found = frame(values, ["a"] * 181 + ["b"] * 19)
    b = row(found, "b")
    assert b["suppressed"] is True
    assert b["n"] == 19
    assert b["note"] == "too few (n < 20)"
    for figure in ("value", "low", "high", "difference", "ratio", "ratio_best", "p", "p_adjusted"):
        assert b[figure] is None


FIGURES = ("value", "low", "high", "difference", "ratio", "ratio_best", "p", "p_adjusted")


def test_a_small_group_cannot_be_computed_from_the_others(values):
    found = frame(values, ["a"] * 100 + ["b"] * 81 + ["c"] * 19)
    b = row(found, "b")  # the next smallest goes, too
    assert b["suppressed"] is True
    assert b["note"] == "withheld, so that a group of too few cannot be computed (n < 20)"
    assert [b[figure] for figure in FIGURES] == [None] * len(FIGURES)
    a = row(found, "a")
    assert a["value"] is not None
    assert a["difference"] is not None  # to 100 others, of two groups
    assert a["ratio_best"] is None
    of_two = frame(values, ["a"] * 181 + ["b"] * 19)
    assert of_two["suppressed"].to_list() == [False, True, True]
    too_few_together = frame(values, ["a"] * 100 + ["b"] * 85 + ["c"] * 8 + ["d"] * 7)
    assert row(too_few_together, "b")["suppressed"] is True
    enough_together = frame(values, ["a"] * 100 + ["b"] * 70 + ["c"] * 18 + ["d"] * 12)
    assert row(enough_together, "b")["suppressed"] is False


def test_what_is_shown_never_tells_of_fewer_than_the_minimum():
    rng = np.random.default_rng(7)
    for trial in range(25):
        share = rng.dirichlet(np.full(int(rng.integers(2, 7)), 0.6))
        groups = [f"g{g}" for g in rng.choice(len(share), 150, p=share)]
        metrics = pl.DataFrame(
            {m: np.where(rng.random(150) < gone, np.nan, rng.random(150))
             for m, gone in (("ndcg", 0.0), ("other", 0.4))}
        )  # fmt: skip
        made, _ = groupings(pl.DataFrame({"group": groups}), ["group"])
        found = people_frame(metrics, made, ("ndcg", "other"), 20, trial)
        for part in found.filter(pl.col("attribute") == "group").partition_by("metric"):
            hidden = part.filter(pl.col("suppressed") & (pl.col("n") > 0))
            if hidden.height:
                assert hidden.height >= min(2, part.filter(pl.col("n") > 0).height)
                assert hidden["n"].sum() >= 20


def test_a_group_of_nobody_hides_no_other(values):
    silent = [None if i < 60 else float(v) for i, v in enumerate(values)]
    found = frame(silent, ["a"] * 60 + ["b"] * 70 + ["c"] * 70)
    assert row(found, "a")["n"] == 0
    assert row(found, "b")["suppressed"] is False


def test_one_group_only_has_nobody_to_compare_with(values):
    a = row(frame(values, ["a"] * 200), "a")
    assert a["value"] is not None
    assert a["difference"] is None
    assert "nobody to compare with" in a["note"]


def test_nobody_known_is_one_row_and_few_people_are_none(values):
    found = people_frame(pl.DataFrame({"ndcg": values}), [], ("ndcg",), 20, 0)
    assert found["group"].to_list() == ["everybody"]
    few = people_frame(pl.DataFrame({"ndcg": values[:5]}), [], ("ndcg",), 20, 0)
    assert few["suppressed"].to_list() == [True]
    none = frame([], pl.Series([], dtype=pl.String))
    assert none["suppressed"].to_list() == [True]


def test_a_metric_that_is_silent_of_some_leaves_them_out(values):
    silent = [None if i < 30 else float(v) for i, v in enumerate(values)]
    a = row(frame(silent, ["a"] * 100 + ["b"] * 100), "a")
    assert a["n"] == 70
    assert a["value"] == pytest.approx(values[30:100].mean())


def test_five_hundred_groups_are_handled(values):
    many = np.tile(values, 60)
    found = frame(many, [f"g{i % 500}" for i in range(len(many))])
    assert found.height == 501
    assert found["p_adjusted"].drop_nulls().min() >= found["p"].drop_nulls().min()


def test_unanimous_groups_are_not_certain():
    a = row(frame([0.0] * 40 + [0.0, 1.0] * 80, ["a"] * 40 + ["b"] * 160), "a")
    assert a["value"] == 0.0
    assert a["low"] == 0.0
    assert 0.02 < a["high"] < 0.1


def test_the_order_of_other_attributes_does_not_matter_and_the_seed_does(values):
    people = pl.DataFrame({"x": ["a", "b"] * 100, "y": ["c"] * 80 + ["d"] * 120})
    rows = pl.DataFrame({"ndcg": values})
    both, _ = groupings(people, ["x", "y"])
    one = people_frame(rows, both, ("ndcg",), 20, 0)
    assert one.equals(people_frame(rows, both, ("ndcg",), 20, 0))
    assert not one["low"].equals(people_frame(rows, both, ("ndcg",), 20, 1)["low"])
    reversed_ = people_frame(rows, both[::-1], ("ndcg",), 20, 0)
    figures = ["attribute", "group", "value", "low", "difference_low", "ratio_high"]
    assert one.select(figures).sort("group").equals(reversed_.select(figures).sort("group"))


def test_intervals_cover_the_truth_also_for_small_skewed_groups():
    rng = np.random.default_rng(5)
    missed = 0
    for trial in range(400):
        x = np.where(rng.random(25) < 0.5, 0.0, rng.beta(1.2, 3, 25))
        sums = weighted_sums(generator(trial), np.column_stack([x, np.ones(25)]), 800)
        draws = plausible_means(sums[:, 0], sums[:, 1], generator(trial, "e"), True)
        low, high = interval(draws, x.mean(), 24)
        missed += not low <= 0.5 * 1.2 / 4.2 <= high
    assert missed <= 32  # 5 % of 400, and room for chance; the plain percentile misses 40 or more


def test_the_permutation_test_keeps_its_level_where_only_the_spread_differs():
    rng = np.random.default_rng(6)
    group = np.array([0] * 30 + [1] * 120)
    false = 0
    for trial in range(120):
        x = np.concatenate([rng.normal(0, 3, 30), rng.normal(0, 1, 120)])
        (p,) = against_the_rest(generator(trial), x, [group], [2])
        false += p[0] < 0.05
    assert false <= 13  # unstudentised it is above 40


def test_few_people_widen_the_tails_to_those_of_student():
    draws = np.random.default_rng(0).normal(size=200_000)
    low, high = interval(draws, 0.0, df=19)
    assert high - low == pytest.approx(2 * 2.093, rel=0.02)
    low, high = interval(draws, 0.0)
    assert high - low == pytest.approx(2 * 1.960, rel=0.02)
    assert interval(draws, 9.0)[1] == 9.0
