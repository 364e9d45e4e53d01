"""Rows of the table: lists for everybody, and one list after one edit."""

from __future__ import annotations

import time
import tracemalloc
from statistics import median

import numpy as np

import workbench as wb
from tests.benchmarks.measuring import AtMost, Row, Within, against, percentile, timer
from tests.benchmarks.worlds import World
from workbench.ranking.recommend import BLOCK

K = 10
EDITS = 120
LATENCY = {"100k": Within(50.0), "1m": Within(150.0)}


def top(world: World, turns: int) -> list[Row]:
    """Lists for everybody against the product and the partition that they rest on."""
    model = wb.create("ease").fit(world.train)
    people, history = world.asked, world.histories
    seen = people.seen.nonzero()
    bare = [np.zeros((0, K), np.int64)]

    def product_and_partition() -> None:
        scores = np.asarray(history @ model.weights_)
        scores[seen] = -np.inf
        last = scores.shape[1] - K
        bare[0] = np.argpartition(scores, last, axis=1)[:, last:]

    row = against(
        f"EASE: {len(people):,} people scored, the best {K} in order",
        timer(lambda: wb.recommend(model, people, K)),
        "product and argpartition",
        timer(product_and_partition),
        AtMost(1.5),
        turns,
        "",
    )
    slates = wb.recommend(model, people, K)
    ours = model.catalogue.codes(slates.frame["item_id"]).reshape(-1, K)
    # The bare product knows no prior, which decides where two sums tie.
    same = (np.sort(ours, axis=1) == np.sort(bare[0], axis=1)).all(axis=1).mean()
    return [Row(**{**row.as_dict(), "note": f"{same:.1%} of the lists the same; {_memory(world)}"})]


def _memory(world: World) -> str:
    """Peak memory of lists for many people, and for four times as many."""
    model = wb.create("ease").fit(world.train)
    n = max(len(world.asked), BLOCK)
    peaks = []
    for times in (1, 4):
        people = world.asked[np.resize(np.arange(len(world.asked)), n * times)]
        tracemalloc.start()
        wb.recommend(model, people, K)
        peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
    return (
        f"peak memory {peaks[0]:.0f} MB for {n:,} people, {peaks[1]:.0f} MB for {4 * n:,}"
        f" (all scores at once would be {4 * n * world.train.n_items * 4 / 2**20:,.0f} MB)"
    )


def engine_edit(world: World, turns: int) -> list[Row]:
    """One edit of a guest's history: the new list, and the features' shares of its scores."""
    engine = wb.create("engine").fit(world.train)
    guests = [g for g in world.split.guests if len(world.train.profiles([g]).item) > 1]
    people = world.train.profiles(guests)
    edits = []
    for n in range(max(EDITS, turns)):
        person = people[n % len(people)]
        edits.append(person.without(person.items[n // len(people) % len(person.items)]))
    times, slates = [], []
    for edited in [edits[0], *edits]:
        started = time.perf_counter()
        slate = wb.slate(engine, edited, K)
        alone = wb.Profiles.of(edited, engine.catalogue)
        _, features = engine.pair_features(alone, engine.catalogue.codes(slate.frame["item_id"]))
        shares = engine.contributions(features)
        times.append((time.perf_counter() - started) * 1000)
        slates.append((time.perf_counter(), shares))
        missed = np.abs(shares.sum(axis=1) - slate.frame["score"].to_numpy()).max()
        assert missed < 1e-3, missed
    times = times[1:]
    reached = percentile(times, 0.95)
    return [
        Row(
            f"Engine: one edit → {K} items and their reasons by feature (p95)",
            reached,
            reached=reached,
            low=min(times),
            high=max(times),
            target=str(LATENCY[world.name]),
            met=LATENCY[world.name].met(reached),
            turns=len(times),
            note=f"{len(times)} edits of guests, median {median(times):.0f} ms; "
            "shares add up to the scores",
        )
    ]
