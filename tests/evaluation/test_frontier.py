"""A frontier is what evaluating each policy by itself would give, from one scoring."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.evaluation.catalogue import catalogue_metrics
from workbench.evaluation.frontier import LISTED, frontier
from workbench.models.popularity import Popularity

K = 5


@pytest.fixture(scope="module")
def split():
    data = wb.load("synthetic", n_users=120, n_items=140, n_events=4_000, seed=3)
    return wb.split(data, "per-user-time", guests=0.1)


@pytest.fixture(scope="module")
def model(split):
    return wb.create("ease", reg=20.0).fit(split.train)


@pytest.fixture(scope="module")
def base(split):
    return wb.Policy.for_dataset(
        split.train, floor={"popularity": {"tail": 0.1}}, cap={"genres": 4}
    )


DIALS = [
    ("diversity", [0, 0.5]),
    ("calibration", [0.0, 1.0]),
    ("popularity_penalty", [0.3]),
    ("floor", [0.0, 0.4]),
    ("epsilon", [0, 0.5]),
    ("temperature", [1.0]),
    ("min_new", [0, 2]),
]


@pytest.mark.parametrize(("dial", "values"), DIALS, ids=[d for d, _ in DIALS])
def test_each_value_is_what_evaluating_it_alone_gives(
    split, model, base, dial, values, monkeypatch
):
    monkeypatch.setattr("workbench.evaluation.frontier.CELLS", 20 * 140)  # several blocks
    found = frontier(model, split, dial, values, K, base, n_boot=100)
    assert found.columns == ["dial", "value", "metric", "mean", "low", "high", "n", "definition"]
    assert found["dial"].unique().to_list() == [dial]
    assert found["value"].unique(maintain_order=True).to_list() == values
    assert found["metric"].to_list() == list(LISTED) * len(values)
    _, people = split.people()
    for value in values:
        floor = {"popularity": {"tail": value}} if dial == "floor" else base.floor
        given = {"floor": floor} if dial == "floor" else {dial: value}
        policy = wb.Policy.for_dataset(split.train, **{"floor": floor, "cap": base.cap, **given})
        rows = wb.evaluate(model, split, K, policy=policy)
        slates = wb.recommend(model, people, K, policy)
        alone = pl.concat(
            [wb.summarise(rows, n_boot=100), catalogue_metrics(slates, split.train, K, n_boot=100)]
        )
        here = found.filter(value=value).drop("dial", "value")
        order = pl.DataFrame({"metric": LISTED})
        assert order.join(alone, on="metric", how="left", maintain_order="left").equals(here)


def test_people_are_scored_once(split, monkeypatch):
    model = Popularity().fit(split.train)
    asked = []
    score = Popularity.score
    monkeypatch.setattr(
        Popularity, "score", lambda self, p, items=None: (asked.append(len(p)), score(self, p))[1]
    )
    frontier(model, split, "diversity", [0, 0.2, 0.4, 0.6], K, n_boot=100)
    assert sum(asked) == len(split.people()[0])


def test_dials_do_what_they_are_for(split, model):
    def mean(dial, values, metric, **fixed):
        policy = wb.Policy.for_dataset(split.train, **fixed)
        found = frontier(model, split, dial, values, K, policy, metrics=[metric], n_boot=100)
        return found["mean"].to_list()

    assert np.all(np.diff(mean("diversity", [0, 0.4, 0.9], "diversity")) > 0)
    assert np.all(np.diff(mean("calibration", [0, 0.5, 1.0], "miscalibration")) < 0)
    assert np.all(np.diff(mean("popularity_penalty", [0, 0.3, 1.0], "novelty")) > 0)
    assert np.all(np.diff(mean("epsilon", [0, 0.5, 1.0], "coverage")) > 0)
    tail = mean("floor", [0, 0.2, 0.5], "tail_share", floor={"popularity": {"tail": 0.1}})
    assert np.all(np.diff(tail) > 0)


def test_a_log_without_genres_has_null_where_nothing_can_be_said(split):
    bare = split.train.replaced(split.train.interactions, items=None)
    cut = wb.split(bare, "random", seed=1)
    model = Popularity().fit(cut.train)
    found = frontier(model, cut, "epsilon", [0.2], K, metrics=["diversity", "ndcg"], n_boot=100)
    assert found["mean"].is_null().to_list() == [True, False]


def test_what_cannot_work_is_refused_before_anybody_is_scored(split, model, monkeypatch):
    def never(*args, **more):
        raise AssertionError("scored")

    monkeypatch.setattr("workbench.evaluation.frontier.recommend", never)
    for arguments, words in (
        (("colour", [0]), "dial='colour' is no number of a policy; there are diversity, "),
        (("pin", [0]), "dial='pin' is no number"),
        (("seed", [0]), "dial='seed' is no number"),
        (("floor", [0.1]), "turns the floors of policy, and it has none"),
        (("diversity", []), "values must be a list of numbers for diversity"),
        (("diversity", [0.1, 1.5]), "diversity must be from 0 to 1, not 1.5"),
        (("diversity", 0.3), "values must be a list of numbers for diversity, not 0.3"),
        (("min_new", [6], K), "min_new=6 but there are only k=5 places"),
        (("diversity", [0.1], 0), "k must be a whole number"),
        (("diversity", [0.1], K, None, ["speed"]), "metrics holds 'speed'; there are ndcg, "),
    ):
        with pytest.raises(wb.ArgumentError, match=words):
            frontier(model, split, *arguments)
    with pytest.raises(wb.ArgumentError, match="split must be a Split"):
        frontier(model, split.train, "diversity", [0])
    with pytest.raises(wb.ArgumentError, match="model must be a fitted model, not str"):
        frontier("ease", split, "diversity", [0])


def test_the_divergence_that_calibration_records_is_the_metric(split, model):
    policy = wb.Policy.for_dataset(split.train, calibration=0.7)
    rows = wb.evaluate(model, split, K, policy=policy)
    _, people = split.people()
    slates = wb.recommend(model, people, K, policy)
    recorded = [slate.steps[-1]["kl_after"] for slate in slates]
    both = [(a, b) for a, b in zip(recorded, rows["miscalibration"], strict=True) if b is not None]
    assert len(both) > 50
    np.testing.assert_allclose(*zip(*both, strict=True), atol=1e-6)
