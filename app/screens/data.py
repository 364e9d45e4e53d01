"""Data: what came in, what was refused and why, the log at a glance, and a log of one's own."""

from __future__ import annotations

import streamlit as st

from app.panels import bring, came_in, glance
from app.widgets import html, opened, text


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
    came, seen, own = st.tabs(["What came in", "At a glance", "Bring your own"])
    with came:
        came_in.show(world)
    with seen:
        glance.show(world)
    with own:
        bring.show()


main()
