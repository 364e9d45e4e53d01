"""Ranking metrics: by hand, against a brute force, and against scikit-learn."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from workbench.evaluation.accuracy import ACCURACY, Hits, Shown
from workbench.evaluation.definitions import METRICS

N_ITEMS = 12


def shown(lists, k):
    flat = [(row, rank, item) for row, ls in enumerate(lists) for rank, item in enumerate(ls, 1)]
    columns = np.array(flat, dtype=np.int64).reshape(-1, 3).T
    return Shown(*columns, len(lists), k)


def relevant(sets, n_items=N_ITEMS):
    dense = np.zeros((len(sets), n_items), np.float32)
    for row, wanted in enumerate(sets):
        dense[row, list(wanted)] = 1
    return sparse.csr_array(dense)


def measured(lists, sets, k, n_items=N_ITEMS):
    hits = Hits.of(shown([ls[:k] for ls in lists], k), relevant(sets, n_items))
    return {name: measure(hits) for name, measure in ACCURACY.items()}


def oracle(items, wanted, k):
    """The textbook, one person and one place at a time."""
    if not wanted:
        return dict.fromkeys(ACCURACY, math.nan)
    gains = [1 if item in wanted else 0 for item in items[:k]]
    best = min(k, len(wanted))
    out = {
        "ndcg": sum(g / math.log2(r + 1) for r, g in enumerate(gains, 1))
        / sum(1 / math.log2(r + 1) for r in range(1, best + 1)),
        "recall": sum(gains) / len(wanted),
        "precision": sum(gains) / k,
        "mrr": next((1 / r for r, g in enumerate(gains, 1) if g), 0.0),
        "map": sum(sum(gains[:r]) / r for r, g in enumerate(gains, 1) if g) / best,
        "hit_rate": float(any(gains)),
    }
    return out


people = st.lists(
    st.tuples(
        st.lists(st.integers(0, N_ITEMS - 1), unique=True),
        st.sets(st.integers(0, N_ITEMS - 1)),
    ),
    max_size=6,
)


@given(people, st.integers(1, N_ITEMS + 3))
@settings(max_examples=100, deadline=None)
def test_every_metric_is_the_textbook_and_in_its_range(drawn, k):
    lists, sets = [d[0] for d in drawn], [d[1] for d in drawn]
    got = measured(lists, sets, k)
    for name, values in got.items():
        expected = [oracle(items, wanted, k)[name] for items, wanted in drawn]
        np.testing.assert_allclose(values, expected, atol=1e-12, err_msg=name)
        known = values[~np.isnan(values)]
        assert ((known >= METRICS[name].low) & (known <= METRICS[name].high + 1e-12)).all()


@given(
    st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=N_ITEMS - 1),
    st.sets(st.integers(0, N_ITEMS - 1), min_size=1),
    st.integers(1, N_ITEMS),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_an_irrelevant_item_more_never_helps_and_a_better_rank_never_hurts(items, wanted, k, data):
    before = measured([items], [wanted], k)
    useless = sorted(set(range(N_ITEMS)) - wanted - set(items))
    if useless:
        place = data.draw(st.integers(0, len(items)))
        longer = [*items[:place], useless[0], *items[place:]]
        after = measured([longer], [wanted], k)
        for name in ACCURACY:
            assert after[name][0] <= before[name][0] + 1e-12
            if place == len(items):
                assert after[name][0] == pytest.approx(before[name][0])
    hits = [place for place, item in enumerate(items) if item in wanted and place > 0]
    if hits:
        place = data.draw(st.sampled_from(hits))
        better = items.copy()
        better[place - 1], better[place] = better[place], better[place - 1]
        after = measured([better], [wanted], k)
        for name in ACCURACY:
            assert after[name][0] >= before[name][0] - 1e-12


@given(st.integers(0, 2**32 - 1), st.integers(1, 15))
@settings(max_examples=20, deadline=None)
def test_equal_to_scikit_learn_where_it_has_the_metric(seed, k):
    from sklearn.metrics import (
        label_ranking_average_precision_score,
        ndcg_score,
        precision_score,
        recall_score,
    )

    rng = np.random.default_rng(seed)
    n, size = 5, 15
    scores = rng.permuted(np.tile(np.arange(size), (n, 1)), axis=1)
    truth = rng.random((n, size)) < 0.3
    truth[:, 0] = True
    lists = np.argsort(-scores, axis=1).tolist()
    sets = [set(np.flatnonzero(row)) for row in truth]
    got = measured(lists, sets, k, size)
    top = np.zeros_like(truth)
    np.put_along_axis(top, np.argsort(-scores, axis=1)[:, :k], True, axis=1)
    assert got["ndcg"].mean() == pytest.approx(ndcg_score(truth, scores, k=k, ignore_ties=True))
    assert got["precision"].mean() == pytest.approx(precision_score(truth, top, average="samples"))
    assert got["recall"].mean() == pytest.approx(recall_score(truth, top, average="samples"))
    full = measured(lists, sets, size, size)
    assert full["map"].mean() == pytest.approx(label_ranking_average_precision_score(truth, scores))
    single = np.zeros_like(truth)
    single[np.arange(n), rng.integers(0, size, n)] = True
    one = measured(lists, [set(np.flatnonzero(row)) for row in single], size, size)
    assert one["mrr"].mean() == pytest.approx(label_ranking_average_precision_score(single, scores))


def test_nobody_and_nothing_shown_are_measured_too():
    assert all(len(values) == 0 for values in measured([], [], 3).values())
    got = measured([[], []], [{1}, set()], 3)
    for values in got.values():
        assert values[0] == 0
        assert math.isnan(values[1])
