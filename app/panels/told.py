"""What is known of the person and the moment beside the history; what the engine reads of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import session
from app.cache import World
from app.catalogue import spoken
from app.facets import Facet, spelt
from app.state import ATTRIBUTE, CONTEXT, Case, Edit
from app.words import column_name
from workbench.profile import Profile

LABELS = {ATTRIBUTE: "About them", CONTEXT: "The situation"}


def edit(world: World, case: Case, profile: Profile) -> None:
    """Controls for attributes and context; those that change nothing say so."""
    for do, known, told in (
        (ATTRIBUTE, world.attributes, profile.attributes),
        (CONTEXT, world.context, profile.context),
    ):
        if not known:
            continue
        st.subheader(LABELS[do])
        unread = [facet for facet in known.values() if not facet.read]
        if len(unread) == len(known):
            st.info(
                "**This engine reads none of these.** It goes by the history and the moment "
                "alone. Change them and see: nothing moves.",
                icon=":material/visibility_off:",
            )
        with st.container(key=f"told:{do}", gap="small"):
            for facet in known.values():
                _control(do, facet, told)
    if not world.attributes and not world.context:
        st.info(
            "Nothing is known of the people of this log but what they did.",
            icon=":material/person_off:",
        )


def _control(do: str, facet: Facet, told: Mapping[str, Any]) -> None:
    value = told.get(facet.name)
    if isinstance(value, float) and value != value:
        value = None
    key = f"{do}:{facet.name}"
    label = spoken(column_name(facet.name)).capitalize()
    label += "" if facet.read else "  ·  not read by the engine"
    words: dict[str, Any] = {"key": key, "on_change": _told, "args": (do, facet, key)}
    words["help"] = (
        None if facet.read else "The engine does not read this: changing it changes nothing."
    )
    if facet.is_long:
        st.session_state[key] = "" if value is None else spelt(value)
        st.text_input(label, placeholder="not known", max_chars=200, **words)
    elif facet.is_free:
        kind = int if facet.whole else float
        low, high = kind(facet.low), kind(facet.high)
        st.session_state[key] = None if value is None else min(max(kind(value), low), high)
        st.number_input(label, low, high, value=None, placeholder="not known", **words)
    else:
        options = list(facet.options)
        if value is not None and value not in options:
            options.append(value)
        st.session_state[key] = value
        st.selectbox(
            label, options, index=None, format_func=_shown, placeholder="not known", **words
        )


def _shown(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else spelt(value)


def _told(do: str, facet: Facet, key: str) -> None:
    value = st.session_state[key]
    if facet.is_long:
        try:
            value = facet.parsed(value.strip()) if value.strip() else None
        except ValueError:
            st.toast("That value does not occur in this log.", icon=":material/block:")
            session.acted()
            return
    session.change(Edit(do, facet.name, value))
