"""Which column of a table is which: the caller's names become ours."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from workbench.data.files import RawTable
from workbench.data.schemas import KNOWN_COLUMNS, REQUIRED_COLUMNS
from workbench.errors import ArgumentError, DataError

USUAL = {
    "user_id": (
        "user", "userid", "uid", "customer", "customer_id", "visitor", "visitor_id", "account",
        "account_id", "member", "person", "reader", "listener", "session_id",
    ),
    "item_id": (
        "item", "itemid", "iid", "movie", "movieid", "movie_id", "film", "product", "product_id",
        "sku", "asin", "article", "article_id", "book", "book_id", "isbn", "song", "song_id",
        "track", "track_id", "artist", "artist_id", "content_id",
    ),
    "timestamp": (
        "time", "ts", "date", "datetime", "created_at", "event_time", "unix_timestamp", "when",
    ),
    "value": (
        "rating", "ratings", "stars", "score", "plays", "playcount", "play_count", "count",
        "weight", "quantity", "listens",
    ),
    "event": ("event_type", "action", "kind"),
    "title": ("name", "movie_title", "product_name", "track_name", "label"),
    "genres": ("genre", "category", "categories", "tags"),
    "year": ("release_year", "released", "published", "publication_year"),
}  # fmt: skip
"""Other usual names of a column. For hints and questions only: nothing is renamed on a guess."""


def check_mapping(columns: Mapping[str, str] | None, tables: Mapping[str, RawTable]) -> None:
    """Refuse a mapping that cannot work, before anything is renamed.

    Raises
    ------
    ArgumentError
        A name on the left is not ours, a name on the right is in no table or is used twice.
    """
    if columns is not None and not isinstance(columns, Mapping):
        raise ArgumentError(
            f"columns must map our names to yours ({{'user_id': 'customer'}}), not {columns!r}"
        )
    mapping = dict(columns or {})
    ours = sorted({name for names in KNOWN_COLUMNS.values() for name in names})
    for name, theirs in mapping.items():
        if name not in ours:
            raise ArgumentError(
                f"columns: {name!r} is not a name of ours{_near(name, ours)}; ours are "
                f"{', '.join(ours)} (our name comes first: {{'user_id': 'customer'}})"
            )
        concerned = [t for table, t in tables.items() if name in KNOWN_COLUMNS[table]]
        found = [column for t in concerned for column in t.frame.columns]
        if theirs not in found:
            theirs = str(theirs)
            where = "; ".join(f"{t.name} has {_listed(t.frame.columns)}" for t in concerned)
            raise ArgumentError(
                f"columns: there is no column {theirs!r} to be {name}{_near(theirs, found)}; "
                f"{where or 'no table given has such a column'}"
            )
    for table in tables:
        right = [theirs for name, theirs in mapping.items() if name in KNOWN_COLUMNS[table]]
        twice = next((theirs for theirs in right if right.count(theirs) > 1), None)
        if twice is not None:
            raise ArgumentError(f"columns: {twice!r} cannot be two columns of {table}; map it once")


def mapped(table: str, raw: RawTable, columns: Mapping[str, str] | None) -> dict[str, str]:
    """Our name → the name in this table, for every known column that it has.

    Raises
    ------
    DataError
        An id column is missing; lists the columns found and the closest one.
    """
    found = raw.frame.columns
    names = {}
    for ours in KNOWN_COLUMNS[table]:
        theirs = (columns or {}).get(ours, ours)
        if theirs in found:
            names[ours] = theirs
        elif ours in found:  # the mapping speaks of the other table
            names[ours] = ours
    for ours in REQUIRED_COLUMNS[table]:
        if ours not in names:
            raise DataError(_missing(ours, raw, found))
    return names


def left_unread(raw: RawTable, extra: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """Notes on further columns that are usually a time or a value and were not mapped."""
    return [
        f"{raw.name}: column {name!r} was kept as it is; if it is the {ours}, say "
        f"columns={{{ours!r}: {name!r}}}"
        for ours in ("timestamp", "value")
        if ours not in names
        for name in extra
        if name.lower() in USUAL[ours]
    ]


def _missing(ours: str, raw: RawTable, found: Sequence[str]) -> str:
    message = f"{raw.name} has no column {ours!r}; it has {_listed(found)}."
    if all(name.replace(".", "", 1).lstrip("-").isdigit() for name in found if name):
        return f"{message} Its first line looks like data: put a header line before it"
    if len(found) == 1 and raw.facts.get("kind") == "csv":
        return f"{message} Separate the columns with a comma, semicolon, tab or |"
    usual = [name for name in found if name.lower() in USUAL.get(ours, ())]
    close = usual or difflib.get_close_matches(ours, found, 1, 0.6)
    example = close[0] if close else "customer" if ours == "user_id" else "sku"
    hint = f"Did you mean {close[0]!r}? Say" if close else "Name it, for example"
    return f"{message} {hint} columns={{{ours!r}: {example!r}}}"


def _near(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, 1, 0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")
