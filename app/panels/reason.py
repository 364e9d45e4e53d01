"""Why an item is shown, or not: a dialog of four questions, each answered when it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app import cache, reasons, session
from app.panels import above, parts, removals, smallest_change, trust, why_not
from app.state import Case
from app.widgets import html, item_row, problem, text
from workbench.errors import WorkbenchError
from workbench.profile import Profile
from workbench.slate import Slate
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from workbench.explain.explain import Explanation

SAMPLING = "Sampling the shares of what they did …"
REASON, CHANGE, ABOVE, OTHER = "reason", "change", "above", "other"
HERE = {
    REASON: "Why it is here",
    CHANGE: "What would remove it",
    ABOVE: "Why above another",
    OTHER: "Why not another title",
}
NOT_HERE = {
    REASON: "Why it is not here",
    CHANGE: "What would bring it in",
    ABOVE: "Why below the list",
    OTHER: "Why not another title",
}


@st.dialog("Why?", width="large", on_dismiss=lambda: session.ask(None))
def show(world: cache.World, case: Case, profile: Profile, item_id: Id, place: int | None) -> None:
    """The reason, over the screen; Escape closes it.

    ``place`` is the item's place in the list, None where it is not in it.
    """
    html(item_row(world.catalogue[item_id], rank=place))
    questions = HERE if place else NOT_HERE
    asked = st.segmented_control(
        "What do you want to know?",
        list(questions),
        format_func=questions.__getitem__,
        default=REASON,
        required=True,
        wrap=True,
        key=f"question:{item_id}",
        label_visibility="collapsed",
    )
    slate = cache.slate(world, case, profile)
    try:
        _answer(asked or REASON, world, case, profile, item_id, slate)
    except WorkbenchError as error:
        problem("There is no reason to give for this one.", str(error))


def _answer(
    asked: str, world: cache.World, case: Case, profile: Profile, item_id: Id, slate: Slate
) -> None:
    if asked == REASON:
        if item_id not in slate:
            why_not.stages(world, case, profile, item_id)
        _reason(world, case, profile, item_id)
    elif asked == CHANGE:
        smallest_change.show(world, case, profile, item_id)
    elif asked == ABOVE:
        above.show(world, case, profile, item_id, slate)
    else:
        why_not.search(world, case, profile, slate)


def _reason(world: cache.World, case: Case, profile: Profile, item_id: Id) -> None:
    with st.spinner("Asking the engine, with and without each event …"):
        why = reasons.explanation(world, case, profile, item_id)
    slots = _Slots()
    if why.pending:
        place = slots.tell(world, why, choice=False)
        pieces = [*reasons.FIRST, *removals.asked(item_id)]
        bar = place.progress(0.0, SAMPLING)
        for step, more in enumerate(reasons.sampled(world, case, profile, why, pieces), start=1):
            bar.progress(step / len(pieces), SAMPLING)
            why = more
    slots.tell(world, why)
    removals.policy(why)
    trust.show(world)


class _Slots:
    """Places of the answer, which the same answer with sampled shares fills again."""

    def __init__(self) -> None:
        self.sentence = st.empty()
        left, right = st.columns(2, gap="large")
        self.left, self.right = left.empty(), right.empty()

    def tell(self, world: cache.World, why: Explanation, *, choice: bool = True) -> DeltaGenerator:
        """Without a ``choice`` there is nothing to press: widgets stand on a screen once.

        Returns the place of the choice, which is free until then.
        """
        with self.sentence.container():
            html(text(why.sentence, "sentence"))
        with self.left.container():
            place = parts.show(world, why, choice=choice)
        with self.right.container():
            removals.show(world, why)
        return place
