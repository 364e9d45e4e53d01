"""Parquet, polars and pandas: read as they stand, or refused in one sentence."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from workbench.data.files import guarded, read_table
from workbench.errors import DataError

FRAME = pl.DataFrame({"user_id": [1, 2], "item_id": ["a", "b"]})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent.csv", "there is no file"),
        ("folder.csv", "is not a file"),
        ("events.xlsx", r"ending '.xlsx' is not one that can be read; export"),
        ("events", r"ending '\(none\)'"),
    ],
)
def test_paths_that_cannot_be_tables(tmp_path, name, message):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / name, "interactions")


def test_parquet_keeps_types_and_hash(tmp_path):
    path = tmp_path / "events.PARQUET"
    FRAME.write_parquet(path)
    raw = read_table(str(path), "interactions")
    assert raw.frame.equals(FRAME)
    assert raw.lines.to_list() == [1, 2]
    assert raw.facts["file"] == "events.PARQUET"
    assert len(raw.facts["sha256"]) == 64


def test_damaged_parquet_is_refused_and_never_a_panic(tmp_path, capfd):
    path = tmp_path / "events.parquet"
    pl.DataFrame({"user_id": np.arange(2000), "item_id": ["x"] * 2000}).write_parquet(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(80):
        damaged = bytearray(whole)
        for place in rng.integers(4, len(whole) - 4, size=20):
            damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(damaged))
        try:
            read_table(path, "interactions")
        except DataError:
            refused += 1
    assert refused > 40  # the others are damage that Parquet itself cannot see


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1" + b"x" * 50, "was cut short"),
        (b"user_id,item_id\n1,2\n", "is not a Parquet file"),
        (b"x", "is not a Parquet file"),
        (b"", "is empty"),
    ],
)
def test_what_is_not_parquet(tmp_path, content, message):
    path = tmp_path / "events.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(path, "interactions")


def test_a_panic_is_a_data_error_but_an_interrupt_passes():
    def panic():
        raise pl.exceptions.PanicException("index out of bounds\nnote: backtrace")

    def interrupt():
        raise KeyboardInterrupt("stop")

    with pytest.raises(DataError, match=r"items cannot be read: index out of bounds$"):
        guarded("items", panic)
    with pytest.raises(KeyboardInterrupt, match="stop"):
        guarded("items", interrupt)


def test_frames_of_both_libraries():
    assert read_table(FRAME.lazy(), "interactions").frame.equals(FRAME)
    raw = read_table(pd.DataFrame({"user_id": [1, 2], "item_id": ["a", "b"]}), "interactions")
    assert raw.frame.rows() == FRAME.rows()
    assert raw.facts["kind"] == "pandas"


def test_python_objects_of_several_types_become_text_and_are_named():
    cells = [4, "good", None, float("nan"), [1]]
    frame = pd.DataFrame({"user_id": range(5), "value": pd.Series(cells, dtype=object)})
    raw = read_table(frame, "interactions")
    assert raw.frame["value"].to_list() == ["4", "good", None, None, "[1]"]
    assert raw.mixed == {"value"}
    objects = pl.DataFrame({"value": pl.Series([1, "x", None], dtype=pl.Object)})
    raw = read_table(objects, "interactions")
    assert raw.frame["value"].to_list() == ["1", "x", None]
    assert raw.mixed == {"value"}


def test_pandas_traps():
    twice = pd.DataFrame([[1, 2]], columns=["user_id", "user_id"])
    with pytest.raises(DataError, match="'user_id' occurs more than once"):
        read_table(twice, "interactions")
    indexed = pd.DataFrame({"user_id": [1], "item_id": [2]}).set_index("user_id")
    raw = read_table(indexed, "interactions")
    assert raw.facts["left_out"] == ["user_id (of the index; reset_index() makes it a column)"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([1, 2], "not list"),
        (pl.DataFrame(), "neither columns nor rows"),
        (FRAME.clear(), "columns but no rows"),
        (pd.DataFrame(), "neither columns nor rows"),
    ],
)
def test_what_is_no_table(source, message):
    with pytest.raises(DataError, match=message):
        read_table(source, "interactions")
