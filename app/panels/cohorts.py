"""Whom to ask: everybody, guests, people of one kind, or those of the saved cases."""

from __future__ import annotations

import streamlit as st

from app import cohort as cohorts
from app import session
from app.cache import World
from app.cohort import EVERYBODY, FEW, GUESTS, KINDS, MEETING, PEOPLE, QUALITY, SLICE, Cohort
from app.words import counted
from workbench.vocabulary import Id

NAMES = {
    EVERYBODY: "Everybody",
    GUESTS: "Guests",
    SLICE: "People of one kind",
    MEETING: "Several things at once",
    QUALITY: "By ranking quality",
    PEOPLE: "From saved cases",
}


def choose(world: World, cohort: Cohort) -> list[Id]:
    """Controls for the cohort, and who is in it."""
    state = st.session_state
    ways, saved = cohorts.ways(world), _saved(world)
    kinds = [
        kind
        for kind in KINDS
        if (kind != GUESTS or world.guests)
        and (kind != SLICE or ways)
        and (kind != MEETING or cohort.kind == MEETING)  # comes from a slice that was found
        and (kind != PEOPLE or saved or cohort.kind == PEOPLE)
    ]
    with st.container(border=True, key="cohort_panel"):
        first, second, third = st.columns([2, 2, 2], vertical_alignment="bottom")
        state["cohort_kind"] = cohort.kind
        with first:
            st.selectbox(
                "Whom to ask", kinds, format_func=NAMES.__getitem__, key="cohort_kind",
                on_change=_kind_chosen, args=(ways, saved), filter_mode=None,
                help="Guests are people of the log whom no model learnt from: the engine answers "
                "from what it sees, not from memory. Cases are saved on the screen What if.",
            )  # fmt: skip
        if cohort.kind == SLICE and ways:
            _slice(ways, cohort, second, third)
        elif cohort.kind == MEETING:
            second.text(cohort.name)
        elif cohort.kind == QUALITY:
            state["cohort_quality"] = (cohort.low, cohort.high)
            with second:
                st.slider(
                    "Ranking quality (nDCG) of the engine", 0.0, 1.0, step=0.01,
                    key="cohort_quality", on_change=_quality_chosen,
                    help="How well the engine's list meets what the person chose later: 1 is "
                    "perfect, 0 is nothing found.",
                )  # fmt: skip
        members = cohort.members(world)
        everybody = len(world.split.people()[0])
        st.text(
            f"{counted(len(members), 'person', 'people')} of {everybody:,} who have a later choice "
            "to measure by."
        )
        if not members:
            st.info("Nobody is like that. Choose others.", icon=":material/group_off:")
        elif len(members) < FEW:
            st.warning(
                f"Fewer than {FEW} people: their figures say little about anybody else.",
                icon=":material/group:",
            )
    return members


def _slice(
    ways: dict[str, tuple[str, ...]],
    cohort: Cohort,
    second: st.delta_generator.DeltaGenerator,
    third: st.delta_generator.DeltaGenerator,
) -> None:
    state = st.session_state
    attribute = cohort.attribute if cohort.attribute in ways else next(iter(ways))
    groups = ways[attribute]
    state["cohort_attribute"] = attribute
    state["cohort_group"] = cohort.group if cohort.group in groups else groups[0]
    with second:
        st.selectbox(
            "By", list(ways), format_func=lambda a: a.replace("_", " "), key="cohort_attribute",
            on_change=_attribute_chosen, args=(ways,), filter_mode=None,
            help="What is known of people, and what they did before the cut: how many items they "
            "met, and on how many days.",
        )  # fmt: skip
    with third:
        st.selectbox("Who", groups, key="cohort_group", on_change=_group_chosen, filter_mode=None)


def _saved(world: World) -> tuple[Id, ...]:
    """People of the visitor's saved cases who can be asked about."""
    asked = set(world.split.people()[0])
    people = (one.case.user_id for one in session.saved())
    return tuple(dict.fromkeys(p for p in people if p is not None and p in asked))


def _kind_chosen(ways: dict[str, tuple[str, ...]], saved: tuple[Id, ...]) -> None:
    kind = st.session_state["cohort_kind"]
    if kind == SLICE:
        attribute = next(iter(ways))
        cohorts.put(Cohort(SLICE, attribute, ways[attribute][0]))
    elif kind == QUALITY:
        cohorts.put(Cohort(QUALITY, low=0.0, high=0.1))
    elif kind == MEETING:
        return  # it is the one that is there
    elif kind == PEOPLE:
        cohorts.put(Cohort(PEOPLE, user_ids=saved))
    else:
        cohorts.put(Cohort(kind))


def _attribute_chosen(ways: dict[str, tuple[str, ...]]) -> None:
    attribute = st.session_state["cohort_attribute"]
    cohorts.put(Cohort(SLICE, attribute, ways[attribute][0]))


def _group_chosen() -> None:
    state = st.session_state
    cohorts.put(Cohort(SLICE, state["cohort_attribute"], state["cohort_group"]))


def _quality_chosen() -> None:
    low, high = st.session_state["cohort_quality"]
    cohorts.put(Cohort(QUALITY, low=low, high=high))
