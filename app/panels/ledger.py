"""The ledger: every change in order, the undone ones too, and the way back to any of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import streamlit as st

from app import session
from app.cache import World
from app.state import (
    ADD,
    ATTRIBUTE,
    CAP,
    CONTEXT,
    DIAL,
    DROP,
    HIDE,
    LIFT,
    MOMENT,
    OF_ITEMS,
    PIN,
    RATE,
    SEED,
    Case,
    Edit,
)  # fmt: skip
from app.widgets import html, text
from app.words import column_name, counted, dial_name, stars
from workbench.profile import Profile
from workbench.vocabulary import Id

MOST_SHOWN = 40
DID = {ADD: "Added", DROP: "Removed", RATE: "Rated"}
RULED = {
    PIN: ("Pinned", "No longer pinned:"),
    HIDE: ("Never show", "May be shown again:"),
    LIFT: ("Lifted", "No longer lifted:"),
}


def show(world: World, case: Case, start: Profile) -> None:
    """All changes, the last one first."""
    if not case.edits:
        st.info(
            "Nothing is changed yet. Every change of the history, the person, the moment and the "
            "policy is written down here, and can be undone.",
            icon=":material/history_edu:",
        )
        return
    undone = f", {case.undone} undone" if case.undone else ""
    html(text(f"{counted(len(case.done), 'change')}{undone}. The last one first.", "about-line"))
    idle = case.idle(start)
    places = list(range(len(case.edits)))[::-1]
    with st.container(gap="xsmall", key="ledger"):
        for place in places[:MOST_SHOWN]:
            _entry(world, case, place, place in idle)
    if len(places) > MOST_SHOWN:
        st.caption(f"… and {len(places) - MOST_SHOWN} before these.")
    st.caption("The address of this page holds them all: copy it to share what you see.")


def _entry(world: World, case: Case, place: int, idle: bool) -> None:
    edit, undone, last = case.edits[place], place >= len(case.done), place == len(case.done) - 1
    note = note_of(world, edit, idle)
    words = f"{place + 1}. {line(world, edit)}" + (f" ({note})" if note else "")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        html(text(f"{words} (undone)", "undone") if undone else text(words, "line"))
        st.button(
            "You are here" if last else "Go here",
            key=f"back:{place}",
            type="tertiary",
            disabled=last,
            help=f"Show the person right after change {place + 1}.",
            on_click=session.back_to,
            args=(place + 1,),
        )


def note_of(world: World, edit: Edit, idle: bool) -> str:
    """Why an edit does nothing, where that is known beforehand."""
    told = {ATTRIBUTE: world.attributes, CONTEXT: world.context}.get(edit.do, {})
    facet = told.get(str(edit.what))
    if facet is not None and not facet.read:
        return "not read by the engine"
    return "nothing to change at this moment" if idle else ""


def line(world: World, edit: Edit) -> str:
    """One change in words. It may hold text of the log."""
    value = edit.value
    if edit.do in OF_ITEMS:
        title = world.catalogue[edit.what].title
        if edit.do in DID:
            return f"{DID[edit.do]} {title}" + ("" if value is None else f" {stars(float(value))}")
        amount = float(value or 0)
        if edit.do == LIFT and amount:
            return f"{'Lifted' if amount > 0 else 'Pushed down'} {title} by {abs(amount):g}"
        return f"{RULED[edit.do][0 if amount else 1]} {title}"
    if edit.do in (ATTRIBUTE, CONTEXT):
        return f"{column_name(edit.what).capitalize()}: {'not known' if value is None else value}"
    if edit.do == MOMENT:
        return "Back at their own moment" if value is None else f"Moved to {moment(float(value))}"
    if edit.do == CAP:
        limit = f"at most {value}" if value else "no limit"
        return f"Of one {column_name(edit.what)}: {limit}"
    if edit.do == DIAL and edit.what == SEED:
        return "Drew again"
    return f"{dial_name(str(edit.what))}: {f'{float(value):.2f}' if value else 'off'}"


def names(world: World, items: Iterable[Id]) -> list[str]:
    """Titles of some items, as they are."""
    return [world.catalogue[item].title for item in items]


def moment(seconds: float) -> str:
    """A moment as it is shown."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%-d %B %Y, %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return f"second {seconds:.0f}"
