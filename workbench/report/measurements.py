"""Decisions, flipped attributes, slices, feedback and mending, as a report tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

EVERYBODY = "everybody"
UNITS = {"entropy": "bits", "distance": "0 to 1", "gini": "0 to 1", "coverage": "share of items"}
"""Measure of a simulation → what its axis counts."""


def told_alike(content: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Attribute → in what people are alike, and the row of each group and metric among those."""
    told: dict[str, dict[str, Any]] = {}
    for row in (content.get("audit") or {}).get("controlled") or []:
        of = told.setdefault(row["attribute"], {"control": row["control"], "rows": {}})
        if not row["suppressed"]:
            of["rows"][f"{row['group']}\n{row['metric']}"] = row
    return told


def told_decisions(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """The rates of decisions as tables: one per attribute, a row per group, a column per metric.

    Returns
    -------
    dict or None
        ``metrics``, and ``attributes``: ``name``, ``chart``, ``rows`` (``group, n, suppressed,
        note, cells``) and ``parities``.
    """
    from markupsafe import Markup

    from workbench.report.charts import svg
    from workbench.report.measurement_charts import decisions_chart

    found = content.get("decisions")
    if not found:
        return None
    rows, metrics = found["groups"], list(dict.fromkeys(r["metric"] for r in found["groups"]))
    attributes = dict.fromkeys(r["attribute"] for r in rows)
    frame = _frame(rows)
    told = []
    for name in attributes:
        groups: dict[str, dict[str, Any]] = {}
        for row in rows:
            if row["attribute"] == name:
                groups.setdefault(row["group"], {})[row["metric"]] = row
        shown = any(not row["suppressed"] for of in groups.values() for row in of.values())
        drawn = shown and name != EVERYBODY
        told.append(
            {
                "name": name,
                "chart": Markup(svg(decisions_chart(frame, name))) if drawn else None,
                "rows": [_group(group, of, metrics) for group, of in groups.items()],
                "parities": [r for r in found["parities"] if r["attribute"] == name],
            }
        )
    return {"metrics": metrics, "attributes": told}


def _group(name: str, of: Mapping[str, Any], metrics: list[str]) -> dict[str, Any]:
    """A row of the table; suppressed where nothing of the group is shown."""
    first = next(iter(of.values()))
    return {
        "group": name,
        "n": of[metrics[0]]["n"] if metrics[0] in of else None,
        "suppressed": all(row["suppressed"] for row in of.values()),
        "note": first.get("note"),
        "cells": [of.get(metric) for metric in metrics],
    }


def told_feedback(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The simulation, measure by measure: a chart, first and last round, and what came of it.

    Returns
    -------
    list of dict
        ``measure, definition, first, last, chart``; ``rows``, one per setting, of everybody; and
        ``groups``, one per group, of the first setting.
    """
    from markupsafe import Markup

    from workbench.report.charts import svg
    from workbench.report.measurement_charts import feedback_chart

    rows = content.get("feedback") or []
    words = (content.get("simulation") or {}).get("definitions") or {}
    told = []
    for measure in dict.fromkeys(r["measure"] for r in rows):
        mine = [r for r in rows if r["measure"] == measure]
        first, last = min(r["round"] for r in mine), max(r["round"] for r in mine)
        ends: dict[tuple[Any, ...], dict[int, Any]] = {}
        for row in mine:
            key = row["setting"], row.get("attribute") or row["group"], row["group"]
            ends.setdefault(key, {})[row["round"]] = row
        lines = [
            {"setting": s, "attribute": a, "group": g, "first": of.get(first), "last": of.get(last)}
            for (s, a, g), of in ends.items()
        ]
        whole = [r for r in mine if r["group"] in (None, EVERYBODY) and r["value"] is not None]
        name = ", ".join(w for w in (measure.replace("_", " "), UNITS.get(measure)) if w)
        told.append(
            {
                "measure": measure,
                "definition": words.get(measure),
                "first": first,
                "last": last,
                "chart": Markup(svg(feedback_chart(_frame(whole), name))) if whole else None,
                "rows": [line for line in lines if line["group"] in (None, EVERYBODY)],
                "groups": [
                    line
                    for line in lines
                    if line["group"] not in (None, EVERYBODY)
                    and line["setting"] == mine[0]["setting"]
                ],
            }
        )
    return told


def told_mitigation(content: Mapping[str, Any]) -> dict[str, Any] | None:
    """What could mend it: what was found in words, a chart, and the points.

    Returns
    -------
    dict or None
        ``goal``, ``found``, ``worth``, ``definition``, ``chart``, ``rows``.
    """
    from markupsafe import Markup

    from workbench.audit.mitigation_words import found, worth
    from workbench.report.charts import svg
    from workbench.report.comparison_charts import mitigation_chart

    rows = content.get("mitigation") or []
    if not rows or "goal" not in rows[0]:
        return None
    goal = rows[0]["goal"]
    chart = mitigation_chart(_frame(rows), goal, f"disparity of {goal}")
    return {
        "goal": goal,
        "found": found(rows),
        "worth": worth(rows),
        "definition": rows[0]["definition"],
        "chart": Markup(svg(chart)),
        "rows": rows,
    }


def charts(content: Mapping[str, Any]) -> dict[str, Any]:
    """Charts of flipped attributes and of slices, where there are any."""
    from markupsafe import Markup

    from workbench.report.charts import svg
    from workbench.report.measurement_charts import flip_chart, slices_chart

    found = {}
    flip = (content.get("audit") or {}).get("flip") or []
    if any(row["changed"] for row in flip):  # zeros alone are no picture
        found["flip"] = Markup(svg(flip_chart(_frame(flip))))
    if slices := content.get("slices"):
        found["slices"] = Markup(svg(slices_chart(_frame(slices))))
    return found


def _frame(rows: Any) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None)
