"""Downloads: our own CSV, in which no cell can be taken for a formula."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

FORMULA = tuple("=+-@\t\r\n|%＝＋－＠")
"""What a spreadsheet may take for the start of a formula, full-width twins included."""


def guarded_csv(frame: pl.DataFrame) -> bytes:
    """A frame as CSV that a spreadsheet cannot take for formulas. Numbers are left alone."""
    columns = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if dtype.is_nested():
            column = column.map_elements(_listed, return_dtype=pl.String)
            dtype = pl.String
        if dtype in (pl.String, pl.Categorical, pl.Enum):
            column = column.cast(pl.String)
            first = column.str.strip_chars_start(" ").str.slice(0, 1)
            column = pl.when(first.is_in(FORMULA)).then("'" + column).otherwise(column)
        columns.append(column.alias(name))
    plain = frame.select(columns)
    names = {n: f"'{n}" if n.lstrip(" ")[:1] in FORMULA else n for n in plain.columns}
    return plain.rename(names).write_csv().encode("utf-8-sig")


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values)


def download(label: str, frame: pl.DataFrame, file_name: str, key: str) -> None:
    """A button for our own CSV; the one inside ``st.dataframe`` is off, it guards nothing."""
    st.download_button(
        label,
        lambda: guarded_csv(frame),
        file_name,
        "text/csv",
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )
