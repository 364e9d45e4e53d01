"""Similarities against Surprise's own, and by hand."""

import numpy as np
import pytest
from scipy import sparse

from workbench.models.rating_similarity import MEASURES, similarities


def _rows(dense, weight=None):
    dense = np.asarray(dense, dtype=float)
    value = sparse.csr_array(np.nan_to_num(dense))
    # Zeros that are values stay.
    row, column = np.nonzero(np.isfinite(dense))
    value = sparse.csr_array((dense[row, column], (row, column)), shape=dense.shape)
    share = value.copy()
    share.data = np.ones(value.nnz) if weight is None else np.asarray(weight, float)[row, column]
    return value, share


def _similar(one, two, measure, shrinkage=0.0, weight=None):
    value, share = _rows(one, weight)
    others = _rows(two)[0].T.tocsr()
    return similarities(value, share, others, measure, shrinkage)


@pytest.mark.parametrize("user_based", [True, False])
@pytest.mark.parametrize("world", ["ratings", "real_ratings"])
@pytest.mark.parametrize("measure", MEASURES)
def test_they_are_those_of_surprise(request, surprise_trained, world, measure, user_based):
    from surprise import KNNBaseline

    dataset = request.getfixturevalue(world)
    options = {"name": measure, "user_based": user_based, "shrinkage": 30.0}
    trained = surprise_trained(KNNBaseline(sim_options=options, verbose=False), dataset)
    log = trained.trainset
    dense = np.full((log.n_users, log.n_items), np.nan)
    for u, i, value in log.all_ratings():
        dense[u, i] = value
    if measure == "pearson_baseline":
        dense = dense - (log.global_mean + trained.bu[:, None] + trained.bi)
    dense = dense if user_based else dense.T
    # Surprise shrinks the last of them only.
    found = _similar(dense, dense, measure, 30.0 if measure == "pearson_baseline" else 0.0)
    np.fill_diagonal(found, 1.0)
    np.testing.assert_allclose(found, trained.sim, atol=2e-12)


def test_a_weight_is_a_number_of_times():
    rng = np.random.default_rng(3)
    one, two = rng.normal(size=(6, 9)), rng.normal(size=(4, 9))
    weight = np.tile(rng.integers(1, 4, 9), (6, 1))
    for measure in MEASURES:
        found = _similar(one, two, measure, 5.0, weight)
        # The same things, written so many times.
        several = np.repeat(np.arange(9), weight[0])
        expected = _similar(one[:, several], two[:, several], measure, 5.0)
        np.testing.assert_allclose(found, expected, atol=1e-11)


def test_shrinkage_is_of_the_number_in_common():
    one = np.array([[1.0, 2.0, 5.0, np.nan]])
    two = np.array([[2.0, 2.5, 4.0, 3.0], [np.nan, np.nan, 5.0, 5.0]])
    for measure in MEASURES:
        plain, shrunk = _similar(one, two, measure), _similar(one, two, measure, 10.0)
        np.testing.assert_allclose(shrunk[0, 0], plain[0, 0] * 2 / 12, rtol=1e-9)
        assert shrunk[0, 1] == 0.0


def test_beside_a_baseline_one_thing_in_common_says_nothing():
    one, two = [[0.5, np.nan, -1.0]], [[0.7, 0.1, np.nan], [0.7, 0.1, -0.2]]
    assert (_similar(one, two, "pearson_baseline")[0] > 0).tolist() == [False, True]
    assert _similar(one, two, "cosine")[0, 0] == 1.0


@pytest.mark.parametrize("measure", MEASURES)
def test_what_cannot_be_compared_is_not_alike(measure):
    nothing = [np.nan] * 4
    flat, zero = [3.0] * 4, [0.0] * 4
    found = _similar([nothing, flat, zero], [nothing, [1.0, np.nan, 3.0, 4.0]], measure)
    assert np.isfinite(found).all()
    assert not found[0].any()
    assert not found[:, 0].any()
    if measure == "pearson":
        assert not found.any()  # neither of the flat ones has a spread


def test_pearson_of_equal_numbers_is_no_noise():
    # 0.1 has no exact double, so the spread of equal values is rounding, not exactly 0.
    found = _similar([[0.1] * 7], [[0.1, 0.7, 0.3, 0.9, 0.2, 0.5, 0.4]], "pearson")
    assert found[0, 0] == 0.0


def test_a_row_is_the_same_to_the_bit_alone_and_in_any_batch(real_ratings):
    people = real_ratings.profiles()
    dense = np.full((len(people), real_ratings.n_items), np.nan)
    dense[people.row, people.item] = people.value
    for measure in MEASURES:
        whole = _similar(dense, dense, measure)
        for row in (0, 13, 27):
            assert np.array_equal(_similar(dense[[row]], dense, measure)[0], whole[row])
