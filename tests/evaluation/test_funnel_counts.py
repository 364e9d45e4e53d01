"""Where relevant items are lost, over everybody: it agrees with the metrics and the engine."""

import numpy as np
import pytest

import workbench as wb
from workbench.evaluation.funnel import funnel_counts, recall_ceilings

K = 5


@pytest.fixture(scope="module")
def split():
    data = wb.load("synthetic", n_users=150, n_items=140, n_events=5_000, seed=3)
    return wb.split(data, "per-user-time", guests=0.1)


@pytest.fixture(scope="module")
def engine(split):
    retrievers = {
        "ease": ("ease", {}),
        "content": ("content", {}),
        "popularity": ("popularity", {}),
    }
    return wb.Engine(retrievers=retrievers, n_trees=10, depth=12).fit(split.train)


def test_every_relevant_item_is_counted_once(split, engine, monkeypatch):
    ids = engine.catalogue.ids.to_list()
    policy = wb.Policy(exclude=ids[::3], boost={ids[1]: 0.5})
    counts = funnel_counts(engine, split, K, policy)
    assert counts["stage"].to_list() == [
        "retrievable", "candidate", "ranked", "exclude", "boost", "shown",
    ]  # fmt: skip
    n = int(split.relevant_matrix().nnz)
    assert counts["n"].to_list() == [n] * 6
    assert counts["lost"].sum() + counts["left"][-1] == n
    assert counts["left"].to_list() == [n - sum(counts["lost"][: i + 1]) for i in range(6)]
    assert counts["share"].sum() == pytest.approx(1)
    assert counts["lost"][3] > 0
    for row in counts.iter_rows(named=True):
        assert row["low"] <= row["share"] <= row["high"]
        assert "k=5; relevant = value" in row["definition"]
    monkeypatch.setattr("workbench.evaluation.funnel.BLOCK", 7)
    assert funnel_counts(engine, split, K, policy).equals(counts)


def test_what_is_shown_is_what_evaluate_counts_as_hits(split, engine):
    rows = wb.evaluate(engine, split, K)
    hits = (rows["precision"] * K).sum()
    counts = funnel_counts(engine, split, K)
    assert counts["left"][-1] == pytest.approx(hits)
    assert counts.filter(stage="shown")["share"][0] == pytest.approx(hits / counts["n"][0])
    model = wb.create("popularity").fit(split.train)
    hits = (wb.evaluate(model, split, K)["precision"] * K).sum()
    counts = funnel_counts(model, split, K)
    assert counts["stage"].to_list() == ["retrievable", "ranked", "shown"]
    assert counts["left"][-1] == pytest.approx(hits)


def test_the_ceiling_of_the_union_is_what_the_ranker_can_reach(split, engine):
    ceilings = recall_ceilings(engine, split)
    assert ceilings["retriever"].to_list() == ["ease", "content", "popularity", "union"]
    assert ceilings["depth"].to_list() == [12] * 4
    _, people = split.people()
    relevant = split.relevant_matrix().toarray() > 0
    masks = engine.candidate_mask(people)
    union = np.isfinite(engine.score(people))
    each = relevant.sum(axis=1)
    for name, mask in [*masks.items(), ("union", union)]:
        row = ceilings.filter(retriever=name).row(0, named=True)
        assert row["recall"] == pytest.approx(((relevant & mask).sum(axis=1) / each).mean())
        assert row["low"] <= row["recall"] <= row["high"]
        assert row["n"] == len(people)
    alone = masks["content"] & ~masks["ease"] & ~masks["popularity"]
    unique = ceilings.filter(retriever="content")["unique"][0]
    assert unique == pytest.approx(((relevant & alone).sum(axis=1) / each).mean())
    assert ceilings.filter(retriever="union")["unique"][0] is None
    best = wb.evaluate(engine, split, 12)["recall"].mean()
    assert best <= ceilings["recall"][-1]


def test_what_is_refused(split, engine):
    model = wb.create("popularity").fit(split.train)
    with pytest.raises(wb.ArgumentError, match="must be a fitted Engine, not Popularity"):
        recall_ceilings(model, split)
    with pytest.raises(wb.ArgumentError, match="k must be a whole number"):
        funnel_counts(engine, split, 0)
    with pytest.raises(wb.ArgumentError, match="split must be a Split"):
        funnel_counts(engine, split.train)
    with pytest.raises(wb.ArgumentError, match="model must be a fitted model, not str"):
        funnel_counts("ease", split)
    with pytest.raises(wb.WorkbenchError, match="has not been fitted"):
        funnel_counts(wb.create("ease"), split)
    other = wb.load("synthetic", n_users=50, n_items=30, n_events=300, seed=0)
    with pytest.raises(wb.ArgumentError, match="model counts other items than the split"):
        funnel_counts(wb.create("popularity").fit(other), split)
