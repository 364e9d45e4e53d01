"""Charts of a frame, drawn by Vega-Lite from a plain specification (a tenth of Altair's time)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import streamlit as st


def interval_chart(
    frame: pl.DataFrame,
    *,
    name: str,
    value: str,
    low: str,
    high: str,
    axis: str,
    alt: str,
    strong: str | None = None,
    rule: float | None = None,
    rows: Sequence[str] | None = None,
    about: Callable[[str], str] | None = None,
) -> None:
    """Points with intervals, one row per name, in the order of the frame.

    Parameters
    ----------
    frame : polars.DataFrame
    name, value, low, high : str
        Its columns.
    axis : str
        What the numbers are.
    alt : str
        What the chart shows, for those who do not see it.
    strong : str, optional
        The name to stress.
    rule : float, optional
        Where to draw a reference line.
    rows : sequence of str, optional
        Order of the names.
    about : function, optional
        What a name is, in plain words, for whoever points at it.
    """
    shown = frame.select(
        pl.col(name).cast(pl.String).alias("name"),
        pl.col(value).alias("value"),
        pl.col(low).alias("low"),
        pl.col(high).alias("high"),
    ).with_columns((pl.col("name") == (strong or "")).alias("strong"))
    dark = st.context.theme.type == "dark"
    ink = "#C7D0DC" if dark else "#3C4553"
    main, other = ("#7DB8EE", "#9AA5B4") if dark else ("#0A5C9E", "#5A6270")
    colour: dict[str, Any] = {"value": main}
    if strong is not None:
        colour = {"condition": {"test": "datum.strong", "value": main}, "value": other}
    y = {
        "field": "name",
        "type": "nominal",
        "sort": list(rows) if rows is not None else None,
        "title": None,
        "axis": {
            "labelLimit": 220,
            "labelFontSize": 13,
            "ticks": False,
            "domain": False,
            "labelColor": ink,
            "labelBound": False,
            "labelFlush": False,
        },
    }
    tip = [
        {"field": "name", "type": "nominal", "title": "who"},
        {"field": "value", "type": "quantitative", "title": axis, "format": ".4f"},
        {"field": "low", "type": "quantitative", "title": "from", "format": ".4f"},
        {"field": "high", "type": "quantitative", "title": "to", "format": ".4f"},
    ]
    if about is not None:
        told = [about(one) for one in shown["name"]]
        shown = shown.with_columns(pl.Series("about", told, dtype=pl.String))
        tip.insert(1, {"field": "about", "type": "nominal", "title": "what it is"})
    x_axis = {
        "title": axis,
        "grid": True,
        "tickCount": 6,
        "labelFontSize": 12,
        "titleFontSize": 13,
        "labelColor": ink,
        "titleColor": ink,
    }
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.55, "strokeCap": "round"},
            "encoding": {
                "x": {
                    "field": "low",
                    "type": "quantitative",
                    "scale": {"zero": False},
                    "axis": x_axis,
                },
                "x2": {"field": "high"},
                "y": y,
                "color": colour,
                "tooltip": tip,
            },
        },
        {
            "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
            "encoding": {
                "x": {"field": "value", "type": "quantitative"},
                "y": y,
                "color": colour,
                "tooltip": tip,
            },
        },
    ]
    if rule is not None:
        layers.insert(
            0,
            {
                "data": {"values": [{"at": rule}]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": other},
                "encoding": {"x": {"field": "at", "type": "quantitative"}},
            },
        )
    st.vega_lite_chart(
        shown,
        {
            "layer": layers,
            "height": {"step": 30},
            "padding": {"bottom": 4},
            "usermeta": {"embedOptions": {"actions": False}},
        },
        alt=alt,
    )
