"""What cannot work is refused in one sentence before anything is trained."""

import polars as pl
import pytest

import workbench as wb
from workbench.errors import ArgumentError, CapabilityError, DataError
from workbench.pipeline import job
from workbench.pipeline import plan as plans
from workbench.pipeline.manifest import command
from workbench.pipeline.plan import USUAL, planned
from workbench.ranking import size
from workbench.ranking.plugins import plugins


@pytest.fixture
def untrained(monkeypatch):
    """Fails where anything would be trained."""

    def refuse(*_, **__):
        raise AssertionError("training started")

    monkeypatch.setattr(job, "_measured", refuse)


def log(n_users=6, n_items=8, each=6, **columns):
    rows = [
        {"user_id": f"u{u}", "item_id": f"i{(u + j) % n_items}", "timestamp": 1000.0 + 10 * j}
        for u in range(n_users)
        for j in range(each)
    ]
    return pl.DataFrame(rows).with_columns(**columns)


def dataset(frame, **kwargs):
    return wb.Dataset.from_frames(frame, **kwargs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k must be a whole number of at least 1, not 0"),
        ({"test_fraction": 0}, "test_fraction must be a fraction above 0 to below 1, not 0"),
        ({"test_fraction": "a"}, "test_fraction must be a fraction above 0 to below 1, not 'a'"),
        ({"guests": 1.0}, "guests must be a fraction from 0 to below 1, not 1.0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
        ({"method": "sideways"}, "method='sideways' is no way to split"),
        ({"method": "k-fold"}, "k-fold.* makes several splits and a run has one"),
        ({"models": "ease"}, "models must be a list of names, not the string 'ease'"),
        ({"models": ["eaze"]}, "did you mean 'ease'"),
        ({"models": [wb.create("ease"), "ease"]}, "two models are called 'ease'; give one of"),
        ({"models": ["all", wb.create("ease")]}, "two models are called 'ease'"),
        ({"models": [wb.FromFunction(), wb.FromFunction()]}, "two models are called 'from-func"),
        ({"models": [wb.Engine()]}, "an engine is given as engine="),
        ({"models": [len]}, r"is a function; give wb\.FromFunction"),
        ({"models": [wb.create("svd")]}, "'svd' needs values, which 'log' does not have"),
        ({"models": ["svd"]}, "'svd' needs values, which 'log' does not have; leave it out"),
        ({"engine": "engine"}, "engine must be an Engine, not str"),
    ],
)
def test_arguments_that_cannot_work(untrained, tmp_path, arguments, message):
    with pytest.raises((ArgumentError, DataError), match=message):
        wb.run(dataset(log()), home=tmp_path, progress=False, **arguments)
    assert not (tmp_path / "runs").exists()


def test_a_name_is_no_dataset(untrained):
    with pytest.raises(ArgumentError, match=r"dataset must be a workbench Dataset, not str"):
        wb.run("movielens-100k")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (log(n_users=1, n_items=40, each=40), "1 people, 40 items .* at least 5 people"),
        (log(n_users=40, n_items=1, each=1), "40 people, 1 items .* at least 5 items"),
        (log(n_users=6, each=2), "12 events, and at least 30 events are needed"),
    ],
)
def test_logs_that_are_too_small(untrained, tmp_path, frame, message):
    with pytest.raises(DataError, match=message):
        wb.run(dataset(frame), home=tmp_path, progress=False)


def test_a_log_in_which_nothing_is_relevant(untrained, tmp_path):
    frame = log(value=pl.lit(2.0))
    with pytest.raises(DataError, match=r"none has a value of 4.0 or more"):
        wb.run(wb.Dataset(frame, relevant_from=4.0), home=tmp_path, progress=False)


@pytest.mark.parametrize("columns", [{}, {"value": pl.lit(5.0)}])
def test_a_log_that_the_engine_cannot_learn_from(untrained, tmp_path, columns):
    short = log(n_users=12, each=4, **columns)  # three events in training, two of them earlier
    with pytest.raises(DataError, match=r"too small for a ranker.*4 earlier events.*'ease'"):
        wb.run(dataset(short), home=tmp_path, progress=False)
    assert not (tmp_path / "runs").exists()


def test_a_log_whose_later_events_are_all_irrelevant_teaches_the_engine_nothing(
    untrained, tmp_path
):
    # The last of eight events is asked about and liked; the one before it is the only lesson.
    frame = log(n_items=20, each=8).with_columns(
        value=pl.when(pl.col("timestamp") == 1060.0).then(1.0).otherwise(5.0)
    )
    with pytest.raises(DataError, match="a lower relevant_from"):
        wb.run(dataset(frame, relevant_from=4.0), home=tmp_path, guests=0.0, progress=False)


def test_a_log_without_timestamps_is_split_at_random_and_says_so():
    plan = planned(dataset(log().drop("timestamp")))
    assert plan.method == "random"
    assert "no timestamps" in plan.remarks[0]
    assert "recent" in plan.left_out
    assert "recent" not in plan.models


def test_without_timestamps_a_split_in_time_is_refused(untrained, tmp_path):
    with pytest.raises(CapabilityError, match="needs timestamps"):
        wb.run(
            dataset(log().drop("timestamp")), method="per-user-time", home=tmp_path, progress=False
        )


def test_a_log_without_values_leaves_out_the_models_that_need_them():
    plan = planned(dataset(log()))
    assert plan.left_out["svd"] == "needs values, which 'log' does not have"
    assert plan.models[-1] == "engine"
    assert "ease" in plan.models


def test_values_without_a_threshold_are_remarked_on():
    plan = planned(dataset(log(value=pl.lit(2.0))))
    assert "every event counts as relevant" in plan.remarks[0]


def test_the_usual_models_are_compared_and_the_others_where_they_are_asked_for(small):
    usual, every = planned(small), planned(small, models=["all"])
    assert set(usual.models) == set(USUAL)
    assert set(every.models) == set(wb.model_names())
    assert any("not compared unless asked for: " in remark for remark in usual.remarks) == (
        set(USUAL) < set(wb.model_names())
    )
    assert not any("not compared" in remark for remark in every.remarks)


def test_models_that_are_too_large_are_left_out_unless_they_are_named(monkeypatch):
    world = dataset(log())
    assert "user-knn" in planned(world).models
    monkeypatch.setattr(size, "MOST_MINUTES", 1e-9)
    plan = planned(world)
    assert "minutes, and 1e-09 are the limit" in plan.left_out["user-knn"]
    assert plan.models[-1] == "engine"
    assert {"popularity", "content", "trending"} - set(plan.left_out) <= set(plan.models)
    assert planned(world, models=["user-knn"]).models == ("user-knn", "engine")


def test_a_sample_of_people_is_asked_of_a_large_log(monkeypatch):
    world = dataset(log())
    assert planned(world).max_people is None
    monkeypatch.setattr(plans, "MANY_SCORES", 40)
    plan = planned(world)
    assert plan.max_people == plans.SAMPLE
    assert any("a sample of 20,000 people is asked" in remark for remark in plan.remarks)
    assert planned(world, max_people=3).max_people == 3
    with pytest.raises(ArgumentError, match="max_people must be a whole number of at least 1"):
        planned(world, max_people=0)


@pytest.mark.parametrize(
    ("method", "lessons"),
    [
        ("global-time", "global-time"),
        ("per-user-time", "per-user-time"),
        ("random", "per-user-time"),
    ],
)
def test_the_usual_engine_learns_in_the_way_that_it_is_asked(small, method, lessons):
    engine = job._usual_engine(planned(small, method=method, seed=3))
    assert engine.label_method == lessons
    assert engine.seed == 3


def test_the_usual_ones_and_one_from_a_file(small, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import workbench.models.linear as m\n\nclass Mine(m.EASE):\n    'Mine.'\n")
    (plugin,) = plugins([file])
    plan = planned(small, models=["usual", plugin.create("mine")])
    assert set(plan.models) == {*USUAL, "mine"}
    assert plan.as_dict()["plugins"] == {"mine": plugin.told()}
    assert any(
        f"mine is a plug-in, {file} (sha256 {plugin.sha256[:12]})" in r for r in plan.remarks
    )
    assert command("log", plan).endswith(f" --plugin {file}")
    assert "--models" not in command("log", plan), "the usual ones are not named"
    assert planned(small, models=["usual"]).as_dict()["plugins"] == {}
    taken = plugin.create("mine")
    taken.name = "ease"
    with pytest.raises(ArgumentError, match="two models are called 'ease'"):
        planned(small, models=["usual", taken])
