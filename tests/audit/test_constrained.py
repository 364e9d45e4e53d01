"""Constrained learning: the expected score by hand, kept to the bit, and a lower disparity."""

import numpy as np
import polars as pl
import pytest
from fairlearn import reductions

import workbench as wb
from workbench.audit.mitigation_constrained import (
    EXPONENTIATED,
    GRID,
    Part,
    Problem,
    _quiet,
    least_costly,
    mixtures,
)
from workbench.audit.mitigation_learning import Teaching, with_ranker

CONSTRAINED = (EXPONENTIATED, GRID)
KINDS = ["less", "more"]
RETRIEVERS = {name: [name, {}] for name in ("ease", "popularity")}


@pytest.fixture(scope="module")
def engine_and_split():
    """A world in which every other item is liked by a star and a half less than it would be."""
    dataset = wb.load("synthetic", n_users=200, n_items=90, n_events=4_500, seed=4)
    less = pl.when(pl.col("item_id") % 2 == 0).then(1.5).otherwise(0.0)
    events = dataset.interactions.with_columns((pl.col("value") - less).clip(1.0).alias("value"))
    planted = wb.Dataset.from_frames(events, dataset.items, dataset.users, relevant_from=3.5)
    split = wb.split(planted, guests=0.1)
    return wb.Engine(retrievers=RETRIEVERS, depth=60, n_trees=12).fit(split.train), split


@pytest.fixture(scope="module")
def problem(engine_and_split):
    engine, split = engine_and_split
    taught = Teaching.of(engine).lessons(split.train)
    ids = split.train.catalogue.ids.to_numpy()[taught.item]
    return Problem(engine.ranker_, taught, np.where(ids % 2 == 0, "less", "more"), KINDS, 0)


@pytest.fixture(scope="module")
def found(problem):
    return dict(mixtures(EXPONENTIATED, problem, "demographic_parity", (0.1, 0.02), lambda w: None))


def gap(decision, group):
    return abs(decision[group == "less"].mean() - decision[group == "more"].mean())


def test_lessons_held_are_those_that_were_met_later(problem, engine_and_split):
    engine, split = engine_and_split
    (cut,) = engine._windows(split.train)
    met = set(zip(*[cut.test[name].to_list() for name in ("user_id", "item_id")], strict=True))
    users, items = cut.train.people.ids.to_list(), cut.train.catalogue.ids.to_list()
    taught = problem.taught
    asked = [(users[u], items[i]) for u, i in zip(taught.lessons.person, taught.item, strict=True)]
    assert taught.observed.tolist() == [pair in met for pair in asked]
    assert 0 < taught.observed.sum() < len(asked)
    assert not (taught.lessons.relevant > 0)[~taught.observed].any()


def test_the_expected_score_is_the_weighted_mean_of_the_parts(found, problem, engine_and_split):
    engine, _ = engine_and_split
    mixture = found[0.02]
    assert len(mixture.parts) > 1
    assert sum(mixture.weights) == pytest.approx(1, abs=1e-9)
    matrix = problem.taught.lessons.matrix[::7]
    own = engine.ranker_.predict(matrix).astype(np.float64)
    each = [
        own + p.correction.inplace_predict(matrix, predict_type="margin") for p in mixture.parts
    ]
    by_hand = sum(w * score for w, score in zip(mixture.weights, each, strict=True))
    assert np.allclose(mixture.ranker(engine).predict(matrix), by_hand, rtol=0, atol=2e-6)
    assert not np.allclose(by_hand, own, atol=0.01)


def test_the_weights_are_those_of_fairlearn_asked_directly(found, problem):
    part = Part(problem, lambda: None)
    asked = reductions.ExponentiatedGradient(
        part, problem.moment("demographic_parity", 0.02), eps=0.02, max_iter=5
    )
    place = np.arange(len(problem.held))[:, None]
    with _quiet():
        asked.fit(place, problem.relevant, sensitive_features=problem.group[problem.held])
    mixture = found[0.02]
    assert mixture.weights == pytest.approx([w for w in asked.weights_ if w > 1e-9], abs=1e-12)
    chance = sum(w * p.predict(place) for w, p in zip(mixture.weights, mixture.parts, strict=True))
    assert np.allclose(chance, asked._pmf_predict(place)[:, 1], atol=1e-12)


def test_a_planted_disparity_of_decisions_falls(found, problem):
    label = problem.relevant.astype(np.float64)
    share, score = label.mean(), problem.margin[problem.held]
    weight = np.where(label > 0, 0.5 / share, 0.5 / (1 - share))
    group = problem.group[problem.held]
    before = gap(score >= least_costly(score, label, weight), group)
    place = np.arange(len(label))[:, None]
    after = {
        allowed: gap(
            sum(w * p.predict(place) for w, p in zip(m.weights, m.parts, strict=True)), group
        )
        for allowed, m in found.items()
    }
    assert before > 0.1
    assert after[0.02] <= after[0.1] < before
    assert after[0.02] < 0.5 * before


def test_the_threshold_is_the_one_that_costs_least():
    rng = np.random.default_rng(0)
    for n in (1, 2, 30):
        score, label = rng.integers(0, 6, n) / 2.0, rng.integers(0, 2, n).astype(float)
        weight = rng.random(n)
        cost = {
            t: (weight * np.abs((score >= t) - label)).sum() for t in [*np.unique(score), np.inf]
        }
        assert cost[least_costly(score, label, weight)] == pytest.approx(min(cost.values()))


def test_an_ensemble_is_kept_to_the_bit_and_explained(found, engine_and_split, tmp_path):
    engine, split = engine_and_split
    mended = with_ranker(engine, found[0.02].ranker(engine), method=EXPONENTIATED)
    mended.save(tmp_path / "mended")
    again = wb.Engine.load(tmp_path / "mended")
    people = split.train.profiles(list(split.guests))
    assert np.array_equal(mended.score(people), again.score(people), equal_nan=True)
    one, two = (wb.recommend(e, people, 5).frame for e in (mended, again))
    assert one.equals(two)
    assert not one.drop("score").equals(wb.recommend(engine, people, 5).frame.drop("score"))
    assert np.isfinite(again.score_pairs(people)).all()
    alone = np.concatenate([again.score(people[i : i + 1]) for i in range(5)])
    assert np.array_equal(alone, again.score(people)[:5], equal_nan=True)
    _, matrix = again.pair_features(people[:2])
    shares, score = again.contributions(matrix), again.ranker_.predict(matrix)
    assert np.allclose(shares.sum(axis=1), score, atol=1e-5)
    own = engine.contributions(matrix)
    assert not np.allclose(own, shares, atol=1e-3)
    item = wb.slate(again, people[0]).items[0]
    why = wb.explain(again, people[0], item)
    assert abs(why.residual) < 1e-4
    names = sorted(p.name for p in (tmp_path / "mended").iterdir())
    assert [n for n in names if n.startswith("ranker")] == sorted(
        ["ranker.json"] + [f"ranker_{i}.json" for i in range(1, len(again.ranker_.boosters))]
    )


@pytest.mark.parametrize(
    "methods", [(GRID,), pytest.param(CONSTRAINED, marks=pytest.mark.full)], ids=len
)
def test_one_seed_one_frontier(methods, engine_and_split):
    how = {"goal": "people", "k": 5, "methods": methods}
    one, two = (wb.mitigate(*engine_and_split, ["gender"], **how) for _ in range(2))
    assert one.frontier.equals(two.frontier)
    assert one.validation.equals(two.validation)
    rows = one.frontier.filter(family="constrained learning")
    assert set(rows["method"]) == set(methods)
    for place, point in enumerate(one.points[1:], start=1):
        said = point.model.learnt_from_["mitigation"]
        assert said["constraint"] == "demographic_parity"
        assert said["between"] == ["F", "M"]
        _, people = engine_and_split[1].people()
        lists = wb.recommend(point.model, people, 5)
        rows = wb.evaluate(lists, engine_and_split[1], 5)["ndcg"].fill_null(0.0)
        assert one.frontier["ndcg"][place] == pytest.approx(rows.mean(), rel=1e-9)


def test_the_kind_is_shown_more_where_its_decisions_are_held_alike(engine_and_split):
    found = wb.mitigate(*engine_and_split, k=5, methods=(GRID,))
    ratio = found.frontier["ratio"].to_list()
    assert ratio[-1] > ratio[0]


def test_what_cannot_be_constrained_is_skipped_with_its_reason(engine_and_split):
    engine, split = engine_and_split
    how = {"k": 5, "methods": (GRID,), "goal": "people"}
    regions = wb.mitigate(engine, split, ["region"], constraint="equalized_odds", **how)
    assert set(regions.frontier["method"]) == {"none"}
    (words,) = regions.skipped["reason"]
    assert "too many for a grid" in words
    pairs = wb.Engine(
        retrievers=RETRIEVERS, depth=60, n_trees=3, objective="rank:pairwise", min_child_weight=1
    ).fit(split.train)
    found = wb.mitigate(pairs, split, k=5, methods=("exposure floor", EXPONENTIATED))
    assert dict(found.skipped.iter_rows())[EXPONENTIATED].startswith(
        "objective='rank:pairwise' has"
    )
    met = split.train.interactions.select("user_id", "item_id", "timestamp")
    bare = wb.Dataset.from_frames(met, split.train.items)
    cut = wb.split(bare)
    silent = wb.Engine(retrievers=RETRIEVERS, depth=60, n_trees=3).fit(cut.train)
    found = wb.mitigate(silent, cut, k=5, methods=(GRID,))
    assert "the same of everything" in dict(found.skipped.iter_rows())[GRID]
