"""From anybody's tables to a Dataset: every row understood and checked, the broken ones kept apart.

The order of judgement: the tables as wholes (readable, the id columns there), then columns (one
type of id, one unit of time), then rows, each filed under the first rule that it breaks.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import AS_OF, GENRES, ITEM, KIND, TIME, TITLE, USER, VALUE, YEAR
from workbench.data import parsing
from workbench.data.dataset import NO_REFUSALS, Dataset
from workbench.data.files import RawTable, read_table
from workbench.data.mapping import check_mapping, left_unread, mapped
from workbench.data.schemas import COPY, GIVEN, KNOWN, PLACE, checked
from workbench.errors import ArgumentError, DataError


def take_in(
    interactions: Any,
    items: Any = None,
    users: Any = None,
    relevant_from: float | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    name: str = "log",
    allow_negative: bool = False,
    provenance: Mapping[str, Any] | None = None,
) -> Dataset:
    """See ``Dataset.from_frames``.

    Parameters
    ----------
    provenance : mapping, optional
        What a loader knows of the source (licence, repairs, ...); put over what is found here.
    """
    check_threshold(relevant_from)
    given = {"interactions": interactions, "items": items, "users": users}
    raw = {
        table: read_table(source, table) for table, source in given.items() if source is not None
    }
    if "interactions" not in raw:
        raise DataError("interactions must be a frame or the path of a CSV or Parquet file")
    check_mapping(columns, raw)
    tables = {table: _Table(table, source, columns) for table, source in raw.items()}
    repairs = _one_type_of_id(tables)
    for table in ("users", "items", "interactions"):
        if table in tables:
            tables[table].judge(tables.get("items"), allow_negative)
    log = tables["interactions"]
    check_relevance(log.good, log.raw.name, relevant_from)
    refused = [table.refused() for table in tables.values() if table.broken.height]
    found = {
        "source": "files" if any("file" in t.raw.facts for t in tables.values()) else "frames",
        "licence": "not stated",
        "tables": {name_: table.facts() for name_, table in tables.items()},
        "repairs": [*repairs, *(line for table in tables.values() for line in table.repairs)],
        "notes": [line for table in tables.values() for line in table.notes],
    }
    return Dataset(
        log.good,
        tables["items"].good if "items" in tables else None,
        tables["users"].good if "users" in tables else None,
        relevant_from=None if relevant_from is None else float(relevant_from),
        name=name,
        provenance={**found, **(provenance or {})},
        refused=pl.concat(refused) if refused else NO_REFUSALS,
        context_columns=log.extra,
    )


def _is_number(value: object) -> bool:
    return (
        isinstance(value, int | float | np.number)
        and not isinstance(value, bool)
        and math.isfinite(float(value))
    )


class _Table:
    """One table on its way in: raw, then understood (``frame``), then judged (``good``)."""

    def __init__(self, table: str, raw: RawTable, columns: Mapping[str, str] | None) -> None:
        self.table, self.raw = table, raw
        self.repairs: list[str] = []
        self.notes: list[str] = []
        self.left_out: list[str] = list(raw.facts.get("left_out", []))
        self.unit: str | None = None
        self.names = mapped(table, raw, columns)
        self.given: pl.Series | None = None
        known = {}
        for ours, theirs in self.names.items():
            column = raw.frame[theirs].alias(ours)
            if ours in (USER, ITEM) or not parsing.is_blank(column):
                known[ours] = self._understood(ours, theirs, column)
        extra = self._extra(set(self.names))
        self.extra = [series.name for series in extra]
        self.frame = pl.DataFrame([*known.values(), *extra])
        if table == "interactions":
            self.notes += left_unread(raw, self.extra, self.names)

    def _understood(self, ours: str, theirs: str, column: pl.Series) -> pl.Series:
        where = f"{self.raw.name}: {theirs}"
        if ours in (USER, ITEM):
            if theirs in self.raw.mixed:
                raise DataError(
                    f"{where} mixes text and numbers; spell every id one way (.astype(str))"
                )
            column, repair = parsing.ids(column, where)
            self.repairs += [repair] if repair else []
        elif ours == TIME:
            column, self.unit = parsing.moments(column, where)
        elif ours == VALUE:
            column, self.given = parsing.numbers(column)
        elif ours == GENRES:
            column = parsing.genres(column)
        elif ours == YEAR:
            before = column.null_count()
            column = parsing.years(column)
            lost = column.null_count() - before
            self.repairs += [f"{where}: {lost:,} cells are no year; left empty"] if lost else []
        elif ours in (TITLE, KIND):
            text = parsing.plain(column, typed=True)
            if text is None:
                raise DataError(f"{where} is of type {column.dtype}; it must be text")
            column = text.cast(pl.String)
        return column

    def _extra(self, taken: set[str]) -> list[pl.Series]:
        used = set(self.names.values())
        extra = []
        for column in self.raw.frame.iter_columns():
            if column.name in used:
                continue
            series = parsing.plain(column, typed=self.raw.typed)
            if series is None and self.table == "items":
                series = parsing.listed(column)
            if column.name in {AS_OF, *taken}:  # the word is ours; another column has it
                self.left_out.append(f"{column.name} (the name means something else here)")
            elif column.name.startswith("_") or series is None:
                reason = "private name" if series is not None else f"type {column.dtype}"
                self.left_out.append(f"{column.name} ({reason})")
            else:
                extra.append(series)
        return extra

    def judge(self, items: _Table | None, allow_negative: bool) -> None:
        """Part the rows into ``good`` and ``broken``."""
        if self.table == "interactions":
            staged = self._staged_events(items)
        else:
            needed = {TITLE: pl.String, GENRES: pl.List(pl.String), YEAR: pl.Int64}
            missing = [
                pl.lit(None, dtype).alias(name)
                for name, dtype in needed.items()
                if self.table == "items" and name not in self.frame.columns
            ]
            staged = self.frame.with_columns(missing)
        staged = staged.with_columns(pl.Series(PLACE, np.arange(self.frame.height)))
        waived = frozenset({"negative value"} if allow_negative else ())
        kept, self.broken = checked(self.table, staged, waived)
        self.good = self.frame[kept] if self.broken.height else self.frame
        counts = self.broken["rule"].value_counts(sort=True).rows()
        if self.good.height == 0:
            reasons = ", ".join(f"{rule} ({n:,})" for rule, n in sorted(counts))
            raise DataError(
                f"{self.raw.name}: nothing is left, all {self.frame.height:,} rows were refused: "
                f"{reasons}. Check that the columns are the right ones"
            )
        negative = dict(counts).get("negative value", 0)
        if negative:
            self.notes.append(
                f"{self.raw.name}: {negative:,} rows were refused for a negative value; if the "
                "scale goes below zero, say allow_negative=True"
            )

    def _staged_events(self, items: _Table | None) -> pl.DataFrame:
        frame, n = self.frame, self.frame.height
        needed = {TIME: pl.Float64, VALUE: pl.Float64, KIND: pl.String}
        missing = [
            pl.lit(None, dtype).alias(name)
            for name, dtype in needed.items()
            if name not in frame.columns
        ]
        nothing = pl.Series([False]).new_from_index(0, n)
        first = frame.select(pl.struct(pl.all()).is_first_distinct()).to_series()
        known = ~nothing if items is None else frame[ITEM].is_in(items.good[ITEM].implode())
        return frame.with_columns(
            *missing,
            (nothing if self.given is None else self.given).alias(GIVEN),
            (~first).alias(COPY),
            known.alias(KNOWN),
        )

    def refused(self) -> pl.DataFrame:
        """The broken rows as they stood: ``table, line, rule, row`` (JSON)."""
        places = self.broken["place"]
        return pl.DataFrame(
            {
                "table": [self.table] * len(places),
                "line": self.raw.lines[places],
                "rule": self.broken["rule"],
                "row": _as_json(self.raw.frame[places]),
            },
            schema=NO_REFUSALS.schema,
        )

    def facts(self) -> dict[str, Any]:
        """What the provenance says of this table."""
        found = {**self.raw.facts, "rows": self.frame.height, "kept": self.good.height}
        found["refused"] = self.broken.height
        found["columns"] = dict(self.names)
        if self.left_out:
            found["left_out"] = self.left_out
        if self.unit is not None:
            found["time_unit"] = self.unit
        return found


def _as_json(frame: pl.DataFrame) -> list[str]:
    """Each row as a JSON object; NaN and infinities, which JSON has not, as text."""
    encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
    rows = frame.to_dicts()
    decimals = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    for row in rows if decimals else ():
        for name in decimals:
            if row[name] is not None and not math.isfinite(row[name]):
                row[name] = str(row[name])
    return [encode(row) for row in rows]


def _one_type_of_id(tables: Mapping[str, _Table]) -> list[str]:
    """Where one table spells an id as text and another as integers, all become text."""
    repairs = []
    for column in (USER, ITEM):
        having = [table for table in tables.values() if column in table.names]
        if len({table.frame[column].dtype for table in having}) < 2:
            continue
        for table in having:
            if table.frame[column].dtype.is_integer():
                table.frame = table.frame.with_columns(pl.col(column).cast(pl.String))
                repairs.append(
                    f"{table.raw.name}: integers of {table.names[column]} were read as text, "
                    "as in the other table"
                )
    return repairs


def check_threshold(relevant_from: float | None) -> None:
    """Refuse a ``relevant_from`` that cannot work with any log."""
    if relevant_from is not None and not _is_number(relevant_from):
        raise ArgumentError(f"relevant_from must be a finite number, not {relevant_from!r}")


def check_relevance(log: pl.DataFrame, name: str, relevant_from: float | None) -> None:
    """Refuse a ``relevant_from`` that leaves no event of this log relevant."""
    if relevant_from is None:
        return
    if VALUE not in log.columns:
        raise DataError(
            f"relevant_from={relevant_from:g}, but {name} has no values; leave "
            "relevant_from out (every event is relevant then), or name the column of values: "
            "columns={'value': ...}"
        )
    highest = log[VALUE].max()
    if highest is not None and highest < relevant_from:  # type: ignore[operator]
        raise DataError(
            f"relevant_from={relevant_from:g}, but the highest value of {name} is "
            f"{highest:g}: no event would be relevant; give a lower relevant_from"
        )
