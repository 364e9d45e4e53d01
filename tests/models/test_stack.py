"""The stack: what it learns from, what it gains, and that it can be saved."""

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.data.synthetic import synthetic
from workbench.errors import ArgumentError, CapabilityError
from workbench.evaluation.ratings import evaluate_ratings
from workbench.models import stack as stacking
from workbench.models.stack import Stack

PARTS = ["baseline", "slope-one", "content"]


@pytest.fixture(scope="module")
def split():
    return wb.split(synthetic(n_users=200, n_items=100, n_events=5000, seed=1), "random")


@pytest.fixture(scope="module", params=["boosted", "linear"])
def stack(request, split):
    return Stack(PARTS, final=request.param, n_trees=60, eta=0.08, max_depth=3).fit(split.train)


def rmse(model, split):
    figures = wb.summarise(evaluate_ratings(model, split))
    return figures.filter(pl.col("metric") == "rmse")["mean"].item()


def test_a_stack_is_no_worse_than_the_best_of_its_parts(stack, split):
    parts = [rmse(wb.create(name).fit(split.train), split) for name in PARTS[:2]]
    assert rmse(stack, split) < min(parts) + 0.003


def test_no_part_has_seen_the_rating_that_it_is_asked_about(split, monkeypatch):
    seen = []
    real = Stack._fitted

    def watched(self, dataset):
        seen.append(dataset.interactions.select("user_id", "item_id"))
        return real(self, dataset)

    monkeypatch.setattr(Stack, "_fitted", watched)
    asked = []
    columns = Stack._columns
    monkeypatch.setattr(
        Stack, "_columns", lambda self, s, m, n: asked.append(len(m)) or columns(self, s, m, n)
    )
    Stack(["baseline", "slope-one"], n_trees=2, n_folds=3).fit(split.train)
    assert len(seen) == 4, "three folds, then everything"
    assert sum(asked) == split.train.n_events, "each rating is asked about once"
    whole = split.train.interactions.select("user_id", "item_id")
    assert [part.height for part in seen[:3]] == [whole.height - n for n in fold_sizes(split)]
    assert seen[3].height == whole.height
    left = [whole.join(part, on=["user_id", "item_id"], how="anti") for part in seen[:3]]
    assert pl.concat(left).n_unique() == whole.height


def fold_sizes(split):
    return [fold.test.height for fold in wb.split(split.train, "k-fold", n_folds=3, seed=0)]


def test_scores_are_ratings_in_their_range(stack, split):
    people = split.train.profiles()
    scores = stack.score(people)
    values = split.train.interactions["value"]
    assert scores.dtype == np.float32
    assert np.nanmin(scores) >= values.min()
    assert np.nanmax(scores) <= values.max()
    items = np.array([5, 2])
    assert np.array_equal(stack.score(people, items), scores[:, items])
    assert np.array_equal(stack.score(people[[7]])[0], scores[7])


def test_pairs_have_the_scores_of_the_table(stack, split):
    people = split.train.profiles()
    rng = np.random.default_rng(0)
    row, item = rng.integers(0, len(people), 300), rng.integers(0, split.train.n_items, 300)
    assert stack.predicted(people, row, item) == pytest.approx(
        stack.score(people)[row, item], abs=1e-3, nan_ok=True
    )


def test_an_item_without_a_value_is_nan_and_a_new_person_is_not(stack, split):
    people = split.train.profiles()
    known = set(split.train.interactions["item_id"])
    unknown = [i for i in split.train.catalogue.ids if i not in known]
    nobody = people[:1].only(np.zeros(len(people[:1].item), bool))
    scores = stack.score(nobody)
    assert np.isfinite(scores).sum() == len(known)
    assert np.isnan(scores[0, split.train.catalogue.codes(unknown)]).all()


def test_the_state_holds_it_all(stack, split):
    people = split.train.profiles()
    loaded = Stack.from_state(*stack.state())
    assert np.array_equal(loaded.score(people), stack.score(people), equal_nan=True)
    assert repr(loaded) == repr(stack)


def test_a_log_too_small_to_learn_from_gives_the_mean_of_the_parts(monkeypatch, split):
    monkeypatch.setattr(stacking, "FEWEST", 10**6)
    people = split.train.profiles()
    parts = ["baseline", "slope-one"]
    found = Stack(parts).fit(split.train).score(people)
    alone = np.stack([wb.create(name).fit(split.train).score(people) for name in parts])
    assert found == pytest.approx(np.nanmean(alone, axis=0), nan_ok=True, abs=1e-5)


def test_one_person_or_one_item_is_enough():
    frame = pl.DataFrame({"user_id": ["a", "a", "b"], "item_id": ["x", "y", "x"]})
    log = wb.Dataset.from_frames(frame.with_columns(value=pl.Series([1.0, 5.0, 2.0])))
    assert np.isfinite(Stack(["baseline"]).fit(log).score(log.profiles())).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"final": "guess"}, "final must be 'boosted' or 'linear', not 'guess'"),
        ({"n_folds": 1}, "n_folds must be a whole number of at least 2, not 1"),
        ({"n_trees": 0}, "n_trees must be"),
        ({"max_depth": 0}, "max_depth must be"),
        ({"eta": 0.0}, "eta must be above 0 and at most 1"),
        ({"reg": 0.0}, "reg must be above 0"),
        ({"seed": -1}, "seed must be"),
        ({"parts": []}, "parts must be a list of models or names"),
        ({"parts": ["ease"]}, "parts must hold at least one that rates, such as 'svd'"),
    ],
)
def test_parameters_that_cannot_work_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Stack(**arguments)


def test_it_needs_values(split):
    bare = split.train.replaced(split.train.interactions.drop("value"), relevant_from=None)
    with pytest.raises(CapabilityError, match="Stack needs values"):
        Stack().fit(bare)
