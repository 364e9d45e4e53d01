"""A run keeps what policy settings do, what the engine looks at, how good its reasons are, and
where it may lead."""

import json
import shutil

import polars as pl
import pytest

import workbench as wb
from workbench.artifact import own_hash
from workbench.audit.feedback_figures import FEEDBACK
from workbench.audit.mitigation_rerank import RERANKING
from workbench.audit.mitigation_words import KEPT, found
from workbench.audit.slice_finder import FRAME as SLICES
from workbench.errors import DataError
from workbench.evaluation.frontiers import FRONTIERS, frontiers
from workbench.explain.fidelity import FIDELITY
from workbench.explain.global_ import IMPORTANCE
from workbench.pipeline import Run, inside, job
from workbench.pipeline.inside import INSIDE

NAMES = ("frontier", "importance", "fidelity", "slices", "feedback", "mitigation")


def test_the_frames_are_kept_with_their_hashes_and_seconds(finished):
    files, seconds = finished.manifest["files"], finished.manifest["stages"]
    for name, stage in zip(NAMES, INSIDE, strict=True):
        assert f"{name}.parquet" in files
        assert seconds[stage] >= 0
        assert getattr(Run.load(finished.path), name).equals(getattr(finished, name))
    assert finished.frontier.schema == pl.Schema(FRONTIERS)
    assert finished.importance.schema == pl.Schema(IMPORTANCE)
    assert finished.fidelity.schema == pl.Schema(FIDELITY)
    assert finished.feedback.schema == pl.Schema(FEEDBACK)
    assert finished.slices.schema == pl.Schema(SLICES)
    assert finished.mitigation.schema == pl.Schema(KEPT)


def test_the_frontier_is_of_the_engine_and_everybody(finished):
    kept = finished.frontier
    again = frontiers(finished.engine, finished.split, {"diversity": [0.5]}, n_boot=100)
    columns = ["dial", "value", "policy", "metric", "mean", "difference", "n", "definition"]
    here = kept.filter(dial="diversity").filter(pl.col("value").is_in([0.0, 0.5]))
    assert here.select(columns).equals(again.select(columns))
    off = kept.filter(dial="diversity", value=0, metric="ndcg")["mean"].item()
    (board,) = finished.standings.filter(model="engine")["ndcg"]
    assert off == pytest.approx(board)
    for told in kept["policy"].unique():
        wb.Policy.for_dataset(finished.split.train, **json.loads(told))


def test_importance_and_fidelity_are_of_guests(finished):
    people = finished.split.train.profiles(list(finished.split.guests))
    assert finished.importance.equals(wb.importance(finished.engine, people, 10, seed=0))
    assert finished.fidelity["n"].max() == len(finished.split.guests)
    assert finished.fidelity["definition"].str.ends_with("8 guests").all()
    assert set(finished.fidelity["type"]) == {"shares", "removal", "features"}


def test_the_simulation_is_what_the_log_says_and_can_be_made_again(finished):
    kept = finished.feedback
    assert set(kept["setting"]) == {"as it is", "with exploration", "with diversity", "with both"}
    assert kept["n"].min() >= 20
    assert kept["round"].max() == 5
    # The world knows the truth, its run folder does not: what is kept must not hang on it.
    assert "another model, svd" in kept["choice"][0]
    again = wb.simulate(finished.engine, finished.split, k=10, max_people=inside.FEEDBACK_PEOPLE)
    assert again.frame.equals(kept)


def test_slices_and_mending_are_those_of_the_package(finished):
    rows = wb.evaluate(finished.engine, finished.split, 10)
    assert finished.slices.equals(wb.find_slices(finished.split, rows, seed=0))
    again = wb.mitigate(
        finished.engine, finished.split, methods=tuple(RERANKING),
        max_people=inside.MITIGATION_PEOPLE,
    )  # fmt: skip
    assert again.kept.equals(finished.mitigation)
    assert set(finished.mitigation["method"]) == {"none", *RERANKING}
    assert "at most 400 people" in finished.mitigation["definition"][0]
    assert found(finished.mitigation.to_dicts()) == again.sentence


def test_of_a_large_log_and_one_too_small_to_cut_again_nothing_is_mended(finished, monkeypatch):
    plan = job.planned(finished.split.train)
    asked = finished.engine, finished.split, plan, lambda what: None

    def refused(*_, **__):
        raise DataError("too small")

    monkeypatch.setattr(inside, "mitigate", refused)
    assert inside.mitigation_of(*asked).schema == pl.Schema(KEPT)
    monkeypatch.setattr(inside, "MITIGATION_EVENTS", 10)
    monkeypatch.setattr(inside, "mitigate", None)  # it is not even asked
    assert inside.mitigation_of(*asked).height == 0


def test_without_a_taste_to_be_known_there_is_no_simulation(finished, monkeypatch):
    def refused(*_, **__):
        raise DataError("nothing says what people like")

    monkeypatch.setattr(inside, "simulate", refused)
    plan = job.planned(finished.split.train)
    found = inside.feedback_of(finished.engine, finished.split, plan, lambda what: None)
    assert found.schema == pl.Schema(FEEDBACK)
    assert found.height == 0


def test_of_many_people_a_sample_is_asked(finished, monkeypatch):
    monkeypatch.setattr(inside, "FRONTIER_PEOPLE", 20)
    plan = job.planned(finished.split.train)
    found = inside.frontier_of(finished.engine, finished.split, plan, lambda what: None)
    assert set(found["n"].drop_nulls()) <= set(range(21))
    assert found["definition"].str.contains("a sample of 20 of").any()
    monkeypatch.setattr(inside, "ITEMS", 50)  # of a large catalogue fewer explanations are tried
    heard = []
    assert inside.fidelity_of(finished.engine, finished.split, plan, heard.append)["n"].max() <= 8
    assert heard[-1] == f"{len(heard)} of {len(heard)} people"


def test_a_run_of_before_has_the_same_columns_and_no_rows(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished.path, folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for name in NAMES:
        (folder / f"{name}.parquet").unlink()
        del manifest["files"][f"{name}.parquet"]
    manifest["sha256"] = own_hash(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    old = Run.load(folder)
    for name in NAMES:
        assert getattr(old, name).schema == getattr(finished, name).schema
        assert getattr(old, name).height == 0


@pytest.mark.parametrize("stage", ["policy settings", "explanations", "feedback"])
def test_interrupted_there_it_leaves_nothing(finished, small, quick_engine, monkeypatch, stage):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setitem(INSIDE, stage, (INSIDE[stage][0], interrupted))
    runs = finished.path.parent
    before = sorted(path.name for path in runs.iterdir())
    with pytest.raises(KeyboardInterrupt):
        wb.run(
            small, home=runs.parent, models=["popularity"], engine=quick_engine(), progress=False
        )
    assert sorted(path.name for path in runs.iterdir()) == before


def test_progress_names_what_is_done(small, quick_engine, tmp_path):
    heard = []
    wb.run(
        small, home=tmp_path, models=[], engine=quick_engine(),
        progress=lambda done, of, what: heard.append((done, of, what)),
    )  # fmt: skip
    words = [what for _, _, what in heard]
    assert "explanations: 1 of 8 people" in words
    assert any(what.startswith("policy settings: 1 of ") for what in words)
    assert "feedback: with diversity, round 2 of 5" in words
    assert all(done < of for done, of, _ in heard)


@pytest.mark.parametrize("guests", [0.1, 0.0])
def test_bare_events_and_the_engine_alone_are_enough(small, tmp_path, guests):
    bare = wb.Dataset.from_frames(
        small.interactions.select(
            pl.format("u{}", "user_id").alias("user_id"),
            pl.format("i{}", "item_id").alias("item_id"),
        )
    )
    engine = wb.Engine(
        retrievers={"ease": ["ease", {}], "popularity": ["popularity", {}]}, n_trees=5
    )
    run = wb.run(bare, home=tmp_path, models=[], engine=engine, guests=guests, progress=False)
    assert run.standings["model"].to_list() == ["engine"]
    assert set(run.frontier["dial"]) == {"popularity_penalty", "epsilon"}
    assert run.importance.height > 0
    assert run.fidelity.height > 0
    who = "guests" if guests else "people it was fitted on"
    assert run.fidelity["definition"].str.ends_with(who).all()
    assert set(run.feedback["setting"]) == {"as it is", "with exploration"}
    assert set(run.feedback["group"]) == {"everybody"}
    assert Run.load(run.path).manifest == run.manifest
