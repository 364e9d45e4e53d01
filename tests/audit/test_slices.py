"""Slices of people: every person in one slice of each way, and figures by hand."""

import polars as pl
import pytest

import workbench as wb
from workbench.audit.behaviour import DAYS, MET
from workbench.audit.slices import LEARNT, members, slice_table, slices
from workbench.errors import ArgumentError


@pytest.fixture(scope="module")
def cut():
    world = wb.load("synthetic", n_users=150, n_items=120, n_events=4_000, seed=3)
    return wb.split(world, "per-user-time", test_fraction=0.2, guests=0.2)


@pytest.fixture(scope="module")
def rows(cut):
    return wb.evaluate(wb.create("popularity").fit(cut.train), cut)


def test_every_person_is_in_one_slice_of_each_way(cut):
    ids, people = cut.people()
    for way in slices(cut):
        parts = [members(cut, way.attribute, group) for group in way.order]
        assert sorted(i for part in parts for i in part) == sorted(ids), way.attribute
    assert members(cut, LEARNT, "no") == [i for i in ids if i in cut.guests]
    made = {way.attribute: way for way in slices(cut)}
    assert {MET, LEARNT} <= set(made)
    lengths = dict(zip(ids, people.n_met, strict=True))
    low, high = (members(cut, MET, made[MET].order[i]) for i in (0, -1))
    assert max(lengths[i] for i in low) < min(lengths[i] for i in high)


def test_days_are_counted_once_each():
    day = 86_400.0
    events = pl.DataFrame(
        {
            "user_id": [1, 1, 1, 2, 2, 2, 3, 3, 3],
            "item_id": [1, 2, 3, 1, 2, 4, 2, 3, 4],
            "timestamp": [0.0, 1.0, 2.0, 0.0, day, 3 * day, day, 1.5 * day, 9 * day],
        }
    )
    cut = wb.split(wb.Dataset.from_frames(events), "leave-last")
    (way,) = [w for w in slices(cut) if w.attribute == DAYS]
    named = dict(zip(cut.people()[0], way.names, strict=True))
    assert named == {1: "1", 2: "2", 3: "1"}


def test_figures_are_means_of_the_members_and_few_are_suppressed(cut, rows):
    table = slice_table(cut, rows, "ndcg")
    shown = table.filter(~pl.col("suppressed") & (pl.col("attribute") != "everybody"))
    assert shown.height > 2
    for row in shown.iter_rows(named=True):
        ids = members(cut, row["attribute"], row["group"])
        mine = rows.filter(pl.col("user_id").is_in(ids))["ndcg"].drop_nulls()
        assert row["n"] == len(mine) >= 20
        assert row["value"] == pytest.approx(mine.mean())
        assert row["low"] <= row["value"] <= row["high"]
    strict = slice_table(cut, rows, "ndcg", minimum=70)
    assert strict.filter(pl.col("n") < 70)["suppressed"].all()
    assert strict.filter("suppressed")["value"].null_count() == strict["suppressed"].sum()
    mixed = slice_table(cut, rows.sample(fraction=1.0, shuffle=True, seed=1), "ndcg")
    assert mixed.equals(table)


def test_what_is_not_there_is_refused(cut, rows):
    with pytest.raises(ArgumentError, match="there is no slice shoe size = '44'"):
        members(cut, "shoe size", "44")
    with pytest.raises(ArgumentError, match="metric='height' is no column"):
        slice_table(cut, rows, "height")
    with pytest.raises(ArgumentError, match="give the rows of one model"):
        slice_table(cut, rows.head(3))
