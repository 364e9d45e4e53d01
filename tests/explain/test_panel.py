"""The what-if panel: what is clicked, what code does, and what is shown are one thing."""

import subprocess
import sys

import pytest

import workbench as wb
from workbench.errors import ArgumentError
from workbench.explain.panel_view import PAGE, UNRATED

EVIL = "<img src=x onerror=alert(1)>$x^2$"


@pytest.fixture(scope="module")
def model(world_split):
    return wb.create("ease").fit(world_split.train)


@pytest.fixture
def panel(model, world_split, guest):
    return wb.whatif(model, guest, k=8, titles=world_split.train)


@pytest.fixture
def view(panel):
    _ = panel.widget
    return panel._view


def test_the_lists_are_those_of_the_package(panel, model, guest):
    assert panel.before == wb.slate(model, guest, k=8)
    assert panel.after == panel.before
    assert not panel.diff
    item = panel.search(panel.name(panel.before.items[0]))[0]
    assert item == panel.before.items[0], "found by its title"
    panel.add(item, 5.0)
    person = guest.with_event(item, 5.0)
    assert panel.profile == person
    assert panel.after == wb.slate(model, person, k=8)
    assert panel.diff == panel.before.diff(panel.after)
    assert panel.before == wb.slate(model, guest, k=8), "as it was"
    why = panel.why(panel.after.items[0])
    assert why.score == wb.explain(model, person, panel.after.items[0], k=8).score


def test_undo_and_redo_lead_through_what_was_done(panel, guest):
    one, two = guest.items[:2]
    panel.remove(one)
    panel.rate(two, 1.0)
    done = panel.profile
    panel.undo()
    assert panel.profile == guest.without(one)
    panel.undo()
    panel.undo()
    assert panel.profile == guest
    assert not panel.can_undo
    panel.redo()
    panel.redo()
    panel.redo()
    assert panel.profile == done
    panel.undo()
    panel.remove(two)
    assert not panel.can_redo, "what was undone is gone once something else is done"
    panel.undo()
    assert panel.profile == guest.without(one)
    panel.redo()
    panel.reset()
    assert panel.profile == guest
    panel.undo()
    assert two not in panel.profile


def test_clicks_do_what_code_does(view, panel, guest):
    latest = guest.history[-1].item_id
    assert view.rows[0].event == guest.history[-1]
    view.rows[0].remove.click()
    assert panel.profile == guest.without(latest)
    assert view.reset.disabled is False
    rated = view.rows[0]
    item = rated.event.item_id
    rated.value.value = 1.0
    assert panel.profile.last(item).value == 1.0
    view.undo.click()
    view.undo.click()
    assert panel.profile == guest
    assert (view.undo.disabled, view.redo.disabled) == (True, False)
    view.redo.click()
    assert panel.profile == guest.without(latest)
    view.reset.click()
    assert panel.profile == guest


def test_a_title_is_searched_and_added(view, panel):
    assert view.add.disabled
    wanted = panel.before.items[0]
    view.query.value = panel.name(wanted).upper()
    assert view.found.value == wanted
    assert view.value.value == panel.values[-1], "as something liked"
    view.add.click()
    assert panel.profile.last(wanted).value == panel.values[-1]
    assert view.query.value == ""
    view.query.value = panel.name(wanted)
    assert wanted not in dict(view.found.options).values(), "what was met is not offered"


def test_marks_and_the_reason_are_shown(view, panel):
    panel.add(panel.before.items[0], panel.values[-1])
    assert '<td class="down">gone</td>' in view.after.value
    assert '<td class="up">' in view.after.value
    assert "gone" not in view.before.value
    assert f"{len(panel.diff.left)} gone" in view.status.value
    assert view.reason.value == ""
    view.item.value = panel.after.items[2]
    view.why.click()
    assert panel.name(panel.after.items[2]) in view.reason.value
    assert "What each event does" in view.reason.value
    panel.undo()
    assert view.reason.value == "", "a reason of another list would be wrong"
    assert "as it was" in view.status.value


def test_what_code_does_shows_and_who_listens_hears(view, panel, guest):
    heard = []
    panel.on_change(lambda changed: heard.append(changed.profile))
    panel.remove(guest.history[-1].item_id)
    assert heard == [panel.profile]
    assert view.rows[0].event == panel.profile.history[-1]


def test_a_long_history_has_pages(model, world_split):
    long = max(world_split.train.profiles(), key=len)
    assert len(long) > PAGE
    panel = wb.whatif(model, long, titles=world_split.train)
    _ = panel.widget
    view = panel._view
    latest = [e.item_id for e in reversed(long.history)]
    assert [row.event.item_id for row in view.rows] == latest[:PAGE]
    assert view.later.disabled
    view.earlier.click()
    shown = [row.event.item_id for row in view.rows if row.event]
    assert shown == latest[PAGE : 2 * PAGE]
    assert "page 2 of" in view.history.value
    for _ in range(100):
        view.earlier.click()
    assert view.earlier.disabled
    assert view.rows[0].event is not None


def test_what_cannot_be_done_is_said_and_changes_nothing(view, panel, guest):
    stranger = view.rows[0]
    panel.remove(guest.history[-1].item_id)
    stranger.event = guest.history[-1]
    stranger.remove.click()
    assert "is not in the history" in view.status.value
    assert len(panel.profile) == len(guest) - 1
    with pytest.raises(ArgumentError, match="is not in the catalogue"):
        panel.add("no such item")
    assert len(panel.profile) == len(guest) - 1


def test_titles_are_text(model, guest):
    titles = {item: f"{EVIL}{item}" for item in model.catalogue.ids.to_list()}
    panel = wb.whatif(model, guest, titles=titles)
    _ = panel.widget
    view = panel._view
    view.query.value = "img"
    view.why.click()
    pages = [view.after, view.before, view.reason, view.status, *(r.name for r in view.rows)]
    assert all("<img" not in page.value for page in pages)
    assert all("&lt;img" in page.value for page in (view.after, view.reason, view.rows[0].name))
    assert not view.found.description_allow_html
    assert all(type(page).__name__ == "HTML" for page in pages), "a label would set mathematics"


def test_somebody_new_and_a_log_without_values(world):
    log = world.lacking("values").dataset()
    model = wb.create("item-knn").fit(log)
    panel = wb.whatif(model)
    _ = panel.widget
    view = panel._view
    assert panel.values == ()
    assert view.value.layout.display == "none"
    assert view.rows[0].box.layout.display == "none"
    assert view.reset.disabled
    item = panel.before.items[0]
    assert panel.name(item) == f"item {item}"
    view.query.value = str(item)
    view.add.click()
    assert panel.profile.last(item).value is None
    assert view.rows[0].value.layout.display == "none"


def test_values_are_those_of_the_log_or_as_given(model, guest, world_split):
    known = world_split.train.interactions["value"].unique().sort().to_list()
    assert wb.whatif(model, guest, titles=world_split.train).values == tuple(known)
    assert wb.whatif(model, guest, values=[3, 1, 3]).values == (1.0, 3.0)
    panel = wb.whatif(model, guest, values=[1, 7])
    _ = panel.widget
    labels = [label for label, _ in panel._view.rows[0].value.options]
    assert labels[0] == UNRATED
    assert len(labels) == 4, "its own value, beside those that may be given"
    with pytest.raises(ArgumentError, match="values must be a list of numbers"):
        wb.whatif(model, guest, values="high")


def test_it_shows_itself_where_there_is_no_kernel(panel, guest):
    panel.remove(guest.history[-1].item_id)
    shown = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "<h4>What if</h4>" in shown["text/html"]
    assert "edits 1" in shown["text/plain"]
    assert "<" not in shown["text/plain"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ease", None), "model must be a fitted model, not str"),
        ((None, "somebody"), "profile must be a Profile, not str"),
        ((None, None, 0), "k must be"),
    ],
)
def test_what_cannot_work(model, arguments, message):
    first, *rest = arguments
    with pytest.raises(ArgumentError, match=message):
        wb.whatif(model if first is None else first, *rest)


def test_without_ipywidgets_the_remedy_is_named():
    code = (
        "import sys; sys.modules['ipywidgets'] = None\n"
        "import workbench as wb\n"
        "wb.whatif\n"
        "try:\n    wb.whatif(None)\nexcept wb.WorkbenchError as error:\n    print(error)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert "needs ipywidgets, which is not installed; use `make lab`" in found.stdout
