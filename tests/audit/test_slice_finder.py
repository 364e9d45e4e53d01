"""Slices nobody named: planted ones are found, chance is not confirmed, figures are of the rest."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.audit.intervals import generator
from workbench.audit.slice_finder import SAME, find_slices, slice_members
from workbench.audit.slices import slices
from workbench.columns import USER
from workbench.errors import ArgumentError


@pytest.fixture(scope="module")
def split():
    dataset = wb.load("synthetic", n_users=600, n_items=60, n_events=6_000, seed=2)
    return wb.split(dataset, guests=0.1)


def rows_of(split, values):
    ids, _ = split.people()
    own = split.train.people.ids.gather(split.train.people.codes(ids))
    return pl.DataFrame({USER: own, "ndcg": values})


def by_chance(split, seed):
    rng = np.random.default_rng([seed, 71])
    return np.where(
        rng.random(len(split.people()[0])) < 0.4, 0.0, rng.beta(2, 3, len(split.people()[0]))
    )


def meets(split, *conditions):
    made = {way.attribute: way.names for way in slices(split)}
    keep = np.ones(len(split.people()[0]), dtype=bool)
    for attribute, group in conditions:
        keep &= (made[attribute] == group).to_numpy()
    return keep


@pytest.fixture(scope="module")
def planted(split):
    """The two conditions of a large slice, which is worse by 0.25."""
    best = max(
        (
            ((a.attribute, x), (b.attribute, y))
            for i, a in enumerate(slices(split))
            for b in slices(split)[i + 1 :]
            for x in a.order
            for y in b.order
        ),
        key=lambda pair: -abs(meets(split, *pair).mean() - 0.15),
    )
    values = by_chance(split, 1)
    return best, np.clip(values - 0.25 * meets(split, *best), 0, 1), values


def test_a_planted_slice_of_two_conditions_is_found_and_confirmed(split, planted):
    conditions, values, _ = planted
    found = find_slices(split, rows_of(split, values), seed=1)
    inside = meets(split, *conditions)
    confirmed = found.filter("confirmed")
    assert confirmed.height >= 1
    ids = np.array(split.people()[0])
    alike = []
    for row in confirmed.iter_rows(named=True):
        got = np.isin(ids, slice_members(split, row["conditions"]))
        alike.append((got & inside).sum() / (got | inside).sum())
    assert max(alike) > 0.5
    assert (confirmed["difference"] < 0).all()
    assert confirmed["p_adjusted"].max() <= 0.05


def test_chance_is_rarely_confirmed(split):
    """With nothing there, at most 5 % of logs have a confirmed slice: P(> 4 of 30) < 2 %."""
    false = sum(
        find_slices(split, rows_of(split, by_chance(split, seed)), seed=seed)["confirmed"].any()
        for seed in range(30)
    )
    assert false <= 4


def test_figures_are_of_people_who_did_not_help_to_find_it(split, planted):
    """Where only the finding half is bad, that is forgotten: figures by hand of the other half."""
    conditions, _, values = planted
    finding = np.zeros(len(values), dtype=bool)
    finding[generator(3, "slice finder").permutation(len(values))[: len(values) // 2]] = True
    bad = np.where(finding & meets(split, *conditions), 0.0, values)
    found = find_slices(split, rows_of(split, bad), seed=3)
    assert found.height
    assert not found["confirmed"].any()
    ids = np.array(split.people()[0])
    for row in found.iter_rows(named=True):
        inside = np.isin(ids, slice_members(split, row["conditions"]))
        assert row["n"] == (inside & ~finding).sum()
        assert row["value"] == pytest.approx(bad[inside & ~finding].mean())
        assert row["rest"] == pytest.approx(bad[~inside & ~finding].mean())
        gap = bad[inside & finding].mean() - bad[~inside & finding].mean()
        assert row["difference_found"] == pytest.approx(gap)
        assert row["low"] <= row["value"] <= row["high"]
    assert found["difference_found"].min() < found["difference"].min() - 0.1


def test_no_two_slices_are_the_same_people(split, planted):
    _, values, _ = planted
    found = find_slices(split, rows_of(split, values), seed=1)
    sets = [set(slice_members(split, c)) for c in found["conditions"]]
    for i, one in enumerate(sets):
        for other in sets[:i]:
            assert len(one & other) / len(one | other) < (1 + SAME) / 2
    assert all(len(c) <= 3 for c in found["conditions"])
    assert (found["n"] >= 20).all()


def test_the_same_again_and_another_seed_another_half(split, planted):
    _, values, _ = planted
    rows = rows_of(split, values)
    assert find_slices(split, rows, seed=1).equals(find_slices(split, rows, seed=1))
    assert not find_slices(split, rows, seed=1).equals(find_slices(split, rows, seed=2))


def test_people_without_a_number_are_left_out_and_few_people_have_no_slices(split, planted):
    _, values, _ = planted
    holes = values.copy()
    holes[::3] = np.nan
    found = find_slices(split, rows_of(split, holes), seed=1)
    assert found["n"].max() <= np.isfinite(holes).sum() // 2 + 1
    few = wb.split(wb.load("synthetic", n_users=60, n_items=40, n_events=500, seed=9))
    ids, _ = few.people()
    assert find_slices(few, rows_of(few, np.zeros(len(ids)))).is_empty()
    assert find_slices(split, rows_of(split, np.full(len(values), 0.5))).is_empty()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"minimum": 5}, "minimum"), ({"most": 0}, "most"), ({"carried": 0}, "carried"),
        ({"metric": "nose"}, "is no column of rows"), ({"seed": -1}, "seed"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(split, planted, arguments, words):
    with pytest.raises(ArgumentError, match=words):
        find_slices(split, rows_of(split, planted[1]), **arguments)


def test_a_slice_that_is_not_there_is_named(split):
    with pytest.raises(ArgumentError, match="there is no slice nose = 'long'"):
        slice_members(split, [{"attribute": "nose", "group": "long"}])
