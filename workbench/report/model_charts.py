"""Charts of models beside each other: on less of a log, and for whom each does better."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from workbench.columns import GROUP, HIGH, LOW, N
from workbench.report.charts import (
    GREY,
    SERIES,
    SHAPES,
    WIDTH,
    curves,
    short,
    styled,
    titled,
)

MODEL = "model"
PLACE = 15
"""Height of one model's place within a group."""


def sparsity_chart(curve: pl.DataFrame, models: list[str], label: str, source: str) -> Any:
    """Mean of each model by how much of the log it learnt from, with intervals.

    Parameters
    ----------
    curve : polars.DataFrame
        ``model, learnt`` (share of the training events, 0 to 1), ``mean, low, high, n`` of one
        metric.
    models : list of str
        Those to draw, at most six, in the order of the legend.
    label : str
        Title of the axis upwards, with the unit.
    source : str
    """
    shares = sorted(curve["learnt"].unique().to_list())
    words = {share: f"{share:.0%}" for share in shares}
    rows = curve.with_columns(pl.col("learnt").replace_strict(words, return_dtype=pl.String))
    title = "share of the training events that the model learnt from"
    chart = curves(rows, "learnt", list(words.values()), models, title, label)
    about = [source, "lines: 95 % intervals over people; their own histories are whole"]
    return styled(titled(chart, "When less of the log is known", about))


def helped_chart(frame: pl.DataFrame, label: str, title: str, source: str) -> Any:
    """How much better or worse each model is for each group of people, with intervals.

    Parameters
    ----------
    frame : polars.DataFrame
        ``group, model, difference, low, high, n``: of ``wb.compare`` for each group in turn.
        Groups and models are drawn in the order of their rows; at most six models.
    label : str
        Title of the axis, with the unit and whom the models are compared with.
    title, source : str
    """
    models = frame[MODEL].unique(maintain_order=True).to_list()[: len(SERIES)]
    rows = frame.filter(pl.col(MODEL).is_in(models))
    rows = rows.with_columns(pl.format("{} ({})", GROUP, N).alias(GROUP))
    order = rows[GROUP].unique(maintain_order=True).to_list()
    rows = short(rows.select(GROUP, MODEL, "difference", LOW, HIGH), GROUP, unique=False)
    rows = short(rows, MODEL, unique=False)
    names = rows[MODEL].unique(maintain_order=True).to_list()
    legend = alt.Legend(title=None, orient="top", columns=3, symbolSize=80)
    colour = alt.Color(
        f"{MODEL}:N", scale=alt.Scale(domain=names, range=SERIES[: len(names)]), legend=legend
    )
    shape = alt.Shape(
        f"{MODEL}:N", scale=alt.Scale(domain=names, range=SHAPES[: len(names)]), legend=legend
    )
    base = alt.Chart(alt.Data(values=rows.to_dicts()))
    place = {
        "y": alt.Y(f"{GROUP}:N", sort=order, title=None, axis=alt.Axis(labelLimit=300)),
        "yOffset": alt.YOffset(f"{MODEL}:N", sort=names),
    }
    scale, axis = alt.Scale(nice=True, padding=8), alt.Axis(tickCount=6)
    even = alt.Chart(alt.Data(values=[{"difference": 0.0}]))
    chart = alt.layer(
        even.mark_rule(color=GREY, strokeDash=[4, 3], strokeWidth=1.5).encode(x="difference:Q"),
        base.mark_rule(strokeWidth=2, opacity=0.55).encode(
            x=alt.X(f"{LOW}:Q", title=label, scale=scale, axis=axis),
            x2=f"{HIGH}:Q",
            color=colour,
            **place,
        ),
        base.mark_point(filled=True, size=50, opacity=1).encode(
            x=alt.X("difference:Q", title=label, scale=scale, axis=axis),
            color=colour,
            shape=shape,
            **place,
        ),
        width=WIDTH,
        height=alt.Step(PLACE, **{"for": "offset"}) if len(names) > 1 else alt.Step(2 * PLACE),
    )
    about = [source, "in brackets: people; lines: 95 % intervals; right of the dashes: better"]
    return styled(titled(chart, title, about))
