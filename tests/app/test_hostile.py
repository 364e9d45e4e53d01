"""Titles, genres and names that attack whoever shows them: every screen, every download."""

import csv
import io

import pytest
import streamlit as st

from app import main as entry
from app.export import FORMULA
from tests.app.reading import HOSTILE, listed, markup, press

SCREENS = [screen.file.removeprefix("screens/").removesuffix(".py") for screen in entry.SCREENS]
SHORT = [text for text in HOSTILE if text and len(text) < 300]
MARKDOWN = (
    "title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success",
)  # fmt: skip
LABELLED = (
    "button", "selectbox", "multiselect", "text_input", "number_input", "slider", "radio",
    "checkbox", "toggle", "expander", "tab", "metric", "download_button", "button_group",
    "file_uploader", "progress",
)  # fmt: skip


def opened(visit, path, screen):
    """The screen with what can be opened on it opened."""
    visitor = visit(path, screen)
    if screen == "what_if":
        visitor.text_input(key="search").set_value("alert").run()
        press(visitor, f"why:{listed(visitor)[0]}")
    return visitor


@pytest.fixture
def downloads(monkeypatch):
    """What the buttons of a screen would give: file name → bytes."""
    found = {}
    offered = st.download_button

    def record(label, data, file_name=None, *args, **more):
        found[file_name] = data
        return offered(label, data, file_name, *args, **more)

    monkeypatch.setattr(st, "download_button", record)
    return found


@pytest.mark.parametrize("screen", SCREENS)
def test_no_text_of_the_log_reaches_markup_or_markdown(hostile_path, visit, screen):
    visitor = opened(visit, hostile_path, screen)
    for body in markup(visitor):
        lowered = body.lower()
        for tag in ("<script", "<img", "<h1", "<iframe", "<a ", "<link", "<object"):
            assert tag not in lowered
    said = "\n".join(str(e.value) for kind in MARKDOWN for e in visitor.get(kind))
    assert not [text for text in SHORT if text in said]
    for kind in LABELLED:
        for element in visitor.get(kind):
            proto = getattr(element, "proto", None)
            words = [getattr(element, "label", ""), getattr(proto, "label", "")]
            words.append(getattr(proto, "help", "") or "")
            for text in SHORT:
                assert not [w for w in words if isinstance(w, str) and text in w], (kind, text)


@pytest.mark.parametrize("screen", SCREENS)
def test_no_cell_of_a_download_is_a_formula(hostile_path, visit, screen, downloads):
    opened(visit, hostile_path, screen)
    for name, data in downloads.items():
        content = data() if callable(data) else data
        if not str(name).endswith(".csv"):
            continue
        text = content.decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text)):
            for cell in row:
                first = cell.lstrip(" ")[:1]
                assert first not in FORMULA or _is_number(cell), (name, cell[:60])


def test_the_attack_is_in_what_is_tried(hostile_path, visit, downloads):
    """Else the tests above could not fail."""
    visitor = opened(visit, hostile_path, "what_if")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in "".join(markup(visitor))
    page = next(data for name, data in downloads.items() if name.endswith(".html"))()
    assert "&lt;" in page
    assert "<script" not in page.lower()


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True
