"""What a CSV reader forgives in silence is accepted exactly, or refused with its line."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data import delimited
from workbench.data.delimited import outlined
from workbench.data.files import read_table
from workbench.errors import DataError


@pytest.fixture
def csv_file(tmp_path):
    def write(content: bytes | str, name: str = "events.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"user_id,item_id\n", "header but no rows"),
        (b"user_id,item_id\n\n\n", "header but no rows"),
        ("user_id,item_id\n1,2\n".encode("utf-16"), "UTF-16"),
        ("user_id,item_id\n1,2\n".encode("utf-16-le"), "line 1: a NUL byte"),
        (b"user_id,item_id\n1,2\n3,caf\xe9\n", r"line 3: byte 0xe9 is not UTF-8.*iconv"),
        (b"user_id,item_id\n1,2\n3,caf\xc3", "line 3: byte 0xc3 is not UTF-8"),
        (b"user_id,caf\xe9\n1,2\n", "line 1: byte 0xe9"),
        (b"user_id,item_id\n1,2\n3,\x004\n", "line 3: a NUL byte"),
        (b"user_id,item_id\n1,2\n3\n", "line 3: 1 fields where the header has 2"),
        (b"user_id,item_id\n1,2\n3,4,5\n6,7\n", "line 3: 3 fields where the header has 2"),
        (b'user_id,item_id\n1,"a\nb"\n3\n', "line 4: 1 fields"),
        (b'user_id,item_id\n1,2\n3,"4\n5,6\n', "line 3: a quotation mark is opened"),
        (b"user_id,user_id\n1,2\n", "names 'user_id' more than once"),
        (b"user_id, user_id\n1,2\n", "names 'user_id' more than once"),
        (b",,item_id\n1,2,3\n", "names 'an empty column' more than once"),
        (b"user_id,item_id\r1,2\r", "lone carriage return"),
        (b"\nuser_id,item_id\n1,2\n", "begins with an empty line"),
        (b"PAR1xxxxPAR1", "is a Parquet file"),
        (b"PK\x03\x04xxxx", "a spreadsheet"),
        (b"\x1f\x8bxxxx", "gzip"),
        (b"x" * 70_000, "first line has no end"),
    ],
)
def test_a_file_that_would_be_misread_is_refused(csv_file, content, message):
    with pytest.raises(DataError, match=message) as raised:
        read_table(csv_file(content), "interactions")
    assert "events.csv" in str(raised.value)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_separators_line_ends_and_bom_are_understood(csv_file, separator, ending, bom):
    lines = [separator.join(row) for row in (["user_id", " item_id "], ["007", "é"], ["", "x"])]
    raw = read_table(csv_file(bom + (ending.join(lines)).encode()), "interactions")
    assert raw.frame.rows() == [("007", "é"), (None, "x")]
    assert raw.frame.columns == ["user_id", "item_id"]
    assert raw.lines.to_list() == [2, 3]
    assert raw.facts["separator"] == separator


def test_lines_are_those_of_the_file(csv_file):
    raw = read_table(csv_file('a,b\n1,"x\ny, z"\n\n2,"he said ""no"""\n\n'), "items")
    assert raw.frame.rows() == [("1", "x\ny, z"), ("2", 'he said "no"')]
    assert raw.lines.to_list() == [2, 5]


@pytest.mark.parametrize("block", [1, 2, 3, 4, 5, 100])
def test_empty_lines_are_no_rows_however_they_end(csv_file, monkeypatch, block):
    monkeypatch.setattr(delimited, "_BLOCK", block)
    raw = read_table(csv_file("a,b\r\n\r\n1,2\r\n\r\n\r\n,\r\n\r\n"), "items")
    assert raw.frame.rows() == [("1", "2"), (None, None)]
    assert raw.lines.to_list() == [3, 6]


def test_an_index_that_pandas_wrote_is_left_out_and_said(csv_file):
    raw = read_table(csv_file(",user_id,item_id\n0,1,2\n"), "interactions")
    assert raw.frame.columns == ["user_id", "item_id"]
    assert raw.facts["left_out"] == ["(column without a name)"]


def test_quotes_inside_a_field_are_read_or_refused_but_never_shift_rows(csv_file):
    path = csv_file('a,b\n1,5" x\n3,6" y\n7,8\n')
    with pytest.raises(DataError, match=r"events\.csv"):
        read_table(path, "items")


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.text(st.sampled_from('ab",;\n\r é€'), max_size=5), min_size=2, max_size=2),
        min_size=1,
        max_size=8,
    ),
    block=st.integers(1, 9),
)
def test_what_the_csv_module_writes_comes_back_whatever_the_block(tmp_path_factory, rows, block):
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["a", "b"], *rows])
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(text.getvalue().encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "_BLOCK", block)
        outline = outlined(path)
        raw = read_table(path, "items")
    starts = 2 + sum(field.count("\n") for field in ["a", "b"])
    assert outline.lines[0] == starts
    assert len(outline.lines) == len(rows)
    assert [list(row) for row in raw.frame.rows()] == rows
    assert raw.frame.dtypes == [pl.String, pl.String]
