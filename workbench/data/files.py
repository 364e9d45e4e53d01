"""Tables from wherever they are: CSV, Parquet, polars, pandas. Read as they stand, or refused."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from workbench.data.delimited import outlined
from workbench.errors import DataError

CSV_ENDINGS = (".csv", ".tsv")
PARQUET_ENDINGS = (".parquet", ".pq")


@dataclass(frozen=True)
class RawTable:
    """A table before anything in it was understood.

    Attributes
    ----------
    name : str
        For messages: which table it is, and the file's name where there is one.
    frame : polars.DataFrame
        Every CSV column is text; other sources keep their types.
    lines : polars.Series
        Line of the file (CSV) or number of the row from 1, for each row.
    facts : dict
        For the provenance: kind, file name, sha256, rows, columns left out.
    mixed : frozenset of str
        Columns of Python objects of several types; their cells were turned into text.
    typed : bool
        Whether the source has types; a CSV file has none.
    """

    name: str
    frame: pl.DataFrame
    lines: pl.Series
    facts: dict[str, Any] = field(default_factory=dict)
    mixed: frozenset[str] = frozenset()
    typed: bool = True


def read_table(source: Any, table: str) -> RawTable:
    """Read a table from a path or a frame.

    Parameters
    ----------
    source : path of a CSV or Parquet file, or a polars or pandas frame
    table : str
        What it is ("interactions", "items", "users"), for messages.

    Raises
    ------
    DataError
        It cannot be read as one whole, well-formed table with at least one row.
    """
    if isinstance(source, str | Path):
        raw = _read_file(Path(source).expanduser(), table)
    elif isinstance(source, pl.DataFrame | pl.LazyFrame):
        frame = source.collect() if isinstance(source, pl.LazyFrame) else source
        raw = _from_polars(frame, table)
    elif type(source).__module__.partition(".")[0] == "pandas" and hasattr(source, "columns"):
        raw = _from_pandas(source, table)
    else:
        raise DataError(
            f"{table} must be a polars or pandas frame or the path of a CSV or Parquet file, "
            f"not {type(source).__name__}"
        )
    if raw.frame.width == 0 or raw.frame.height == 0:
        what = "columns but no rows" if raw.frame.width else "neither columns nor rows"
        raise DataError(f"{raw.name} has {what}; at least one row is needed")
    return raw


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def guarded(what: str, read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Call a native reader; whatever it throws at damaged bytes becomes a DataError."""
    try:
        return read()
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # polars' PanicException is no Exception
        reason = str(error).strip().partition("\n")[0]
        raise DataError(f"{what} cannot be read: {reason or type(error).__name__}") from None


def _read_file(path: Path, table: str) -> RawTable:
    name = f"{table} ({path.name})"
    ending = path.suffix.lower()
    if ending not in (*CSV_ENDINGS, *PARQUET_ENDINGS):
        raise DataError(
            f"{name}: the ending {path.suffix or '(none)'!r} is not one that can be read; export "
            f"the table as {', '.join((*CSV_ENDINGS, *PARQUET_ENDINGS))}"
        )
    try:
        if not path.exists():
            raise DataError(f"{name}: there is no file {str(path)!r}; check the path")
        if not path.is_file():
            raise DataError(f"{name}: {str(path)!r} is not a file; name one table, not a folder")
        if path.stat().st_size == 0:
            raise DataError(f"{name} is empty; a header line and at least one row are needed")
        return _read_csv(path, name) if ending in CSV_ENDINGS else _read_parquet(path, name)
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror or error}") from None


def _read_csv(path: Path, name: str) -> RawTable:
    outline = outlined(path)
    if not (~outline.blank).any():
        raise DataError(f"{name} has a header but no rows; at least one row is needed")
    frame = guarded(
        name,
        lambda: pl.read_csv(
            path, separator=outline.separator, infer_schema=False, raise_if_empty=False
        ),
    )
    if frame.shape != (len(outline.lines), len(outline.header)):
        raise DataError(
            f"{name} cannot be read for certain: {len(outline.lines):,} rows by its line ends, "
            f"{frame.height:,} by its quotation marks; write it again with every text quoted"
        )
    frame.columns = outline.header
    frame, lines = frame.filter(~outline.blank), outline.lines[~outline.blank]
    facts = {
        "kind": "csv",
        "file": path.name,
        "sha256": outline.sha256,
        "separator": outline.separator,
    }
    if "" in frame.columns:  # the index that pandas writes
        frame = frame.drop("")
        facts["left_out"] = ["(column without a name)"]
    return RawTable(name, frame, pl.Series(lines), facts, typed=False)


def _read_parquet(path: Path, name: str) -> RawTable:
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(-min(4, path.stat().st_size), 2)
        end = file.read(4)
    if start != b"PAR1" or end != b"PAR1":
        what = "was cut short" if start == b"PAR1" else "is not a Parquet file"
        raise DataError(f"{name} {what}; write it again")
    frame = guarded(name, lambda: pl.read_parquet(path, glob=False))
    facts = {"kind": "parquet", "file": path.name, "sha256": sha256_of(path)}
    return _numbered(name, frame, facts)


def _numbered(
    name: str, frame: pl.DataFrame, facts: dict[str, Any], mixed: frozenset[str] = frozenset()
) -> RawTable:
    lines = pl.Series(np.arange(1, frame.height + 1, dtype=np.int64))
    return RawTable(name, frame, lines, facts, mixed)


def _from_polars(frame: pl.DataFrame, table: str) -> RawTable:
    mixed = [name for name, dtype in frame.schema.items() if dtype == pl.Object]
    texts = [
        pl.Series(name, [None if c is None else str(c) for c in frame[name]], dtype=pl.String)
        for name in mixed
    ]
    return _numbered(table, frame.with_columns(texts), {"kind": "polars"}, frozenset(mixed))


def _from_pandas(source: Any, table: str) -> RawTable:
    names = [str(column) for column in source.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(f"{table}: the column {repeated[0]!r} occurs more than once; rename one")
    pandas = sys.modules["pandas"]
    columns, mixed = [], set()
    for place, name in enumerate(names):
        column = source.iloc[:, place]
        try:
            columns.append(pl.from_pandas(column).alias(name))
        except Exception:  # several Python types in one column; pyarrow and polars differ
            missing = [
                bool(pandas.isna(c)) if pandas.api.types.is_scalar(c) else False for c in column
            ]
            cells = [None if no else str(c) for c, no in zip(column, missing, strict=True)]
            columns.append(pl.Series(name, cells, dtype=pl.String))
            mixed.add(name)
    facts: dict[str, Any] = {"kind": "pandas"}
    index = [str(level) for level in source.index.names if level is not None]
    if index:
        facts["left_out"] = [
            f"{level} (of the index; reset_index() makes it a column)" for level in index
        ]
    return _numbered(table, pl.DataFrame(columns), facts, frozenset(mixed))
