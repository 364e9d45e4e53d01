"""Check a report: are its files what it says, and do its numbers come out again?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from workbench.artifact import MANIFEST, verified_manifest
from workbench.audit.groups import groupings
from workbench.audit.people import people_frame
from workbench.audit.verdict import read_policy, verdicts_frame
from workbench.columns import METRIC, USER
from workbench.errors import (
    ArgumentError,
    DamagedArtifactError,
    NewerFormatError,
    WorkbenchError,
)
from workbench.evaluation.uncertainty import summarise
from workbench.report.content import FORMAT, INSIDE, enough, minimum, plain, sha256
from workbench.report.html import render

AGREES, DIFFERS, CANNOT_CHECK = "agrees", "differs", "cannot check"
TOLERANCE = 1e-9
"""Figures from stored rows come out again to the last few bits; adding order may differ."""
MODEL, PEOPLE = "model", "people.parquet"


@dataclass(frozen=True)
class Verification:
    """What was checked.

    Attributes
    ----------
    checks : polars.DataFrame
        ``check``, ``outcome`` ("agrees", "differs", "cannot check") and ``detail``.
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

    def __bool__(self) -> bool:
        return self.agrees

    def __str__(self) -> str:
        marks = {AGREES: "✓", DIFFERS: "✕", CANNOT_CHECK: "?"}
        lines = [
            f"{marks[row['outcome']]} {row['outcome']:<12}  {row['check']}"
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
    ``people.parquet`` and ``data/users.parquet``; exposure, leakage, comparisons, orders of ties
    and what is told of the engine as a whole against the stored tables; and that the HTML is what
    the JSON says. Where the report stands alone, what is not beside it is "cannot check", not
    "differs".
    """
    path = Path(report)
    path = path / "report.json" if path.is_dir() else path.with_suffix(".json")
    content = _read(path)
    root = path.parent if folder is None else Path(folder)
    found: list[tuple[str, str, str]] = []
    for part in (_manifest, _files, _leaderboard, _people, _tables, _verdicts):
        try:
            found += part(content, root)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            name = part.__name__.strip("_")
            found.append((name, DIFFERS, f"it does not have the shape of a report ({error!r})"))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            found.append((part.__name__.strip("_"), DIFFERS, f"a file cannot be read ({error})"))
    found += _html(content, path)
    return Verification(
        pl.DataFrame(found, schema=["check", "outcome", "detail"], orient="row").cast(pl.String)
    )


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


def _manifest(_: Mapping[str, Any], root: Path) -> Iterator[tuple[str, str, str]]:
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


def _files(content: Mapping[str, Any], root: Path) -> Iterator[tuple[str, str, str]]:
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


def _leaderboard(content: Mapping[str, Any], root: Path) -> Iterator[tuple[str, str, str]]:
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
                _difference(f"{metric} {field}", row[field], other.get(field))
                for field in ("mean", "low", "high", "n")
            ]
        yield _outcome(f"leaderboard, {model}", wrong)


def _people(content: Mapping[str, Any], root: Path) -> Iterator[tuple[str, str, str]]:
    audit = content["audit"]
    if audit is None:
        return
    rows, users = _stored(root), root / "data" / "users.parquet"
    if rows is None or not users.is_file():
        yield "groups", CANNOT_CHECK, f"{PEOPLE} or data/users.parquet is missing"
        return
    rows = rows.filter(pl.col(MODEL) == content["audited"]).drop(MODEL)
    attributes = (
        rows.select(USER)
        .join(pl.read_parquet(users), on=USER, how="left", maintain_order="left")
        .drop(USER)
    )
    settings = audit["settings"]
    made, _ = groupings(attributes, _groups(settings["groups"]))
    again = people_frame(rows, made, settings["metrics"], settings["minimum"], settings["seed"])
    yield from _same_rows("groups", audit["people"], again, by="attribute")


def _tables(content: Mapping[str, Any], root: Path) -> Iterator[tuple[str, str, str]]:
    tables = {"comparisons": (content["comparisons"], root / "comparisons.parquet")}
    for name in ("tie_orders", "cold_start"):
        if content.get(name):
            tables[name] = (content[name], root / f"{name}.parquet")
    for name in ("items", "leakage") if content["audit"] else ():
        tables[name] = (content["audit"][name], root / "audit" / f"{name}.parquet")
    for name in INSIDE:
        if content.get(name) or name in content.get("few", ()):
            tables[name] = (content[name], root / f"{name}.parquet")
    least = minimum(content["audit"])
    for name, (said, path) in tables.items():
        if not path.is_file():
            yield f"{name}, as stored", CANNOT_CHECK, f"{path.relative_to(root)} is missing"
            continue
        stored = pl.read_parquet(path)
        again = enough(name, stored, least) if name in INSIDE else stored
        yield from _same_rows(f"{name}, as stored", said, stored if again is None else again)


def _verdicts(content: Mapping[str, Any], root: Path) -> Iterator[tuple[str, str, str]]:
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
    yield from _same_rows("verdicts, from the policy", audit["verdicts"], again)


def _html(content: Mapping[str, Any], path: Path) -> Iterator[tuple[str, str, str]]:
    page = path.with_suffix(".html")
    if not page.is_file():
        yield page.name, CANNOT_CHECK, "the file is missing"
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


def _same_rows(
    name: str, said: list[Mapping[str, Any]], again: pl.DataFrame, by: str | None = None
) -> Iterator[tuple[str, str, str]]:
    """Row by row; columns that the report leaves out are not compared."""
    rows = plain(again)
    if len(said) != len(rows):
        yield name, DIFFERS, f"the report has {len(said)} rows, there are {len(rows)}"
        return
    parts: dict[str, list[str | None]] = {}
    for one, two in zip(said, rows, strict=True):
        part = parts.setdefault(f"{name}, {two[by]}" if by else name, [])
        words = " ".join(str(v) for v in list(two.values())[:4] if isinstance(v, str))
        if strange := set(one) - set(two):
            part.append(f"{words}: nothing is known of {sorted(strange)[0]}")
        part += [
            _difference(f"{words} {field}", one[field], two[field]) for field in one if field in two
        ]
    for part_name, wrong in parts.items():
        yield _outcome(part_name, wrong)


def _difference(what: str, said: Any, again: Any) -> str | None:
    """What differs, in words; None where nothing does."""
    if isinstance(said, bool) or isinstance(again, bool):
        same = said is again
    elif isinstance(said, int | float) and isinstance(again, int | float):
        same = math.isclose(said, again, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    else:
        same = said == again
    return None if same else f"{what} is {said!r} in the report and comes out as {again!r}"


def _outcome(name: str, wrong: list[str | None]) -> tuple[str, str, str]:
    found = [w for w in wrong if w]
    if not found:
        return name, AGREES, f"{len(wrong)} figures"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return name, DIFFERS, found[0] + more
