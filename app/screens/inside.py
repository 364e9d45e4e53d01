"""Inside: what the engine looks at, for many people at once."""

from __future__ import annotations

import streamlit as st

from app import cohort as cohorts
from app import inside
from app.cache import World
from app.panels import curves, looks_at, retrievers
from app.widgets import html, opened, problem, text
from workbench.errors import WorkbenchError

LOOKS, FEATURE, PAIRS, RETRIEVERS, COHORT = (
    "What it looks at", "One feature", "Features together", "Retrievers", "Some people",
)  # fmt: skip
PARTS = (LOOKS, FEATURE, PAIRS, RETRIEVERS, COHORT)
AGAINST = {
    inside.LEARNT: "what the engine learnt from",
    inside.GUESTS: "what the same people could have been shown",
}


def main() -> None:
    st.title("Inside")
    world = opened()
    if world is None:
        return
    html(
        text(
            "What does the engine look at when it makes a list? Not for one person, as on What if, "
            "but over many lists: which kinds of things it reads push scores up or down, and by "
            "how much."
        )
    )
    if not inside.explainable(world):
        st.info(
            "The model of this run has no features that could be told apart. What each event of "
            "a person does to a score can still be seen on What if."
        )
        return
    # One part at a time: the others need not be worked out.
    part = (
        st.segmented_control(
            "Look at", PARTS, default=LOOKS, key="inside_part", bind="query-params"
        )
        or LOOKS
    )
    try:
        _part(world, part)
    except WorkbenchError as error:
        problem("This cannot be told of this run.", str(error))


def _part(world: World, part: str) -> None:
    if part == RETRIEVERS:
        retrievers.show(world)
        return
    if part == COHORT:
        looks_at.cohort(world, cohorts.current(world))
        return
    ids, who = inside.whom(world)
    if part == PAIRS:
        curves.pairs(world, ids)
        return
    against = st.selectbox(
        "Held against", list(AGAINST), format_func=AGAINST.__getitem__, key="inside_against",
        bind="query-params",
        help="A push is always a push away from something: from an average item that the ranker "
        "was taught with, or from an average candidate of the same people (interventional SHAP; "
        "it takes longer the first time).",
    )  # fmt: skip
    kept = getattr(world.run, "importance", None)
    if part == LOOKS and against == inside.LEARNT and kept is not None and kept.height:
        looks_at.show(world, kept, "people")
        return
    frame = inside.importance(world, ids, against)
    if part == FEATURE:
        curves.feature(world, ids, frame, against)
        return
    if kept is None or kept.height == 0:
        st.info(
            "This run kept no table of importance, so it was worked out here, from some of its "
            "people.",
            icon=":material/calculate:",
        )
    looks_at.show(world, frame, who)


main()
