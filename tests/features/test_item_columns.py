"""Columns of the items as blocks: the kind of each, what it becomes, what is refused."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from workbench.errors import ArgumentError, CapabilityError
from workbench.features import item_columns
from workbench.features.item_columns import encoded_column, kind_of
from workbench.features.items import item_vectors


def _near(values, kind=None, name="x"):
    """Likeness of every two cells of a column, ``(n, n)``."""
    kinds = None if kind is None else {name: kind}
    matrix = item_vectors(pl.DataFrame({name: values}), {name: 1.0}, kinds).matrix
    return (matrix @ matrix.T).toarray()


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("genres", ["a|b"], "list"),
        ("year", [1990], "year"),
        ("title", ["x"], "text"),
        ("x", [["a"]], "list"),
        ("x", [1, 2], "number"),
        ("x", [1.5], "number"),
        ("x", [True, False], "category"),
        ("x", ["red", "blue"], "category"),
        ("x", ["one red thing", "one blue thing"], "text"),
        ("x", ["one red thing"] * 5, "category"),
        ("x", [dt.date(2024, 2, 29)], "number"),
        ("x", ["2024-02-29", None], "number"),
        ("x", ["2024-02-30"], "text"),
        ("x", [None, None], "category"),
    ],
)
def test_the_kind_goes_by_name_and_type(name, values, kind):
    assert kind_of(pl.Series(name, values)) == kind


def test_categories_and_enums_are_alike_where_they_are_the_same():
    names = ["a", "b", "a", None, ""]
    for series in (
        pl.Series("x", names),
        pl.Series("x", names, dtype=pl.Categorical),
        pl.Series("x", names, dtype=pl.Enum(["", "a", "b"])),
    ):
        np.testing.assert_allclose(
            _near(series), [[1, 0, 1, 0, 0], [0, 1, 0, 0, 0], [1, 0, 1, 0, 0], [0] * 5, [0] * 5]
        )
    codes = _near([3, 1, 3], "category")
    np.testing.assert_allclose(codes, [[1, 0, 1], [0, 1, 0], [1, 0, 1]])


def test_near_numbers_are_near_in_any_unit_and_with_any_tail():
    values = np.concatenate([np.arange(100.0), [1e6, 1e9]])
    near = _near(values)
    assert near[10, 11] > near[10, 18] > near[10, 30] == 0
    np.testing.assert_allclose(_near(values * 1e3), near, atol=1e-5)
    assert near[100, 101] > 0.9  # two of the few large ones
    np.testing.assert_allclose(_near(np.exp(values[:100])), _near(values[:100]), atol=1e-6)
    assert np.diag(near).min() > 0.999


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 1.1, 1.2, 1.3, 50.0, 60.0, 70.0],
        [-1.7e308, 0.0, 1.7e308],
        [0, 1],
        [5e-324, 1.0],
        [2**62, -(2**62), 0],
        [0.0] * 50 + [1.0, 2.0],
        [3.0],
    ],
)
def test_few_or_extreme_numbers_are_shared_out_whole(values):
    matrix, _ = encoded_column(pl.Series("x", values), "number")
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0)
    assert matrix.data.min() >= 0


def test_dates_are_numbers_however_they_are_written():
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=40 * n) for n in range(30)]
    as_dates, as_text = _near(pl.Series(days)), _near([f"{day}" for day in days])
    as_moments = _near([f"{day} 00:00:00.000000" for day in days])
    np.testing.assert_array_equal(as_text, as_dates)
    np.testing.assert_array_equal(as_moments, as_dates)
    assert as_dates[3, 4] > as_dates[3, 20]


def test_missing_cells_say_nothing():
    for values in (
        [1.0, None, float("nan"), 2.0],
        ["a", None, "", "b", "b"],
        [["a"], None, [], ["b"], ["b"]],
    ):
        near = _near(values, "list" if isinstance(values[0], list) else None)
        assert near[1].tolist() == near[2].tolist() == [0.0] * len(values)
        assert near[0, 0] == near[3, 3] == pytest.approx(1.0)


def test_only_the_most_frequent_of_many_values_are_kept(monkeypatch):
    monkeypatch.setattr(item_columns, "MOST", 2)
    matrix, names = encoded_column(pl.Series("x", [*"ccbbbad"]), "category")
    assert names == ["b", "c"]
    assert matrix.toarray().sum(axis=1).tolist() == [1] * 5 + [0] * 2
    _, names = encoded_column(pl.Series("x", ["one two", "two three", "three one", "one"]), "text")
    assert names == ["one", "three"]


def test_a_huge_vocabulary_is_cut():
    values = [f"w{n % 3_000}" for n in range(6_000)]
    vectors = item_vectors(pl.DataFrame({"x": values}), {"x": 1.0})
    assert vectors.matrix.shape == (6_000, 1_000)


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([None, None], None, "nothing is known in column 'x' as a category"),
        (["a", "b"], "number", "nothing is known in column 'x' as a number"),
        (["", " ", None], None, "nothing is known in column 'x'"),
        (["same", "same", None], None, "column 'x' is the same for every item"),
        ([4.0, 4.0], None, "column 'x' is the same for every item"),
        ([["a"], ["a"]], None, "column 'x' is the same for every item"),
        ([*"abcd"], None, r"'x' is different for every item \(an id\?\)"),
        ([1, 2, 3], "category", r"'x' is different for every item \(an id\?\)"),
        ([1.0, float("inf")], None, "column 'x' holds an infinite number"),
        ([1.0, -float("inf")], None, "column 'x' holds an infinite number"),
    ],
)
def test_a_column_that_tells_nothing_is_refused_by_name(values, kind, message):
    with pytest.raises(CapabilityError, match=message):
        _near(values, kind)


def test_one_item_alone_is_no_reason_to_refuse():
    assert _near(["red"]).tolist() == [[1.0]]
    assert _near([4.0]).tolist() == [[1.0]]


@pytest.mark.parametrize("values", [[{"a": 1}], [b"x"]])
def test_a_type_without_likeness_is_refused(values):
    with pytest.raises(ArgumentError, match=r"columns: 'x' is .*, which has no likeness"):
        _near(values)


def test_the_order_in_which_columns_are_named_changes_nothing():
    items = pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "x"], "year": [1990, 1991, 2000]})
    weights = {"b": 1.0, "a": 0.5, "year": 2.0}
    one = item_vectors(items, weights)
    two = item_vectors(items, dict(reversed(weights.items())))
    assert one.names == two.names
    np.testing.assert_array_equal(one.matrix.toarray(), two.matrix.toarray())


def test_a_kind_of_no_column_and_no_kind_are_refused():
    items = pl.DataFrame({"a": [1, 2]})
    with pytest.raises(ArgumentError, match="kinds: 'b' has no weight; there are a"):
        item_vectors(items, {"a": 1.0}, {"b": "text"})
    with pytest.raises(ArgumentError, match="kinds: a must be one of list, category, number"):
        item_vectors(items, {"a": 1.0}, {"a": "price"})
