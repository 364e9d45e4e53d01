"""Ablation: a group that matters is missed, one that says nothing is not."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.columns import HIGH, LOW
from workbench.ranking.ablation import Trial, ablation, ndcg
from workbench.ranking.lessons import Lessons

RETRIEVERS = {"ease": ("ease", {}), "popularity": ("popularity", {})}
GROUPS = {"noise": ["noise"], "people like you": ["ease_score", "ease_z", "ease_rank"]}


@wb.feature(meaning="nothing")
def noise(pairs):
    return np.sin(pairs.row * 7.0 + pairs.item * 13.0)


@pytest.fixture(scope="module")
def world():
    return wb.load("synthetic", n_users=150, n_items=100, n_events=3_500, seed=4)


@pytest.fixture(scope="module")
def table(world):
    engine = wb.Engine(retrievers=RETRIEVERS, features=[noise], n_trees=20, depth=40)
    return ablation(world, engine, GROUPS, n_steps=1)


def test_each_group_is_taken_away_once_and_set_beside_the_whole(table):
    start = table.row(0, named=True)
    assert (start["step"], start["group"], start["chosen"]) == (0, None, True)
    assert start["difference"] is None
    tried = table.filter(table["step"] == 1)
    assert sorted(tried["group"]) == ["noise", "others", "people like you"]
    assert tried["chosen"].sum() == 1
    assert tried.filter(tried["chosen"])["ndcg"][0] == tried["ndcg"].max()
    np.testing.assert_allclose(tried["difference"], tried["ndcg"] - start["ndcg"], atol=1e-12)
    assert (tried[LOW] < tried["difference"]).all()
    assert (tried["difference"] < tried[HIGH]).all()
    widths = dict(tried.select("group", "n_features").iter_rows())
    assert widths["noise"] == start["n_features"] - 1
    assert widths["people like you"] == start["n_features"] - 3


def test_what_matters_is_missed_more_than_noise(world):
    engine = wb.Engine(retrievers=RETRIEVERS, features=[noise], n_trees=20, depth=40)
    found = ablation(world, engine, {"noise": ["noise"]}, forward=True)
    first = dict(found.filter(found["step"] == 1).select("group", "ndcg").iter_rows())
    assert first["others"] > 1.3 * first["noise"]
    last = found.filter(found["step"] == 2)
    assert last.select("group", "chosen").rows() == [("noise", True)]


def test_ndcg_is_that_of_the_evaluation():
    asked = Lessons(
        np.zeros((6, 1)), np.array([0, 1, 1, 1, 0, 0.0]), np.array([0, 0, 0, 1, 1, 1]), np.zeros(6)
    )
    found = ndcg(asked, np.array([3, 2, 1, 1, 2, 3.0]), np.array([2, 3]))
    ideal = [1 + 1 / np.log2(3), 1 + 1 / np.log2(3) + 0.5]
    np.testing.assert_allclose(found, [(1 / np.log2(3) + 0.5) / ideal[0], 0.5 / ideal[1]])


def test_groups_that_cannot_be_are_refused(world):
    engine = wb.Engine(retrievers=RETRIEVERS, n_trees=2, depth=20)
    for groups, words in (
        ({"a": ["nonsense"]}, "'nonsense' .* is no feature"),
        ({"a": ["n_events"], "b": ["n_events"]}, "'n_events' .* named twice"),
    ):
        with pytest.raises(wb.ArgumentError, match=words):
            ablation(world, engine, groups)
    with pytest.raises(wb.ArgumentError, match="n_steps"):
        ablation(world, engine, n_steps=0)


def late_word(world):
    """The world, with a column of context one of whose values is in the last fifth only."""
    cut = wb.split(world)
    late = cut.test.select("user_id", "item_id", "timestamp", pl.lit("autumn").alias("season"))
    log = world.interactions.join(
        late, ["user_id", "item_id", "timestamp"], "left", maintain_order="left"
    ).with_columns(pl.col("season").fill_null(pl.lit("spring")))
    return wb.Dataset.from_frames(
        log.drop("device", "hour"), world.items, relevant_from=world.relevant_from
    )


def test_columns_of_the_lessons_are_those_of_the_exam(world):
    """A value that only the end of the log has is a column of both."""
    log = late_word(world)
    engine = wb.Engine(RETRIEVERS, 20, features=["context"], n_trees=2)
    trial = Trial(log, engine, None, lambda what: None)
    names = [feature.name for feature in trial.features]
    assert {"context_season_is_autumn", "context_season_is_spring"} <= set(names)
    assert trial.learnt.matrix.shape[1] == trial.asked.matrix.shape[1] == len(names)
    spring, autumn = (names.index(f"context_season_is_{s}") for s in ("spring", "autumn"))
    for lessons in (trial.learnt, trial.asked):
        assert (lessons.matrix[:, spring] == 1).all()
        assert (lessons.matrix[:, autumn] == 0).all()
    alone = wb.Engine(RETRIEVERS, 20, features=["context"], n_trees=2)
    alone.learn(wb.split(log).train)
    assert "context_season_is_autumn" not in [f.name for f in alone.features_]


def test_an_engine_that_learns_from_other_columns_is_refused(world):
    class Forgetful(wb.Engine):
        def learn(self, dataset, choose=True):
            found = super().learn(dataset, choose)
            self.features_ = self.features_ if choose else self.features_[1:]
            return found

    with pytest.raises(wb.ArgumentError, match=r"other features .* must keep those chosen"):
        Trial(world, Forgetful(RETRIEVERS, 20, n_trees=2), None, lambda what: None)
