"""X'X in panels against the plain product."""

import numpy as np
import pytest
from scipy import sparse

from workbench.models import cooccurrence
from workbench.models.cooccurrence import by_frequency, gram, panels


def _matrix(n_people, n_items, seed=0):
    rng = np.random.default_rng(seed)
    x = sparse.csr_array((rng.random((n_people, n_items)) < 0.3).astype(np.float32))
    return x, rng


@pytest.mark.parametrize("shape", [(30, 17), (30, 16), (1, 1), (5, 1), (1, 9), (0, 4)])
def test_every_pair_is_in_one_panel_once(monkeypatch, shape):
    monkeypatch.setattr(cooccurrence, "BLOCK", 4)
    x, _ = _matrix(*shape)
    dense, met = x.toarray(), np.zeros((shape[1], shape[1]), dtype=int)
    order = by_frequency(x)
    for block, values in panels(x, order):
        rows, columns = order[block.start :], order[block]
        assert np.array_equal(values, dense[:, rows].T @ dense[:, columns])
        met[np.ix_(rows, columns)] += 1
        met[np.ix_(columns, rows[len(columns) :])] += 1
    assert (met == 1).all()
    assert np.array_equal(gram(x), dense.T @ dense)


def test_items_go_from_the_most_to_the_least_frequent():
    x, _ = _matrix(40, 12)
    assert (np.diff(x.sum(axis=0)[by_frequency(x)]) <= 0).all()


def test_any_order_will_do(monkeypatch):
    monkeypatch.setattr(cooccurrence, "BLOCK", 5)
    x, rng = _matrix(40, 12)
    dense, order = x.toarray(), rng.permutation(12)
    for block, values in panels(x, order):
        assert np.array_equal(values, dense[:, order[block.start :]].T @ dense[:, order[block]])


def test_weights_are_summed_in_double_precision():
    x, rng = _matrix(40, 12)
    x.data[:] = rng.random(x.nnz)
    exact = x.toarray().astype(np.float64)
    order = by_frequency(x)
    for block, values in panels(x, order):
        rows, columns = order[block.start :], order[block]
        assert values.dtype == np.float64
        np.testing.assert_allclose(values, exact[:, rows].T @ exact[:, columns], rtol=1e-12)


def test_counts_beyond_the_smallest_type_do_not_overflow():
    n = 2**15 + 10
    x = sparse.csr_array(np.ones((n, 2), dtype=np.float32))
    assert np.array_equal(gram(x), np.full((2, 2), n))
    small = sparse.csr_array(np.ones((2**15 - 1, 2), dtype=np.float32))
    assert next(panels(small, np.arange(2)))[1].dtype == np.int16
    assert np.array_equal(gram(small), np.full((2, 2), 2**15 - 1))
