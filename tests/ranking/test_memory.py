"""Memory of lists is that of a block of people, however many there are."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import workbench as wb
from workbench.models import temporal
from workbench.models.temporal import Following
from workbench.ranking import recommend as lists

FEW, MANY = 512, 2048


@pytest.fixture(scope="module")
def world():
    return wb.load("synthetic", n_users=256, n_items=2_000, n_events=9_000)


def peak(work) -> float:
    """Megabytes that are held at the largest moment, beyond what was there before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def test_four_times_the_people_take_no_more_memory(world, monkeypatch):
    monkeypatch.setattr(lists, "BLOCK", 256)
    retrievers = {name: (name, {}) for name in ("popularity", "item-knn", "following", "trending")}
    engine = wb.Engine(retrievers, n_trees=5, depth=20).fit(world)
    everybody = world.profiles()
    few, many = (everybody[np.resize(np.arange(256), n)] for n in (FEW, MANY))
    wb.recommend(engine, few, 10)
    small, large = (peak(lambda p=people: wb.recommend(engine, p, 10)) for people in (few, many))
    assert large < 1.1 * small
    assert large < 8 * MANY * world.n_items * 4 / 1e6, "fewer than eight full matrices of scores"


def test_what_follows_what_is_counted_without_the_matrix_of_all_pairs(world, monkeypatch):
    monkeypatch.setattr(temporal, "CELLS", 2**16)
    model = Following(n_neighbours=5, window=2)
    world.profiles()
    assert peak(lambda: model.fit(world)) < 0.5 * world.n_items**2 * 8 / 1e6
