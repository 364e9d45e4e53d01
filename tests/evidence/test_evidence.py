"""The evidence: every draw is seeded, an interruption costs a cell, the tables say what is."""

import json

import numpy as np
import polars as pl
import pytest

import workbench as wb
from tests.evidence import __main__ as command
from tests.evidence import cells as cells_of
from tests.evidence import tables
from tests.evidence.cells import Cells, World, seeded, takes_seed
from workbench.models.hybrid import Blend

SMALL = World("synthetic", "per-user-time", (("n_users", 60), ("n_items", 50), ("n_events", 750)))
NAMES = ["popularity", "als", "blend", "engine"]


@pytest.fixture(autouse=True)
def small_engines(monkeypatch):
    """Engines of two retrievers and five trees, blends of two parts."""
    parts = {"als": ("als", {"n_factors": 8}), "popularity": ("popularity", {})}
    monkeypatch.setattr(cells_of, "RETRIEVERS", parts)
    monkeypatch.setattr(Blend, "DEFAULT", ("ease", "als"), raising=False)
    monkeypatch.setattr(wb.Engine.__init__, "__defaults__", _few_trees())


def _few_trees():
    names = wb.Engine.__init__.__code__.co_varnames[1:]
    given = wb.Engine.__init__.__defaults__
    return tuple(
        5 if name == "n_trees" else value for name, value in zip(names, given, strict=False)
    )


def rows(values, **columns):
    n = len(values)
    frame = pl.DataFrame({"user_id": range(n), "n_relevant": [1] * n, "ndcg": values})
    return frame.with_columns(
        pl.lit(False).alias("guest"),
        pl.lit(False).alias("cold"),
        pl.lit(10).cast(pl.Int64).alias("k"),
        pl.lit("some split").alias("protocol"),
        *(pl.lit(0.5).alias(name) for name in (*tables.BEYOND, *tables.TOGETHER)),
    )


def test_a_seed_reaches_every_model_that_draws():
    assert not takes_seed("ease")
    has = frozenset({"timestamps"})
    engine = seeded("engine", 3, has)
    assert engine.seed == 3
    assert engine.retrievers["als"] == ("als", {"n_factors": 8, "seed": 3})
    assert engine.retrievers["popularity"] == ("popularity", {})
    assert engine.label_method == "per-user-time"
    assert seeded("engine", 3, has, "global-time").label_method == "global-time"
    assert seeded("engine", 3, has, "random").label_method == "per-user-time"
    blend = seeded("blend", 3, has)
    assert (blend.seed, [getattr(part, "seed", None) for part in blend.parts]) == (3, [None, 3])


def test_the_command_keeps_what_it_finds_and_goes_on_where_it_was_cut_short(
    tmp_path, monkeypatch, capsys
):
    measured = []
    measure = Cells._measured

    def noted(self, name, seed, tie):
        measured.append((name, seed, tie))
        if len(measured) == 6:
            raise KeyboardInterrupt
        return measure(self, name, seed, tie)

    monkeypatch.setattr(Cells, "_measured", noted)
    with pytest.raises(KeyboardInterrupt):
        command.evidence(SMALL, 2, 2, NAMES, tmp_path)
    kept = command.evidence(SMALL, 2, 2, NAMES, tmp_path)
    # Popularity draws nothing: once per order of ties. The cut one is measured again.
    assert len(measured) == len(set(measured)) + 1 == 2 * (1 + 2 + 2 + 2) + 1
    written = json.loads((tmp_path / "synthetic-per-user-time.json").read_text())
    assert written == json.loads(json.dumps(kept))
    by_model = {line["model"]: line for line in kept["standings"]}
    assert set(by_model) == set(NAMES)
    found = [c["ndcg"] for c in kept["cells"] if c["model"] == "als"]
    assert len(found) == 4
    assert by_model["als"]["ndcg"] == pytest.approx(np.mean(found))
    assert [line["history"] for line in kept["cold_start"]] == ["0", "1", "3", "10", "all"]
    assert "engine" in capsys.readouterr().out


def test_other_code_begins_anew(tmp_path, monkeypatch):
    here = Cells(SMALL, tmp_path).folder
    assert Cells(SMALL, tmp_path).folder == here
    monkeypatch.setattr(cells_of, "code", lambda: "other")
    assert Cells(SMALL, tmp_path).folder != here


def test_a_persons_figure_is_their_mean_over_the_cells():
    one, two = rows([0.0, 1.0]), rows([1.0, 1.0]).filter(pl.col("user_id") == 0)
    found = tables.averaged([one, two])
    assert dict(found.select("user_id", "ndcg").iter_rows()) == {0: 0.5, 1: 1.0}


def test_the_spread_is_told_apart_by_seeds_and_tie_orders():
    values = {(0, 0): 0.1, (1, 0): 0.3, (0, 1): 0.1, (1, 1): 0.3}
    found = {"engine": {key: rows([v, v / 2, v]) for key, v in values.items()}}
    line = tables.standings(found).row(0, named=True)
    assert line["by_ties"] == pytest.approx(0.0)
    assert line["by_seed"] > 0.1
    assert (line["least"], line["most"]) == pytest.approx((0.1 * 5 / 6, 0.3 * 5 / 6))


def test_a_difference_is_the_engines_gain_and_a_promise_may_be_broken():
    draw = np.random.default_rng(0)
    people = draw.random(40) * 0.4
    better = rows(np.minimum(people + 0.05 + 0.01 * draw.random(40), 1.0))
    found = {
        "engine": {(0, 0): better},
        "als": {(0, 0): rows(people)},
        "blend": {(0, 0): rows(np.minimum(people + 0.1 * draw.random(40), 1.0))},
    }
    board = tables.standings(found)
    assert tables.best(board, hybrids=False) == "als"
    assert tables.best(board, hybrids=True) == "blend"
    gaps = tables.differences(found, ["als", "blend"])
    line = gaps.row(0, named=True)
    assert line["engine_less"] == "als"
    assert 0.05 < line["low"] < line["difference"] < line["high"] < 0.06
    assert (line["cells_above_0"], line["cells"]) == (1, 1)
    curve = tables.curves(_curves(better, people))
    kept = {p["what"]: p["kept"] for p in tables.promises(board, gaps, curve)}
    assert kept["engine less als: low end of its interval"]
    assert not kept["engine less blend: low end of its interval"]
    assert kept["nDCG@10 of engine"] == (board["ndcg"].max() >= 0.212)
    assert kept["engine less als, 0 events of history: high end of its interval"] is True
    assert kept["engine less als, 3 events of history: high end of its interval"] is False
    assert kept["engine less als, all events of history: high end of its interval"] is True


def _curves(better, people):
    """The engine above its part without a history, below it after 3 events, and alike with all."""
    worse = rows(np.maximum(people - 0.05 - 0.02 * (np.arange(40) % 2), 0.0))
    alike = rows(people + 0.01 * (-1.0) ** np.arange(40))
    found = [
        frame.select(
            pl.lit(name).alias("model"), pl.lit(length, pl.Int64).alias("history"), pl.all()
        )
        for length, engine in ((0, better), (3, worse), (None, alike))
        for name, frame in (("engine", engine), ("als", rows(people)))
    ]
    return pl.concat(found)


def test_names_without_a_single_model_are_refused_before_anything_is_measured(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command, "home", lambda: tmp_path)
    monkeypatch.setattr(command, "evidence", lambda *_: pytest.fail("measured"))
    with pytest.raises(SystemExit, match="2"):
        command.main(["--worlds", "main", "--models", "blend", "engine"])
    assert "--models names no single model to compare the engine with" in capsys.readouterr().err
