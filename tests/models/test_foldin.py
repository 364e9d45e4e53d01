"""The fold-in: the right solution, for each person by itself."""

import numpy as np
import pytest
from scipy import sparse

from workbench.models import foldin
from workbench.models.foldin import folded_in, solved


def _problem(n_people=150, n_items=40, n_factors=37, seed=0):
    rng = np.random.default_rng(seed)
    dense = rng.random((n_people, n_items)) * (rng.random((n_people, n_items)) < 0.2)
    dense[[3, n_people - 1]] = 0  # two people without events
    left = sparse.csr_array(dense)
    right = left.copy()
    right.data = rng.normal(size=left.nnz)
    return rng.normal(size=(n_items, n_factors)), 0.7 * np.eye(n_factors), left, right


def _brute(factors, base, left, right):
    x = []
    for one, two in zip(left.toarray(), right.toarray(), strict=True):
        equations = base + (factors.T * one) @ factors
        x.append(np.linalg.solve(equations, factors.T @ two))
    return np.array(x)


@pytest.mark.parametrize("n_factors", [1, 5, 32, 33, 70])
def test_it_solves_the_equations_of_each_person(n_factors):
    problem = _problem(n_factors=n_factors)
    np.testing.assert_allclose(folded_in(*problem), _brute(*problem), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("n_factors", [37, 64, 101])
def test_a_person_is_the_same_to_the_bit_alone_and_in_any_batch(monkeypatch, n_factors):
    factors, base, left, right = _problem(n_items=900, n_factors=n_factors)
    whole = folded_in(factors, base, left, right)
    for row in range(0, 150, 7):
        alone = folded_in(factors, base, left[[row]], right[[row]])
        assert np.array_equal(alone[0], whole[row])
    monkeypatch.setattr(foldin, "BYTES", 8 * 3 * n_factors**2)  # three people at once
    assert np.array_equal(folded_in(factors, base, left, right), whole)


def test_without_events_the_vector_is_zero():
    found = folded_in(*_problem())
    assert not found[[3, 149]].any()
    assert found[[4]].any()


@pytest.mark.parametrize("size", [1, 31, 32, 65, 200])
def test_cholesky_is_the_solution(size):
    rng = np.random.default_rng(size)
    a = rng.normal(size=(5, size, size))
    a = a @ a.transpose(0, 2, 1) + np.eye(size)
    b = rng.normal(size=(5, size))
    expected = np.linalg.solve(a, b[..., None])[..., 0]
    np.testing.assert_allclose(solved(a.copy(), b), expected, rtol=1e-6, atol=1e-9)


def test_equations_that_are_not_positive_definite_are_refused():
    a = np.stack([np.eye(3), np.diag([1.0, -1.0, 1.0])])
    with pytest.raises(np.linalg.LinAlgError, match="row 1 are not positive definite"):
        solved(a, np.ones((2, 3)))
