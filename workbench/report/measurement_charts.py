"""Charts of the audit's further measurements: decisions, flipped attributes, slices, feedback."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from workbench.columns import ATTRIBUTE, GROUP, HIGH, LOW, METRIC, VALUE
from workbench.report.charts import (
    BLUE,
    DASHES,
    LONGEST,
    SERIES,
    SHAPES,
    STEP,
    WIDTH,
    dots,
    line,
    short,
    styled,
)

RATES = {
    "selection_rate": "selected",
    "true_positive_rate": "found, of what was relevant",
    "false_positive_rate": "selected, of what was not",
}
"""Rate of a decision → what it is, as over a panel."""
MOST_SLICES = 12


def decisions_chart(groups: pl.DataFrame, attribute: str) -> Any:
    """Selection, true and false positive rate of each group, side by side, with intervals.

    Parameters
    ----------
    groups : polars.DataFrame
        Of ``audit.decision_groups.decisions_frame``. Suppressed groups are not drawn.
    attribute : str
    """
    rows = groups.filter((pl.col(ATTRIBUTE) == attribute) & ~pl.col("suppressed"))
    order = short(rows.unique(GROUP, maintain_order=True), GROUP)[GROUP].to_list()
    panels = []
    for metric, words in RATES.items():
        mine = short(rows.filter(pl.col(METRIC) == metric), GROUP)
        ends = mine.select(GROUP, VALUE, LOW, HIGH).to_dicts()
        first = not panels
        axis = alt.Axis(labels=first, ticks=False, labelLimit=300)
        y = alt.Y(f"{GROUP}:N", sort=order, title=None, axis=axis, scale=alt.Scale(domain=order))
        scale, ticks = (
            alt.Scale(zero=False, padding=8),
            alt.Axis(tickCount=3, format="%", labelOverlap="greedy", labelFontSize=11),
        )
        base = alt.Chart(alt.Data(values=ends))
        x, low = (alt.X(f"{c}:Q", title=words, scale=scale, axis=ticks) for c in (VALUE, LOW))
        rule = base.mark_rule(strokeWidth=2.5, color=BLUE, opacity=0.55)
        point = base.mark_point(filled=True, size=60, color=BLUE, opacity=1)
        layers = alt.layer(rule.encode(y=y, x=low, x2=f"{HIGH}:Q"), point.encode(y=y, x=x))
        panels.append(layers.properties(width=(WIDTH - 70) // 3, height=alt.Step(STEP)))
    return styled(alt.hconcat(*panels, spacing=14))


def flip_chart(flip: pl.DataFrame) -> Any:
    """Share of people whose list changes where only one attribute is another."""
    rows = short(flip.select(ATTRIBUTE, "changed", LOW, HIGH, "n"), ATTRIBUTE)
    label = "share of people whose list changes"
    return styled(dots(rows, ATTRIBUTE, "changed", label, rows[ATTRIBUTE].to_list()))


def slices_chart(slices: pl.DataFrame, label: str = "nDCG, mean over people") -> Any:
    """Mean of each slice that was found, worst first, on people who did not help to find it."""
    rows = slices.select("slice", VALUE, LOW, HIGH, "n", "rest").head(MOST_SLICES)
    rows = short(rows, "slice")
    rest = rows["rest"].drop_nulls()
    lines = [line({VALUE: float(rest.mean())})] if len(rest) else []  # type: ignore[arg-type]
    return styled(dots(rows, "slice", VALUE, label, rows["slice"].to_list(), lines))


def feedback_chart(rows: pl.DataFrame, label: str) -> Any:
    """One measure of a simulation by round, a line for each setting, with intervals.

    Parameters
    ----------
    rows : polars.DataFrame
        ``setting, round, value, low, high`` of one measure and one group.
    label : str
        Title of the axis, with the unit.
    """
    settings = rows["setting"].unique(maintain_order=True).to_list()[: len(SERIES)]
    rows = rows.filter(pl.col("setting").is_in(settings)).sort("round", maintain_order=True)
    names = [name if len(name) <= LONGEST else name[:LONGEST] + "…" for name in settings]
    rows = short(rows.select("setting", "round", VALUE, LOW, HIGH), "setting", unique=False)
    legend = alt.Legend(title=None, orient="top", columns=3, symbolSize=80)
    kinds = {
        "color": alt.Scale(domain=names, range=SERIES[: len(names)]),
        "strokeDash": alt.Scale(domain=names, range=DASHES[: len(names)]),
        "shape": alt.Scale(domain=names, range=SHAPES[: len(names)]),
    }
    colour = alt.Color("setting:N", scale=kinds["color"], legend=legend)
    dash = alt.StrokeDash("setting:N", scale=kinds["strokeDash"], legend=legend)
    shape = alt.Shape("setting:N", scale=kinds["shape"], legend=legend)
    x = alt.X("round:O", title="round", axis=alt.Axis(labelAngle=0))
    scale = alt.Scale(zero=False, nice=True, padding=8)
    y, low = (
        alt.Y(f"{c}:Q", title=label, scale=scale, axis=alt.Axis(tickCount=6)) for c in (VALUE, LOW)
    )
    base = alt.Chart()
    return styled(
        alt.layer(
            base.mark_rule(strokeWidth=2, opacity=0.4).encode(
                x=x, y=low, y2=f"{HIGH}:Q", color=colour
            ),
            base.mark_line(strokeWidth=1.5).encode(x=x, y=y, color=colour, strokeDash=dash),
            base.mark_point(filled=True, size=50, opacity=1).encode(
                x=x, y=y, color=colour, shape=shape
            ),
            data=alt.Data(values=rows.to_dicts()),
            width=WIDTH,
            height=240,
        )
    )
