"""A run in a process of its own: bounded, told of as it goes, and without a trace when discarded.

For a log that somebody else brings: what is done with it cannot take the memory of those who
look at another run, nor outlive whoever asked for it.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.pipeline.job import Progress

VISITORS = "visitors"
ORDER, TOLD, LOG = "order.json", "told.json", "log.txt"
MEMORY_GB, MINUTES = 3.0, 30.0
"""Bounds on one run: memory of its own, and minutes of one processor."""
QUICK = ("popularity", "item-knn", "ease")
"""What the engine is compared with: models that any log can have, and that take seconds."""
CHEAPLY = 10
"""How much later than others such a process is served (``nice``)."""


@dataclass(frozen=True)
class Told:
    """How far a run is.

    Attributes
    ----------
    done, of : int
        Stages done, and all of them; ``of`` is 0 until the log is read.
    words : str
        What is being done.
    path : Path or None
        The run folder, once it is there.
    error : str or None
        Why there will be none.
    """

    done: int = 0
    of: int = 0
    words: str = "starting"
    path: Path | None = None
    error: str | None = None

    @property
    def finished(self) -> bool:
        return self.path is not None or self.error is not None


class Apart:
    """A run under way, or over, in a folder that is its own.

    Parameters
    ----------
    folder : path
        Exists and belongs to this run alone: ``discard`` removes it.
    tables : mapping
        "interactions" and, where there are, "items" and "users" → the path of a file.
    columns : mapping, optional
        Our name → the name in the tables (see ``Dataset.from_frames``).
    relevant_from : float, optional
    name : str
        Of the data set.
    models : sequence of str
    memory_gb, minutes : float
        Bounds; the process is ended by the system when it passes one (where the system can).
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        tables: Mapping[str, str | os.PathLike[str]],
        *,
        columns: Mapping[str, str] | None = None,
        relevant_from: float | None = None,
        name: str = "log",
        models: Sequence[str] = QUICK,
        memory_gb: float = MEMORY_GB,
        minutes: float = MINUTES,
    ) -> None:
        self.folder = Path(folder).absolute()
        self.memory_gb, self.minutes = memory_gb, minutes
        order = {
            "tables": {table: str(Path(path).absolute()) for table, path in tables.items()},
            "columns": dict(columns or {}), "relevant_from": relevant_from, "name": name,
            "models": list(models),
            "memory_gb": memory_gb, "minutes": minutes,
        }  # fmt: skip
        (self.folder / ORDER).write_text(json.dumps(order), "utf-8")
        with (self.folder / LOG).open("wb") as log:
            # The pipe carries nothing: it closes when this process ends, and then so does that.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "workbench.pipeline.apart", str(self.folder)],
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder,
            )  # fmt: skip
        self._gone = weakref.finalize(self, _remove, self._process, self.folder)

    def told(self) -> Told:
        """How far it is. Cheap: reads one small file."""
        code = self._process.poll()
        found = Told()
        with suppress(OSError, ValueError):  # nothing is told yet
            said = json.loads((self.folder / TOLD).read_text("utf-8"))
            said["path"] = None if said.get("path") is None else Path(said["path"])
            found = Told(**said)
        if code is None or found.finished:
            return found
        return Told(found.done, found.of, found.words, error=self._ended(code, found.words))

    def _ended(self, code: int, words: str) -> str:
        if not self._gone.alive:
            return "it was stopped"
        return (
            f"it ended without a result while it was at {words!r} (exit code {code}): it may have "
            f"needed more than {self.memory_gb:g} GB of memory or {self.minutes:g} minutes of "
            "processor time; give a smaller log"
        )

    def discard(self) -> None:
        """End it where it is under way, and remove everything of it. A second time does nothing."""
        self._gone()


def _remove(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    shutil.rmtree(folder, ignore_errors=True)


def private_folder(home: str | os.PathLike[str]) -> Path:
    """A new folder that nobody else can open, under a name that cannot be guessed."""
    visitors = Path(home) / VISITORS
    visitors.mkdir(parents=True, exist_ok=True)
    folder = visitors / f"{os.getpid()}-{secrets.token_hex(16)}"
    folder.mkdir(mode=0o700)
    return folder


def sweep(home: str | os.PathLike[str]) -> int:
    """Remove what servers that were killed left behind; to be called before the first visitor.

    Returns
    -------
    int
        How many folders there were.
    """
    left = [f for f in (Path(home) / VISITORS).glob("*-*") if not _at_work(f.name.split("-")[0])]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return len(left)


def _at_work(number: str) -> bool:
    """Whether another living process has this number (of processes)."""
    if not number.isdigit() or int(number) == os.getpid():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


# --- the process itself -----------------------------------------------------------------------


def main(folder: Path) -> int:
    """Do what the order in this folder says."""
    order = json.loads((folder / ORDER).read_text("utf-8"))
    _bounded(order["memory_gb"], order["minutes"])
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell(done: int, of: int, words: str) -> None:
        _tell(folder, done=done, of=of, words=words)

    try:
        tell(0, 0, "reading the log")
        _tell(folder, done=1, of=1, words="done", path=_made(folder, order, tell))
    except WorkbenchError as error:
        _tell(folder, error=str(error))
    except MemoryError:
        _tell(folder, error=f"it needed more than {order['memory_gb']:g} GB; give a smaller log")
    return 0


def _made(folder: Path, order: Mapping[str, Any], tell: Progress) -> str:
    from workbench.data.dataset import Dataset
    from workbench.pipeline.job import run

    dataset = Dataset.from_frames(
        **order["tables"], relevant_from=order["relevant_from"], columns=order["columns"],
        name=order["name"],
    )  # fmt: skip
    return str(run(dataset, home=folder, models=order["models"], progress=tell).path)


def _tell(folder: Path, **said: Any) -> None:
    """Replace what was told as a whole, so that nobody reads half of it."""
    beside = folder / f"{TOLD}.new"
    beside.write_text(json.dumps(said), "utf-8")
    beside.replace(folder / TOLD)


def _bounded(memory_gb: float, minutes: float) -> None:
    """Ask the system to hold this process to its bounds, and to serve others first."""
    with suppress(OSError, AttributeError):
        os.nice(CHEAPLY)
    try:
        import resource
    except ImportError:  # not on Windows
        return
    seconds = int(minutes * 60)
    for what, most in (
        (resource.RLIMIT_DATA, int(memory_gb * 2**30)), (resource.RLIMIT_CPU, seconds),
    ):  # fmt: skip
        with suppress(OSError, ValueError):
            resource.setrlimit(what, (most, most))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
