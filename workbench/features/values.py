"""Values of an item column: which item has which genre, decade, brand, actor, ..."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from workbench.columns import GENRES, ITEM, TITLE, YEAR
from workbench.features.items import genre_matrix

DECADE = "decade"
"""Not a column of its own: the years in tens."""
REPEATED = 2.0
"""Items per value that a text column must have on average; fewer, and it is a name or a text."""


def value_columns(items: pl.DataFrame) -> list[str]:
    """Columns whose values are shared by several items, and the decade where there is a year.

    Lists and texts; not the title. Numbers are not values, but on a scale: ``number_columns``.
    """
    found = [GENRES] if GENRES in items.columns else []
    if YEAR in items.columns:
        found.append(DECADE)
    for name, dtype in items.schema.items():
        if name not in (ITEM, TITLE, YEAR, GENRES) and _is_text(dtype):
            cells = _cells(items, name)["value"]
            if 2 <= cells.n_unique() <= len(cells) / REPEATED:
                found.append(name)
    return found


def number_columns(items: pl.DataFrame) -> list[str]:
    """Columns on a scale, such as a price; not the year, which has features of its own."""
    return [
        name
        for name, dtype in items.schema.items()
        if name not in (ITEM, YEAR) and dtype.is_numeric()
    ]


def value_matrix(items: pl.DataFrame, column: str) -> tuple[list[str], sparse.csr_array]:
    """Values of a column in order, and which item has which, ``(n_items, n_values)`` of ones."""
    if column == GENRES:
        return genre_matrix(items)
    cells = _cells(items, column).unique()
    names = cells["value"].unique().sort()
    place = cells["value"].replace_strict(
        names, np.arange(len(names)), return_dtype=pl.Int64
    )  # fmt: skip
    matrix = sparse.csr_array(
        (np.ones(cells.height, dtype=np.float32), (cells["row"].to_numpy(), place.to_numpy())),
        shape=(items.height, len(names)),
    )
    matrix.sort_indices()
    return names.to_list(), matrix


def values_of(dataset: Any, column: str) -> sparse.csr_array:
    """The matrix of ``value_matrix`` for the items of a dataset: what features ``learn``."""
    return value_matrix(dataset.items, column)[1]


def _is_text(dtype: pl.DataType) -> bool:
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    return inner in (pl.String, pl.Boolean, pl.Categorical) or isinstance(inner, pl.Enum)


def _cells(items: pl.DataFrame, column: str) -> pl.DataFrame:
    """One row per item and value: ``row``, ``value`` (text)."""
    if column == DECADE:
        year = items[YEAR].cast(pl.Float64, strict=False)
        series = (year / 10).floor().cast(pl.Int64, strict=False) * 10
    else:
        series = items[column]
    frame = pl.DataFrame({"row": np.arange(items.height), "value": series})
    if isinstance(series.dtype, pl.List):
        frame = frame.explode("value")
    return frame.with_columns(pl.col("value").cast(pl.String)).drop_nulls()
