"""Several models on a cohort: figures with intervals, and how alike their lists are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import streamlit as st

from app import fitted, jobs
from app.cache import World
from app.charts import interval_chart
from app.cohort import Cohort
from app.export import download
from app.widgets import head, html, problem
from app.words import METRICS, metric_name, metric_words, model_words
from workbench.columns import DEFINITION, HIGH, ITEM, LOW, MEAN, TITLE, USER, N
from workbench.errors import WorkbenchError
from workbench.evaluation.agreement import OVERLAP, agreement, exposure
from workbench.evaluation.uncertainty import compare
from workbench.slate import Slates
from workbench.vocabulary import Id

MEASURES = {OVERLAP: "order counted", "jaccard": "titles shared"}
FOUND = "compare_found"
KEPT = 4


@dataclass(frozen=True, eq=False)
class Alike:
    """How alike the lists of some models are for some people."""

    pairs: pl.DataFrame
    items: pl.DataFrame


def figures(world: World, cohort: Cohort, members: list[Id], names: list[str]) -> None:
    """Paired differences, from the rows that the run keeps: nothing is scored again."""
    kept = [fitted.rows(world, name) for name in names]
    there = [m for m in METRICS if all(m in r.columns and r[m].drop_nulls().len() for r in kept)]
    metric = st.selectbox(
        "Measure", there, format_func=metric_name, key="compare_metric", filter_mode=None
    )
    st.write(metric_words(metric))
    shown = _compared(world.key, repr(cohort), tuple(names), metric, world, members)
    with st.container(border=True):
        interval_chart(
            shown, name="model", value="difference", low=LOW, high=HIGH, rule=0.0,
            rows=shown["model"].to_list(), axis=f"difference to {names[0]}", about=model_words,
            alt=f"Difference of each model to {names[0]} with its 95 percent interval; the "
            "numbers are in the table below.",
        )  # fmt: skip
        st.caption(
            "Dot: the mean difference, person by person. Line: its 95 % interval. Dashed: equal."
        )
    number = st.column_config.NumberColumn
    st.dataframe(
        shown.select("model", "against", "difference", LOW, HIGH, "ratio", "p_adjusted", N),
        hide_index=True,
        placeholder="–",
        column_config={
            "model": st.column_config.TextColumn("Model"),
            "against": st.column_config.TextColumn("Against"),
            "difference": number("Difference", format="%+.4f"),
            LOW: number("from", format="%+.4f", help="Lower end of the 95 % interval."),
            HIGH: number("to", format="%+.4f", help="Upper end of the 95 % interval."),
            "ratio": number("Ratio", format="%.3f", help="1.08 means 8 % more."),
            "p_adjusted": number(
                "p", format="%.4f", help="How often chance alone would give so large a difference, "
                "made stricter because several models are compared (Holm).",
            ),
            N: number("People", format="%d"),
        },
        alt="Each model against the first: difference, interval, ratio, p, people.",
    )  # fmt: skip
    with st.expander("How exactly is this measured?"):
        st.text(shown[DEFINITION][0])
        st.text(f"Here: {len(members):,} of these people.")
    download("Download the differences (CSV)", shown, "compare.csv", "compare-csv")


@st.cache_data(show_spinner="Comparing …", max_entries=100)
def _compared(
    key: str, cohort: str, names: tuple[str, ...], metric: str, _world: World, _members: list[Id]
) -> pl.DataFrame:
    """The models against the first, person by person."""
    wanted = pl.Series(_members, dtype=_world.run.rows.schema[USER]).implode()
    rows = {n: fitted.rows(_world, n).filter(pl.col(USER).is_in(wanted)) for n in names}
    return compare(rows, names[0], metric)


def lists(world: World, cohort: Cohort, members: list[Id], names: list[str]) -> None:
    """How alike the lists are; asked for by a button, since every model is asked again."""
    html(head("Do they show the same?"))
    key = (world.key, cohort, tuple(names))
    found: dict[object, Alike] = st.session_state.setdefault(FOUND, {})
    if key not in found:
        st.write(
            "A run keeps the figures of all models, and of the lists only what they led to. To "
            "compare the lists themselves, each model is asked again."
        )
        if st.button(
            f"Ask {len(names)} models about {len(members):,} people", key="ask_lists",
            icon=":material/play_arrow:", type="primary",
        ):  # fmt: skip
            answer = _asked(world, members, names)
            if answer is not None:
                found[key] = answer
                while len(found) > KEPT:
                    found.pop(next(iter(found)))
                st.rerun()
        return
    _alike(world, found[key], names)


def _asked(world: World, members: list[Id], names: list[str]) -> Alike | None:
    try:
        with jobs.at_work("Asking the models") as say:
            return alike(world, members, names, say)
    except jobs.BusyError:
        st.warning(
            "Somebody else's question is being worked out. Try again in a moment.",
            icon=":material/hourglass:",
        )
    except WorkbenchError as error:
        problem("This cannot be asked.", str(error))
    return None


def alike(
    world: World, members: list[Id], names: list[str], say: Callable[[float, str], None]
) -> Alike:
    """Lists of every model for the people, compared."""
    from workbench.ranking.recommend import recommend

    people = world.split.train.profiles(members, world.split.as_of)
    slates: dict[str, Slates] = {}
    for place, name in enumerate(names):
        say(place / len(names), name)
        slates[name] = recommend(fitted.model(world, name), people, world.k)
    return Alike(agreement(slates), exposure(slates))


def _alike(world: World, found: Alike, names: list[str]) -> None:
    for row in found.pairs.filter(pl.col("measure") == OVERLAP).iter_rows(named=True):
        ends = "" if row[LOW] is None else f" (95 % interval {row[LOW]:.2f} to {row[HIGH]:.2f})"
        st.text(
            f"{row['model']} and {row['against']}: alike by {row[MEAN]:.2f} of 1{ends}, over "
            f"{row[N]:,} people."
        )
    number = st.column_config.NumberColumn
    st.dataframe(
        found.pairs.with_columns(pl.col("measure").replace(MEASURES)),
        hide_index=True,
        placeholder="–",
        column_config={
            "model": "Model",
            "against": "And",
            "measure": st.column_config.TextColumn(
                "Measure", help="Order counted: rank-biased overlap, in which the first places "
                "count most. Titles shared: those of both lists / those of either (Jaccard).",
            ),
            MEAN: number("Mean", format="%.3f"),
            LOW: number("from", format="%.3f", help="Lower end of the 95 % interval."),
            HIGH: number("to", format="%.3f", help="Upper end of the 95 % interval."),
            N: number("People", format="%d"),
        },
        alt="How alike the lists of each two models are.",
    )  # fmt: skip
    named = found.items.with_columns(
        pl.Series(TITLE, [world.catalogue[i].title for i in found.items[ITEM]], dtype=pl.String)
    )
    unique = {n: int(((named["models"] == 1) & (named[n] > 0)).sum()) for n in names}
    html(head("Titles that only one of them shows to anybody"))
    st.text(", ".join(f"{name}: {count:,}" for name, count in unique.items()) + ".")
    st.dataframe(
        named.select(TITLE, *names, "models"),
        hide_index=True,
        height=320,
        column_config={
            TITLE: st.column_config.TextColumn("Title", width="large"),
            **{n: number(n, format="%d", help="In so many lists.") for n in names},
            "models": number("Models", format="%d", help="How many of them show it to anybody."),
        },
        alt="In how many lists of each model a title is; what few models show comes first.",
    )
    download("Download the titles (CSV)", named, "compare-titles.csv", "compare-titles-csv")
