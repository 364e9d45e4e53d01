"""This run against another of the same folder: for whom is it better or worse, what flipped."""

from __future__ import annotations

import json

import polars as pl
import streamlit as st

from app import jobs, upload
from app.cache import World
from app.charts import interval_chart
from app.export import download
from app.panels.verdicts import ICONS, plain_measure
from app.widgets import problem
from app.words import counted, metric_name
from workbench.audit.groups import EVERYBODY
from workbench.columns import ATTRIBUTE, GROUP, HIGH, LOW, MEAN, N
from workbench.errors import WorkbenchError
from workbench.pipeline import Run
from workbench.pipeline.disk import finished
from workbench.pipeline.release import OTHER_PLACES, OVERLAP, RunComparison, compare_runs

FOUND, WHO = "releases_found", "who"
KEPT = 4
SHOWN = 12
"""Groups in the chart; all are in the table."""
WORDS = {
    "ok": (
        "✓ Not worse",
        "Everybody together surely loses no more than what does not matter, no "
        "group is seen to, and no verdict became fail.",
    ),
    "worse": (
        "✗ Worse",
        "Some people surely lose more than what does not matter, or a verdict became fail.",
    ),
    "cannot tell": (
        "? Cannot tell",
        "The people who were asked the same in both are too few to be sure.",
    ),
}


def show(world: World) -> None:
    """Choose a run, ask, and see what changed."""
    st.write(
        "Is this engine better or worse than the one of another run, and for whom? The same people "
        "are asked the same question in both; a group is only called worse where chance is an "
        "unlikely reason."
    )
    mine = upload.own()
    others = [] if mine is not None and mine.world is world else _others(world.run)
    if not others:
        st.info(
            "There is no other run to compare with. Each run is kept in the same folder: make "
            "another, with other data or other settings, and it can be chosen here.",
            icon=":material/history:",
        )
        return
    left, right = st.columns([2, 1])
    name = left.selectbox("Another run", others, key="releases_run", filter_mode=None)
    margin = right.number_input(
        "A loss that does not matter", 0.0, 0.5, 0.01, 0.005, key="releases_margin", format="%.3f",
        help="Of ranking quality (nDCG), which goes from 0 to 1.",
    )  # fmt: skip
    key = (world.key, name, margin)
    found: dict[object, RunComparison] = st.session_state.setdefault(FOUND, {})
    if key not in found:
        if not st.button(
            "Compare with it", icon=":material/play_arrow:", type="primary", key="releases_ask"
        ):
            return
        answer = _asked(world, name, margin)
        if answer is None:
            return
        found[key] = answer
        while len(found) > KEPT:
            found.pop(next(iter(found)))
        st.rerun()
    _answer(found[key])


def _others(run: Run) -> list[str]:
    """Finished runs in the folder of this one, the newest first."""
    return [name for name in finished(run.path.parent)[::-1] if name != run.name]


def _asked(world: World, name: str, margin: float) -> RunComparison | None:
    try:
        with jobs.at_work("Comparing the runs") as say:
            say(0.1, "opening the other run")
            other = Run.load(world.run.path.parent / name)
            say(0.3, "asking both engines about the same people")
            return compare_runs(other, world.run, margin=margin)
    except jobs.BusyError:
        st.warning(
            "Somebody else's question is being worked out. Try again in a moment.",
            icon=":material/hourglass:",
        )
    except WorkbenchError as error:
        problem("These runs cannot be compared.", str(error))
    return None


def _answer(found: RunComparison) -> None:
    title, words = WORDS[found.verdict]
    st.subheader(title)
    st.write(words)
    st.text(f"From {found.before} to {found.after}: {counted(found.n, 'person', 'people')}.")
    for reason in (*found.reasons[:SHOWN], *found.notes):
        st.text(f"· {reason}")
    _groups(found)
    _slates(found)
    _flipped(found)
    st.download_button(
        "Download everything (JSON)", json.dumps(found.as_dict(), indent=1, ensure_ascii=False),
        "runs.json", "application/json", key="runs-json", on_click="ignore",
        icon=":material/data_object:",
    )  # fmt: skip


def _groups(found: RunComparison) -> None:
    st.subheader("For whom it is better or worse")
    first = pl.col(ATTRIBUTE) != EVERYBODY
    shown = _named(found.people).sort(first, "p_adjusted", -pl.col("difference").abs())
    drawn = shown.head(SHOWN)
    with st.container(border=True):
        interval_chart(
            drawn, name=WHO, value="difference", low=LOW, high=HIGH, rule=0.0, strong=EVERYBODY,
            rows=drawn[WHO].to_list(), axis=f"difference: {metric_name('ndcg')}",
            alt="Difference of ranking quality by group with 95 percent intervals; the numbers "
            "are in the table below.",
        )  # fmt: skip
        st.caption(
            "Dot: the mean difference, person by person. Line: its 95 % interval. Dashed: equal. "
            f"Everybody, then the surest of {shown.height - 1} groups."
        )
    number = st.column_config.NumberColumn
    st.dataframe(
        shown.select(WHO, "verdict", N, "before", "after", "difference", LOW, HIGH, "p_adjusted"),
        hide_index=True,
        placeholder="–",
        height=min(38 + 35 * shown.height, 318),
        column_config={
            WHO: "People",
            "verdict": "Verdict",
            N: number("How many", format="%d"),
            "before": number("Before", format="%.3f"),
            "after": number("Now", format="%.3f"),
            "difference": number("Difference", format="%+.3f"),
            LOW: number("from", format="%+.3f", help="Lower end of the 95 % interval."),
            HIGH: number("to", format="%+.3f", help="Upper end of the 95 % interval."),
            "p_adjusted": number(
                "p", format="%.3f", help="How often chance alone would give so large a difference, "
                "made stricter because many groups are compared.",
            ),
        },
        alt="Each group: verdict, people, ranking quality before and now, difference, interval.",
    )  # fmt: skip
    hidden = found.people["note"].drop_nulls().len()
    if hidden:
        st.caption(
            f"Not shown: {counted(hidden, 'group')} of too few people, or that would give these "
            "away."
        )
    download("Download the differences (CSV)", found.people, "runs.csv", "runs-csv")


def _slates(found: RunComparison) -> None:
    st.subheader("Whose list changed most")
    wide = _named(found.slates.filter(measure=OTHER_PLACES))
    alike = _named(found.slates.filter(measure=OVERLAP)).select(WHO, pl.col(MEAN).alias("alike"))
    number = st.column_config.NumberColumn
    st.dataframe(
        wide.join(alike, on=WHO, how="left", maintain_order="left").select(
            WHO, N, MEAN, LOW, HIGH, "alike"
        ),
        hide_index=True,
        placeholder="–",
        height=min(38 + 35 * wide.height, 248),
        column_config={
            WHO: "People",
            N: number("How many", format="%d"),
            MEAN: number(
                "Other titles", format="percent",
                help="Share of the places of a list that hold a title which was not in it before.",
            ),
            LOW: number("from", format="percent", help="Lower end of the 95 % interval."),
            HIGH: number("to", format="percent", help="Upper end of the 95 % interval."),
            "alike": number(
                "Alike", format="%.2f", help="Rank-biased overlap of the two lists: 1 is the same; "
                "the first places count most.",
            ),
        },
        alt="Each group: how many places of its lists hold another title, and how alike they are.",
    )  # fmt: skip


def _flipped(found: RunComparison) -> None:
    st.subheader("Verdicts that flipped")
    if not found.flipped.height:
        st.write(f"None of {found.verdicts.height}: what the policy says is what it said.")
        return
    number = st.column_config.NumberColumn
    st.dataframe(
        found.flipped.select(
            pl.col("measure").map_elements(plain_measure, return_dtype=pl.String),
            pl.concat_str(ATTRIBUTE, GROUP, separator=": ", ignore_nulls=True).alias(WHO),
            pl.col("before", "after").replace(ICONS),
            "value_before",
            "value_after",
            "threshold",
        ),
        hide_index=True,
        placeholder="–",
        column_config={
            "measure": "Measure",
            WHO: "Of whom or what",
            "before": "Before",
            "after": "Now",
            "value_before": number("Figure before", format="%.3f"),
            "value_after": number("Figure now", format="%.3f"),
            "threshold": "Threshold",
        },
        alt="The verdicts that are not what they were: before, now, figures, threshold.",
    )


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """What may be shown, with the group in one column."""
    name = pl.concat_str(pl.col(ATTRIBUTE).str.replace_all("_", " "), GROUP, separator=": ")
    return frame.filter(pl.col("note").is_null()).with_columns(
        pl.when(pl.col(ATTRIBUTE) == EVERYBODY).then(ATTRIBUTE).otherwise(name).alias(WHO)
    )
