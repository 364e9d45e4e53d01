"""Guessing which column is which, and from which rating on something is liked."""

import polars as pl
import pytest

from workbench.data.files import RawTable, read_table
from workbench.data.guess import check_width, guessed, liked_from
from workbench.errors import DataError


def table(text, tmp_path, name="interactions"):
    path = tmp_path / f"{name}.csv"
    path.write_text(text, "utf-8")
    return read_table(path, name)


def log(header, tmp_path, value="{v}", moment="{t}"):
    rows = [
        (i % 23, f"i{i % 13}", value.format(v=1 + i % 5), moment.format(t=900_000_000 + i * 1000))
        for i in range(60)
    ]
    return table("\n".join([header, *(",".join(map(str, row)) for row in rows)]), tmp_path)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("user_id,item_id,value,timestamp", ["user_id", "item_id", "value", "timestamp"]),
        ("userId,movieId,rating,timestamp", ["userId", "movieId", "rating", "timestamp"]),
        ("Customer ID,SKU,Stars,Created At", ["Customer ID", "SKU", "Stars", "Created At"]),
        ("wer,was,wie,wann", ["wer", "was", "wie", "wann"]),
        ("a,item_id,b,c", ["a", "item_id", "b", "c"]),
    ],
)
def test_columns_are_found_by_name_and_else_by_content(header, names, tmp_path):
    found = guessed(log(header, tmp_path))
    assert found == dict(zip(["user_id", "item_id", "value", "timestamp"], names, strict=True))


def test_the_order_of_columns_does_not_matter_to_content(tmp_path):
    raw = log("wer,was,wie,wann", tmp_path)
    turned = RawTable(raw.name, raw.frame.select("wann", "wie", "wer", "was"), raw.lines)
    assert guessed(turned) == guessed(raw)


def test_dates_are_moments_and_years_are_not(tmp_path):
    rows = "\n".join(f"u{i % 4},x{i % 3},2024-01-{1 + i % 28:02}" for i in range(40))
    assert guessed(table("a,b,c\n" + rows, tmp_path))["timestamp"] == "c"
    rows = "\n".join(f"u{i % 4},x{i % 3},{1980 + i % 20}" for i in range(40))
    assert "timestamp" not in guessed(table("a,b,c\n" + rows, tmp_path))


def test_a_column_that_never_repeats_names_nobody(tmp_path):
    rows = "\n".join(f"{i},u{i % 4},x{i % 3}" for i in range(40))
    found = guessed(table("row,a,b\n" + rows, tmp_path))
    assert (found["user_id"], found["item_id"]) == ("a", "b")


def test_items_and_people_are_guessed_by_name_alone(tmp_path):
    items = table("movieId,title,genres\n1,A,x|y\n2,B,z", tmp_path, "items")
    assert guessed(items, "items") == {"item_id": "movieId", "title": "title", "genres": "genres"}
    assert guessed(table("uid,age\n1,2", tmp_path, "users"), "users") == {"user_id": "uid"}


def test_a_few_slips_do_not_hide_a_rating(tmp_path):
    cells = ["x" if i % 20 == 0 else 1 + i % 5 for i in range(100)]
    rows = "\n".join(f"u{i % 20},x{i % 30},{cell}" for i, cell in enumerate(cells))
    assert guessed(table("a,b,c\n" + rows, tmp_path))["value"] == "c"
    words = "\n".join(f"u{i % 20},x{i % 30},{'x' if i % 4 else 3}" for i in range(100))
    assert "value" not in guessed(table("a,b,c\n" + words, tmp_path))


def test_nothing_is_guessed_where_nothing_fits(tmp_path):
    assert guessed(table("x\nonly\nonce", tmp_path)) == {}


@pytest.mark.parametrize(
    ("values", "liked"),
    [
        ([1, 2, 3, 4, 5], 4.0),
        ([0.5, 1.5, 3.5, 4.5, 5], 4.5),
        ([1, 5, 10], 10.0),
        ([0, 1], 1.0),
        ([1, 1, 1], None),
        (list(range(1, 200)), None),
        ([1, 2, 500], None),
        ([-1, 0], None),
        ([None, "", "x"], None),
    ],
)
def test_liked_is_four_fifths_of_a_scale_and_nothing_for_counts(values, liked):
    frame = pl.DataFrame({"v": [None if v is None else str(v) for v in values]})
    raw = RawTable("log", frame, pl.Series(range(len(values))), typed=False)
    assert liked_from(raw, "v") == liked


def test_too_many_columns_are_refused(tmp_path):
    raw = table(",".join(f"c{i}" for i in range(70)) + "\n" + ",".join("1" * 70), tmp_path)
    with pytest.raises(DataError, match="has 70 columns, more than 60"):
        check_width(raw, 60)
    check_width(raw, 70)
