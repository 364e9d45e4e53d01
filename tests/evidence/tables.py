"""From the rows of all cells to the tables, and to what was promised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

import workbench as wb
from tests.evidence.cells import HYBRIDS, K
from workbench.columns import COLD, GUEST, HIGH, LOW, METRIC, USER
from workbench.evaluation.definitions import PROTOCOL
from workbench.evaluation.definitions import K as PLACES

NDCG = "ndcg"
BEYOND = ("novelty", "diversity", "serendipity", "miscalibration", "popularity_lift")
TOGETHER = ("coverage", "gini", "tail_share")
SINGLE_AT_LEAST, ENGINE_AT_LEAST = 0.190, 0.212
"""nDCG@10 promised on MovieLens 100K, cut by each person's time."""

Found = Mapping[str, Mapping[tuple[int, int], pl.DataFrame]]
"""Model → (seed, order of ties) → rows of one row per person."""


def averaged(cells: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One row per person: the mean over the cells in which they were asked about."""
    frames = list(cells)
    stacked = pl.concat(frame.drop(PROTOCOL, GUEST, COLD) for frame in frames)
    return (
        stacked.group_by(USER, maintain_order=True)
        .agg(pl.exclude(PLACES).mean(), pl.col(PLACES).first())
        .with_columns(
            pl.lit(f"each person's mean over {len(frames)} cells of seed and tie order").alias(
                PROTOCOL
            )
        )
    )


def standings(found: Found) -> pl.DataFrame:
    """One row per model: mean nDCG with its interval over people, and its spread over cells."""
    rows = []
    for name, cells in found.items():
        people = averaged(cells.values())
        figures = wb.summarise(people).filter(pl.col(METRIC) == NDCG).row(0, named=True)
        means = {key: float(frame[NDCG].mean()) for key, frame in cells.items()}  # type: ignore[arg-type]
        rows.append(
            {
                "model": name,
                NDCG: sum(means.values()) / len(means),
                LOW: figures[LOW],
                HIGH: figures[HIGH],
                "least": min(means.values()),
                "most": max(means.values()),
                "by_seed": _spread(means, 0),
                "by_ties": _spread(means, 1),
                **{m: people[m].mean() for m in (*BEYOND, *TOGETHER)},
            }
        )
    return pl.DataFrame(rows).sort(NDCG, descending=True)


def _spread(means: Mapping[tuple[int, int], float], axis: int) -> float:
    """Standard deviation over seeds (0) or tie orders (1) of the mean over the other."""
    frame = pl.DataFrame({"of": [key[axis] for key in means], "mean": list(means.values())})
    return frame.group_by("of").agg(pl.col("mean").mean())["mean"].std() or 0.0  # type: ignore[return-value]


def best(board: pl.DataFrame, hybrids: bool) -> str | None:
    """The best model made of others (the engine apart), or the best single one."""
    names = [n for n in board["model"] if n != "engine" and (n in HYBRIDS) == hybrids]
    return names[0] if names else None


def differences(found: Found, against: Iterable[str]) -> pl.DataFrame:
    """The engine less others: paired interval over people, and the least and most of any cell."""
    people = {name: averaged(found[name].values()) for name in ("engine", *against)}
    rows = []
    for name in list(people)[1:]:
        pair = wb.compare({"engine": people["engine"], name: people[name]}, against=name)
        line = pair.row(0, named=True)
        cells = [
            float(found["engine"][key][NDCG].mean()) - float(found[name][key][NDCG].mean())  # type: ignore[arg-type]
            for key in found["engine"]
        ]
        kept = ("difference", LOW, HIGH, "ratio", "p", "n")
        rows.append(
            {"engine_less": name, **{c: line[c] for c in kept}, "least": min(cells),
             "most": max(cells), "cells_above_0": sum(c > 0 for c in cells), "cells": len(cells)}
        )  # fmt: skip
    return pl.DataFrame(rows)


def curves(rows: pl.DataFrame) -> pl.DataFrame:
    """nDCG by length of history, and the engine less the best of the others at each length."""
    found = []
    for length in rows["history"].unique(maintain_order=True):
        part = rows.filter(pl.col("history").eq_missing(length)).drop("history")
        by_name = {frame["model"][0]: frame.drop("model") for frame in part.partition_by("model")}
        means = {name: float(frame[NDCG].mean()) for name, frame in by_name.items()}  # type: ignore[arg-type]
        rival = max((name for name in means if name != "engine"), key=means.__getitem__)
        line = wb.compare({"engine": by_name["engine"], rival: by_name[rival]}, against=rival).row(
            0, named=True
        )
        found.append(
            {"history": "all" if length is None else str(length), "engine": means["engine"],
             "best_part": rival, "part": means[rival], "difference": line["difference"],
             LOW: line[LOW], HIGH: line[HIGH]}
        )  # fmt: skip
    return pl.DataFrame(found)


def promises(board: pl.DataFrame, gaps: pl.DataFrame, curve: pl.DataFrame) -> list[dict[str, Any]]:
    """What was promised of MovieLens 100K, what was found, and whether it was kept.

    At each length of history the engine is at or above the best of its parts within the interval:
    the upper end of the paired difference is not below 0.
    """
    mean = dict(board.select("model", NDCG).iter_rows())
    single = best(board, hybrids=False)
    assert single is not None, "the command refuses names without a single model"
    kept = [
        _promise(f"best single model ({single})", mean[single], SINGLE_AT_LEAST),
        _promise("engine", mean["engine"], ENGINE_AT_LEAST),
    ]
    for line in gaps.iter_rows(named=True):
        kept.append(
            {"what": f"engine less {line['engine_less']}: low end of its interval",
             "found": line[LOW], "least": 0.0, "kept": line[LOW] > 0}
        )  # fmt: skip
    for line in curve.iter_rows(named=True):
        kept.append(
            {"what": f"engine less {line['best_part']}, {line['history']} events of history: "
             "high end of its interval",
             "found": line[HIGH], "least": 0.0, "kept": line[HIGH] >= 0}
        )  # fmt: skip
    return kept


def _promise(what: str, found: float, least: float) -> dict[str, Any]:
    return {"what": f"nDCG@{K} of {what}", "found": found, "least": least, "kept": found >= least}
