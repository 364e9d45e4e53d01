"""Save this view: what stands on the What-if screen as one file that opens anywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from app import reasons
from app.cache import World
from app.panels import ledger
from app.state import GUEST, KNOWN, NOBODY, OF_POLICY, Case
from workbench.errors import WorkbenchError
from workbench.profile import Profile
from workbench.report.view import Named, render_view, view_content
from workbench.slate import Slate
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.explain.explain import Explanation

WHO = {
    GUEST: "Guest {}: a real person of the log whom no model learnt from.",
    KNOWN: "Person {} of the log: the models learnt from them, and remember.",
    NOBODY: "An invented person: nobody in the data.",
}


def button(
    world: World, case: Case, profile: Profile, before: Slate, after: Slate, left: str
) -> None:
    """Offer the file; it is made when it is asked for. ``left`` names the list on the left."""
    real = case.user_id is not None
    st.download_button(
        "Save this view",
        lambda: page(world, case, profile, before, after, left),
        f"what-if-{world.run.name}.html",
        "text/html",
        key="save-view",
        icon=":material/save:",
        on_click="ignore",
        help="One HTML file with both lists, every reason, the changes and which run it is from. "
        "It opens without a server or a network."
        + (" It holds this person's history, because you ask for it: mind whom you give it to."
           if real else ""),
    )  # fmt: skip


def page(world: World, case: Case, profile: Profile, before: Slate, after: Slate, left: str) -> str:
    """The file."""
    changes, rules = [], []
    for edit in case.done:
        (rules if edit.do in OF_POLICY else changes).append(ledger.line(world, edit))
    return render_view(
        view_content(
            person=WHO[case.kind].format(case.user_id),
            start=world.start(case),
            profile=profile,
            before=before,
            after=after,
            reasons=[_reason(world, case, profile, item_id) for item_id in after.items],
            named=lambda item_id: _named(world, item_id),
            held_against=left,
            changes=changes,
            policy=rules,
            manifest=world.run.manifest,
            when=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )


def _named(world: World, item_id: Id) -> Named:
    item = world.catalogue[item_id]
    return Named(item.title, item.about)


def _reason(
    world: World, case: Case, profile: Profile, item_id: Id
) -> Explanation | tuple[Id, str]:
    try:
        return reasons.explanation(world, case, profile, item_id)
    except WorkbenchError as error:
        return item_id, str(error)
