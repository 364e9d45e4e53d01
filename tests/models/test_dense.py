"""The one dense product: right, and each row by itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.models.dense import product


def _matrices(n_rows, n_inner, n_columns, seed=0):
    rng = np.random.default_rng(seed)
    left = rng.normal(size=(n_rows, n_inner)).astype(np.float32)
    return left, rng.normal(size=(n_inner, n_columns)).astype(np.float32)


@pytest.mark.parametrize("n_rows", [1, 2, 63, 64, 65, 200, 1025])
def test_it_is_the_product(n_rows):
    left, right = _matrices(n_rows, 20, 33)
    result = product(left, right)
    assert result.dtype == np.float32
    assert result.shape == (n_rows, 33)
    exact = left.astype(np.float64) @ right.astype(np.float64)
    np.testing.assert_allclose(result, exact, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_inner", [1, 7, 50, 64, 333])
def test_a_row_is_the_same_to_the_bit_alone_and_anywhere_in_a_batch(n_inner):
    left, right = _matrices(131, n_inner, 101)
    whole = product(left, right)
    order = np.random.default_rng(1).permutation(131)
    assert np.array_equal(product(left[order], right), whole[order])
    assert np.array_equal(product(left[::-1], right), whole[::-1])
    for row in (0, 1, 63, 64, 127, 128, 130):
        assert np.array_equal(product(left[row : row + 1], right)[0], whole[row])
        assert np.array_equal(product(left[row:], right)[0], whole[row])


def test_equal_rows_get_equal_results():
    left, right = _matrices(1, 48, 77)
    whole = product(np.repeat(left, 300, axis=0), right)
    assert (whole == whole[0]).all()


def test_memory_order_and_precision_of_the_input_do_not_matter():
    left, right = _matrices(70, 31, 41)
    whole = product(left, right)
    assert np.array_equal(product(np.asfortranarray(left), np.asfortranarray(right)), whole)
    assert np.array_equal(product(left.astype(np.float64), right.astype(np.float64)), whole)
    assert np.array_equal(product(left[:, ::-1][:, ::-1], right), whole)


@pytest.mark.parametrize("shape", [(0, 5, 7), (3, 5, 0), (0, 5, 0), (3, 0, 7)])
def test_empty_sides_give_the_empty_or_zero_product(shape):
    n_rows, n_inner, n_columns = shape
    result = product(np.ones((n_rows, n_inner)), np.ones((n_inner, n_columns)))
    assert result.shape == (n_rows, n_columns)
    assert result.dtype == np.float32
    assert not result.any()


def test_the_input_is_left_alone():
    left, right = _matrices(66, 9, 8)
    one, two = left.copy(), right.copy()
    product(left, right)
    assert np.array_equal(left, one)
    assert np.array_equal(right, two)


def test_a_value_that_is_not_finite_stays_in_its_row():
    left, right = _matrices(5, 6, 7)
    left[2, 3] = np.nan
    whole = product(left, right)
    assert np.isnan(whole[2]).all()
    assert np.isfinite(np.delete(whole, 2, axis=0)).all()


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_part_of_a_batch_is_that_part(data):
    n_rows, n_inner, n_columns = (data.draw(st.integers(1, top)) for top in (150, 40, 40))
    left, right = _matrices(n_rows, n_inner, n_columns, data.draw(st.integers(0, 99)))
    rows = data.draw(st.lists(st.integers(0, n_rows - 1), min_size=1, max_size=20))
    assert np.array_equal(product(left[rows], right), product(left, right)[rows])
