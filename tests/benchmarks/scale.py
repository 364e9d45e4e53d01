"""The engine on large logs: how long each stage takes, and how much memory the whole.

``python -m tests.benchmarks.scale --events 1m`` makes a synthetic world of the size of MovieLens
1M or 20M, cuts it, fits the engine, asks people, measures their lists beside those of one
retriever, and edits a few profiles. Each stage is printed as it ends; all is kept as JSON in
data/bench. Nothing else should run meanwhile: the clock is that on the wall (the load of the
machine is written down).
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")  # before NumPy is imported

import argparse  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from typing import Any, TypeVar  # noqa: E402

import numpy as np  # noqa: E402

import workbench as wb  # noqa: E402
from tests.benchmarks.measuring import machine  # noqa: E402
from workbench.artifact import library_versions  # noqa: E402
from workbench.data.sample import asking  # noqa: E402
from workbench.pipeline import leaderboard as boards  # noqa: E402
from workbench.pipeline.plan import MANY_SCORES, SAMPLE  # noqa: E402
from workbench.settings import home  # noqa: E402

T = TypeVar("T")

WORLDS = {
    "1m": {"n_users": 6_000, "n_items": 3_700, "n_events": 1_000_000},
    "20m": {"n_users": 138_000, "n_items": 27_000, "n_events": 20_000_000},
}
TARGETS = {
    "1m": {"minutes": 5.0, "gb": 6.0, "edit_ms": 150.0},
    "20m": {"minutes": 90.0, "gb": 20.0, "edit_ms": None},
}
"""From fit to leaderboard; peak of the process; p95 of an edit, with reasons by feature."""
K, EDITS = 10, 60


class Stages:
    """Seconds and peak memory of each stage, printed as it ends."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def __call__(self, name: str, work: Callable[[], T]) -> T:
        started = time.perf_counter(), time.process_time()
        result = work()
        self.add(name, *(b - a for a, b in zip(started, now(), strict=True)))
        return result

    def add(self, name: str, seconds: float, processor: float) -> None:
        row = {"stage": name, "seconds": seconds, "processor": processor, "peak_gb": peak_gb()}
        self.rows.append(row)
        print(
            f"{name:<44} {seconds:9.1f} s {processor:9.1f} s of processor {row['peak_gb']:6.2f} GB",
            flush=True,
        )

    def told(self) -> Callable[[str], None]:
        """For ``Engine.progress``: a stage ends where another begins, or at ``""``."""
        current: list[Any] = ["", now()]

        def tell(what: str) -> None:
            name = what.partition(" (")[0]
            if name != current[0]:
                ended = now()
                if current[0]:
                    self.add(current[0], *(b - a for a, b in zip(current[1], ended, strict=True)))
                current[:] = [name, ended]

        return tell


def now() -> tuple[float, float]:
    """Of the clock on the wall, and of this process."""
    return time.perf_counter(), time.process_time()


def peak_gb() -> float:
    """The most memory that this process has held so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def measured(size: dict[str, int], asked: int | None, seed: int = 0) -> dict[str, Any]:
    """Everything, stage by stage.

    Parameters
    ----------
    size : dict
        ``n_users``, ``n_items``, ``n_events`` of ``synthetic``.
    asked : int, optional
        At most so many people get a list; by default as many as a run would ask.
    """
    stages = Stages()
    world = stages("make the world", lambda: wb.load("synthetic", **size, seed=seed))
    whole = stages("split", lambda: wb.split(world, guests=0.1, seed=seed))
    if asked is None and world.n_users * world.n_items > MANY_SCORES:
        asked = SAMPLE
    of = len(stages("people to ask", whole.people)[0])
    cut = whole if asked is None else asking(whole, asked, seed)
    _, people = cut.people()
    engine = wb.Engine(seed=seed)
    engine.progress = stages.told()
    begun = time.perf_counter()
    engine.fit(cut.train)
    engine.progress("")
    print("retrievers:", ", ".join(engine.learnt_from_["retrievers"]))
    for label, why in engine.learnt_from_["left_out"].items():
        print(f"  without {label}: it {why}")
    best, single = next(iter(engine.retrievers_.items()))
    rows, figures = {}, []
    for name, model in ((best, single), ("engine", engine)):
        slates = stages(f"lists of {name}", lambda m=model: wb.recommend(m, people, K))
        rows[name] = stages(f"measures of {name}", lambda s=slates: wb.evaluate(s, cut, K))
        figures.append(boards.summary(name, rows[name], slates, cut, None))
    compared = stages("comparison", lambda: boards.comparisons(rows))
    minutes = (time.perf_counter() - begun) / 60
    edits = stages(f"{EDITS} edits", lambda: edited(engine, cut))
    return {
        "size": size,
        "asked": {"people": len(people), "of": of},
        "stages": stages.rows,
        "fit_to_leaderboard_minutes": minutes,
        "peak_gb": peak_gb(),
        "edit_ms": {
            "median": float(np.median(edits)),
            "p95": float(np.quantile(edits, 0.95)),
            "edits": len(edits),
        },
        "learnt_from": engine.learnt_from_,
        "figures": [row for frame in figures for row in frame.to_dicts()],
        "compared": compared.to_dicts(),
    }


def edited(engine: wb.Engine, cut: wb.Split) -> list[float]:
    """Milliseconds of one edit → a list and its reasons by feature, many times."""
    people = cut.train.profiles(cut.guests[:EDITS])
    times = []
    for turn in range(EDITS + 1):
        person = people[turn % len(people)]
        person = person.without(person.items[turn // len(people) % max(len(person.items), 1)])
        started = time.perf_counter()
        slate = wb.slate(engine, person, K)
        alone = wb.Profiles.of(person, engine.catalogue)
        _, matrix = engine.pair_features(alone, engine.catalogue.codes(slate.frame["item_id"]))
        engine.contributions(matrix)
        times.append((time.perf_counter() - started) * 1000)
    return times[1:]  # the first one warms up


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="scale", description=__doc__)
    parser.add_argument("--events", choices=WORLDS, default="1m", help="size of the world")
    parser.add_argument("--asked", type=int, help="ask at most so many people")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    load = os.getloadavg()
    print(f"load of the machine at the start: {load[0]:.1f} ({os.cpu_count()} cores)")
    found = measured(WORLDS[arguments.events], arguments.asked, arguments.seed)
    target = TARGETS[arguments.events]
    for name, reached, most in (
        ("fit to leaderboard, minutes", found["fit_to_leaderboard_minutes"], target["minutes"]),
        ("peak memory, GB", found["peak_gb"], target["gb"]),
        ("one edit, p95 of milliseconds", found["edit_ms"]["p95"], target["edit_ms"]),
    ):
        wanted = "" if most is None else f" (target {most:g}: {'met' if reached <= most else 'no'})"
        print(f"{name:<44} {reached:9.1f}{wanted}")
    for row in found["figures"]:
        if row["metric"] == "ndcg":
            print(f"nDCG@{K} of {row['model']}: {row['mean']:.4f} ({row['low']:.4f} to "
                  f"{row['high']:.4f}, {row['n']:,} people)")  # fmt: skip
    when = datetime.now(UTC)
    kept = {
        "when": when.isoformat(timespec="seconds"),
        "events": arguments.events,
        "machine": {**machine(), "load_before": load, "load_after": os.getloadavg()},
        "versions": {"workbench": wb.__version__, **library_versions()},
        "targets": target,
        **found,
    }
    folder = home() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"scale-{arguments.events}-{when:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print(f"Kept in {path}")
    return kept


if __name__ == "__main__":
    main()
