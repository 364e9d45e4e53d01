"""Home: which engine, which data, when, how good, and where to go."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import streamlit as st

from app import cache
from app.address import to_address
from app.stories import stories
from app.widgets import html, opened, text
from app.words import counted, interval, number

BESIDE = 4
"""Doors in a row."""


def main() -> None:
    st.title("Look inside the engine")
    world = opened()
    if world is None:
        return
    html(
        text(
            "Take a person, change what they did, and watch what they would be shown, and why. "
            "Then see how good the engine is, and whether it is as good for everybody."
        )
    )
    _figures(world)
    _stories(world)
    _doors()
    _limits(world)


def _figures(world: cache.World) -> None:
    told, cut = world.run.manifest["dataset"], world.run.manifest["split"]
    best = world.run.leaderboard.filter(
        (pl.col("model") == "engine") & (pl.col("metric") == "ndcg")
    )
    when = datetime.fromisoformat(world.run.manifest["created"])
    with st.container(border=True):
        columns = st.columns(4)
        columns[0].metric("People in the log", f"{told['people']:,}")
        columns[1].metric("Items", f"{told['items']:,}")
        columns[2].metric(
            "Held out as guests",
            f"{len(cut['guests']):,}",
            help="People that no model learnt from. What-if starts from them: a model remembers "
            "the people it learnt from, and would answer from memory.",
        )
        lines = [f"Data: {told['name']}. The engine was fitted on {when:%d %B %Y, %H:%M} UTC."]
        if best.height:
            row = best.row(0, named=True)
            columns[3].metric(
                "Ranking quality",
                number(row["mean"]),
                help="Of the engine's lists (nDCG over the first places): 1 is perfect, 0 is "
                "without a hit.",
            )
            lines.append(
                f"Ranking quality: {number(row['mean'])} (95 % interval "
                f"{interval(row['low'], row['high'])}, n = {row['n']:,} people asked)."
            )
        html(*(text(line, "about-line") for line in (" ".join(lines), _engine(world)) if line))


def _engine(world: cache.World) -> str:
    """Which engine it is, in a line; empty where it is no engine of two stages."""
    retrievers = getattr(world.engine, "retrievers_", None)
    if not retrievers:
        return ""
    return (
        f"The engine: {counted(len(retrievers), 'simple model')} bring candidates "
        f"({', '.join(retrievers)}); boosted decision trees put them in order."
    )


def _stories(world: cache.World) -> None:
    st.header("Three stories to begin with")
    told = stories(world)
    for column, story in zip(st.columns(len(told)), told, strict=True):
        with column.container(border=True, height="stretch"):
            st.subheader(story.title)
            st.write(story.words)
            st.page_link(
                "screens/what_if.py",
                label="Open this story",
                icon=":material/play_circle:",
                query_params=to_address(story.case, story.why),
                help=f"Opens What if: {story.title}",
            )


def _doors() -> None:
    doors = (
        (
            "screens/what_if.py",
            "What if",
            "Add, remove or re-rate what a person saw: both lists side by side, what moved, and "
            "why.",
        ),
        (
            "screens/many.py",
            "For many",
            "What would a change do to everybody, or to one group? Who would see what, and what "
            "it would cost.",
        ),
        (
            "screens/compare.py",
            "Compare",
            "Two or more models on the same person and on the same people: what only one of them "
            "finds.",
        ),
        (
            "screens/inside.py",
            "Inside",
            "What does the engine look at, over many lists? What pushes a score up, what down, "
            "and by how much.",
        ),
        (
            "screens/models.py",
            "Models",
            "How good is the engine, compared with simpler models on the same people? "
            "With honest intervals.",
        ),
        (
            "screens/audit.py",
            "Audit",
            "Does it work as well for all groups of people, and who gets shown? "
            "With the verdicts of a written policy.",
        ),
        (
            "screens/data.py",
            "Data",
            "What the log holds, what was refused and why, what it cannot say. Or bring your own.",
        ),
    )
    st.header("Or go straight to")
    for start in range(0, len(doors), BESIDE):
        for column, (file, title, words) in zip(
            st.columns(BESIDE), doors[start : start + BESIDE], strict=False
        ):
            with column.container(border=True, height="stretch"):
                st.subheader(title)
                st.write(words)
                st.page_link(file, label=f"Open {title}", icon=":material/arrow_forward:")


def _limits(world: cache.World) -> None:
    st.header("What this is not for")
    st.markdown(
        "- It shows how a fitted engine behaves on an edited history. It does **not** say what "
        "people would do if they saw another list: nobody was shown anything.\n"
        "- A difference inside its interval may be chance.\n"
        "- It is not for judging a single person, nor for guessing at what they did not tell.\n"
        "- The engine knows one log. What holds there need not hold for other people, other "
        "items, or later."
    )


main()
