"""What a report was made from, by hash: its files, its data, its settings, its engine, its code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

WRITTEN_AFTER = {"report.html", "report.json", "manifest.json"}
"""Files of a run that are written after the report, so that it cannot name their hash."""
ENGINE = "engine/manifest.json"
"""It names the hash of every other file of the engine."""


def hashes(folder: str | Path | None) -> list[dict[str, Any]]:
    """Path within the folder, bytes and SHA-256 of every file that is there before the report."""
    if folder is None or not Path(folder).is_dir():
        return []
    root = Path(folder)
    found = []
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        name = path.relative_to(root).as_posix()
        if name not in WRITTEN_AFTER:
            found.append({"path": name, "bytes": path.stat().st_size, "sha256": sha256(path)})
    return found


def fingerprints(
    manifest: Mapping[str, Any], data: Mapping[str, Any], folder: str | Path | None
) -> dict[str, str | None]:
    """One hash for each of data, split, configuration, engine and package; null: there is none."""
    prints = data.get("fingerprint") or {}
    engine = None if folder is None else Path(folder) / ENGINE
    configuration = manifest.get("configuration")
    return {
        "training data": prints.get("training data"),
        "split": prints.get("split"),
        "configuration": None if configuration is None else of_json(configuration),
        "engine": sha256(engine) if engine is not None and engine.is_file() else None,
        "package": package(),
    }


def of_json(value: Any) -> str:
    """SHA-256 of a value as JSON with sorted keys, the same before it was stored and after."""
    text = json.dumps(json.loads(json.dumps(value, default=str)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def package() -> str:
    """SHA-256 of the names and texts of all modules, templates and policies of this package."""
    root = Path(__file__).parents[1]
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            whole.update(f"{path.relative_to(root).as_posix()}\0{sha256(path)}\n".encode())
    return whole.hexdigest()


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
