"""Charts: a frame in, an Altair chart out; the same ones for notebook, app and report."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

import altair as alt
import polars as pl

from workbench.columns import ATTRIBUTE, GROUP, HIGH, LOW, MEAN, METRIC, VALUE, N

BLUE, ORANGE = "#0072B2", "#E69F00"
"""Of Okabe and Ito's palette: told apart with every kind of colour vision, and in grey."""
SERIES = (BLUE, ORANGE, "#009E73", "#CC79A7", "#56B4E9", "#5a5a5a")
"""Of the same palette; lines of a chart are told apart by their dashes and marks, too."""
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3])
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
INK, GREY, LINE = "#1f2328", "#6b7280", "#d9dce1"
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
"""Faces of one width everywhere, so that text fits where the renderer measured it."""
WIDTH, STEP = 520, 26
LONGEST = 28
"""Characters of a name on an axis."""
MODEL = "model"
SHOWN, LIKED, THERE = "attention given", "what people liked", "catalogue"


def leaderboard_chart(frame: pl.DataFrame, metric: str = "ndcg", label: str = "nDCG@10") -> Any:
    """Mean of each model with its interval, best first.

    Parameters
    ----------
    frame : polars.DataFrame
        ``model, metric, mean, low, high, n``.
    metric : str
    label : str
        Title of the axis, with the unit.
    """
    rows = frame.filter(pl.col(METRIC) == metric).sort(MEAN, MODEL, descending=[True, False])
    rows = short(rows.select(MODEL, MEAN, LOW, HIGH, N), MODEL)
    return styled(dots(rows, MODEL, MEAN, label, rows[MODEL].to_list()))


def cold_start_chart(curve: pl.DataFrame, models: list[str], label: str = "nDCG@10") -> Any:
    """Mean of each model by how much of each history it was shown, with intervals.

    Parameters
    ----------
    curve : polars.DataFrame
        ``model, history, metric, mean, low, high, n`` of one metric; a ``history`` of null is all
        of it.
    models : list of str
        Those to draw, at most six, in the order of the legend.
    label : str
        Title of the axis, with the unit.
    """
    lengths = sorted(curve["history"].drop_nulls().unique().to_list())
    shown = pl.col("history").cast(pl.String).fill_null("all").alias("shown")
    order = [str(n) for n in lengths] + ["all"]
    title = "events of each history that the model was shown"
    return styled(curves(curve.with_columns(shown), "shown", order, models, title, label))


def curves(
    curve: pl.DataFrame, place: str, order: list[str], models: list[str], title: str, label: str
) -> Any:
    """Mean of each model at each place of an axis, with intervals, side by side.

    Parameters
    ----------
    curve : polars.DataFrame
        ``model``, the place in words, ``mean, low, high, n`` of one metric.
    place : str
        Its column.
    order : list of str
        The places from left to right.
    models : list of str
        Those to draw, at most six, in the order of the legend.
    title, label : str
        Of the axes, across and up, with the units.
    """
    rows = curve.filter(pl.col(MODEL).is_in(models[: len(SERIES)]))
    rows = short(rows.select(MODEL, place, MEAN, LOW, HIGH, N), MODEL, unique=False)
    names = [n if len(n) <= LONGEST else n[:LONGEST] + "…" for n in models[: len(SERIES)]]
    legend = alt.Legend(title=None, orient="top", columns=3, symbolSize=80)
    kinds = {
        "color": alt.Scale(domain=names, range=SERIES[: len(names)]),
        "strokeDash": alt.Scale(domain=names, range=DASHES[: len(names)]),
        "shape": alt.Scale(domain=names, range=SHAPES[: len(names)]),
    }
    colour = alt.Color(f"{MODEL}:N", scale=kinds["color"], legend=legend)
    base = alt.Chart()
    x = alt.X(
        f"{place}:O",
        sort=order,
        title=title,
        axis=alt.Axis(labelAngle=0),
        scale=alt.Scale(padding=0.4),
    )
    aside = alt.XOffset(f"{MODEL}:N", sort=names)
    y = alt.Y(f"{MEAN}:Q", title=label, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6))
    dash = alt.StrokeDash(f"{MODEL}:N", scale=kinds["strokeDash"], legend=legend)
    shape = alt.Shape(f"{MODEL}:N", scale=kinds["shape"], legend=legend)
    return alt.layer(
        base.mark_line(strokeWidth=1.5, opacity=0.6).encode(
            x=x, xOffset=aside, y=y, color=colour, strokeDash=dash
        ),
        base.mark_rule(strokeWidth=2, opacity=0.55).encode(
            x=x, xOffset=aside, y=alt.Y(f"{LOW}:Q", title=label), y2=f"{HIGH}:Q", color=colour
        ),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            x=x,
            xOffset=aside,
            y=y,
            color=colour,
            shape=shape,
            tooltip=[
                alt.Tooltip(f"{MODEL}:N"),
                alt.Tooltip(f"{place}:O"),
                *(alt.Tooltip(f"{c}:Q", format=".4f") for c in (MEAN, LOW, HIGH)),
                alt.Tooltip(f"{N}:Q", format=","),
            ],
        ),
        data=alt.Data(values=rows.to_dicts()),
        width=WIDTH,
        height=260,
    )


def groups_chart(people: pl.DataFrame, attribute: str, metric: str, label: str) -> Any:
    """Mean of each group with its interval; the line is everybody.

    Parameters
    ----------
    people : polars.DataFrame
        From ``wb.audit(...).people``. Suppressed groups are not drawn.
    attribute, metric : str
    label : str
        Title of the axis, with the unit.
    """
    rows = people.filter((pl.col(METRIC) == metric) & ~pl.col("suppressed"))
    everybody = rows.filter(pl.col(ATTRIBUTE) == "everybody").select(VALUE)
    rows = rows.filter(pl.col(ATTRIBUTE) == attribute).select(GROUP, VALUE, LOW, HIGH, N)
    rows = short(rows, GROUP)
    lines = [line({VALUE: everybody[VALUE][0]})] if everybody.height else []
    return styled(dots(rows, GROUP, VALUE, label, rows[GROUP].to_list(), lines))


def leakage_chart(leakage: pl.DataFrame) -> Any:
    """How well each attribute can be guessed, from what; the line is pure chance."""
    rows = leakage.filter(pl.col("source").is_in(["slates", "histories", "features"])).with_columns(
        (pl.col(ATTRIBUTE) + ", from " + pl.col("source")).alias("asked")
    )
    rows = short(rows.select("asked", "auc", LOW, HIGH, N), "asked")
    label = "area under the ROC curve (0.5 is chance)"
    return styled(dots(rows, "asked", "auc", label, rows["asked"].to_list(), [line({"auc": 0.5})]))


def exposure_chart(items: pl.DataFrame, column: str) -> Any:
    """Attention given to each kind of item, against what people liked and the catalogue.

    Parameters
    ----------
    items : polars.DataFrame
        From ``wb.audit(...).items``.
    column : str
        "popularity", "genres", ...
    """
    rows = short(items.filter(pl.col("column") == column), GROUP)
    order = rows[GROUP].to_list()
    values = rows.select(GROUP, "exposure", "share_relevant", "share_catalogue").to_dicts()
    base, y = alt.Chart(), _axis_y(GROUP, order)
    scale = alt.Scale(domain=[SHOWN, LIKED, THERE], range=[BLUE, ORANGE, INK])

    def layer(name: str) -> Any:
        """The mark's own kind as a field, so that the three share one legend."""
        return base.transform_calculate(kind=f"'{name}'").encode(
            y=y, color=alt.Color("kind:N", scale=scale, legend=alt.Legend(title=None, orient="top"))
        )

    def x(field: str) -> Any:
        return alt.X(f"{field}:Q", title="share", axis=alt.Axis(format="%", tickCount=6))

    return styled(
        alt.layer(
            layer(SHOWN).mark_bar(height=13).encode(x=x("exposure")),
            layer(LIKED).mark_tick(thickness=4, size=20, opacity=1).encode(x=x("share_relevant")),
            layer(THERE)
            .mark_point(shape="diamond", size=50, filled=True, opacity=1)
            .encode(x=x("share_catalogue")),
            data=alt.Data(values=values),
            width=WIDTH,
            height=alt.Step(STEP),
        )
    )


def frontier_chart(frame: pl.DataFrame, against: str, metric: str = "ndcg", label: str = "") -> Any:
    """What a dial of a policy costs against what it gives: one dot per value, joined in order.

    Parameters
    ----------
    frame : polars.DataFrame
        From ``workbench.evaluation.frontier.frontier``.
    against, metric : str
        The metrics of the two axes, across and up; both of ``frame``.
    label : str
        Title of the axis upwards; by default the name of the metric.
    """
    across, up = (
        frame.filter(pl.col(METRIC) == name)
        .select(VALUE, pl.col(MEAN).alias(as_), pl.col(LOW, HIGH).name.suffix(f"_{as_}"))
        .with_columns(pl.col(f"{LOW}_{as_}", f"{HIGH}_{as_}").fill_null(pl.col(as_)))
        for name, as_ in ((against, "x"), (metric, "y"))
    )
    # Values that give almost the same share a dot, so they share its words.
    near = [pl.col("x").round(3), pl.col("y").round(3)]
    words = pl.col(VALUE).map_elements("{:g}".format, return_dtype=pl.String).str.join(", ")
    words = pl.when(pl.int_range(pl.len()).over(near) == 0).then(words.over(near))
    rows = across.join(up, on=VALUE, maintain_order="left").drop_nulls()
    rows = rows.with_row_index("order").with_columns(words.otherwise(pl.lit("")).alias("words"))
    scale = alt.Scale(zero=False, nice=True, padding=12)
    title = f"{against} (beside each dot: {frame['dial'][0]})"
    x = alt.X("x:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6))
    y = alt.Y("y:Q", title=label or metric, scale=scale, axis=alt.Axis(tickCount=6))
    base = alt.Chart().encode(x=x, y=y)
    rule = base.mark_rule(strokeWidth=2, color=BLUE, opacity=0.4)
    return styled(
        alt.layer(
            base.mark_line(color=LINE, strokeWidth=2).encode(order="order:O"),
            rule.encode(y=alt.Y("low_y:Q", title=label or metric, scale=scale), y2="high_y:Q"),
            rule.encode(x=alt.X("low_x:Q", title=title, scale=scale), x2="high_x:Q"),
            base.mark_point(filled=True, size=70, color=BLUE, opacity=1),
            base.mark_text(align="left", dx=8, dy=-8, color=INK, font=FONT).encode(text="words:N"),
            data=alt.Data(values=rows.to_dicts()),
            width=WIDTH,
            height=300,
        )
    )


def svg(chart: Any) -> str:
    """A chart as static SVG for inlining: no script, no address, the same text every time.

    Everything that comes from data is escaped by the renderer.
    """
    return _drawn(json.dumps(chart.to_dict(validate=False), sort_keys=True))


@lru_cache(maxsize=64)
def _drawn(spec: str) -> str:
    """Drawing takes most of the time of a report, and the same picture is asked for again."""
    import vl_convert

    return _inline(vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE))


_VEGA_LITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])


def _inline(text: str) -> str:
    """Without name spaces (HTML knows them) and without a fixed size, so that it fits its place."""
    head, body = text[: text.index(">") + 1], text[text.index(">") + 1 :]
    head = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", head)
    width = re.search(r'\swidth="([\d.]+)"', head)
    head = re.sub(r'\s(height|width|class|version)="[^"]*"', "", head)
    limit = f"max-width:{float(width.group(1)):.0f}px;" if width else ""
    # A reader without the font may have a wider one: what passes the edge stays whole.
    style = f'style="{limit}overflow:visible"'
    head = head.replace("<svg", f'<svg class="chart-svg" aria-hidden="true" {style}', 1)
    return head + body


def short(rows: pl.DataFrame, name: str, unique: bool = True) -> pl.DataFrame:
    """With names that fit an axis; those that start alike stay apart."""
    short: list[str] = []
    for text in rows[name].to_list():
        cut = text if len(text) <= LONGEST else text[:LONGEST] + "…"
        again = 1
        while unique and cut in short:
            again += 1
            cut = f"{text[:LONGEST]}… ({again})"
        short.append(cut)
    return rows.with_columns(pl.Series(name, short, dtype=pl.String))


def line(value: dict[str, float]) -> Any:
    """A dashed line to compare with."""
    (name,) = value
    return (
        alt.Chart(alt.Data(values=[value]))
        .mark_rule(color=GREY, strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x=f"{name}:Q")
    )


def dots(
    rows: pl.DataFrame, name: str, value: str, label: str, order: list[str], lines: Any = ()
) -> Any:
    """A dot and its interval for each row, over the lines."""
    base, y = alt.Chart(), _axis_y(name, order)
    scale, axis = alt.Scale(zero=False, nice=True, padding=12), alt.Axis(tickCount=6)
    return alt.layer(
        *lines,
        base.mark_rule(strokeWidth=2.5, color=BLUE, opacity=0.55).encode(
            x=alt.X(f"{LOW}:Q", title=label, scale=scale, axis=axis), x2=f"{HIGH}:Q", y=y
        ),
        base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(
            x=alt.X(f"{value}:Q", title=label, scale=scale, axis=axis),
            y=y,
            tooltip=[
                alt.Tooltip(f"{name}:N"),
                *(alt.Tooltip(f"{c}:Q", format=".4f") for c in (value, LOW, HIGH)),
                alt.Tooltip(f"{N}:Q", format=","),
            ],
        ),
        data=alt.Data(values=rows.to_dicts()),
        width=WIDTH,
        height=alt.Step(STEP),
    )


def _axis_y(name: str, order: list[str]) -> Any:
    return alt.Y(f"{name}:N", sort=order, title=None, axis=alt.Axis(labelLimit=300, ticks=False))


def titled(chart: Any, title: str, about: list[str]) -> Any:
    """A chart under its title, with what it was measured on in smaller letters."""
    return chart.properties(title=alt.TitleParams(title, subtitle=about))


def styled(chart: Any) -> Any:
    """A chart in the fonts and colours of the house."""
    return (
        chart.configure(
            font=FONT,
            background="transparent",
            # On the left there is room for a wider font than the renderer's.
            padding={"left": 30, "right": 16, "top": 4, "bottom": 4},
            aria=False,
        )
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK,
            titleColor=GREY,
            labelFontSize=13,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=10,
            gridColor=LINE,
            domain=False,
            labelPadding=8,
            labelFlush=False,
            tickColor=LINE,
        )
        .configure_axisY(grid=False)
        .configure_title(
            anchor="start",
            color=INK,
            subtitleColor=GREY,
            fontSize=14,
            subtitleFontSize=12,
            subtitlePadding=5,
            offset=14,
        )
        .configure_legend(
            labelColor=INK,
            labelFontSize=12,
            symbolType="square",
            symbolOpacity=1,
            columnPadding=28,
            offset=8,
        )
    )
