"""Genres and decades as things of a basket, by hand."""

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from workbench.models.traits import Traits

ITEMS = pl.DataFrame(
    {
        "item_id": range(4),
        "genres": [["Drama"], ["Drama", "War"], ["War"], None],
        "year": [1999, 1990, 2000, None],
    }
)


def test_genres_and_decades_of_items():
    traits = Traits.of(ITEMS)
    assert traits.names == ("Drama", "War", "the 1990s", "the 2000s")
    assert traits.matrix.toarray().tolist() == [
        [1, 0, 1, 0],
        [1, 1, 1, 0],
        [0, 1, 0, 1],
        [0, 0, 0, 0],
    ]


@pytest.mark.parametrize("items", [ITEMS.select("item_id"), ITEMS.clear()])
def test_without_either_there_are_none(items):
    traits = Traits.of(items)
    assert traits.names == ()
    assert traits.matrix.shape == (items.height, 0)
    liked = sparse.csr_array((2, items.height), dtype=np.float32)
    assert traits.baskets(liked, traits.usual(liked)).shape == (2, 0)


def test_a_trait_is_typical_where_its_share_is_above_the_usual_one():
    traits = Traits.of(ITEMS)
    liked = sparse.csr_array(
        np.array([[1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0]], dtype=np.float32)
    )
    usual = traits.usual(liked)
    np.testing.assert_allclose(usual, [3 / 6, 3 / 6, 3 / 6, 2 / 6])
    assert traits.baskets(liked, usual).toarray().tolist() == [
        [1, 1, 1, 0],  # two of three each; one of three is not above the usual third
        [1, 0, 1, 0],
        [0, 0, 0, 1],  # war is half of it, as usual
        [0, 0, 0, 0],
    ]


def test_weights_count():
    traits = Traits.of(ITEMS)
    liked = sparse.csr_array(np.array([[0.1, 0, 1, 0]], dtype=np.float32))
    assert traits.baskets(liked, np.full(4, 0.3)).toarray().tolist() == [[0, 1, 0, 1]]
