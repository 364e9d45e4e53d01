"""Lists of several models for one person, side by side."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from app import cache, fitted
from app.cache import World
from app.state import GUEST, Case
from app.widgets import head, html, item_row, tag, text
from app.words import counted, model_words
from workbench.columns import ITEM, RANK
from workbench.evaluation.agreement import jaccard
from workbench.profile import Profile
from workbench.slate import Slate, rank_biased_overlap


def show(world: World, case: Case, profile: Profile, names: list[str]) -> None:
    """One column per model; what a single model shows is marked."""
    who = "An invented person" if case.user_id is None else f"{_kind(case)} {case.user_id}"
    changes = f", with {counted(len(case.done), 'change')}" if case.done else ""
    html(text(f"{who}{changes}: {counted(len(profile.items), 'item')} in the history.", "line"))
    st.page_link("screens/what_if.py", label="Choose or change the person", icon=":material/edit:")
    slates = {name: slate(world, case, profile, name) for name in names}
    often = Counter(item for one in slates.values() for item in one.items)
    first = slates[names[0]]
    for column, (name, one) in zip(
        st.columns(len(names), gap="medium"), slates.items(), strict=True
    ):
        with column:
            html(head(name, model_words(name)))
            if name == names[0]:
                st.caption("The others are held against this one.")
            else:
                overlap = rank_biased_overlap(first.items, one.items)
                shared = len(set(first.items) & set(one.items))
                st.caption(
                    f"{shared} of {len(one)} shared; alike by {overlap:.2f} of 1",
                    help="Alike by rank-biased overlap, in which the first places count most. "
                    "Titles of both lists / titles of either (Jaccard): "
                    f"{jaccard(first.items, one.items):.2f}.",
                )
            html(
                *(
                    item_row(
                        world.catalogue[item_id],
                        rank=rank,
                        mark=tag("only here", "entered")
                        if often[item_id] == 1 and len(names) > 1
                        else "",
                    )
                    for rank, item_id in one.frame.select(RANK, ITEM).iter_rows()
                )
            )
            if not len(one):
                st.info("It has nothing to show this person.", icon=":material/inbox:")


def slate(world: World, case: Case, profile: Profile, name: str) -> Slate:
    """What a model would show a person, under the policy of the case."""
    if name == fitted.ENGINE:
        return cache.slate(world, case, profile)
    key = f"{world.key}#{name}#{profile.fingerprint}#{case.policy!r}"
    return _slate(key, world, case, profile, name)


@st.cache_data(show_spinner=False, max_entries=500)
def _slate(key: str, _world: World, _case: Case, _profile: Profile, _name: str) -> Slate:
    from workbench.ranking.recommend import slate

    policy = cache.policy(_world, _case.policy)
    return slate(fitted.model(_world, _name), _profile, _world.k, policy)


def _kind(case: Case) -> str:
    return "Guest" if case.kind == GUEST else "Person"
