"""What is left of a person under the home folder: every file is opened and searched.

A person is looked for by their id, where a file spells ids (columns, lists, text), and by what
they did, where it does not (rows of items in the arrays of a model). An id such as 7 stands for a
hundred other things in a text, so only an id that could be nothing else is looked for there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from workbench.artifact import MANIFEST
from workbench.columns import USER
from workbench.data.dataset import Dataset
from workbench.data.person import refused_rows_of
from workbench.vocabulary import Id, IntArray

TRACES = {"file": pl.String, "where": pl.String, "n": pl.Int64}
LISTS = {USER, "user_ids", "guests"}
"""Keys of JSON under which ids of people stand."""
DISTINCT = 6
"""An id of so many characters, not all of them digits, stands for nothing but its person."""
SHORTEST = 4
"""Items of a history that is looked for in arrays; a shorter run is there by chance."""
BLOCK = 1 << 24
TABLES, TEXT, ARRAYS = {".parquet", ".csv"}, {".json", ".jsonl"}, {".npz", ".npy"}


@dataclass(frozen=True)
class Sought:
    """What a person is known by.

    Attributes
    ----------
    user_id : str or int
    dataset : str
        Name of the log whose person it is.
    histories : tuple of (n,) int64
        See ``histories_of``.
    columns : frozenset of str
        What the column of people was called in the tables that the log was made from.
    """

    user_id: Id
    dataset: str
    histories: tuple[IntArray, ...] = ()
    columns: frozenset[str] = frozenset({USER})

    @property
    def distinct(self) -> bool:
        """Whether the id can be looked for in any text."""
        text = str(self.user_id)
        return len(text) >= DISTINCT and not text.lstrip("-").isdigit()


def histories_of(dataset: Dataset, user_id: Id) -> list[IntArray]:
    """Codes of the items that a person met, as a model might keep them; only what tells them apart.

    All items and the relevant ones, each by code and in order of time. Left out is what is short,
    what is a run of neighbouring codes (a list of all items has it), and what stands in the
    histories of others too.
    """
    everybody = dataset.profiles(dataset.people.ids.to_list())
    row = dataset.people.code(user_id)
    found: list[IntArray] = []
    for mask in (everybody.latest, everybody.positive(dataset.relevant_from)):
        item, person = everybody.item[mask], everybody.row[mask]
        for order in (np.lexsort((item, person)), np.arange(len(item))):
            own = item[order][person[order] == row]
            if len(own) < SHORTEST or (np.diff(own) == 1).all():
                continue
            if not runs_in(item[order][person[order] != row], own):
                found.append(own)
    return found


def traces(home: Path, sought: Sought) -> tuple[pl.DataFrame, int]:
    """Where a person is found.

    Parameters
    ----------
    home : Path
    sought : Sought

    Returns
    -------
    polars.DataFrame
        One row per file and way of finding: ``file`` (within the home folder), ``where``, ``n``.
    int
        Files that were opened. Runs of other logs are read for a distinct id only.
    """
    found: list[tuple[str, str, int]] = []
    opened = 0
    for path, named in _files(home, sought.dataset):
        name = path.relative_to(home).as_posix()
        if named or sought.distinct:
            opened += 1
            found += [(name, where, n) for where, n in _in_file(path, sought, named) if n]
    return pl.DataFrame(found, schema=TRACES, orient="row"), opened


def _files(home: Path, dataset: str) -> Iterator[tuple[Path, bool]]:
    """Every file under home, and whether it is of this log."""
    of_run: dict[Path, bool] = {}
    for folder, _, names in os.walk(home):
        for name in sorted(names):
            path = Path(folder) / name
            if path.is_symlink() or not path.is_file():
                continue
            parts = path.relative_to(home).parts
            if parts[0] == "runs" and len(parts) > 2:
                run = home / "runs" / parts[1]
                if run not in of_run:
                    of_run[run] = dataset_of(run) in (dataset, None)
                yield path, of_run[run]
            else:
                yield path, any(dataset in part for part in parts)


def dataset_of(run: Path) -> str | None:
    """Name of the log of a run folder; None where its manifest does not say."""
    try:
        name = json.loads((run / MANIFEST).read_text("utf-8"))["dataset"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(name)


def _in_file(path: Path, sought: Sought, named: bool) -> list[tuple[str, int]]:
    """Ways in which a file holds the person, each with how often."""
    found = []
    if named and path.relative_to(path.anchor).parts.count("cache") and _is_source(path, sought):
        return [("a copy of the source, which holds everybody", 1)]
    if sought.distinct:
        found.append(("the id as text", _in_bytes(path, str(sought.user_id).encode())))
    try:
        if path.suffix in TABLES and named:
            found += _in_table(path, sought)
        elif path.suffix in TEXT and named:
            found.append(("the id in a list of people", _in_json(path, sought)))
        elif path.suffix in ARRAYS:
            found += _in_arrays(path, sought)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        found.append((f"it cannot be read ({type(error).__name__}), so it may hold anybody", 1))
    return found


def _is_source(path: Path, sought: Sought) -> bool:
    return path.parent.parent.name == "cache" and path.parent.name == sought.dataset


def _in_table(path: Path, sought: Sought) -> list[tuple[str, int]]:
    if path.suffix == ".csv":
        frame = pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True)
    else:
        frame = pl.read_parquet(path)
    found = []
    for name in frame.columns:
        dtype = frame.schema[name]
        if name in sought.columns or (sought.distinct and dtype == pl.String):
            own = frame[name].cast(pl.String, strict=False) == str(sought.user_id)
            found.append((f"rows, by column {name}", int(own.sum())))
    if path.name == "refused.parquet" and "row" in frame.columns:
        own = refused_rows_of(frame, sought.user_id, set(sought.columns))
        found.append(("refused rows", int(own.sum())))
    return found


def _in_json(path: Path, sought: Sought) -> int:
    text = path.read_text("utf-8")
    if path.suffix == ".jsonl":
        return sum(_among(json.loads(line), sought, False) for line in text.splitlines() if line)
    return _among(json.loads(text), sought, False)


def _among(content: Any, sought: Sought, people: bool) -> int:
    """How often the id stands where ids of people stand."""
    if isinstance(content, Mapping):
        return sum(
            _among(part, sought, name in LISTS or name in sought.columns - {USER, "columns"})
            for name, part in content.items()
        )
    if isinstance(content, list):
        return sum(_among(part, sought, people) for part in content)
    return int(people and str(content) == str(sought.user_id))


def _in_arrays(path: Path, sought: Sought) -> list[tuple[str, int]]:
    held = np.load(path, allow_pickle=False)
    names = held.files if path.suffix == ".npz" else [path.name]
    found = []
    for name in names:
        array = held[name] if path.suffix == ".npz" else held
        if array.dtype.kind == "U":
            found.append((f"the id in {name}", int((array == str(sought.user_id)).sum())))
        elif array.dtype.kind in "iu":
            n = max((runs_in(array.ravel(), own) for own in sought.histories), default=0)
            found.append((f"the history, item by item, in {name}", n))
    return found


def runs_in(array: IntArray, codes: IntArray) -> int:
    """How often the codes stand in an array, one after the other."""
    if len(codes) < SHORTEST or len(array) < len(codes):
        return 0
    starts = np.flatnonzero(array[: len(array) - len(codes) + 1] == codes[0])
    for place, code in enumerate(codes):
        starts = starts[array[starts + place] == code]
    return len(starts)


def _in_bytes(path: Path, text: bytes) -> int:
    """How often some bytes stand in a file, which is never held whole."""
    n, kept = 0, b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            whole = kept + block
            n += whole.count(text)
            kept = whole[len(whole) - len(text) + 1 :] if len(text) > 1 else b""
    return n
