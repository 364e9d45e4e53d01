"""What the person would be shown: as they are, and with the changes, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import session
from app.cache import World
from app.catalogue import spoken
from app.state import NOBODY, Case
from app.widgets import html, item_row, mark_of, tag
from app.words import likeness
from workbench.columns import ITEM, RANK
from workbench.profile import Profile
from workbench.slate import Slate
from workbench.vocabulary import Id


def compare(world: World, case: Case, profile: Profile, before: Slate, after: Slate) -> None:
    """Both lists with what moved; one list where nothing was changed."""
    moves = before.diff(after)
    marks = {row[ITEM]: row for row in moves.frame.iter_rows(named=True)} if case.done else {}
    st.header("What they would be shown")
    if case.done:
        st.markdown(
            f"{likeness(moves.overlap)} {len(moves.entered)} new, {len(moves.left)} gone, "
            f"{len(moves.moved)} in another place.",
            help=f"Likeness {moves.overlap:.2f} of 1: rank-biased overlap, in which the first "
            "places count most (Webber, Moffat, Zobel 2010; p = 0.9).",
        )
    elif case.kind == NOBODY:
        st.markdown("With no history the engine can only go by what is popular.")
    else:
        st.markdown("This is the list of today. Now change something on the left.")
    first, second = st.columns(2, gap="medium")
    with first, st.container(key="before", gap="xsmall"):
        st.subheader("As they are")
        _list(world, before, marks, old=bool(case.done), met=profile)
    with second, st.container(key="after", gap="xsmall"):
        st.subheader("With the changes")
        if case.done:
            _list(world, after, marks, old=False, met=None)
        else:
            st.info(
                "Nothing is changed yet. Add, remove or re-rate on the left, and the new list "
                "appears here, with what moved.",
                icon=":material/compare_arrows:",
            )


def _list(
    world: World,
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
    for rank, item_id in slate.frame.select(RANK, ITEM).iter_rows():
        item, move = world.catalogue[item_id], marks.get(item_id)
        left = old and move is not None and move["change"] == "left"
        mark = tag("in history" if met and item_id in met else "gone", "left") if left else ""
        if move is not None and not old:
            mark = mark_of(move["change"], move["moved"])
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
