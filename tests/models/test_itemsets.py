"""The table of rules against mlxtend's own, on any log, in any order; and bounded mining."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from workbench.models import itemsets
from workbench.models.itemsets import RuleTable, no_rules, pair_rules, set_rules

MEASURES = ("support", "confidence", "lift", "leverage", "conviction")
MANY = 10**9


def _baskets(seed, n=80, things=15, share=0.3):
    rng = np.random.default_rng(seed)
    return sparse.csr_array((rng.random((n, things)) < share * rng.random(things) * 2).astype("f4"))


def _theirs(baskets, min_support, min_confidence, max_len=2):
    """mlxtend's table as a dict: sides → measures; consequents of one thing."""
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    frame = pd.DataFrame(baskets.toarray() > 0)
    sets = fpgrowth(frame, min_support=min_support, max_len=max_len)
    if not len(sets):
        return {}
    rules = association_rules(sets, metric="confidence", min_threshold=min_confidence)
    return {
        (tuple(sorted(map(int, rule.antecedents))), int(*rule.consequents)): [
            getattr(rule, name) for name in MEASURES
        ]
        for rule in rules.itertuples()
        if len(rule.consequents) == 1
    }


def _ours(table):
    columns = np.stack([getattr(table, name) for name in MEASURES], axis=1)
    return {
        (tuple(sorted(set(sides.tolist()))), int(to)): row
        for sides, to, row in zip(table.antecedent, table.consequent, columns, strict=True)
    }


def _assert_same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for key, found in ours.items():
        np.testing.assert_allclose(found, theirs[key], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_pair_rules_are_the_table_of_mlxtend(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 120))
    baskets = _baskets(seed, n=n, things=int(rng.integers(3, 25)))
    # Counts that divide to thresholds exactly are the ones that rounding could lose.
    for min_support in (0.07, 7 / n, 3 / n, np.nextafter(3 / n, 1), 0.3):
        for min_confidence in (0.2, 1 / 3, 1.0):
            ours, support = pair_rules(baskets, None, min_support, min_confidence, MANY)
            assert support == min_support
            _assert_same(_ours(ours), _theirs(baskets, min_support, min_confidence))


def test_the_order_of_baskets_and_things_changes_nothing():
    baskets, rng = _baskets(0), np.random.default_rng(5)
    rows, names = rng.permutation(80), rng.permutation(15)
    first = _ours(pair_rules(baskets, None, 0.05, 0.2, MANY)[0])
    assert len(first) > 30
    moved = sparse.csr_array(baskets[rows][:, names])
    found = _ours(pair_rules(moved, None, 0.05, 0.2, MANY)[0])
    renamed = {((int(names[a[0]]),), int(names[c])): row for (a, c), row in found.items()}
    assert renamed.keys() == first.keys()
    for key, row in renamed.items():
        np.testing.assert_array_equal(row, first[key])


def test_rules_are_the_same_however_many_are_counted_at_a_moment(monkeypatch):
    whole, _ = pair_rules(_baskets(1), None, 0.05, 0.2, MANY)
    monkeypatch.setattr(itemsets, "BLOCK", 2)
    parts, _ = pair_rules(_baskets(1), None, 0.05, 0.2, MANY)
    for name, column in whole.columns().items():
        np.testing.assert_array_equal(parts.columns()[name], column)


def test_rules_between_two_sorts_of_things_are_counted():
    left, right = _baskets(2, things=4), _baskets(3, things=6)
    table, _ = pair_rules(left, right, 0.05, 0.1, MANY)
    a, b = left.toarray() > 0, right.toarray() > 0
    assert len(table) > 5
    for rule in range(len(table)):
        i, j = table.antecedent[rule, 0], table.consequent[rule]
        assert table.n_both[rule] == (a[:, i] & b[:, j]).sum()
        assert (table.n_antecedent[rule], table.n_consequent[rule]) == (
            a[:, i].sum(),
            b[:, j].sum(),
        )
        assert table.support[rule] >= 0.05


@pytest.mark.parametrize("block", [3, 1024])
@pytest.mark.parametrize("most", [1, 10, 40])
def test_more_rules_than_wanted_raise_the_support_no_further_than_they_must(
    monkeypatch, most, block
):
    monkeypatch.setattr(itemsets, "BLOCK", block)
    baskets = _baskets(4)
    everything, _ = pair_rules(baskets, None, 0.01, 0.1, MANY)
    table, support = pair_rules(baskets, None, 0.01, 0.1, most)
    assert len(table) <= most < len(everything)
    least = round(support * 80)
    assert (everything.n_both >= least).sum() == len(table)
    assert (everything.n_both >= least - 1).sum() > most


@pytest.mark.parametrize("max_len", [3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_rules_of_several_things_are_the_table_of_mlxtend(seed, max_len):
    baskets = _baskets(seed, things=9, share=0.5)
    table, support = set_rules(baskets, 0.1, 0.3, max_len, MANY)
    theirs = _theirs(baskets, 0.1, 0.3, max_len)
    assert support == 0.1
    several = {key: row for key, row in theirs.items() if len(key[0]) > 1}
    assert len(several) > 20
    _assert_same(_ours(table), several)
    assert table.antecedent.shape[1] == max_len - 1


def test_a_large_log_goes_through_a_sparse_frame(monkeypatch):
    dense, _ = set_rules(_baskets(1), 0.05, 0.2, 3, MANY)
    monkeypatch.setattr(itemsets, "DENSE_CELLS", 0)
    thin, _ = set_rules(_baskets(1), 0.05, 0.2, 3, MANY)
    assert len(dense) > 20
    for name, column in dense.columns().items():
        np.testing.assert_array_equal(thin.columns()[name], column)


@pytest.mark.parametrize("max_len", [3, 4])
def test_a_table_that_would_explode_is_bounded_before_it_is_mined(max_len):
    """200 people who like the same 60 things: 34,220 sets of three, 487,635 of four."""
    everybody = sparse.csr_array(np.ones((200, 60), dtype="f4"))
    table, support = set_rules(everybody, 0.1, 0.1, max_len, 5_000)
    assert len(table) == 0
    assert support > 1
    some = sparse.csr_array(np.ones((200, 60), "f4") * (np.arange(200)[:, None] > np.arange(60)))
    table, support = set_rules(some, 0.1, 0.1, max_len, 5_000)
    n_sets = len({frozenset((*a, c)) for a, c in _ours(table)})
    assert 0.1 < support <= 1
    assert 0 < n_sets <= 5_000


def test_mining_that_would_take_long_is_bounded_before_it_starts(monkeypatch):
    baskets = _baskets(0, things=9, share=0.5)
    whole, support = set_rules(baskets, 0.1, 0.3, 3, MANY)
    assert support == 0.1
    monkeypatch.setattr(itemsets, "STEPS", 1_000)
    fewer, raised = set_rules(baskets, 0.1, 0.3, 3, MANY)
    assert raised > support
    assert len(fewer) < len(whole)
    assert fewer.n_both.min(initial=80) >= round(raised * 80)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (1, 5), (5, 1)])
def test_where_there_is_next_to_nothing_there_are_no_rules(shape):
    baskets = sparse.csr_array(np.zeros(shape, dtype="f4"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(pair_rules(baskets, None, 0.1, 0.1, MANY)[0]) == 0
        assert len(set_rules(baskets, 0.1, 0.1, 3, MANY)[0]) == 0


def test_a_rule_that_is_never_wrong_has_infinite_conviction():
    table, _ = pair_rules(sparse.csr_array(np.eye(4)[[0, 0, 1]][:, [0, 0, 1]]), None, 0.1, 0.1, 9)
    assert np.isinf(table.conviction).all()
    assert table.lift.tolist() == [1.5, 1.5]


def test_tables_of_different_width_are_joined():
    pairs, _ = pair_rules(_baskets(1), None, 0.1, 0.2, MANY)
    sets, _ = set_rules(_baskets(1), 0.1, 0.2, 4, MANY)
    both = RuleTable.joined(pairs, sets, no_rules())
    assert len(both) == len(pairs) + len(sets)
    assert both.antecedent.shape == (len(both), 3)
    assert _ours(both).keys() == _ours(pairs).keys() | _ours(sets).keys()
