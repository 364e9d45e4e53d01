"""The saved view: what it says, that it is whole alone, and that no text of a log does anything."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import workbench as wb
from workbench.data.synthetic import synthetic
from workbench.report.view import LEAST, Named, render_view, view_content, waterfall

HOSTILE = [
    "<script>alert(1)</script>",
    '=HYPERLINK("https://outside.invalid","x")',
    "x" * 10_000,
    "\u202egnirts desrever\u202c עברית",
    "🎬 </style></svg></div><h1>out</h1>",
    "<img src=https://outside.invalid/x.png onerror=alert(1)>",
    "{{ c }} {% raw %}",
]
MANIFEST = {
    "run_id": "films-20260101-000000-abcdef",
    "dataset": {"name": HOSTILE[0], "fingerprint": "f" * 16},
    "created": "2026-01-01T00:00:00+00:00",
    "workbench": "0.1",
}


@pytest.fixture(scope="module")
def world():
    dataset = synthetic(n_users=60, n_items=40, n_events=600, seed=3)
    return dataset, wb.create("ease").fit(dataset)


def content(world, profile=None, hostile=False, **more):
    dataset, model = world
    start = dataset.profiles([dataset.people.ids[0]])[0]
    profile = start if profile is None else profile(start)
    before, after = wb.slate(model, start, 5), wb.slate(model, profile, 5)
    codes = {item: i for i, item in enumerate(dataset.catalogue.ids)}
    why = [wb.explain(model, profile, item, budget=64) for item in after.items[:2]]

    def named(item):
        title = HOSTILE[codes[item] % len(HOSTILE)] if hostile else f"Film {item}"
        return Named(title, title if hostile else "1999 · Drama")

    told = {"person": "Guest 3", "when": "2026-02-03T04:05:06+00:00", "manifest": MANIFEST, **more}
    return view_content(
        start=start, profile=profile, before=before, after=after, reasons=why, named=named, **told
    )


class Reader(HTMLParser):
    """Elements with their attributes, and the text outside of style."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text, self.open = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)


def test_it_says_who_what_both_lists_and_which_run(world):
    def edited(start):
        return start.without(start.items[0]).revalued(start.items[1], 1.0)

    made = content(world, edited, changes=["Removed Film 1", "Rated Film 2"], policy=["Variety"])
    page = Reader(render_view(made))
    shown = " ".join(" ".join(page.text).split())
    for one in (
        "Guest 3", "1. Removed Film 1", "Variety", "3 February 2026, 04:05 UTC", "films-20260101",
        "ffffffffffffffff", "1 January 2026, 00:00 UTC", "It holds the history of one person",
        "With the changes", "As they are",
    ):  # fmt: skip
        assert one in shown, one
    for row in [*made["before"], *made["after"], *made["events"], *made["reasons"]]:
        assert row["title"] in shown
    for reason in made["reasons"]:
        assert reason["sentence"] in shown
    assert page.open == []


def test_marks_say_what_moved(world):
    dataset, model = world
    made = content(world, lambda p: p.without(p.items[0]).without(p.items[-1]))
    start = dataset.profiles([dataset.people.ids[0]])[0]
    gone = start.without(start.items[0]).without(start.items[-1])
    moves = wb.slate(model, start, 5).diff(wb.slate(model, gone, 5))
    assert sum(r["mark"] == "new" for r in made["after"]) == len(moves.entered)
    assert sum(r["mark"] == "gone" for r in made["before"]) == len(moves.left)
    assert sum(r["mark"][:2] in ("up", "do") for r in made["after"]) == len(moves.moved)
    rated = content(world, lambda p: p.revalued(p.items[0], 1.0))
    value = start.last(start.items[0]).value
    assert [e["mark"] for e in rated["events"] if e["mark"]] == [f"was {value:g}"]


def test_one_list_and_nobody_in_particular(world):
    _, model = world
    nobody = wb.Profile.of()
    slate = wb.slate(model, nobody, 5)
    made = view_content(
        person="An invented person", start=nobody, profile=nobody, before=slate, after=slate,
        reasons=[(slate.items[0], "there is no reason")], named=lambda i: Named(str(i)),
        manifest=MANIFEST, when="2026-02-03T04:05:06+00:00",
    )  # fmt: skip
    shown = " ".join(Reader(render_view(made)).text)
    assert "With the changes" not in shown
    assert "It holds the history" not in shown
    assert "this person is new" in shown
    assert "there is no reason" in shown


def test_it_fetches_nothing_and_runs_nothing(world):
    text = render_view(content(world, hostile=True, changes=HOSTILE, policy=HOSTILE))
    page = Reader(text)
    names = {tag for tag, _ in page.elements}
    assert names.isdisjoint({"script", "img", "link", "iframe", "object", "a", "base", "form"})
    for tag, attributes in page.elements:
        assert not {"src", "href", "style", "srcset"} & set(attributes), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
    policy = next(a["content"] for _, a in page.elements if "http-equiv" in a)
    assert policy.startswith("default-src 'none'")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL).group(1)
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style
    assert [tag for tag, _ in page.elements].count("h1") == 1


def test_hostile_titles_are_there_as_text(world):
    made = content(world, hostile=True, changes=HOSTILE)
    shown = "".join(Reader(render_view(made)).text)
    for text in HOSTILE:
        assert (text if len(text) <= 300 else text[:299] + "…") in shown
    assert "x" * 301 not in shown


def test_a_waterfall_begins_each_bar_where_the_one_before_ended():
    drawn = waterfall(-1.0, [("a", 3.0), ("b", -1.0), ("c", 0.5)])
    one, two, three = drawn["rows"]
    assert [r["up"] for r in drawn["rows"]] == [True, False, True]
    assert one["x"] == pytest.approx(drawn["zero"])
    assert two["x"] + two["wide"] == pytest.approx(one["x"] + one["wide"], abs=0.02)
    assert three["x"] == pytest.approx(two["x"], abs=0.02)
    assert max(r["x"] + r["wide"] for r in drawn["rows"]) <= 100.01
    assert np.isclose(one["wide"] / two["wide"], 3.0, atol=0.01)
    flat = waterfall(0.0, [("a", 0.0)])
    assert flat["rows"][0]["wide"] == LEAST
    assert waterfall(0.0, [])["rows"] == []


def test_a_long_history_is_cut_and_says_so(world, monkeypatch):
    monkeypatch.setattr("workbench.report.view.MOST_EVENTS", 3)
    made = content(world)
    dataset, _ = world
    n = len(dataset.profiles([dataset.people.ids[0]])[0].items)
    assert len(made["events"]) == 3
    assert f"and {n - 3} before these" in render_view(made)
