"""Compare: several models on one person, and on many."""

from __future__ import annotations

import streamlit as st

from app import cohort as cohorts
from app import fitted, session
from app.cache import World
from app.panels import cohorts as cohort_panel
from app.panels import on_cohort, side_by_side
from app.widgets import html, opened, problem, text
from workbench.errors import WorkbenchError
from workbench.pipeline.leaderboard import best_single

MODELS = "models"
CHOSEN, WRITTEN, ACTED, RUN = "compare", "compare_written", "compare_acted", "compare_run"
MOST = 4


def main() -> None:
    st.title("Compare")
    world = opened()
    if world is None:
        return
    html(
        text(
            "The same person, or the same many people, asked of several models: where they agree, "
            "what only one of them shows, and which meets later choices better."
        )
    )
    there = [name for name in fitted.names(world) if fitted.can_fit(world, name)]
    for name in fitted.names(world):
        if why := fitted.why_not(world, name):
            st.text(f"{name} cannot be asked. {why}.")
    if len(there) < 2:
        st.info("There is no other model in this run to compare the engine with.")
        return
    names = _models(world, there)
    cohort, case = cohorts.current(world), session.current(world)
    if len(names) < 2:
        st.info("Choose at least two models.", icon=":material/compare:")
        return
    person, many = st.tabs(["One person", "Many people"])
    with person:
        try:
            profile = case.profile(world.start(case))
            side_by_side.show(world, case, profile, names)
        except WorkbenchError as error:
            problem("One of the models cannot answer for this person.", str(error))
    with many:
        members = cohort_panel.choose(world, cohort)
        if members:
            on_cohort.figures(world, cohort, members, names)
            on_cohort.lists(world, cohort, members, names)


def _models(world: World, there: list[str]) -> list[str]:
    """Which models, the first of them the one that the others are held against."""
    state = st.session_state
    given = st.query_params.get(MODELS)
    acted = state.pop(ACTED, False)
    if state.get(RUN) != world.key:
        state.pop(CHOSEN, None)
        state[RUN] = world.key
    if CHOSEN not in state or (given is not None and not acted and given != state.get(WRITTEN)):
        read = [name for name in (given or "").split(",") if name in there]
        single = best_single(world.run.leaderboard)
        usual = dict.fromkeys(n for n in (fitted.ENGINE, single, *there) if n in there)
        state[CHOSEN] = list(dict.fromkeys(read))[:MOST] or list(usual)[:2]
    chosen: list[str] = state[CHOSEN]
    words = ",".join(chosen)
    if given != words:
        st.query_params[MODELS] = words
    state[WRITTEN] = words
    state["compare_models"] = chosen
    st.multiselect(
        "Models", there, key="compare_models", max_selections=MOST, on_change=_chosen,
        help="The others are held against the first.",
    )  # fmt: skip
    return chosen


def _chosen() -> None:
    st.session_state[CHOSEN] = list(st.session_state["compare_models"])
    st.session_state[ACTED] = True


main()
