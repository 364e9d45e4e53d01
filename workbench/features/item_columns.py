"""One column of the items as numbers: a block of columns for each kind of thing it may hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import GENRES, TITLE, YEAR
from workbench.errors import ArgumentError, CapabilityError

Block = tuple[sparse.csr_array, list[str]]
"""``(n_items, n_columns)`` float64 and what each column means; a row of zeros says nothing."""

LIST, CATEGORY, NUMBER, TEXT, DECADE = "list", "category", "number", "text", "year"
OWN_KIND = {GENRES: LIST, YEAR: DECADE, TITLE: TEXT}
"""Kinds of the columns that every items table may have."""
YEARS_APART = 10
"""Between two such knots a year is shared out linearly, so near years are near."""
QUANTILES = 9
"""0, 1/8, ..., 1: between the two nearest a number is shared out."""
MOST = 1_000
"""Columns of one block: the values or words that most items have."""
LONGEST_TEXT = 10_000
"""Characters that are read: a text is untrusted."""

_WORD = re.compile(r"[^\W_]{2,100}")
_YEAR_IN_TITLE = re.compile(r"\(\s*\d{4}\s*\)")
_SEPARATOR = re.compile(r"[|,;]")


def kind_of(column: pl.Series) -> str:
    """The kind of a column, by its name or else its type.

    Lists are lists; numbers and dates (as text too, such as 2024-02-29) are numbers. Text is
    "text" where more than half of the cells differ and they have three words or more on average,
    else a "category".

    Raises
    ------
    ArgumentError
        A type that says nothing about likeness (a struct, bytes).
    """
    if column.name in OWN_KIND:
        return OWN_KIND[column.name]
    dtype = column.dtype
    if isinstance(dtype, pl.List | pl.Array):
        return LIST
    if dtype.is_numeric() or dtype.is_temporal():
        return NUMBER
    if dtype in (pl.Boolean, pl.Categorical, pl.Enum, pl.Null):
        return CATEGORY
    if dtype != pl.String:
        raise ArgumentError(
            f"columns: {column.name!r} is {dtype}, which has no likeness; make it text, a number "
            "or a list"
        )
    known = column.drop_nulls()
    if len(known) and _days(known).null_count() == 0:
        return NUMBER
    words = sum(len(_WORD.findall(cell[:LONGEST_TEXT])) for cell in known)
    wordy = words >= 3 * len(known) and known.n_unique() > len(known) / 2
    return TEXT if wordy and len(known) else CATEGORY


def encoded_column(column: pl.Series, kind: str) -> Block:
    """The block of a column of some kind; see ``KINDS`` for what each does."""
    return KINDS[kind](column)


def refuse_telling_nothing(column: pl.Series, kind: str, block: Block) -> None:
    """Refuse a column that parts no item from another, or each from all others.

    Raises
    ------
    CapabilityError
        It has no known value, the same one for every item, or another one for each (an id).
    """
    matrix, _ = block
    known = np.diff(matrix.indptr) > 0
    if not known.any():
        raise CapabilityError(
            f"items: nothing is known in column {column.name!r} as a {kind}; leave it out of "
            "columns, or give its kind in kinds"
        )
    if known.sum() < 2:
        return
    rows = sparse.csr_array(matrix[np.flatnonzero(known)])
    if abs(rows - sparse.csr_array(np.ones((rows.shape[0], 1))) @ rows[[0]]).max() == 0:
        raise CapabilityError(
            f"items: column {column.name!r} is the same for every item, so it likens each to "
            "all; leave it out of columns"
        )
    if kind in (CATEGORY, LIST) and (rows.sum(axis=0) <= 1).all():
        raise CapabilityError(
            f"items: column {column.name!r} is different for every item (an id?), so as a {kind} "
            f"it likens none; leave it out of columns, or say kinds={{{column.name!r}: 'text'}}"
        )


def listed(column: pl.Series) -> Block:
    """One for each thing in the list; text is taken apart at ``|``, ``,`` and ``;``."""
    if column.dtype == pl.String:
        cells: Sequence[Sequence[str]] = [_SEPARATOR.split(cell) for cell in column.fill_null("")]
    else:
        cells = [[str(g) for g in _several(cell) if g is not None] for cell in column.to_list()]
    rows = [{g.strip() for g in cell} - {""} for cell in cells]
    return _counted([Counter(row) for row in rows])


def categories(column: pl.Series) -> Block:
    """One for the value; empty text is no value."""
    cells = [None if cell is None else str(cell).strip() for cell in column.to_list()]
    return _counted([Counter([cell] if cell and cell != "nan" else []) for cell in cells])


def numbers(column: pl.Series) -> Block:
    """A number by its place among all, shared out between the two nearest of up to nine quantiles.

    The place is the share of items below it (half of those alike), from 0 to 1, and the quantiles
    are 0, 1/8, ..., 1. So near numbers are near, in the measure of how many items lie between
    them, whatever the unit and however long the tail. Few different numbers have fewer quantiles,
    so that each still has near ones. Dates are numbers.

    Raises
    ------
    CapabilityError
        A number is infinite.
    """
    value = _floats(column)
    if np.isinf(value).any():
        raise CapabilityError(
            f"items: column {column.name!r} holds an infinite number; make it null where it is "
            "not known"
        )
    known = np.flatnonzero(~np.isnan(value))
    if len(known) == 0:
        return sparse.csr_array((len(value), 0)), []
    distinct, which, n = np.unique(value[known], return_inverse=True, return_counts=True)
    middle = np.cumsum(n) - n / 2
    place = (middle - middle[0]) / max(middle[-1] - middle[0], 1)
    last = int(np.clip(len(distinct) // 3, 1, QUANTILES - 1))
    low = np.minimum(np.floor(place * last), last - 1).astype(np.int64)
    share = (place * last - low)[which]
    cells = np.concatenate([1 - share, share])
    columns = np.concatenate([low[which], low[which] + 1])
    matrix = _spread(len(value), known, cells, columns, last + 1)
    at = distinct[np.searchsorted(place, np.arange(last + 1) / last).clip(max=len(distinct) - 1)]
    return matrix, [f"quantile {q / last:.3g}, {v:g}" for q, v in enumerate(at)]


def years(column: pl.Series) -> Block:
    """A year shared out between the two nearest of 1900, 1910, ...; what is no number is none."""
    value = _floats(column)
    known = np.flatnonzero(np.isfinite(value))
    if len(known) == 0:
        return sparse.csr_array((len(value), 0)), []
    knot = np.floor(value[known] / YEARS_APART)
    share = value[known] / YEARS_APART - knot
    knots, place = np.unique(np.concatenate([knot, knot + 1]), return_inverse=True)
    cells = np.concatenate([1 - share, share])
    matrix = _spread(len(value), known, cells, place, len(knots))
    return matrix, [f"around {int(k * YEARS_APART)}" for k in knots]


def words(column: pl.Series) -> Block:
    """TF-IDF, ``tf * (ln((1 + n) / (1 + df)) + 1)``, of words that two items or more have."""
    texts = column.cast(pl.String, strict=False).fill_null("").to_list()
    rows = [Counter(w for w in _WORD.findall(_plain(text)) if not w.isspace()) for text in texts]
    counts, names = _counted(rows, least=2)
    df = np.bincount(counts.indices, minlength=len(names))
    return sparse.csr_array(counts * (np.log((1 + len(rows)) / (1 + df)) + 1)[None, :]), names


KINDS: dict[str, Callable[[pl.Series], Block]] = {
    LIST: listed,
    CATEGORY: categories,
    NUMBER: numbers,
    TEXT: words,
    DECADE: years,
}


def _plain(text: str) -> str:
    return _YEAR_IN_TITLE.sub(" ", text[:LONGEST_TEXT]).lower()


def _several(cell: Any) -> Iterable[Any]:
    if cell is None:
        return ()
    return cell if isinstance(cell, list | tuple) else (cell,)


def _floats(column: pl.Series) -> NDArray[np.float64]:
    if column.dtype.is_temporal():
        column = column.to_physical()
    elif column.dtype == pl.String and (days := _days(column)).null_count() < len(days):
        column = days
    return column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()


def _days(text: pl.Series) -> pl.Series:
    """Days since 1970 of text that starts as a date, such as 2024-02-29; null for all other."""
    whole = text.set(~text.str.contains(r"^\d{4}-\d{2}-\d{2}(?:[ T]|$)"), None)
    return whole.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).to_physical()


def _spread(
    n: int, known: NDArray[Any], cells: NDArray[np.float64], place: NDArray[Any], width: int
) -> sparse.csr_array:
    said = cells != 0
    at = (np.concatenate([known, known])[said], place[said])
    return sparse.coo_array((cells[said], at), shape=(n, width)).tocsr()


def _counted(rows: list[Counter[str]], least: int = 1) -> Block:
    """How often each item has each name; names of ``least`` items or more, the ``MOST`` frequent
    ones, in order."""
    of_items = Counter(name for row in rows for name in row)
    names = [name for name, n in of_items.items() if n >= least]
    names = sorted(sorted(names, key=lambda name: (-of_items[name], name))[:MOST])
    place = {name: j for j, name in enumerate(names)}
    cells = [(i, place[n], c) for i, row in enumerate(rows) for n, c in row.items() if n in place]
    row, column, count = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    matrix = sparse.coo_array(
        (count.astype(np.float64), (row, column)), shape=(len(rows), len(names))
    )
    return matrix.tocsr(), names
