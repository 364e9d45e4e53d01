"""The whole audit, timed: ``python -m tests.benchmarks.auditing``, ``--events 1m`` for the larger.

All that a run measures of an engine for its auditors, on a fitted engine: groups, exposure,
leakage and the flip test, decisions, slices, mitigation, feedback. On MovieLens 100K, or on the
invented world of the size of MovieLens 1M. Kept as JSON in data/bench; 1 where it takes longer
than is wanted. Nothing else should run meanwhile.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")  # before NumPy is imported

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from functools import partial  # noqa: E402
from typing import Any  # noqa: E402

import workbench as wb  # noqa: E402
from tests.benchmarks.measuring import machine  # noqa: E402
from tests.benchmarks.scale import WORLDS, Stages, peak_gb  # noqa: E402
from workbench.artifact import library_versions  # noqa: E402
from workbench.pipeline.inside import INSIDE  # noqa: E402
from workbench.pipeline.measured import decisions_of  # noqa: E402
from workbench.pipeline.plan import Plan, planned  # noqa: E402
from workbench.settings import home  # noqa: E402

ML_100K = "100k"
WANTED = {ML_100K: 60.0, "1m": 360.0}
"""Seconds of the whole."""
AUDITED = ("slices", "feedback", "mitigation")
"""Frames beside the audit and the decisions; what a run keeps besides is no part of an audit."""


def audited(engine: wb.Engine, cut: wb.Split, plan: Plan, stages: Stages) -> float:
    """Seconds of the whole audit; each part is a stage."""
    parts = {
        "audit": lambda: wb.audit(engine, cut, k=plan.k, seed=plan.seed),
        "decisions": lambda: decisions_of(engine, cut, plan),
    }
    for frame, made in dict(INSIDE.values()).items():
        if frame in AUDITED:
            parts[frame] = partial(made, engine, cut, plan, lambda _: None)
    before = sum(row["seconds"] for row in stages.rows)
    for name, work in parts.items():
        stages(name, work)
    return float(sum(row["seconds"] for row in stages.rows) - before)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="auditing", description=__doc__)
    parser.add_argument("--events", choices=WANTED, default=ML_100K, help="size of the log")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(argv)
    load, stages, seed = os.getloadavg(), Stages(), given.seed
    print(f"load of the machine at the start: {load[0]:.1f} ({os.cpu_count()} cores)")
    if given.events == ML_100K:
        log = wb.load("movielens-100k")
    else:
        log = wb.load("synthetic", **WORLDS[given.events], seed=seed)
    plan = planned(log, models=["engine"], method=None, test_fraction=0.2, guests=0.1, k=10,
                   seed=seed, max_people=None)  # fmt: skip
    cut = stages("split", lambda: wb.split(log, plan.method, guests=plan.guests, seed=seed))
    engine = stages("fit", lambda: wb.Engine(seed=seed).fit(cut.train))
    asked = len(stages("people to ask", cut.people)[0])
    seconds, wanted = audited(engine, cut, plan, stages), WANTED[given.events]
    said = "met" if seconds <= wanted else "missed"
    print(f"the whole audit, {asked:,} people: {seconds:.1f} s (at most {wanted:g} s: {said})")
    when = datetime.now(UTC)
    kept: dict[str, Any] = {
        "when": when.isoformat(timespec="seconds"),
        "events": given.events,
        "asked": asked,
        "seconds": seconds,
        "wanted": wanted,
        "peak_gb": peak_gb(),
        "stages": stages.rows,
        "machine": {**machine(), "load_before": load, "load_after": os.getloadavg()},
        "versions": {"workbench": wb.__version__, **library_versions()},
    }
    folder = home() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"auditing-{given.events}-{when:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print(f"Kept in {path}")
    return int(seconds > wanted)


if __name__ == "__main__":
    sys.exit(main())
