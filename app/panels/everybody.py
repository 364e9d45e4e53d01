"""What a policy would do to everybody: the nearest points that the run has measured."""

from __future__ import annotations

import polars as pl
import streamlit as st

from app.cache import World
from app.state import PolicyChoice
from app.words import dial_name, interval, metric_name, metric_words, number
from workbench.columns import HIGH, LOW, MEAN, METRIC, VALUE, N

DIAL = "dial"
MANY = ":material/groups:"


def show(world: World, choice: PolicyChoice) -> None:
    """One table per dial that is on."""
    if not choice:
        return
    st.subheader("What it would do to everybody")
    frontier: pl.DataFrame | None = getattr(world.run, "frontier", None)
    if frontier is None or not frontier.height:
        st.info(
            "This run did not measure policies on everybody. A run made with a newer version "
            "does; the screen “What if for many” measures any policy now.",
            icon=MANY,
        )
        return
    measured = frontier[DIAL].unique().to_list()
    for dial, value in choice.dials.items():
        if dial in measured:
            _dial(frontier.filter(pl.col(DIAL) == dial), dial, value)
    rest = [dial_name(dial) for dial in choice.dials if dial not in measured]
    rest += [
        words
        for words, there in (
            ("pins", choice.pin),
            ("lifted titles", choice.boost),
            ("hidden titles", choice.exclude),
            ("limits of a kind", choice.cap),
        )
        if there
    ]
    if rest:
        st.caption(
            f"Not measured beforehand: {', '.join(rest)}. “What if for many” measures any policy "
            "on everybody or on a group."
        )


def _dial(points: pl.DataFrame, dial: str, value: float) -> None:
    near = around(points[VALUE].to_list(), value)
    exact = near == [value]
    st.markdown(f"**{dial_name(dial)}** at {value:.2f}")
    table = figures(points, near)
    columns = {
        METRIC: st.column_config.TextColumn("Measure", width="medium"),
        "off": st.column_config.TextColumn("Off", help="Mean over people, and its 95 % interval."),
    }
    columns |= {
        str(point): st.column_config.TextColumn(f"At {point:g}", help="Mean and 95 % interval.")
        for point in near
    }
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        column_config=columns,
        alt=f"What {dial_name(dial)} does to every measure, off and at the points measured.",
        key=f"everybody:{dial}",
    )
    n = points[N].max()
    st.caption(
        ("Measured at this value" if exact else "Measured at the nearest values")
        + f", with this dial alone, on {n:,} people. Where two intervals overlap widely the "
        "difference may be chance.",
        help="\n\n".join(
            f"{metric_name(m)}: {metric_words(m)}" for m in points[METRIC].unique().sort()
        ),
    )


def around(values: list[float], value: float) -> list[float]:
    """The measured values next to one: itself, or the one below and the one above; never 0."""
    known = sorted({v for v in values if v > 0})
    if value in known:
        return [value]
    below = [v for v in known if v < value][-1:]
    return below + [v for v in known if v > value][:1]


def figures(points: pl.DataFrame, near: list[float]) -> pl.DataFrame:
    """One row per measure: off, and at each of some values, as mean and interval."""
    found = points.select(METRIC).unique(maintain_order=True)
    for name, value in (("off", 0.0), *((str(v), v) for v in near)):
        cells = points.filter(pl.col(VALUE) == value)
        texts = [
            f"{number(mean)} ({interval(low, high)})" if low is not None else number(mean)
            for mean, low, high in cells.select(MEAN, LOW, HIGH).iter_rows()
        ]
        column = cells.select(METRIC, pl.Series(name, texts, dtype=pl.String))
        found = found.join(column, on=METRIC, how="left", maintain_order="left")
    return found.with_columns(pl.col(METRIC).map_elements(metric_name, return_dtype=pl.String))
