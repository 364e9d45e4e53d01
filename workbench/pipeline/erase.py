"""Erase one person from everything under the home folder, and prove it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.artifact import flush_one
from workbench.audit.pseudonym import key_of, pseudonym
from workbench.columns import USER
from workbench.data.person import user_columns, without
from workbench.data.split import Split
from workbench.errors import ArgumentError, DataError
from workbench.pipeline.disk import LATEST, TEMPORARY, finished, runs_of, write_text
from workbench.pipeline.erased import read_list, remember
from workbench.pipeline.folder import Run
from workbench.pipeline.traces import Sought, dataset_of, histories_of, traces
from workbench.settings import home as default_home
from workbench.vocabulary import Id, IntArray

if TYPE_CHECKING:
    from workbench.features.catalogue import Feature
    from workbench.pipeline.job import Progress

REPLACES = "replaces the run"
"""In the provenance of a log: the run that was made again without somebody."""
MOST_OTHERS = 500
"""Other people whose scores are compared before and after."""
OTHERS = {
    "run": pl.String, "instead_of": pl.String, "engine": pl.String, "n": pl.Int64,
    "largest_change": pl.Float64, "mean_change": pl.Float64, "spread": pl.Float64,
    "share_changed": pl.Float64, "overlap": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True)
class Held:
    """What is held on a person under a home folder; ``erase`` starts from it.

    Attributes
    ----------
    home : Path
    user_id : str or int
        As the runs spell it; as it was given where no run has it.
    dataset : str
        The log whose person it is.
    runs : tuple of Path
        Runs that hold the person, the oldest first.
    traces : polars.DataFrame
        ``file, where, n``; see ``workbench.pipeline.traces``.
    searched : int
        Files that were opened.
    erased : mapping or None
        What is remembered of an earlier erasure.
    """

    home: Path
    user_id: Id
    dataset: str
    runs: tuple[Path, ...]
    traces: pl.DataFrame
    searched: int
    erased: Mapping[str, Any] | None = None
    sought: Sought | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Erasure:
    """What erasing somebody did.

    Attributes
    ----------
    done : bool
        False where there was nothing left to do.
    found, left : polars.DataFrame
        Traces before and after: ``file, where, n``. Nothing may be left.
    searched : int
        Files that were opened after.
    others : polars.DataFrame
        One row per run that was made again: over ``n`` other people, the largest and the mean
        change of a score of the engine, the ``spread`` (standard deviation) of these scores to
        hold it against, the share of slates that changed, and their mean rank-biased overlap.
    when : str
        Of the erasure, UTC.
    words : tuple of str
        What else the reader should know.
    """

    done: bool
    found: pl.DataFrame
    left: pl.DataFrame
    searched: int
    others: pl.DataFrame
    when: str
    words: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing of the person is left."""
        return self.left.height == 0


def find(
    user_id: Id, home: str | os.PathLike[str] | None = None, dataset: str | None = None
) -> Held:
    """Look for a person in every file under the home folder.

    Parameters
    ----------
    user_id : str or int
        ``7`` and ``"7"`` find the same person.
    home : path, optional
    dataset : str, optional
        The log whose person it is; by default that of the latest run.

    Raises
    ------
    DataError
        No run of that log knows the person, nor is it remembered that they were erased.
    """
    there = default_home() if home is None else Path(home)
    runs = runs_of(there)
    names = {runs / name: dataset_of(runs / name) for name in finished(runs)}
    latest = Run.latest_path(there)
    if latest is None:
        raise DataError(f"there is no run under {there}; a person is looked for in runs")
    of = names[latest] if dataset is None else dataset
    if of not in names.values():
        raise DataError(
            f"dataset={of!r}: there is no run of it under {there}; there are runs of "
            f"{', '.join(sorted({str(name) for name in names.values()}))}"
        )
    holding = {run: spelt for run, name in names.items() if (spelt := _spelt(run, user_id, name))}
    own = tuple(run for run in holding if names[run] == of)
    known = pseudonym(user_id, str(of), key_of(there))
    before = next((one for one in read_list(there) if one["pseudonym"] == known), None)
    if not own and before is None:
        elsewhere = sorted({str(names[run]) for run in holding})
        remedy = (
            f"; there is one in {elsewhere[0]!r}: name it with dataset={elsewhere[0]!r}"
            if elsewhere
            else f"; one is {_ids(latest)[0]!r}"
        )
        raise DataError(f"user_id={user_id!r} is nobody of {of!r} in any run under {there}{remedy}")
    sought = _sought(holding[own[-1]][0] if own else user_id, str(of), own)
    found, searched = traces(there, sought)
    return Held(there, sought.user_id, str(of), own, found, searched, before, sought)


def erase(
    user_id: Id,
    home: str | os.PathLike[str] | None = None,
    dataset: str | None = None,
    *,
    features: Sequence[Feature] = (),
    progress: bool | Progress = True,
) -> Erasure:
    """Make every run that holds a person again without them, and remove what is left.

    A run is made again from its own copy of the log, cut as it was, with the same settings and
    seeds: models and engine are fitted anew, figures, audit and report measured anew. The old
    folder goes when the new one is whole; interrupted at any moment, every run is there, old or
    new, and the next call goes on. A fetched copy of the source goes too. Who was erased is
    remembered by a keyed hash, so that ``wb.run`` leaves them out from now on.

    Parameters
    ----------
    user_id, home, dataset
        See ``find``.
    features : sequence of Feature
        Those of one's own that the engines were made with.
    progress : bool or callable
        See ``wb.run``.

    Returns
    -------
    Erasure
        ``complete`` says whether nothing is left.

    Raises
    ------
    ArgumentError
        A run compares models that were given as code, so it cannot be made again.
    DataError
        See ``find``; or a log without the person is too small for a run.
    """
    held = find(user_id, home, dataset)
    nothing = pl.DataFrame(schema=OTHERS)
    if held.erased is not None and not held.runs and held.traces.height == 0:
        when = held.erased["when"]
        return Erasure(False, held.traces, held.traces, held.searched, nothing, when)
    opened = {run: Run.load(run) for run in held.runs}
    for run in opened.values():
        if own := run.manifest["configuration"].get("own"):
            raise ArgumentError(
                f"the run {run.name} compares {', '.join(sorted(own))}, given to it as code, and "
                "cannot be made again; remove its folder, then erase"
            )
    pointer = Run.latest_path(held.home)
    made, words, rows = _unfinished(held), [], []
    for path, run in opened.items():
        if path not in made:
            made[path] = _again(run, held, features, progress)
        rows.append(_others(run, made[path], features))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    name = pseudonym(held.user_id, held.dataset, key_of(held.home))
    remember(held.home, {"pseudonym": name, "dataset": held.dataset, "when": now})
    for path in opened:
        _remove(path)
    if pointer is not None and made:
        latest = made[pointer].path.name if pointer in made else pointer.name
        write_text(runs_of(held.home) / LATEST, latest + "\n")
    words += _clear(held)
    assert held.sought is not None
    left, searched = traces(held.home, held.sought)
    others = pl.DataFrame(rows, schema=OTHERS, orient="row")
    return Erasure(True, held.traces, left, searched, others, now, tuple(words))


# --- finding ----------------------------------------------------------------------------------


def _ids(run: Path) -> pl.Series:
    return pl.read_parquet(run / "data" / "users.parquet", columns=[USER])[USER]


def _spelt(run: Path, user_id: Id, dataset: str | None) -> tuple[Id] | None:
    """The id as a run spells it, in a tuple (0 is an id); None where the run has it not."""
    if dataset is None:
        return None
    ids = _ids(run)
    own = ids.filter(ids.cast(pl.String) == str(user_id))
    return (own[0],) if len(own) else None


def _sought(user_id: Id, dataset: str, runs: Sequence[Path]) -> Sought:
    """What to look for: the id, and what the person did, in the codes of the runs."""
    histories: list[IntArray] = []
    columns = {USER}
    for path in runs:
        run = Run.load(path)
        train = run.split.train
        histories += histories_of(train, user_id)
        columns |= user_columns(train.provenance)
    return Sought(user_id, dataset, tuple(histories), frozenset(columns))


# --- making again -----------------------------------------------------------------------------


def _unfinished(held: Held) -> dict[Path, Run]:
    """Runs that an interrupted call made already, by the run that they stand for."""
    runs, found = runs_of(held.home), {}
    for name in finished(runs):
        if runs / name not in held.runs and dataset_of(runs / name) == held.dataset:
            run = Run.load(runs / name)
            old = runs / str(run.manifest["dataset"]["provenance"].get(REPLACES))
            if old in held.runs:
                found[old] = run
    return found


def _again(run: Run, held: Held, features: Sequence[Feature], progress: bool | Progress) -> Run:
    """The run without the person: the same cut for all others, the same settings."""
    from workbench.pipeline.job import run as make

    cut, asked = run.split, run.manifest["configuration"]
    told = {REPLACES: run.name}
    train = without(cut.train, [held.user_id], **told)
    others = pl.col(USER) != held.user_id
    test = cut.test.filter(others)
    guests = tuple(guest for guest in cut.guests if guest != held.user_id)
    whole = train.replaced(
        pl.concat([train.interactions, train.guest_interactions, test], how="diagonal_relaxed"),
        guest_interactions=None,
    )
    return make(
        whole,
        home=held.home,
        models=asked["models"],
        engine=run.load_engine(features),
        method=asked["method"],
        test_fraction=asked["test_fraction"],
        guests=asked["guests"],
        k=asked["k"],
        seed=asked["seed"],
        max_people=asked["max_people"],
        cut=Split(train, test, guests, cut.method, cut.parameters, cut.as_of),
        progress=progress,
    )


def _others(old: Run, new: Run, features: Sequence[Feature]) -> dict[str, Any]:
    """How much the scores and slates of other people changed."""
    from workbench.ranking.recommend import recommend

    ids, _ = new.split.people()
    picked = sorted(np.random.default_rng(0).permutation(len(ids))[:MOST_OTHERS].tolist())
    people = new.split.train.profiles([ids[i] for i in picked], new.split.as_of)
    k = new.manifest["configuration"]["k"]
    engines = [run.load_engine(features) for run in (old, new)]
    slates = [list(recommend(engine, people, k)) for engine in engines]
    overlap = [one.diff(two).overlap for one, two in zip(*slates, strict=True)]
    changed = [one.items != two.items for one, two in zip(*slates, strict=True)]
    before, after = (engine.score(people) for engine in engines)
    both = np.isfinite(before) & np.isfinite(after)
    change = np.abs(before[both].astype(float) - after[both])
    shown = len(change) > 0
    return {
        "run": new.name,
        "instead_of": old.name,
        "engine": "guest: in no fit" if _was_guest(old, new) else "fitted again",
        "n": len(picked),
        "largest_change": float(change.max()) if shown else None,
        "mean_change": float(change.mean()) if shown else None,
        "spread": float(before[both].std()) if shown else None,
        "share_changed": float(np.mean(changed)) if changed else None,
        "overlap": float(np.mean(overlap)) if overlap else None,
    }


def _was_guest(old: Run, new: Run) -> bool:
    return len(old.split.guests) > len(new.split.guests)


# --- removing ---------------------------------------------------------------------------------


def _remove(folder: Path) -> None:
    """Take a folder away: in one step for who looks for runs, then file by file."""
    hidden = folder.with_name(f"{TEMPORARY}{folder.name}")
    folder.rename(hidden)
    flush_one(folder.parent)
    shutil.rmtree(hidden)


def _clear(held: Held) -> list[str]:
    """Remove what is outside the runs; returns what to say about it."""
    words = []
    source = held.home / "cache" / held.dataset
    if source.is_dir():
        _remove(source)
        words.append(
            f"The copy of the source in cache/{held.dataset} was removed. Fetched again, it holds "
            "the person again, but runs will leave them out."
        )
    for name in held.traces["file"].unique(maintain_order=True):
        path = held.home / name
        if path.suffix == ".parquet" and path.is_file():
            _drop_rows(path, held.user_id)
    words.append("Who was erased is remembered by a keyed hash, so that runs leave them out.")
    return words


def _drop_rows(path: Path, user_id: Id) -> None:
    """Rewrite a table that is part of no run, in one step, without the rows of the person."""
    frame = pl.read_parquet(path)
    if USER not in frame.columns:
        return
    beside = path.with_name(f".{path.name}.new")
    frame.filter(frame[USER].cast(pl.String).ne_missing(str(user_id))).write_parquet(beside)
    flush_one(beside)
    beside.replace(path)
