"""Cases with a name: kept while the page is open, and in its address."""

from __future__ import annotations

import streamlit as st

from app import session
from app.address import LONGEST_NAME, MOST_SAVED, link
from app.cache import World
from app.catalogue import spoken
from app.state import NOBODY, Case, Saved
from app.widgets import html, text
from app.words import counted

NAME = "case_name"


def popover(world: World, case: Case) -> None:
    """Save what is shown under a name; open, compare or forget what was saved."""
    kept = session.saved()
    label = f"Cases ({len(kept)})" if kept else "Cases"
    with st.popover(label, icon=":material/bookmarks:", key="cases", help="Saved cases."):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", wrap=False):
            st.text_input(
                "Name of what is shown now",
                key=NAME,
                max_chars=LONGEST_NAME,
                placeholder=f"Case {len(kept) + 1}",
                on_change=session.acted,
            )
            st.button("Save", key="save", icon=":material/bookmark_add:", on_click=_save)
        if not kept:
            st.caption(
                "A case is a person with the changes made. Save one, change something, and hold "
                "the two lists against each other."
            )
        for place, one in enumerate(kept):
            _one(place, one)
        st.caption(
            "The address of this page holds all of it. To share only the case that is shown, "
            "put this behind the address of the screen:"
        )
        st.code(link(case), language=None, wrap_lines=True, height=120)


def _one(place: int, one: Saved) -> None:
    name = spoken(one.name)
    with st.container(border=True, gap="xsmall", key=f"case:{place}"):
        html(text(one.name, "title"), text(about(one.case), "about-line"))
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Open", key=f"open:{place}", help=f"Open {name}", on_click=session.someone,
                args=(one.case,),
            )  # fmt: skip
            st.button(
                "Compare", key=f"beside:{place}", help=f"Hold the list against that of {name}",
                on_click=session.hold_against, args=(str(place),),
            )  # fmt: skip
            st.button(
                "Forget", key=f"forget:{place}", type="tertiary", help=f"Forget {name}",
                on_click=session.forget, args=(place,),
            )  # fmt: skip


def about(case: Case) -> str:
    """Who a case is of, in one line."""
    who = "An invented person" if case.kind == NOBODY else f"{case.kind} {case.user_id}"
    return f"{who[:60].capitalize()}, {counted(len(case.done), 'change')}"


def _save() -> None:
    if session.save(st.session_state[NAME]):
        st.session_state[NAME] = ""
    else:
        st.toast(
            f"No room: an address holds at most {MOST_SAVED} cases. Forget one first.",
            icon=":material/block:",
        )
