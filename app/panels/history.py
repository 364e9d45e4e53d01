"""What the person did, as cards: search and add, remove, re-rate."""

from __future__ import annotations

import streamlit as st

from app import session
from app.cache import World
from app.catalogue import spoken
from app.state import ADD, DROP, RATE, Case, Edit
from app.widgets import html, item_row, tag
from app.words import stars
from workbench.profile import Profile
from workbench.vocabulary import Id

SEARCH, NEW_RATING = "search", "new_rating"
MARK = {ADD: "added", RATE: "rated"}


def edit(world: World, case: Case, profile: Profile) -> None:
    """The history as a list that can be edited, the latest first."""
    st.subheader(f"What they did ({len(profile.items)})")
    _search(world, profile)
    items = list(reversed(profile.items))
    if not items:
        st.info(
            "Nothing yet: this person is new. Add something above and watch the list follow.",
            icon=":material/person_add:",
        )
        return
    if not world.value_range:
        st.caption("This log has no ratings: an entry says that it happened, not how it was liked.")
    touched = {edit.what: MARK[edit.do] for edit in case.done if edit.do in MARK}
    most = session.shown()
    with st.container(gap="xsmall", key="history"):
        for item_id in items[:most]:
            _entry(world, profile, item_id, touched.get(item_id, ""))
    if len(items) > most:
        st.button(
            f"Show more ({len(items) - most} earlier)",
            key="more",
            type="tertiary",
            icon=":material/expand_more:",
            on_click=session.show_more,
        )


def _entry(world: World, profile: Profile, item_id: Id, mark: str) -> None:
    item = world.catalogue[item_id]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        html(item_row(item, mark=tag(mark, "entered") if mark else ""))
        event = profile.last(item_id)
        if world.value_range:
            _rating(world, item_id, event.value if event else None)
        st.button(
            "Remove",
            key=f"drop:{item_id}",
            type="tertiary",
            help=f"Remove {spoken(item.title)}",
            on_click=session.change,
            args=(Edit(DROP, item_id),),
        )


def _rating(world: World, item_id: Id, value: float | None) -> None:
    key, label = f"rate:{item_id}", f"Rating of {spoken(world.catalogue[item_id].title)}"
    st.session_state[key] = value
    if world.values:
        options = sorted({*world.values, *([] if value is None else [value])})
        st.selectbox(
            label,
            options,
            format_func=stars,
            key=key,
            label_visibility="collapsed",
            placeholder="none",
            filter_mode=None,
            width=88,
            on_change=_rated,
            args=(item_id, key),
        )
    else:
        low, high = world.value_range or (None, None)
        st.number_input(
            label, low, high, key=key, label_visibility="collapsed", width=110, on_change=_rated,
            args=(item_id, key),
        )  # fmt: skip


def _rated(item_id: Id, key: str) -> None:
    value = st.session_state[key]
    if value is None:
        session.acted()
    else:
        session.change(Edit(RATE, item_id, float(value)))


def _search(world: World, profile: Profile) -> None:
    what = "title" if world.catalogue.has_titles else "item id"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", wrap=False):
        typed = st.text_input(
            f"Add by {what}",
            key=SEARCH,
            type="search",
            live=True,
            placeholder=f"Type a {what} …",
            icon=":material/search:",
            on_change=session.acted,
            max_chars=100,
        )
        _new_rating(world)
    if not typed:
        return
    found = world.catalogue.search(typed, without=set(profile.items))
    with st.container(border=True, key="found", gap="xsmall"):
        if not found:
            st.text("Nothing by that name, or it is in the history already.")
        for item_id in found:
            with st.container(
                horizontal=True, vertical_alignment="center", gap="small", wrap=False
            ):
                item = world.catalogue[item_id]
                html(item_row(item))
                st.button(
                    "Add",
                    icon=":material/add:",
                    key=f"add:{item_id}",
                    help=f"Add {spoken(item.title)}",
                    on_click=_added,
                    args=(item_id,),
                )


def _new_rating(world: World) -> None:
    """The rating that an added entry gets, where the log has ratings."""
    words = "The rating that an added entry gets."
    if world.values:
        st.selectbox(
            "Rated", world.values, index=len(world.values) - 1, key=NEW_RATING, width=88,
            format_func=stars, filter_mode=None, on_change=session.acted, help=words,
        )  # fmt: skip
    elif world.value_range:
        low, high = world.value_range
        st.number_input(
            "Rated", low, high, value=high, key=NEW_RATING, width=110, on_change=session.acted,
            help=words,
        )  # fmt: skip


def _added(item_id: Id) -> None:
    value = st.session_state.get(NEW_RATING)
    st.session_state[SEARCH] = ""
    session.change(Edit(ADD, item_id, None if value is None else float(value)))
