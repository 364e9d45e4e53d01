"""The entry point: one table of screens."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from app.style import CSS, DARK, MARK


class Screen(NamedTuple):
    """A screen: its file, its name, its icon, its place in the address."""

    file: str
    title: str
    icon: str
    path: str


SCREENS = (
    Screen("screens/home.py", "Home", ":material/home:", ""),
    Screen("screens/what_if.py", "What if", ":material/edit_note:", "what-if"),
    Screen("screens/many.py", "For many", ":material/groups:", "many"),
    Screen("screens/compare.py", "Compare", ":material/compare:", "compare"),
    Screen("screens/inside.py", "Inside", ":material/visibility:", "inside"),
    Screen("screens/models.py", "Models", ":material/leaderboard:", "models"),
    Screen("screens/audit.py", "Audit", ":material/fact_check:", "audit"),
    Screen("screens/data.py", "Data", ":material/database:", "data"),
)


def main() -> None:
    """Show the chosen screen."""
    st.set_page_config(page_title="Workbench", page_icon=MARK, layout="wide")
    st.logo(MARK, size="medium")
    dark = DARK if st.context.theme.type == "dark" else ""
    st.html(f"<style>{CSS}{dark}</style>")
    pages = [
        st.Page(s.file, title=s.title, icon=s.icon, url_path=s.path or None, default=not s.path)
        for s in SCREENS
    ]
    st.navigation(pages, position="top").run()


if __name__ == "__main__":
    main()
