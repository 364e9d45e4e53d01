"""What if: a person, the changes made to them, both lists side by side, and why."""

from __future__ import annotations

import streamlit as st

from app import cache, saved, session
from app.panels import (
    everybody,
    history,
    ledger,
    lists,
    moment,
    person,
    policy,
    reason,
    steps,
    told,
)
from app.widgets import opened, problem
from workbench.errors import WorkbenchError

TABS = ("History", "Person", "Policy", "Changes")


def main() -> None:
    st.title("What if")
    world = opened()
    if world is None:
        return
    case = session.current(world)
    start, left = world.start(case), lists.left_case(case)
    try:
        profile = case.profile(start)
        before = cache.slate(world, left, left.profile(world.start(left)))
        after = cache.slate(world, case, profile)
    except WorkbenchError as error:
        problem("The engine cannot answer for this person.", str(error))
        return
    person.choose(world, case)
    edits, shown = st.columns([9, 19], gap="medium")
    with edits:
        tabs = st.tabs(TABS, key="edit")
        with tabs[0]:
            history.edit(world, case, profile)
        with tabs[1]:
            told.edit(world, case, profile)
            moment.edit(world, case, start, profile)
        with tabs[2]:
            policy.edit(world, case)
        with tabs[3]:
            ledger.show(world, case, start)
    with shown:
        lists.compare(world, case, profile, before, after)
        steps.show(world, after)
        everybody.show(world, case.policy)
        saved.button(world, case, profile, before, after, lists.left_name())
    item_id = session.asked()
    if item_id is not None:
        place = after.items.index(item_id) + 1 if item_id in after else None
        reason.show(world, case, profile, item_id, place)


main()
