"""Pieces that the screens share. Titles and ids come from a log: here they become safe text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import polars as pl
import streamlit as st

from app.catalogue import Item

FORMULA = tuple("=+-@\t\r\n|%＝＋－＠")
"""What a spreadsheet may take for the start of a formula, full-width twins included."""


def html(*parts: str) -> None:
    """Show markup of ours. Every part must come from a function here that escapes its text."""
    dark = st.context.theme.type == "dark"
    st.html(f'<div class="{"wb-dark" if dark else "wb-light"}">{"".join(parts)}</div>')


def item_row(item: Item, *, rank: int | None = None, mark: str = "", gone: bool = False) -> str:
    """An item as a row: place, tile, title, year and genres, and a mark made by ``mark_of``."""
    place = "" if rank is None else f'<span class="wb-rank">{rank}</span>'
    about = f'<div class="wb-about">{escape(item.about)}</div>' if item.about else ""
    return (
        f'<div class="wb-row{" wb-gone" if gone else ""}">{place}'
        f'<span class="wb-tile wb-ink-{item.ink}" aria-hidden="true">{escape(item.year[:4])}</span>'
        f'<div class="wb-text"><div class="wb-title" dir="auto">{escape(item.title)}</div>'
        f"{about}</div>{mark}</div>"
    )


def mark_of(change: str, moved: int | None) -> str:
    """What happened to an item on the way from one list to the other, as a mark."""
    if change == "entered":
        return '<span class="wb-mark wb-entered">new</span>'
    if change == "left":
        return '<span class="wb-mark wb-left">left</span>'
    if change == "same" or not moved:
        return (
            '<span class="wb-mark wb-same"><span aria-hidden="true">=</span>'
            '<span class="wb-only-read">same place</span></span>'
        )
    kind, arrow, way = ("up", "▲", "up") if moved > 0 else ("down", "▼", "down")
    return (
        f'<span class="wb-mark wb-{kind}"><span aria-hidden="true">{arrow} {abs(moved)}</span>'
        f'<span class="wb-only-read">{way} {abs(moved)}</span></span>'
    )


def text(words: str, kind: str = "lede") -> str:
    """A paragraph of untrusted text."""
    return f'<p class="wb-{kind}" dir="auto">{escape(words)}</p>'


def bars(rows: Iterable[tuple[str, float]], digits: int = 2) -> str:
    """Named numbers as bars to the right (for) and to the left (against)."""
    rows = list(rows)
    widest = max((abs(number) for _, number in rows), default=0.0) or 1.0
    parts = []
    for name, number in rows:
        side = "for" if number >= 0 else "against"
        width = 50 * abs(number) / widest
        parts.append(
            f'<span class="wb-bar-name" dir="auto">{escape(name)}</span>'
            f'<span class="wb-bar-track" aria-hidden="true">'
            f'<span class="wb-bar wb-bar-{side}" style="width:{width:.1f}%"></span></span>'
            f'<span class="wb-bar-number">{number:+.{digits}f}</span>'
        )
    return f'<div class="wb-bars">{"".join(parts)}</div>'


def problem(heading: str, message: str = "") -> None:
    """Something went wrong: a heading of ours, and a message that may hold text of the log."""
    st.error(heading, icon=":material/error:")
    if message:
        st.text(message)


def no_run() -> None:
    """There is nothing to show yet: say what to type."""
    st.header("There is no run yet")
    st.write(
        "The app shows a finished run: an engine, what it was compared with, and its audit. "
        "Make one in a terminal, then reload this page."
    )
    st.code(
        "make run                # in the checkout\nworkbench run --help    # your own log",
        language="bash",
    )


def guarded_csv(frame: pl.DataFrame) -> bytes:
    """A frame as CSV that a spreadsheet cannot take for formulas. Numbers are left alone."""
    columns = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if dtype.is_nested():
            column = column.map_elements(_listed, return_dtype=pl.String)
            dtype = pl.String
        if dtype in (pl.String, pl.Categorical, pl.Enum):
            column = column.cast(pl.String)
            first = column.str.strip_chars_start(" ").str.slice(0, 1)
            column = pl.when(first.is_in(FORMULA)).then("'" + column).otherwise(column)
        columns.append(column.alias(name))
    plain = frame.select(columns)
    names = {n: f"'{n}" if n.lstrip(" ")[:1] in FORMULA else n for n in plain.columns}
    return plain.rename(names).write_csv().encode("utf-8-sig")


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in values)


def download(label: str, frame: pl.DataFrame, file_name: str, key: str) -> None:
    """A button for our own CSV; the one inside ``st.dataframe`` is off, it guards nothing."""
    st.download_button(
        label,
        lambda: guarded_csv(frame),
        file_name,
        "text/csv",
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )


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
    """
    shown = frame.select(
        pl.col(name).cast(pl.String).alias("name"),
        pl.col(value).alias("value"),
        pl.col(low).alias("low"),
        pl.col(high).alias("high"),
    ).with_columns((pl.col("name") == (strong or "")).alias("strong"))
    dark = st.context.theme.type == "dark"
    main, other = ("#7DB8EE", "#9AA5B4") if dark else ("#0A5C9E", "#5A6270")
    colour: dict[str, Any] = {"value": main}
    if strong is not None:
        colour = {"condition": {"test": "datum.strong", "value": main}, "value": other}
    y = {
        "field": "name",
        "type": "nominal",
        "sort": list(rows) if rows is not None else None,
        "title": None,
        "axis": {"labelLimit": 220, "labelFontSize": 13, "ticks": False, "domain": False},
    }
    tip = [
        {"field": "name", "type": "nominal", "title": "who"},
        {"field": "value", "type": "quantitative", "title": axis, "format": ".4f"},
        {"field": "low", "type": "quantitative", "title": "from", "format": ".4f"},
        {"field": "high", "type": "quantitative", "title": "to", "format": ".4f"},
    ]
    x_axis = {"title": axis, "grid": True, "tickCount": 6, "labelFontSize": 12, "titleFontSize": 13}
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
        {"layer": layers, "height": {"step": 30}, "usermeta": {"embedOptions": {"actions": False}}},
        alt=alt,
    )
