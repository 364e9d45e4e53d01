"""Timing two things in turn, and what a row of the table holds."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))
"""On both sides of every comparison."""
LEAST = 5
"""Pairs of which a median is taken, at the least."""


@dataclass(frozen=True)
class AtMost:
    """Ours may take at most so many times as long as the peer."""

    times: float

    def figure(self, ours: float, peer: float) -> float:
        return ours / peer

    def met(self, figure: float) -> bool:
        return figure <= self.times

    def __str__(self) -> str:
        return f"≤ {self.times:g} ×"


@dataclass(frozen=True)
class Faster:
    """The peer takes at least so many times as long as ours."""

    times: float

    def figure(self, ours: float, peer: float) -> float:
        return peer / ours

    def met(self, figure: float) -> bool:
        return figure >= self.times

    def __str__(self) -> str:
        return f"≥ {self.times:g} × faster"


@dataclass(frozen=True)
class Within:
    """Ours alone, in milliseconds."""

    ms: float

    def met(self, figure: float) -> bool:
        return figure <= self.ms

    def __str__(self) -> str:
        return f"≤ {self.ms:g} ms"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    work : str
    ours, theirs : float or None
        Medians in milliseconds; None where nothing could be measured, and ``note`` says why.
    peer : str
    reached, low, high : float or None
        The figure that the target is about: the median over the pairs, and its range.
    target : str
    met : bool or None
    turns : int
        Pairs.
    note : str
        What was checked in the same run, and what the reader must know.
    """

    work: str
    ours: float | None = None
    peer: str = ""
    theirs: float | None = None
    reached: float | None = None
    low: float | None = None
    high: float | None = None
    target: str = ""
    met: bool | None = None
    turns: int = 0
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


Timer = Callable[[], float]
"""Does the work once and returns milliseconds."""


def timer(call: Callable[[], Any]) -> Timer:
    """Work of this process as a Timer."""

    def once() -> float:
        started = time.perf_counter()
        call()
        return (time.perf_counter() - started) * 1000

    return once


def against(
    work: str, ours: Timer, peer: str, theirs: Timer, target: AtMost | Faster, turns: int, note: str
) -> Row:
    """Time two in turn, after one of each that is not counted; who goes first alternates too."""
    ours(), theirs()
    pairs = []
    for turn in range(turns):
        if turn % 2:
            other, own = theirs(), ours()
        else:
            own, other = ours(), theirs()
        pairs.append((own, other))
    figures = [target.figure(own, other) for own, other in pairs]
    reached = median(figures)
    return Row(
        work,
        median(own for own, _ in pairs),
        peer,
        median(other for _, other in pairs),
        reached,
        min(figures),
        max(figures),
        str(target),
        target.met(reached),
        turns,
        note,
    )


def percentile(times: list[float], share: float) -> float:
    """The smallest of the times that at least this share of them does not exceed."""
    return sorted(times)[math.ceil(share * len(times)) - 1]


def machine() -> dict[str, Any]:
    """Cores and memory, by which the machine is named."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": _memory(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "threads": THREADS,
    }


def busy() -> bool:
    """Whether the cores have had more to do than they can, in the last minute."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1)


def _memory() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):
        return None


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    if told.is_file():
        for line in told.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
