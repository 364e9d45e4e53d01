"""What each retriever brings to the lists, and what would be missed without it."""

from __future__ import annotations

import polars as pl
import streamlit as st

from app import inside
from app.cache import World
from app.charts import interval_chart
from app.export import download
from app.widgets import html, problem, text
from app.words import counted, interval
from workbench.columns import DEFINITION, N
from workbench.errors import WorkbenchError

SHOWN = "retrievers_asked"
NAMES = {
    "recall": "Finds of what people later liked",
    "recall_drop": "Finds what no other finds",
    "first": "Ranks it highest",
    "only": "On the list by it alone",
    "ndcg_drop": "Ranking quality lost without it",
}
"""Figure → its name."""
AXES = {
    "recall": "share of what was liked",
    "recall_drop": "share of what was liked",
    "first": "share of the list",
    "only": "share of the list",
    "ndcg_drop": "nDCG lost",
}
WORDS = {
    "recall": "Share of what people later liked that is among its candidates.",
    "recall_drop": "Share of what people later liked that is among its candidates and those of no "
    "other: the most that the lists could lose without it.",
    "first": "Share of the list that it puts higher than any other retriever does.",
    "only": "Share of the list that would not be there without it.",
    "ndcg_drop": "How much worse the lists become (nDCG) when its candidates are left out.",
}


def show(world: World) -> None:
    """One measure as a chart, all of them as a table; worked out when asked for."""
    st.write(
        "The engine first asks several simple models, its retrievers, for candidates, and then "
        "ranks what they bring. Here one retriever after the other is left out."
    )
    if not st.session_state.get(SHOWN) and getattr(world.run, "retrievers", None) is None:
        st.button(
            "Leave out one after the other", key="ask_retrievers", type="primary",
            on_click=lambda: st.session_state.update({SHOWN: True}),
            help="It takes some seconds the first time.",
        )  # fmt: skip
        return
    try:
        frame = inside.retrievers(world)
    except WorkbenchError as error:
        problem("The retrievers cannot be told apart here.", str(error))
        return
    if frame.height == 1:
        html(text(f"This engine has one retriever only, {frame['retriever'][0]}: it brings all."))
    figure = st.selectbox(
        "Measure", list(NAMES), format_func=NAMES.__getitem__, key="retrieved", bind="query-params"
    )
    st.write(WORDS[figure])
    rows = frame.sort(figure, descending=True, maintain_order=True)
    with st.container(border=True):
        interval_chart(
            rows, name="retriever", value=figure, low=f"{figure}_low", high=f"{figure}_high",
            axis=AXES[figure], rule=0.0 if figure == "ndcg_drop" else None,
            alt=f"{NAMES[figure]}, by retriever, with 95 percent intervals; the numbers are in the "
            "table below.",
            rows=rows["retriever"].to_list(),
        )  # fmt: skip
        st.caption(
            f"Dot: mean over {counted(frame[N][0], 'person', 'people')}. Line: its 95 % interval."
        )
        if figure == "ndcg_drop" and (frame[figure] == 0).all():
            st.caption(
                "No list changes: whatever one retriever brings to these lists, another brings "
                "too. Without several of them at once it may be otherwise."
            )
    shown = frame.select("retriever", *(_cell(name).alias(name) for name in NAMES))
    st.dataframe(
        shown,
        hide_index=True,
        column_config={
            "retriever": st.column_config.TextColumn("Retriever", pinned=True),
            **{
                name: st.column_config.TextColumn(
                    title, width="medium", help=f"{WORDS[name]} In brackets: the 95 % interval."
                )
                for name, title in NAMES.items()
            },
        },
        alt="One row per retriever, one column per measure, intervals in brackets.",
    )
    with st.expander("How exactly is this measured?"):
        st.text(frame[DEFINITION][0])
    download("Download the retrievers (CSV)", frame, "retrievers.csv", "retrievers-csv")


def _cell(name: str) -> pl.Expr:
    signed = name == "ndcg_drop"
    return pl.struct(name, f"{name}_low", f"{name}_high").map_elements(
        lambda s: (
            (f"{s[name]:+.4f}" if signed else f"{100 * s[name]:.1f} %")
            + f"  ({_ends(s[f'{name}_low'], s[f'{name}_high'], signed)})"
        ),
        return_dtype=pl.String,
    )


def _ends(low: float | None, high: float | None, signed: bool) -> str:
    if low is None or high is None:
        return "–"
    return interval(low, high, 4) if signed else interval(100 * low, 100 * high, 1)
