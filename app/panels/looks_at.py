"""What the engine looks at: by group and by feature, and for some people more than for others."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from app import inside
from app.cache import World
from app.charts import interval_chart
from app.cohort import EVERYBODY, Cohort
from app.export import download
from app.panels import cohorts as cohort_panel
from app.widgets import html, problem, text
from app.words import counted, number
from workbench.columns import FEATURE, GROUP, HIGH, LOW, N
from workbench.errors import WorkbenchError
from workbench.vocabulary import Id

SIZE = "mean_abs_share"
AXIS = "average push (log-odds)"
HELP = (
    "A score is in log-odds of “liked, if shown”: a push of 0.7 doubles the odds or halves them. "
    "Here is how large the push is on average, whichever way it goes."
)


def show(world: World, frame: pl.DataFrame, who: str) -> None:
    """The importance in plain words, then by group, then feature by feature."""
    groups = frame.filter(pl.col(FEATURE).is_null())
    html(text(sentence(groups, who), "sentence"))
    with st.container(border=True):
        interval_chart(
            groups, name=GROUP, value=SIZE, low=LOW, high=HIGH, axis=AXIS,
            alt="How much each group of features pushes the scores, with 95 percent intervals; "
            "the numbers are in the table below.",
            strong=groups[GROUP][0], rows=groups[GROUP].to_list(),
        )  # fmt: skip
        st.caption(
            f"Dot: mean over {counted(groups[N][0], 'person', 'people')}, each counting the same. "
            "Line: its 95 % interval.",
            help=HELP,
        )
        pairs, size = frame["n_pairs"][0], frame["background_size"][0]
        drawn = "" if size is None else f" ({size:,} pairs)"
        st.text(f"{pairs:,} items of their lists; held against {frame['background'][0]}{drawn}.")
    features = frame.drop_nulls(FEATURE)
    with st.expander(f"Every single feature ({features.height})"):
        st.dataframe(
            features.select(FEATURE, GROUP, "meaning", SIZE, LOW, HIGH),
            hide_index=True,
            height=320,
            placeholder="–",
            column_config={
                FEATURE: "Feature",
                GROUP: "Group",
                "meaning": st.column_config.TextColumn("Meaning", width="large"),
                **_numbers(SIZE, "Push", "%.3f"),
            },
            alt="Every feature: its group, its meaning, its push with interval.",
        )
    download("Download all figures (CSV)", frame, "importance.csv", "importance-csv")


def sentence(groups: pl.DataFrame, who: str) -> str:
    """What the engine looks at first; every claim is a row of the frame."""
    first = groups.row(0, named=True)
    asked = counted(first[N], {"people": "person", "guests": "guest"}[who], who)
    words = (
        f"On the lists of {asked}, "
        f"the engine looks most at “{first[GROUP]}”: it pushes a score by "
        f"{number(first[SIZE], 2)}{_ends(first)} on average."
    )
    for place, row in enumerate(groups[1:3].iter_rows(named=True)):
        words += " Then " if place == 0 else ", then "
        words += f"“{row[GROUP]}”, {number(row[SIZE], 2)}{_ends(row)}"
    return words + ("." if groups.height > 1 else "")


def cohort(world: World, chosen: Cohort) -> None:
    """What it looks at for a cohort more than for all others."""
    st.write(
        "Does it look at the same things for everybody? Choose some people; they are held against "
        "all others who are asked about."
    )
    members = cohort_panel.choose(world, chosen)
    if chosen.kind == EVERYBODY:
        st.info("Everybody is chosen, so there is nobody to compare with. Choose fewer above.")
        return
    if members:
        _gap(world, members)


def _gap(world: World, members: list[Id]) -> None:
    asked, _ = world.split.people()
    mine = set(members)
    others = [one for one in asked if one not in mine]
    if not others:
        st.info("There is nobody else to compare these people with.")
        return
    try:
        found = inside.difference(world, inside.drawn(members), inside.drawn(others))
    except WorkbenchError as error:
        problem("These people cannot be compared.", str(error))
        return
    groups = found.filter(pl.col(FEATURE).is_null())
    n, rest = groups[N][0], groups["n_against"][0]
    if groups[LOW].null_count() == groups.height:
        st.info("One person alone has no interval, so nothing can be said about a difference.")
        return
    apart = groups.filter((pl.col(LOW) > 0) | (pl.col(HIGH) < 0))[GROUP].to_list()
    told = ", ".join(f"“{name}”" for name in apart)
    html(
        text(
            f"More than chance would explain, they differ in {told}."
            if apart
            else "No group differs by more than chance would explain.",
            "sentence",
        )
    )
    with st.container(border=True):
        interval_chart(
            groups, name=GROUP, value="difference", low=LOW, high=HIGH, rule=0.0,
            axis="push for them less for others",
            alt="Difference of the push of each group of features between these people and all "
            "others, with 95 percent intervals; the numbers are in the table below.",
            rows=groups[GROUP].to_list(),
        )  # fmt: skip
        st.caption(
            f"{n:,} of them, {rest:,} of all others. Dot: the difference. Line: its 95 % interval. "
            "Dashed: no difference. With so many lines, one that just misses zero may be chance."
        )
    st.dataframe(
        found.with_columns(pl.col(FEATURE).fill_null("(all of the group)")).select(
            GROUP, FEATURE, "cohort", "against", "difference", LOW, HIGH
        ),
        hide_index=True,
        height=320,
        placeholder="–",
        column_config={
            GROUP: "Group",
            FEATURE: "Feature",
            "cohort": st.column_config.NumberColumn("Push for them", format="%.3f"),
            "against": st.column_config.NumberColumn("For all others", format="%.3f"),
            **_numbers("difference", "Difference", "%+.3f"),
        },
        alt="Each group and feature: push for these people, for all others, difference, interval.",
    )
    download("Download the differences (CSV)", found, "difference.csv", "difference-csv")


def _numbers(name: str, title: str, form: str) -> dict[str, Any]:
    number_column = st.column_config.NumberColumn
    return {
        name: number_column(title, format=form, help=HELP),
        LOW: number_column("from", format=form, help="Lower end of the 95 % interval."),
        HIGH: number_column("to", format=form, help="Upper end of the 95 % interval."),
    }


def _ends(row: dict[str, Any]) -> str:
    if row[LOW] is None:
        return ""
    return f" ({number(row[LOW], 2)} to {number(row[HIGH], 2)})"
