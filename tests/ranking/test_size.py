"""What is too large for a log is left out, with the reason; planted limits stand for large logs."""

from __future__ import annotations

import pytest

import workbench as wb
from workbench.errors import ArgumentError
from workbench.models.popularity import Popularity
from workbench.ranking import size
from workbench.ranking.registry import create, model_names
from workbench.ranking.retrievers import RETRIEVERS, chosen
from workbench.ranking.size import NEEDS, Need, Size, needed, too_large

MOVIELENS_1M = Size(people=6_000, items=3_700, events=1_000_000, pairs=360_000_000)
MOVIELENS_20M = Size(people=138_000, items=27_000, events=20_000_000, pairs=6_400_000_000)


@pytest.fixture(scope="module")
def world():
    return wb.load("synthetic", n_users=60, n_items=40, n_events=600)


def test_the_size_of_a_log(world):
    lengths = [len(person) for person in world.profiles()]
    found = Size.of(world)
    assert found == Size(60, 40, sum(lengths), sum(n * n for n in lengths))
    split = wb.split(world, guests=0.5)
    assert Size.of(split.train).people == 30


def test_every_model_of_the_table_is_a_model_that_is_estimated():
    assert set(NEEDS) <= set(model_names())
    for name in NEEDS:
        small, large = (needed(create(name), s) for s in (MOVIELENS_1M, MOVIELENS_20M))
        assert 0 < small.gb < large.gb
        assert 0 < small.minutes < large.minutes


def test_a_model_that_is_not_in_the_table_is_never_too_large():
    assert needed(create("popularity"), MOVIELENS_20M) == Need()
    assert too_large(Need()) is None


def test_a_model_that_is_made_of_others_needs_what_they_need():
    class Both(Popularity):
        parts = ("ease", ("session", {}), create("als"))

    each = [needed(create(name), MOVIELENS_20M) for name in ("ease", "session", "als")]
    found = needed(Both(), MOVIELENS_20M)
    assert found.gb == pytest.approx(sum(need.gb for need in each))
    assert found.minutes == pytest.approx(sum(need.minutes for need in each))
    assert "GB, and 4 GB are the limit" in too_large(found)


def test_nothing_of_the_engine_is_too_large_for_a_million_events(monkeypatch, world):
    monkeypatch.setattr(Size, "of", lambda dataset: MOVIELENS_1M)
    assert list(chosen(None, world).specs) == list(RETRIEVERS)


def test_what_the_engine_takes_of_twenty_million_events(monkeypatch, world):
    monkeypatch.setattr(Size, "of", lambda dataset: MOVIELENS_20M)
    choice = chosen(None, world)
    assert list(choice.specs) == [
        "ease", "als", "item-knn", "following", "content", "trending", "popularity",
    ]  # fmt: skip
    assert choice.left_out["user-knn"] == (
        "would take a core about 41 minutes, and 20 are the limit"
    )
    assert "GB beside 3.3 GB of those before it" in choice.left_out["session"]
    assert sorted([*choice.specs, *choice.left_out]) == sorted(RETRIEVERS)


@pytest.mark.parametrize(
    ("limit", "value", "out", "reason"),
    [
        ("MOST_GB", 0.0, "ease", "needs about 0.0 GB, and 0 GB are the limit"),
        ("MOST_MINUTES", 0.0, "ease", "would take a core about 0 minutes, and 0 are the limit"),
        ("MOST_GB_TOGETHER", 1e-8, "session", "GB of those before it, and 1e-08 GB are the limit"),
    ],
)
def test_planted_limits(monkeypatch, world, limit, value, out, reason):
    assert not chosen(None, world).left_out
    monkeypatch.setattr(size, limit, value)
    choice = chosen(None, world)
    assert reason in choice.left_out[out]
    assert {"content", "trending", "popularity"} <= set(choice.specs)
    assert out in chosen({out: (out, {})}, world).specs, "what is named is taken"


def test_a_retriever_that_the_log_cannot_feed():
    bare = wb.Dataset.from_frames(
        wb.load("synthetic", n_users=20, n_items=20, n_events=80)
        .interactions.select("user_id", "item_id")
    )  # fmt: skip
    choice = chosen(None, bare)
    assert choice.left_out["session"] == "needs timestamps, which 'log' does not have"
    with pytest.raises(ArgumentError, match=r"'session' needs timestamps.*leave it out"):
        chosen({"session": ("session", {})}, bare)
