"""What a change does to many: in words, then charts and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from app.cache import World
from app.charts import interval_chart
from app.export import download
from app.widgets import bars, head, html, text
from app.words import metric_name, metric_words
from workbench.columns import DEFINITION, HIGH, ITEM, LOW, METRIC, TITLE, N

if TYPE_CHECKING:
    from workbench.explain.whatif import WhatIf

MOST = 12
UNIT = ("ndcg", "recall", "precision", "mrr", "map", "hit_rate", "diversity", "serendipity")
"""Figures from 0 to 1, which one axis can hold."""
BANDS = (
    ("the same list", 1.0),
    ("almost the same (0.9 and more)", 0.9),
    ("mostly the same (0.7 to 0.9)", 0.7),
    ("about half (0.4 to 0.7)", 0.4),
    ("different (below 0.4)", -1.0),
)


def show(world: World, found: WhatIf, of: int) -> None:
    """The result; ``of`` is the number of people in the whole cohort."""
    titles = {i: world.catalogue[i].title for i in found.items[ITEM]}
    if found.item_id is not None and found.change.newcomer is None:
        titles[found.item_id] = world.catalogue[found.item_id].title
    st.header("What happens" if found.n == of else f"What happens to a sample of {found.n:,}")
    first, *rest = found.sentences(titles)
    html(text(first, "sentence"), *(text(words, "line") for words in rest))
    if found.change.newcomer is not None:
        titles[found.item_id] = found.change.newcomer.title
    people, items, figures = st.tabs(["Titles", "Figures", "People"])
    with people:
        _items(found, titles)
    with items:
        _figures(found)
    with figures:
        _people(found)


def _items(found: WhatIf, titles: dict[str | int, str]) -> None:
    named = found.items.with_columns(
        pl.Series(TITLE, [titles[i] for i in found.items[ITEM]], dtype=pl.String)
    )
    moved = named.filter(pl.col("difference") != 0).head(MOST)
    if moved.height:
        html(
            head("In how many more, or fewer, lists"),
            bars(moved.select(TITLE, "difference").iter_rows(), digits=0),
        )
    else:
        st.info("No title is shown to more or fewer people.", icon=":material/drag_handle:")
    number = st.column_config.NumberColumn
    columns = {
        TITLE: st.column_config.TextColumn("Title", width="large"),
        "before": number("Before", format="%d", help="People who are shown it now."),
        "after": number("After", format="%d", help="People who are shown it after the change."),
        "difference": number("Difference", format="%+d"),
        "entered": number("New for", format="%d", help="Lists in which it is new."),
        "left": number("Gone for", format="%d", help="Lists from which it is gone."),
    }
    if found.item_id is not None:
        columns["replaces"] = number(
            "Replaces", format="%d", help="Lists in which it is new where the title asked about "
            "is gone.",
        )  # fmt: skip
        columns["gives_way"] = number(
            "Gives way", format="%d", help="Lists from which it is gone where the title asked "
            "about is new.",
        )  # fmt: skip
    with st.expander(f"All {named.height:,} titles that anybody is shown", expanded=False):
        st.dataframe(
            named.select(*columns), hide_index=True, height=320, column_config=columns,
            alt="Each title: in how many lists before and after the change.",
        )  # fmt: skip
        download("Download the titles (CSV)", named, "titles.csv", "many-titles-csv")


def _figures(found: WhatIf) -> None:
    frame = found.metrics
    drawn = frame.filter(pl.col(METRIC).is_in(UNIT)).drop_nulls([LOW, HIGH])
    if drawn.height:
        names = [metric_name(m) for m in drawn[METRIC]]
        with st.container(border=True):
            interval_chart(
                drawn.with_columns(pl.Series("name", names)),
                name="name", value="difference", low=LOW, high=HIGH, rule=0.0, rows=names,
                axis="after less before",
                alt="Difference of each figure with its 95 percent interval; the numbers are in "
                "the table below.",
            )  # fmt: skip
            st.caption(
                "Dot: the mean difference over people, after less before. Line: its 95 % interval. "
                "Dashed: no difference."
            )
    number = st.column_config.NumberColumn
    table = frame.with_columns(
        pl.Series("figure", [metric_name(m) for m in frame[METRIC]], dtype=pl.String),
    ).select("figure", "before", "after", "difference", LOW, HIGH, "p_adjusted", N)
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={
            "figure": st.column_config.TextColumn("Figure", pinned=True),
            "before": number("Before", format="%.3f"),
            "after": number("After", format="%.3f"),
            "difference": number("Difference", format="%+.4f"),
            LOW: number("from", format="%+.4f", help="Lower end of the 95 % interval."),
            HIGH: number("to", format="%+.4f", help="Upper end of the 95 % interval."),
            "p_adjusted": number(
                "p", format="%.4f", help="How often chance alone would give so large a difference, "
                "made stricter because several figures are compared (Holm).",
            ),
            N: number("People", format="%d"),
        },
        alt="Each figure before and after the change, with the interval of the difference.",
    )  # fmt: skip
    with st.expander("What are these figures?"):
        for metric in frame[METRIC]:
            html(text(f"{metric_name(metric)}: {metric_words(metric)}", "line"))
    with st.expander("How exactly is this measured?"):
        st.text(frame[DEFINITION][0] if frame.height else "Nothing could be measured.")
        st.text("Coverage, concentration and the little-known share are of all lists together.")
    download("Download the figures (CSV)", frame, "figures.csv", "many-figures-csv")


def _people(found: WhatIf) -> None:
    overlap = found.people["overlap"]
    rows, above = [], float("inf")
    for name, least in BANDS:
        rows.append((name, float(((overlap >= least) & (overlap < above)).sum())))
        above = least
    html(head("How alike the old and the new list are"), bars(rows, digits=0, signed=False))
    st.caption(
        "People by rank-biased overlap of their two lists: 1 is the same list, and the first "
        "places count most (Webber, Moffat, Zobel 2010; p = 0.9)."
    )
    number = st.column_config.NumberColumn
    shown = ["user_id", "edited", "overlap", "entered", "left"]
    shown += [] if found.item_id is None else ["shown_before", "shown_after"]
    shown += ["stage", "rank", "place"] if found.people["stage"].null_count() < found.n else []
    most_changed = found.people.sort("overlap", maintain_order=True)
    st.dataframe(
        most_changed.select(shown),
        hide_index=True,
        height=320,
        placeholder="–",
        column_config={
            "user_id": st.column_config.Column("Person"),
            "edited": st.column_config.CheckboxColumn("Touched", help="Whether their history is "
                                                      "another after the change."),
            "overlap": number("Likeness", format="%.2f", help="1 is the same list."),
            "entered": number("New", format="%d", help="Titles that are new in their list."),
            "left": number("Gone", format="%d"),
            "shown_before": st.column_config.CheckboxColumn("Shown before"),
            "shown_after": st.column_config.CheckboxColumn("Shown after"),
            "stage": st.column_config.TextColumn(
                "Stops at", help="Where the title stops on its way to their list."
            ),
            "rank": number("Rank", format="%d", help="Its place in the whole ranking."),
            "place": number("Best place", format="%d", help="Its best place at any model that "
                            "brings candidates."),
        },
        alt="Each person, those whose list changes most first.",
    )  # fmt: skip
    download("Download the people (CSV)", found.people, "people.csv", "many-people-csv")
