"""Models: the leaderboard with intervals, and the engine against each other model."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from app.charts import interval_chart
from app.export import download
from app.panels import slices, tradeoff
from app.widgets import html, opened, text
from app.words import METRICS, interval, metric_name, metric_words, model_words, number
from workbench.columns import DEFINITION, HIGH, LOW, MEAN, METRIC
from workbench.report.content import left_out

MODEL = "model"
TABLE = ("ndcg", "hit_rate", "recall", "coverage", "novelty", "diversity", "rmse")
"""As many as fit beside each other; the file holds all."""


def main() -> None:
    st.title("Models")
    world = opened()
    if world is None:
        return
    asked = world.run.manifest["split"]["asked"]
    html(
        text(
            f"Every model learnt from the same events and was asked the same question about the "
            f"same {asked:,} people: what will they like next? Their later choices were kept back."
        )
    )
    figures = world.run.leaderboard
    _leaderboard(figures)
    _comparisons(world.run.comparisons, figures)
    tradeoff.scatter(figures)
    tradeoff.cold_start(world.run.cold_start)
    slices.show(world)
    _left_out(world.run.manifest)


def _leaderboard(figures: pl.DataFrame) -> None:
    st.header("Leaderboard")
    there = figures[METRIC].unique(maintain_order=True).to_list()
    order: list[str] = [m for m in METRICS if m in there] + [m for m in there if m not in METRICS]
    metric = st.selectbox(
        "Measure",
        order,
        format_func=metric_name,
        key="measure",
        bind="query-params",
        filter_mode=None,
    )
    st.write(metric_words(metric))
    shown = figures.filter(pl.col(METRIC) == metric).sort(
        MEAN, descending=metric not in ("rmse", "mae", "miscalibration"), nulls_last=True
    )
    missing = [m for m in figures[MODEL].unique(maintain_order=True) if m not in set(shown[MODEL])]
    definition = shown[DEFINITION].drop_nulls().to_list()
    with st.container(border=True):
        interval_chart(
            shown,
            name=MODEL,
            value=MEAN,
            low=LOW,
            high=HIGH,
            axis=metric_name(metric),
            alt=f"{metric_name(metric)} of each model with its 95 percent interval; "
            "the numbers are in the table below.",
            strong="engine",
            rows=shown[MODEL].to_list(),
            about=model_words,
        )
        if shown[LOW].null_count() < shown.height:
            st.caption(
                "Dot: the mean over people. Line: its 95 % interval. The engine is in colour."
            )
        else:
            st.caption("One figure for the whole catalogue, so there is no interval over people.")
        if definition:
            with st.expander("How exactly is this measured?"):
                st.text(definition[0])
        if missing:
            st.caption(f"Not measured for: {', '.join(missing)}.")
    _table(figures)
    with st.expander("What are these models?"):
        for model in figures[MODEL].unique(maintain_order=True):
            html(text(f"{model}: {model_words(model) or 'a model of your own.'}", "line"))


def _table(figures: pl.DataFrame) -> None:
    wide = figures.select(MODEL).unique(maintain_order=True)
    config: dict[str, Any] = {MODEL: st.column_config.TextColumn("Model", pinned=True, width=95)}
    for metric in TABLE:
        part = figures.filter(pl.col(METRIC) == metric)
        if part.height == 0:
            continue
        has = part[LOW].null_count() < part.height
        column = part.select(
            MODEL,
            pl.struct(MEAN, LOW, HIGH)
            .map_elements(
                lambda s: (
                    number(s[MEAN])
                    + (f" ({interval(s[LOW], s[HIGH])})" if s[LOW] is not None else "")
                ),
                return_dtype=pl.String,
            )
            .alias(metric),
        )
        wide = wide.join(column, on=MODEL, how="left", maintain_order="left")
        words = metric_words(metric) + (" In brackets: the 95 % interval." if has else "")
        config[metric] = st.column_config.TextColumn(
            metric_name(metric), help=words, width=172 if has else "small"
        )
    with st.expander("All models as a table", expanded=True):
        st.dataframe(
            wide, hide_index=True, column_config=config, height="content", placeholder="–",
            alt="Leaderboard: one row per model, one column per measure, intervals in brackets.",
        )  # fmt: skip
        download("Download all figures (CSV)", figures, "leaderboard.csv", "leaderboard-csv")


def _comparisons(found: pl.DataFrame, figures: pl.DataFrame) -> None:
    st.header("Is the engine really better?")
    if found.height == 0:
        st.info("There is no other model in this run to compare the engine with.")
        return
    metric = found[METRIC][0]
    st.write(
        f"Person by person, on the same people: {metric_name(metric)} of the engine less that of "
        "the other model. Where the whole line is right of zero, the engine is better and chance "
        "is an unlikely reason."
    )
    shown = found.sort("difference")
    with st.container(border=True):
        interval_chart(
            shown,
            name="against",
            value="difference",
            low=LOW,
            high=HIGH,
            axis="engine less the other model",
            alt="Difference between the engine and each other model with its 95 percent interval; "
            "the numbers are in the table below.",
            rule=0.0,
            rows=shown["against"].to_list(),
            about=model_words,
        )
    table = shown.select(
        "against",
        pl.struct(LOW, HIGH).map_elements(_verdict, return_dtype=pl.String).alias("verdict"),
        "difference",
        LOW,
        HIGH,
        "ratio",
        "p_adjusted",
        "smallest_visible",
        "n",
    )
    numbers = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        placeholder="–",
        column_config={
            "against": st.column_config.TextColumn("Engine against"),
            "verdict": st.column_config.TextColumn("In words", width=120),
            "difference": numbers("Difference", format="%+.4f"),
            LOW: numbers("from", format="%+.4f", help="Lower end of the 95 % interval."),
            HIGH: numbers("to", format="%+.4f", help="Upper end of the 95 % interval."),
            "ratio": numbers("Ratio", format="%.3f", help="1.08 means 8 % better."),
            "p_adjusted": numbers(
                "p",
                format="%.4f",
                help="How often chance alone would give so large a difference, made stricter "
                "because several models are compared (Holm).",
            ),
            "smallest_visible": numbers(
                "Could see", format="%.4f",
                help="The smallest true difference that so many people show in 8 of 10 trials.",
            ),
            "n": numbers("People", format="%d"),
        },
        alt="The engine against each other model: difference, interval, ratio, p.",
    )  # fmt: skip
    download("Download the comparisons (CSV)", found, "comparisons.csv", "comparisons-csv")


def _verdict(ends: dict[str, float | None]) -> str:
    low, high = ends[LOW], ends[HIGH]
    if low is None or high is None:
        return "cannot tell"
    return "engine is better" if low > 0 else "engine is worse" if high < 0 else "cannot tell"


def _left_out(manifest: dict[str, Any]) -> None:
    reasons = left_out(manifest)
    remarks = manifest["configuration"].get("remarks", [])
    if not (reasons or remarks):
        return
    with st.expander("What was left out, and why"):
        for name, reason in reasons.items():
            st.text(f"{name}: {reason}")
        for remark in remarks:
            st.text(remark)


main()
