"""The app in a real headless Chromium, against a real server.

Streamlit's own test harness does not run the page: whether an address is written, a reload shows
the same, nothing is fetched from outside and no title runs as a script is seen only here.
"""

import re
import time

import pytest

from tests.app.browsing import IDLE, changed, opened, titles
from tests.app.visitors import serving

pytestmark = pytest.mark.browser


def test_choose_remove_see_it_change_reload_and_undo(site, page):
    opened(page, f"{site}/what-if")
    first = page.url
    page.get_by_role("combobox", name="Who").click()
    page.get_by_role("option").nth(2).click()
    page.wait_for_function("was => location.href !== was", arg=first)
    page.wait_for_selector(IDLE)
    assert "person=guest." in page.url
    assert "edits" not in page.url
    start, films = titles(page, "before"), titles(page, "history")
    assert len(start) == 10

    for _ in range(3):  # one film may not move a list of ten; three do in this world
        changed(page, page.locator(".st-key-history").get_by_role("button", name="Remove").first)
    assert not set(films[:3]) & set(titles(page, "history"))
    page.wait_for_selector(".st-key-after .wb-title")
    after = titles(page, "after")
    assert titles(page, "before") == start
    assert after != start
    assert page.locator(".st-key-after .wb-mark").count() == len(after)
    shared, kept = page.url, titles(page, "history")
    assert "edits=drop_" in shared

    page.reload()
    page.wait_for_selector(".st-key-after .wb-title")
    page.wait_for_selector(IDLE)
    assert page.url == shared
    assert (titles(page, "before"), titles(page, "after")) == (start, after)
    assert titles(page, "history") == kept

    changed(page, page.get_by_role("button", name="Undo"))
    assert titles(page, "history")[0] == films[2]
    page.go_back()
    page.wait_for_function("was => location.href === was", arg=shared)
    page.wait_for_function(
        "kept => document.querySelector('.st-key-history .wb-title').innerText === kept",
        arg=kept[0],
    )


def test_search_while_typing_add_and_ask_why(site, page):
    opened(page, f"{site}/what-if?person=nobody")
    page.get_by_role("searchbox", name="Add by title").press_sequentially("retur", delay=30)
    page.wait_for_selector(".st-key-found .wb-title")
    found = titles(page, "found")
    assert all("Return" in title for title in found)
    changed(page, page.locator(".st-key-found").get_by_role("button", name="Add").first)
    assert titles(page, "history") == found[:1]
    changed(page, page.locator(".st-key-after").get_by_role("button", name="Why?").first)
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("What if each of these had not been?").wait_for()
    assert dialog.locator(".wb-sentence").inner_text().endswith(".")
    assert dialog.locator(".wb-bar").count() > 2
    assert re.search(r"why=\d+", page.url)
    before = page.url
    page.keyboard.press("Escape")
    page.wait_for_function("was => location.href !== was", arg=before)
    assert "why" not in page.url


def test_every_screen_at_two_widths_without_a_sideways_scroll(site, page):
    from app.main import SCREENS

    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for screen in SCREENS:
            page.goto(f"{site}/{screen.path}")
            page.wait_for_selector("h1")
            page.wait_for_selector(IDLE)
            wide = page.evaluate(
                "() => document.querySelector('[data-testid=stMain]').scrollWidth"
                " - document.querySelector('[data-testid=stMain]').clientWidth"
            )
            assert wide <= 0, (screen.path, width)
            unnamed = page.evaluate(
                "() => [...document.querySelectorAll('input:not([type=hidden]), textarea')]"
                ".filter(e => !e.closest('[aria-hidden=true]') && !e.labels?.length && !e.ariaLabel"
                " && !e.getAttribute('aria-labelledby')).map(e => e.outerHTML)"
            )
            assert unnamed == [], screen.path


def test_the_way_back_stays_in_one_row_on_any_screen(site, page):
    opened(page, f"{site}/what-if")
    for width, height in ((1440, 900), (1280, 800), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        tops = {
            round(page.get_by_role("button", name=name, exact=True).bounding_box()["y"])
            for name in ("Undo", "Redo", "Start again")
        }
        assert len(tops) == 1, width


def test_no_title_runs_as_a_script(hostile_path, page, tmp_path):
    with serving(hostile_path, tmp_path / "server.log") as (port, _):
        address = f"http://127.0.0.1:{port}"
        opened(page, f"{address}/what-if")
        page.get_by_role("searchbox", name="Add by title").fill("alert")
        page.wait_for_selector(".st-key-found .wb-title")
        assert "<script>alert(1)</script>" in titles(page, "found")
        changed(page, page.get_by_role("button", name="Why?").first)
        page.get_by_role("dialog").locator(".wb-sentence").wait_for()
        page.wait_for_selector(IDLE)
        assert page.locator("[data-testid=stMain] h1").count() == 1
        for path in ("", "models", "audit"):
            page.goto(f"{address}/{path}")
            page.wait_for_selector("h1")
            page.wait_for_selector(IDLE)
            time.sleep(0.3)
        assert page.locator("img[src*=outside]").count() == 0
