"""A report checked as far as it goes: inputs found, the engine asked again, all fitted again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import workbench
from workbench.artifact import MANIFEST
from workbench.columns import METRIC, USER
from workbench.data.split import Split
from workbench.errors import ArgumentError, WorkbenchError
from workbench.evaluation.evaluate import evaluate
from workbench.models.base import Recommender
from workbench.pipeline import leaderboard as boards
from workbench.pipeline.disk import runs_of
from workbench.pipeline.example import examples
from workbench.pipeline.folder import AUDIT_FRAMES, Run
from workbench.pipeline.inside import INSIDE
from workbench.pipeline.job import cold_curve
from workbench.pipeline.measured import decisions_of
from workbench.pipeline.plan import ENGINE, Plan
from workbench.ranking.engine import Engine
from workbench.ranking.recommend import recommend
from workbench.report.card import hidden
from workbench.report.content import FORMAT, MEASURED, assemble, enough, minimum, plain
from workbench.report.differences import (
    AGREES,
    CANNOT_CHECK,
    DIFFERS,
    RESCORED,
    Check,
    outcome,
    same_rows,
    same_tree,
)
from workbench.report.seals import sha256
from workbench.report.verify import HASH, REFIT, RESCORE, STORED, Verification, read_report, verify

MODEL = "model"


def recheck(
    report: str | Path,
    folder: str | Path | None = None,
    *,
    data: Iterable[str | Path] = (),
    home: str | Path | None = None,
    rescore: bool = True,
    refit: bool = False,
    say: Any = None,
) -> Verification:
    """Check a report: hashes, every figure from stored rows, and the engine asked again.

    Parameters
    ----------
    report : path
        ``report.json``, the ``report.html`` beside it, or the run folder.
    folder : path, optional
        The run folder. By default that of the report; where the report lies alone, the run of
        its name under ``home``.
    data : iterable of path, optional
        Files that the log was made from, against the hashes that the report names.
    home : path, optional
    rescore : bool
        Whether to ask the stored engine again, and to compare within 1e-6.
    refit : bool
        Whether to fit the engine and all models again on the stored data; takes as long as the
        run.
    say : callable, optional
        Is told what is being done.

    Returns
    -------
    Verification

    Raises
    ------
    ArgumentError, DamagedArtifactError, NewerFormatError
        As ``report.verify``; or a file of ``data`` is not there.
    """
    path, content = read_report(report)
    for file in map(Path, data):
        if not file.is_file():
            raise ArgumentError(f"data: there is no file {str(file)!r}")
    root = _found(path, content, folder, home)
    found = verify(path, root)
    tell = say or (lambda what: None)
    more: list[tuple[str, Check]] = [(HASH, check) for check in _sources(content, data)]
    run: Run | None = None
    if (root / MANIFEST).is_file():
        try:
            run = Run.load(root)
        except WorkbenchError as error:
            why = f"the run folder is not whole ({error}), so nothing in it is opened"
            more.append((RESCORE, ("the engine, asked again", CANNOT_CHECK, why)))
    elif rescore or refit:
        name = content["run"].get("run_id")
        why = f"give the folder of run {name!r} with --folder" if name else "there is no run folder"
        more.append((RESCORE, ("the engine, asked again", CANNOT_CHECK, why)))
    if run is not None:
        parts = [(STORED, _as_the_run_has_it)]
        parts += [(RESCORE, _asked_again)] if rescore else []
        parts += [(REFIT, _fitted_again)] if refit else []
        for kind, part in parts:
            try:
                more += [(kind, check) for check in part(content, run, tell)]
            except (KeyError, TypeError, ValueError, AttributeError, WorkbenchError) as error:
                words = part.__name__.strip("_").replace("_", " ")
                more.append((kind, (words, DIFFERS, f"it cannot be computed ({error!r})")))
    return found.and_also(more)


def _found(
    path: Path, content: Mapping[str, Any], folder: str | Path | None, home: str | Path | None
) -> Path:
    """The run folder: as given, beside the report, or by its name under home."""
    if folder is not None:
        if not Path(folder).is_dir():
            raise ArgumentError(f"folder: there is no folder {str(folder)!r}")
        return Path(folder)
    name = (content.get("run") or {}).get("run_id")
    if not (path.parent / MANIFEST).is_file() and isinstance(name, str) and Path(name).name == name:
        there = runs_of(home) / name
        if (there / MANIFEST).is_file():
            return there
    return path.parent


def _sources(content: Mapping[str, Any], data: Iterable[str | Path]) -> Iterator[Check]:
    """The files that the log was made from."""
    told = _named((content.get("data") or {}).get("provenance"))
    given = {Path(file).name: Path(file) for file in data}
    for name, hash_ in told.items():
        if name not in given:
            yield f"data file {name}", CANNOT_CHECK, f"give it with --data {name}"
        elif sha256(given[name]).startswith(hash_):
            yield f"data file {name}", AGREES, "sha256"
        else:
            yield f"data file {name}", DIFFERS, "it is not the file that the log was made from"
    for name in sorted(set(given) - set(told)):
        yield f"data file {name}", CANNOT_CHECK, "the report names no such file"


def _named(provenance: Any) -> dict[str, str]:
    """File → hash, wherever in the provenance there are any."""
    if not isinstance(provenance, Mapping):
        return {}
    found = {
        Path(str(name)).name: str(hash_)
        for name, hash_ in (provenance.get("files") or {}).items()
        if isinstance(hash_, str)
    }
    for part in provenance.values():
        found |= _named(part) if isinstance(part, Mapping) and "files" in part else {}
    return found


def _as_the_run_has_it(content: Mapping[str, Any], run: Run, say: Any) -> Iterator[Check]:
    """The whole content, made again from what the run keeps."""
    if content["format"] != FORMAT:
        yield "the report, made again", CANNOT_CHECK, "another version wrote it"
        return
    say("the report, made again")
    again = assemble(run)
    told = {stage["stage"] for stage in content["stages"]}
    again["stages"] = [stage for stage in again["stages"] if stage["stage"] in told]
    if content["fingerprints"].get("package") != again["fingerprints"]["package"]:
        again["fingerprints"]["package"] = content["fingerprints"].get("package")
    for part in dict.fromkeys([*content, *again]):
        wrong = list(same_tree(part, content.get(part), again.get(part)))
        yield outcome(f"{part.replace('_', ' ')}, as the run has it", wrong)
    rows = {part[MODEL][0]: part.drop(MODEL) for part in _by_model(run)}
    yield from same_rows("comparisons", content["comparisons"], boards.comparisons(rows))


def _by_model(run: Run) -> list[pl.DataFrame]:
    return run.rows.partition_by(MODEL, maintain_order=True)


def _plan(run: Run) -> Plan:
    told = run.manifest["configuration"]
    return Plan(**{field.name: told[field.name] for field in fields(Plan)})


def _asked_again(content: Mapping[str, Any], run: Run, say: Any) -> Iterator[Check]:
    """What the stored engine says now, against what the report says it said."""
    engine, cut, plan = run.engine, run.split, _plan(run)
    prints = {"training data": cut.train.fingerprint, "split": cut.fingerprint}
    yield outcome(
        "data, read again",
        [*same_tree("fingerprint", content["data"]["fingerprint"], prints)],
    )
    say("lists")
    slates = recommend(engine, cut.people()[1], plan.k)
    rows = evaluate(slates, cut, plan.k)
    yield _rows(run, ENGINE, rows)
    figures = boards.summary(ENGINE, rows, slates, cut, None).drop("definition", strict=False)
    said = [row for row in content["leaderboard"] if row[MODEL] == ENGINE]
    order = {row[METRIC]: place for place, row in enumerate(said)}
    known = figures.filter(pl.col(METRIC).is_in(list(order)))
    known = known.sort(pl.col(METRIC).replace_strict(order, return_dtype=pl.Int64))
    yield from same_rows("leaderboard, engine", said, known, tolerance=RESCORED)
    if content["cold_start"]:
        say("cold start")
        curve = [row for row in content["cold_start"] if row[MODEL] == ENGINE]
        again = cold_curve(ENGINE, engine, cut, plan)
        yield from same_rows("cold start, engine", curve, again, tolerance=RESCORED)
    if content["audit"]:
        say("audit")
        yield from _audited(content["audit"], engine, cut, rows)
    if content.get("decisions"):
        say("decisions")
        judged = decisions_of(engine, cut, plan)
        for name in ("groups", "parities"):
            frame = hidden(getattr(judged, name))
            said = content["decisions"][name]
            yield from same_rows(f"decisions, {name}", said, frame, tolerance=RESCORED)
    least = minimum(content["audit"])
    for stage, (table, made) in INSIDE.items():
        if not content.get(table):
            continue
        say(stage)
        frame = made(engine, cut, plan, lambda what: None)
        told = enough(table, frame, least)
        yield from same_rows(table, content[table], told, tolerance=RESCORED)
    for name in MEASURED:
        if content.get(name) and name not in {table for table, _ in INSIDE.values()}:
            yield name, CANNOT_CHECK, "it was compared with the stored table only"
    if content.get("examples"):
        say("examples")
        again = plain(examples(engine, cut.train, plan.k))
        wrong = list(same_tree("example", content["examples"], again, RESCORED))
        yield outcome("examples", wrong)


def _audited(
    told: Mapping[str, Any], engine: Engine, cut: Split, rows: pl.DataFrame
) -> Iterator[Check]:
    settings = told["settings"]
    groups = settings["groups"]
    if isinstance(groups, list):
        groups = [name if isinstance(name, str) else tuple(name) for name in groups]
    if groups is None and "control" not in settings:  # an older report: of attributes alone
        groups = [row["attribute"] for row in told["groups"]]
    found = workbench.audit(
        engine, cut, groups, k=settings["k"], control=settings.get("control"),
        rows=rows, metrics=settings["metrics"],
        minimum=settings["minimum"], policy=told["policy"], seed=settings["seed"],
    )  # fmt: skip
    for name in AUDIT_FRAMES:
        frame = getattr(found, name, None)
        if frame is None or name == "verdicts" or not told.get(name):
            continue
        yield from same_rows(f"audit, {name}", told[name], hidden(frame), tolerance=RESCORED)
    said = [{key: row[key] for key in ("measure", "group", "verdict")} for row in told["verdicts"]]
    again = found.verdicts.select("measure", "group", "verdict")
    yield from same_rows("audit, verdicts", said, again)


def _rows(run: Run, name: str, again: pl.DataFrame) -> Check:
    """Each person's figures under a model, against the stored ones; nobody is named."""
    stored = next(part for part in _by_model(run) if part[MODEL][0] == name).drop(MODEL)
    what = f"every person's figures, {name}"
    if set(stored[USER]) != set(again[USER]) or stored.height != again.height:
        return what, DIFFERS, "other people were asked"
    again = stored.select(USER).join(again, on=USER, how="left", maintain_order="left")
    wrong, n = [], 0
    for column in stored.columns:
        numeric = stored[column].dtype.is_numeric() or stored[column].dtype == pl.Boolean
        if column == USER or column not in again.columns or not numeric:
            continue
        one, two = (
            frame[column].cast(pl.Float64).fill_null(np.nan).to_numpy() for frame in (stored, again)
        )
        apart = ~np.isclose(one, two, rtol=RESCORED, atol=RESCORED, equal_nan=True)
        n += len(one)
        if apart.any():
            far = np.nanmax(np.abs(np.nan_to_num(one) - np.nan_to_num(two)))
            wrong.append(f"{column} of {apart.sum():,} of {len(one):,} people, by up to {far:.3g}")
    return (what, DIFFERS, "; ".join(wrong)) if wrong else (what, AGREES, f"{n:,} figures")


def _fitted_again(_: Mapping[str, Any], run: Run, say: Any) -> Iterator[Check]:
    """Every model fitted on the stored data, and asked the same."""
    cut, plan = run.split, _plan(run)
    told = run.manifest["configuration"]
    own = told.get("own") or {}
    measured = {part[MODEL][0] for part in _by_model(run)}
    for name in plan.models:
        if name not in measured:
            continue
        if name in own or (name == ENGINE and told["engine"].get("features")):
            yield f"{name}, fitted again", CANNOT_CHECK, "it has code that no run keeps"
            continue
        say(f"fitting {name}")
        model: Recommender = Engine(**told["engine"]) if name == ENGINE else plan.model(name)
        model.fit(cut.train)
        slates = recommend(model, cut.people()[1], plan.k)
        _, result, detail = _rows(run, name, evaluate(slates, cut, plan.k))
        yield f"{name}, fitted again", result, detail
