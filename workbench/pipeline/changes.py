"""What changed since the previous report: in the input, in figures, in verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.artifact import MANIFEST
from workbench.errors import WorkbenchError
from workbench.pipeline.disk import finished
from workbench.pipeline.folder import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

NONE_BEFORE = "there is no earlier run of this data set here"


def previous(runs: Path, manifest: Mapping[str, Any]) -> Path | None:
    """The folder of the run of the same data set that was made last before this one."""
    for name in reversed(finished(runs)):
        if name == manifest["run_id"]:
            continue
        try:
            told = json.loads((runs / name / MANIFEST).read_text("utf-8"))
            same = told["dataset"]["name"] == manifest["dataset"]["name"]
            if same and told["created"] <= manifest["created"]:
                return runs / name
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a folder that cannot be read is no report to compare with
    return None


def changes(this: Run, runs: Path) -> dict[str, Any]:
    """What changed since the previous run of the same data set.

    Parameters
    ----------
    this : Run
        It may still be written, as long as its frames and its manifest are there.
    runs : Path
        The folder of all runs.

    Returns
    -------
    dict
        ``previous`` (name; null with a ``reason`` where there is none), ``created``, ``input``
        (rows ``what, before, after`` of what is not the same) and, where the same people were
        asked the same, ``n``, ``verdict``, ``reasons``, ``people``, ``verdicts`` (flipped ones)
        and ``notes`` of ``wb.compare_runs``; else a ``reason``. Slates are not compared here.
    """
    from workbench.pipeline.release import compare_runs
    from workbench.report.content import plain

    path = previous(runs, this.manifest)
    if path is None:
        return {"previous": None, "reason": NONE_BEFORE}
    told: dict[str, Any] = {"previous": path.name}
    try:
        before = Run.load(path)
        told |= {
            "created": before.manifest["created"],
            "input": list(_input(before.manifest, this.manifest)),
        }
        found = compare_runs(before, this, slates=False, seed=this.manifest["seed"])
    except WorkbenchError as error:
        return plain({**told, "reason": str(error)})
    return plain(
        {
            **told,
            "n": found.n,
            "verdict": found.verdict,
            "reasons": found.reasons,
            "people": found.people,
            "verdicts": found.flipped,
            "notes": found.notes,
        }
    )


def _input(one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What went in and is not the same, in words and values."""
    parts = {
        "data": ("dataset", ("fingerprint", "people", "items", "train_events", "relevant_from")),
        "split": ("split", ("method", "fingerprint", "asked")),
        "configuration": ("configuration", ("k", "seed", "test_fraction", "guests", "models")),
        "engine": ("engine", tuple({**one["engine"], **two["engine"]})),
        "version": ("versions", tuple({**one["versions"], **two["versions"]})),
    }
    if one["workbench"] != two["workbench"]:
        yield {"what": "workbench", "before": one["workbench"], "after": two["workbench"]}
    for part, (key, names) in parts.items():
        for name in names:
            before, after = one[key].get(name), two[key].get(name)
            if before != after:
                what = f"{part}: {name.replace('_', ' ')}"
                yield {"what": what, "before": _words(before), "after": _words(after)}


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
