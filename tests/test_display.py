"""Things show themselves: as escaped HTML in a notebook, plainly in a terminal, by one sheet."""

import re
from html.parser import HTMLParser

import polars as pl
import pytest

import workbench as wb
from workbench.display import LONGEST, MOST_ROWS, Sheet, cell, moment
from workbench.errors import ArgumentError

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></table></style><b onmouseover=alert(1)>",
    "**bold** [link](javascript:alert(1)) | cell |",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe",
    "\x1b[2J\x1b]0;owned\x07 \r\n next",
    "&lt;script&gt; &amp;",
    "x" * 10_000,
)
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0646\u0645"
"""Two halves of a word, held apart by a character that does not print."""
NAMES = dict(enumerate(HOSTILE, start=1))
OURS = {"div", "style", "h4", "p", "b", "table", "caption", "thead", "tbody", "tr", "th", "td"}


class Reader(HTMLParser):
    """Tags, attributes and words of a page, as a browser takes them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.words = set(), set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def world():
    """Twelve people, eight items with titles that mean harm, attributes that do so too."""
    pairs = [(u, i) for u in range(12) for i in NAMES if (u + i) % 4 != 0]
    events = pl.DataFrame(pairs, schema=["user_id", "item_id"], orient="row").with_columns(
        timestamp=pl.int_range(pl.len()) * 86_400.0, value=pl.lit(4.0)
    )
    items = pl.DataFrame({"item_id": list(NAMES), "title": list(NAMES.values())})
    users = pl.DataFrame({"user_id": range(12), "taste": [HOSTILE[0], HOSTILE[5]] * 6})
    broken = pl.DataFrame({"user_id": [1], "item_id": [2], "timestamp": [None], "value": [3.0]})
    log = pl.concat([events, broken], how="vertical_relaxed")
    return wb.Dataset.from_frames(log, items, users, relevant_from=3.0, name=HOSTILE[1])


@pytest.fixture(scope="module")
def model(world):
    return wb.create("ease").fit(world)


@pytest.fixture(scope="module")
def things(world, model):
    """One of each that shows itself and needs no run."""
    person = world.profiles([3])[0]
    slate = wb.slate(model, person, k=5)
    split = wb.split(world, "leave-last")
    policy = wb.Policy(exclude=(slate.items[-1],))
    return {
        "dataset": world,
        "split": split,
        "profile": person,
        "slate": wb.slate(model, person, k=5, policy=policy),
        "diff": slate.diff(wb.slate(model, person.without(person.items[0]), k=5)),
        "slates": wb.recommend(model, world.profiles(), k=5),
        "explanation": wb.explain(model, person, slate.items[0], k=5, titles=NAMES),
        "counterfactual": wb.counterfactual(model, person, slate.items[0], k=1, titles=NAMES),
        "audit": wb.audit(wb.create("ease").fit(split.train), split, minimum=20, k=5),
    }


KINDS = (
    "dataset", "split", "profile", "slate", "diff", "slates", "explanation", "counterfactual",
    "audit",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_comes_from_a_log_is_text_and_nothing_else(things, world, kind):
    for page in (things[kind]._repr_html_(), wb.show(things[kind], world)._repr_html_()):
        read = Reader(page)
        assert read.tags <= OURS
        assert read.attributes <= {"class"}
        assert page.count("<script") == page.count("<img") == 0
        assert not any(c in page for c in "\x1b\x07\r\N{RIGHT-TO-LEFT OVERRIDE}")
        assert len(page) < 60_000, "10 kB of a title are not ten kB of a page"


@pytest.mark.parametrize("kind", KINDS)
def test_a_terminal_gets_plain_lines(things, world, kind):
    for said in (repr(things[kind]), repr(wb.show(things[kind], world))):
        assert "<div" not in said
        assert "<table" not in said
        assert "polars" not in said
        assert all(c.isprintable() or c == "\n" for c in said)
        assert said == said.strip("\n")
        assert not re.search(r" +$", said, re.MULTILINE)


@pytest.mark.parametrize("kind", ["dataset", "split", "audit"])
def test_what_is_named_in_sentences_stays_one_line(things, kind):
    assert "\n" not in repr(things[kind])


def test_titles_that_an_object_knows_stand_in_it_and_others_are_given(things, world):
    shown = "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>"
    for kind in ("explanation", "counterfactual"):
        assert "<th>title</th>" in things[kind]._repr_html_()
    assert "title" not in things["profile"]._repr_html_()
    for titles in (world, world.items, NAMES):
        assert shown in wb.show(things["slates"], titles)._repr_html_()
    untitled = wb.show(things["slate"], world.items.select("item_id"))
    assert "title" not in untitled._repr_html_()


def test_what_is_in_them(things, world):
    said = repr(wb.show(world))
    assert "people 12" in said
    assert "rows refused 1" in said
    assert "1970-01-01 00:00" in said
    assert "value" in said
    split = repr(wb.show(things["split"]))
    assert f"to ask about {things['split'].test.height}" in split
    person = repr(things["profile"])
    assert f"events {len(things['profile'])}" in person
    assert "History, the latest first" in person
    latest = things["profile"].history[-1]
    assert person.index(moment(latest.timestamp)) < person.rindex("1970-01")
    why = things["explanation"]
    assert f"score {cell(why.score)}" in repr(why)
    assert "What each event does" in repr(why)
    assert "found" in repr(things["counterfactual"])
    assert f"people {len(things['slates'])}" in repr(things["slates"])


def test_marks_of_a_difference():
    one, two = (
        wb.Slate(pl.DataFrame({"rank": range(1, 5), "item_id": ids, "score": [0.1] * 4}))
        for ids in ([1, 2, 3, 4], [1, 3, 2, 9])
    )
    found = one.diff(two)
    assert found.marked.rows() == [
        (1, 1, "", 1),
        (2, 3, "↑ 1", 3),
        (3, 2, "↓ 1", 2),
        (4, 9, "new", None),
        (None, 4, "gone", 4),
    ]
    page = found._repr_html_()
    assert '<td class="up">new</td>' in page
    assert '<td class="down">gone</td>' in page


def test_a_title_is_no_mark():
    page = wb.show(wb.Slate(pl.DataFrame({"rank": [1], "item_id": [1]})), {1: "gone Girl"})
    assert '<td class="down">' not in page._repr_html_()
    assert "<td>gone Girl</td>" in page._repr_html_()


def test_a_long_table_is_cut_and_says_so():
    frame = pl.DataFrame({"item_id": range(MOST_ROWS + 1_234), "n": range(MOST_ROWS + 1_234)})
    sheet = wb.show(frame)
    assert "… 1,234 more" in repr(sheet)
    assert "… 1,234 more" in sheet._repr_html_()
    assert sheet._repr_html_().count("<tr>") == MOST_ROWS + 1
    assert "more" not in repr(wb.show(frame.head(MOST_ROWS)))


@pytest.mark.parametrize(
    "empty",
    [
        wb.Profile.of(),
        wb.Slate(pl.DataFrame(schema={"rank": pl.Int64, "item_id": pl.Int64})),
        pl.DataFrame({"a": []}),
        pl.DataFrame(),
        Sheet("", lead=""),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_what_is_empty_shows_itself(empty):
    sheet = wb.show(empty)
    assert Reader(sheet._repr_html_()).tags <= OURS
    assert "None" not in repr(sheet)
    assert "nan" not in repr(sheet)


def test_ids_of_two_kinds_in_one_history():
    assert "b" in repr(wb.Profile.of(items=[1, "b"]))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (True, "yes"),
        (1234567, "1,234,567"),
        (-3, "−3"),
        (-0.12345, "−0.1235"),
        (0.5, "0.5000"),
        (5.0, "5"),
        (123456.7, "123,457"),
        (["a", "b"], "a, b"),
        ("x" * 1000, "x" * LONGEST + "…"),
        (PERSIAN, PERSIAN),
    ],
)  # fmt: skip
def test_cells(value, shown):
    assert cell(value) == shown


def test_moments():
    assert moment(0.0) == "1970-01-01 00:00"
    assert moment(None) == "–"
    assert moment(1e30) == cell(1e30), "no calendar has it"


def test_what_cannot_be_shown():
    with pytest.raises(ArgumentError, match="a dict has no sheet to show"):
        wb.show({})
    with pytest.raises(ArgumentError, match="titles must be a Dataset"):
        wb.show(wb.Profile.of(), titles=3)


def test_both_themes_are_told_from_the_notebook_and_not_from_the_machine_alone():
    page = wb.Profile.of()._repr_html_()
    for theme in ('data-jp-theme-light="false"', ".vscode-dark", "prefers-color-scheme:dark"):
        assert theme in page
