"""Audit, can it be better: the same frontier as the package, and the list of a chosen point."""

import re
from html import escape

import pytest

import workbench as wb
from tests.app.reading import markup, press, words
from workbench.audit.mitigation_rerank import RERANKING
from workbench.pipeline import Run


@pytest.fixture
def asked(run_path, visit):
    visitor = visit(run_path, "audit")
    press(visitor, "mend")
    return visitor


def test_the_points_are_those_of_the_package_and_a_point_shows_its_list(asked, run_path):
    run = Run.load(run_path)
    k = run.manifest["configuration"]["k"]
    found = wb.mitigate(run.engine, run.split, k=k, methods=tuple(RERANKING))
    assert found.sentence in words(asked)
    (table,) = [f.value for f in asked.dataframe if "strength" in f.value.columns]
    assert table["ndcg"].tolist() == found.frontier["ndcg"].to_list()
    titles = dict(run.split.train.items.select("item_id", "title").iter_rows())
    guest = int(re.search(r"Person (\d+), as chosen", words(asked))[1])
    profile = run.split.train.profiles([guest])[0]
    (point,) = [s for s in asked.selectbox if s.key == "mend_point"]
    last = found.frontier["point"][-1]
    point.select(last).run()
    assert not asked.exception
    shown = [body for body in markup(asked) if 'class="wb-rank"' in body][-1]
    places = [shown.find(escape(titles[item])) for item in found.slate(last, profile).items]
    assert -1 not in places
    assert places == sorted(places)


def test_a_log_without_titles_or_people_can_be_asked(bare_path, visit):
    visitor = visit(bare_path, "audit")
    press(visitor, "mend")
    assert not visitor.error
    assert "points" in words(visitor) or "chosen on validation" in words(visitor)
