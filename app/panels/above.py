"""Why one item stands above another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from app.cache import World
    from app.state import Case
    from workbench.profile import Profile
    from workbench.slate import Slate
    from workbench.vocabulary import Id


def show(world: World, case: Case, profile: Profile, item_id: Id, slate: Slate) -> None:
    """The difference of an item to another of the list."""
    st.info("This follows.")
