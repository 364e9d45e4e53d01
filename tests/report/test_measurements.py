"""What is told of decisions, flipped attributes, slices, feedback, changes, and the card."""

import json
import re
from copy import deepcopy
from importlib.resources import files

import jsonschema
import polars as pl
import pytest

import workbench as wb
from workbench.audit.decision import decision_audit
from workbench.report.card import few, hidden, missing, model_card
from workbench.report.checklist import CHECKLIST, checklist
from workbench.report.content import assemble, plain, sections
from workbench.report.html import TITLES, render

FLIP = [
    {"attribute": "gender", "read": False, "n": 270, "changed": 0.0, "low": 0.0, "high": 0.0,
     "overlap": 1.0, "how": "zero by construction"},
    {"attribute": "region", "read": True, "n": 270, "changed": 0.4312, "low": 0.371, "high": 0.489,
     "overlap": 0.883, "how": "asked again"},
]  # fmt: skip
PROXIES = [
    {"attribute": "gender", "feature": "year_distance", "mean_abs_shap": 0.4071, "low": 0.385,
     "high": 0.431, "n": 270},
]  # fmt: skip
SLICES = [
    {"slice": "few events and region = north", "n": 41, "value": 0.1123, "low": 0.071,
     "high": 0.159, "rest": 0.2341, "difference": -0.1218, "p_adjusted": 0.0123},
]  # fmt: skip
FEEDBACK = [
    {"setting": setting, "round": r, "measure": "gini", "attribute": attribute, "group": group,
     "n": 270, "value": 0.5 + 0.0111 * r, "low": 0.48 + 0.01 * r, "high": 0.53 + 0.01 * r,
     "change": 0.0111 * r, "change_low": 0.001 * r, "change_high": 0.02 * r,
     "difference": gap, "difference_low": gap - 0.002, "difference_high": gap + 0.002}
    for setting, gap in (("as it is", 0.0), ("explore 0.1", -0.034)) for r in (0, 1, 2)
    for attribute, group in (("everybody", "everybody"), ("gender", "F"))
]  # fmt: skip
SIMULATION = {
    "choice": "the first place is looked at; then <b>the rest</b>",
    "definitions": {"gini": "inequality of what is shown"},
    "settings": {"as it is": "{}", "explore 0.1": '{"epsilon": 0.1}'},
}
CHANGES = {
    "previous": "small-before",
    "created": "2026-05-01T09:05:00+00:00",
    "input": [{"what": "engine: n trees", "before": "200", "after": "300"}],
    "n": 270,
    "verdict": "ok",
    "reasons": ["everybody: ndcg +0.0100"],
    "people": [
        {"metric": "ndcg", "attribute": "gender", "group": "F", "n": 130, "before": 0.2,
         "after": 0.21, "difference": 0.01, "low": 0.001, "high": 0.02, "p": 0.04,
         "p_adjusted": 0.0456, "note": None, "verdict": "better"},
    ],
    "verdicts": [
        {"measure": "ndcg ratio", "attribute": "gender", "group": "F", "threshold": "at least 0.8",
         "value_before": 0.9, "value_after": 0.7, "before": "pass", "after": "fail",
         "flipped": True},
    ],
    "notes": [],
}  # fmt: skip


def words(page):
    body = page[page.index("<body") :]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.fixture(scope="module")
def decided(run):
    return decision_audit(wb.create("ease").fit(run.split.train), run.split)


@pytest.fixture(scope="module")
def content(run, decided):
    made = plain(assemble(run))
    made["decisions"] = plain(
        {
            "groups": hidden(decided.groups), "parities": decided.parities,
            "skipped": decided.skipped, "counts": decided.counts,
            "thresholds": decided.thresholds, "settings": decided.settings,
            "definition": decided.definition,
        }
    )  # fmt: skip
    made["audit"] |= {"flip": FLIP, "proxies": PROXIES}
    made |= {"slices": SLICES, "feedback": FEEDBACK, "changes": CHANGES}
    made |= {"simulation": SIMULATION}
    return made | {"checklist": checklist(sections(made))}


@pytest.fixture(scope="module")
def page(content):
    return render(content)


def test_every_section_is_there_once_with_its_heading(content, page):
    found = re.findall(r'<section id="(\w+)">', page)
    assert found == sections(content)
    assert {"decisions", "slices", "feedback", "changes"} <= set(found)
    for name in found:
        assert page.count(f'<a href="#{name}">{TITLES[name]}</a></li>') == 1


def test_what_a_run_does_not_have_is_no_section(run):
    bare = plain(assemble(run))
    assert not {"decisions", "slices", "feedback", "card", "changes"} & set(sections(bare))
    assert re.findall(r'<section id="(\w+)">', render(bare)) == sections(bare)


def test_rates_and_parities_of_decisions_are_in_tables(page, decided):
    text = words(page)
    assert decided.definition.split(";")[0] in text
    row = decided.groups.filter(attribute="gender", group="F", metric="true_positive_rate")
    row = row.row(0, named=True)
    assert f"{row['value']:.3f} {row['low']:.3f} to {row['high']:.3f}" in text
    parity = decided.parities.filter(attribute="gender", measure="equalized_odds_difference")
    assert f"Equalized odds difference {parity['value'].item():.3f}" in text
    error = decided.groups.filter(attribute="gender", group="F", metric="calibration_error")
    assert f"by chance {error['chance'].item():.3f}" in text


def test_flip_proxies_slices_feedback_and_changes_are_told_with_their_numbers(page):
    text = words(page)
    for one in (
        "gender no 0.0 % 0.0 % to 0.0 % 100.0 % 270 zero by construction",
        "region yes 43.1 % 37.1 % to 48.9 % 88.3 % 270 asked again",
        "gender year_distance 0.407 0.385 to 0.431 270",
        "few events and region = north 0.112 0.071 to 0.159 0.234 −0.122 0.012 41",
        "How people choose: The first place is looked at. Then &lt;b&gt;the rest&lt;/b&gt;.",
        "as it is nothing explore 0.1 epsilon: 0.1",
        "Gini Inequality of what is shown.",
        "as it is 0.500 0.480 to 0.530 0.522 0.500 to 0.550 +0.022 0.002 to 0.040 – 270",
        "explore 0.1 0.500 0.480 to 0.530 0.522 0.500 to 0.550 +0.022 0.002 to 0.040 −0.034 "
        "−0.036 to −0.032 270",
        "Gini by group, “as it is” Group Round 0 Round 2 Change People F gender 0.500",
        "engine: n trees 200 300",
        "F gender nDCG 0.200 0.210 +0.0100 0.0010 to 0.0200 0.046 better 130",
        "ndcg ratio at least 0.8 F gender pass fail",
        "small-before (1 May 2026, 09:05 UTC)",
    ):
        assert one in text, one


def test_every_new_chart_has_words_and_a_table_under_it(page):
    figures = [m.start() for m in re.finditer(r'role="img"', page)]
    for place in figures:
        rest = page[place + 1 :]
        following = min(rest.find("<table"), rest.find('role="img"') % len(rest))
        assert rest[following:].startswith("<table")
    assert len(figures) >= 9 + 3 + 1 + 1 + 1


def test_the_schema_knows_all_of_it(content):
    schema = json.loads(files("workbench.report").joinpath("report.schema.json").read_text("utf-8"))
    checker = jsonschema.Draft202012Validator(schema)
    assert [e.message for e in checker.iter_errors(content)] == []


def test_the_checklist_informs_and_never_complies(content, page):
    text = words(page).lower()
    assert "informs" in text
    assert not re.search(r"\b(complian\w*|complies|conforms?)\b", text)
    sources = {row["source"].split(" (")[0] for row in content["checklist"]}
    assert sources == {
        "EU AI Act", "Digital Services Act", "GDPR", "NIST AI RMF 1.0, Measure"
    }  # fmt: skip
    where = " ".join(row["where"] for row in content["checklist"])
    for article in ("Art. 10(", "Art. 13(", "15(3)", "Art. 27(", "Art. 38", "Art. 22(", "2.11"):
        assert article in where
    assert {row[3] for row in CHECKLIST} <= set(TITLES)
    for row in checklist(["summary", "data"]):
        assert (row["section"] == "data") != (row["informs"] == "nothing in this report")


def test_small_numbers_of_people_are_nowhere(run, content):
    assert [few(n) for n in (0, 3, 19, 20)] == [0, "fewer than 20", "fewer than 20", 20]
    small = [r for r in content["audit"]["people"] if r["suppressed"]]
    assert small
    assert all(r["n"] is None for r in small + content["audit"]["verdicts"] if r["value"] is None)
    told = [r["n"] for r in missing(run.split)]
    assert all(n == "fewer than 20" or n >= 20 for n in told)


def test_who_is_missing_adds_up(run):
    rows = {r["who"]: r for r in missing(run.split)}
    train = run.split.train
    nothing = train.n_users - len(run.split.people()[0])
    assert rows["people with nothing relevant kept back to find"]["n"] == few(nothing)
    unmet = train.n_items - train.interactions["item_id"].n_unique()
    assert ("items that nobody met in training" in rows) == (unmet > 0)


def test_the_card_says_what_is_read_and_what_is_not():
    audit = type("Told", (), {"groups": pl.DataFrame({"attribute": ["gender"]})})
    manifest = {
        "engine": {"n_trees": 5, "retrievers": None},
        "sensitive": {"allowed": ["region"], "read": []},
        "learnt_from": {"pairs": 100, "retrievers": ["ease"]},
        "features": [{"name": "ease_score", "group": "g", "meaning": "m", "source": "s",
                      "as_of": "person", "uses": [], "unit": "not told"}],
        "configuration": {"remarks": ["no times"]},
    }  # fmt: skip
    data = {"attributes": [{"attribute": name, "known": 1.0} for name in ("gender", "region")]}
    card = model_card(manifest, data, audit)
    assert card["sensitive"] == [
        {"attribute": "gender", "allowed": False, "read": False, "audited": True},
        {"attribute": "region", "allowed": True, "read": False, "audited": False},
    ]
    assert card["training"]["pairs the ranker learnt from"] == 100
    assert list(card["features"][0]) == ["name", "group", "meaning", "source", "as_of", "uses"]
    assert card["remarks"] == ["no times"]
    assert model_card({}, {}, None) is None


def test_remarks_of_the_card_keep_their_spelling(content):
    manifest = {
        "engine": {"n_trees": 5, "retrievers": None},
        "sensitive": {"allowed": [], "read": []},
        "learnt_from": {"pairs": 100, "retrievers": ["ease"]},
        "features": [],
        "configuration": {"remarks": ["mine is a plug-in, A/Mine.py"]},
    }
    made = deepcopy(content)
    made["card"] = model_card(manifest, {"attributes": []}, None)
    assert "Mine is a plug-in, A/Mine.py." in words(render(made))


def test_a_first_report_says_that_there_is_nothing_to_compare_with(content):
    made = deepcopy(content)
    made["changes"] = {"previous": None, "reason": "there is no earlier run of this data set here"}
    assert "There is nothing to compare with: there is no earlier run" in words(render(made))


def test_what_is_left_among_people_alike_stands_beside_the_difference(run):
    content = assemble(run)
    rows = content["audit"]["controlled"]
    page = render(content)
    assert page.count("To others alike<br>in items met") == len({r["attribute"] for r in rows})
    shown = next(r for r in rows if r["attribute"] == "gender" and not r["suppressed"])
    low, high = (f"{shown[f'difference_{end}']:+.3f}".replace("-", "−") for end in ("low", "high"))
    assert f"{low.lstrip('+')} to {high.lstrip('+')}" in page or f"{low} to {high}" in page
    without = render({**content, "audit": {**content["audit"], "controlled": []}})
    assert "To others alike" not in without
