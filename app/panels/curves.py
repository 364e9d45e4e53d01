"""One feature: how its push goes with its value; and what features do together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import streamlit as st

from app import inside
from app.cache import World
from app.charts import interval_chart
from app.export import download
from app.widgets import html, problem, text
from workbench.columns import FEATURE, HIGH, LOW, SHARE, VALUE, N
from workbench.errors import WorkbenchError
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.explain.global_ import GlobalShares

PUSH, SET = "Its push on the score", "The score, where it is set"
MOST_POINTS = 500
PAIRS = "pairs_asked"


def feature(world: World, ids: list[Id], importance: pl.DataFrame, against: str) -> None:
    """A chosen feature: its push against its value, or the score where it is set."""
    features = importance.drop_nulls(FEATURE)
    meanings = dict(features.select(FEATURE, "meaning").iter_rows())
    with st.container(key="one_feature"):
        first, second = st.columns([3, 2], vertical_alignment="bottom")
    name = first.selectbox(
        "Feature", list(meanings), key="inside_feature", bind="query-params", filter_mode="fuzzy",
        format_func=lambda one: f"{meanings[one] or one} ({one})",
        help="The one that moves the scores most comes first.",
    )  # fmt: skip
    way = second.segmented_control(
        "Show", [PUSH, SET], default=PUSH, key="inside_way", bind="query-params"
    )
    found = inside.shares(world, ids, against)
    html(text(f"{name}: {meanings[name] or 'without a description'}.", "about-line"))
    try:
        (_set if way == SET else _push)(found, name)
    except WorkbenchError as error:
        problem("There is nothing to draw of this feature.", str(error))


def pairs(world: World, ids: list[Id]) -> None:
    """What two features do together; worked out when asked for."""
    st.write(
        "A feature may count for more where another is high. This is how much two features do "
        "together, beyond what each does alone."
    )
    if not st.session_state.get(PAIRS):
        st.button(
            f"Work it out for {inside.PAIRS} items of the lists", key="ask_pairs", type="primary",
            on_click=lambda: st.session_state.update({PAIRS: True}),
            help="It takes some seconds the first time.",
        )  # fmt: skip
        return
    frame = inside.interactions(world, ids).frame
    both = frame.filter(pl.col("first") != pl.col("second"))
    named = both.with_columns(pl.format("{} × {}", "first", "second").alias("both")).head(12)
    if not named.height or named["mean_abs"][0] == 0:
        st.info("No two features of this engine do anything together.")
        return
    with st.container(border=True):
        interval_chart(
            named, name="both", value="mean_abs", low=LOW, high=HIGH,
            axis="push of the two (log-odds)",
            alt="The pairs of features that do most together, with 95 percent intervals; the "
            "numbers are in the table below.",
            rows=named["both"].to_list(),
        )  # fmt: skip
        st.caption(
            f"{frame['n_pairs'][0]:,} items of the lists of {frame[N][0]:,} people, in log-odds. "
            "Line: 95 % interval. The first of many is likelier too high than too low."
        )
    number = st.column_config.NumberColumn
    st.dataframe(
        both.select("first", "second", "mean_abs", LOW, HIGH),
        hide_index=True,
        height=260,
        placeholder="–",
        column_config={
            "first": "Feature",
            "second": "and",
            "mean_abs": number("Together", format="%.4f"),
            LOW: number("from", format="%.4f"),
            HIGH: number("to", format="%.4f"),
        },
        alt="Pairs of features: what they do together, with interval.",
    )
    download("Download the pairs (CSV)", frame, "interactions.csv", "interactions-csv")


def _push(shares: GlobalShares, name: str) -> None:
    found = shares.dependence(name, n_boot=400)
    points = found.points.drop_nulls(VALUE)
    unknown = found.points.height - points.height
    if points.height == 0:
        st.info("Nothing that is shown has a value of this feature.")
        return
    points = points.gather_every(max(1, -(-points.height // MOST_POINTS)))
    curve = found.curve.drop_nulls(VALUE)
    _draw(
        _layers(curve, "mean_share", "push on the score (log-odds)", found.unit,
                points.select(VALUE, SHARE), SHARE, None),
        f"Push of {name} against its value: single items as dots, the mean as a line.",
    )  # fmt: skip
    st.caption(
        f"Each dot is one item of somebody's list; {found.points.height:,} items in all. Line: "
        "mean over people, with its 95 % interval. Above 0 it lifts the item, below it holds it "
        "back." + (f" Of {unknown:,} items the value is not known." if unknown else "")
    )
    html(text(f"Held against {found.background}.", "about-line"))


def _set(shares: GlobalShares, name: str) -> None:
    found = shares.partial_dependence(name, size=200, n_boot=400)
    kept = found.ice["pair"].unique(maintain_order=True)
    kept = kept.gather_every(max(1, -(-len(kept) // 40)))
    lines = found.ice.filter(pl.col("pair").is_in(kept.implode())).select("pair", VALUE, "score")
    _draw(
        _layers(found.curve, "mean", "score (log-odds)", found.unit, lines, "score",
                "pair"),
        f"Score where {name} is set: single items as thin lines, the mean as a thick one.",
    )  # fmt: skip
    st.caption(
        f"{found.curve['n_pairs'][0]:,} items of the lists of {found.curve[N][0]:,} people, each "
        "asked again with this feature set and all others as they are, even where the two could "
        "not go together. Bars: 95 % interval of the mean."
    )


def _draw(layers: list[dict[str, Any]], alt: str) -> None:
    with st.container(border=True):
        st.vega_lite_chart(
            {"layer": layers, "height": 320, "usermeta": {"embedOptions": {"actions": False}}},
            alt=alt,
        )


def _layers(
    curve: pl.DataFrame,
    mean: str,
    title: str,
    unit: str,
    singles: pl.DataFrame,
    single: str,
    detail: str | None,
) -> list[dict[str, Any]]:
    """Single values behind, the mean with its intervals before them."""
    dark = st.context.theme.type == "dark"
    ink, main = ("#C7D0DC", "#7DB8EE") if dark else ("#3C4553", "#0A5C9E")
    faint = "#9AA5B4" if dark else "#5A6270"
    axis = {"labelFontSize": 12, "titleFontSize": 13, "labelColor": ink, "titleColor": ink}
    words = f"value ({unit})" if unit else "value"  # the meaning would not fit a telephone
    scale = {"zero": False, "nice": True}
    x = {"field": VALUE, "type": "quantitative", "scale": scale, "axis": {**axis, "title": words}}

    def y(field: str) -> dict[str, Any]:
        return {"field": field, "type": "quantitative", "scale": scale,
                "axis": {**axis, "title": title}}  # fmt: skip

    whole = curve.with_columns(pl.col(LOW, HIGH).fill_null(pl.col(mean))).to_dicts()
    behind: dict[str, Any] = {"x": x, "y": y(single), "color": {"value": faint}}
    mark: dict[str, Any] = {"type": "point", "filled": True, "size": 18, "opacity": 0.45}
    if detail is not None:
        behind["detail"] = {"field": detail, "type": "nominal"}
        mark = {"type": "line", "strokeWidth": 0.8, "opacity": 0.4}
    ends = {"x": x, "y": y(LOW), "y2": {"field": HIGH}, "color": {"value": main}}
    tip = [
        {"field": name, "type": "quantitative", "title": words, "format": form}
        for name, words, form in (
            (VALUE, "value", ".4~g"), (mean, "mean", ".3f"), (LOW, "from", ".3f"),
            (HIGH, "to", ".3f"), (N, "people", ",d"),
        )
    ]  # fmt: skip
    return [
        {"data": {"values": singles.to_dicts()}, "mark": mark, "encoding": behind},
        {
            "data": {"values": whole},
            "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.55},
            "encoding": {**ends, "tooltip": tip},
        },
        {
            "data": {"values": whole},
            "mark": {"type": "line", "strokeWidth": 2.5, "point": {"size": 70, "color": main}},
            "encoding": {"x": x, "y": y(mean), "color": {"value": main}, "tooltip": tip},
        },
    ]
