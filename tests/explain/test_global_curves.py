"""Dependence, partial dependence and the plots of shap, from the pairs that people are shown."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.errors import ArgumentError
from workbench.explain.global_ import global_shares


@pytest.fixture(scope="module")
def found(engine, world_split):
    ids, people = world_split.people()
    return global_shares(engine, people, ids=ids)


def test_dependence_has_every_pair_and_its_share(found):
    got = found.dependence("year", by="n_events", n_boot=100)
    column = found.column("year")
    assert got.points.height == len(found.shown.row)
    np.testing.assert_array_equal(got.points["share"], found.shares[:, column])
    np.testing.assert_array_equal(
        got.points["other"], found.shown.matrix[:, found.column("n_events")].astype(float)
    )
    assert (got.group, got.by, got.unit != "") == ("freshness", "n_events", True)
    assert "user_id" not in got.points.columns


def test_the_curve_cuts_the_values_into_bins_that_hold_all_pairs(found):
    got = found.dependence("year", bins=6, n_boot=100)
    curve = got.curve
    assert 2 <= curve.height <= 6
    assert curve["n_pairs"].sum() == got.points.height
    assert (curve["from"][1:] > curve["to"][:-1]).all()
    first = curve.row(0, named=True)
    here = got.points.filter(pl.col("value") <= first["to"])
    by_hand = here.group_by("row").agg(pl.col("share").mean())["share"].mean()
    assert first["mean_share"] == pytest.approx(by_hand)
    assert first["n"] == here["row"].n_unique()
    assert curve.filter(~pl.col("mean_share").is_between("low", "high")).height == 0


def test_unknown_values_have_a_row_of_their_own():
    @wb.feature(group="own", meaning="known of every other item")
    def sometimes(pairs):
        return np.where(pairs.item % 2 == 0, pairs.item, np.nan)

    @wb.feature(group="own", meaning="never known")
    def never(pairs):
        return np.full(len(pairs), np.nan)

    log = wb.load("synthetic", n_users=60, n_items=80, n_events=1100, seed=1)
    engine = wb.Engine(
        retrievers={"popularity": ("popularity", {})}, features=[sometimes, never], n_trees=5
    ).fit(log)
    found = global_shares(engine, log.profiles(log.interactions["user_id"].unique().to_list()))
    got = found.dependence("sometimes", n_boot=100)
    last = got.curve.row(-1, named=True)
    assert (last["from"], last["value"]) == (None, None)
    assert last["n_pairs"] == got.points["value"].null_count() > 0
    assert found.dependence("never", n_boot=100).curve.height == 1
    with pytest.raises(ArgumentError, match="nothing of what is shown has a value of 'never'"):
        found.partial_dependence("never")
    assert found.partial_dependence("sometimes", n_boot=100).ice["own"].null_count() > 0


def test_partial_dependence_is_the_score_with_one_column_set(engine, found):
    got = found.partial_dependence("year", points=5, size=40, n_boot=100)
    pairs = got.ice["pair"].unique(maintain_order=True).to_numpy()
    assert len(pairs) == 40
    grid = got.curve["value"].to_list()
    matrix = found.shown.matrix[pairs].copy()
    matrix[:, found.column("year")] = grid[2]
    scores = engine.ranker_.predict(matrix)
    np.testing.assert_array_equal(
        got.ice.filter(pl.col("value") == grid[2])["score"], scores.astype(float)
    )
    person = found.shown.row[pairs]
    by_hand = np.mean([scores[person == p].mean() for p in np.unique(person)])
    assert got.curve["mean"][2] == pytest.approx(by_hand, abs=1e-6)
    own = got.ice.filter(pl.col("value") == pl.col("own"))
    np.testing.assert_allclose(own["score"], found.score[own["pair"].to_numpy()], atol=1e-6)


def test_the_real_rows_are_left_alone(found):
    before = found.shown.matrix.copy()
    found.partial_dependence("year", n_boot=100)
    found.dependence("year", n_boot=100)
    assert (found.shown.matrix == before).all()


def test_plots_of_shap_work(found):
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import shap

    told = found.to_shap(50, seed=2)
    assert told.shape == (50, len(found.features))
    assert told.feature_names == [f.name for f in found.features]
    score = found.engine.ranker_.predict(told.data.astype(np.float32))
    np.testing.assert_allclose(told.values.sum(axis=1) + told.base_values, score, atol=1e-4)
    axes = shap.plots.beeswarm(told, show=False)
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert found.importance(n_boot=100).drop_nulls("feature")["feature"][0] in labels
    plt.close("all")
    assert found.to_shap(10**6).shape[0] == len(found.shown.row)


@pytest.mark.parametrize(
    ("do", "message"),
    [
        (lambda g: g.dependence("nonsense"), "'nonsense' is no feature of this engine"),
        (lambda g: g.dependence("year", by="nonsense"), "'nonsense' is no feature"),
        (lambda g: g.dependence("year", bins=0), "bins must be a whole number"),
        (lambda g: g.partial_dependence("nonsense"), "'nonsense' is no feature"),
        (lambda g: g.partial_dependence("year", points=True), "points must be a whole number"),
        (lambda g: g.partial_dependence("year", size=0), "size must be a whole number"),
        (lambda g: g.interactions(size=0), "size must be a whole number"),
        (lambda g: g.interactions(most=0), "most must be a whole number"),
        (lambda g: g.interactions(level=0), "level must be above 0"),
        (lambda g: g.to_shap(0), "size must be a whole number"),
    ],
)
def test_what_cannot_work_is_refused(found, do, message):
    with pytest.raises(ArgumentError, match=message):
        do(found)
