"""`python -m tests.evidence.mitigation`: what each way to mend gives and costs.

The engine of the latest run is mended in every way, for more of the little known titles and for a
smaller gap between groups of people: strengths chosen on a cut inside the training part, all
points measured on the test. The tables are printed with their intervals, beside whether any way
lowers a disparity by 30 % or more at a loss of nDCG of at most 2 %, and kept as JSON in
data/evidence. What is found is said, not promised: the exit code is 0 whatever comes out.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")  # before NumPy is imported

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import polars as pl  # noqa: E402
from tqdm import tqdm  # noqa: E402

import workbench as wb  # noqa: E402
from workbench.artifact import library_versions  # noqa: E402
from workbench.audit.mitigation import ALL, GOALS, Mitigation  # noqa: E402
from workbench.audit.mitigation_words import worth  # noqa: E402
from workbench.cli.show import table  # noqa: E402
from workbench.pipeline import Run  # noqa: E402
from workbench.settings import home  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.mitigation")
    parser.add_argument("--goals", nargs="+", choices=GOALS, default=list(GOALS))
    parser.add_argument("--methods", nargs="+", choices=ALL, default=list(ALL))
    parser.add_argument("--groups", default="gender", help="an attribute of people")
    parser.add_argument("--constraint", default="demographic_parity")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    run = Run.latest()
    if run is None:
        parser.error("there is no run yet; make one with 'workbench run'")
    kept = {"run": run.name, "versions": {"workbench": wb.__version__, **library_versions()}}
    for goal in given.goals:
        started, used = time.perf_counter(), time.process_time()
        with tqdm(desc=goal, unit="step", file=sys.stderr, disable=None) as bar:
            found = wb.mitigate(
                run.engine, run.split, [given.groups], goal=goal, constraint=given.constraint,
                methods=given.methods, seed=given.seed, say=lambda what, bar=bar: bar.update(),
            )  # fmt: skip
        seconds = time.perf_counter() - started, time.process_time() - used
        show(found, goal)
        print(f"{seconds[0]:.0f} s, {seconds[1]:.0f} s of processor time\n")
        kept[goal] = {
            "seconds": seconds[0],
            "processor_seconds": seconds[1],
            "settings": found.settings,
            "found": found.sentence,
            "worth": worth(found.kept.to_dicts()),
            "frontier": found.frontier.to_dicts(),
            "validation": found.validation.to_dicts(),
            "thresholds": found.thresholds.to_dicts(),
            "skipped": found.skipped.to_dicts(),
        }
    folder = home() / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"mitigation-{run.split.train.name}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print(f"Kept in {path}")
    return 0


def show(found: Mitigation, goal: str) -> None:
    """The frontier of one goal, on validation and on the test, and what it comes to."""
    for where, frame in (("validation", found.validation), ("test", found.frontier)):
        columns = [pl.col("method"), pl.col("strength")]
        for name in ("ndcg", goal):
            columns.append(pl.col(name))
            ends = [(100 * pl.col(f"{name}_change{end}")).round(1) for end in ("", "_low", "_high")]
            columns.append(pl.format("{} ({} to {}) %", *ends).alias(f"change of {name}"))
        shown = frame.select(*columns, "chosen", f"dominated_{goal}", "n")
        table(shown, f"Disparity of {goal}, {where}", 4)
    if found.thresholds.height:
        table(found.thresholds.drop("pairs"), "A threshold for each group, decisions only", 3)
    for method, reason in found.skipped.iter_rows():
        print(f"Not tried: {method}, because {reason}.")
    print(f"\n{found.sentence}\n{worth(found.kept.to_dicts())}")


if __name__ == "__main__":
    sys.exit(main())
