"""Why a title is not in the list: the stages it has to pass, and any other title by search."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from app import reasons, session
from app.catalogue import spoken
from app.panels import smallest_change
from app.widgets import html, item_row, text
from app.words import dial_name

if TYPE_CHECKING:
    from app.cache import World
    from app.state import Case
    from workbench.profile import Profile
    from workbench.slate import Slate
    from workbench.vocabulary import Id

STAGES = {
    "catalogue": "Is it known?",
    "unseen": "Is it new to them?",
    "retrievable": "Can any model score it?",
    "candidate": "Does one bring it forward?",
    "ranked": "Does it rank high enough?",
    "shown": "Is it shown?",
}
"""Stage of the funnel → the question it asks; the steps of a policy keep their names."""
SIGNS = {
    True: ("yes", "✓", "passed"),
    False: ("no", "✗", "stopped"),
    None: ("skip", "–", "not asked"),
}
SEARCH = "why_not"


def stages(world: World, case: Case, profile: Profile, item_id: Id) -> None:
    """The way of one item through the funnel, and where it stops."""
    found = reasons.funnel(world, case, profile, item_id)
    rows = []
    for stage, passed, detail, _ in found.frame.iter_rows():
        kind, sign, word = SIGNS[passed]
        name = STAGES.get(stage, f"Rule: {dial_name(stage)}")
        rows.append(
            f'<li class="wb-steps-{kind}"><span class="wb-steps-sign" aria-hidden="true">{sign}'
            f'</span><span class="wb-steps-name">{escape(name)}<span class="wb-only-read"> {word}'
            f"</span></span><span>{escape(detail)}</span></li>"
        )
    html(text(found.sentence, "sentence"), f'<ol class="wb-steps">{"".join(rows)}</ol>')


def search(world: World, case: Case, profile: Profile, slate: Slate) -> None:
    """Find any other title; its way through the funnel and what would bring it in."""
    what = "title" if world.catalogue.has_titles else "item id"
    typed = st.text_input(
        f"Which {what} is missing?",
        key=SEARCH,
        type="search",
        live=True,
        placeholder=f"Type a {what} …",
        icon=":material/search:",
        max_chars=100,
    )
    if not typed:
        st.caption("Any title of the catalogue that is not in the list.")
        return
    found = world.catalogue.search(typed, without=set(slate.items))
    if not found:
        st.text("Nothing by that name, or it is in the list already.")
        return
    chosen = found[0]
    if len(found) > 1:
        chosen = st.pills(
            "Found",
            found,
            format_func=lambda i: spoken(world.catalogue[i].title),
            default=found[0],
            required=True,
            key=f"found:{typed}",
        )
    html(item_row(world.catalogue[chosen]))
    stages(world, case, profile, chosen)
    if st.button("The whole reason", key="whole", icon=":material/open_in_full:"):
        session.ask(chosen)
        st.rerun()
    st.markdown("**What would bring it in?**")
    smallest_change.show(world, case, profile, chosen, first="add")
