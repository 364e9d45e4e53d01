"""`python -m tests.evidence.event_shares`: what effects and shares of events cost, and err.

On guests of MovieLens 100K: how long the effects of removal take for each 100 events; and
how far shares of events are from the values they estimate, at one budget of scored profiles: our
orders in pairs, our orders by genre, and the permutation and partition explainers of `shap` on the
same engine. Only the long run that stands for the truth is larger.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")  # before NumPy is imported

import argparse  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from functools import partial  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from scipy.cluster.hierarchy import linkage  # noqa: E402
from scipy.spatial.distance import squareform  # noqa: E402
from tqdm import tqdm  # noqa: E402

import workbench as wb  # noqa: E402
from workbench.cli.show import table  # noqa: E402
from workbench.explain.coalitions import coalitions, pair_scores, players  # noqa: E402
from workbench.explain.genre_groups import genre_groups  # noqa: E402
from workbench.explain.removal import removals  # noqa: E402
from workbench.explain.sampling import Drawn, exact, sampled  # noqa: E402
from workbench.profiles import Profiles  # noqa: E402

Column = np.ndarray[Any, np.dtype[np.float64]]
LENGTHS = (60, 100, 200)
REPEATS = 3
ALLOWED = 0.150
"""Seconds for the effects of 100 events, on two processors with nothing else to do."""


class Scored:
    """The worth of coalitions of one person, counted."""

    def __init__(self, engine: wb.Engine, person: Profiles, item: int) -> None:
        self.engine, self.person, self.item, self.n = engine, person, np.array([item]), 0

    def __call__(self, masks: Any) -> Column:
        masks = np.asarray(masks) > 0.5
        self.n += len(masks)
        people = coalitions(self.person, masks)
        return pair_scores(self.engine, people, self.item)[:, 0].astype(np.float64)


def time_of_effects(engine: wb.Engine, people: Profiles, repeats: int) -> pl.DataFrame:
    """Seconds of the effects of removal, brought to 100 events; fastest and median of some.

    Processor seconds are of both threads together.
    """
    rows = []
    for length in LENGTHS:
        person, item = asked(engine, people, length)
        took = []
        for _ in range(repeats):
            start = time.perf_counter(), time.process_time()
            found = removals(engine, person, item)
            took.append((time.perf_counter() - start[0], time.process_time() - start[1]))
        n = len(found.item)
        per_100 = 100 / n * np.array(took)
        rows.append((n, *per_100.min(axis=0).tolist(), *np.median(per_100, axis=0).tolist()))
    schema = ["events", "seconds", "processor", "median_seconds", "median_processor"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def asked(engine: wb.Engine, people: Profiles, length: int) -> tuple[Profiles, int]:
    """The guest whose history is nearest in length, and the first item of their slate."""
    profile = people[int(np.abs(people.lengths - length).argmin())]
    item = wb.slate(engine, profile).items[0]
    return Profiles.of(profile, engine.catalogue), int(engine.catalogue.code(item))


def errors(
    engine: wb.Engine, people: Profiles, length: int, budget: int, pairs: int
) -> pl.DataFrame:
    """Mean absolute distance of shares from the value they estimate, by way of estimating.

    ``truth`` says which: Shapley's value (``pairs`` pairs of orders), Owen's by genre (as many),
    or that of the hierarchy of genres which the partition explainer has (run to its end).
    """
    person, item = asked(engine, people, length)
    worth = Scored(engine, person, item)
    n = len(players(person))
    nothing, few = Drawn.nothing(n), max(1, budget // (2 * (n - 1)))
    rows = []

    def measured(way: str, truth: Column, value: str, draw: Callable[[int], Column]) -> None:
        worth.n, off = 0, []
        start = time.process_time()
        for seed in range(REPEATS):
            off.append(np.abs(draw(seed) - truth))
        took = (time.process_time() - start) / REPEATS
        size = float(np.abs(truth).mean())
        rows.append(
            (n, way, value, worth.n // REPEATS, took, float(np.mean(off)), size,
             float(np.mean([one.max() for one in off])))
        )  # fmt: skip

    shapley = sampled(worth, n, pairs, 1_000, nothing).mean
    draw = partial(sampled, worth, n, few)
    measured("orders in pairs", shapley, "Shapley", lambda seed: draw(seed, nothing).mean)
    measured("shap, permutation", shapley, "Shapley", partial(_permutation, worth, n, budget))
    known = genre_groups(engine, person)
    if known is not None:
        group = known[1]
        n_groups = int(group.max()) + 1
        less = max(1, (budget - 2**n_groups) // (2 * (n - 1)))
        by_genre = exact(lambda masks: worth(masks[:, group]), n_groups)
        owen = sampled(worth, n, pairs, 1_000, nothing, group, by_genre).mean

        def grouped(seed: int) -> Column:
            sums = exact(lambda masks: worth(masks[:, group]), n_groups)
            return sampled(worth, n, less, seed, nothing, group, sums).mean

        measured("orders by genre", owen, "Owen", grouped)
        tree = _tree(group)
        whole = _partition(worth, n, tree, 10**6, 0)
        cut = partial(_partition, worth, n, tree, budget)
        measured("shap, partition by genre", whole, "hierarchy", cut)
        rows.append((n, "Owen against Shapley", "Shapley", 0, 0.0,
                     float(np.abs(owen - shapley).mean()), float(np.abs(shapley).mean()),
                     float(np.abs(owen - shapley).max())))  # fmt: skip
    schema = ["events", "way", "truth", "n_scored", "seconds", "error", "share", "largest_error"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _permutation(worth: Scored, n: int, budget: int, seed: int) -> Column:
    import shap

    masker = shap.maskers.Independent(np.zeros((1, n)))
    explainer = shap.PermutationExplainer(worth, masker, seed=seed)
    evals = max(2 * n + 1, budget // (2 * n + 1) * (2 * n + 1))
    found: Column = explainer(np.ones((1, n)), max_evals=evals, silent=True).values[0]
    return found


def _tree(group: Any) -> Any:
    """Items of one genre first, then the genres."""
    apart = (group[:, None] != group[None, :]) + 0.1
    np.fill_diagonal(apart, 0)
    return linkage(squareform(apart), "average")


def _partition(worth: Scored, n: int, tree: Any, budget: int, seed: int) -> Column:
    import shap

    masker = shap.maskers.Independent(np.zeros((1, n)))
    masker.clustering = tree
    explainer = shap.explainers.Partition(worth, masker)
    rows = np.ones((1, n))
    found: Column = explainer(rows, max_evals=budget, batch_size=256, silent=True).values[0]
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 where the effects of 100 events take longer than allowed."""
    parser = argparse.ArgumentParser(prog="python -m tests.evidence.event_shares")
    parser.add_argument("--budget", type=int, default=1024)
    parser.add_argument("--pairs", type=int, default=60, help="of orders, for the truth")
    parser.add_argument("--repeats", type=int, default=20, help="of the effects of removal")
    parser.add_argument("--engine", help="folder of a fitted engine; by default one is fitted")
    parser.add_argument("--lengths", type=int, nargs="*", default=LENGTHS)
    given = parser.parse_args(arguments)
    cut = wb.split(wb.load("movielens-100k"), "per-user-time", test_fraction=0.2, guests=0.1)
    engine = wb.Engine.load(given.engine) if given.engine else wb.Engine().fit(cut.train)
    people = cut.train.profiles(cut.guests)
    took = time_of_effects(engine, people, given.repeats)
    table(took, "Effects of removal: seconds for each 100 events, fastest and median")
    for length in tqdm(given.lengths, unit="person"):  # minutes each: said as soon as known
        found = errors(engine, people, length, given.budget, given.pairs)
        table(found, f"Shares of events, of {given.budget} scored profiles")
    return int(took["seconds"].min() > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
