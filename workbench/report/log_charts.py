"""Charts of a log: lengths of histories, spread of attention, values, time, ways to cut it."""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl

from workbench.columns import MEAN, N
from workbench.report.charts import (
    BLUE,
    GREY,
    SERIES,
    SHAPES,
    STEP,
    WIDTH,
    short,
    styled,
    titled,
)

HEIGHT = 220
STEPS = {"1h": "hour", "1d": "day", "1w": "week", "1mo": "month", "1y": "year"}


def histories_chart(frame: pl.DataFrame, source: str) -> Any:
    """How many people have how many events.

    Parameters
    ----------
    frame : polars.DataFrame
        From ``overview.histories``.
    source : str
        What it was counted in, for the line under the title.
    """
    about = [source, f"{frame['people'].sum():,} people; each bar is twice as wide as the last"]
    chart = _bars(frame, "length", "people", "events in the history", "people")
    return styled(titled(chart, "How much is known of each person", about))


def values_chart(frame: pl.DataFrame, source: str, unit: str = "value") -> Any:
    """How often each value was given.

    Parameters
    ----------
    frame : polars.DataFrame
        From ``overview.value_counts``.
    source : str
    unit : str
        What a value is, for the axis.
    """
    chart = _bars(frame, "value", N, unit, "events")
    return styled(
        titled(chart, "What was given", [source, f"events with a value: {frame[N].sum():,}"])
    )


def attention_chart(frame: pl.DataFrame, source: str) -> Any:
    """Which share of the events goes to which share of the items; dashed: the same for all.

    Parameters
    ----------
    frame : polars.DataFrame
        From ``overview.attention``.
    source : str
    """
    axis = alt.Axis(format="%", tickCount=5)
    x = alt.X("items:Q", title="share of the items, most popular first", axis=axis)
    y = alt.Y("events:Q", title="share of all events", axis=axis)
    even = alt.Chart(alt.Data(values=[{"items": e, "events": e} for e in (0.0, 1.0)]))
    chart = alt.layer(
        even.mark_line(color=GREY, strokeDash=[4, 3]).encode(x=x, y=y),
        alt.Chart(alt.Data(values=frame.to_dicts()))
        .mark_line(color=BLUE, strokeWidth=2.5, point={"color": BLUE, "size": 40})
        .encode(x=x, y=y),
        width=WIDTH,
        height=HEIGHT,
    )
    about = [source, "dashed: what it would be, were all items met alike"]
    return styled(titled(chart, "How attention is spread", about))


def times_chart(frame: pl.DataFrame, step: str, source: str) -> Any:
    """How many events there were when.

    Parameters
    ----------
    frame : polars.DataFrame
        From ``overview.over_time``, with its ``step``.
    step : str
    source : str
    """
    rows = frame.with_columns(pl.col("moment").dt.to_string("%Y-%m-%dT%H:%M:%SZ"))
    about = [source, "time in UTC; the first and the last step may not be whole"]
    chart = (
        alt.Chart(alt.Data(values=rows.to_dicts()))
        .mark_line(color=BLUE, strokeWidth=2, point={"color": BLUE, "size": 30})
        .encode(
            x=alt.X(
                "moment:T",
                title="time (UTC)",
                axis=alt.Axis(format="%b %Y", tickCount=8),
                scale=alt.Scale(type="utc"),
            ),
            y=alt.Y(f"{N}:Q", title=f"events in a {STEPS[step]}", axis=alt.Axis(tickCount=5)),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    return styled(titled(chart, "When people came", about))


def ties_chart(frame: pl.DataFrame, label: str, source: str) -> Any:
    """The same models on cuts that differ in nothing but the order of ties in time.

    Parameters
    ----------
    frame : polars.DataFrame
        ``model, order, mean``; several rows may share an ``order``, in words, e.g. "by hash".
        Models are in the order of their highest mean.
    label : str
        Title of the axis, with the unit.
    source : str
    """
    orders = frame["order"].unique(maintain_order=True).to_list()[: len(SERIES)]
    rows = short(frame.select("model", "order", MEAN), "model", unique=False)
    highest = rows.group_by("model").agg(pl.col(MEAN).max()).sort(MEAN, "model", descending=True)
    colours = alt.Scale(domain=orders, range=SERIES[: len(orders)])
    shapes = alt.Scale(domain=orders, range=SHAPES[: len(orders)])
    legend = alt.Legend(title=None, orient="top", symbolSize=80)
    chart = (
        alt.Chart(alt.Data(values=rows.to_dicts()))
        .mark_point(filled=True, size=70, opacity=0.8)
        .encode(
            x=alt.X(f"{MEAN}:Q", title=label, scale=alt.Scale(zero=False, nice=True, padding=12)),
            y=alt.Y("model:N", sort=highest["model"].to_list(), title=None),
            color=alt.Color("order:N", scale=colours, legend=legend),
            shape=alt.Shape("order:N", scale=shapes, legend=legend),
        )
        .properties(width=WIDTH, height=alt.Step(STEP))
    )
    about = [source, "each mark: the log cut, the model fitted and asked once"]
    return styled(titled(chart, "What the order of ties does to a leaderboard", about))


def _bars(frame: pl.DataFrame, name: str, number: str, x: str, y: str) -> Any:
    order = frame[name].to_list()
    axis = alt.Axis(labelAngle=0 if len(order) <= 8 else -40)
    return (
        alt.Chart(alt.Data(values=frame.select(name, number).to_dicts()))
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X(f"{name}:N", sort=order, title=x, axis=axis),
            y=alt.Y(f"{number}:Q", title=y, axis=alt.Axis(tickCount=5)),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
