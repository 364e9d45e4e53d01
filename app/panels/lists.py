"""What the person would be shown: before and after, side by side, with what moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import session
from app.cache import World
from app.catalogue import spoken
from app.panels import policy
from app.state import AGAINST, NOBODY, PERSON_ONLY, START, STEP, Case
from app.widgets import head, html, item_row, likeness_bar, mark_of, marks_of, tag
from app.words import likeness
from workbench.columns import ITEM, RANK
from workbench.profile import Profile
from workbench.slate import Slate, SlateDiff
from workbench.vocabulary import Id

HEADS = {
    START: "As they are",
    STEP: "One change before",
    PERSON_ONLY: "Without the policy",
}
CHOICES = {
    START: "Compared with them as they are",
    STEP: "Compared with one change before",
    PERSON_ONLY: "Compared without the policy",
}


def compare(world: World, case: Case, profile: Profile, before: Slate, after: Slate) -> None:
    """Both lists with what moved; one list where there is nothing to hold it against."""
    against = session.against()
    two = bool(case.done) or against.isdigit()
    moves = before.diff(after)
    marks = {row[ITEM]: row for row in moves.frame.iter_rows(named=True)} if two else {}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="heading"):
        st.header("What they would be shown")
        st.space("stretch")
        if two or session.saved():
            _against(against)
    if two:
        _moved(moves)
    elif case.kind == NOBODY:
        st.markdown("With no history the engine can only go by what is popular.")
    else:
        st.markdown("This is the list of today. Now change something in the history.")
    first, second = st.columns(2, gap="medium")
    with first, st.container(key="before", gap="xsmall"):
        html(head(_head(against)))
        _list(world, case, before, marks, old=two, met=profile)
    with second, st.container(key="after", gap="xsmall"):
        html(head("With the changes" if case.done else "As it is now" if two else "With changes"))
        if two:
            _list(world, case, after, marks, old=False, met=None)
        else:
            st.info(
                "Nothing is changed yet. Add, remove or re-rate in the history, or turn a dial of "
                "the policy, and the new list appears here, with what moved.",
                icon=":material/compare_arrows:",
            )


def left_case(case: Case) -> Case:
    """The case whose list stands on the left."""
    against = session.against()
    if against.isdigit():
        return session.saved()[int(against)].case
    return case.held_against(against)


def left_name() -> str:
    """What the list on the left is called."""
    return _head(session.against())


def _head(against: str) -> str:
    if against.isdigit():
        return f"Saved: {session.saved()[int(against)].name}"
    return HEADS[against]


def _against(against: str) -> None:
    kept = session.saved()
    st.session_state["against_choice"] = against
    st.selectbox(
        "Compared with",
        [*AGAINST, *map(str, range(len(kept)))],
        label_visibility="collapsed",
        format_func=lambda a: f"Compared with “{kept[int(a)].name}”" if a.isdigit() else CHOICES[a],
        key="against_choice",
        filter_mode=None,
        width=280,
        on_change=_held,
    )


def _held() -> None:
    session.hold_against(st.session_state["against_choice"])


def _moved(moves: SlateDiff) -> None:
    """How alike the two lists are, and how many items came, went and moved."""
    html(
        likeness_bar(
            moves.overlap,
            likeness(moves.overlap),
            (
                (f"{len(moves.entered)} new", "entered"),
                (f"{len(moves.left)} gone", "left"),
                (f"{len(moves.moved)} in another place", "same"),
            ),
        )
    )


def _list(
    world: World,
    case: Case,
    slate: Slate,
    marks: Mapping[Id, Mapping[str, Any]],
    *,
    old: bool,
    met: Profile | None,
) -> None:
    """A list; of the old one only what left is marked, and the reasons belong to the other.

    What the person of ``met`` has in their history by now is not shown to them again.
    """
    if not len(slate):
        st.info("The engine has nothing left to show this person.", icon=":material/inbox:")
    choice = case.policy
    for rank, item_id in slate.frame.select(RANK, ITEM).iter_rows():
        item, move = world.catalogue[item_id], marks.get(item_id)
        left = old and move is not None and move["change"] == "left"
        mark = tag("in history" if met and item_id in met else "gone", "left") if left else ""
        if move is not None and not old:
            mark = marks_of(policy.mark(choice, item_id), mark_of(move["change"], move["moved"]))
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            html(item_row(item, rank=rank, mark=mark, gone=left))
            if not old:
                st.button(
                    "Why?",
                    key=f"why:{item_id}",
                    type="tertiary",
                    help=f"Why is {spoken(item.title)} here",
                    on_click=session.ask,
                    args=(item_id,),
                )
                policy.menu(world, choice, item_id)
