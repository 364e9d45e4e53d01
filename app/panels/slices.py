"""How well a model does for each kind of people; a click takes them along as the cohort."""

from __future__ import annotations

import polars as pl
import streamlit as st

from app import cohort as cohorts
from app import fitted
from app.cache import World
from app.charts import interval_chart
from app.cohort import SLICE, Cohort
from app.export import download
from app.words import METRICS, metric_name, metric_words
from workbench.audit.groups import EVERYBODY
from workbench.audit.people import WITHHELD
from workbench.audit.slices import MINIMUM, slice_table
from workbench.columns import ATTRIBUTE, GROUP, HIGH, LOW, VALUE, N


def show(world: World) -> None:
    """One row per slice: people, figure, interval; too few are named, not shown."""
    st.header("For whom is it good?")
    ways = list(cohorts.ways(world))
    if not ways:
        st.info("The people of this run cannot be told apart.", icon=":material/group:")
        return
    first, second, third = st.columns(3)
    name = first.selectbox(
        "Model", fitted.names(world), key="slice_model", bind="query-params", filter_mode=None
    )
    there = fitted.rows(world, name)
    metrics = [m for m in METRICS if m in there.columns and there[m].drop_nulls().len()]
    metric = second.selectbox(
        "Figure",
        metrics,
        format_func=metric_name,
        key="slice_metric",
        bind="query-params",
        filter_mode=None,
    )
    way = third.selectbox(
        "People by", ways, format_func=lambda a: a.replace("_", " "), key="slice_by",
        bind="query-params", filter_mode=None,
        help="What is known of people, and what they did before the cut.",
    )  # fmt: skip
    st.write(metric_words(metric))
    found = _table(world.key, name, metric, world)
    of_way = found.filter(pl.col(ATTRIBUTE) == way)
    shown = of_way.filter(~pl.col("suppressed"))
    everybody = found.filter(pl.col(ATTRIBUTE) == EVERYBODY)
    if shown.height:
        with st.container(border=True):
            interval_chart(
                shown, name=GROUP, value=VALUE, low=LOW, high=HIGH, axis=metric_name(metric),
                rule=everybody[VALUE][0] if everybody.height else None,
                rows=shown[GROUP].to_list(),
                alt=f"{metric_name(metric)} of {name} for each kind of people, with 95 percent "
                "intervals; the numbers are in the table below.",
            )  # fmt: skip
            st.caption("Dot: the mean. Line: its 95 % interval. Dashed: everybody.")
    _hidden(of_way)
    number = st.column_config.NumberColumn
    chosen = st.dataframe(
        shown.select(GROUP, N, VALUE, LOW, HIGH, "difference", "p_adjusted"),
        hide_index=True,
        placeholder="–",
        key="slice_table",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            GROUP: st.column_config.TextColumn("People"),
            N: number("How many", format="%d"),
            VALUE: number("Mean", format="%.3f"),
            LOW: number("from", format="%.3f", help="Lower end of the 95 % interval."),
            HIGH: number("to", format="%.3f", help="Upper end of the 95 % interval."),
            "difference": number("Difference", format="%+.3f", help="Less that of all others."),
            "p_adjusted": number(
                "p", format="%.3f", help="How often chance alone would give so large a difference, "
                "made stricter because many slices are compared (Holm).",
            ),
        },
        alt="Each kind of people: how many, mean, interval, difference to all others.",
    )  # fmt: skip
    row = next((i for i in chosen.selection.rows if i < shown.height), None)
    cohort = None if row is None else Cohort(SLICE, way, shown[GROUP][row])
    take_along(world, cohort, 0 if row is None else shown[N][row], "slice")
    download("Download all slices (CSV)", found, "slices.csv", "slices-csv")


def _hidden(of_way: pl.DataFrame) -> None:
    hidden = of_way.filter(pl.col("suppressed"))
    withheld = hidden["note"].str.starts_with(WITHHELD).fill_null(False)
    if hidden.height > withheld.sum():
        st.text(
            f"Not shown, because fewer than {MINIMUM} people say too little and could be "
            f"recognised: {', '.join(hidden.filter(~withheld)[GROUP])}."
        )
    if withheld.any():
        st.text(
            f"Withheld, because from its figure that of fewer than {MINIMUM} people could be "
            f"computed: {', '.join(hidden.filter(withheld)[GROUP])}."
        )


def take_along(world: World, chosen: Cohort | None, people: int, key: str) -> None:
    """The way from a slice that was clicked to the screens that follow the cohort.

    Parameters
    ----------
    chosen : Cohort, optional
        None where no row was clicked.
    people : int
        How many they are.
    key : str
        Begins the keys of the buttons.
    """
    if chosen is None:
        st.caption("Choose a row to take these people along to the other screens.")
        return
    st.text(f"Chosen: {chosen.name}, {people:,} people.")
    with st.container(horizontal=True, gap="small"):
        for end, label, icon, file in (
            ("many", "What if for these people", ":material/groups:", "screens/many.py"),
            ("compare", "Compare on them", ":material/compare:", "screens/compare.py"),
        ):
            if st.button(label, key=f"{key}_{end}", icon=icon):
                cohorts.take(world, chosen)
                # Left out, it refuses to leave a screen whose choices stand in the address.
                st.switch_page(file, query_params={})


@st.cache_data(show_spinner="Counting …", max_entries=60)
def _table(key: str, name: str, metric: str, _world: World) -> pl.DataFrame:
    return slice_table(_world.split, fitted.rows(_world, name), metric)
