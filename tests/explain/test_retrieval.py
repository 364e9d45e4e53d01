"""What each retriever contributes, against the same figures worked out another way."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.errors import ArgumentError
from workbench.evaluation.funnel import recall_ceilings
from workbench.explain import shown
from workbench.explain.retrieval import FIGURES, SCHEMA, retrievers_contribution
from workbench.ranking.recommend import top


@pytest.fixture(scope="module")
def narrow(world_split):
    """An engine whose retrievers bring different things."""
    retrievers = {
        "ease": ("ease", {}),
        "content": ("content", {}),
        "popularity": ("popularity", {}),
    }
    return wb.Engine(retrievers=retrievers, n_trees=20, depth=8).fit(world_split.train)


@pytest.fixture(scope="module")
def table(narrow, world_split):
    return retrievers_contribution(narrow, world_split, n_boot=300)


def test_every_retriever_has_a_row_with_its_intervals(narrow, table):
    assert table.schema == pl.Schema(SCHEMA)
    assert set(table["retriever"]) == set(narrow.retrievers_)
    assert table["ndcg_drop"].is_sorted(descending=True)
    for figure in FIGURES:
        low, high = table[f"{figure}_low"], table[f"{figure}_high"]
        assert ((low <= table[figure]) & (table[figure] <= high)).all(), figure
    assert (table["only"] <= table["brought"]).all()
    assert table["first"].sum() == pytest.approx(1.0)  # one of them puts each item highest


def test_recall_is_that_of_the_funnel(narrow, world_split, table):
    ceilings = recall_ceilings(narrow, world_split, n_boot=200)
    joined = table.join(ceilings, on="retriever", suffix="_there")
    assert joined.height == table.height
    np.testing.assert_allclose(joined["recall"], joined["recall_there"])
    np.testing.assert_allclose(joined["recall_drop"], joined["unique"])
    assert table["recall_drop"].max() > 0.01
    union = ceilings.filter(retriever="union")["recall"][0]
    np.testing.assert_allclose(table["recall_without"] + table["recall_drop"], union)


@pytest.mark.parametrize("label", ["ease", "content", "popularity"])
def test_without_its_candidates_slates_and_ndcg_are_as_computed_by_hand(
    narrow, world_split, table, label
):
    ids, people = world_split.people()
    by = narrow.candidate_mask(people)
    others = np.any([mask for name, mask in by.items() if name != label], axis=0)
    row, item = top(np.where(others, narrow.score(people), np.nan), 10)
    lists = pl.DataFrame(
        {
            "user_id": pl.Series(ids).gather(row),
            "item_id": narrow.catalogue.ids.gather(item),
            "rank": np.arange(len(row)) - np.searchsorted(row, row) + 1,
        }
    )
    rows = wb.evaluate(wb.Slates.from_frame(lists), world_split, k=10)
    full = wb.evaluate(narrow, world_split, k=10)
    told = table.filter(retriever=label).row(0, named=True)
    assert told["ndcg_without"] == pytest.approx(rows["ndcg"].mean())
    assert told["ndcg_drop"] == pytest.approx(full["ndcg"].mean() - rows["ndcg"].mean())
    assert told["n"] == full.height


def test_people_asked_in_many_blocks_have_the_same_figures(narrow, world_split, table, monkeypatch):
    monkeypatch.setattr(shown, "CELLS", 1)
    assert retrievers_contribution(narrow, world_split, n_boot=300).equals(table)


def test_something_is_missed(table):
    assert table["only"].max() > 0.01
    assert table["ndcg_drop"].abs().max() > 0


def test_where_it_came_from_is_what_the_slates_say(narrow, world_split, table):
    _, people = world_split.people()
    slates = wb.recommend(narrow, people, 10).frame
    share = slates.group_by("row").agg((pl.col("source") == "content").mean().alias("share"))
    told = table.filter(retriever="content").row(0, named=True)
    assert told["first"] == pytest.approx(share["share"].mean())
    assert told["n_shown"] == slates.height


def test_a_single_retriever_brings_all(world_split):
    alone = wb.Engine(retrievers={"ease": ("ease", {})}, n_trees=5, depth=20).fit(world_split.train)
    (row,) = retrievers_contribution(alone, world_split, n_boot=200).rows(named=True)
    assert (row["first"], row["brought"], row["only"]) == (1.0, 1.0, 1.0)
    assert row["only_low"] < 1.0  # so many people, and no more, were asked
    assert row["recall_without"] == pytest.approx(0.0)
    assert row["ndcg_without"] == pytest.approx(0.0)


def test_what_cannot_work_is_refused(narrow, world_split):
    ease = wb.create("ease").fit(world_split.train)
    with pytest.raises(ArgumentError, match="'ease' has no retrievers"):
        retrievers_contribution(ease, world_split)
    with pytest.raises(ArgumentError, match="k must be a whole number"):
        retrievers_contribution(narrow, world_split, k=0)
    with pytest.raises(ArgumentError, match="split must be"):
        retrievers_contribution(narrow, world_split.train)
    with pytest.raises(ArgumentError, match="level must be"):
        retrievers_contribution(narrow, world_split, level=2)
    other = wb.split(wb.load("synthetic", n_users=40, n_items=30, n_events=300, seed=9))
    with pytest.raises(ArgumentError, match="engine counts other items than the split"):
        retrievers_contribution(narrow, other)
