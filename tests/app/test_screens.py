"""Every screen of the table, from the entry point, on every kind of run."""

import ast
import json
import shutil

import pytest
from streamlit.testing.v1 import AppTest

import workbench as wb
from app import main as entry
from tests.app.conftest import made
from tests.app.reading import HOSTILE, MAIN, keys, listed, markup, press, words
from workbench.artifact import own_hash

TITLES = {
    "home": "Look inside the engine", "what_if": "What if", "many": "What if for many",
    "compare": "Compare", "inside": "Inside", "models": "Models", "audit": "Audit", "data": "Data",
}  # fmt: skip
FILES = [screen.file for screen in entry.SCREENS]


@pytest.mark.parametrize("run", ["run_path", "hostile_path", "bare_path"])
def test_every_screen_opens(run, visit, request):
    walk(visit(request.getfixturevalue(run)))


@pytest.mark.full
def test_every_screen_opens_on_movielens(visit, tmp_path):
    walk(visit(made(wb.load("movielens-100k"), tmp_path)))


def walk(visitor):
    for file in FILES:
        visitor.switch_page(file).run()
        assert not visitor.exception, (file, [e.value for e in visitor.exception])
        assert not visitor.error, (file, [e.value for e in visitor.error])
        name = file.removeprefix("screens/").removesuffix(".py")
        assert [t.value for t in visitor.title] == [TITLES[name]]


@pytest.mark.parametrize("file", FILES)
def test_without_a_run_every_screen_says_what_to_type(file, monkeypatch, tmp_path):
    monkeypatch.delenv("WORKBENCH_RUN", raising=False)
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    visitor = AppTest.from_file(str(MAIN), default_timeout=60).run()
    visitor.switch_page(file).run()
    assert not visitor.exception
    assert "There is no run yet" in words(visitor)
    assert "make run" in words(visitor)


def test_a_damaged_run_is_refused_in_words(run_path, visit, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(run_path, broken)
    target = next(broken.glob("engine/*.json"))
    target.write_bytes(target.read_bytes()[:-20])
    visitor = visit(broken, "what_if")
    assert "The run cannot be opened." in [e.value for e in visitor.error]
    assert "damaged" in words(visitor)
    visitor = visit(tmp_path / "nowhere", "models")
    assert "is no run folder" in words(visitor)


def test_models_shows_intervals_definitions_and_comparisons(run_path, visit):
    visitor = visit(run_path, "models")
    tables = [element.value for element in visitor.dataframe]
    board = next(table for table in tables if {"model", "ndcg"} <= set(table.columns))
    compared = next(table for table in tables if "against" in table.columns)
    assert set(board["model"]) == {"popularity", "ease", "engine"}
    assert "to" in board["ndcg"].iloc[0]
    assert set(compared["against"]) == {"popularity", "ease"}
    assert set(compared["verdict"]) <= {"engine is better", "engine is worse", "cannot tell"}
    assert "nDCG@10, binary" in words(visitor)
    visitor.selectbox(key="measure").set_value("coverage").run()
    assert not visitor.exception
    assert "no interval over people" in words(visitor)


def test_models_tells_which_retrievers_the_engine_left_out(run_path, visit, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run_path, copy)
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest["learnt_from"]["left_out"] = {"user-knn": "needs 99 minutes"}
    manifest["sha256"] = own_hash(manifest)
    (copy / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    shown = words(visit(copy, "models"))
    assert "user-knn as a retriever of the engine: needs 99 minutes" in shown


def test_audit_shows_verdicts_names_small_groups_and_hides_their_figures(run_path, visit):
    visitor = visit(run_path, "audit")
    verdicts = visitor.dataframe[0].value
    assert {"✗ fail", "? cannot tell", "✓ pass"} >= set(verdicts["verdict"])
    ranks = ["✗?✓".index(v[0]) for v in verdicts["verdict"]]
    assert ranks == sorted(ranks)
    assert "Not shown, because fewer than 20" in words(visitor)
    groups = visitor.dataframe[1].value
    assert (groups["n"] >= 20).all()
    visitor.selectbox(key="audit_metric").set_value("hit_rate").run()
    visitor.selectbox(key="audit_kind").set_value("decade").run()
    assert not visitor.exception


def test_a_bare_log_says_what_cannot_be_shown(bare_path, visit):
    visitor = visit(bare_path, "what_if")
    assert "This log has no ratings" in words(visitor)
    assert not [s for s in visitor.selectbox if str(s.key).startswith("rate:")]
    assert visitor.text_input(key="search").label == "Add by item id"
    visitor.text_input(key="search").set_value("i 7").run()
    press(visitor, keys(visitor, "add:")[0])
    assert visitor.query_params["edits"].startswith("add_i*5F7")
    visitor = visit(bare_path, "audit")
    assert "they are told apart by what they did" in words(visitor)


@pytest.mark.parametrize("screen", ["home", "what_if", "models", "audit"])
def test_hostile_text_is_shown_as_text(hostile_path, visit, screen):
    visitor = visit(hostile_path, screen)
    if screen == "what_if":
        visitor.text_input(key="search").set_value("alert").run()
        press(visitor, f"why:{listed(visitor)[0]}")
    for body in markup(visitor):
        assert "<script" not in body.lower()
        assert "<img" not in body.lower()
        assert "<h1" not in body.lower()
        assert len(body) < 30_000
    # What Streamlit reads as Markdown holds no text of the log.
    kinds = ("markdown", "caption", "header", "subheader", "info", "warning", "error")
    shown = "\n".join(str(e.value) for kind in kinds for e in visitor.get(kind))
    labels = [w.label for w in [*visitor.button, *visitor.selectbox, *visitor.text_input]]
    helps = [b.help for b in visitor.button if b.help and b.key[:4] in ("drop", "add:", "why:")]
    for text in HOSTILE[:10]:
        assert text not in shown
        assert not [one for one in labels if text in one]
        assert not [one for one in helps if text in one]
    for one in helps:
        assert not set("[]()<>$*_`!:.") & set(one), one


def test_hostile_titles_are_on_the_screen_in_full_view(hostile_path, visit):
    visitor = visit(hostile_path, "what_if")
    visitor.text_input(key="search").set_value("alert").run()
    assert "<script>alert(1)</script>" in words(visitor)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in "".join(markup(visitor))


def test_nothing_of_data_goes_where_html_is_believed():
    sources = list(MAIN.parent.rglob("*.py"))
    assert len(sources) > 10
    for path in sources:
        text = path.read_text()
        assert "unsafe_allow" not in text, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.html":
                assert path.name in ("widgets.py", "main.py"), f"{path}: use widgets.html"
