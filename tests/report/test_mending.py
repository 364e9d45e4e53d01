"""What could mend it, as a report tells it: the points, the choice, and plainly if none will do."""

import json
import re
from importlib.resources import files

import jsonschema
import polars as pl
import pytest

from workbench.audit.mitigation_words import KEPT, found, worth
from workbench.report.checklist import checklist
from workbench.report.content import assemble, plain, sections
from workbench.report.html import render


def point(place, method, strength, ndcg, items, best=False):
    base_ndcg, base_items = 0.2, 0.8
    row = dict.fromkeys(KEPT) | {
        "point": place, "method": method, "family": "re-ranking", "strength": strength,
        "ndcg": ndcg, "items": items, "ndcg_change": ndcg / base_ndcg - 1,
        "items_change": items / base_items - 1, "n": 270, "dominated_items": False,
        "chosen": best, "best": best, "goal": "items", "cost": 0.02, "k": 10,
        "definition": "disparity of items = how far <b>tail</b> is from its share",
    }  # fmt: skip
    for name in ("ndcg", "items", "ndcg_change", "items_change"):
        row[f"{name}_low"], row[f"{name}_high"] = row[name] - 0.011, row[name] + 0.012
    return row


FRONTIER = [
    point(0, "none", 0.0, 0.2, 0.8),
    point(1, "exposure floor", 0.1, 0.198, 0.72, best=True),
    point(2, "exposure floor", 0.3, 0.19, 0.52),
]
GOOD = [*FRONTIER[:2], point(2, "FA*IR", 0.3, 0.198, 0.5)]


def told(rows, run):
    made = plain(assemble(run)) | {"mitigation": plain(pl.DataFrame(rows, schema=KEPT))}
    return made | {"checklist": checklist(sections(made))}


def words(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page[page.index("<body") :]).split())


def test_the_points_are_told_with_what_was_chosen(run):
    content = told(FRONTIER, run)
    page = render(content)
    assert page.count('<section id="mitigation">') == 1
    text = words(page)
    for one in (
        "Exposure floor at 0.1, chosen on validation, changes the disparity of items by -10.0% "
        "(-11.1% to -8.8%) and nDCG@10 by -1.0% (-2.1% to +0.2%) for 270 people of the test.",
        "No point lowers it by 30% or more at a loss of nDCG of at most 2%",
        "as it is – 0.200",
        "exposure floor 0.1 0.198 0.187 to 0.210 −1.0 % −2.1 % to +0.2 % 0.720 0.709 to 0.732 "
        "−10.0 % −11.1 % to −8.8 % yes 270",
    ):
        assert one in text, one
    assert "<b>tail</b>" not in page
    schema = json.loads(files("workbench.report").joinpath("report.schema.json").read_text("utf-8"))
    checker = jsonschema.Draft202012Validator(schema)
    assert [e.message for e in checker.iter_errors(content)] == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (FRONTIER, "No point lowers it by 30% or more"),
        (GOOD, "FA*IR at 0.3 lowers it by 30% or more at a loss of nDCG of at most 2%, by -37.5%"),
        (GOOD, "(not chosen on validation, so it may be luck)."),
        ([*GOOD[:2], {**GOOD[2], "chosen": True}], "(chosen on validation)."),
        ([GOOD[0], {**GOOD[2], "ndcg_change": -0.021}], "No point lowers it"),
        ([GOOD[0], {**GOOD[2], "items_change": None}], "No point lowers it"),
        ([GOOD[0], {**GOOD[2], "items_change_high": 0.1}], "covers no change: cannot tell)"),
    ],
)
def test_whether_it_is_worth_it_is_said_plainly(rows, said):
    assert said in worth(rows)


def test_where_nothing_was_chosen_that_is_said():
    rows = [{**row, "best": False} for row in FRONTIER]
    assert found(rows) == (
        "Of 2 points none lowers the disparity of items at a cost of at most 2% of nDCG on "
        "validation."
    )


def test_a_run_without_it_has_no_such_section(run):
    assert "mitigation" not in sections(told([], run))
    assert 'id="mitigation"' not in render(told([], run))
