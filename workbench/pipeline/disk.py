"""Folders on the disk: written beside their place, sealed by hashes, checked before reading."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from workbench.errors import ArgumentError, DamagedArtifactError, NewerFormatError
from workbench.settings import home as default_home

try:
    import fcntl
except ImportError:  # not on Windows; there leftovers are cleaned by age alone
    fcntl = None  # type: ignore[assignment]

FORMAT = 1
MANIFEST, LATEST = "manifest.json", "LATEST"
TEMPORARY, LOCK, POINTER = ".tmp-", ".lock-", ".latest-"
DAY = 86_400.0


@contextlib.contextmanager
def writing(home: str | os.PathLike[str] | None, name: str) -> Iterator[Path]:
    """A folder to fill; renamed to ``runs/name`` where the block ends well, else removed.

    While it is filled its process holds a lock on it, so that a later run can tell a folder at
    work from what a killed process left behind.
    """
    runs = runs_of(home)
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError(
            f"home={str(runs.parent)!r} cannot be written to ({error.strerror}); name another "
            "folder with home=... or WORKBENCH_HOME"
        ) from error
    remove_leftovers(runs)
    folder, beside = runs / f"{TEMPORARY}{name}", runs / f"{LOCK}{name}"
    lock = _locked(beside)
    try:
        folder.mkdir()
        yield folder
        flush_folder(folder)
        folder.rename(runs / name)
        _flush(runs)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        beside.unlink(missing_ok=True)
        os.close(lock)
    write_text(runs / LATEST, name + "\n")


def remove_leftovers(runs: Path) -> list[str]:
    """Remove what killed runs left behind: temporary folders that no living process holds."""
    removed = []
    for left in sorted(runs.glob(f"{TEMPORARY}*")):
        beside = runs / left.name.replace(TEMPORARY, LOCK, 1)
        if _held(beside):
            continue
        shutil.rmtree(left, ignore_errors=True)
        removed.append(left.name)
    for beside in sorted(runs.glob(f"{LOCK}*")):
        if not _held(beside):
            beside.unlink(missing_ok=True)
    for pointer in runs.glob(f"{POINTER}*"):
        with contextlib.suppress(OSError):
            if time.time() - pointer.stat().st_mtime > DAY:
                pointer.unlink()
    return removed


def sealed(folder: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Write the manifest with the sha256 of every file of the folder, and of itself."""
    files = {
        path.relative_to(folder).as_posix(): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }
    manifest = json.loads(json.dumps({"format": FORMAT, **manifest, "files": files}, default=str))
    manifest["sha256"] = own_hash(manifest)
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", "utf-8")
    return manifest  # type: ignore[no-any-return]


def verified_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder, each file checked against it."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
        version, files = manifest["format"], manifest.get("files")
    except OSError as error:
        raise DamagedArtifactError(
            f"{folder} is no run folder: {MANIFEST} cannot be read ({error.strerror}); "
            "give a folder that `workbench run` wrote"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedArtifactError(f"{path} is damaged: it is no manifest; run again") from error
    if not isinstance(version, int) or version > FORMAT:
        raise NewerFormatError(
            f"{folder} has format {version!r} and this version reads up to {FORMAT}; "
            "install a newer workbench, or run again"
        )
    if not isinstance(files, dict) or manifest.get("sha256") != own_hash(manifest):
        raise DamagedArtifactError(f"{path} is damaged: it was changed after the run; run again")
    for name, expected in files.items():
        _check_file(folder, name, expected)
    return manifest  # type: ignore[no-any-return]


def _check_file(folder: Path, name: str, expected: str) -> None:
    parts = PurePosixPath(name).parts
    path = folder.joinpath(*parts)
    if (
        PurePosixPath(name).is_absolute()
        or ".." in parts
        or path.resolve() != (folder.resolve().joinpath(*parts))
    ):
        raise DamagedArtifactError(f"{folder} is damaged: {name!r} is not a file inside it")
    if not path.is_file():
        raise DamagedArtifactError(f"{folder} is damaged: {name} is missing; run again")
    if _sha256(path) != expected:
        raise DamagedArtifactError(
            f"{folder} is damaged: {name} is not what was written; run again"
        )


def runs_of(home: str | os.PathLike[str] | None) -> Path:
    """The folder of all runs."""
    return (default_home() if home is None else Path(home)) / "runs"


def write_text(path: Path, text: str) -> None:
    """Replace a small file in one step: a reader finds the old one or the new one."""
    beside = path.with_name(f"{POINTER}{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _flush(path.parent)


def flush_folder(folder: Path) -> None:
    """Have everything in a folder on the disk before its name says that it is there."""
    for path in [*folder.rglob("*"), folder]:
        _flush(path)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def finished(runs: Path) -> list[str]:
    """Names of whole run folders, the oldest first."""
    found = [path for path in runs.glob("*/" + MANIFEST) if not path.parent.name.startswith(".")]
    return [path.parent.name for path in sorted(found, key=lambda p: (p.stat().st_mtime, str(p)))]


def _locked(path: Path) -> int:
    """Hold a lock on a file until this process ends, however it ends."""
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
        if fcntl is None:
            return descriptor
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Another process may have taken the file for a leftover before it was locked.
        with contextlib.suppress(OSError):
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
        os.close(descriptor)


def _held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        if fcntl is None:
            return time.time() - path.stat().st_mtime < DAY
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def own_hash(manifest: dict[str, Any]) -> str:
    content = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
