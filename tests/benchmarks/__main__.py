"""`make bench`: how much slower than the bare linear algebra, measured side by side.

Each pair is timed in turn, several times, in one sitting; the figure is the ratio of the medians
(and the range of the ratios of single turns). It is printed, and kept as JSON in data/bench.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")  # before NumPy is imported

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from scipy.linalg import cho_factor, cho_solve  # noqa: E402

import workbench as wb  # noqa: E402
from workbench.artifact import library_versions  # noqa: E402
from workbench.cli.show import table  # noqa: E402
from workbench.settings import home  # noqa: E402

K, REG = 10, 200.0


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--data", default="movielens-100k", help="name of a data set")
    parser.add_argument("--turns", type=int, default=7, help="how often each pair is timed")
    arguments = parser.parse_args()
    split = wb.split(wb.load(arguments.data), guests=0.1)
    rows = [*pairs(split, arguments.turns), *single(split, arguments.turns)]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    table(frame, f"{arguments.data}, {split.train.n_events:,} events, medians of milliseconds")
    folder = home() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    when = datetime.now(UTC)
    path = folder / f"{when:%Y%m%d-%H%M%S}.json"
    kept = {
        "when": when.isoformat(timespec="seconds"),
        "data": arguments.data,
        "fingerprint": split.fingerprint,
        "turns": arguments.turns,
        "machine": {"processor": platform.machine(), "cores": os.cpu_count()},
        "versions": {"workbench": wb.__version__, **library_versions()},
        "rows": rows,
    }
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print(f"Kept in {path}")


def pairs(split: Any, turns: int) -> list[dict[str, Any]]:
    """What has a bare counterpart."""
    train = split.train
    people = train.profiles()
    mask = people.positive(train.relevant_from)
    x = people.csr(mask)
    ease = wb.create("ease", reg=REG).fit(train)
    _, asked = split.people()
    history = asked.csr(asked.positive(train.relevant_from))

    def bare_fit() -> None:
        gram = (x.T @ x).toarray().astype(np.float64)
        gram[np.diag_indices_from(gram)] += REG
        inverse = cho_solve(cho_factor(gram, lower=True), np.eye(len(gram)))
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)

    def bare_top() -> None:
        scores = np.asarray(history @ ease.weights_)
        scores[asked.seen.nonzero()] = -np.inf
        best = np.argpartition(-scores, K, axis=1)[:, :K]
        np.take_along_axis(scores, best, axis=1).argsort(axis=1)

    return [
        against(
            "EASE: fit on a log",
            lambda: wb.create("ease", reg=REG).fit(train),
            "Gram matrix and Cholesky",
            bare_fit,
            turns,
        ),
        against(
            f"EASE: {len(asked):,} slates of {K}",
            lambda: wb.recommend(ease, asked, K),
            "product and argpartition",
            bare_top,
            turns,
        ),
    ]


def single(split: Any, turns: int) -> list[dict[str, Any]]:
    """What has no counterpart: the engine's answer to one edit."""
    engine = wb.create("engine").fit(split.train)
    person = split.train.profiles(list(split.guests[:1]))[0]
    edits = [person.without(item) for item in person.items[: 4 * turns]]
    wb.slate(engine, person, K)
    times = [timed(lambda edited=edited: wb.slate(engine, edited, K)) for edited in edits]
    return [
        {
            "what": "Engine: the slate after one edit",
            "ms": median(times),
            "against": None,
            "bare ms": None,
            "ratio": None,
            "from": None,
            "to": None,
            "times": len(times),
        }
    ]


def against(
    what: str, ours: Callable[[], Any], name: str, bare: Callable[[], Any], turns: int
) -> dict[str, Any]:
    """Time two in turn, after one of each that is not counted."""
    ours(), bare()
    both = [(timed(ours), timed(bare)) for _ in range(turns)]
    own, other = (median(times) for times in zip(*both, strict=True))
    ratios = [a / b for a, b in both]
    return {
        "what": what,
        "ms": own,
        "against": name,
        "bare ms": other,
        "ratio": own / other,
        "from": min(ratios),
        "to": max(ratios),
        "times": turns,
    }


def timed(call: Callable[[], Any]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
