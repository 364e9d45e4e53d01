"""For whom the engine works, who gets shown, and what a list gives away."""

from __future__ import annotations

import polars as pl
import streamlit as st

from app.charts import interval_chart
from app.export import download
from app.words import metric_name, metric_words
from workbench.audit.audit import Audit
from workbench.audit.behaviour import BEHAVIOUR
from workbench.audit.controlled import CONTROL
from workbench.audit.people import WITHHELD
from workbench.columns import ATTRIBUTE, GROUP, HIGH, LOW, METRIC, VALUE, N

KIND_NAMES = {"popularity": "Popularity", "genres": "Genre", "decade": "Decade"}
EVERYBODY = "everybody"


def people(audit: Audit) -> None:
    """A measure by group, with intervals; small groups are named, not shown."""
    frame = audit.people
    attributes = [a for a in frame[ATTRIBUTE].unique(maintain_order=True) if a != EVERYBODY]
    if not attributes:
        st.info("People of this log cannot be told apart, so there are no groups to compare.")
        return
    if not set(attributes) - set(BEHAVIOUR):
        st.info(
            "Nothing is known about the people of this log, so they are told apart by what they "
            "did alone."
        )
    first, second = st.columns(2)
    metric = first.selectbox(
        "Measure", frame[METRIC].unique(maintain_order=True).to_list(), format_func=metric_name,
        key="audit_metric",
    )  # fmt: skip
    attribute = second.selectbox("Groups by", attributes, format_func=plain, key="audit_attribute")
    st.write(metric_words(metric))
    of_metric = frame.filter(pl.col(METRIC) == metric)
    groups = of_metric.filter(pl.col(ATTRIBUTE) == attribute)
    shown = groups.filter(~pl.col("suppressed"))
    everybody = of_metric.filter(pl.col(ATTRIBUTE) == EVERYBODY)
    average = everybody[VALUE][0] if everybody.height else None
    if shown.height:
        with st.container(border=True):
            interval_chart(
                shown,
                name=GROUP,
                value=VALUE,
                low=LOW,
                high=HIGH,
                axis=metric_name(metric),
                rule=average,
                alt=f"{metric_name(metric)} by group with 95 percent intervals; the numbers are "
                "in the table below.",
                rows=shown[GROUP].to_list(),
            )
            st.caption("Dot: mean of the group. Line: its 95 % interval. Dashed: everybody.")
    hidden = groups.filter(pl.col("suppressed"))
    withheld = hidden["note"].str.starts_with(WITHHELD)
    minimum = audit.settings["minimum"]
    if hidden.height:
        st.text(
            f"Not shown, because fewer than {minimum} people say too little "
            f"and could be recognised: {', '.join(hidden.filter(~withheld)[GROUP])}."
        )
    if withheld.any():
        st.text(
            f"Withheld, because from its figure that of fewer than {minimum} people could be "
            f"computed: {', '.join(hidden.filter(withheld)[GROUP])}."
        )
    number = st.column_config.NumberColumn
    alike, control = _alike(audit, metric, attribute)
    st.dataframe(
        shown.select(
            *(GROUP, N, VALUE, LOW, HIGH, "difference"),
            *("ratio", "ratio_low", "ratio_high", "p_adjusted"),
        ).join(alike, on=GROUP, how="left", maintain_order="left"),
        hide_index=True,
        placeholder="–",
        column_config={
            GROUP: st.column_config.TextColumn("Group"),
            N: number("People", format="%d"),
            VALUE: number("Mean", format="%.3f"),
            LOW: number("from", format="%.3f", help="Lower end of the 95 % interval of the mean."),
            HIGH: number("to", format="%.3f", help="Upper end of the 95 % interval of the mean."),
            "difference": number(
                "Difference", format="%+.3f", help="Mean of the group less that of all others."
            ),
            "ratio": number("Ratio", format="%.3f", help="Mean of the group / that of all others."),
            "ratio_low": number("ratio from", format="%.3f"),
            "ratio_high": number("ratio to", format="%.3f"),
            "p_adjusted": number(
                "p", format="%.3f",
                help="How often chance alone would give so large a difference, made stricter "
                "because many groups are compared (Holm).",
            ),
            "alike": number(
                "Among those alike", format="%+.3f",
                help=f"The same difference, each only against others alike in {control}. Where it "
                "is smaller than the difference before, that is part of the reason.",
            ),
            "alike_low": number("alike from", format="%+.3f"),
            "alike_high": number("alike to", format="%+.3f"),
        },
        alt="Each group: people, mean, interval, difference and ratio to all others.",
    )  # fmt: skip
    download("Download all groups (CSV)", frame, "groups.csv", "groups-csv")


def _alike(audit: Audit, metric: str, attribute: str) -> tuple[pl.DataFrame, str]:
    """Differences of the groups among people alike, and in what; no columns where none are kept."""
    rows = audit.controlled.filter(
        (pl.col(METRIC) == metric) & (pl.col(ATTRIBUTE) == attribute) & ~pl.col("suppressed")
    )
    if not rows.height:
        return pl.DataFrame(schema={GROUP: pl.String}), ""
    columns = {
        "alike": "difference",
        "alike_low": "difference_low",
        "alike_high": "difference_high",
    }
    return rows.select(GROUP, **columns), str(rows[CONTROL][0])


def items(audit: Audit) -> None:
    """Attention by kind of item."""
    frame = audit.items
    if not frame.height:
        st.info("There was nothing to measure exposure on.")
        return
    st.write(
        "How much attention each kind of item gets in the lists, compared with how much people "
        "turned out to like it. 1 is in proportion; above, it is shown more than it is liked."
    )
    columns = frame["column"].unique(maintain_order=True).to_list()
    column = st.selectbox(
        "Kinds by", columns, format_func=lambda c: KIND_NAMES.get(c, plain(c)), key="audit_kind",
        help="Head: the few best known items that hold a third of all liked events. Tail: the many "
        "that hold the last third.",
    )  # fmt: skip
    shown = frame.filter(pl.col("column") == column)
    if column == "genres":
        shown = shown.sort("ratio", descending=True, nulls_last=True)
    drawn = shown.drop_nulls("ratio")
    if drawn.height:
        with st.container(border=True):
            interval_chart(
                drawn,
                name=GROUP,
                value="ratio",
                low=LOW,
                high=HIGH,
                axis="attention given / share of what is liked",
                rule=1.0,
                alt="Exposure ratio of each kind with 95 percent intervals; the numbers are in "
                "the table below.",
                rows=drawn[GROUP].to_list(),
            )
            st.caption("Dot: the ratio. Line: its 95 % interval. Dashed: in proportion.")
    percent = st.column_config.NumberColumn
    st.dataframe(
        shown.select(
            *(GROUP, "n_items"),
            pl.col("share_catalogue", "share_relevant", "exposure") * 100,
            *("ratio", LOW, HIGH),
        ),
        hide_index=True,
        placeholder="–",
        column_config={
            GROUP: st.column_config.TextColumn("Kind"),
            "n_items": percent("Items", format="%d"),
            "share_catalogue": percent("Of the catalogue", format="%.1f %%"),
            "share_relevant": percent("Of what is liked", format="%.1f %%"),
            "exposure": percent(
                "Of the attention", format="%.1f %%", help="The first place counts most."
            ),
            "ratio": percent("Ratio", format="%.2f"),
            LOW: percent("from", format="%.2f"),
            HIGH: percent("to", format="%.2f"),
        },
        alt="Each kind of item: its share of the catalogue, of what is liked, of the attention.",
    )
    download("Download exposure (CSV)", frame, "exposure.csv", "exposure-csv")


def rest(audit: Audit) -> None:
    """What was left out, and the policy."""
    if audit.skipped.height:
        st.write("These attributes could not be asked about, or not fully:")
        st.dataframe(
            audit.skipped,
            hide_index=True,
            placeholder="–",
            column_config={
                ATTRIBUTE: "Attribute",
                "reason": st.column_config.TextColumn("Why not", width="large"),
            },
            alt="Attributes that were left out, and why.",
        )
    else:
        st.write("Everything that is known about people and items was asked about.")
    with st.expander("The policy: what is asked, and why"):
        st.text(f"{audit.policy.get('name', '')}: {audit.policy.get('about', '')}")
        for rule in audit.policy.get("rules", []):
            st.text(f"• {rule.get('reason', '')}")
    if audit.groups.height:
        with st.expander("How groups were made"):
            for attribute, how in audit.groups.iter_rows():
                st.text(f"{attribute}: {how}")


def plain(name: str) -> str:
    """The name of a column as it is shown."""
    return name.replace("_", " ")
