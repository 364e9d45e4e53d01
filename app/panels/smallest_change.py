"""The smallest change of a person that moves an item out of the list, or into it; and trying it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app import reasons, session
from app.state import ADD, DROP, HIDE, RATE, Edit
from app.widgets import html, item_row, tag, text
from app.words import counted
from workbench.errors import ArgumentError

if TYPE_CHECKING:
    from app.cache import World
    from app.state import Case
    from workbench.explain.counterfactual import Counterfactual
    from workbench.profile import Profile
    from workbench.vocabulary import Id

CHANGES = {
    "remove": "Take something away",
    "add": "Add something",
    "rate": "Rate something anew",
}


def show(world: World, case: Case, profile: Profile, item_id: Id, first: str = "remove") -> None:
    """The smallest change of each kind, the one asked for."""
    if item_id in profile.items:
        st.info(
            "It is in their history, and what they met already is never shown again. Remove it "
            "from the history first.",
            icon=":material/history:",
        )
        return
    kinds = [k for k in CHANGES if k == "add" or profile.history]
    if not world.value_range:
        kinds = [k for k in kinds if k != "rate"]
    change = st.segmented_control(
        "By what",
        kinds,
        format_func=CHANGES.__getitem__,
        default=first if first in kinds else kinds[0],
        required=True,
        wrap=True,
        key=f"by-what:{item_id}",
        label_visibility="collapsed",
    )
    try:
        with st.spinner("Trying changes, the smallest first …"):
            found = reasons.smallest_change(world, case, profile, item_id, change or kinds[0])
    except ArgumentError as error:
        st.info("There is no such change to look for.", icon=":material/block:")
        st.text(str(error))
        return
    _answer(world, item_id, found)


def _answer(world: World, item_id: Id, found: Counterfactual) -> None:
    html(text(found.sentence, "sentence"))
    edits = _edits(found)
    if not edits:
        return
    with st.container(border=True, gap="xsmall"):
        for edit in edits:
            html(item_row(world.catalogue[edit.what], mark=tag(_word(edit), _kind(edit))))
    if not found.found:
        return
    st.caption(
        ("✓ Checked: the list was made again with this change. " if found.verified else "")
        + f"{counted(found.n_scored, 'changed person', 'changed persons')} scored.",
        help="Exhaustive: every smaller set was tried, so there is none. Greedy: the set was "
        "grown and pruned; each part of it is needed, but a smaller one may exist.",
    )
    if found.remove:
        st.caption(
            "What is taken away also stays out of the list, as a change of its own: not met any "
            "more, it could be shown again and push others down. Undo that to let it come back."
        )
        edits += [Edit(HIDE, i, 1.0) for i in found.remove]
    n = len(edits)
    words = "Try it" if n == 1 else f"Try it ({counted(n, 'change')})"
    # No callback: the list behind the dialog is to follow, and a callback reruns the dialog only.
    if st.button(words, key="try", type="primary", icon=":material/play_arrow:"):
        for edit in edits:
            session.change(edit)
        st.rerun()


def _edits(found: Counterfactual) -> list[Edit]:
    return [
        *(Edit(DROP, i) for i in found.remove),
        *(Edit(ADD, i, found.value) for i in found.add),
        *(Edit(RATE, i, value) for i, value in found.rate.items()),
    ]


def _word(edit: Edit) -> str:
    if edit.do == DROP:
        return "remove"
    stars = "" if edit.value is None else f" ★ {edit.value:g}"
    return f"{'add' if edit.do == ADD else 'rate'}{stars}"


def _kind(edit: Edit) -> str:
    return "left" if edit.do == DROP else "entered"
