"""The verdicts of an audit: what fails, what cannot be told, what passes."""

from __future__ import annotations

import polars as pl
import streamlit as st

from app.export import download
from app.words import metric_name
from workbench.audit.audit import Audit
from workbench.columns import ATTRIBUTE, GROUP, VALUE, N

ICONS = {"fail": "✗ fail", "cannot tell": "? cannot tell", "pass": "✓ pass"}


def show(audit: Audit) -> None:
    """How many verdicts of each kind, and all of them, the failed first."""
    verdicts = audit.verdicts
    counts = dict(verdicts["verdict"].value_counts().iter_rows())
    with st.container(border=True):
        columns = st.columns(3)
        for column, (verdict, label, words) in zip(
            columns,
            (
                ("fail", "✗ Fail", "The whole interval breaks the threshold."),
                (
                    "cannot tell",
                    "? Cannot tell",
                    "Too few people, or the interval covers the threshold.",
                ),
                ("pass", "✓ Pass", "The whole interval keeps the threshold."),
            ),
            strict=True,
        ):
            column.metric(label, counts.get(verdict, 0), help=words)
    if not verdicts.height:
        st.info("The policy of this audit asks nothing.")
        return
    order = pl.col("verdict").replace_strict(
        {"fail": 0, "cannot tell": 1, "pass": 2}, default=3, return_dtype=pl.Int64
    )
    shown = verdicts.sort(order, maintain_order=True).select(
        pl.col("verdict").replace(ICONS),
        pl.col("measure").map_elements(plain_measure, return_dtype=pl.String),
        pl.concat_str(ATTRIBUTE, GROUP, separator=": ", ignore_nulls=True).alias(GROUP),
        pl.when(pl.col(N) >= audit.settings["minimum"]).then(N),
        VALUE,
        pl.col("threshold"),
        pl.col("reason").str.replace(r"would settle it if .*$", "would settle it"),
    )
    st.dataframe(
        shown,
        hide_index=True,
        placeholder="–",
        height=min(38 + 35 * shown.height, 318),
        column_config={
            "verdict": st.column_config.TextColumn("Verdict", width=115),
            "measure": st.column_config.TextColumn(
                "Measure",
                width=165,
                help="A ratio compares a group with all other people: 1 is equal, 0.8 is four "
                "fifths. Leakage asks how well a list gives an attribute away.",
            ),
            GROUP: st.column_config.TextColumn("Of whom or what", width=150),
            N: st.column_config.NumberColumn("People", format="%d", width=70),
            VALUE: st.column_config.NumberColumn("Figure", format="%.3f", width=70),
            "threshold": st.column_config.TextColumn("Threshold", width=100),
            "reason": st.column_config.TextColumn(
                "Why",
                width=510,
                help="More people narrow an interval; how many would settle it is told as if the "
                "figure stayed where it is. A figure near its threshold takes very many.",
            ),
        },
        alt="The verdicts: measure, group, figure, threshold and reason.",
    )
    download("Download the verdicts (CSV)", verdicts, "verdicts.csv", "verdicts-csv")


def plain_measure(measure: str) -> str:
    """``ndcg ratio`` as ``ranking quality, ratio``."""
    metric, _, figure = measure.partition(" ")
    known = metric_name(metric)
    name = metric.capitalize() if known == metric else known.partition(" (")[0]
    return f"{name}, {figure}" if figure else name
