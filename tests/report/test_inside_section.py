"""The section on the engine as a whole: what a run kept is told, and nothing of few people."""

import json
import re
import shutil
from types import SimpleNamespace

import polars as pl
import pytest

import workbench as wb
from workbench.evaluation.frontier import frontier
from workbench.report.charts import svg
from workbench.report.html import render, write_report
from workbench.report.inside_charts import (
    dependence_chart,
    difference_chart,
    importance_chart,
    interactions_chart,
    partial_dependence_chart,
    retrievers_chart,
)
from workbench.report.verify import verify


@pytest.fixture(scope="module")
def engine(run):
    retrievers = {"ease": ("ease", {}), "popularity": ("popularity", {})}
    return wb.Engine(retrievers=retrievers, n_trees=8, depth=20).fit(run.split.train)


@pytest.fixture(scope="module")
def shares(run, engine):
    ids, people = run.split.people()
    return wb.global_shares(engine, people[:40], ids=ids[:40])


FIDELITY = pl.DataFrame(
    {
        "type": ["shares", "shares", "removal"],
        "measure": ["deletion", "sparsity", "deletion"],
        "value": [0.5, 3.0, 0.75],
        "low": [0.4, 2.5, 0.7],
        "high": [0.6, 3.5, 0.8],
        "random": [0.45, None, 0.3],
        "gain": [0.05, None, 0.45],
        "gain_low": [-0.02, None, 0.4],
        "gain_high": [0.12, None, 0.5],
        "n": [24, 24, 24],
        "verdict": ["weak", "weak", "strong"],
        "definition": ["what it is"] * 3,
    }
)


@pytest.fixture(scope="module")
def whole(run, engine, shares, tmp_path_factory):
    """The small run with everything that it may keep of the engine as a whole."""
    kept = {
        "importance": shares.importance(n_boot=200),
        "fidelity": FIDELITY,
        "frontier": frontier(engine, run.split, "diversity", [0, 0.5], n_boot=200),
        "retrievers": wb.retrievers_contribution(engine, run.split, n_boot=200),
    }
    folder = tmp_path_factory.mktemp("whole") / "run"
    shutil.copytree(run.path, folder)
    for name, frame in kept.items():
        frame.write_parquet(folder / f"{name}.parquet")
    made = SimpleNamespace(**{**vars(run), **kept, "path": folder})
    write_report(folder, made)
    return made


@pytest.fixture(scope="module")
def page(whole):
    return (whole.path / "report.html").read_text("utf-8")


def test_the_section_tells_what_the_run_kept(whole, page):
    assert 'id="inside"' in page
    assert 'href="#inside"' in page
    first = whole.importance.row(0, named=True)
    assert f"<strong>{first['group']}</strong>: {first['mean_abs_share']:.2f} log-odds" in page
    assert all(name in page for name in whole.importance["feature"].drop_nulls())
    assert "Shares of the events: weak" in page
    assert "Effect of removing an event: strong" in page
    assert "+0.450" in page
    for retriever in ("ease", "popularity"):
        assert f'<td class="word">{retriever}</td>' in page
    assert "What a dial of the policy costs" in page


def test_it_can_be_verified_and_a_changed_figure_is_found(whole, tmp_path):
    found = verify(whole.path)
    assert found.agrees, str(found)
    for name in ("importance", "fidelity", "frontier", "retrievers"):
        assert f"{name}, as stored" in found.checks["check"].to_list()
    copy = tmp_path / "copy"
    shutil.copytree(whole.path, copy)
    content = json.loads((copy / "report.json").read_text("utf-8"))
    content["importance"][0]["mean_abs_share"] += 0.1
    (copy / "report.json").write_text(json.dumps(content), "utf-8")
    (copy / "report.html").write_text(render(content), "utf-8")
    wrong = verify(copy).checks.filter(pl.col("outcome") == "differs")
    assert wrong["check"].to_list() == ["importance, as stored"]


def test_figures_of_few_people_are_not_told(run, shares, tmp_path):
    few = wb.global_shares(shares.engine, run.split.people()[1][:5]).importance(n_boot=200)
    folder = tmp_path / "few"
    shutil.copytree(run.path, folder)
    few.write_parquet(folder / "importance.parquet")
    write_report(folder, SimpleNamespace(**{**vars(run), "importance": few, "path": folder}))
    page = (folder / "report.html").read_text("utf-8")
    assert "Not shown, because it describes fewer than 20 people: importance" in page
    assert "log-odds up or down" not in page
    assert json.loads((folder / "report.json").read_text("utf-8"))["importance"] == []
    assert verify(folder).agrees


def test_explanations_may_be_tried_on_fewer_people_and_the_page_says_so(run, tmp_path):
    folder = tmp_path / "tried"
    shutil.copytree(run.path, folder)
    tried = FIDELITY.with_columns(n=pl.Series([16, 4, 16]))
    tried.write_parquet(folder / "fidelity.parquet")
    write_report(folder, SimpleNamespace(**{**vars(run), "fidelity": tried, "path": folder}))
    page = (folder / "report.html").read_text("utf-8")
    assert "save how good the explanations are, which was tried on 16 of them" in page
    told = json.loads((folder / "report.json").read_text("utf-8"))["fidelity"]
    assert [row["measure"] for row in told] == ["deletion", "deletion"]
    assert verify(folder).agrees


def test_a_run_that_kept_nothing_has_no_such_section(run):
    page = (run.path / "report.html").read_text("utf-8")
    assert 'id="inside"' not in page
    assert verify(run.path).agrees
    old = json.loads((run.path / "report.json").read_text("utf-8"))
    for name in ("importance", "fidelity", "frontier", "retrievers", "few"):
        del old[name]
    assert render(old) == page  # a report that was written before there was any


def test_nobody_is_named(whole, page):
    content = json.loads((whole.path / "report.json").read_text("utf-8"))
    for name in ("importance", "fidelity", "frontier", "retrievers"):
        assert content[name]
        for row in content[name]:
            assert row["n"] >= 20
            assert not {"user_id", "row", "item_id"} & set(row)
    assert "<script" not in page


def texts(chart):
    return " ".join(re.findall(r">([^<>]+)<", svg(chart)))


def test_charts_say_what_who_how_many_and_in_which_unit(shares):
    frame = shares.importance(n_boot=200)
    by_group, by_feature = texts(importance_chart(frame)), texts(importance_chart(frame, "feature"))
    assert "400 pairs of 40 people" in by_group
    assert "against the pairs that the ranker learnt from" in by_group
    assert "log-odds" in by_group
    assert all(group in by_group for group in frame["group"].unique())
    assert frame["feature"].drop_nulls()[0] in by_feature
    gap = texts(difference_chart(shares.difference(shares.shown.ids[:15]), "the first", "others"))
    assert "15 and 25 people" in gap
    assert "the first less others" in gap
    pairs = texts(interactions_chart(shares.interactions(size=20, n_boot=100)))
    assert "20 pairs of" in pairs
    assert " × " in pairs


def test_curves_are_drawn_with_the_meaning_of_the_feature(shares):
    told = texts(dependence_chart(shares.dependence("year", by="n_events", n_boot=100)))
    assert "year: share by value" in told
    assert "400 pairs of 40 people" in told
    assert "n_events" in told
    meaning = next(f.meaning for f in shares.features if f.name == "year")
    set_ = texts(partial_dependence_chart(shares.partial_dependence("year", n_boot=100)))
    assert meaning in told
    assert meaning in set_
    assert "score (log-odds)" in set_


def test_a_chart_of_one_person_has_dots_and_no_lines(run, engine):
    alone = wb.global_shares(engine, run.split.people()[1][:1]).importance(n_boot=100)
    assert "10 pairs of 1 people" in texts(importance_chart(alone))


@pytest.mark.parametrize("figure", ["first", "only", "ndcg_drop"])
def test_each_figure_of_the_retrievers_can_be_drawn(whole, figure):
    drawn = texts(retrievers_chart(whole.retrievers, figure))
    assert "ease" in drawn
    assert "What each retriever contributes" in drawn
