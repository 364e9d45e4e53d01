"""Four whole stories of visitors, in a real Chromium against a real server."""

import json
import re

import numpy as np
import polars as pl
import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

import workbench as wb
from app.words import dial_name
from tests.app.browsing import at_rest, changed, moved, numbers, opened, titles
from workbench.pipeline import Run

pytestmark = pytest.mark.browser
MINUTES = 180_000  # milliseconds: a run of an upload, on two busy cores


def removable(run_path):
    """A guest and an item that one removal takes out of their list, as the package says it."""
    run = Run.load(run_path)
    train, k = run.split.train, run.manifest["configuration"]["k"]
    names = dict(train.items.select("item_id", "title").iter_rows())
    for guest in train.guest_ids:
        profile = train.profiles([guest])[0]
        for item in wb.slate(run.engine, profile, k).items[::-1]:
            found = wb.counterfactual(
                run.engine, profile, item, k, change="remove", bound=1, titles=names
            )
            if found.found and len(found.remove) == 1:
                return guest, names[item], names[found.remove[0]], found.sentence
    pytest.fail("no guest of this run has an item that one removal takes away")
    return None


def shares(rows):
    """What the last number of each row of a waterfall says."""
    return [numbers(row)[-1] for row in rows]


def test_why_what_would_remove_it_try_it_and_back(site, page, run_path):
    guest, title, cause, sentence = removable(run_path)
    opened(page, f"{site}/what-if?person=guest.{guest}")
    start, films = titles(page, "before"), titles(page, "history")
    assert title in start
    why = page.locator(".st-key-before").get_by_role("button", name="Why?")
    changed(page, why.nth(start.index(title)))
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("By what they did").wait_for()  # there once all shares are drawn
    at_rest(page)
    assert dialog.locator(".wb-title").first.inner_text() == title
    assert f"“{title}” scores" in dialog.locator(".wb-sentence").inner_text()
    effect = dialog.get_by_role("row").filter(has_text=cause)
    assert "out, rank" in effect.first.inner_text()

    fall = dialog.locator(".wb-fall")
    groups = fall.locator("> details")
    ends = shares(fall.locator("> .wb-fall-end").all_inner_texts())
    steps = shares(fall.locator("> details > summary, > .wb-fall-flat").all_inner_texts())
    assert ends[0] + sum(steps) == pytest.approx(ends[1], abs=0.006 * (len(steps) + 2))
    parts = groups.first.locator(".wb-fall-part")
    assert not parts.first.is_visible()
    groups.first.locator("summary").click()
    parts.first.wait_for()
    inside = shares(parts.all_inner_texts())
    assert sum(inside) == pytest.approx(steps[0], abs=0.006 * (len(inside) + 1))
    dialog.get_by_text("By what they did").click()
    dialog.get_by_text("Start: the same person without a history").wait_for()

    dialog.get_by_text("What would remove it").click()
    dialog.get_by_text("Checked: the list was made again").wait_for()
    at_rest(page)
    assert dialog.locator(".wb-sentence").inner_text() == sentence
    assert dialog.locator(".wb-title").all_inner_texts()[1:] == [cause]
    changed(page, dialog.get_by_role("button", name="Try it (2 changes)"))
    dialog.wait_for(state="hidden")
    page.wait_for_selector(".st-key-after .wb-title")
    assert "why" not in page.url
    after, tried = titles(page, "after"), page.url
    assert title not in after
    assert cause not in [*after, *titles(page, "history")]
    assert titles(page, "before") == start

    page.reload()
    page.wait_for_selector(".st-key-after .wb-title")
    at_rest(page)
    assert page.url == tried
    assert (titles(page, "before"), titles(page, "after")) == (start, after)

    assert "drop_" in tried  # and what is taken away stays out of the list, as a second change
    assert "hide_" in tried
    undo = page.get_by_role("button", name="Undo")
    while undo.is_enabled():
        changed(page, undo)
    assert (titles(page, "before"), titles(page, "history")) == (start, films)
    assert not titles(page, "after")


# --- a log of one's own -----------------------------------------------------------------------

ODD = ("was war's?", "wer bist du", "wie gern", "wann ungefähr")


def own_log(seed=5, people=60, items=40, each=16):
    """A log with odd columns, the item before the person, and five rows that break a rule."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        taste = person % 2
        likes = np.where(np.arange(items) % 2 == taste, 3.0, 1.0)
        met = rng.choice(items, size=each, replace=False, p=likes / likes.sum())
        for place, item in enumerate(met):
            stars = int(rng.integers(3, 6) if item % 2 == taste else rng.integers(1, 4))
            rows.append((f"tune-{item:02}", f"fan-{person:02}", str(stars),
                         str(1_200_000_000 + 86_400 * (7 * place + person % 7))))  # fmt: skip
    bad = [
        ("tune-01", "", "3", "1200000000"), ("", "fan-01", "3", "1200000000"),
        ("tune-01", "fan-02", "five", "1200000000"), ("tune-01", "fan-03", "-2", "1200000000"),
        ("tune-02", "fan-04", "3", "yesterday"),
    ]  # fmt: skip
    return pl.DataFrame([*rows, *bad], schema=ODD, orient="row"), len(rows), len(bad)


def choose(page, field, option):
    """Choose with the keyboard. Scrolling shuts the list, so it is opened in mid-screen, and again
    where the page has grown meanwhile and pushed it out of sight."""
    place = page.get_by_role("option", name=option, exact=True)
    for _ in range(12):  # a machine with much else to do
        field.evaluate("field => field.scrollIntoView({block: 'center'})")
        field.press("ArrowDown")
        try:
            place.click(timeout=5_000)
        except PlaywrightTimeoutError:
            field.press("Escape")
            at_rest(page)
            continue
        return
    pytest.fail(f"there is no {option} to choose")


def metric(page, label):
    return page.get_by_test_id("stMetric").filter(has_text=label).filter(visible=True).last


def cells(table):
    """What a table says to those who do not see it, row by row."""
    rows = table.locator("table tbody tr")
    rows.first.wait_for(state="attached")
    return [[cell.strip() for cell in row.locator("td").all_text_contents()] for row in rows.all()]


def test_a_log_of_one_s_own_from_file_to_what_if_and_nobody_else_sees_it(site, newcomer):
    log, good, bad = own_log()
    other, mine = newcomer(), newcomer()
    opened(other, f"{site}/what-if")
    shared = titles(other, "before")
    mine.goto(f"{site}/data")
    own = mine.get_by_role("tab", name="Bring your own")
    own.wait_for()
    at_rest(mine)
    moved(mine, own.click)  # the tab stands in the address: a file given before is lost
    mine.locator("input[type=file]").first.set_input_files(
        {"name": "my tunes.csv", "mimeType": "text/csv", "buffer": log.write_csv().encode()}
    )
    mine.get_by_role("heading", name="Which column is which?").wait_for()
    mine.get_by_role("button", name="Run the engine on it").wait_for()
    at_rest(mine)
    for name, column in zip(("What", "Who", "How much", "When"), ODD, strict=True):
        field = mine.get_by_role("combobox", name=re.compile(f"^{name}( \\(optional\\))?$"))
        if field.input_value() != column:
            choose(mine, field, column)
            mine.wait_for_function(
                "([e, v]) => e.value === v", arg=[field.element_handle(), column]
            )
            at_rest(mine)
    mine.get_by_role("button", name="Run the engine on it").wait_for()
    metric(mine, "People").get_by_text("60", exact=True).wait_for()
    metric(mine, "Items").get_by_text("40", exact=True).wait_for()
    metric(mine, "Events").get_by_text(f"{good:,}", exact=True).wait_for()
    metric(mine, "Rows refused").get_by_text(str(bad), exact=True).wait_for()
    at_rest(mine)
    counts = cells(mine.get_by_test_id("stDataFrame").filter(visible=True).nth(1))
    assert {row[1]: int(row[0]) for row in counts} == {
        "missing user id": 1, "missing item id": 1, "text value": 1, "negative value": 1,
        "bad time": 1,
    }  # fmt: skip

    mine.get_by_role("button", name="Run the engine on it").click()
    bar = mine.get_by_role("progressbar")
    bar.first.wait_for()
    mine.get_by_text("The engine is learning from my tunes").wait_for()
    mine.get_by_text("Your run is ready").wait_for(timeout=MINUTES)
    mine.get_by_role("link", name="What if", exact=True).click()
    mine.wait_for_selector(".st-key-before .wb-title")
    at_rest(mine)
    assert mine.get_by_text("This is your own data. Only you see it.").is_visible()
    own = [*titles(mine, "before"), *titles(mine, "history")]
    assert own
    assert all(re.fullmatch(r"Item tune-\d\d", title) for title in own)
    assert re.search(r"person=guest\.fan-\d\d", mine.url)
    changed(mine, mine.locator(".st-key-history").get_by_role("button", name="Remove").first)
    mine.wait_for_selector(".st-key-after .wb-title")

    other.reload()
    other.wait_for_selector(".st-key-before .wb-title")
    at_rest(other)
    assert titles(other, "before") == shared
    for screen in ("", "data", "models", "what-if"):
        other.goto(f"{site}/{screen}")
        other.wait_for_selector("h1")
        at_rest(other)
        said = other.locator("body").inner_text()
        assert "own data" not in said.replace("Bring your own data", "")
        assert not re.search(r"fan-\d\d|tune-\d\d|my tunes", said), screen
    other.goto(mine.url)
    other.get_by_text("names a person who is not in this run").wait_for()
    other.wait_for_selector(".st-key-before .wb-title")
    assert titles(other, "before") == shared


# --- one view, two visitors -------------------------------------------------------------------


def view(page):
    """All that an address is to bring back: both lists, what moved, the reason."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("By what they did").wait_for()
    at_rest(page)
    parts = (".wb-sentence", ".wb-title", ".wb-fall", ".wb-acts", ".wb-say")
    return {
        "before": page.locator(".st-key-before .wb-row").all_inner_texts(),
        "after": page.locator(".st-key-after .wb-row").all_inner_texts(),
        "history": titles(page, "history"),
        **{part: dialog.locator(part).all_inner_texts() for part in parts},
    }


def ledger(page):
    page.get_by_role("tab", name="Changes").click()
    page.wait_for_selector(".st-key-ledger .wb-line")
    at_rest(page)
    return page.locator(".st-key-ledger .wb-line").all_inner_texts()


def closed(page):
    moved(page, lambda: page.keyboard.press("Escape"))
    page.get_by_role("dialog").wait_for(state="hidden")


def test_an_address_brings_the_whole_view_to_another_visitor(site, newcomer):
    mine, other = newcomer(), newcomer()
    opened(mine, f"{site}/what-if")
    for _ in range(2):
        changed(mine, mine.locator(".st-key-history").get_by_role("button", name="Remove").first)
    mine.get_by_role("tab", name="Policy").click()
    dial = mine.get_by_role("slider", name=dial_name("popularity_penalty"))
    dial.focus()
    for _ in range(8):
        moved(mine, lambda: dial.press("ArrowRight"))
    mine.wait_for_selector(".st-key-after .wb-title")
    hidden = titles(mine, "after")[1]
    mine.locator(".st-key-after").get_by_role("button", name=re.compile("^Rule for")).nth(1).click()
    changed(mine, mine.get_by_role("menuitem", name="Never show"))
    assert hidden not in titles(mine, "after")
    changes = ledger(mine)
    assert len(changes) == 4
    assert hidden in changes[0]
    changed(mine, mine.locator(".st-key-after").get_by_role("button", name="Why?").nth(2))
    seen, shared = view(mine), mine.url
    assert seen["before"] != seen["after"]
    assert all(part in shared for part in ("edits=", "dial_popularity", "hide_", "why="))

    opened(other, shared)
    assert view(other) == seen
    assert other.url == shared
    closed(other)
    assert ledger(other) == changes
    other.get_by_role("tab", name="History").click()
    changed(other, other.locator(".st-key-history").get_by_role("button", name="Remove").first)
    assert len(ledger(other)) == 5
    assert other.url != shared

    mine.reload()
    mine.wait_for_selector(".st-key-after .wb-title")
    assert view(mine) == seen
    assert mine.url == shared
    closed(mine)
    assert ledger(mine) == changes


# --- from a slice to the screens that follow it -----------------------------------------------


def cohort_of(page):
    """The cohort that the address carries."""
    return json.loads(page.evaluate("new URL(location.href).searchParams.get('cohort')"))


def test_a_clicked_slice_goes_along_to_what_if_for_many_and_compare(site, page):
    page.goto(f"{site}/models")
    page.get_by_role("combobox", name="People by").wait_for()
    at_rest(page)
    choose(page, page.get_by_role("combobox", name="People by"), "region")
    page.get_by_text("Choose a row to take these people along").wait_for()
    assert "slice_by=region" in page.url
    page.locator(".st-key-slice_table").get_by_text("south").wait_for(state="attached")
    at_rest(page)
    rows = cells(page.locator(".st-key-slice_table"))
    place = len(rows) - 1
    named = [cell for cell in rows[place] if cell]
    group, n = named[0], int(named[1])
    table = page.locator(".st-key-slice_table canvas").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()  # drawn on a canvas, so there is no element to click
    each = box["height"] / (len(rows) + 1)
    page.mouse.click(box["x"] + 16, box["y"] + each * (place + 1.5))
    page.get_by_text(f"Chosen: region: {group}, {n} people.").wait_for()
    page.get_by_role("button", name="What if for these people").click()
    page.wait_for_url("**/many?*cohort=*")
    page.get_by_text(f"{n} people of 81 who have a later choice").wait_for()
    at_rest(page)
    assert cohort_of(page) == ["slice", "region", group]
    assert page.get_by_role("combobox", name="Who", exact=True).input_value() == group

    page.reload()
    page.get_by_text(f"{n} people of 81 who have a later choice").wait_for()
    at_rest(page)
    assert cohort_of(page) == ["slice", "region", group]
    choose(page, page.get_by_role("combobox", name="What if …"), "Lists go through a policy")
    dial = page.get_by_role("slider", name=dial_name("popularity_penalty"))
    moved(page, lambda: dial.press("ArrowRight"))
    page.get_by_role("button", name=f"Ask all {n}").click()
    page.get_by_text(re.compile(rf"\b{n} people")).nth(1).wait_for()

    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_url("**/compare?*cohort=*")
    assert cohort_of(page) == ["slice", "region", group]
    page.get_by_role("tab", name="Many people").click()
    page.get_by_text(f"{n} people of 81 who have a later choice").wait_for()
    at_rest(page)
    for row in cells(page.get_by_test_id("stDataFrame").filter(visible=True).first):
        assert int(row[-1]) == n
