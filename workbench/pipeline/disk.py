"""The folder of all runs: each written beside its place, and the pointer to the latest."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from workbench.artifact import MANIFEST, flush, flush_one
from workbench.errors import ArgumentError
from workbench.settings import home as default_home

try:
    import fcntl
except ImportError:  # not on Windows; there leftovers are cleaned by age alone
    fcntl = None  # type: ignore[assignment]

LATEST = "LATEST"
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
        flush(folder)
        folder.rename(runs / name)
        flush_one(runs)
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
    flush_one(path.parent)


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
