"""The case of this visitor, between the session and the address.

A case, what stands beside it, the saved cases, the item whose reason is asked for and the address
last written stand under plain keys of ``st.session_state``: they outlive a change of screen, and no
other visitor's script can see them.

Parameters of the address that are not ours (``address.PARAMETERS``) are left as they are.
"""

from __future__ import annotations

import streamlit as st

from app.address import LONGEST_NAME, PARAMETERS, fits, from_address, to_address
from app.cache import World
from app.state import GUEST, START, Case, Edit, Saved, checked
from app.words import counted
from workbench.vocabulary import Id

CASE, WHY, ADDRESS, ACTED, SHOWN, RUN = "case", "why", "address", "acted", "shown", "run"
AGAINST, SAVED = "against", "saved"
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
        for name in (CASE, SAVED, AGAINST):
            state.pop(name, None)
        state[RUN] = world.key
    if CASE not in state or (given and not acted and given != state.get(ADDRESS)):
        _read(world, given)
    case: Case = state[CASE]
    wanted = to_address(case, state.get(WHY), against(), saved())
    if given != wanted:
        # Only our own: what is bound to a widget may not be written, even as it is.
        for name in given.keys() - wanted.keys():
            del st.query_params[name]
        if changed := {k: v for k, v in wanted.items() if given.get(k) != v}:
            st.query_params.update(changed)
    state[ADDRESS] = wanted
    return case


def _read(world: World, given: dict[str, str]) -> None:
    """Take over what the address says; what it says badly is left out, and told."""
    state = st.session_state
    found = from_address(given, world.known)
    case = found.case if given and found.case is not None else first(world)
    case, impossible = checked(case, world.start(case))
    kept = []
    for name, one in found.saved:
        one, lost = checked(one, world.start(one))
        kept.append(Saved(name, one))
        impossible += lost
    state[CASE], state[WHY], state[SHOWN] = case, found.why, PAGE
    state[AGAINST], state[SAVED] = found.against, tuple(kept)
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
    if not fits(case):
        st.toast(
            "That is all that one case can hold. Undo something first.", icon=":material/block:"
        )
        acted()
        return
    st.session_state[CASE] = case
    st.session_state[WHY] = None
    acted()


def acted() -> None:
    """The visitor did something that leaves the case as it is."""
    st.session_state[ACTED] = True


def change(*edits: Edit) -> None:
    """One more edit, or several at once."""
    case: Case = st.session_state[CASE]
    for edit in edits:
        case = case.edited(edit)
    put(case)


def undo() -> None:
    put(st.session_state[CASE].undo())


def redo() -> None:
    put(st.session_state[CASE].redo())


def back_to(n: int) -> None:
    """Only the first ``n`` edits are done."""
    put(st.session_state[CASE].back_to(n))


def restart() -> None:
    put(st.session_state[CASE].restarted())


def someone(case: Case) -> None:
    """Another person, or another case."""
    st.session_state[SHOWN] = PAGE
    put(case)


# --- what stands beside the case --------------------------------------------------------------


def against() -> str:
    """What the list is held against: one of ``state.AGAINST``, or the number of a saved case."""
    return str(st.session_state.get(AGAINST, START))


def hold_against(what: str) -> None:
    st.session_state[AGAINST] = what
    acted()


def saved() -> tuple[Saved, ...]:
    """The cases that the visitor gave a name; their numbers are their places."""
    return st.session_state.get(SAVED, ())  # type: ignore[no-any-return]


def save(name: str) -> bool:
    """Keep the case under a name, in the place of one of the same name; False where it is full."""
    acted()
    name = "".join(c for c in " ".join(name.split()) if c.isprintable())[:LONGEST_NAME].strip()
    case: Case = st.session_state[CASE]
    kept = list(saved())
    one = Saved(name or f"Case {len(kept) + 1}", case)
    places = [i for i, old in enumerate(kept) if old.name == one.name]
    kept[places[0] if places else len(kept) :] = [one, *kept[places[0] + 1 :]] if places else [one]
    if not fits(case, kept):
        return False
    st.session_state[SAVED] = tuple(kept)
    return True


def forget(number: int) -> None:
    """Drop a saved case; what was held against it is held against the start."""
    st.session_state[SAVED] = tuple(one for i, one in enumerate(saved()) if i != number)
    if against().isdigit():
        hold_against(START)
    acted()


# --- what is looked at ------------------------------------------------------------------------


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
