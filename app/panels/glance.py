"""A log at a glance: lengths of histories, spread of attention, ratings, time."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from app.cache import World
from app.words import counted
from workbench.columns import ITEM, USER
from workbench.data import overview

STEP = {"1h": "hour", "1d": "day", "1w": "week", "1mo": "month", "1y": "year"}


def show(world: World) -> None:
    """Four charts, each with its axes and how many it is about."""
    found = _frames(world.key, world)
    if not found["n"]:
        st.info("There is no event in this log.")
        return
    left, right = st.columns(2, gap="large")
    with left:
        _histories(found)
        _values(found)
    with right:
        _attention(found)
        _time(found)


@st.cache_data(show_spinner=False, max_entries=4)
def _frames(key: str, _world: World) -> dict[str, Any]:
    events = overview.all_events(_world.split)
    times, step = overview.over_time(events)
    return {
        "n": events.height,
        "people": events[USER].n_unique(),
        "items": events[ITEM].n_unique(),
        "histories": overview.histories(events),
        "attention": overview.attention(events),
        "values": overview.value_counts(events),
        "times": times,
        "step": step,
    }


def _histories(found: dict[str, Any]) -> None:
    st.subheader("How much is known of each person")
    frame, n = found["histories"], counted(found["people"], "person", "people")
    _bars(frame, "length", "people", "events in the history", f"people (n = {n})")
    short = frame.filter(pl.col("length").is_in(["1", "2 to 3", "4 to 7"]))["people"].sum()
    st.caption(
        f"Each bar is twice as wide as the one before. {short:,} of {n} have fewer than 8 events: "
        "of them the engine knows little."
    )


def _attention(found: dict[str, Any]) -> None:
    st.subheader("How attention is spread")
    frame, n = found["attention"], counted(found["items"], "item")
    tenth = frame.filter(pl.col("items") == 0.1)["events"][0]
    spec = {
        "layer": [
            {
                "mark": {"type": "line", "point": True, "strokeWidth": 2.5, "color": _ink()[0]},
                "encoding": {
                    "x": _number("items", f"share of the items, most popular first (n = {n})"),
                    "y": _number("events", "share of all events"),
                },
            },
            {
                "data": {"values": [{"items": 0, "events": 0}, {"items": 1, "events": 1}]},
                "mark": {"type": "line", "strokeDash": [4, 4], "color": _ink()[1]},
                "encoding": {
                    "x": {"field": "items", "type": "quantitative"},
                    "y": {"field": "events", "type": "quantitative"},
                },
            },
        ]
    }
    _draw(frame, spec, "Share of all events that go to the most popular items.")
    st.caption(
        f"The most popular tenth of the items has {tenth:.0%} of all events. The dashed line "
        "would be the same attention for all."
    )


def _values(found: dict[str, Any]) -> None:
    st.subheader("What was given")
    frame = found["values"]
    if frame.height == 0:
        st.info("This log has no ratings or amounts: an event says that it happened.")
        return
    n = int(frame["n"].sum())
    _bars(frame, "value", "n", "rating or amount", f"events (n = {n:,})")
    if n < found["n"]:
        st.caption(f"{found['n'] - n:,} of {found['n']:,} events have none.")


def _time(found: dict[str, Any]) -> None:
    st.subheader("When it happened")
    frame = found["times"]
    if frame.height == 0:
        st.info("This log has no moments: what came before what is not known.")
        return
    n = int(frame["n"].sum())
    spec = {
        "mark": {"type": "line", "point": frame.height < 60, "strokeWidth": 2, "color": _ink()[0]},
        "encoding": {
            "x": {"field": "moment", "type": "temporal", "title": "moment (UTC)", "axis": _axis()},
            "y": {
                "field": "n", "type": "quantitative", "axis": _axis(),
                "title": f"events in a {STEP[found['step']]} (n = {n:,})",
            },
        },
    }  # fmt: skip
    _draw(frame, spec, "Events over time.")


def _bars(frame: pl.DataFrame, name: str, number: str, x: str, y: str) -> None:
    spec = {
        "mark": {"type": "bar", "color": _ink()[0], "cornerRadiusEnd": 3},
        "encoding": {
            "x": {
                "field": name, "type": "nominal", "sort": None, "title": x,
                "axis": {**_axis(), "labelAngle": -40 if frame.height > 6 else 0},
            },
            "y": {"field": number, "type": "quantitative", "title": y, "axis": _axis()},
            "tooltip": [
                {"field": name, "type": "nominal", "title": x},
                {"field": number, "type": "quantitative", "title": "how many", "format": ","},
            ],
        },
    }  # fmt: skip
    _draw(frame, spec, f"Bars: {y} by {x}.")


def _draw(frame: pl.DataFrame, spec: dict[str, Any], alt: str) -> None:
    st.vega_lite_chart(
        frame,
        {**spec, "height": 240, "usermeta": {"embedOptions": {"actions": False}}},
        alt=alt,
    )


def _number(field: str, title: str) -> dict[str, Any]:
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "axis": {**_axis(), "format": ".0%", "tickCount": 5},
    }


def _axis() -> dict[str, Any]:
    ink = "#C7D0DC" if st.context.theme.type == "dark" else "#3C4553"
    return {
        "labelFontSize": 12, "titleFontSize": 13, "titleFontWeight": "normal",
        "labelColor": ink, "titleColor": ink,
    }  # fmt: skip


def _ink() -> tuple[str, str]:
    dark = st.context.theme.type == "dark"
    return ("#7DB8EE", "#9AA5B4") if dark else ("#0A5C9E", "#5A6270")
