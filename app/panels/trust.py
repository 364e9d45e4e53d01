"""How good this type of explanation is, as the run measured it on people held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

if TYPE_CHECKING:
    from app.cache import World


def show(world: World) -> None:
    """The table of the run; plain words where it has none."""
    measured: pl.DataFrame | None = getattr(world.run, "fidelity", None)
    with st.expander("How good are these explanations?", icon=":material/verified:"):
        if measured is None or not measured.height:
            st.info(
                "This run did not measure its explanations. A run made anew does.",
                icon=":material/straighten:",
            )
            return
        st.dataframe(measured, hide_index=True, placeholder="–")
