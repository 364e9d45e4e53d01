"""Rows of the table: measuring lists."""

from __future__ import annotations

from statistics import median

import numpy as np
import polars as pl

import workbench as wb
from tests.benchmarks.measuring import Faster, Row, against, timer
from tests.benchmarks.peers.process import Peer
from tests.benchmarks.worlds import World, codes

K = 10
METRICS = ("ndcg", "recall", "precision", "mrr", "map", "hit_rate")
ELSEWHERE = {
    "LensKit": {"recall": "divides by min(k, relevant)"},
    "ranx": {"map": "divides by all relevant items"},
}
"""Where a peer means something else by the name."""


def metrics(world: World, turns: int, peer: Peer) -> list[Row]:
    """The ranking metrics of all people, on the same lists; and ours with all that is beyond.

    Lists and answers are in each library's own form before the clock starts.
    """
    slates = world.lists
    ids, _ = world.split.people()
    item = world.train.catalogue.codes(slates.frame["item_id"])
    lists = slates.frame.select("row", "rank").with_columns(item=item).rename({"row": "user"})
    peer.give("lists", lists)
    user, relevant = codes(world.split.relevant_matrix())
    peer.give("answers", pl.DataFrame({"user": user, "item": relevant.astype(np.int64)}))
    rows = []
    for name, call in (("LensKit", "lenskit"), ("ranx", "ranx")):
        peer.ask(f"{call}_lists", k=K)
        row = against(
            f"{len(METRICS)} ranking metrics: {len(ids):,} people, {len(slates.frame):,} places",
            timer(lambda: wb.evaluate(slates, world.split, K, beyond=False)),
            f"{name}, the same six",
            lambda call=call: float(peer.ask(f"{call}_metrics")["ms"]),
            Faster(3.0),
            turns,
            "",
        )
        ours = wb.evaluate(slates, world.split, K)
        told = _compared(ours, peer.take("measured").sort("user_id"), ELSEWHERE[name])
        rows.append(Row(**{**row.as_dict(), "note": f"{told}; {_all(world, turns)}"}))
    return rows


def _all(world: World, turns: int) -> str:
    """How long every metric takes, novelty and the like included."""
    every = timer(lambda: wb.evaluate(world.lists, world.split, K))
    n = len(wb.definitions(K, world.split))
    return f"all {n} of ours take {median(every() for _ in range(turns)):.0f} ms"


def _compared(ours: pl.DataFrame, theirs: pl.DataFrame, elsewhere: dict[str, str]) -> str:
    """Which metrics are the same for every person, and which are defined otherwise."""
    assert theirs["user_id"].to_list() == list(range(ours.height)), "not the same people"
    same, other = [], []
    for name in METRICS:
        apart = np.abs(ours[name].to_numpy() - theirs[name].cast(pl.Float64).to_numpy()).max()
        if apart < 1e-9:
            same.append(name)
        else:
            other.append(f"{name} {elsewhere.get(name, f'DIFFERS BY {apart:.0e}')}")
    return f"the same: {', '.join(same)}" + (f"; theirs: {', '.join(other)}" if other else "")
