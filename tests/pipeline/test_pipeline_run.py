"""A run says what it did, and opens again as what it was."""

import json

import polars as pl
import pytest

import workbench as wb
from workbench.evaluation.cold_start import cold_start
from workbench.pipeline import Run
from workbench.pipeline.manifest import command
from workbench.pipeline.plan import planned


def test_every_model_and_the_engine_are_on_the_leaderboard(finished):
    board = finished.standings
    assert set(board["model"]) == {"popularity", "ease", "engine"}
    assert board["ndcg"].is_sorted(descending=True)
    inside = board.select(
        (pl.col("ndcg_low") <= pl.col("ndcg")) & (pl.col("ndcg") <= pl.col("ndcg_high"))
    ).to_series()
    assert inside.all()
    assert board["coverage"].is_between(0, 1).all()


def test_the_command_names_the_models_that_are_not_the_usual_ones(finished):
    assert finished.manifest["command"].endswith("--models popularity,ease,engine")
    usual = planned(wb.load("synthetic", seed=0))
    assert "--models" not in command("synthetic", usual)


def test_the_leaderboard_is_what_evaluation_says(finished):
    model = wb.create("ease").fit(finished.split.train)
    rows = wb.evaluate(model, finished.split, k=10)
    saved = finished.rows.filter(pl.col("model") == "ease").drop("model")
    assert saved.equals(rows)
    on_board = finished.standings.filter(pl.col("model") == "ease")
    assert on_board["ndcg"].item() == pytest.approx(rows["ndcg"].mean())


def test_comparisons_are_the_engine_less_the_other(finished):
    means = dict(finished.standings.select("model", "ndcg").iter_rows())
    assert set(finished.comparisons["against"]) == {"popularity", "ease"}
    for row in finished.comparisons.iter_rows(named=True):
        assert row["model"] == "engine"
        expected = means["engine"] - means[row["against"]]
        assert row["difference"] == pytest.approx(expected)
        assert row["ratio"] == pytest.approx(means["engine"] / means[row["against"]])
        assert row["low"] <= row["difference"] <= row["high"]
        assert row["ratio_low"] <= row["ratio"] <= row["ratio_high"]


def test_the_cold_start_curve_is_of_every_model_and_length(finished):
    curve = finished.cold_start
    assert set(curve["model"]) == {"popularity", "ease", "engine"}
    assert curve["history"].unique(maintain_order=True).to_list() == [0, 1, 3, 10, None]
    assert curve["n"].n_unique() == 1
    model = wb.create("ease").fit(finished.split.train)
    rows = wb.evaluate(model, finished.split)
    asked = cold_start(model, finished.split)["user_id"].unique().implode()
    whole = curve.filter((pl.col("model") == "ease") & pl.col("history").is_null())
    assert whole["mean"].item() == pytest.approx(
        rows.filter(pl.col("user_id").is_in(asked))["ndcg"].mean()
    )


def test_the_curve_of_short_histories_is_as_long_as_they_are(small, quick_engine, tmp_path):
    log = small.interactions.group_by("user_id", maintain_order=True).head(9)
    kept = wb.run(
        small.replaced(log),
        home=tmp_path,
        models=["popularity"],
        engine=quick_engine(),
        guests=0.0,
        progress=False,
    )
    curve = kept.cold_start
    assert curve["history"].unique(maintain_order=True).to_list() == [0, 1, 3, None]
    assert curve["n"].min() >= 20


def test_a_function_and_a_model_of_ones_own_are_on_the_leaderboard(small, quick_engine, tmp_path):
    def alphabetical(profile, items):
        return {item: -float(place) for place, item in enumerate(items["item_id"])}

    mine = wb.FromFunction(alphabetical, personalised=False)
    smooth = wb.create("ease", reg=5.0)
    smooth.name = "ease-5"
    found = wb.run(
        small, home=tmp_path, models=["ease", mine, smooth], engine=quick_engine(), progress=False,
    )  # fmt: skip
    assert set(found.standings["model"]) == {"ease", "from-function", "ease-5", "engine"}
    board = dict(found.standings.select("model", "ndcg").iter_rows())
    for model in (mine, smooth):
        assert "catalogue" not in vars(model), "what was given stays as it was"
        model.fit(found.split.train)
        rows = wb.evaluate(model, found.split)
        assert board[model.name] == pytest.approx(rows["ndcg"].mean())
    told = Run.load(found.path).manifest["configuration"]
    assert told["models"] == ["ease", "from-function", "ease-5", "engine"]
    assert set(told["own"]) == {"from-function", "ease-5"}
    assert "reg=5.0" in told["own"]["ease-5"]


def test_an_engine_alone_has_no_comparisons(finished):
    from workbench.pipeline import leaderboard

    assert finished.comparisons.schema == leaderboard.COMPARED
    alone = leaderboard.comparisons({"engine": finished.rows})
    assert alone.schema == finished.comparisons.schema
    assert alone.height == 0


def test_the_report_agrees_with_the_folder(finished):
    from workbench.report.verify import verify

    found = verify(finished.path)
    assert found.exit_code == 0, str(found)


def test_what_is_loaded_is_what_was_run(finished):
    run = Run.load(finished.path)
    assert run.manifest == finished.manifest
    assert run.split.fingerprint == run.manifest["split"]["fingerprint"]
    assert run.split.train.fingerprint == run.manifest["dataset"]["fingerprint"]
    assert run.split.guests == tuple(run.manifest["split"]["guests"])
    assert len(run.split.guests) == 8
    ids, people = run.split.people()
    slates = wb.recommend(run.engine, people)
    again = wb.evaluate(slates, run.split)
    saved = run.rows.filter(pl.col("model") == "engine")
    assert again["user_id"].to_list() == ids
    assert again["ndcg"].equals(saved["ndcg"])
    assert run.audit.people.equals(finished.audit.people)
    assert run.audit.settings["k"] == 10


def test_the_manifest_says_how_it_was_made(finished, small):
    manifest = json.loads((finished.path / "manifest.json").read_text("utf-8"))
    assert manifest["format"] == 1
    assert manifest["workbench"] == wb.__version__
    assert manifest["dataset"]["name"] == "synthetic"
    assert manifest["configuration"]["seed"] == 0
    assert manifest["configuration"]["models"] == ["popularity", "ease", "engine"]
    assert manifest["versions"]["xgboost"]
    assert manifest["stages"]["total"] >= manifest["stages"]["engine"] > 0
    assert {"engine/manifest.json", "people.parquet", "report.html"} <= set(manifest["files"])
    figures = {(row["model"], row["metric"]): row for row in manifest["metrics"]}
    assert "nDCG" in figures["engine", "ndcg"]["definition"]
    assert manifest["dataset"]["people"] == small.n_users


def test_the_latest_run_is_found_again(finished):
    home = finished.path.parents[1]
    assert Run.latest(home).path == finished.path
    assert (home / "runs" / "LATEST").read_text("utf-8").strip() == finished.name


def test_without_a_run_there_is_no_latest(tmp_path):
    assert Run.latest(tmp_path) is None


def test_the_latest_is_found_without_its_pointer(finished, tmp_path):
    import shutil

    shutil.copytree(finished.path, tmp_path / "runs" / finished.name)
    assert Run.latest(tmp_path).name == finished.name
    (tmp_path / "runs" / "LATEST").write_text("../elsewhere")
    assert Run.latest(tmp_path).name == finished.name


def test_a_second_run_gives_the_same_numbers_beside_the_first(finished, small, quick_engine):
    home = finished.path.parents[1]
    second = wb.run(
        small, home=home, models=["popularity", "ease"], engine=quick_engine(), progress=False
    )
    try:
        assert second.path != finished.path
        assert Run.latest(home).path == second.path
        assert Run.load(finished.path).manifest == finished.manifest
        assert second.rows.equals(finished.rows)
        assert second.manifest["metrics"] == finished.manifest["metrics"]
        for name in ("engine/arrays.npz", "engine/ranker.json"):
            assert second.manifest["files"][name] == finished.manifest["files"][name]
    finally:
        (home / "runs" / "LATEST").write_text(finished.name + "\n", "utf-8")


def test_an_interrupted_run_leaves_nothing(finished, small, quick_engine, monkeypatch):
    from workbench.pipeline import job

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "tie_sensitivity", interrupted)
    runs = finished.path.parent
    before = sorted(path.name for path in runs.iterdir())
    with pytest.raises(KeyboardInterrupt):
        wb.run(
            small, home=runs.parent, models=["popularity"], engine=quick_engine(), progress=False
        )
    assert sorted(path.name for path in runs.iterdir()) == before


def test_a_run_says_which_attributes_its_engine_may_read_and_reads(small, finished, tmp_path):
    assert finished.manifest["sensitive"] == {"allowed": [], "read": []}
    engine = wb.Engine(
        {"ease": ("ease", {})},
        features=["gender_affinity"],
        allow=["gender", "age"],
        n_trees=3,
    )
    run = wb.run(small, home=tmp_path, models=["popularity"], engine=engine, progress=False)
    expected = {"allowed": ["age", "gender"], "read": ["gender"]}
    assert run.manifest["sensitive"] == expected
    assert json.loads((run.path / "report.json").read_text("utf-8"))["sensitive"] == expected
    assert "reads gender of each person" in run.report.read_text("utf-8")
    assert run.engine.sensitive_ == ["gender"]


def test_a_run_with_an_attribute_that_is_not_allowed_trains_nothing(small, tmp_path):
    engine = wb.Engine({"ease": ("ease", {})}, features=["gender_affinity"], n_trees=3)
    with pytest.raises(wb.ArgumentError, match="reads 'gender', an attribute of people"):
        wb.run(small, home=tmp_path, models=["popularity"], engine=engine, progress=False)
    assert not list(tmp_path.rglob("manifest.json"))


def test_a_model_of_a_run_is_fitted_again_to_the_same_rows(finished):
    rows = wb.evaluate(finished.model("ease"), finished.split)
    kept = finished.rows.filter(pl.col("model") == "ease").drop("model")
    assert rows.equals(kept)
    assert finished.model("engine") is finished.engine
    finished.manifest["configuration"]["own"]["mine"] = "a function"
    try:
        with pytest.raises(wb.ArgumentError, match="'mine' was given to the run as code"):
            finished.model("mine")
    finally:
        del finished.manifest["configuration"]["own"]["mine"]
