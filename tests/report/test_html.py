import itertools
import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from workbench.report.content import assemble, plain, sections
from workbench.report.html import moment, number, p_value, render, signed

HOSTILE = [
    "<script>alert(1)</script>",
    "</style><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "' onmouseover='alert(4)",
    "javascript:alert(5)",
    "{{ 7 * 7 }}{% raw %}",
    "\u202eright to left",
    "🎬",
    "y" * 10_000,
    "https://evil.example/?q=<b>",
]


class Page(HTMLParser):
    """Every element with its attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def assert_inert(text):
    page = Page(text)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {
        "script",
        "img",
        "iframe",
        "object",
        "embed",
        "link",
        "base",
        "form",
        "video",
    }
    for tag, attrs in page.elements:
        for name, value in attrs.items():
            assert not name.lower().startswith("on"), (tag, name)
            if name.lower() in {"href", "src", "action", "xlink:href"}:
                assert value.startswith("#"), (tag, name, value)
    assert not re.search(r"(?i)https?://|@import|url\(", text)
    return page


def test_the_page_stands_alone(page):
    parsed = assert_inert(page)
    (policy,) = [m for m in parsed.all("meta") if "http-equiv" in m]
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    targets = {a["id"] for _, a in parsed.elements if "id" in a}
    for link in parsed.all("a"):
        assert link["href"][1:] in targets
    assert len(targets) == sum("id" in a for _, a in parsed.elements)


def test_the_page_says_what_was_found(page, run):
    text = " ".join(" ".join(Page(page).text).split())
    audit = run.audit
    for heading in (
        "Summary", "Data sheet", "How well it works", "For whom it works", "Who gets shown",
        "What lists give away", "Examples, explained", "What this cannot say",
        "Check it yourself", "For an auditor’s checklist",
    ):  # fmt: skip
        assert heading in text
    row = audit.people.filter(attribute="gender", group="F", metric="ndcg").row(0, named=True)
    assert f"{row['value']:.3f} {row['low']:.3f} to {row['high']:.3f}" in text
    assert "somewhere.example/log.zip" in text
    assert run.split.train.fingerprint in text
    assert "Invented people: nobody in the data." in text
    assert "A far light is here because of The long way up." in text
    counts = dict(audit.verdicts["verdict"].value_counts().iter_rows())
    small = sum(str(r).startswith(("too few", "withheld")) for r in audit.verdicts["reason"])
    assert f"{counts.get('cannot tell', 0) - small} ? " not in text  # words, not code
    assert f"{counts['pass']} pass" in text


def test_every_chart_has_words_and_a_table_after_it(page):
    parsed = Page(page)
    pictures = [i for i, (tag, a) in enumerate(parsed.elements) if a.get("role") == "img"]
    assert len(pictures) == 1 + 1 + 6 + 3 + 1  # leaderboard, cold start, groups, exposure, leakage
    for place in pictures:
        assert len(parsed.elements[place][1]["aria-label"]) > 20
        following = [tag for tag, _ in parsed.elements[place:] if tag in ("table", "figure")]
        assert following[0] == "table"


def test_the_cold_start_curve_is_told_length_by_length(page, run):
    text = " ".join(" ".join(Page(page).text).split())
    assert "Model no history" not in text
    assert "Model 0 events 2 events all events" in text
    for row in run.cold_start.iter_rows(named=True):
        assert f"{row['mean']:.3f} {row['low']:.3f} to {row['high']:.3f}" in text
    assert "all events of each history shown to the model" in text


def test_the_order_of_ties_is_under_the_leaderboard(page):
    text = " ".join(" ".join(Page(page).text).split())
    assert (
        "Over 3 such orders the mean nDCG of ease goes from 0.2000 to 0.2345, lowest to highest: a "
        "difference between two models that is smaller than these 0.0345 may hang"
    ) in text


TABLES = {
    "interactions": {"kind": "csv", "rows": 1234, "columns": {"user_id": "customer"}},
    "items": {"kind": "polars", "rows": 5, "left_out": ["cover (type Binary)", "x"]},
}


@pytest.mark.parametrize("parts", [("",), ("train", "test")])
def test_provenance_is_told_in_tables_and_words(run, parts):
    content = plain(assemble(run))
    one = {"source": "files", "repairs": [], "files": {"a.csv": "00ff"}, "tables": TABLES}
    content["data"]["provenance"] = one if parts == ("",) else dict.fromkeys(parts, one)
    page = Page(render(content))
    text = " ".join(" ".join(page.text).split())
    section = text[text.index("Where it comes from") : text.index("Rows that were refused")]
    assert not set("{}[]") & set(section)
    row = "interactions csv 1,234 user id: customer items polars 5 cover (type Binary), x"
    assert section.count(f"Name Kind Rows Columns Left out {row}") == len(parts)
    assert section.count("a.csv: 00ff") == section.count("repairs none") == len(parts)
    assert ("Train source files" in section) == (len(parts) > 1)


def test_provenance_of_any_shape_has_a_place(run):
    content = plain(assemble(run))
    content["data"]["provenance"] = {"a": {"b": {"c": [{"d": 1}, None]}}, "e": {}, "f": None}
    text = " ".join(" ".join(Page(render(content)).text).split())
    assert "(d: 1), –" in text


def test_small_groups_are_hidden(page, run):
    content = assemble(run)
    small = [r for r in content["audit"]["people"] if r["suppressed"]]
    assert small
    assert all(r["value"] is None and r["low"] is None for r in small)
    few = sum(r["note"].startswith("too few") for r in small)
    assert page.count("too few (fewer than 20 people)") == few
    assert page.count("withheld, so that a group of fewer than 20") == len(small) - few


def test_a_withheld_group_is_not_called_small(run):
    content = plain(assemble(run))
    small = [r for r in content["audit"]["people"] if r["suppressed"]]
    small[0]["note"] = "withheld, so that a group of too few cannot be computed (n < 20)"
    page = render(content)
    assert "withheld, so that a group of fewer than 20 people cannot be computed" in page


def test_ids_of_people_are_nowhere(run):
    content = json.loads((run.path / "report.json").read_text("utf-8"))

    def keys(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                yield key
                yield from keys(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from keys(inner)

    assert "user_id" not in set(keys(content))


def test_the_same_content_gives_the_same_page(run, page):
    assert render(json.loads((run.path / "report.json").read_text("utf-8"))) == page


def test_hostile_text_stays_text_in_every_field(run):
    content = plain(assemble(run))
    bad = itertools.cycle(HOSTILE)

    def poisoned(value):
        if isinstance(value, dict):
            return {k: v if k in KEPT else poisoned(v) for k, v in value.items()}
        if isinstance(value, list):
            return [poisoned(v) for v in value]
        return next(bad) if isinstance(value, str) else value

    text = render(poisoned(content))
    parsed = assert_inert(text)
    assert len(parsed.all("section")) == len(sections(content))
    assert "{{ 7 * 7 }}" in text
    assert len(text) < 1_000_000  # no cell has all of the 10 kB


KEPT = {
    "metric", "metrics", "verdict", "column", "attribute", "source", "measure", "model", "audited",
}  # fmt: skip
"""Words that the renderer chooses rows by; hostile ones of these have their own test."""


def test_hostile_names_of_attributes_and_models_stay_text(run):
    content = plain(assemble(run))
    text = json.dumps(content)
    for name, bad in (("gender", HOSTILE[1]), ("region", HOSTILE[2]), ("ease", HOSTILE[0])):
        text = text.replace(f'"{name}"', json.dumps(bad))
    assert_inert(render(json.loads(text)))


@pytest.mark.parametrize(
    ("read", "allowed", "words"),
    [
        (["gender"], ["age", "gender"], "The engine reads gender of each person, as it was expl"),
        ([], ["age"], "The engine was allowed to read age of each person; nothing in it does."),
        ([], [], "The engine reads no attribute of people."),
    ],
)
def test_the_page_says_which_attributes_the_engine_reads(run, read, allowed, words):
    content = plain(assemble(run))
    assert content["sensitive"] is None  # a run that does not say
    assert "attribute of people" not in render(content)
    content["sensitive"] = {"allowed": allowed, "read": read}
    assert words in " ".join(Page(render(content)).text)


def test_a_run_without_anything_still_has_a_page():
    page = Page(render(assemble(object())))
    assert "No audit was made of this run." in " ".join(page.text)


def test_models_and_retrievers_that_were_not_fitted_are_told_apart(run):
    run = SimpleNamespace(**vars(run))
    run.manifest = {
        **run.manifest,
        "configuration": {"left_out": {"svd": "needs values"}},
        "learnt_from": {"left_out": {"user-knn": "needs 99 minutes"}},
    }
    text = " ".join(" ".join(Page(render(assemble(run))).text).split())
    assert (
        "Left out: svd (needs values); user-knn as a retriever of the engine (needs 99 minutes)."
    ) in text


def test_an_empty_or_sparse_example_does_not_break_the_page(run):
    content = plain(assemble(run))
    content["examples"] = [{"sentence": "Nothing more is known."}]
    assert "Nothing more is known." in render(content)


def test_content_is_json_without_nan(run):
    content = assemble(run)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert plain({"a": float("nan"), "b": {2, 1}, "c": (1,)}) == {"a": None, "b": [1, 2], "c": [1]}
    assert {f["path"] for f in content["files"]} >= {"people.parquet", "audit/people.parquet"}
    assert not {f["path"] for f in content["files"]} & {"report.html", "report.json"}


def test_numbers_are_written_plainly():
    assert number(-0.1234) == "−0.123"
    assert signed(0.5, 1) == "+0.5"
    assert number(None) == "–"
    assert p_value(0.0004) == "< 0.001"
    assert moment("2026-05-01T09:05:00+00:00") == "1 May 2026, 09:05 UTC"
    assert moment("lately") == "lately"
