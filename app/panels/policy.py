"""The policy: what is done to the list after the engine has ranked."""

from __future__ import annotations

import streamlit as st

from app import session
from app.cache import World
from app.catalogue import spoken
from app.state import (
    CAP,
    DIAL,
    DIALS,
    HIDE,
    LIFT,
    MOST_LIFT,
    MOST_SEED,
    PIN,
    SEED,
    Case,
    Edit,
    PolicyChoice,
)  # fmt: skip
from app.widgets import html, item_row, tag
from app.words import column_name, dial_name, dial_words
from workbench.vocabulary import Id

SEARCH = "rule_search"
MENU = {
    "pin": "Pin to the top",
    "lift": "Lift",
    "push": "Push down",
    "hide": "Never show",
    "free": "No rule",
}
MOST_RULES = 30
STEP = 0.5
"""Of lifting, in standard deviations of the scores."""


def edit(world: World, case: Case) -> None:
    """The dials, the limits, and the rules for single titles."""
    choice = case.policy
    st.caption(
        "Done to every list after the engine has ranked it; the engine itself stays as it is."
    )
    for dial in DIALS:
        if dial in world.dials:
            _dial(dial, getattr(choice, dial))
    if choice.epsilon:
        st.button(
            "Draw again",
            key="draw",
            icon=":material/casino:",
            on_click=session.change,
            args=(Edit(DIAL, SEED, (choice.seed + 1) % (MOST_SEED + 1)),),
            help="The same chance, other places.",
        )
    if len(world.dials) < len(DIALS):
        st.info(
            "This log has no genres: variety and a mix like their own cannot be asked for.",
            icon=":material/label_off:",
        )
    if world.caps:
        _caps(world, choice)
    _rules(world, choice)


def _dial(dial: str, value: float) -> None:
    key = f"{DIAL}:{dial}"
    st.session_state[key] = value
    st.slider(
        dial_name(dial),
        0.0,
        1.0,
        step=0.05,
        key=key,
        help=dial_words(dial),
        on_change=_turned,
        args=(DIAL, dial, key),
    )


def _caps(world: World, choice: PolicyChoice) -> None:
    with st.container(horizontal=True, gap="small", key="caps"):
        for column in world.caps:
            key = f"{CAP}:{column}"
            limit = dict(choice.cap).get(column, 0)
            st.session_state[key] = limit
            st.selectbox(
                f"Most per {column_name(column)}",
                sorted({*range(max(world.k, 1)), limit}),
                format_func=lambda n: f"{n}" if n else "no limit",
                key=key,
                filter_mode=None,
                width=118,
                on_change=_turned,
                args=(CAP, column, key),
            )


def _turned(do: str, what: str, key: str) -> None:
    session.change(Edit(do, what, st.session_state[key]))


# --- rules for single titles ------------------------------------------------------------------


def _rules(world: World, choice: PolicyChoice) -> None:
    what = "title" if world.catalogue.has_titles else "item id"
    typed = st.text_input(
        f"A rule for one {what}",
        key=SEARCH,
        type="search",
        live=True,
        placeholder=f"Type a {what} …",
        icon=":material/search:",
        on_change=session.acted,
        max_chars=100,
        help="Pin it to the top, lift it, push it down, or never show it. The menu ⋮ beside each "
        "item of the list does the same.",
    )
    found = world.catalogue.search(typed, most=4) if typed else []
    if typed and not found:
        st.text("Nothing by that name.")
    with st.container(gap="xsmall", key="rules"):
        for item_id in found:
            _item(world, choice, item_id, "rule")
        ruled = dict.fromkeys([*choice.pin, *(i for i, _ in choice.boost), *choice.exclude])
        for item_id in list(ruled)[:MOST_RULES]:
            if item_id not in found:
                _item(world, choice, item_id, "rule")
    if len(ruled) > MOST_RULES:
        st.caption(f"… and {len(ruled) - MOST_RULES} more; the changes list them all.")


def _item(world: World, choice: PolicyChoice, item_id: Id, start: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        html(item_row(world.catalogue[item_id], mark=mark(choice, item_id)))
        menu(world, choice, item_id, start)


def mark(choice: PolicyChoice, item_id: Id) -> str:
    """The rule of an item as a mark; empty where there is none."""
    by = dict(choice.boost).get(item_id)
    if item_id in choice.exclude:
        return tag("never", "left")
    if item_id in choice.pin:
        return tag("pinned", "entered")
    return tag(f"{'lifted' if by > 0 else 'pushed'} {abs(by):g}", "rule") if by else ""


def menu(world: World, choice: PolicyChoice, item_id: Id, start: str = "menu") -> None:
    """What may be done with one title, as a menu."""
    key = f"{start}:{item_id}"
    ruled = bool(mark(choice, item_id))
    st.menu_button(
        f"Rule for {spoken(world.catalogue[item_id].title)}",
        [name for name in MENU if ruled or name != "free"],
        format_func=MENU.__getitem__,
        key=key,
        type="tertiary",
        icon=":material/more_vert:",
        help="A rule for this title",
        on_click=_ruled,
        args=(choice, item_id, key),
    )


def _ruled(choice: PolicyChoice, item_id: Id, key: str) -> None:
    """One rule more, or none; a title is not pinned and hidden at once."""
    by = dict(choice.boost).get(item_id, 0.0)
    unpin = [Edit(PIN, item_id, 0.0)] if item_id in choice.pin else []
    unhide = [Edit(HIDE, item_id, 0.0)] if item_id in choice.exclude else []
    word = st.session_state[key]
    if word == "pin":
        edits = [*unhide, Edit(PIN, item_id, 1.0)]
    elif word == "hide":
        edits = [*unpin, Edit(HIDE, item_id, 1.0)]
    elif word in ("lift", "push"):
        by = min(max(by + (STEP if word == "lift" else -STEP), -MOST_LIFT), MOST_LIFT)
        edits = [Edit(LIFT, item_id, by)]
    else:
        edits = [*unpin, *unhide, *([Edit(LIFT, item_id, 0.0)] if by else [])]
    session.change(*edits)
