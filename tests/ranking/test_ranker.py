"""The trees: objectives, bags, early stopping, constraints, and their way to disk and back."""

import numpy as np
import pytest

import workbench as wb
from workbench.ranking.lessons import Lessons
from workbench.ranking.ranker import MEASURES, Ranker

NAMES = ["good", "noise"]


def lessons(n_people=60, n_items=30, seed=0):
    """One question each; "good" tells what is relevant, by the odds of it."""
    draw = np.random.default_rng(seed)
    good, noise = draw.normal(size=(2, n_people * n_items)).astype(np.float32)
    relevant = draw.random(len(good)) < 1 / (1 + np.exp(3 - 2 * good))
    person = np.repeat(np.arange(n_people), n_items)
    return Lessons(np.column_stack([good, noise]), relevant.astype(np.float32), person, person)


def ranker(**how):
    return Ranker(NAMES, **{"n_trees": 30, "min_child_weight": 1.0, **how})


@pytest.fixture(scope="module")
def taught():
    return lessons()


@pytest.mark.parametrize("objective", MEASURES)
def test_every_objective_learns_and_its_contributions_add_up(taught, objective):
    made = ranker(objective=objective).fit(taught)
    new = lessons(seed=1)
    score = made.predict(new.matrix)
    assert np.corrcoef(score, new.matrix[:, 0])[0, 1] > 0.8
    shares = made.contributions(new.matrix)
    assert shares.shape == (len(new), 3)
    np.testing.assert_allclose(shares.sum(axis=1), score, atol=1e-4)


def test_a_logistic_score_is_the_log_odds_of_relevance(taught):
    new = lessons(seed=1)
    score = ranker(n_trees=80, eta=0.1, reg_lambda=1.0).fit(taught).predict(new.matrix)
    for part in np.array_split(np.argsort(score), 4):
        assert abs((1 / (1 + np.exp(-score[part]))).mean() - new.relevant[part].mean()) < 0.06


def test_ranking_objectives_compare_only_within_a_question():
    """A feature that only tells questions apart orders no list: trees of rank:* ignore it."""
    many = lessons()
    level = (many.person % 2).astype(np.float32)  # half the people like everything, half nothing
    relevant = np.where(many.matrix[:, 1] > 1.5, 1 - level, level)
    told = Lessons(
        np.column_stack([many.matrix[:, 0], level]), relevant, many.question, many.person
    )
    alone = ranker().fit(told).contributions(told.matrix)
    within = ranker(objective="rank:pairwise").fit(told).contributions(told.matrix)
    assert np.abs(alone[:, 1]).mean() > 1.0
    assert np.abs(within[:, 1]).mean() < 0.2 * np.abs(alone[:, 1]).mean()


def test_bags_are_the_mean_of_boosters_that_differ(taught):
    bags = ranker(n_bags=3, seed=5).fit(taught)
    singles = [ranker(seed=5 + n).fit(taught).predict(taught.matrix) for n in range(3)]
    assert not np.array_equal(singles[0], singles[1])
    np.testing.assert_allclose(bags.predict(taught.matrix), np.mean(singles, axis=0), atol=1e-6)
    np.testing.assert_allclose(
        bags.contributions(taught.matrix).sum(axis=1), bags.predict(taught.matrix), atol=1e-4
    )
    whole = bags.predict(taught.matrix)
    for row in (0, 7, 1799):
        assert bags.predict(taught.matrix[row : row + 1])[0] == whole[row]


@pytest.mark.parametrize("objective", MEASURES)
def test_early_stopping_finds_fewer_trees_where_more_only_learn_by_heart(taught, objective):
    how = {"objective": objective, "eta": 1.0, "max_depth": 8, "reg_lambda": 0.0, "n_trees": 40}
    found = ranker(**how, early_stopping=5).fit(taught)
    assert 1 <= found.trees < 40
    assert found.boosters[0].num_boosted_rounds() == found.trees
    assert ranker(**how).fit(taught).trees == 40


def test_all_histories_of_a_person_are_held_out_together(taught):
    """Twins of the same people: were they torn apart, learning by heart would seem to help."""
    twice = Lessons.joined([taught, taught])
    how = {"eta": 0.5, "max_depth": 8, "reg_lambda": 0.0, "min_child_weight": 0.0, "n_trees": 40}
    torn = Lessons(twice.matrix, twice.relevant, twice.question, twice.question)
    whole, apart = (
        ranker(**how, subsample=1.0, colsample=1.0, early_stopping=5).fit(part).trees
        for part in (twice, torn)
    )
    assert whole < 6
    assert apart > 12


def test_a_constraint_bends_the_score_one_way(taught):
    free, down = ranker().fit(taught), ranker(monotone=[-1, 0]).fit(taught)
    steps = np.column_stack([np.linspace(-2, 2, 50), np.zeros(50)]).astype(np.float32)
    assert (np.diff(free.predict(steps)) > 0).any()
    assert (np.diff(down.predict(steps)) <= 0).all()


def test_trees_come_back_to_the_bit(taught):
    made = ranker(n_bags=2, objective="rank:ndcg").fit(taught)
    again = Ranker.from_state(*made.state())
    np.testing.assert_array_equal(again.predict(taught.matrix), made.predict(taught.matrix))
    assert (again.trees, again.n_bags, again.names) == (made.trees, 2, NAMES)


def test_trees_that_are_no_json_never_reach_the_parser(taught):
    arrays, state = ranker(n_bags=2).fit(taught).state()
    arrays["trees_1"] = arrays["trees_1"][: len(arrays["trees_1"]) // 2]
    with pytest.raises(wb.errors.DamagedArtifactError, match="not JSON"):
        Ranker.from_state(arrays, state)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("objective", "rank:map"),
        ("n_trees", 0),
        ("n_bags", True),
        ("early_stopping", 0),
        ("max_depth", 2.5),
        ("eta", 1.5),
        ("colsample", 0.0),
        ("reg_lambda", -1.0),
        ("min_child_weight", float("nan")),
        ("threads", 0),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(name, value):
    with pytest.raises(wb.ArgumentError, match=f"{name} must be .* not {value!r}"):
        Ranker(NAMES, **{name: value})
