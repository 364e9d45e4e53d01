"""What if: a person, the changes made to them, both lists side by side, and why."""

from __future__ import annotations

import streamlit as st

from app import cache, session
from app.panels import history, lists, person, reason
from app.state import Case
from app.widgets import opened, problem
from workbench.errors import WorkbenchError


def main() -> None:
    st.title("What if")
    world = opened()
    if world is None:
        return
    case = session.current(world)
    start = world.start(case)
    try:
        profile = case.profile(start)
        before = cache.slate(world, Case(case.kind, case.user_id), start)
        after = cache.slate(world, case, profile)
    except WorkbenchError as error:
        problem("The engine cannot answer for this person.", str(error))
        return
    person.choose(world, case)
    left, right = st.columns([5, 8], gap="large")
    with left:
        history.edit(world, case, profile)
    with right:
        lists.compare(world, case, profile, before, after)
    item_id = session.asked()
    if item_id is not None:
        place = after.items.index(item_id) + 1 if item_id in after else None
        reason.show(world, case, profile, item_id, place)


main()
