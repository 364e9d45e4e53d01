"""Audit, can it be better: what the run kept, other wishes, and the list of a chosen point."""

import re
from html import escape

import pytest

import workbench as wb
from tests.app.reading import markup, press, words
from workbench.audit.mitigation import reopened
from workbench.audit.mitigation_rerank import RERANKING
from workbench.audit.mitigation_words import found, worth
from workbench.pipeline import Run


def points(visitor):
    (table,) = [f.value for f in visitor.dataframe if "strength" in f.value.columns]
    return table


def chosen(visitor, key, value):
    (box,) = [s for s in visitor.selectbox if s.key == key]
    box.select(value).run()
    assert not visitor.exception


def test_what_the_run_kept_is_there_at_once_and_a_point_shows_its_list(run_path, visit):
    run, visitor = Run.load(run_path), visit(run_path, "audit")
    rows = run.mitigation.to_dicts()
    assert f"{found(rows)} {worth(rows)}" in words(visitor)
    assert points(visitor)["ndcg"].tolist() == run.mitigation["ndcg"].to_list()
    k = run.manifest["configuration"]["k"]
    again = reopened(run.mitigation, run.engine, run.split, k=k)
    titles = dict(run.split.train.items.select("item_id", "title").iter_rows())
    guest = int(re.search(r"Person (\d+), as chosen", words(visitor))[1])
    profile = run.split.train.profiles([guest])[0]
    last = run.mitigation["point"][-1]
    chosen(visitor, "mend_point", last)
    shown = [body for body in markup(visitor) if 'class="wb-rank"' in body][-1]
    places = [shown.find(escape(titles[item])) for item in again.slate(last, profile).items]
    assert -1 not in places
    assert places == sorted(places)


def test_another_wish_is_worked_out_as_the_package_does(run_path, visit):
    run, visitor = Run.load(run_path), visit(run_path, "audit")
    chosen(visitor, "mend_by", "gender")
    press(visitor, "mend")
    k = run.manifest["configuration"]["k"]
    asked = wb.mitigate(run.engine, run.split, ["gender"], k=k, methods=tuple(RERANKING))
    assert asked.sentence in words(visitor)
    assert points(visitor)["ndcg"].tolist() == asked.frontier["ndcg"].to_list()


@pytest.mark.full
def test_the_ranker_taught_again_brings_constrained_points_and_thresholds(run_path, visit):
    run, visitor = Run.load(run_path), visit(run_path, "audit")
    chosen(visitor, "mend_by", "gender")
    (box,) = [c for c in visitor.checkbox if c.key == "mend_taught"]
    box.check().run()
    chosen(visitor, "mend_constraint", "equal_opportunity")
    press(visitor, "mend")
    k = run.manifest["configuration"]["k"]
    asked = wb.mitigate(run.engine, run.split, ["gender"], k=k, constraint="equal_opportunity")
    assert points(visitor)["ndcg"].tolist() == asked.frontier["ndcg"].to_list()
    assert "exponentiated gradient" in set(points(visitor)["method"])
    (table,) = [f.value for f in visitor.dataframe if "before_low" in f.value.columns]
    assert table["after"].tolist() == asked.thresholds["after"].to_list()


def test_a_log_without_titles_or_people_can_be_asked(bare_path, visit):
    visitor = visit(bare_path, "audit")
    assert not visitor.error
    assert "points" in words(visitor) or "chosen on validation" in words(visitor)
