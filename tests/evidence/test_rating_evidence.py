"""The evidence for models of ratings: folds are pooled, kept one by one, and nothing is hidden."""

import json

import numpy as np
import polars as pl
import pytest

import workbench as wb
from tests.evidence import __main__ as command
from tests.evidence import ratings
from tests.evidence.cells import World
from tests.evidence.ratings import FILLED, SCORED, Folds, promises
from workbench.models.stack import Stack

SMALL = World("synthetic", "k-fold", (("n_users", 40), ("n_items", 60), ("n_events", 400)))
NAMES = ["baseline", "slope-one", "stack"]


@pytest.fixture(autouse=True)
def small_stacks(monkeypatch):
    monkeypatch.setattr(Stack, "DEFAULT", ("baseline", "slope-one"), raising=False)


@pytest.fixture
def kept(tmp_path):
    return ratings.evidence(SMALL, NAMES, tmp_path)


def by_hand(name):
    """Each rating of each fold predicted, one table at a time; NaN where nothing is said."""
    said, truth, means = [], [], []
    for cut in wb.split(SMALL.load(), "k-fold", n_folds=5):
        model = wb.create(name).fit(cut.train)
        ids = cut.test["user_id"].unique().to_list()
        scores = model.score(cut.train.profiles(ids, cut.as_of))
        place = {user: row for row, user in enumerate(ids)}
        codes = cut.train.catalogue.codes(cut.test["item_id"])
        rows = [place[user] for user in cut.test["user_id"]]
        said.append(scores[rows, codes])
        truth.append(cut.test["value"].to_numpy())
        means.append(np.full(len(rows), cut.train.interactions["value"].mean()))
    return map(np.concatenate, (said, truth, means))


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_are_those_of_all_ratings_by_hand(kept, name):
    said, truth, means = by_hand(name)
    lines = {line["ratings"]: line for line in kept["errors"] if line["model"] == name}
    known = np.isfinite(said)
    assert 0 < (~known).sum() < 40, "the world has items that a fold does not know"
    error = (said - truth)[known]
    line = lines[SCORED]
    assert (line["n_ratings"], line["n_scored"]) == (len(truth), known.sum())
    assert line["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    assert line["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert line["rmse_low"] < line["rmse"] < line["rmse_high"]
    assert line["mae_low"] < line["mae"] < line["mae_high"]
    error = np.where(known, said, means) - truth
    line = lines[FILLED]
    assert line["n_scored"] == line["n_ratings"] == len(truth)
    assert line["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    assert line["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)


def test_an_interruption_costs_one_fold(kept, tmp_path, monkeypatch, capsys):
    measured, measure = [], Folds._of_fold

    def noted(self, name, fold):
        measured.append((name, fold))
        if len(measured) == 4:
            raise KeyboardInterrupt
        return measure(self, name, fold)

    monkeypatch.setattr(Folds, "_of_fold", noted)
    assert ratings.evidence(SMALL, NAMES, tmp_path) == kept
    assert not measured, "what was measured is not measured again"
    with pytest.raises(KeyboardInterrupt):
        ratings.evidence(SMALL, ["baseline"], tmp_path / "anew")
    again = ratings.evidence(SMALL, ["baseline"], tmp_path / "anew")
    assert measured == [("baseline", fold) for fold in (0, 1, 2, 3, 3, 4)]
    written = (tmp_path / "anew" / "synthetic-k-fold.json").read_text()
    assert json.loads(written) == json.loads(json.dumps(again))
    assert SCORED in capsys.readouterr().out


def test_a_promise_may_be_broken():
    board = pl.DataFrame({"model": ["svd", "stack", "stack"], "ratings": [SCORED, FILLED, SCORED]})
    for rmse, said in ((0.905, True), (0.9051, False)):
        (promise,) = promises(board.with_columns(pl.Series("rmse", [0.1, 0.1, rmse])))
        assert (promise["found"], promise["kept"]) == (rmse, said)


def test_ratings_that_nobody_can_account_for_are_refused():
    cut = wb.split(SMALL.load(), "k-fold", n_folds=5)[0]
    rows = ratings.evaluate_ratings(wb.create("baseline").fit(cut.train), cut)
    with pytest.raises(wb.DataError, match=r"ratings were not said, and \d+ are of unknown items"):
        ratings.filled(rows.with_columns(pl.col("n_scored") - 1), cut)


@pytest.mark.parametrize(("broken", "code"), [(False, 0), (True, 1)])
def test_the_command_has_a_world_of_ratings(monkeypatch, tmp_path, broken, code):
    asked = []

    def noted(world, names, folder):
        asked.append((str(world), list(names)))
        return {"promises": [{"kept": not broken}]}

    monkeypatch.setattr(command, "home", lambda: tmp_path)
    monkeypatch.setattr(ratings, "evidence", noted)
    assert command.main(["--worlds", "ratings"]) == code
    command.main(["--worlds", "ratings", "--models", "svd", "ease"])
    assert asked == [
        ("movielens-100k, k-fold", list(ratings.MODELS)),
        ("movielens-100k, k-fold", ["svd"]),
    ]
    with pytest.raises(SystemExit, match="2"):
        command.main(["--worlds", "ratings", "--models", "ease"])
