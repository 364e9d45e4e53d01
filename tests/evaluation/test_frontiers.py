"""Frontiers are what single frontiers say, from one scoring, with paired differences."""

import json

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.evaluation.frontier import frontier
from workbench.evaluation.frontiers import DIALS, FRONTIERS, OF_EVERYBODY, frontiers
from workbench.models.popularity import Popularity

K = 5
FEW = {"diversity": [0.5], "epsilon": [0.0, 0.3], "cap": [2]}


@pytest.fixture(scope="module")
def split():
    data = wb.load("synthetic", n_users=120, n_items=140, n_events=4_000, seed=3)
    return wb.split(data, "per-user-time", guests=0.1)


@pytest.fixture(scope="module")
def model(split):
    return wb.create("ease", reg=20.0).fit(split.train)


@pytest.fixture(scope="module")
def found(model, split):
    return frontiers(model, split, FEW, K, n_boot=200)


def test_each_dial_is_told_from_off(found):
    assert found.schema == pl.Schema(FRONTIERS)
    settings = found.select("dial", "value").unique(maintain_order=True).rows()
    assert settings == [
        ("diversity", 0.0), ("diversity", 0.5), ("epsilon", 0.0), ("epsilon", 0.3),
        ("cap", 0.0), ("cap", 2.0),
    ]  # fmt: skip
    assert found["metric"].to_list() == list(OF_EVERYBODY) * len(settings)


def test_the_figures_are_those_of_one_dial_alone(model, split, found):
    for dial, value in (("diversity", 0.5), ("epsilon", 0.3), ("cap", 2)):
        alone = frontier(model, split, dial, [value], K, metrics=OF_EVERYBODY, n_boot=200)
        here = found.filter(dial=dial, value=float(value))
        assert here.select(alone.columns).equals(alone)


def test_the_settings_make_the_policy_again(model, split, found):
    for dial, value in (("diversity", 0.5), ("cap", 2.0)):
        here = found.filter(dial=dial, value=value)
        (told,) = here["policy"].unique()
        assert list(json.loads(told)) == [dial]
        policy = wb.Policy.for_dataset(split.train, **json.loads(told))
        rows = wb.evaluate(model, split, K, policy=policy)
        off = wb.evaluate(model, split, K)
        one = here.filter(metric="ndcg").row(0, named=True)
        assert one["mean"] == pytest.approx(rows["ndcg"].mean())
        gap = (rows["ndcg"] - off["ndcg"]).to_numpy()
        assert one["difference"] == pytest.approx(gap.mean())
        assert one["difference_low"] <= gap.mean() <= one["difference_high"]
        # About two standard errors of the paired difference to each side.
        width = one["difference_high"] - one["difference_low"]
        assert width == pytest.approx(2 * 1.98 * gap.std(ddof=1) / np.sqrt(len(gap)), rel=0.25)


def test_off_differs_from_nothing(found):
    off = found.filter(pl.col("value") == 0)
    assert (off["policy"] == "{}").all()
    assert (off["difference"] == 0).all()
    assert found.filter(dial="cap", value=2, metric="diversity")["difference"][0] > 0


def test_what_is_of_all_lists_together_has_no_interval(found):
    together = found.filter(pl.col("metric").is_in(["coverage", "gini", "tail_share"]))
    assert together["difference"].null_count() == 0
    assert together["difference_low"].null_count() == together.height


def test_everybody_is_scored_once(split, monkeypatch):
    model = Popularity().fit(split.train)
    asked = []
    score = Popularity.score
    monkeypatch.setattr(
        Popularity, "score", lambda self, p, items=None: (asked.append(len(p)), score(self, p))[1]
    )
    heard = []
    frontiers(model, split, FEW, K, n_boot=100, say=heard.append)
    assert sum(asked) == len(split.people()[0])
    assert heard == [f"{n} of 4 settings" for n in range(1, 5)]


def test_items_without_genres_leave_out_what_reads_them(split):
    bare = wb.Dataset.from_frames(
        split.train.interactions.select("user_id", "item_id", "timestamp", "value")
    )
    cut = wb.split(bare, "per-user-time")
    found = frontiers(wb.create("popularity").fit(cut.train), cut, k=K, n_boot=100)
    assert set(found["dial"]) == {"popularity_penalty", "epsilon"}
    assert found.filter(metric="diversity")["mean"].null_count() == sum(
        len(DIALS[dial]) for dial in ("popularity_penalty", "epsilon")
    )


def test_what_cannot_work_is_refused(model, split):
    with pytest.raises(wb.ArgumentError, match="dial='colour' is no number of a policy"):
        frontiers(model, split, {"colour": [1]})
    with pytest.raises(wb.ArgumentError, match="diversity must be from 0 to 1, not 2"):
        frontiers(model, split, {"diversity": [2]})
    with pytest.raises(wb.ArgumentError, match=r"cap of 'genres' must be .* whole number, not 2.5"):
        frontiers(model, split, {"cap": [2.5]})
    with pytest.raises(wb.ArgumentError, match="metrics holds 'beauty'"):
        frontiers(model, split, FEW, metrics=["beauty"])
    with pytest.raises(wb.ArgumentError, match="model must be a fitted model, not str"):
        frontiers("ease", split)
    with pytest.raises(RuntimeError, match="has not been fitted"):
        frontiers(wb.create("ease"), split)
