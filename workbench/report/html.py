"""The report as one HTML file: a pure function of its content; it fetches nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from workbench.audit.people import TOO_FEW, WITHHELD
from workbench.audit.verdict import CANNOT_TELL, FAIL, PASS
from workbench.report import measurements
from workbench.report.content import assemble, minimum, plain, sections
from workbench.report.inside import told_inside

ORDER = {FAIL: 0, CANNOT_TELL: 1, PASS: 2}
LABELS = {
    "ndcg": "nDCG",
    "hit_rate": "hit rate",
    "recall": "recall",
    "precision": "precision",
    "mrr": "MRR",
    "map": "MAP",
}
TITLES = {
    "summary": "Summary",
    "data": "Data sheet",
    "card": "Model card",
    "models": "How well it works",
    "people": "For whom it works",
    "decisions": "Relevance as a decision",
    "items": "Who gets shown",
    "leakage": "What lists give away",
    "slices": "Slices nobody named",
    "feedback": "Where it may lead",
    "mitigation": "What could mend it, and the cost",
    "inside": "What the engine looks at",
    "examples": "Examples, explained",
    "limits": "What this cannot say",
    "changes": "What changed since the last report",
    "check": "Check it yourself",
    "checklist": "For an auditor’s checklist",
}
"""Section → its heading."""
LONGEST = 300
"""Characters of a text from data that are shown."""


def write_report(folder: str | Path, run: Any) -> tuple[Path, Path]:
    """Write ``report.html`` and ``report.json`` into a folder.

    Parameters
    ----------
    folder : path
    run : object or mapping
        What ``assemble`` reads, or what it returned.

    Returns
    -------
    tuple of Path
        The HTML and the JSON.
    """
    content = plain(run) if isinstance(run, Mapping) else assemble(run)
    folder = Path(folder)
    text = render(content)
    html, data = folder / "report.html", folder / "report.json"
    data.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False), "utf-8")
    html.write_text(text, "utf-8")
    return html, data


def render(content: Mapping[str, Any]) -> str:
    """The HTML of a report; the same text for the same content."""
    from jinja2 import Environment, FunctionLoader
    from markupsafe import Markup

    here = files("workbench.report")
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        loader=FunctionLoader(lambda name: here.joinpath(name).read_text("utf-8")),
    )
    environment.filters.update(
        num=number,
        pct=percent,
        count=count,
        p=p_value,
        span=span,
        label=label,
        signed=signed,
        change=change,
        moment=moment,
        told=told,
        share=share,
        sentence=sentence,
        parameters=parameters,
    )
    page = environment.get_template("report.html.j2").render(
        c=content,
        style=Markup(here.joinpath("report.css").read_text("utf-8")),
        charts=_charts(content) | measurements.charts(content),
        titles=TITLES,
        there=sections(content),
        alike=measurements.told_alike(content),
        decided=measurements.told_decisions(content),
        feedback=measurements.told_feedback(content),
        mitigation=measurements.told_mitigation(content),
        v=_verdicts(content),
        k=((content.get("audit") or {}).get("settings") or {}).get("k", 10),
        main=_main(content),
        withheld=WITHHELD,
        sources=_sources((content.get("data") or {}).get("provenance")),
        ties=_ties(content.get("tie_orders")),
        cold=_cold(content.get("cold_start")),
        inside=told_inside(content),
        minimum=minimum(content.get("audit")),
    )
    # Addresses in provenance stay readable, but nothing in the file is an address.
    return re.sub(r"(?i)\b(?:https?|ftp)://", "", page)


def _shown(value: Any) -> Any:
    """What is not known is a dash; over-long text is cut, so that no cell breaks the page."""
    if _unknown(value):
        return "–"
    if type(value) is str and len(value) > LONGEST:
        return value[:LONGEST] + "…"
    return value


def _unknown(value: Any) -> bool:
    """Null, or not in the content at all."""
    from jinja2 import Undefined

    return value is None or isinstance(value, Undefined)


def number(value: Any, digits: int = 3) -> str:
    return "–" if _unknown(value) else f"{value:.{digits}f}".replace("-", "−")


def signed(value: Any, digits: int = 3) -> str:
    return "–" if _unknown(value) else f"{value:+.{digits}f}".replace("-", "−")


def change(value: Any, digits: int = 1) -> str:
    return "–" if _unknown(value) else f"{100 * value:+.{digits}f} %".replace("-", "−")


def percent(value: Any, digits: int = 1) -> str:
    return "–" if _unknown(value) else f"{100 * value:.{digits}f} %".replace("-", "−")


def count(value: Any) -> str:
    return "–" if _unknown(value) else f"{value:,.0f}"


def p_value(value: Any) -> str:
    if _unknown(value):
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def span(row: Mapping[str, Any], prefix: str = "", digits: int = 3) -> str:
    """The interval of a figure: "0.175 to 0.203"."""
    low, high = row.get(f"{prefix}low"), row.get(f"{prefix}high")
    if low is None or high is None:
        return "–"
    return f"{number(low, digits)} to {number(high, digits)}"


def share(row: Mapping[str, Any]) -> str:
    """The interval of a share: "1.2 % to 3.4 %"."""
    low, high = row.get("low"), row.get("high")
    return "–" if low is None or high is None else f"{percent(low)} to {percent(high)}"


def moment(text: str) -> str:
    """A moment as people write it; what is none stays as it is."""
    try:
        when = datetime.fromisoformat(text)
        return f"{when.day} {when:%B %Y, %H:%M %Z}".strip()
    except (TypeError, ValueError):
        return text


def label(metric: str) -> str:
    return LABELS.get(metric, metric.replace("_", " "))


def told(value: Any) -> str:
    """A value of any depth in words: "rows: 3, columns: (user_id: customer)"."""
    if isinstance(value, Mapping):
        return ", ".join(f"{str(k).replace('_', ' ')}: {_inner(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_inner(v) for v in value) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return count(value)
    return str(_shown(value))


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def parameters(policy: str) -> str:
    """What a policy does, as it is kept: JSON of what is not neutral."""
    return told(json.loads(policy) or "nothing")


def _inner(value: Any) -> str:
    return f"({told(value)})" if isinstance(value, Mapping) else told(value)


def _sources(provenance: Any) -> list[dict[str, Any]]:
    """Where data came from, in parts (train and test of a given split; else one): facts, tables."""
    if not isinstance(provenance, Mapping) or not provenance:
        return []
    parts = {"": provenance}
    if all(isinstance(p, Mapping) and "source" in p for p in provenance.values()):
        parts = dict(provenance)
    return [
        {
            "name": name,
            "facts": {k: v for k, v in part.items() if not _is_table(v)},
            "tables": [_table(k, v) for k, v in part.items() if _is_table(v)],
        }
        for name, part in parts.items()
    ]


def _is_table(value: Any) -> bool:
    """Things with facts each: {"interactions": {"rows": 3, ...}, ...}."""
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(isinstance(v, Mapping) for v in value.values())
    )


def _table(name: str, things: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    columns = list(dict.fromkeys(key for facts in things.values() for key in facts))
    return {
        "name": name,
        "columns": columns,
        "rows": [
            {"name": thing, "cells": [facts.get(column) for column in columns]}
            for thing, facts in things.items()
        ],
    }


def _ties(rows: Any) -> dict[str, Any] | None:
    """The span of a figure over several orders of the ties in time."""
    means = [row["mean"] for row in rows or [] if row.get("mean") is not None]
    if not means:
        return None
    first = rows[0]
    return {
        "model": first.get("model"),
        "metric": first.get("metric"),
        "low": min(means),
        "high": max(means),
        "n": len(means),
    }


def _cold(rows: Any) -> dict[str, Any] | None:
    """The cold-start curve as a table: one row per model, one column per length."""
    rows = rows or []
    if not rows:
        return None
    lengths = sorted({row["history"] for row in rows if row["history"] is not None})
    models: dict[str, dict[int | None, Any]] = {}
    for row in rows:
        models.setdefault(row["model"], {})[row["history"]] = row
    full = {name: (cells.get(None) or {}).get("mean") or 0.0 for name, cells in models.items()}
    order = sorted(models, key=lambda name: (-full[name], name))
    return {
        "lengths": [*lengths, None],
        "rows": [{"model": name, "cells": models[name]} for name in order],
        "metric": rows[0]["metric"],
        "n": rows[0]["n"],
        "asked": next((r["definition"] for r in rows if r["history"] is None), "").split("; ")[-1],
    }


DRAWN = 6
"""Lines that a chart can hold."""
ALWAYS = ("content", "popularity")
"""Models that are drawn wherever they were measured: what there is without a history."""


def _drawn_models(cold: Mapping[str, Any], audited: str | None) -> list[str]:
    """What is audited, the best of the others, and what answers without a history."""
    names = [row["model"] for row in cold["rows"]]
    always = [name for name in ALWAYS if name in names]
    first = [name for name in names if name == audited]
    best = [name for name in names if name not in (*first, *always)]
    return [*first, *best[: DRAWN - len(first) - len(always)], *always]


def _main(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The leaderboard as a table: one row per model, the most asked-for metrics side by side."""
    rows = content.get("leaderboard") or []
    metrics = list(dict.fromkeys(r["metric"] for r in rows))
    first = [m for m in ("ndcg", "hit_rate", "recall", "novelty", "diversity") if m in metrics]
    first = first or metrics[:5]
    models: dict[str, dict[str, Any]] = {}
    for row in rows:
        models.setdefault(row["model"], {})[row["metric"]] = row
    lead = first[0] if first else None
    order = sorted(models, key=lambda m: (-((models[m].get(lead) or {}).get("mean") or -1e9), m))
    return [{"model": m, "cells": [(f, models[m].get(f)) for f in first]} for m in order]


def _verdicts(content: Mapping[str, Any]) -> dict[str, Any]:
    rows = (content.get("audit") or {}).get("verdicts") or []
    hidden = (TOO_FEW, WITHHELD)
    small = [r for r in rows if r["value"] is None and str(r["reason"]).startswith(hidden)]
    told = sorted((r for r in rows if r not in small), key=lambda r: ORDER[r["verdict"]])
    counts = {v: sum(r["verdict"] == v for r in told) for v in (FAIL, CANNOT_TELL, PASS)}
    return {"rows": told, "small": len(small), "counts": counts}


def _charts(content: Mapping[str, Any]) -> dict[str, Any]:
    from markupsafe import Markup

    from workbench.report.charts import (
        cold_start_chart,
        exposure_chart,
        groups_chart,
        leaderboard_chart,
        leakage_chart,
        svg,
    )

    def drawn(chart: Any) -> Markup:
        return Markup(svg(chart))

    found: dict[str, Any] = {"leaderboard": None, "groups": {}, "exposure": {}, "leakage": None}
    rows = _frame(content.get("leaderboard"))
    if rows.height:
        metrics = rows["metric"].unique().to_list()
        metric = "ndcg" if "ndcg" in metrics else sorted(metrics)[0]
        found["leaderboard"] = drawn(leaderboard_chart(rows, metric, f"{label(metric)}, mean"))
    if cold := _cold(content.get("cold_start")):
        curve = _frame(content["cold_start"])
        drawn_models = _drawn_models(cold, content.get("audited"))
        words = f"{label(cold['metric'])}, mean over people"
        found["cold_start"] = drawn(cold_start_chart(curve, drawn_models, words))
    audit = content.get("audit")
    if not audit:
        return found
    people, items = _frame(audit["people"]), _frame(audit["items"])
    metric = audit["settings"]["metrics"][0]
    for group in audit["groups"]:
        name = group["attribute"]
        shown = people.filter((pl.col("attribute") == name) & ~pl.col("suppressed"))
        if shown.height:
            found["groups"][name] = drawn(
                groups_chart(people, name, metric, f"{label(metric)}, mean over people")
            )
    for column in items["column"].unique(maintain_order=True) if items.height else []:
        found["exposure"][column] = drawn(exposure_chart(items, column))
    leakage = _frame(audit["leakage"])
    if leakage.height:
        found["leakage"] = drawn(leakage_chart(leakage))
    return found


def _frame(rows: Any) -> pl.DataFrame:
    return pl.DataFrame(rows or [], infer_schema_length=None)
