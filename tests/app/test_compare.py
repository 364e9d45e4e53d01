"""Compare: the other models are those of the run, and both halves follow case and cohort."""

import hashlib

import polars as pl
import pytest

import workbench as wb
from app import cache, fitted
from app.panels.on_cohort import alike
from tests.app.reading import press, words
from workbench.errors import ArgumentError


@pytest.fixture
def world(run_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_RUN", str(run_path))
    return cache.world()


def test_a_model_fitted_again_is_that_of_the_run_and_read_only(world):
    model = fitted.model(world, "ease")
    assert fitted.model(world, "ease") is model
    again = wb.evaluate(model, world.split, world.k)["ndcg"]
    assert again.to_list() == fitted.rows(world, "ease")["ndcg"].to_list()
    arrays = [v for v in vars(model).values() if hasattr(v, "flags")]
    assert arrays
    assert not any(a.flags.writeable for a in arrays)
    assert fitted.model(world, "engine") is world.engine


def test_a_model_given_as_code_cannot_be_had(world, monkeypatch):
    monkeypatch.setitem(world.run.manifest["configuration"], "own", {"ease": "Mine()"})
    assert not fitted.can_fit(world, "ease")
    with pytest.raises(ArgumentError, match="a run does not keep"):
        world.run.model("ease")


@pytest.fixture
def plugged(world, monkeypatch, tmp_path):
    """A model of the run that came from a file, which the app is told of or not."""
    file = tmp_path / "mine.py"
    file.write_text("import workbench.models.linear as m\n\nclass Mine(m.EASE):\n    'Mine.'\n")
    told = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.delenv("WORKBENCH_PLUGINS", raising=False)
    asked = world.run.manifest["configuration"]
    monkeypatch.setitem(asked, "own", {"mine": f"Mine{repr(wb.create('ease'))[4:]}"})
    monkeypatch.setitem(asked, "plugins", {"mine": {"source": "mine.py", "sha256": told}})
    fitted.plugins.clear()
    fitted._fitted.clear()
    yield file
    fitted.plugins.clear()
    fitted._fitted.clear()


def test_a_plugin_is_run_only_where_the_app_is_told_of_it(world, plugged, monkeypatch):
    assert "whose code no run keeps; give it again" in fitted.why_not(world, "mine")
    plugged.write_text(plugged.read_text() + "print('other code')\n")
    monkeypatch.setenv("WORKBENCH_PLUGINS", str(plugged))
    fitted.plugins.clear()
    assert "other code than the run was made with" in fitted.why_not(world, "mine")


def test_a_plugin_that_the_app_was_told_of_is_one_of_the_models(world, plugged, monkeypatch):
    monkeypatch.setenv("WORKBENCH_PLUGINS", str(plugged))
    fitted.plugins.clear()
    assert fitted.can_fit(world, "mine")
    model = fitted.model(world, "mine")
    assert type(model).__module__.startswith("workbench_plugin_mine_")
    again = wb.evaluate(model, world.split, world.k)["ndcg"]
    assert again.to_list() == fitted.rows(world, "ease")["ndcg"].to_list()


def test_lists_side_by_side_and_figures_of_the_cohort(run_path, visit, world):
    visitor = visit(run_path, "compare", models="engine,popularity", cohort="guests")
    assert visitor.multiselect(key="compare_models").value == ["engine", "popularity"]
    shown = words(visitor)
    assert "alike by" in shown
    (table,) = [f.value for f in visitor.dataframe if "against" in f.value.columns]
    guests = [i for i in world.split.people()[0] if i in world.split.guests]
    assert table["n"].to_list() == [len(guests)]
    means = [
        fitted.rows(world, n).filter(pl.col("user_id").is_in(guests))["ndcg"].mean()
        for n in ("popularity", "engine")
    ]
    assert table["difference"][0] == pytest.approx(means[0] - means[1])
    press(visitor, "ask_lists")
    assert "engine and popularity: alike by" in words(visitor)
    visitor.multiselect(key="compare_models").set_value(["popularity"]).run()
    assert "Choose at least two models" in words(visitor)
    assert visitor.query_params["models"] in ("popularity", ["popularity"])


def test_a_model_is_wholly_like_itself(world):
    found = alike(world, world.split.people()[0], ["ease", "popularity"], lambda *_: None)
    assert found.pairs["n"].to_list() == [len(world.split.people()[0])] * 2
    assert (found.pairs["mean"] < 1).all()
    assert found.items["ease"].sum() == found.items["popularity"].sum() > 0


@pytest.mark.parametrize("run", ["bare_path", "hostile_path"])
def test_every_kind_of_run(run, visit, request):
    visitor = visit(request.getfixturevalue(run), "compare")
    assert not visitor.error
    assert "alike by" in words(visitor)
