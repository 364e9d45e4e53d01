"""EASE against its closed form with a general inverse."""

import numpy as np
import pytest
from scipy import sparse

from workbench.errors import ArgumentError
from workbench.models import linear
from workbench.models.linear import EASE, ridge_inverse, spread, worst_error
from workbench.models.popularity import prior


def _inverse(x, reg, dtype):
    found = np.empty((x.shape[1], x.shape[1]), dtype=dtype)
    ridge_inverse(x, reg, found)
    return found


def _liked(log):
    people = log.profiles()
    return people.csr(people.positive(log.relevant_from)).toarray().astype(np.float64)


def test_ease_is_its_closed_form(log):
    x = _liked(log)
    inverse = np.linalg.inv(x.T @ x + 20.0 * np.eye(x.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    model = EASE(reg=20.0).fit(log)
    np.testing.assert_allclose(model.weights_, weights, atol=1e-7)
    expected = x @ weights + prior(log.profiles(), log.relevant_from)
    np.testing.assert_allclose(model.score(log.profiles()), expected, atol=1e-6)


def test_single_precision_agrees(log):
    double = EASE(reg=20.0).fit(log).weights_
    np.testing.assert_allclose(EASE(20.0, dtype="float32").fit(log).weights_, double, atol=1e-5)


@pytest.mark.parametrize("n", [1, 5, 23])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_the_inverse_is_right_and_symmetric_over_block_edges(monkeypatch, n, dtype, tolerance):
    monkeypatch.setattr(linear, "BLOCK", 5)
    x = sparse.random_array((40, n), density=0.4, rng=np.random.default_rng(n), format="csr")
    inverse = _inverse(x, 0.5, dtype)
    dense = x.toarray()
    expected = np.linalg.inv(dense.T @ dense + 0.5 * np.eye(n))
    np.testing.assert_allclose(inverse, expected, rtol=tolerance, atol=tolerance)
    assert inverse.dtype == dtype
    assert np.array_equal(inverse, inverse.T)


def test_event_shares_add_up_to_the_score(log):
    model, people = EASE(reg=20.0).fit(log), log.profiles()
    for row in (0, 7):
        for item in (3, 11):
            total = model.event_shares(people[[row]], item).sum() + model.prior_[item]
            assert total == pytest.approx(model.score(people[[row]])[0, item], abs=1e-6)


def test_a_catalogue_beyond_the_memory_is_refused_with_what_to_do(log):
    with pytest.raises(ArgumentError, match=r"needs 0.0 GB, above max_gb=1e-07; .*'item-knn'"):
        EASE(max_gb=1e-7).fit(log)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"reg": 0.0}, "reg must be above 0, not 0.0"),
        ({"reg": float("nan")}, "reg must be above 0, not nan"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64, not 'float16'"),
        ({"max_gb": 0}, "max_gb must be above 0, not 0"),
    ],
)
def test_parameters_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        EASE(**params)


def test_a_ridge_too_small_for_the_precision_is_refused():
    twice = sparse.csr_array(np.ones((3, 4)) * 1e4)
    with pytest.raises(ArgumentError, match="reg=1e-09 is too small"):
        _inverse(twice, 1e-9, "float32")


def test_a_rounded_inverse_is_noticed_though_it_can_be_computed():
    """Two items liked by the same people: what parts them is lost beside their number."""
    twice = sparse.csr_array(np.ones((100_000, 2), dtype=np.float32))
    exact = _inverse(twice, 0.02, "float64")
    assert worst_error(exact, twice, 0.02) < 1e-3
    rounded = exact * np.array([[1.0, 1.0], [1.0, 1.03]])
    assert worst_error(rounded, twice, 0.02) > 0.01
    with pytest.raises(ArgumentError, match=r"cannot be inverted in float32; .*dtype='float64'"):
        _inverse(twice, 0.02, "float32")


def test_the_default_precision_needs_no_second_matrix():
    assert EASE().dtype == "float32"
    with pytest.raises(ArgumentError, match=r"needs 8.7 GB, above max_gb=4; .*dtype='float32'"):
        EASE(dtype="float64")._require_memory(27_000)
    EASE()._require_memory(27_000)


@pytest.mark.parametrize(("n_items", "n_liked"), [(1, 1), (1, 0), (6, 6), (7, 3), (9, 8), (9, 0)])
def test_a_matrix_of_liked_items_is_spread_in_place(monkeypatch, n_items, n_liked):
    monkeypatch.setattr(linear, "ROWS", 2)
    rng = np.random.default_rng(n_items)
    order = rng.permutation(n_items)
    room = rng.random(n_items**2).astype(np.float32)
    small = room[: n_liked**2].reshape(n_liked, n_liked).copy()
    expected = np.zeros((n_items, n_items), dtype=np.float32)
    expected[np.ix_(order[:n_liked], order[:n_liked])] = small
    found = spread(room, order, n_liked)
    assert np.array_equal(found, expected)
    assert np.shares_memory(found, room)
