"""`python -m tests.evidence.counterfactuals`: how far greedy certificates can be trusted.

For random (guest, item of their slate) pairs of MovieLens 100K: the sets that the greedy search
and the exhaustive one find, each alone, and whether the certificate of `wb.counterfactual` holds.
The table is printed, and the rows (sizes and times, no data) are kept in data/evidence.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")  # before NumPy is imported

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from tqdm import tqdm  # noqa: E402

import workbench as wb  # noqa: E402
from workbench.cli.show import table  # noqa: E402
from workbench.explain.edits import Edits, Set  # noqa: E402
from workbench.explain.goal import Goal  # noqa: E402
from workbench.explain.search import Answer, Search  # noqa: E402
from workbench.profiles import Profiles  # noqa: E402
from workbench.settings import home  # noqa: E402

K = 10
BOUND = 1_500
"""Sets of two and more that the exhaustive search may score."""
AGREE = 0.9
"""Share of pairs for which greedy and exhaustive must find sets of one size."""


def pairs(model: wb.Recommender, people: Profiles, n: int, seed: int) -> list[tuple[int, object]]:
    """Random people, and an item of the slate of each: (row, item id)."""
    draw = np.random.default_rng(seed)
    slates = list(wb.recommend(model, people, K))
    rows = draw.integers(len(people), size=n).tolist()
    return [(row, slates[row].items[int(draw.integers(len(slates[row])))]) for row in rows]


def rows_of(
    model: wb.Recommender, people: Profiles, n: int, seed: int = 0, bound: int = BOUND
) -> pl.DataFrame:
    """One row per pair.

    Returns
    -------
    polars.DataFrame
        ``n_items`` of the history; ``greedy`` and ``exhaustive``: sizes of the sets found, null
        where none was; ``finished``: whether the exhaustive search ended before its bound; and of
        the certificate ``found``, ``method``, ``size``, ``n_scored``, ``verified``, ``left``
        (whether the item is gone from a longer slate without what was removed) and ``seconds`` of
        processor time.
    """
    out = []
    for row, item_id in tqdm(pairs(model, people, n, seed), disable=not sys.stderr.isatty()):
        profile = people[row]
        greedy, exhaustive, finished = alone(model, profile, item_id, bound)
        start = time.process_time()
        found = wb.counterfactual(model, profile, item_id, K)
        seconds = time.process_time() - start
        out.append(
            {
                "n_items": len(profile.items),
                "greedy": greedy,
                "exhaustive": exhaustive,
                "finished": finished,
                "found": found.found,
                "method": found.method,
                "size": len(found.remove),
                "n_scored": found.n_scored,
                "verified": found.verified,
                "left": left(model, profile, item_id, found.remove),
                "seconds": seconds,
            }
        )
    return pl.DataFrame(out, infer_schema_length=None)


def alone(
    model: wb.Recommender, profile: wb.Profile, item_id: object, bound: int
) -> tuple[int | None, int | None, bool]:
    """Sizes of what the two searches find, each by itself, and whether the second finished."""
    person = Profiles.of(profile, model.catalogue)
    edits = Edits.removals(person)
    goal = Goal(model, edits, int(model.catalogue.code(item_id)), K, None, leave=True)
    known: dict[Set, Answer] = {}

    def ask(sets: list[Set]) -> list[Answer]:
        new = [s for s in sets if s not in known]
        known.update(zip(new, goal(new), strict=True))
        return [known[s] for s in sets]

    greedy = Search(ask, edits.item, bound).greedy()
    exhaustive, finished = Search(ask, edits.item, bound).smallest(len(edits), begin=True)
    return greedy and len(greedy), exhaustive and len(exhaustive), finished


def left(model: wb.Recommender, profile: wb.Profile, item_id: object, gone: tuple) -> bool:
    """Whether an item leaves the slate, made without any part of the search."""
    longer = wb.slate(model, profile.without(*gone), K + len(gone)).items
    return item_id not in [item for item in longer if item not in gone][:K]


def summary(rows: pl.DataFrame) -> pl.DataFrame:
    """``figure, value, low, high, n``: what the rows say, shares with Wilson's 95 % interval."""
    finished = rows.filter("finished")
    agree = (finished["greedy"] == finished["exhaustive"]).fill_null(False)
    several = finished.filter(pl.col("exhaustive") > 1)
    shares = [
        ("greedy and exhaustive agree on size, where exhaustive finishes", agree),
        (
            "the same, of those that need more than one",
            (several["greedy"] == several["exhaustive"]).fill_null(False),
        ),
        ("exhaustive finishes", rows["finished"]),
        ("a set was found", rows["found"]),
        ("the certificate says exhaustive", rows["method"] == "exhaustive"),
        ("the certificate verifies", rows["verified"]),
        ("the item is gone where the certificate says so", rows["left"] == rows["found"]),
        ("one removal is enough", rows["found"] & (rows["size"] == 1)),
    ]
    out = [(words, *share(column), len(column)) for words, column in shares]
    found = rows.filter("found")
    for words, column, q in (
        ("removals, median", found["size"], 0.5),
        ("removals, 95th percentile", found["size"], 0.95),
        ("processor seconds of a certificate, median", rows["seconds"], 0.5),
        ("processor seconds of a certificate, 95th percentile", rows["seconds"], 0.95),
        ("profiles scored, median", rows["n_scored"], 0.5),
    ):
        out.append((words, column.quantile(q, "nearest"), None, None, len(column)))
    schema = {"figure": pl.String} | dict.fromkeys(("value", "low", "high"), pl.Float64)
    return pl.DataFrame(out, schema=schema | {"n": pl.Int64}, orient="row")


def share(column: pl.Series) -> tuple[float | None, float | None, float | None]:
    """Share that is true, with Wilson's 95 % interval."""
    n = len(column)
    if n == 0:
        return None, None, None
    p, z = float(column.mean()), 1.959964
    centre, scale = p + z**2 / (2 * n), 1 + z**2 / n
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return p, max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def kept(figures: pl.DataFrame) -> bool:
    """Whether the promises hold."""
    value = dict(figures.select("figure", "value").iter_rows())
    return (
        value["greedy and exhaustive agree on size, where exhaustive finishes"] >= AGREE
        and value["the certificate verifies"] == 1
        and value["the item is gone where the certificate says so"] == 1
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, keep; 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.counterfactuals")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--bound", type=int, default=BOUND)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    cut = wb.split(wb.load("movielens-100k"), "per-user-time", test_fraction=0.2, guests=0.1)
    engine = wb.Engine().fit(cut.train)
    people = cut.train.profiles(cut.guests)
    rows = rows_of(engine, people, given.pairs, given.seed, given.bound)
    figures = summary(rows)
    table(figures, f"Counterfactuals: {given.pairs} pairs of a guest and an item of their {K}")
    path = home() / "evidence" / "counterfactuals.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(path)
    return int(not kept(figures))


if __name__ == "__main__":
    sys.exit(main())
