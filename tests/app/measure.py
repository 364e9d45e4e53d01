"""What a visitor waits for, measured on the server: ``python -m tests.app.measure edits``.

``edits``: random edits of random guests, from the edit to both lists. ``why``: opening the reason
of an item. ``visitors``: ten at once, each with an edit every three seconds, and whether anybody
ever sees another's person. Figures say how many they are of; the wall time of a busy machine says
little, so the processor time of the server stands beside it.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.app.visitors import Visitor, percentiles, serving, told
from workbench.pipeline import Run
from workbench.settings import home

EDIT_MS, WHY_MS, VISITORS_MS = 300, 800, 800
TURN_SECONDS, MINUTES, VISITORS = 3.0, 2.0, 10


@dataclass
class Person:
    """A guest as this side knows them: what the server must show of them, and nothing else."""

    guest: object
    items: list[str]
    undone: list[list[str]] = field(default_factory=list)

    def wrong(self, visitor: Visitor) -> str | None:
        """What the visitor sees that is not of this person; None where all is theirs."""
        shown = visitor.keys("drop:")
        wanted = self.items[: len(shown)]
        if f"person=guest.{self.guest}" not in visitor.query:
            return f"the address of guest {self.guest} is {visitor.query!r}"
        if shown != wanted or bool(shown) != bool(self.items):
            return f"guest {self.guest} has {wanted}, and is shown {shown}"
        listed = set(visitor.keys("why:"))
        if listed & set(self.items):
            return f"guest {self.guest} is shown what they have met"
        return None

    def edit(self, visitor: Visitor, rng: random.Random) -> float:
        """One random edit; returns the seconds that it took."""
        shown = visitor.keys("drop:")
        if self.undone and (len(shown) < 2 or rng.random() < 0.25):
            self.items = self.undone.pop()
            return visitor.press("undo")
        gone = rng.choice(shown)
        self.undone.append(list(self.items))
        self.items = [item for item in self.items if item != gone]
        return visitor.press(f"drop:{gone}")


def people(run: Run, n: int, seed: int, least: int = 8) -> list[Person]:
    """Guests with enough history to take from, drawn by seed; the latest event first."""
    train = run.split.train
    found = []
    for guest, profile in zip(run.split.guests, train.profiles(run.split.guests), strict=True):
        if len(profile.items) >= least:
            found.append(Person(guest, [str(item) for item in reversed(profile.items)]))
    rng = random.Random(seed)
    return rng.sample(found, min(n, len(found)))


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used; NaN where the system does not say."""
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return float("nan")
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def edits(port: int, pid: int, run: Run, n: int, seed: int) -> dict[str, float]:
    """``n`` random edits of random guests, ten each, after three that are not counted."""
    rng, seconds, used, wrong = random.Random(seed), [], [], 0
    for person in people(run, -(-n // 10), seed):
        with Visitor(port, f"person=guest.{person.guest}") as visitor:
            for turn in range(13):
                before = processor(pid)
                took = person.edit(visitor, rng)
                if turn >= 3 and len(seconds) < n:
                    seconds.append(took)
                    used.append(processor(pid) - before)
                wrong += person.wrong(visitor) is not None or bool(visitor.errors)
    return {
        **percentiles(seconds),
        **{f"processor_{name}": value for name, value in percentiles(used).items() if name != "n"},
        "wrong": wrong,
    }


def why(port: int, pid: int, run: Run, n: int, seed: int) -> dict[str, float]:
    """Opening the reason of ``n`` items, four of each guest, none of them asked for before.

    What is held to the limit is the answer; ``whole`` is with sampled shares of events, for which
    there is a bar.
    """
    rng, seconds, whole, used, errors = random.Random(seed), [], [], [], 0
    for person in people(run, -(-n // 4), seed):
        with Visitor(port, f"person=guest.{person.guest}") as visitor:
            for item in rng.sample(visitor.keys("why:"), 4):
                before = processor(pid)
                took = visitor.press(f"why:{item}")
                if len(seconds) < n:
                    seconds.append(visitor.answered)
                    whole.append(took)
                    used.append(processor(pid) - before)
                errors += bool(visitor.errors) or f"why={item}" not in visitor.query
    return {
        **percentiles(seconds),
        **{f"whole_{name}": value for name, value in percentiles(whole).items() if name != "n"},
        **{f"processor_{name}": value for name, value in percentiles(used).items() if name != "n"},
        "errors": errors,
    }


def visitors(
    port: int,
    run: Run,
    n: int = VISITORS,
    seconds: float = 60 * MINUTES,
    turn: float = TURN_SECONDS,
    seed: int = 0,
) -> tuple[dict[str, float], list[str]]:
    """Many at once, an edit each every ``turn`` seconds.

    Returns
    -------
    dict
        Times of the edits.
    list of str
        What went wrong: an error on a screen, or somebody who saw another's person.
    """  # fmt: skip
    took: list[float] = []
    faults: list[str] = []
    until = time.monotonic() + seconds

    def visit(person: Person, late: float) -> None:
        rng = random.Random(f"{seed} {person.guest}")
        time.sleep(late)
        try:
            with Visitor(port, f"person=guest.{person.guest}") as visitor:
                while time.monotonic() < until:
                    began = time.monotonic()
                    took.append(person.edit(visitor, rng))
                    found = person.wrong(visitor)
                    faults.extend([found] if found else [])
                    faults.extend(visitor.errors)
                    time.sleep(max(turn - (time.monotonic() - began), 0))
        except Exception as error:
            faults.append(f"guest {person.guest}: {type(error).__name__} {error}")

    everybody = [
        threading.Thread(target=visit, args=(person, place * turn / n))
        for place, person in enumerate(people(run, n, seed))
    ]
    for one in everybody:
        one.start()
    for one in everybody:
        one.join()
    return percentiles(took), faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.app.measure", description=__doc__)
    parser.add_argument("what", choices=["edits", "why", "visitors"])
    parser.add_argument("--run", type=Path, help="a run folder; by default the latest run")
    parser.add_argument("-n", type=int, default=200, help="how many (edits, why)")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long (visitors)")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    path = asked.run or Run.latest_path(home())
    if path is None:
        print("there is no run yet; make one with `workbench run`", file=sys.stderr)
        return 2
    run, faults = Run.load(path), []
    log = Path(tempfile.mkdtemp()) / "server.log"
    with serving(path.absolute(), log) as (port, server):
        with Visitor(port):  # the first visitor of a server pays for imports
            pass
        if asked.what == "edits":
            figures, limit = edits(port, server.pid, run, asked.n, asked.seed), EDIT_MS
            faults = [f"{figures['wrong']} wrong screens"] if figures["wrong"] else []
        elif asked.what == "why":
            figures, limit = why(port, server.pid, run, asked.n, asked.seed), WHY_MS
            faults = [f"{figures['errors']} errors"] if figures["errors"] else []
        else:
            figures, faults = visitors(port, run, seconds=60 * asked.minutes, seed=asked.seed)
            figures, limit = {**figures, "faults": len(faults)}, VISITORS_MS
    print(told(asked.what, figures, limit))
    print(f"on {path.name}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for fault in faults[:20]:
        print(fault)
    return 1 if faults or figures["p95_ms"] > limit else 0


if __name__ == "__main__":
    sys.exit(main())
