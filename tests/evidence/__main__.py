"""`make evidence`: how good the engine is against every single model and against blends.

The whole pipeline, with several seeds and several orders of the ties in time, on MovieLens 100K;
the same comparison on the synthetic world and with one moment for all; and the errors of the
models of ratings over five folds. Tables are printed and kept as JSON in data/evidence. Every cell
(a model, a seed, an order of ties; or a model and a fold) is kept as soon as it is measured, so an
interruption costs one of them; other code or data begins anew.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")  # before NumPy is imported

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import sys  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import polars as pl  # noqa: E402
from tqdm import tqdm  # noqa: E402

import workbench as wb  # noqa: E402
from tests.evidence import ratings, tables  # noqa: E402
from tests.evidence.cells import HYBRIDS, Cells, K, World  # noqa: E402
from workbench.artifact import library_versions  # noqa: E402
from workbench.cli.show import table  # noqa: E402
from workbench.settings import home  # noqa: E402

MAIN = World("movielens-100k", "per-user-time")
WORLDS = {
    "main": (MAIN, 5, 5),
    "synthetic": (World("synthetic", "per-user-time"), 5, 1),
    "global-time": (World("movielens-100k", "global-time"), 5, 1),
}
"""Name → world, number of seeds, number of tie orders."""
RATINGS = "ratings"
"""The world of ratings, which has folds in place of seeds and tie orders."""


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, keep; 1 where a promise was not kept."""
    every = [*WORLDS, RATINGS]
    parser = argparse.ArgumentParser(prog="make evidence", description=__doc__)
    parser.add_argument("--worlds", nargs="+", choices=every, default=every)
    parser.add_argument("--models", nargs="+", choices=wb.model_names(), help="by default all")
    parser.add_argument("--seeds", type=int, help="instead of the number of each world")
    parser.add_argument("--ties", type=int, help="instead of the number of each world")
    given = parser.parse_args(arguments)
    names = [n for n in given.models or wb.model_names() if n != "engine"] + ["engine"]
    rating = [n for n in ratings.MODELS if n in (given.models or ratings.MODELS)]
    ranked = [key for key in given.worlds if key != RATINGS]
    if ranked and not set(names) - HYBRIDS:
        parser.error(
            f"--models names no single model to compare the engine with, only {', '.join(names)}; "
            "add one, such as ease"
        )
    broken = False
    if RATINGS in given.worlds and not rating and not ranked:
        parser.error(f"--models names no model of ratings; there are {', '.join(ratings.MODELS)}")
    for key in ranked:
        world, seeds, ties = WORLDS[key]
        kept = evidence(world, given.seeds or seeds, given.ties or ties, names, home() / "evidence")
        broken |= not all(promise["kept"] for promise in kept["promises"])
    if RATINGS in given.worlds and rating:
        kept = ratings.evidence(ratings.WORLD, rating, home() / "evidence")
        broken |= not all(promise["kept"] for promise in kept["promises"])
    return int(broken)


def evidence(
    world: World, n_seeds: int, n_ties: int, names: list[str], folder: Path
) -> dict[str, Any]:
    """All figures of one world, printed and kept."""
    cells = Cells(world, folder / "rows")
    found: dict[str, dict[tuple[int, int], pl.DataFrame]] = {name: {} for name in names}
    left_out: dict[str, str] = {}
    todo = [(t, s, n) for t in range(n_ties) for s in range(n_seeds) for n in names]
    with tqdm(todo, desc=str(world), unit="cell", file=sys.stderr) as bar:
        for tie, seed, name in bar:
            bar.set_postfix_str(f"{name}, seed {seed}, ties {tie}")
            if name in left_out:
                continue
            try:
                found[name][seed, tie] = cells.rows(name, seed, tie)
            except (wb.CapabilityError, wb.DataError) as error:
                left_out[name] = str(error)
    found = {name: rows for name, rows in found.items() if name not in left_out}
    board = tables.standings(found)
    rivals = [n for n in (tables.best(board, False), tables.best(board, True)) if n is not None]
    gaps = tables.differences(found, rivals)
    curve = tables.curves(cells.curves())
    kept = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "world": str(world),
        "fingerprint": cells.dataset.fingerprint,
        "code": cells.code,
        "k": K,
        "seeds": n_seeds,
        "tie_orders": n_ties,
        "machine": {"processor": platform.machine(), "cores": os.cpu_count()},
        "versions": {"workbench": wb.__version__, **library_versions()},
        "left_out": left_out,
        "standings": board.to_dicts(),
        "differences": gaps.to_dicts(),
        "cold_start": curve.to_dicts(),
        "cells": [
            {"model": name, "seed": seed, "ties": tie, "ndcg": rows["ndcg"].mean()}
            for name, by_key in found.items()
            for (seed, tie), rows in by_key.items()
        ],
        "promises": tables.promises(board, gaps, curve) if world == MAIN else [],
    }
    show(kept, board, gaps, curve)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{world.data}-{world.method}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print(f"Kept in {path}\n")
    return kept


def show(
    kept: dict[str, Any], board: pl.DataFrame, gaps: pl.DataFrame, curve: pl.DataFrame
) -> None:
    """The tables, each narrow enough for a terminal."""
    what = f"{kept['world']}, {kept['seeds']} seeds x {kept['tie_orders']} tie orders"
    accuracy = board.select("model", "ndcg", "low", "high", "least", "most", "by_seed", "by_ties")
    table(accuracy, f"nDCG@{K}: {what}; interval over people, spread over cells", 4)
    table(board.select("model", *tables.BEYOND, *tables.TOGETHER), f"Beyond accuracy: {what}")
    table(gaps, f"Engine less the best single model and the best hybrid: {what}", 4)
    table(curve, f"By length of history (seed 0, usual order of ties): {kept['world']}", 4)
    for name, reason in kept["left_out"].items():
        print(f"left out: {name}: {reason}")
    if kept["promises"]:
        table(pl.DataFrame(kept["promises"]), "What was promised", 4)


if __name__ == "__main__":
    sys.exit(main())
