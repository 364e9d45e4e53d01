"""The data dictionary, and the rules that a row must keep to be let in.

A broken row is never dropped in silence: ``checked`` hands it back with the first rule it broke.
The schemas speak of *staged* rows: ids, times and numbers as they were understood, beside what
has to be known of the raw row to judge it (was a value given at all? is it a copy?).
"""

from __future__ import annotations

import dataframely as dy
import polars as pl

from workbench.columns import GENRES, ITEM, KIND, TIME, TITLE, USER, VALUE, YEAR

FIRST_MOMENT = -2_208_988_800.0
"""1900-01-01 UTC in seconds; nothing in a log is earlier."""
LAST_MOMENT = 4_102_444_800.0
"""2100-01-01 UTC in seconds; nothing in a log is later."""

PLACE = "_place"
GIVEN = "_value_given"
COPY = "_copy"
KNOWN = "_item_known"


class Interactions(dy.Schema):
    """One event a row: somebody did something with an item, at some time, to some degree."""

    _place = dy.Int64(description="Number of the row in the input, from 0")
    user_id = dy.Any(description="Who: text or integer, kept as given")
    item_id = dy.Any(description="What: text or integer, kept as given")
    timestamp = dy.Float64(
        nullable=True,
        allow_nan=True,
        allow_inf=True,
        description="When: seconds since 1970-01-01 UTC; not a number where it was unreadable",
    )
    value = dy.Float64(
        nullable=True,
        allow_nan=True,
        allow_inf=True,
        description="How much, in the log's own unit; empty where an event has none",
    )
    event = dy.String(nullable=True, description="Kind of event, where a log has several")
    _value_given = dy.Bool(description="Something stood where the value belongs")
    _copy = dy.Bool(description="An earlier row is the same in every column")
    _item_known = dy.Bool(description="The items table has the item (or there is no such table)")

    @dy.rule()
    def missing_user_id(cls) -> pl.Expr:
        return pl.col(USER).is_not_null()

    @dy.rule()
    def missing_item_id(cls) -> pl.Expr:
        return pl.col(ITEM).is_not_null()

    @dy.rule()
    def bad_time(cls) -> pl.Expr:
        return pl.col(TIME).is_between(FIRST_MOMENT, LAST_MOMENT)

    @dy.rule()
    def text_value(cls) -> pl.Expr:
        return pl.col(VALUE).is_not_null() | ~pl.col(GIVEN)

    @dy.rule()
    def non_finite_value(cls) -> pl.Expr:
        return pl.col(VALUE).is_finite()

    @dy.rule()
    def negative_value(cls) -> pl.Expr:
        return pl.col(VALUE) >= 0

    @dy.rule()
    def exact_duplicate(cls) -> pl.Expr:
        return ~pl.col(COPY)

    @dy.rule()
    def orphan_item(cls) -> pl.Expr:
        return pl.col(KNOWN)


class Items(dy.Schema):
    """One item a row."""

    _place = dy.Int64(description="Number of the row in the input, from 0")
    item_id = dy.Any(description="The id that interactions use")
    title = dy.String(nullable=True, description="Its name; several items may share one")
    genres = dy.List(dy.String(nullable=True), nullable=True, description="Its kinds")
    year = dy.Int64(nullable=True, description="Year of release")

    @dy.rule()
    def missing_item_id(cls) -> pl.Expr:
        return pl.col(ITEM).is_not_null()

    @dy.rule()
    def duplicate_id(cls) -> pl.Expr:
        return pl.col(ITEM).is_first_distinct()


class Users(dy.Schema):
    """One person a row; every further column is an attribute."""

    _place = dy.Int64(description="Number of the row in the input, from 0")
    user_id = dy.Any(description="The id that interactions use")

    @dy.rule()
    def missing_user_id(cls) -> pl.Expr:
        return pl.col(USER).is_not_null()

    @dy.rule()
    def duplicate_id(cls) -> pl.Expr:
        return pl.col(USER).is_first_distinct()


SCHEMAS: dict[str, type[dy.Schema]] = {
    "interactions": Interactions,
    "items": Items,
    "users": Users,
}

RULES = {
    "missing_user_id": "missing user id",
    "missing_item_id": "missing item id",
    "bad_time": "bad time",
    "text_value": "text value",
    "non_finite_value": "non-finite value",
    "negative_value": "negative value",
    "exact_duplicate": "exact duplicate",
    "orphan_item": "orphan item",
    "duplicate_id": "duplicate id",
}
"""Name of each rule in code → in words; a row is filed under the first that it breaks."""

KNOWN_COLUMNS = {
    "interactions": (USER, ITEM, TIME, VALUE, KIND),
    "items": (ITEM, TITLE, GENRES, YEAR),
    "users": (USER,),
}
REQUIRED_COLUMNS = {"interactions": (USER, ITEM), "items": (ITEM,), "users": (USER,)}


def checked(
    table: str, staged: pl.DataFrame, waived: frozenset[str] = frozenset()
) -> tuple[pl.Series, pl.DataFrame]:
    """Which rows keep every rule, and which rule the others break.

    Parameters
    ----------
    table : {"interactions", "items", "users"}
    staged : polars.DataFrame
        The columns of that table's schema; further ones are ignored.
    waived : frozenset of str
        Rules (in words) that this log need not keep.

    Returns
    -------
    kept : polars.Series
        Places of the good rows, ascending.
    broken : polars.DataFrame
        ``place, rule`` of the others, ascending by place.
    """
    schema = SCHEMAS[table]
    good, failure = schema.filter(staged.select(list(schema.columns())))
    details = failure.details()
    rules = [
        pl.when(pl.col(rule) == "invalid").then(pl.lit(words))
        for rule, words in RULES.items()
        if rule in details.columns and words not in waived
    ]
    broken = details.select(pl.col(PLACE).alias("place"), pl.coalesce(rules).alias("rule"))
    pardoned = broken.filter(pl.col("rule").is_null())["place"]
    kept = pl.concat([good[PLACE], pardoned.alias(PLACE)]).sort()
    return kept, broken.filter(pl.col("rule").is_not_null()).sort("place")


def data_dictionary() -> pl.DataFrame:
    """Every column that the workbench knows by name: ``table, column, required, meaning``."""
    return pl.DataFrame(
        [
            {
                "table": table,
                "column": name,
                "required": name in REQUIRED_COLUMNS[table],
                "meaning": schema.columns()[name].description,
            }
            for table, schema in SCHEMAS.items()
            for name in KNOWN_COLUMNS[table]
        ]
    )
