"""Novelty, diversity, serendipity, mis-calibration and popularity lift against slow, plain code."""

import gc
import math
import weakref
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from workbench.data.checkerboard import checkerboard
from workbench.data.dataset import Dataset
from workbench.data.split import split
from workbench.evaluation import beyond
from workbench.evaluation.accuracy import Shown
from workbench.evaluation.evaluate import evaluate
from workbench.models.popularity import Popularity
from workbench.ranking.recommend import recommend
from workbench.vocabulary import Vocabulary

K = 4


@pytest.fixture(scope="module")
def random_world():
    """A log with repeats, people without a taste, items without genres; and random lists."""
    rng = np.random.default_rng(7)
    n_users, n_items = 60, 25
    log = pl.DataFrame(
        {
            "user_id": rng.integers(0, n_users, 700),
            "item_id": (rng.beta(1, 2, 700) * n_items).astype(int),
            "value": rng.integers(1, 6, 700).astype(float),
            "timestamp": np.arange(700.0),
        }
    )
    genres = [[g for g in "ABCD" if rng.random() < 0.4] for _ in range(n_items)]
    items = pl.DataFrame({"item_id": range(n_items), "genres": genres})
    cut = split(Dataset(log, items, relevant_from=4.0), guests=0.1)
    _, people = cut.people()
    seen = people.seen.toarray() > 0
    lists = [rng.permutation(np.flatnonzero(~row))[: rng.integers(0, K + 1)] for row in seen]
    flat = [(r, p, i) for r, items in enumerate(lists) for p, i in enumerate(items, 1)]
    return cut, people, lists, Shown(*np.array(flat).T, len(people), K)


def facts(cut):
    """Share of training people per item, and items by popularity, counted one row at a time."""
    train = cut.train
    code = {id_: c for c, id_ in enumerate(train.catalogue.ids)}
    met, liked = [set() for _ in code], [0] * len(code)
    last = {}
    for row in train.interactions.iter_rows(named=True):
        met[code[row["item_id"]]].add(row["user_id"])
        last[row["user_id"], code[row["item_id"]]] = row["value"]
    for (_, item), value in last.items():
        liked[item] += value >= 4
    n = train.interactions["user_id"].n_unique()
    genres = [frozenset(g or ()) for g in train.items["genres"].to_list()]
    return n, [len(m) for m in met], sorted(code.values(), key=lambda i: -liked[i]), genres


def taste(items, genres):
    shares = {}
    for item in items:
        for genre in genres[item]:
            shares[genre] = shares.get(genre, 0) + 1 / len(genres[item])
    total = sum(shares.values())
    return {g: s / total for g, s in shares.items()} if total else None


def slow(cut, people, lists):
    n, met, popular, genres = facts(cut)
    wanted = cut.relevant_matrix().toarray() > 0
    for row, items in enumerate(lists):
        events = slice(people.indptr[row], people.indptr[row + 1])
        values = dict(zip(people.item[events], people.value[events], strict=True))
        out = dict.fromkeys(
            ["novelty", "diversity", "serendipity", "miscalibration", "popularity_lift"], math.nan
        )
        if len(items):
            out["novelty"] = np.mean([-math.log2((met[i] + 1) / (n + 1)) for i in items])
            if values:
                usual = np.mean([met[i] / n for i in values])
                out["popularity_lift"] = np.mean([met[i] / n for i in items]) / usual - 1
        pairs = list(combinations([genres[i] for i in items if genres[i]], 2))
        if pairs:
            out["diversity"] = np.mean([1 - len(a & b) / len(a | b) for a, b in pairs])
        expected = [i for i in popular if i not in values][:K]
        out["serendipity"] = sum(wanted[row, i] and i not in expected for i in items) / K
        p = taste([i for i, value in values.items() if value >= 4], genres)
        q = taste(items, genres)
        if p and q:
            out["miscalibration"] = sum(
                s * math.log(s / (0.99 * q.get(g, 0) + 0.01 * s)) for g, s in p.items()
            )
        yield out


def test_every_figure_equals_the_plain_code(random_world):
    cut, people, lists, shown = random_world
    world = beyond.World.of(cut.train)
    got = {
        "novelty": beyond.novelty(shown, world),
        "diversity": beyond.diversity(shown, world),
        "serendipity": beyond.serendipity(shown, world, people, cut.relevant_matrix()),
        "miscalibration": beyond.miscalibration(shown, world, people),
        "popularity_lift": beyond.popularity_lift(shown, world, people),
    }
    expected = list(slow(cut, people, lists))
    for name, values in got.items():
        np.testing.assert_allclose(values, [e[name] for e in expected], atol=1e-6, err_msg=name)
        assert np.isfinite(values).sum() > 10


def test_blocks_change_nothing(random_world, monkeypatch):
    cut, people, _, shown = random_world
    world = beyond.World.of(cut.train)
    whole = beyond.diversity(shown, world), beyond.miscalibration(shown, world, people)
    monkeypatch.setattr(beyond, "CELLS", 100)
    parts = beyond.diversity(shown, world), beyond.miscalibration(shown, world, people)
    np.testing.assert_array_equal(whole, parts)


def test_popularity_is_never_serendipitous_and_serendipity_never_above_precision():
    cut = split(checkerboard(40, 30))
    popular = evaluate(Popularity().fit(cut.train), cut, 5)
    assert (popular["serendipity"] == 0).all()
    assert popular["precision"].sum() > 0
    _, people = cut.people()
    backwards = recommend(Popularity().fit(cut.train), people, 30)
    frame = backwards.frame.with_columns(rank=pl.col("rank").max().over("row") - pl.col("rank") + 1)
    rows = evaluate(type(backwards)(frame, len(people), 30), cut, 5)
    assert (rows["serendipity"] <= rows["precision"]).all()
    assert rows["serendipity"].sum() > 0


def test_serendipity_begins_right_after_the_top_k_of_the_unseen():
    # One person who met the most popular of five items; the next two are their top 2.
    people = Dataset(pl.DataFrame({"user_id": [1], "item_id": [0]}), catalogue=Vocabulary(range(5)))
    world = beyond.World(9, np.array([9, 8, 7, 6, 5]), np.arange(5), None, None)
    wanted = sparse.csr_array(np.ones((1, 5), np.float32))
    for item, surprise in ((1, 0.0), (2, 0.0), (3, 0.5), (4, 0.5)):
        shown = Shown(np.array([0]), np.array([1]), np.array([item]), 1, 2)
        assert beyond.serendipity(shown, world, people.profiles([1]), wanted) == [surprise]


def test_a_list_like_the_history_is_calibrated(random_world):
    cut, people, _, _ = random_world
    world = beyond.World.of(cut.train)
    liked = people.positive(cut.train.relevant_from)
    row = people.row[liked]
    rank = np.concatenate([np.arange(n) + 1 for n in np.bincount(row, minlength=len(people))])
    same = Shown(row, rank, people.item[liked], len(people), int(rank.max()))
    values = beyond.miscalibration(same, world, people)
    assert np.nanmax(values) < 1e-12


def test_without_genres_nothing_is_said():
    world = beyond.World(3, np.ones(2, int), np.arange(2), None, None)
    shown = Shown(np.array([0, 0]), np.array([1, 2]), np.array([0, 1]), 1, 2)
    assert np.isnan(beyond.diversity(shown, world)).all()
    assert beyond.genre_matrix(pl.DataFrame({"item_id": [1], "genres": ["A|B"]})) is None
    assert beyond.genre_matrix(pl.DataFrame({"item_id": [1], "genres": [None]})) is None


def test_what_was_counted_of_one_log_is_not_used_for_another(random_world):
    cut, people, _, shown = random_world
    world = beyond.World.of(cut.train)
    before = (
        beyond.popularity_lift(shown, world, people),
        beyond.miscalibration(shown, world, people),
    )
    fewer = cut.train.replaced(cut.train.interactions.head(120), guest_interactions=None)
    other = beyond.World.of(fewer)
    assert not np.array_equal(other.met, world.met)
    assert beyond.World.of(cut.train) is world
    elsewhere = beyond.popularity_lift(shown, other, people)
    assert not np.array_equal(elsewhere, before[0], equal_nan=True)
    fresh = people[np.arange(len(people))]
    np.testing.assert_array_equal(elsewhere, beyond.popularity_lift(shown, other, fresh))
    after = (
        beyond.popularity_lift(shown, world, people),
        beyond.miscalibration(shown, world, people),
    )
    np.testing.assert_array_equal(before, after)


def test_what_was_counted_of_a_log_goes_with_it():
    cut = split(checkerboard(20, 20))
    evaluate(Popularity().fit(cut.train), cut, 3)
    train, people = weakref.ref(cut.train), weakref.ref(cut.people()[1])
    del cut
    gc.collect()
    assert train() is None
    assert people() is None
