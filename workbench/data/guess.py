"""Which column of a stranger's table is which: a guess to be confirmed, never acted upon."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from workbench.columns import GENRES, ITEM, KIND, TIME, TITLE, USER, VALUE, YEAR
from workbench.data import parsing
from workbench.data.files import RawTable
from workbench.data.mapping import USUAL
from workbench.data.schemas import FIRST_MOMENT, KNOWN_COLUMNS, LAST_MOMENT
from workbench.errors import DataError

LOOKED_AT = 2_000
"""Rows that a guess is made from, spread over the table."""
A_SCALE = 12
"""With at most so many different numbers, none above ten, a column is a scale of ratings."""
HIGHEST_RATING = 10.0
LIKED = 0.8
"""Of the highest rating: 4 of 5, 8 of 10."""
MOSTLY = 0.9
"""Of the cells given; a rating may be misspelt here and there, and is then refused by row."""
SMALLEST_MOMENT = 1e8
"""Plain numbers that are moments are larger than this (1973 in seconds); ids are not."""


def guessed(raw: RawTable, table: str = "interactions") -> dict[str, str]:
    """Our name → the name in this table, for the columns that look like one of ours.

    First by name (capitals and punctuation do not matter), then, for interactions, by content: a
    moment, a number, and of the rest the person before the item, as logs are mostly written.

    Parameters
    ----------
    raw : RawTable
    table : {"interactions", "items", "users"}

    Returns
    -------
    dict
        Without the names that nothing was found for; no column is there twice.
    """
    found: dict[str, str] = {}
    for ours in KNOWN_COLUMNS[table]:
        free = [name for name in raw.frame.columns if name not in found.values()]
        theirs = _by_name(ours, free)
        if theirs is not None:
            found[ours] = theirs
    if table == "interactions":
        _by_content(_sample(raw.frame), found)
    return {ours: found[ours] for ours in KNOWN_COLUMNS[table] if ours in found}


def liked_from(raw: RawTable, column: str) -> float | None:
    """From which rating on an event counts as liked, where the column is a scale of ratings.

    Four fifths of the highest rating, or the next one above. None for counts, amounts and a
    column with a single number: there every event says the same.
    """
    values, _ = parsing.numbers(raw.frame[column])
    values = values.drop_nulls().drop_nans().unique().sort()
    if not 2 <= len(values) <= A_SCALE or not 0 < values[-1] <= HIGHEST_RATING:
        return None
    return float(values.filter(values >= LIKED * values[-1])[0])


def check_width(raw: RawTable, most: int) -> None:
    """Refuse a table with more columns than anybody could map.

    Raises
    ------
    DataError
    """
    if raw.frame.width > most:
        raise DataError(
            f"{raw.name} has {raw.frame.width:,} columns, more than {most}; keep those that say "
            "who, what, when and how much"
        )


def _by_name(ours: str, names: list[str]) -> str | None:
    """The first column that is called so, the exact word before its usual other names."""
    plain = {name: _plain(name) for name in names}
    for word in (ours, *USUAL.get(ours, ())):
        for name in names:
            if plain[name] == _plain(word):
                return name
    return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _by_content(frame: pl.DataFrame, found: dict[str, str]) -> None:
    def free() -> list[pl.Series]:
        return [column for column in frame.iter_columns() if column.name not in found.values()]

    if TIME not in found:
        _take(TIME, (c for c in free() if _is_moment(c)), found)
    if VALUE not in found:
        # From the right: an id of few people looks like a rating, and ids come first.
        _take(VALUE, (c for c in reversed(free()) if _is_rating(c)), found)
    for ours in (USER, ITEM):
        if ours not in found:
            _take(ours, (c for c in free() if _is_id(c)), found)


def _take(ours: str, columns: Iterator[pl.Series], found: dict[str, str]) -> None:
    first = next(columns, None)
    if first is not None:
        found[ours] = first.name


def _sample(frame: pl.DataFrame) -> pl.DataFrame:
    if frame.height <= LOOKED_AT:
        return frame
    return frame[np.linspace(0, frame.height - 1, LOOKED_AT).astype(np.int64)]


def _is_moment(column: pl.Series) -> bool:
    try:
        seconds, unit = parsing.moments(column, "")
    except DataError:
        return False
    told = seconds.drop_nans()
    if len(told) <= len(column) / 2 or not told.is_between(FIRST_MOMENT, LAST_MOMENT).all():
        return False
    plain_numbers = unit == "seconds"
    return not plain_numbers or float(told.min()) >= SMALLEST_MOMENT  # type: ignore[arg-type]


def _is_rating(column: pl.Series) -> bool:
    values, given = parsing.numbers(column)
    known = values.drop_nulls().drop_nans()
    return bool(
        len(known)
        and len(known) >= MOSTLY * given.sum()
        and known.n_unique() <= A_SCALE
        and known.is_between(0, HIGHEST_RATING).all()
    )


def _is_id(column: pl.Series) -> bool:
    """Text or whole numbers that come back: somebody, or something, more than once."""
    try:
        ids, _ = parsing.ids(column, "")
    except DataError:
        return False
    told = ids.drop_nulls()
    return len(told) > len(column) / 2 and 1 < told.n_unique() <= len(told) * 0.9


LABELS = {
    USER: ("Who", "The person, customer or visitor."),
    ITEM: ("What", "The film, product or song."),
    TIME: ("When", "The moment: seconds, milliseconds or a date. Without it there is no order."),
    VALUE: ("How much", "A rating, or how often. Without it an event only says that it happened."),
    KIND: ("Kind of event", "Such as viewed or bought, where there are several."),
    TITLE: ("Title", "What people call it."),
    GENRES: ("Genres", "Its kinds, separated by |."),
    YEAR: ("Year", "When it came out."),
}
"""Our columns as one asks a stakeholder for them: a name and what is meant."""
