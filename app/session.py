"""The case of this visitor, between the session and the address.

A case, the item whose reason is asked for and the address last written stand under plain keys of
``st.session_state``: they outlive a change of screen, and no other visitor's script can see them.
"""

from __future__ import annotations

import streamlit as st

from app.cache import World
from app.state import GUEST, PARAMETERS, Case, Edit, checked, from_address, to_address
from app.words import counted
from workbench.vocabulary import Id

CASE, WHY, ADDRESS, ACTED, SHOWN, RUN = "case", "why", "address", "acted", "shown", "run"
PAGE = 8
"""Entries of a history that are shown at first."""


def current(world: World) -> Case:
    """The case of this visitor; from the address where that was typed, shared or gone back to.

    A rerun that a widget asked for may still carry the address of the moment before it: then the
    session knows better.
    """
    state = st.session_state
    given = {k: v for k, v in st.query_params.to_dict().items() if k in PARAMETERS}
    acted = state.pop(ACTED, False)
    if state.get(RUN) != world.key:
        state.pop(CASE, None)
        state[RUN] = world.key
    if CASE not in state or (given and not acted and given != state.get(ADDRESS)):
        _read(world, given)
    case: Case = state[CASE]
    wanted = to_address(case, state.get(WHY))
    if given != wanted:
        st.query_params.from_dict(wanted)
    state[ADDRESS] = wanted
    return case


def _read(world: World, given: dict[str, str]) -> None:
    """Take over what the address says; what it says badly is left out, and told."""
    state = st.session_state
    found = from_address(given, world.known)
    case = found.case if given and found.case is not None else first(world)
    case, impossible = checked(case, world.start(case))
    state[CASE], state[WHY], state[SHOWN] = case, found.why, PAGE
    if given and found.case is None:
        words = "The address names a person who is not in this run. Here is somebody else."
    elif found.unread + impossible:
        parts = counted(found.unread + impossible, "part")
        words = f"The address could not be read in full: {parts} left out."
    else:
        return
    st.warning(words, icon=":material/link_off:")


def first(world: World) -> Case:
    """Who is shown to somebody who comes without an address."""
    for user_id in world.guests:
        return Case(GUEST, user_id)
    return Case()


def put(case: Case) -> None:
    """The visitor did something: this is their case now."""
    st.session_state[CASE] = case
    st.session_state[WHY] = None
    acted()


def acted() -> None:
    """The visitor did something that leaves the case as it is."""
    st.session_state[ACTED] = True


def change(edit: Edit) -> None:
    """One more edit."""
    put(st.session_state[CASE].edited(edit))


def undo() -> None:
    put(st.session_state[CASE].undo())


def redo() -> None:
    put(st.session_state[CASE].redo())


def restart() -> None:
    put(st.session_state[CASE].restarted())


def someone(case: Case) -> None:
    """Another person, nothing changed yet."""
    st.session_state[SHOWN] = PAGE
    put(case)


def ask(item_id: Id | None) -> None:
    """Ask for the reason of an item, or for no more reasons."""
    acted()
    st.session_state[WHY] = item_id


def asked() -> Id | None:
    """The item whose reason is asked for."""
    return st.session_state.get(WHY)  # type: ignore[no-any-return]


def shown() -> int:
    """How many entries of the history are shown."""
    return int(st.session_state.get(SHOWN, PAGE))


def show_more() -> None:
    st.session_state[SHOWN] = shown() + 4 * PAGE
    acted()
