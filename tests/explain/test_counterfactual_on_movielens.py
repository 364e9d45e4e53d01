"""The promise on counterfactuals; on 200 pairs by `python -m tests.evidence.counterfactuals`."""

import polars as pl
import pytest

import workbench as wb
from tests.evidence.counterfactuals import AGREE, kept, rows_of, share, summary

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def rows():
    cut = wb.split(wb.load("movielens-100k"), "per-user-time", test_fraction=0.2, guests=0.1)
    engine = wb.Engine().fit(cut.train)
    return rows_of(engine, cut.train.profiles(cut.guests), n=40, seed=1, bound=400)


def test_greedy_and_exhaustive_agree_and_every_certificate_verifies(rows):
    finished = rows.filter("finished")
    assert finished.height > 20
    assert (finished["greedy"] == finished["exhaustive"]).mean() >= AGREE
    assert rows["verified"].all()
    assert (rows["left"] == rows["found"]).all()
    assert kept(summary(rows))


def test_a_greedy_set_is_never_smaller_than_the_exhaustive_one(rows):
    both = rows.filter(pl.col("finished") & pl.col("greedy").is_not_null())
    assert (both["greedy"] >= both["exhaustive"]).all()
    found = rows.filter(pl.col("found") & (pl.col("method") == "exhaustive") & pl.col("finished"))
    assert (found["size"] == found["exhaustive"]).all()


def test_a_broken_promise_is_seen(rows):
    assert not kept(summary(rows.with_columns(greedy=pl.col("greedy") + 1)))
    assert not kept(summary(rows.with_columns(verified=pl.int_range(pl.len()) > 0)))
    assert not kept(summary(rows.with_columns(left=pl.int_range(pl.len()) > 0)))


def test_the_interval_of_a_share_is_wilsons():
    assert share(pl.Series([True] * 8 + [False] * 2)) == pytest.approx(
        (0.8, 0.4902, 0.9433), abs=1e-4
    )
    assert share(pl.Series([], dtype=pl.Boolean)) == (None, None, None)
