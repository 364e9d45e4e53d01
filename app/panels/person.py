"""Who is looked at, and the way back through the changes."""

from __future__ import annotations

import random

import streamlit as st

from app import session
from app.address import PERSON, from_address
from app.cache import World
from app.panels import cases
from app.state import GUEST, KNOWN, NOBODY, Case
from app.words import counted, number
from workbench.vocabulary import Id

KINDS = {GUEST: "A guest", NOBODY: "Somebody invented", KNOWN: "Known to the engine"}
WORD = {GUEST: "Guest", KNOWN: "Person"}
# People in a list to choose from; where there are more, the id is typed.
MOST_LISTED = 3000
RANGE = "quality"


def choose(world: World, case: Case) -> None:
    """Choose whom to start from; saved cases; undo, redo, start again."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", key="person"):
        st.session_state["kind"] = case.kind
        st.segmented_control(
            "Start from",
            [kind for kind in KINDS if kind != GUEST or world.guests],
            format_func=KINDS.__getitem__,
            key="kind",
            required=True,
            wrap=True,
            on_change=_kind_chosen,
            args=(world,),
            help="A guest is a real person of the log whom no model learnt from, so the engine "
            "answers from what it sees, not from memory. Somebody invented starts with nothing. "
            "Those known to the engine are the people that it learnt from.",
        )
        if case.user_id is not None:
            _who(world, case)
        st.space("stretch")
        with st.container(horizontal=True, gap="xsmall", width="content", key="way_back"):
            cases.popover(world, case)
            _way_back(case)
    if case.kind == KNOWN:
        st.warning(
            "**The engine remembers this person.** It learnt from what they did: what you remove "
            "here is still inside it, and it may bring it straight back. For a true what-if "
            "choose a guest.",
            icon=":material/psychology:",
        )


def _who(world: World, case: Case) -> None:
    people = world.guests if case.kind == GUEST else world.learnt_from
    if len(people) <= MOST_LISTED:
        st.session_state["who"] = case.user_id
        st.selectbox(
            "Who",
            list(people),
            format_func=lambda id_: f"{WORD[case.kind]} {id_} · {counted(people[id_], 'event')}",
            key="who",
            on_change=_who_chosen,
            args=(case.kind,),
            width=190,
        )
    else:
        st.session_state["typed"] = str(case.user_id)
        st.text_input(
            "Who (type an id)", key="typed", width=190, on_change=_typed, args=(world, case.kind)
        )
    st.button(
        "Random",
        icon=":material/casino:",
        key="random",
        on_click=_random,
        args=(case, list(people)),
        help="Somebody else of the same kind.",
    )
    if case.kind == GUEST:
        _by_quality(world, case)


def _by_quality(world: World, case: Case) -> None:
    """A random guest whose list is about so good."""
    with st.popover(
        "By quality",
        icon=":material/tune:",
        key="by_quality",
        help="A random guest for whom the list is as good or as bad as you say.",
    ):
        if not world.quality:
            st.info("This run has no figure for single guests.", icon=":material/help:")
            return
        low, high = st.slider(
            "Ranking quality of the list (nDCG)",
            0.0,
            1.0,
            (0.0, 1.0),
            step=0.05,
            key=RANGE,
            on_change=session.acted,
            help="How well the engine's own list puts what the guest later liked near the top: "
            "1 is perfect, 0 is none. Measured on what was held back.",
        )
        there = [id_ for id_, ndcg in world.quality.items() if low <= ndcg <= high]
        st.text(
            f"{len(there)} of {counted(len(world.quality), 'guest')} with something to find. "
            f"The one shown has {number(world.quality.get(case.user_id or ''), 2)}."
        )
        st.button(
            "Random guest in this range",
            icon=":material/casino:",
            key="random_quality",
            disabled=not set(there) - {case.user_id},
            on_click=_random,
            args=(case, there),
        )


def _way_back(case: Case) -> None:
    st.button(
        "Undo",
        icon=":material/undo:",
        key="undo",
        disabled=not case.done,
        on_click=session.undo,
    )
    st.button(
        "Redo",
        icon=":material/redo:",
        key="redo",
        disabled=not case.undone,
        on_click=session.redo,
    )
    st.button(
        "Start again",
        icon=":material/restart_alt:",
        key="restart",
        disabled=not case.done,
        on_click=session.restart,
    )


def _kind_chosen(world: World) -> None:
    kind = st.session_state["kind"]
    people = {GUEST: world.guests, KNOWN: world.learnt_from}.get(kind, {})
    user_id = next(iter(people), None)
    session.someone(Case(kind, user_id) if user_id is not None else Case())


def _who_chosen(kind: str) -> None:
    session.someone(Case(kind, st.session_state["who"]))


def _random(case: Case, people: list[Id]) -> None:
    others = [id_ for id_ in people if id_ != case.user_id]
    if others:
        session.someone(Case(case.kind, random.choice(others)))


def _typed(world: World, kind: str) -> None:
    found = from_address({PERSON: f"{kind}.{st.session_state['typed']}"}, world.known).case
    if found is None:
        st.toast("There is no such person in this run.", icon=":material/person_off:")
        session.acted()
    else:
        session.someone(found)
