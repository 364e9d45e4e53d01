"""Item vectors: right by hand and by scikit-learn, whatever columns there are."""

import numpy as np
import polars as pl
import pytest

from workbench.errors import ArgumentError, CapabilityError
from workbench.features.items import item_vectors

ITEMS = pl.DataFrame(
    {
        "item_id": [1, 2, 3, 4],
        "title": ["The Blue Night (1995)", "Blue blue river", "A night by a river", None],
        "genres": [["Drama"], ["Drama", "Comedy"], [], None],
        "year": [1990, 1994, None, None],
    }
)


def test_blocks_have_equal_length_and_rows_length_one():
    vectors = item_vectors(ITEMS)
    matrix = vectors.matrix.toarray()
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), [1, 1, 1, 0], rtol=1e-6)
    genres = [n.startswith("genres: ") for n in vectors.names]
    np.testing.assert_allclose((matrix[0, genres] ** 2).sum(), 1 / 3, rtol=1e-6)
    assert {"genres: Comedy", "year: around 1990", "title: blue"} <= set(vectors.names)
    assert matrix.dtype == np.float32


def test_near_years_are_nearer_than_far_ones():
    years = pl.DataFrame({"item_id": [1, 2, 3], "year": [1991, 1994, 2030]})
    likeness = item_vectors(years).likeness(np.array([0, 0, 0]), np.array([0, 1, 2]))
    assert likeness[0] == pytest.approx(1, abs=1e-6)
    assert 0.8 < likeness[1] < 1
    assert likeness[2] == 0
    (share,) = item_vectors(years[[1]]).matrix.toarray()
    np.testing.assert_allclose(share, np.array([0.6, 0.4]) / np.hypot(0.6, 0.4), rtol=1e-6)


def test_title_words_are_the_tf_idf_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer

    titles = ["Blue night", "Blue blue river", "Night by the river", "the end", "Éire: the end"]
    theirs = TfidfVectorizer(min_df=2)
    expected = theirs.fit_transform(titles).toarray()
    ours = item_vectors(pl.DataFrame({"item_id": range(5), "title": titles}))
    assert [n.removeprefix("title: ") for n in ours.names] == list(theirs.get_feature_names_out())
    np.testing.assert_allclose(ours.matrix.toarray(), expected, rtol=1e-6)


def test_weights_turn_blocks_up_and_off():
    only = item_vectors(ITEMS, {"genres": 1.0})
    assert all(name.startswith("genres: ") for name in only.names)
    heavy = item_vectors(ITEMS, {"genres": 3.0, "year": 1.0})
    genres = [n.startswith("genres: ") for n in heavy.names]
    np.testing.assert_allclose((heavy.matrix.toarray()[0, genres] ** 2).sum(), 3 / 4, rtol=1e-6)


def test_genres_as_one_text_are_taken_apart():
    lists = item_vectors(ITEMS.select("item_id", "genres"))
    text = pl.DataFrame({"item_id": [1, 2, 3, 4], "genres": ["Drama", "Comedy | Drama", "", None]})
    assert item_vectors(text).names == lists.names == ("genres: Comedy", "genres: Drama")
    np.testing.assert_array_equal(item_vectors(text).matrix.toarray(), lists.matrix.toarray())


def test_titles_that_mean_harm_are_only_words():
    hostile = ["<script>alert(1)</script>", "=1+1|cmd", "\u202eevil", "x" * 100_000, "", "🎬 🎬"]
    vectors = item_vectors(pl.DataFrame({"item_id": range(12), "title": hostile * 2}))
    assert "title: script" in vectors.names
    assert max(len(name) for name in vectors.names) <= 1_000 + len("title: ")
    assert np.isfinite(vectors.matrix.data).all()


def test_a_table_with_nothing_to_go_by_is_refused():
    with pytest.raises(
        CapabilityError, match=r"none of genres, year, title \(they have item_id, price\)"
    ):
        item_vectors(pl.DataFrame({"item_id": [1], "price": [2.0]}))
    with pytest.raises(CapabilityError, match="none of year"):
        item_vectors(ITEMS.drop("year"), {"year": 1.0})


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"item_id": 1.0}, "'item_id' is no column that says what an item is"),
        ({"year": -1.0}, "year must be 0 or more, not -1.0"),
        ({"year": 0.0}, "at least one of year must be above 0"),
        ({"year": True}, "year must be 0 or more, not True"),
    ],
)
def test_weights_that_cannot_work_are_refused(weights, message):
    with pytest.raises(ArgumentError, match=message):
        item_vectors(ITEMS, weights)


def test_an_empty_table_has_empty_vectors():
    empty = item_vectors(ITEMS.clear())
    assert empty.matrix.shape == (0, 0)
    assert empty.names == ()
