"""The ridges of the fold-in, chosen inside a log."""

import numpy as np
import pytest

import workbench as wb
from workbench.errors import ArgumentError, NotFittedError
from workbench.models.baseline import Baseline
from workbench.models.factors import SVD
from workbench.models.nonnegative import NMF
from workbench.models.plus import SVDpp
from workbench.models.rating_factors import chosen_ridge

SMALL = [SVD(n_factors=4), SVDpp(n_factors=3, n_epochs=5), NMF(n_factors=4), Baseline()]


def _by_hand(model, log, grid):
    """Mean squared error on the inner cut, of a model trained anew for each choice."""
    inner = wb.split(log, "random", test_fraction=0.2, seed=model.params().get("seed", 0))
    people = inner.train.profiles()
    row, item = (
        inner.train.people.codes(inner.test["user_id"]),
        inner.train.catalogue.codes(inner.test["item_id"]),
    )
    errors = []
    for choice in grid:
        trial = type(model)(**{**model.params(), **choice}).fit(inner.train)
        missed = trial.score(people)[row, item] - inner.test["value"].to_numpy()
        errors.append(np.nansum(missed.astype(float) ** 2))
    return grid[int(np.argmin(errors))]


@pytest.mark.parametrize("model", SMALL[:3])
def test_the_best_on_the_inner_cut_is_chosen(ratings, model):
    values = (0.5, 8.0, 1e6)
    expected = _by_hand(model, ratings, [{"reg": v} for v in values])
    assert chosen_ridge(model, ratings, reg=values) == expected
    assert "catalogue" not in vars(model)


def test_several_ridges_are_tried_together(ratings):
    model = SVD(n_factors=4)
    grid = [{"reg": r, "reg_bias": b} for r in (1e6, 9.0) for b in (3.0, 1e5)]
    found = chosen_ridge(model, ratings, reg=(1e6, 9.0), reg_bias=(3.0, 1e5))
    assert found == _by_hand(model, ratings, grid)
    assert found == {"reg": 9.0, "reg_bias": 1e5}  # the last; these people have no levels


def test_of_equals_the_first_and_by_default_the_main_ridge(ratings):
    assert chosen_ridge(SVD(n_factors=4), ratings, reg=(7.0, 7)) == {"reg": 7.0}
    assert list(chosen_ridge(Baseline("sgd"), ratings)) == ["reg_bias"]
    assert list(chosen_ridge(NMF(n_factors=3), ratings)) == ["reg"]


def test_what_is_no_ridge_is_refused(ratings):
    with pytest.raises(ArgumentError, match=r"NMF has no ridge 'reg_bias'; it has \['reg'\]"):
        chosen_ridge(NMF(), ratings, reg_bias=(1.0,))
    with pytest.raises(ArgumentError, match="reg must be above 0, not 0"):
        chosen_ridge(SVD(), ratings, reg=(1.0, 0))
    with pytest.raises(ArgumentError, match="reg must hold at least one value"):
        chosen_ridge(SVD(), ratings, reg=())


@pytest.mark.parametrize("model", SMALL)
def test_stored_vectors_are_no_part_of_the_model(ratings, model):
    fitted = type(model)(**model.params()).fit(ratings)
    loaded = type(model).from_state(*fitted.state())
    people = ratings.profiles()
    np.testing.assert_array_equal(loaded.score(people), fitted.score(people))
    with pytest.raises(NotFittedError, match=f"a loaded {type(model).__name__} has no stored"):
        loaded.stored_predictions([1], [1])
    stored = fitted.stored_predictions(np.repeat(range(60), 40), list(range(1, 41)) * 60)
    # Two solutions of one problem on one log: near, and the same only where it is exact.
    apart = np.abs(stored.reshape(60, 40) - fitted.score(people)[:, :40])
    assert apart.mean() < 0.5
    assert (apart.max() < 1e-6) == isinstance(model, Baseline)
