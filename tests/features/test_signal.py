"""Ranks from partitions and sorted keys are those of a plain sort, ties and all."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.features import signal as signals
from workbench.features.signal import FEW, Signal


def brute(signal: Signal) -> np.ndarray:
    """Rank of each item by the definition: unmet items before it, higher score or lower code."""
    score, unmet = signal.score, signal.unmet
    n_people, n_items = score.shape
    rank = np.zeros(score.shape, dtype=np.int64)
    for person in range(n_people):
        order = sorted(range(n_items), key=lambda j, p=person: (-float(score[p, j]), j))
        before = 0
        for item in order:
            rank[person, item] = before
            before += int(unmet[person, item])
    return rank


def worlds() -> list[Signal]:
    draw = np.random.default_rng(0)
    made = []
    for turn in range(60):
        shape = tuple(draw.integers(1, (7, 40)))
        score = np.round(draw.normal(size=shape), turn % 3).astype(np.float32)
        score[draw.random(shape) < 0.1] *= np.float32(-0.0)
        score[draw.random(shape) < 0.05] = [np.nan, np.inf, -np.inf, 1e-40][turn % 4]
        made.append(Signal(score, draw.random(shape) < draw.choice([0.0, 0.5, 0.9, 1.0])))
    return made


def test_the_first_are_those_of_lowest_rank():
    for signal in worlds():
        rank = brute(signal)
        for n in (1, 2, 5, signal.score.shape[1], 100):
            assert (signal.first(n) == ((rank < n) & signal.unmet)).all()


@pytest.mark.parametrize("few", [True, False], ids=["counted", "sorted"])
def test_ranks_of_pairs_in_any_order(few, monkeypatch):
    monkeypatch.setattr(signals, "FEW", 10**6 if few else 0)
    draw = np.random.default_rng(1)
    for signal in worlds():
        row, item = (place.ravel() for place in np.indices(signal.score.shape))
        order = draw.permutation(len(row))[: max(1, len(row) // 2)]
        found = signal.ahead(row[order], item[order])
        assert ("_ordered" in vars(signal)) != few
        assert (found == brute(signal)[row[order], item[order]]).all()


def test_no_pairs_and_no_people():
    signal = Signal(np.zeros((2, 3), np.float32), np.ones((2, 3), dtype=bool))
    none = np.zeros(0, dtype=np.int64)
    assert len(signal.ahead(none, none)) == 0
    empty = Signal(np.zeros((0, 3), np.float32), np.ones((0, 3), dtype=bool))
    assert empty.first(2).shape == (0, 3)
    assert len(empty.speaks) == 0


def test_standard_scores_are_over_what_was_not_met():
    score = np.array([[1.0, 2.0, 3.0, 9.0]], dtype=np.float32)
    signal = Signal(score, np.array([[True, True, True, False]]))
    items = np.arange(4)
    spread = np.std([1, 2, 3])
    assert signal.z(np.zeros(4, np.int64), items) == pytest.approx((score[0] - 2) / spread)
    flat = Signal(np.ones((1, 4), np.float32), np.ones((1, 4), dtype=bool))
    assert not flat.speaks[0]
    assert (flat.z(np.zeros(4, np.int64), items) == 0).all()


def test_only_many_pairs_are_sorted_for():
    signal = Signal(np.arange(10, dtype=np.float32)[None], np.ones((1, 10), dtype=bool))
    signal.ahead(np.zeros(FEW, np.int64), np.arange(FEW))
    assert "_ordered" not in vars(signal)
