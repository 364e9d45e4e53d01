"""Check a report: are its files what it says, and do its numbers come out again?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

import workbench
from workbench.artifact import MANIFEST, verified_manifest
from workbench.audit.behaviour import beside
from workbench.audit.controlled import controlled_frame, strata
from workbench.audit.groups import groupings
from workbench.audit.people import people_frame
from workbench.audit.verdict import read_policy, verdicts_frame
from workbench.columns import METRIC, USER, VALUE, N
from workbench.errors import (
    ArgumentError,
    DamagedArtifactError,
    NewerFormatError,
    WorkbenchError,
)
from workbench.evaluation.uncertainty import summarise
from workbench.report.card import hidden
from workbench.report.checklist import checklist
from workbench.report.content import (
    FORMAT,
    INSIDE,
    LIMITS,
    MEASURED,
    enough,
    minimum,
    plain,
    sections,
    simulation,
)
from workbench.report.differences import (
    AGREES,
    CANNOT_CHECK,
    DIFFERS,
    Check,
    difference,
    outcome,
    same_rows,
    same_tree,
)
from workbench.report.html import render
from workbench.report.seals import ENGINE, of_json, package, sha256

MODEL, PEOPLE = "model", "people.parquet"
HASH, STORED, RESCORE, REFIT = "hash", "exact", "1e-6", "refit"
"""How near it has to be: the same bytes; to the last bits, from stored rows; nearly, where the
engine was asked again; nearly, where it was fitted again."""


@dataclass(frozen=True)
class Verification:
    """What was checked.

    Attributes
    ----------
    checks : polars.DataFrame
        ``check``, ``outcome`` ("agrees", "differs", "cannot check"), ``detail`` and ``class``, how
        near it has to be: "hash", "exact" (from stored rows), "1e-6" (the engine asked again) or
        "refit".
    """

    checks: pl.DataFrame

    @property
    def agrees(self) -> bool:
        """True where nothing differs."""
        return not (self.checks["outcome"] == DIFFERS).any()

    @property
    def exit_code(self) -> int:
        """0 where nothing differs, else 1."""
        return 0 if self.agrees else 1

    def and_also(self, more: list[tuple[str, Check]]) -> Verification:
        """With further checks, each with its class."""
        return Verification(pl.concat([self.checks, _frame(more)]))

    def __bool__(self) -> bool:
        return self.agrees

    def __str__(self) -> str:
        marks = {AGREES: "✓", DIFFERS: "✕", CANNOT_CHECK: "?"}
        lines = [
            f"{marks[row['outcome']]} {row['outcome']:<12}  {row['class']:<5}  {row['check']}"
            + (f": {row['detail']}" if row["detail"] else "")
            for row in self.checks.iter_rows(named=True)
        ]
        counts = dict(self.checks["outcome"].value_counts().iter_rows())
        total = ", ".join(f"{counts.get(o, 0)} {o}" for o in (AGREES, DIFFERS, CANNOT_CHECK))
        ending = ""
        if self.agrees and counts.get(CANNOT_CHECK):
            ending = (
                ". Nothing differs; what is marked ? was not checked, because it is not beside "
                "the report"
            )
        return "\n".join([*lines, total + ending])


def verify(report: str | Path, folder: str | Path | None = None) -> Verification:
    """Check the hashes a report names, and compute its figures again from the stored rows.

    Parameters
    ----------
    report : path
        ``report.json``, the ``report.html`` beside it, or the run folder.
    folder : path, optional
        The run folder; by default the folder of the report.

    Returns
    -------
    Verification
        ``str`` of it is a page to read; ``exit_code`` is for a pipeline.

    Raises
    ------
    ArgumentError
        There is no such file.
    DamagedArtifactError
        The file is not a report.
    NewerFormatError
        The report was written by a newer version.

    Notes
    -----
    Checked are: the manifest's own SHA-256, and that of every file that it or the report names;
    the leaderboard's means and intervals, the group figures and the verdicts, computed again from
    ``people.parquet`` and ``data/users.parquet``; exposure, leakage, decisions, comparisons, orders
    of ties and what is told of the engine as a whole against the stored tables; the hashes of
    settings, engine and package; and that the HTML is what the JSON says. The engine is not asked
    again here: ``pipeline.recheck`` does that, too. Where the report stands alone, what is not
    beside it is "cannot check", not "differs".
    """
    path, content = read_report(report)
    root = path.parent if folder is None else Path(folder)
    found: list[tuple[str, Check]] = []
    for part in (
        _manifest, _files, _fingerprints, _leaderboard, _people, _tables, _decisions, _verdicts,
        _checklist,
    ):  # fmt: skip
        kind = HASH if part in (_manifest, _files, _fingerprints) else STORED
        name = part.__name__.strip("_")
        try:
            found += [(kind, check) for check in part(content, root)]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            why = f"it does not have the shape of a report ({error!r})"
            found.append((kind, (name, DIFFERS, why)))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            found.append((kind, (name, DIFFERS, f"a file cannot be read ({error})")))
    found += [(STORED, check) for check in _html(content, path)]
    return Verification(_frame(found))


def _frame(found: list[tuple[str, Check]]) -> pl.DataFrame:
    rows = [(*check, kind) for kind, check in found]
    columns = dict.fromkeys(("check", "outcome", "detail", "class"), pl.String)
    return pl.DataFrame(rows, schema=columns, orient="row")


def read_report(report: str | Path) -> tuple[Path, dict[str, Any]]:
    """The path of the JSON of a report, and what it says; raises as ``verify`` does."""
    path = Path(report)
    path = path / "report.json" if path.is_dir() else path.with_suffix(".json")
    return path, _read(path)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ArgumentError(
            f"report: there is no file {str(path)!r}; give the report.json of a run"
        )
    try:
        content = json.loads(path.read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DamagedArtifactError(f"{path.name} is not JSON ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise DamagedArtifactError(f"{path.name} is JSON, but not a report of the workbench")
    if content["format"] > FORMAT:
        raise NewerFormatError(
            f"{path.name} has format {content['format']}; this version reads up to {FORMAT}"
        )
    return content


def _manifest(_: Mapping[str, Any], root: Path) -> Iterator[Check]:
    """The manifest against its own hash, and every file that it names, the engine's too."""
    if not (root / MANIFEST).is_file():
        yield MANIFEST, CANNOT_CHECK, "the file is not beside the report"
        return
    try:
        told = verified_manifest(root)
    except WorkbenchError as error:
        yield MANIFEST, DIFFERS, str(error)
    else:
        yield MANIFEST, AGREES, f"its own sha256 and {len(told['files'])} files"


def _stands_alone(content: Mapping[str, Any], root: Path) -> bool:
    """Nothing of the run is here but the report, as where it was sent to somebody."""
    named = [MANIFEST, *(file["path"] for file in content["files"])]
    return not any((root / name).exists() for name in named)


def _files(content: Mapping[str, Any], root: Path) -> Iterator[Check]:
    if not content["files"]:
        yield "files", CANNOT_CHECK, "the report names none"
    alone = _stands_alone(content, root)
    for file in content["files"]:
        path = (root / file["path"]).resolve()
        if not path.is_relative_to(root.resolve()):
            yield file["path"], DIFFERS, "the name leads out of the run folder"
        elif not path.is_file():
            missing = "the file is not beside the report" if alone else "the file is missing"
            yield file["path"], CANNOT_CHECK if alone else DIFFERS, missing
        elif sha256(path) != file["sha256"]:
            yield file["path"], DIFFERS, "the file is not the one the report was made from"
        else:
            yield file["path"], AGREES, "sha256"


def _leaderboard(content: Mapping[str, Any], root: Path) -> Iterator[Check]:
    """Figures over people are computed again; the others are compared with the stored table."""
    rows, stored = _stored(root), root / "leaderboard.parquet"
    if rows is None or not stored.is_file():
        yield "leaderboard", CANNOT_CHECK, f"{PEOPLE} or {stored.name} is missing"
        return
    again = {(row[MODEL], row[METRIC]): row for row in plain(pl.read_parquet(stored))}
    for part in rows.partition_by(MODEL, maintain_order=True):
        for row in plain(summarise(part.drop(MODEL))):
            again[part[MODEL][0], row[METRIC]] = row
    said = {(row[MODEL], row[METRIC]): row for row in content["leaderboard"]}
    if missing := sorted(set(again) - set(said)):
        yield "leaderboard", DIFFERS, f"the report leaves out {len(missing)} figures: {missing[0]}"
    for model in dict.fromkeys(model for model, _ in said):
        wrong: list[str | None] = []
        for metric, row in ((m, row) for (name, m), row in said.items() if name == model):
            other = again.get((model, metric), {})
            wrong += [
                difference(f"{metric} {field}", row[field], other.get(field))
                for field in ("mean", "low", "high", "n")
            ]
        yield outcome(f"leaderboard, {model}", wrong)


def _people(content: Mapping[str, Any], root: Path) -> Iterator[Check]:
    audit = content["audit"]
    if audit is None:
        return
    rows, users = _stored(root), root / "data" / "users.parquet"
    if rows is None or not users.is_file():
        yield "groups", CANNOT_CHECK, f"{PEOPLE} or data/users.parquet is missing"
        return
    rows = rows.filter(pl.col(MODEL) == content["audited"]).drop(MODEL)
    who, settings = rows.select(USER), audit["settings"]
    known = _of(who, users).drop(USER)
    if "control" in settings:  # older reports do not tell people apart by what they did
        did = root / "audit" / "behaviour.parquet"
        if not did.is_file():
            yield "groups", CANNOT_CHECK, f"audit/{did.name} is missing"
            return
        known = beside(known, _of(who, did))
    made, _ = groupings(known, _groups(settings["groups"]))
    metrics, least = settings["metrics"], settings["minimum"]
    again = people_frame(rows, made, metrics, least, settings["seed"])
    told = _told(content, again)
    yield from same_rows("groups", audit["people"], told, by="attribute")
    if held := strata(known, settings.get("control")):
        alike = hidden(controlled_frame(rows, made, held, metrics, again, least))
        yield from same_rows("groups, among those alike", audit["controlled"], alike)


def _of(who: pl.DataFrame, path: Path) -> pl.DataFrame:
    """What a table of the run folder says of people, a row each."""
    return who.join(pl.read_parquet(path), on=USER, how="left", maintain_order="left")


def _tables(content: Mapping[str, Any], root: Path) -> Iterator[Check]:
    tables = {"comparisons": (content["comparisons"], root / "comparisons.parquet")}
    for name in ("tie_orders", "cold_start"):
        if content.get(name):
            tables[name] = (content[name], root / f"{name}.parquet")
    for name in ("items", "leakage", "flip", "proxies") if content["audit"] else ():
        if name in ("items", "leakage") or content["audit"].get(name):
            tables[name] = (content["audit"][name], root / "audit" / f"{name}.parquet")
    for name in (*INSIDE, *MEASURED):
        if content.get(name) or name in content.get("few", ()):
            tables[name] = (content[name], root / f"{name}.parquet")
    least = minimum(content["audit"])
    for name, (said, path) in tables.items():
        if not path.is_file():
            yield f"{name}, as stored", CANNOT_CHECK, f"{path.relative_to(root)} is missing"
            continue
        stored = pl.read_parquet(path)
        kept = name in INSIDE or name in MEASURED
        again = enough(name, stored, least) if kept else stored
        yield from same_rows(f"{name}, as stored", said, stored if again is None else again)
        if name == "feedback":
            told = same_tree("", content.get("simulation"), simulation(stored))
            yield outcome("simulation, as stored", list(told))


def _told(content: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """As a report of its format tells it: older ones said how small a small group is."""
    return frame if content["format"] < 2 else hidden(frame)


def _decisions(content: Mapping[str, Any], root: Path) -> Iterator[Check]:
    found = content.get("decisions")
    for name, file in (("groups", "decisions"), ("parities", "parities")) if found else ():
        path = root / "audit" / f"{file}.parquet"
        if not path.is_file():
            yield f"{file}, as stored", CANNOT_CHECK, f"audit/{path.name} is missing"
        else:
            stored = _told(content, pl.read_parquet(path))
            yield from same_rows(f"{file}, as stored", found[name], stored)


def _fingerprints(content: Mapping[str, Any], root: Path) -> Iterator[Check]:
    """The hash of settings, engine and package; those of the data need the data to be read."""
    said = content.get("fingerprints")
    if said is None and content["format"] < 2:
        return
    path = root / MANIFEST
    settings = json.loads(path.read_text("utf-8")).get("configuration") if path.is_file() else None
    there = {
        "configuration": None if settings is None else of_json(settings),
        "engine": sha256(root / ENGINE) if (root / ENGINE).is_file() else None,
    }
    for name, again in there.items():
        if again is None:
            if said[name] is not None:
                yield f"fingerprint of the {name}", CANNOT_CHECK, "it is not beside the report"
        else:
            yield outcome(f"fingerprint of the {name}", [difference(name, said[name], again)])
    if said["package"] == package():
        yield "fingerprint of the package", AGREES, "this is what made the report"
    else:
        yield (
            "fingerprint of the package",
            CANNOT_CHECK,
            f"the report was made by another state of the workbench ({content['workbench']}) than "
            f"this one ({workbench.__version__})",
        )


def _checklist(content: Mapping[str, Any], _: Path) -> Iterator[Check]:
    """What no run has a say in: the limits, and what the sections inform."""
    if content["format"] < 2:
        return
    again = {"limits": list(LIMITS), "checklist": checklist(sections(content))}
    said = {name: content[name] for name in again}
    yield outcome("limits and checklist", list(same_tree("", said, again)))


def _verdicts(content: Mapping[str, Any], root: Path) -> Iterator[Check]:
    audit = content["audit"]
    if audit is None:
        return
    from workbench.audit import exposure, leakage, people

    frames = {
        "people": pl.DataFrame(audit["people"], schema=people.SCHEMA),
        "items": pl.DataFrame(audit["items"], schema=exposure.SCHEMA),
        "leakage": pl.DataFrame(audit["leakage"], schema=leakage.SCHEMA),
    }
    again = verdicts_frame(read_policy(audit["policy"]), frames)
    if content["format"] >= 2:
        again = again.with_columns(pl.when(pl.col(VALUE).is_not_null()).then(pl.col(N)))
    yield from same_rows("verdicts, from the policy", audit["verdicts"], again)


def _html(content: Mapping[str, Any], path: Path) -> Iterator[Check]:
    page = path.with_suffix(".html")
    if not page.is_file():
        yield page.name, CANNOT_CHECK, "the file is missing"
        return
    if content["format"] < FORMAT:
        yield page.name, CANNOT_CHECK, "it was written by an older version, which draws it its way"
        return
    try:
        same = render(content) == page.read_text("utf-8")
    except Exception as error:
        # A content that was tampered with can break the template anywhere: that is the finding.
        yield page.name, DIFFERS, f"the JSON cannot be rendered ({error!r})"
        return
    yield (
        page.name,
        AGREES if same else DIFFERS,
        "it is what the JSON says" if same else "it is not what the JSON says",
    )


def _stored(root: Path) -> pl.DataFrame | None:
    path = root / PEOPLE
    return pl.read_parquet(path) if path.is_file() else None


def _groups(asked: Any) -> Any:
    if isinstance(asked, list):
        return [name if isinstance(name, str) else tuple(name) for name in asked]
    return asked
