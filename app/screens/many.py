"""What if for many: one change to everybody, or to some, and what becomes of their lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app import cohort as cohorts
from app import jobs, session
from app import question as questions
from app.panels import cohorts as cohort_panel
from app.panels import many as results
from app.panels import questions as question_panel
from app.widgets import html, opened, problem, text
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from app.cache import World
    from app.question import Question
    from app.state import Case
    from workbench.explain.whatif import WhatIf
    from workbench.vocabulary import Id

SAMPLE = 100
FOUND = "many_found"
KEPT = 6
"""Answers that a visitor can go back to without asking again."""


def main() -> None:
    st.title("What if for many")
    world = opened()
    if world is None:
        return
    html(
        text(
            "Make one change to many people at once: a title that all have met, a title that is "
            "retired or new, a policy. See who would be shown what, and what it costs."
        )
    )
    cohort = cohorts.current(world)
    question = questions.current(world)
    case = session.current(world)
    question_panel.choose(world, question, case)
    members = cohort_panel.choose(world, cohort)
    if not members:
        return
    if not question.complete(case):
        st.info("Say what should happen, then ask.", icon=":material/help:")
        return
    key = (world.key, cohort, question, case if question.kind == questions.CASE else None)
    answers: dict[tuple[object, int], WhatIf] = st.session_state.setdefault(FOUND, {})
    sample = min(SAMPLE, len(members))
    some, everybody = answers.get((key, sample)), answers.get((key, len(members)))
    ask = None
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if everybody is None:
            if some is None and sample < len(members) and st.button(
                f"Ask a sample of {sample:,}", type="primary", icon=":material/play_arrow:",
                key="ask_sample",
            ):  # fmt: skip
                ask = sample
            if st.button(
                f"Ask all {len(members):,}", icon=":material/groups:", key="ask_all",
                type="primary" if sample == len(members) or some is not None else "secondary",
            ):  # fmt: skip
                ask = len(members)
    if ask is not None:
        found = _asked(world, members, question, case, ask)
        if found is None:
            return
        answers[key, ask] = found
        while len(answers) > KEPT:
            answers.pop(next(iter(answers)))
        st.rerun()
    found = everybody if everybody is not None else some
    if found is not None:
        results.show(world, found, len(members))


def _asked(
    world: World, members: list[Id], question: Question, case: Case, most: int
) -> WhatIf | None:
    """The answer, with a bar; None where there is none, which the visitor has then been told."""
    from workbench.data.sample import asking, asking_only
    from workbench.explain.whatif import what_if_many

    try:
        with jobs.at_work(f"Asking {most:,} people") as say:
            split = asking(asking_only(world.split, members), most)
            return what_if_many(
                world.engine, split, question.change(world, case), world.k, progress=say
            )
    except jobs.BusyError:
        st.warning(
            "Somebody else's question is being worked out. Try again in a moment.",
            icon=":material/hourglass:",
        )
    except WorkbenchError as error:
        problem("This cannot be asked.", str(error))
    return None


main()
