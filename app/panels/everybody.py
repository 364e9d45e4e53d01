"""What a policy would do to everybody: the nearest points that the run has measured."""

from __future__ import annotations

import polars as pl
import streamlit as st

from app.cache import World
from app.state import PolicyChoice
from app.words import dial_name, metric_name, metric_words, number
from workbench.columns import GENRES, MEAN, METRIC, VALUE, N

DIAL, CAP = "dial", "cap"
MANY = ":material/groups:"


def show(world: World, choice: PolicyChoice) -> None:
    """One table per dial that is on."""
    if not choice:
        return
    st.subheader("What it would do to everybody")
    frontier = world.run.frontier
    if not frontier.height:
        st.info(
            "This run did not measure policies on everybody. A run made with a newer version "
            "does; the screen “For many” measures any policy now.",
            icon=MANY,
        )
        return
    turned = dict(choice.dials)
    if GENRES in dict(choice.cap):
        turned[CAP] = float(dict(choice.cap)[GENRES])
    measured = set(frontier[DIAL])
    for dial, value in turned.items():
        if dial in measured:
            _dial(frontier.filter(pl.col(DIAL) == dial), dial, value)
    rest = [dial_name(dial) for dial in turned if dial not in measured]
    rest += [
        words
        for words, there in (
            ("pins", choice.pin),
            ("lifted titles", choice.boost),
            ("hidden titles", choice.exclude),
            ("limits of other kinds", [c for c, _ in choice.cap if c != GENRES]),
        )
        if there
    ]
    if rest:
        st.caption(
            f"Not measured beforehand: {', '.join(rest)}. “For many” measures any policy on "
            "everybody or on a group."
        )


def _dial(points: pl.DataFrame, dial: str, value: float) -> None:
    near = around(points[VALUE].to_list(), value)
    of_genres = f"At most {value:g} of one genre"
    st.markdown(f"**{of_genres}**" if dial == CAP else f"**{dial_name(dial)}** at {value:g}")
    columns = {
        METRIC: st.column_config.TextColumn("Measure", width="medium"),
        "off": st.column_config.TextColumn("Off", help="Mean over people, without the policy."),
    }
    for point in near:
        columns[f"at {point:g}"] = st.column_config.TextColumn(
            f"At {point:g}", help="Mean over people, at this value."
        )
        columns[f"change at {point:g}"] = st.column_config.TextColumn(
            f"Change at {point:g}",
            help="At this value less off, for the same people, with its 95 % interval. An "
            "interval that holds 0 may be chance.",
        )
    st.dataframe(
        figures(points, near),
        hide_index=True,
        height="content",
        placeholder="–",
        column_config=columns,
        alt=f"What {dial_name(dial)} does to every measure, off and at the points measured.",
        key=f"everybody:{dial}",
    )
    st.caption(
        ("Measured at this value" if near == [value] else "Measured at the nearest values")
        + f", with this dial alone, on {points[N].max():,} people.",
        help="\n\n".join(
            f"{metric_name(m)}: {metric_words(m)}" for m in points[METRIC].unique().sort()
        ),
    )


def around(values: list[float], value: float) -> list[float]:
    """The measured values next to one: itself, or the one below and the one above; never 0."""
    known = sorted({v for v in values if v > 0})
    if value in known:
        return [value]
    return [v for v in known if v < value][-1:] + [v for v in known if v > value][:1]


def figures(points: pl.DataFrame, near: list[float]) -> pl.DataFrame:
    """One row per measure: off, and at each of some values the mean and the paired change."""
    found = points.select(METRIC).unique(maintain_order=True)
    for value in (0.0, *near):
        rows = points.filter(pl.col(VALUE) == value)
        named = {"off" if value == 0 else f"at {value:g}": [number(m) for m in rows[MEAN]]}
        if value:
            named[f"change at {value:g}"] = [
                _change(*gap) for gap in rows.select(pl.col("^difference.*$")).iter_rows()
            ]
        cells = rows.select(METRIC).with_columns(
            pl.Series(name, texts, dtype=pl.String) for name, texts in named.items()
        )
        found = found.join(cells, on=METRIC, how="left", maintain_order="left")
    return found.with_columns(pl.col(METRIC).map_elements(metric_name, return_dtype=pl.String))


def _change(gap: float | None, low: float | None, high: float | None) -> str:
    if gap is None:
        return "–"
    told = [
        f"{round(one, 3) + 0.0:+.3f}".replace("-", "−")
        for one in (gap, low, high)
        if one is not None
    ]
    return told[0] if len(told) < 3 else f"{told[0]} ({told[1]} to {told[2]})"
