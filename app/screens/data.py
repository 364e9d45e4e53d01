"""Data: what came in, what was refused and why, the log at a glance, and a log of one's own."""

from __future__ import annotations

import streamlit as st

from app.panels import bring, came_in, glance
from app.widgets import html, opened, text

TABS = ("What came in", "At a glance", "Bring your own")


def main() -> None:
    st.title("Data")
    world = opened()
    html(
        text(
            "Everything that the engine says comes from one log of who met what. Here is what came "
            "in, what was refused, and what the log cannot say. Or bring your own."
        )
    )
    if world is None:
        st.header("Bring your own data")
        bring.show()
        return
    # Followed by the server, or the visitor would be back on the first when a run is ready.
    came, seen, own = st.tabs(TABS, key="data_tab", on_change="rerun", bind="query-params")
    with came:
        came_in.show(world)
    with seen:
        glance.show(world)
    with own:
        bring.show()


main()
