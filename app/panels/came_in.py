"""What a run was made on: counts, what was refused and why, what is missing, where it is from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import streamlit as st

from app.cache import World
from app.export import download
from app.widgets import html, text
from app.words import counted
from workbench.columns import TIME
from workbench.data.dataset import Dataset
from workbench.data.overview import missing

RULES = {
    "missing user id": "Nobody is named.",
    "missing item id": "Nothing is named.",
    "bad time": "The moment cannot be read, or is before 1900 or after 2100.",
    "text value": "The rating or amount is not a number.",
    "non-finite value": "The rating or amount is not a finite number.",
    "negative value": "The rating or amount is below zero.",
    "exact duplicate": "An earlier row is the same in every column.",
    "orphan item": "The table of items does not have it.",
    "duplicate id": "An earlier row has the same id.",
}
EXAMPLES = 20
"""Refused rows that are shown; the download has all of them."""
LONGEST = 200


def show(world: World) -> None:
    """All of it, for the run that is looked at."""
    told, cut, train = world.run.manifest["dataset"], world.run.manifest["split"], world.split.train
    kept = train.interactions.height + train.guest_interactions.height + cut["test_events"]
    with st.container(border=True):
        columns = st.columns(4)
        columns[0].metric("Events let in", f"{kept:,}", help="One row: somebody met something.")
        columns[1].metric("People", f"{told['people']:,}")
        columns[2].metric("Items", f"{told['items']:,}")
        columns[3].metric("Rows refused", f"{train.refused.height:,}")
        html(text(_about(world), "about-line"))
    refused(train)
    st.header("What is missing")
    _missing(train)
    _source(told)


def refused(dataset: Dataset) -> None:
    """What was refused: how many rows by which rule, and examples."""
    st.header("What was refused")
    if dataset.refused.height == 0:
        st.success("Nothing: every row kept every rule.", icon=":material/check_circle:")
        return
    st.write("A row that breaks a rule is left out, counted and kept for you to look at.")
    counts = dataset.refused_counts
    meaning = [RULES.get(rule, "") for rule in counts["rule"]]
    st.dataframe(
        counts.select("n", "rule", pl.Series("meaning", meaning), "table"),
        hide_index=True,
        column_config={
            "n": st.column_config.NumberColumn("Rows", format="localized", width="small"),
            "rule": "Rule",
            "meaning": st.column_config.TextColumn("What is wrong", width="large"),
            "table": "Table",
        },
        alt="Rows refused by each rule.",
    )
    with st.expander(f"Examples ({min(EXAMPLES, dataset.refused.height)})"):
        st.dataframe(
            dataset.refused.head(EXAMPLES).with_columns(pl.col("row").str.slice(0, LONGEST)),
            hide_index=True,
            column_config={
                "table": "Table",
                "line": st.column_config.NumberColumn("Line", format="%d"),
                "rule": "Rule",
                "row": st.column_config.TextColumn("As it stood", width="large"),
            },
            alt="Some refused rows, as they stood in the file.",
        )
    download("Download all refused rows (CSV)", dataset.refused, "refused.csv", "refused-csv")


def _about(world: World) -> str:
    told, cut, train = world.run.manifest["dataset"], world.run.manifest["split"], world.split.train
    parts = [f"Data: {told['name']}."]
    if train.end is not None:
        first = min(float(train.interactions[TIME].min()), train.end)  # type: ignore[arg-type]
        parts.append(f"Events to learn from are from {_day(first)} to {_day(train.end)} (UTC).")
    liked = told["relevant_from"]
    parts.append(
        "Every event counts as liked." if liked is None
        else f"A rating of {liked:g} or more counts as liked."
    )  # fmt: skip
    parts.append(
        f"{counted(cut['test_events'], 'later event')} kept back for the exam, "
        f"{counted(len(cut['guests']), 'person', 'people')} held out as guests."
    )
    return " ".join(parts)


def _missing(dataset: Dataset) -> None:
    found = missing(dataset)
    lacking = found.filter(pl.col("there") < 1)
    if lacking.height == 0:
        st.success("Nothing that the workbench could use.", icon=":material/check_circle:")
        return
    html(*(text(_lack(row), "line") for row in lacking.iter_rows(named=True)))


def _lack(row: dict[str, Any]) -> str:
    what = row["what"].capitalize()
    if row["there"] == 0:
        return f"{what}: none, so {row['without']}."
    return f"{what}: {row['there']:.1%} of the rows have them; for the rest {row['without']}."


def _source(told: dict[str, Any]) -> None:
    provenance = told["provenance"]
    lines = [f"{k}: {v}" for k, v in provenance.items() if isinstance(v, str | int | float)]
    for name in ("repairs", "notes"):
        lines += [f"{name[:-1]}: {line}" for line in provenance.get(name, [])]
    with st.expander("Where it is from, and what was mended"):
        for line in lines:
            st.text(line)
        st.text(f"fingerprint: {told['fingerprint']}")


def _day(seconds: float) -> str:
    when = datetime.fromtimestamp(seconds, UTC)
    return f"{when.day} {when:%B %Y}"
