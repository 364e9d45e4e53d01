"""Similarities and weightings against their formulas and against implicit's."""

import numpy as np
import pytest
from scipy import sparse

from workbench.models import cooccurrence, similarity
from workbench.models.similarity import (
    chosen,
    inverse_frequency,
    likeness,
    nearest,
    nearest_items,
    squares,
    weighted,
)


@pytest.fixture
def counts():
    """People by items, everybody with something and nothing liked by all."""
    x = (np.random.default_rng(3).random((30, 12)) < 0.3).astype(np.float32)
    x[np.arange(30), np.arange(30) % 12] = 1
    return sparse.csr_array(x)


FORMULAS = {
    "dot": lambda n, a, b, h, s: n,
    "cosine": lambda n, a, b, h, s: n / (np.sqrt(a * b) + h),
    "jaccard": lambda n, a, b, h, s: n / (a + b - n + h),
    "asymmetric-cosine": lambda n, a, b, h, s: n / (a ** (1 - s) * b**s + h),
}


@pytest.mark.parametrize("shrinkage", [0.0, 7.0])
@pytest.mark.parametrize("word", FORMULAS)
def test_a_similarity_is_its_formula(word, shrinkage):
    both = np.array([[2, 0, 5], [1, 3, 4]], dtype=np.int16)
    own, other = np.array([5.0, 9.0]), np.array([4.0, 3.0, 10.0])
    found = likeness(word, both, own, other, shrinkage, 0.8)
    for i in range(2):
        for j in range(3):
            expected = FORMULAS[word](both[i, j], own[i], other[j], shrinkage, 0.8)
            assert found[i, j] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shrinkage", [0.0, 7.0])
@pytest.mark.parametrize("word", FORMULAS)
def test_nobody_is_like_nobody(word, shrinkage):
    nothing = np.zeros((1, 2))
    found = likeness(word, nothing, np.zeros(1), np.array([0.0, 3.0]), shrinkage)
    assert np.array_equal(found, nothing)


def test_the_asymmetric_cosine_goes_from_the_share_of_one_to_the_share_of_the_other():
    both, own, other = np.array([[6.0]]), np.array([8.0]), np.array([10.0])
    shares = [
        likeness("asymmetric-cosine", both, own, other, 0.0, a)[0, 0] for a in (0.0, 0.5, 1.0)
    ]
    np.testing.assert_allclose(shares, [6 / 8, 6 / np.sqrt(80), 6 / 10])


def test_weightings_are_those_of_implicit(counts):
    from implicit.nearest_neighbours import bm25_weight, tfidf_weight

    rarity = inverse_frequency(counts.shape[0], np.bincount(counts.indices, minlength=12))
    average = counts.sum() / counts.shape[0]
    heavy = counts.copy()
    heavy.data *= np.random.default_rng(0).integers(1, 4, heavy.nnz)
    found = weighted(heavy, "tf-idf", rarity, average)
    expected = tfidf_weight(sparse.coo_matrix(heavy)).toarray()
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-6)
    found = weighted(heavy, "bm25", rarity, heavy.sum() / counts.shape[0], k1=2.0, b=0.6)
    expected = bm25_weight(sparse.coo_matrix(heavy), K1=2.0, B=0.6).toarray()
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-6)


def test_a_term_of_every_document_weighs_nothing_and_none_weighs_less():
    found = inverse_frequency(10, np.array([10, 9, 4, 0]))
    np.testing.assert_allclose(found, [0, 0, np.log(2), np.log(10)])


def test_squares_are_of_each_row():
    x = sparse.csr_array(np.array([[1.0, 2.0], [0, 0], [0, 3]]))
    assert np.array_equal(squares(x), [5, 0, 9])


def test_ties_with_the_last_neighbour_are_all_kept_and_nothing_else():
    similar = np.array([[0.5, 0.9, 0.5, 0.0, 0.5], [0.0, 0.0, 0.3, 0.0, 0.0], [0.0] * 5])
    kept = nearest(similar, 2).toarray()
    np.testing.assert_array_equal(kept[0], np.float32([0.5, 0.9, 0.5, 0, 0.5]))
    np.testing.assert_array_equal(kept[1], np.float32([0, 0, 0.3, 0, 0]))
    assert nearest(similar, 2).nnz == 5
    assert nearest(similar, 1)[[0]].nnz == 1


def test_a_tie_is_one_in_whatever_order_the_sum_was_taken():
    third = np.float32(1 / 3)
    beside = np.nextafter(third, np.float32(1))
    similar = np.array([[third, beside, third * np.float32(0.999), 0.1]])
    assert np.array_equal(nearest(similar, 1).indices, [0, 1])


def test_what_is_unlike_is_no_neighbour():
    similar = np.array([[-0.5, 0.2, -0.1, 0.1]])
    assert np.array_equal(nearest(similar, 3).indices, [1, 3])
    assert nearest(similar[:, [0, 2]], 2).nnz == 0


@pytest.mark.parametrize("n", [1, 3, 20, 1000])
@pytest.mark.parametrize("n_columns", [1, 7, 64, 503])
def test_the_nearest_are_found_by_sorting(n, n_columns):
    rng = np.random.default_rng(n_columns)
    similar = rng.integers(-3, 60, (25, n_columns)).astype(np.float32)
    similar[3], similar[4] = 0, 7
    kept = nearest(similar, n).toarray()
    assert np.array_equal(nearest(np.asfortranarray(similar), n).toarray(), kept)
    for row, found in zip(similar, kept, strict=True):
        bar = np.sort(row)[::-1][min(n, n_columns) - 1]
        assert np.array_equal(found, np.where((row >= bar) & (row > 0), row, 0))


@pytest.mark.parametrize("n", [1, 3, 50])
def test_nearest_items_do_not_depend_on_the_panels(monkeypatch, counts, n):
    size = squares(counts.T.tocsr())

    def scaled(both, own, other):
        return likeness("asymmetric-cosine", both, size[own], size[other], 0.0, 0.9)

    similar = (counts.T @ counts).toarray()
    similar = scaled(similar, np.arange(12), np.arange(12))
    np.fill_diagonal(similar, 0)
    expected = nearest(similar, n).toarray()
    for block in (1, 5, 256):
        monkeypatch.setattr(cooccurrence, "BLOCK", block)
        monkeypatch.setattr(similarity, "GROUPS", 1)
        np.testing.assert_allclose(nearest_items(counts, n, scaled).toarray(), expected, rtol=1e-6)


def test_places_in_any_order_are_chosen_alike():
    row, column = np.array([1, 0, 1, 0, 1]), np.array([2, 1, 0, 3, 3])
    data = np.array([0.5, 0.1, 0.7, 0.2, 0.5], dtype=np.float32)
    found = chosen(row, column, data, 2, (3, 4)).toarray()
    expected = [[0, 0.1, 0, 0.2], [0.7, 0, 0.5, 0.5], [0] * 4]
    np.testing.assert_array_equal(found, np.float32(expected))
