"""`python -m tests.evidence.explanations`: how good the explanations are, on guests of MovieLens.

An engine is fitted as a run fits it (or that of the latest run is taken, with --latest), and the
figures of `wb.fidelity` are printed with their intervals, the number of people and the verdicts,
and kept as JSON in data/evidence. 1 where the effect of removal does not clearly beat chance.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")  # before NumPy is imported

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

from tqdm import tqdm  # noqa: E402

import workbench as wb  # noqa: E402
from workbench.artifact import library_versions  # noqa: E402
from workbench.cli.show import table  # noqa: E402
from workbench.explain.fidelity import verdict_words, verdicts  # noqa: E402
from workbench.pipeline import Run  # noqa: E402
from workbench.settings import home  # noqa: E402
from workbench.vocabulary import Id  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, keep; 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.explanations")
    parser.add_argument("--data", default="movielens-100k")
    parser.add_argument("--people", type=int, default=1000, help="at most so many guests")
    parser.add_argument("--budget", type=int, default=1024, help="profiles scored for shares")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--latest", action="store_true", help="the engine of the latest run")
    given = parser.parse_args(arguments)
    engine, train, guests = _latest() if given.latest else _fitted(given.data, given.seed)
    people = train.profiles(guests)
    started = time.process_time()
    with tqdm(desc="explanations", unit="person", file=sys.stderr, disable=None) as bar:
        found = wb.fidelity(
            engine, people, max_people=given.people, budget=given.budget, who="guests",
            seed=given.seed, say=lambda what: bar.update(),
        )  # fmt: skip
    seconds = time.process_time() - started
    for kind, verdict in verdicts(found).items():
        table(
            found.filter(type=kind).drop("type", "verdict", "definition"),
            f"{kind}: {verdict} ({train.name}, {found['n'].max()} guests)", 3,
        )  # fmt: skip
        print(verdict_words(found, kind) + "\n")
    print(f"Processor time: {seconds:.1f} s")
    folder = home() / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"explanations-{train.name}.json"
    kept = {
        "data": train.name,
        "fingerprint": train.fingerprint,
        "seed": given.seed,
        "budget": given.budget,
        "seconds": round(seconds, 1),
        "versions": {"workbench": wb.__version__, **library_versions()},
        "figures": found.to_dicts(),
    }
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print(f"Kept in {path}")
    return int(verdicts(found).get("removal") != "strong")


def _fitted(data: str, seed: int) -> tuple[wb.Engine, wb.Dataset, list[Id]]:
    cut = wb.split(wb.load(data), "per-user-time", test_fraction=0.2, guests=0.1, seed=seed)
    return wb.Engine(seed=seed).fit(cut.train), cut.train, list(cut.guests)


def _latest() -> tuple[wb.Engine, wb.Dataset, list[Id]]:
    run = Run.latest()
    if run is None:
        raise SystemExit("there is no run yet; make one with `workbench run`")
    return run.engine, run.split.train, list(run.split.guests)


if __name__ == "__main__":
    sys.exit(main())
