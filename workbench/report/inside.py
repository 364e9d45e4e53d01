"""The engine as a whole, as a report tells it: what it looks at, how well that is explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from workbench.report.content import minimum

EXPLAINED = {
    "features": "shares of the features",
    "shares": "shares of the events",
    "removal": "effect of removing an event",
}
"""Type of explanation → its name."""
MEASURED = {
    "deletion": "score falls when what counts is taken away first",
    "insertion": "score rises when what counts is put back first",
    "stability_seed": "the same again with other chance",
    "stability_resample": "the same again with part of the history",
    "agreement": "in the same order as the other way",
    "same_first": "the same first as the other way",
    "sparsity": "how many carry most of it",
}
"""Measure → what it asks, in plain words."""
ACROSS = ("diversity", "novelty", "coverage", "tail_share")
GIVES = {
    "calibration": "miscalibration",
    "popularity_penalty": "novelty",
    "epsilon": "coverage",
    "temperature": "coverage",
    "min_new": "novelty",
    "floor": "tail_share",
}
"""Dial → what it is turned for; any other is drawn against the first of ``ACROSS`` measured."""


def told_inside(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the section says; None where the run kept nothing of it.

    Returns
    -------
    dict
        ``groups`` and ``features`` (rows of the importance), ``fidelity`` (type, its verdict and
        rows), ``retrievers``, ``dials`` (name, rows and a chart each), ``few`` (what is not told
        since it describes too few people), ``tried`` (people behind the fidelity, where they
        are few) and ``charts``, each empty where there is nothing.
    """
    from markupsafe import Markup

    from workbench.report.charts import frontier_chart, svg
    from workbench.report.inside_charts import importance_chart, retrievers_chart

    rows = {name: content.get(name) or [] for name in ("importance", "fidelity", "retrievers")}
    dials: dict[str, list[dict[str, Any]]] = {}
    for row in content.get("frontier") or []:
        dials.setdefault(row["dial"], []).append(row)
    few = list(content.get("few") or [])
    if not (any(rows.values()) or dials or few):
        return None
    charts: dict[str, Any] = {}
    if rows["importance"]:
        charts["groups"] = Markup(svg(importance_chart(_frame(rows["importance"]))))
    if rows["retrievers"]:
        charts["retrievers"] = Markup(svg(retrievers_chart(_frame(rows["retrievers"]), "recall")))
    for dial, points in dials.items():
        measured = {row["metric"] for row in points if row["mean"] is not None}
        wanted = (GIVES.get(dial, ""), *ACROSS)
        across = next((metric for metric in wanted if metric in measured), None)
        if across is not None and "ndcg" in measured:
            drawn = frontier_chart(_frame(points), across, label="nDCG, mean over people")
            charts[f"dial {dial}"] = Markup(svg(drawn))
    return {
        "groups": [row for row in rows["importance"] if row["feature"] is None],
        "features": [row for row in rows["importance"] if row["feature"] is not None],
        "fidelity": _by_type(rows["fidelity"]),
        "retrievers": rows["retrievers"],
        "dials": [_dial(dial, points) for dial, points in dials.items()],
        "few": few,
        "tried": _tried(rows["fidelity"], minimum(content.get("audit"))),
        "charts": charts,
    }


def _tried(rows: list[dict[str, Any]], least: int) -> int | None:
    """On how many people explanations were tried, where that is fewer than all else has."""
    fewest = min((row["n"] for row in rows), default=least)
    return fewest if fewest < least else None


def _by_type(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of each type of explanation together, with its verdict and words."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        words = MEASURED.get(row["measure"], row["measure"].replace("_", " "))
        found.setdefault(row["type"], []).append({**row, "words": words})
    return [
        {"name": EXPLAINED.get(kind, kind), "verdict": of[0].get("verdict"), "rows": of}
        for kind, of in found.items()
    ]


def _dial(name: str, points: list[dict[str, Any]]) -> dict[str, Any]:
    """A dial as a table: one row per value, one column per metric."""
    metrics = list(dict.fromkeys(row["metric"] for row in points))
    values: dict[float, dict[str, Any]] = {}
    for row in points:
        values.setdefault(row["value"], {})[row["metric"]] = row
    return {
        "name": name,
        "metrics": metrics,
        "rows": [{"value": value, "cells": [of.get(m) for m in metrics]} for value, of in
                 values.items()],
    }  # fmt: skip


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None)
