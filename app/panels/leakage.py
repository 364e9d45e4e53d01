"""What a list gives away of a person, by what, and what changing only an attribute would change."""

from __future__ import annotations

import polars as pl
import streamlit as st

from app.charts import interval_chart
from app.export import download
from app.panels.groups import plain
from workbench.audit.audit import Audit
from workbench.columns import ATTRIBUTE, HIGH, LOW, N

MOST_PROXIES = 12


def show(audit: Audit) -> None:
    """Guessing an attribute, the features that give it away, and the attribute turned over."""
    _guessed(audit.leakage)
    _proxies(audit.proxies)
    _flipped(audit.flip)


def _guessed(frame: pl.DataFrame) -> None:
    st.write(
        "Could somebody who sees only a list guess an attribute of the person? 0.5 is guessing, "
        "1 is certainty. A list should not give away more than the person's own history does."
    )
    if not frame.height:
        st.info("No attribute of this log could be asked about.")
        return
    number = st.column_config.NumberColumn
    st.dataframe(
        frame.select(
            *(ATTRIBUTE, "question"),
            pl.col("source").str.replace("slates", "lists", literal=True),
            *("auc", LOW, HIGH, N),
        ),
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={
            ATTRIBUTE: "Attribute",
            "question": "Guessed",
            "source": st.column_config.TextColumn(
                "From",
                help="From lists, from histories, from what the engine reads; or the first less "
                "the second.",
            ),
            "auc": number(
                "AUC",
                format="%.3f",
                help="0.5 is guessing, 1 is certainty; where lists are held against histories it "
                "is a difference, and 0 is none.",
            ),
            LOW: number("from", format="%.3f", help="Lower end of the 95 % interval."),
            HIGH: number("to", format="%.3f", help="Upper end of the 95 % interval."),
            N: number("People", format="%d"),
        },
        alt="How well each attribute can be guessed from lists, histories and features.",
    )
    download("Download what lists give away (CSV)", frame, "leakage.csv", "leakage-csv")


def _proxies(frame: pl.DataFrame) -> None:
    if not frame.height:
        return
    st.subheader("By what could it be guessed?")
    st.write(
        "Of all that the engine reads, these stand most for an attribute that it does not read: "
        "how much each moves the guess, on people whom the guesser did not learn from."
    )
    attributes = frame[ATTRIBUTE].unique(maintain_order=True).to_list()
    attribute = st.selectbox(
        "Attribute",
        attributes,
        format_func=plain,
        key="proxy_attribute",
        bind="query-params",
        filter_mode=None,
    )
    shown = frame.filter(pl.col(ATTRIBUTE) == attribute).head(MOST_PROXIES)
    with st.container(border=True):
        interval_chart(
            shown,
            name="feature",
            value="mean_abs_shap",
            low=LOW,
            high=HIGH,
            axis="how much it moves the guess (log-odds)",
            rule=None,
            alt=f"What stands most for {plain(attribute)}, with 95 percent intervals; the numbers "
            "are in the file below.",
            rows=shown["feature"].to_list(),
        )
        st.caption(
            f"Dot: mean over {shown[N][0]:,} people. Line: its 95 % interval.",
            help="Mean size of the SHAP values of the guess. 0.7 on this scale doubles, or "
            "halves, the odds.",
        )
    download("Download what stands for what (CSV)", frame, "proxies.csv", "proxies-csv")


def _flipped(frame: pl.DataFrame) -> None:
    if not frame.height:
        return
    st.subheader("If only this were another?")
    st.write(
        "The same person, the same history, only the attribute is another: for how many does the "
        "list change? An engine that does not read the attribute cannot change its list."
    )
    share = st.column_config.NumberColumn
    st.dataframe(
        frame.select(ATTRIBUTE, "read", "changed", LOW, HIGH, "overlap", "how", N),
        hide_index=True,
        placeholder="–",
        column_config={
            ATTRIBUTE: "Attribute",
            "read": st.column_config.CheckboxColumn("The engine reads it"),
            "changed": share("List changes for", format="percent"),
            LOW: share("from", format="percent", help="Lower end of the 95 % interval."),
            HIGH: share("to", format="percent", help="Upper end of the 95 % interval."),
            "overlap": share("Of the list stays", format="percent", help="Mean over people."),
            "how": st.column_config.TextColumn("How it is known", width="medium"),
            N: share("People", format="%d"),
        },
        alt="Each attribute: whether it is read, and for how many the list changes with it.",
    )
