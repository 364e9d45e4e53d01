"""Kinds of people that nobody named: found on one half of them, confirmed on the other."""

from __future__ import annotations

import polars as pl
import streamlit as st

from app import fitted
from app.cache import World
from app.charts import interval_chart
from app.cohort import MEETING, Cohort
from app.export import download
from app.panels.slices import take_along
from app.widgets import problem
from app.words import METRICS, counted, metric_name, metric_words
from workbench.audit.slice_finder import find_slices
from workbench.columns import HIGH, LOW, VALUE, N
from workbench.errors import WorkbenchError
from workbench.evaluation.definitions import METRICS as DEFINED

KEPT = "ndcg"
"""The figure by which a run searched."""


def show(world: World) -> None:
    """The slices that were found, worst first, and a click that takes one along."""
    st.write(
        "For which kind of person does it work worst, among all that can be told from what is "
        "known and from what they did before the cut, up to three things at once? Half of the "
        "people, drawn at random, are searched. What you see is of the other half, which did not "
        "help to find it: what was mere chance is forgotten there."
    )
    first, second = st.columns(2)
    name = first.selectbox("Model", fitted.names(world), key="unnamed_model", filter_mode=None)
    there = fitted.rows(world, name)
    metrics = [
        m for m in METRICS
        if m in there.columns and m in DEFINED and DEFINED[m].better == 1
        and there[m].drop_nulls().len()
    ]  # fmt: skip
    metric = second.selectbox(
        "Figure", metrics, format_func=metric_name, key="unnamed_metric", filter_mode=None
    )
    if metric is None:
        st.info("There is no figure per person to search by.")
        return
    st.write(metric_words(metric))
    try:
        if (name, metric) == (fitted.ENGINE, KEPT) and world.run.slices.height:
            found = world.run.slices
        else:
            found = _found(world.key, name, metric, world)
    except WorkbenchError as error:
        problem("This cannot be searched.", str(error))
        return
    if not found.height:
        st.info(
            "No kind of person was found for whom it works worse, or too few people are there to "
            "be cut in two.",
            icon=":material/search_off:",
        )
        return
    confirmed = found["confirmed"].sum()
    st.text(
        f"{counted(found.height, 'kind', 'kinds')} looked worse on the first half; "
        f"{confirmed or 'none'} of them could be confirmed on the second."
    )
    with st.container(border=True):
        interval_chart(
            found, name="slice", value=VALUE, low=LOW, high=HIGH, axis=metric_name(metric),
            rule=float(found["rest"].mean()), rows=found["slice"].to_list(),  # type: ignore[arg-type]
            alt=f"{metric_name(metric)} of each kind of people that was found, with 95 percent "
            "intervals; the numbers are in the table below.",
        )  # fmt: skip
        st.caption(
            "Dot: the mean on the second half. Line: its 95 % interval. Dashed: all others, on "
            "average."
        )
    number = st.column_config.NumberColumn
    chosen = st.dataframe(
        found.select(
            "slice", N, VALUE, LOW, HIGH, "rest", "difference", "difference_found", "p_adjusted",
            "confirmed",
        ),
        hide_index=True,
        placeholder="–",
        key="unnamed_table",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "slice": st.column_config.TextColumn("People", width="large"),
            N: number("How many", format="%d", help="In the second half."),
            VALUE: number("Mean", format="%.3f"),
            LOW: number("from", format="%.3f", help="Lower end of the 95 % interval."),
            HIGH: number("to", format="%.3f", help="Upper end of the 95 % interval."),
            "rest": number("Others", format="%.3f", help="Mean of all others of that half."),
            "difference": number("Difference", format="%+.3f", help="Less that of the others."),
            "difference_found": number(
                "When found", format="%+.3f",
                help="The difference on the half where it was found, which chance has made larger.",
            ),
            "p_adjusted": number(
                "p", format="%.3f", help="How often chance alone would give so large a difference, "
                "made stricter because several are tested (Holm).",
            ),
            "confirmed": st.column_config.CheckboxColumn(
                "Confirmed", help="It is worse on the second half, too, and p is at most 0.05."
            ),
        },
        alt="Each kind of people that was found: how many, mean, interval, others, difference.",
    )  # fmt: skip
    row = next((i for i in chosen.selection.rows if i < found.height), None)
    cohort = None if row is None else _cohort(found, row)
    take_along(world, cohort, 0 if cohort is None else len(cohort.members(world)), "unnamed")
    download("Download the kinds found (CSV)", found.drop("conditions"), "kinds.csv", "unnamed-csv")


def _cohort(found: pl.DataFrame, row: int) -> Cohort:
    """The people of both halves who meet the conditions."""
    conditions = found["conditions"][row].to_list()
    return Cohort(MEETING, conditions=tuple((c["attribute"], c["group"]) for c in conditions))


@st.cache_data(show_spinner="Searching …", max_entries=30)
def _found(key: str, name: str, metric: str, _world: World) -> pl.DataFrame:
    return find_slices(_world.split, fitted.rows(_world, name), metric=metric)
