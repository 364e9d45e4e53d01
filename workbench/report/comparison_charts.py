"""Charts of comparisons: figures side by side, two readings of one history, ways to mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from workbench.columns import HIGH, LOW, N
from workbench.report.charts import (
    BLUE,
    DASHES,
    GREY,
    ORANGE,
    SERIES,
    SHAPES,
    STEP,
    WIDTH,
    dots,
    line,
    short,
    styled,
    titled,
)

SHARE, REMOVAL = "share of the score", "effect of removal"
AS_IT_IS = "none"
"""Name of the method of the first point of a frontier: nothing is done."""


def intervals_chart(
    frame: pl.DataFrame,
    name: str,
    value: str,
    label: str,
    title: str,
    about: Sequence[str],
    rule: float | None = None,
) -> Any:
    """A figure of each row with its interval, in the order of the frame.

    Parameters
    ----------
    frame : polars.DataFrame
        ``name``, ``value``, ``low, high, n``: of ``wb.compare``, ``wb.summarise``, ``ablation``
        and others. Where there is no interval the dot stands alone; a row without a value is not
        drawn.
    name, value : str
        Its columns.
    label : str
        Title of the axis, with the unit.
    title : str
    about : sequence of str
        What it was measured on; below the title, smaller.
    rule : float, optional
        Where to draw a dashed line to compare with: 0 for differences, 1 for ratios.
    """
    rows = frame.drop_nulls(value).select(
        pl.col(name).cast(pl.String), value, pl.col(LOW, HIGH).fill_null(pl.col(value)), N
    )
    rows = short(rows, name)
    lines = [] if rule is None else [line({value: rule})]
    chart = dots(rows, name, value, label, rows[name].to_list(), lines)
    return styled(titled(chart, title, list(about)))


def effects_chart(
    events: pl.DataFrame, name: str, title: str, about: Sequence[str], most: int = 12
) -> Any:
    """What each event of a history is worth to a score: its share, and what removing it does.

    Parameters
    ----------
    events : polars.DataFrame
        ``wb.explain(...).events`` with a column ``name``. Its order is kept.
    name : str
        What the events are called, e.g. "title".
    title : str
    about : sequence of str
    most : int
        Rows that are drawn: those with the largest share or effect.
    """
    size = pl.max_horizontal(pl.col("share").abs(), pl.col("removal").abs())
    kept = size.rank("ordinal", descending=True) <= most
    rows = short(events.filter(kept).select(name, "share", "removal"), name)
    order = rows[name].to_list()
    base = alt.Chart()
    y = alt.Y(f"{name}:N", sort=order, title=None, axis=alt.Axis(labelLimit=300, ticks=False))
    scale = alt.Scale(domain=[SHARE, REMOVAL], range=[BLUE, ORANGE])
    legend = alt.Legend(title=None, orient="top")

    def layer(kind: str) -> Any:
        return base.transform_calculate(kind=f"'{kind}'").encode(
            y=y, color=alt.Color("kind:N", scale=scale, legend=legend)
        )

    def x(field: str) -> Any:
        label = "how much of the score hangs on it (log-odds)"
        return alt.X(f"{field}:Q", title=label, axis=alt.Axis(tickCount=6))

    zero = base.mark_rule(color=GREY).encode(x=alt.datum(0.0))
    chart = alt.layer(
        zero,
        layer(SHARE).mark_bar(height=12).encode(x=x("share")),
        layer(REMOVAL)
        .mark_point(shape="diamond", size=70, filled=True, opacity=1)
        .encode(x=x("removal")),
        data=alt.Data(values=rows.to_dicts()),
        width=WIDTH,
        height=alt.Step(STEP),
    )
    return styled(titled(chart, title, list(about)))


def mitigation_chart(
    frontier: pl.DataFrame, disparity: str, label: str, title: str = "", about: Sequence[str] = ()
) -> Any:
    """What each way to mend gives and costs: a line per method, a dot per strength.

    Parameters
    ----------
    frontier : polars.DataFrame
        ``wb.mitigate(...).frontier``; its first row is the engine as it is.
    disparity : str
        "people" or "items".
    label : str
        Title of the axis across: what the disparity is of.
    title : str
        Without it the chart has none, where a page has words around it.
    about : sequence of str
    """
    ways = frontier.filter(pl.col("method") != AS_IT_IS)
    names = ways["method"].unique(maintain_order=True).to_list()[: len(SERIES)]
    first = frontier.head(1)
    # Each line begins where nothing is done.
    rows = pl.concat(
        [
            pl.concat([first.with_columns(method=pl.lit(name)), ways.filter(method=name)])
            for name in names
        ]
    ).select("method", "strength", "ndcg", "ndcg_low", "ndcg_high", pl.col(disparity).alias("gap"))
    legend = alt.Legend(title=None, orient="top", columns=2, symbolSize=80)
    kinds = {
        "color": alt.Scale(domain=names, range=SERIES[: len(names)]),
        "strokeDash": alt.Scale(domain=names, range=DASHES[: len(names)]),
        "shape": alt.Scale(domain=names, range=SHAPES[: len(names)]),
    }
    colour = alt.Color("method:N", scale=kinds["color"], legend=legend)
    dash = alt.StrokeDash("method:N", scale=kinds["strokeDash"], legend=legend)
    shape = alt.Shape("method:N", scale=kinds["shape"], legend=legend)
    scale = alt.Scale(zero=False, nice=True, padding=12)
    up = "nDCG@10, mean over people"
    base = alt.Chart()
    x = alt.X("gap:Q", title=label, scale=scale, axis=alt.Axis(tickCount=6))
    y, low = (
        alt.Y(f"{c}:Q", title=up, scale=scale, axis=alt.Axis(tickCount=6))
        for c in ("ndcg", "ndcg_low")
    )
    chart = alt.layer(
        base.mark_rule(strokeWidth=2, opacity=0.35).encode(
            x=x, y=low, y2="ndcg_high:Q", color=colour
        ),
        base.mark_line(strokeWidth=1.5).encode(
            x=x, y=y, color=colour, strokeDash=dash, order="strength:Q"
        ),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            x=x, y=y, color=colour, shape=shape
        ),
        data=alt.Data(values=rows.to_dicts()),
        width=WIDTH,
        height=300,
    )
    return styled(titled(chart, title, list(about)) if title else chart)
