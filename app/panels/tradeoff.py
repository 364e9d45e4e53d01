"""Models against each other in two more ways: what accuracy costs, and how they begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import streamlit as st

from app.export import download
from app.words import metric_name, metric_words, model_words
from workbench.columns import HIGH, LOW, MEAN, METRIC, N
from workbench.evaluation.cold_start import SHOWN

MODEL = "model"
ACROSS = ("diversity", "novelty", "coverage", "gini", "miscalibration", "serendipity", "tail_share")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right",
          "triangle-left", "stroke")  # fmt: skip
"""Models differ by shape as well as by colour."""
LIGHT = ("#0A5C9E", "#B3530A", "#0A6B52", "#8A2B55", "#5E4594", "#5A4A42")
DARK = ("#7DB8EE", "#F0A35E", "#6FD6B6", "#F09CC0", "#B8A3F0", "#CDBDB3")
LABEL = 0.065
"""Height of a name in the scatter, as a share of the range of accuracy."""
ABOVE = 0.5
"""How far the middle of a name is above its place, in heights."""
MARGIN, BESIDE, LETTER, DOT = 24, 9, 7, 6
"""Pixels: around the points, from a point to its name, of a letter, half of a point."""
DRAWN = {"wide": (900, "width >= 500"), "narrow": (240, "width < 500")}
"""A drawing's pixels across, and when it is so: names are placed for both, and one is shown."""
TRIED = (0, -1, 1, -2, 2, -3, 3, -4, 4)
"""Heights of a name that it may be off its point, the nearest first."""
CONFIG = {"padding": {"bottom": 4}, "usermeta": {"embedOptions": {"actions": False}}}


def scatter(figures: pl.DataFrame) -> None:
    """Accuracy upwards, something else across; one mark per model, with its name."""
    st.header("What does accuracy cost?")
    there = set(figures[METRIC])
    across = [m for m in ACROSS if m in there and _known(figures, m)]
    if not across or "ndcg" not in there:
        st.info("This run measured nothing beside accuracy.", icon=":material/scatter_plot:")
        return
    metric = st.selectbox(
        "Against",
        across,
        format_func=metric_name,
        key="tradeoff",
        bind="query-params",
        filter_mode=None,
    )
    st.write(metric_words(metric))
    wide = _wide(figures, "ndcg", "y").join(_wide(figures, metric, "x"), on=MODEL)
    wide = wide.drop_nulls(["x", "y"])
    _draw_scatter(_with_labels(wide), metric_name(metric))
    st.caption(
        "One mark for each model, its name beside it. Lines: 95 % intervals over people, where "
        "there are any. The engine is in colour."
    )


def _known(figures: pl.DataFrame, metric: str) -> bool:
    return figures.filter(pl.col(METRIC) == metric)[MEAN].drop_nulls().len() > 0


def _wide(figures: pl.DataFrame, metric: str, name: str) -> pl.DataFrame:
    return figures.filter(pl.col(METRIC) == metric).select(
        MODEL,
        pl.col(MEAN).alias(name),
        pl.col(LOW).alias(f"{name}_low"),
        pl.col(HIGH).alias(f"{name}_high"),
    )


def _with_labels(wide: pl.DataFrame) -> pl.DataFrame:
    """Where each name stands, for each drawing: beside its point, where it touches no other."""
    wide = wide.sort("y", descending=True)
    for drawing, (pixels, _) in DRAWN.items():
        places = placed(wide.select(MODEL, "x", "y").rows(), pixels)
        wide = wide.with_columns(
            pl.Series(f"{drawing}_y", [y for y, _ in places], dtype=pl.Float64),
            pl.Series(f"{drawing}_left", [left for _, left in places], dtype=pl.Boolean),
        )
    return wide


def placed(points: Sequence[tuple[str, float, float]], pixels: int) -> list[tuple[float, bool]]:
    """A place for the name of each point: how high, and whether left of the point.

    Parameters
    ----------
    points : sequence of (name, x, y)
    pixels : int
        Of the drawing, across.
    """
    xs, ys = [x for _, x, _ in points], [y for _, _, y in points]
    pixel = ((max(xs, default=0.0) - min(xs, default=0.0)) or 1.0) / (pixels - 2 * MARGIN)
    line = ((max(ys, default=0.0) - min(ys, default=0.0)) or 1.0) * LABEL
    taken = [(x - DOT * pixel, x + DOT * pixel, y) for x, y in zip(xs, ys, strict=True)]
    found = []
    for name, x, y in points:
        near, far = BESIDE * pixel, (BESIDE + LETTER * len(name)) * pixel
        boxes = [
            (*sorted((x + side * near, x + side * far)), y + (step + ABOVE) * line)
            for step in TRIED
            for side in (1, -1)
            if min(xs) - MARGIN * pixel <= x + side * far <= max(xs) + MARGIN * pixel
        ] or [(x + near, x + far, y + ABOVE * line)]
        box = next((one for one in boxes if not _touches(one, taken, line)), boxes[0])
        taken.append(box)
        found.append((box[2] - ABOVE * line, box[1] < x))
    return found


def _touches(
    box: tuple[float, float, float], others: list[tuple[float, float, float]], line: float
) -> bool:
    left, right, middle = box
    return any(
        left < end and start < right and abs(middle - at) < 0.99 * line for start, end, at in others
    )


def _draw_scatter(wide: pl.DataFrame, across: str) -> None:
    dark = st.context.theme.type == "dark"
    ink = "#C7D0DC" if dark else "#3C4553"
    main, other = ("#7DB8EE", "#9AA5B4") if dark else ("#0A5C9E", "#5A6270")
    colour = {"condition": {"test": "datum.model === 'engine'", "value": main}, "value": other}
    y_name = metric_name("ndcg")
    ground = "#12161C" if dark else "#FFFFFF"  # names stay readable on the lines behind them
    halo = {"color": ground, "stroke": ground, "strokeWidth": 3, "strokeJoin": "round"}

    def place(field: str, title: str) -> dict[str, Any]:
        return {
            "field": field,
            "type": "quantitative",
            "scale": {"zero": False, "padding": MARGIN},
            "axis": {**_axis(ink), "title": title},
        }

    x, y = place("x", across), place("y", y_name)
    wide = wide.with_columns(pl.Series("about", [model_words(m) for m in wide[MODEL]]))
    tip = [
        {"field": MODEL, "type": "nominal", "title": "model"},
        {"field": "about", "type": "nominal", "title": "what it is"},
    ]
    tip += [
        {"field": field, "type": "quantitative", "title": title, "format": ".4f"}
        for field, title in (("y", y_name), ("x", across))
    ]
    rule = {"type": "rule", "strokeWidth": 2, "opacity": 0.45}
    st.vega_lite_chart(
        wide,
        {
            **CONFIG,
            "height": 340,
            "layer": [
                {"mark": rule, "encoding": {"x": x, "y": {**y, "field": "y_low"},
                                            "y2": {"field": "y_high"}, "color": colour}},
                {"mark": rule, "encoding": {"x": {**x, "field": "x_low"},
                                            "x2": {"field": "x_high"}, "y": y, "color": colour}},
                {"mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                 "encoding": {"x": x, "y": y, "color": colour, "tooltip": tip}},
                *({"mark": {"type": "text", "dx": dx, "dy": -9, "align": align, "fontSize": 12,
                            **paint},
                   "transform": [{"filter": f"{when} && datum.{drawing}_left === {left}"}],
                   "encoding": {"x": x, "y": {**y, "field": f"{drawing}_y"},
                                "text": {"field": MODEL, "type": "nominal"}}}
                  for paint in (halo, {"color": ink})
                  for drawing, (_, when) in DRAWN.items()
                  for left, dx, align in (("false", BESIDE, "left"), ("true", -BESIDE, "right"))),
            ],
        },
        alt=f"Each model by {across} and {y_name}; the numbers are in the table of the "
        "leaderboard.",
    )  # fmt: skip


def cold_start(curve: pl.DataFrame) -> None:
    """How well each model does when it sees only the end of each history."""
    st.header("How much must they know of somebody?")
    if curve.height == 0:
        st.info(
            "In this run too few people have a history that part of it could be hidden.",
            icon=":material/ac_unit:",
        )
        return
    metric = curve[METRIC][0]
    n = max(curve[N].to_list())
    st.write(
        f"Each model was shown only the last events of each history, as if the person had done no "
        f"more: {metric_name(metric)} over the same {n:,} people at every length."
    )
    lengths = curve[SHOWN].unique(maintain_order=True).to_list()
    order = [*sorted(length for length in lengths if length is not None), None]
    labels = {length: "all" if length is None else f"{length:,}" for length in order}
    drawn = curve.filter(pl.col(METRIC) == metric).with_columns(
        pl.Series("shown", [labels[v] for v in curve.filter(pl.col(METRIC) == metric)[SHOWN]])
    )
    models = drawn[MODEL].unique(maintain_order=True).to_list()
    usual = list(dict.fromkeys(m for m in ("engine", "popularity", *models) if m in models))[:4]
    chosen = st.multiselect(
        "Models of the curve", models, usual, key="cold_models", bind="query-params"
    )
    if chosen:
        shown = [labels[length] for length in order if labels[length] in set(drawn["shown"])]
        _draw_curve(drawn.filter(pl.col(MODEL).is_in(chosen)), chosen, shown, metric_name(metric))
        st.caption("Points: the mean over people. Lines up and down: 95 % intervals.")
    download("Download the curve (CSV)", curve, "cold-start.csv", "cold-csv")


def _draw_curve(frame: pl.DataFrame, models: list[str], order: list[str], name: str) -> None:
    dark = st.context.theme.type == "dark"
    ink = "#C7D0DC" if dark else "#3C4553"
    inks = DARK if dark else LIGHT
    colour = {
        "field": MODEL,
        "type": "nominal",
        "scale": {"domain": models, "range": [inks[i % len(inks)] for i in range(len(models))]},
        "legend": {"title": None, "orient": "top", "labelColor": ink, "labelFontSize": 13,
                   "columns": {"expr": "width < 500 ? 3 : 6"}},
    }  # fmt: skip
    shape = {
        "field": MODEL,
        "type": "nominal",
        "scale": {"domain": models, "range": [SHAPES[i % len(SHAPES)] for i in range(len(models))]},
        "legend": colour["legend"],
    }
    x = {"field": "shown", "type": "ordinal", "sort": order,
         "axis": {**_axis(ink), "title": "events shown to the model", "labelAngle": 0}}  # fmt: skip
    y = {"field": MEAN, "type": "quantitative", "axis": {**_axis(ink), "title": name}}
    side = {"field": MODEL, "type": "nominal", "sort": models}
    tip = [
        {"field": MODEL, "type": "nominal", "title": "model"},
        {"field": "shown", "type": "ordinal", "title": "events shown"},
        *(
            {"field": field, "type": "quantitative", "title": title, "format": ".4f"}
            for field, title in ((MEAN, "mean"), (LOW, "from"), (HIGH, "to"))
        ),
    ]
    st.vega_lite_chart(
        frame.select(MODEL, "shown", MEAN, LOW, HIGH),
        {
            **CONFIG,
            "height": 400,
            "encoding": {"x": x, "xOffset": side, "color": colour},
            "layer": [
                {"mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.5},
                 "encoding": {"y": {**y, "field": LOW}, "y2": {"field": HIGH}}},
                {"mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                 "encoding": {"y": y, "shape": shape, "tooltip": tip}},
            ],
        },
        alt=f"{name} of each model by how many events it was shown; the numbers are in the file.",
    )  # fmt: skip


def _axis(ink: str) -> dict[str, Any]:
    return {"grid": True, "tickCount": 6, "labelFontSize": 12, "titleFontSize": 13,
            "labelColor": ink, "titleColor": ink}  # fmt: skip
