"""Why an item is shown: a sentence, what speaks for and against it, what each event does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from app import cache, session
from app.state import Case
from app.widgets import bars, head, html, item_row, problem, text
from app.words import counted
from workbench.columns import ITEM, REMOVAL, SHARE
from workbench.errors import WorkbenchError
from workbench.profile import Profile
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.explain.explain import Explanation

MOST = 8


@st.dialog("Why this one?", width="large", on_dismiss=lambda: session.ask(None))
def show(world: cache.World, case: Case, profile: Profile, item_id: Id, place: int | None) -> None:
    """The reason, over the screen; Escape closes it.

    ``place`` is the item's place in the list, None where it is not in it.
    """
    html(item_row(world.catalogue[item_id], rank=place))
    if place is None:
        st.info("It is not in the list now; this is what it would be judged by.")
    try:
        with st.spinner("Asking the engine, with and without each event …"):
            why = cache.explanation(world, case, profile, item_id)
    except WorkbenchError as error:
        problem("There is no reason to give for this one.", str(error))
        return
    html(text(why.sentence, "sentence"))
    if why.features.height:
        _features(why)
    _events(world, why)


def _features(why: Explanation) -> None:
    html(head("What speaks for it, and against it"), bars(why.groups.iter_rows()))
    with st.expander(f"Every single feature ({why.features.height})"):
        st.dataframe(
            why.features.select("group", "meaning", "value", SHARE),
            hide_index=True,
            height=280,
            placeholder="–",
            column_config={
                "group": "Group",
                "meaning": st.column_config.TextColumn("Feature", width="large"),
                "value": st.column_config.NumberColumn("Value", format="%.3f"),
                SHARE: st.column_config.NumberColumn(
                    "Share", format="%+.3f", help="How much it adds to the score."
                ),
            },
            alt="Every feature of this person and item with its share of the score.",
        )
    total = float(why.features[SHARE].sum())
    st.caption(
        f"It adds up: start {why.base:+.2f}, all shares {total:+.2f}, score {why.score:+.2f}.",
        help="The score is in log-odds of “liked, if shown”: 0 is even odds, each +0.7 doubles "
        f"them. What is left over is rounding: {why.residual:+.0e}.",
    )


def _events(world: cache.World, why: Explanation) -> None:
    html(head("What if each of these had not been?"))
    if not why.events.height:
        st.info("There is no history to take away from.", icon=":material/person_add:")
        return
    events = why.events.sort(pl.col(REMOVAL).abs(), descending=True, maintain_order=True)
    rows = events.head(MOST).select(ITEM, REMOVAL).iter_rows()
    html(bars((world.catalogue[i].title, effect) for i, effect in rows))
    n = events.height
    few = f" The {MOST} strongest of {counted(n, 'item')}." if n > MOST else ""
    st.caption(
        "To the right: without it the score would fall by so much. To the left: it would rise. "
        f"Each was scored again by the whole engine.{few}"
    )
