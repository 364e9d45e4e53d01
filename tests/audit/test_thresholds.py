"""A threshold for each group: Fairlearn's own figures, expected of decisions by lot."""

import numpy as np
import pytest
from fairlearn import metrics
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score

import workbench as wb
from workbench.audit.decision import decision_audit
from workbench.audit.mitigation_thresholds import FAIRLEARN, THRESHOLDS

TO = 1e-12


class Given(BaseEstimator):
    """The probability that is there."""

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return X[:, 0]


@pytest.fixture(scope="module")
def asked():
    dataset = wb.load("synthetic", n_users=240, n_items=100, n_events=6_000, seed=3, bias=0.9)
    split = wb.split(dataset, guests=0.1)
    model = wb.create("ease").fit(split.train)
    return model, split, wb.mitigate(model, split, ["gender"], k=5, methods=(THRESHOLDS,))


@pytest.fixture(scope="module")
def pairs(asked):
    model, split, _ = asked
    found = decision_audit(model, split, ["gender"])
    return found, found.pairs.join(split.train.users.select("user_id", "gender"), on="user_id")


def by_hand(pairs, name):
    """Fairlearn asked directly, fold after fold; the chance of "yes" of each pair."""
    score, y = pairs["score"].to_numpy(), pairs["relevant"].to_numpy().astype(int)
    fold, group = pairs["fold"].to_numpy(), pairs["gender"].to_numpy()
    chance = np.full(len(y), np.nan)
    for part in range(5):
        one, other = fold == part, fold != part
        curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(
            score[other], y[other]
        )
        made = ThresholdOptimizer(
            estimator=Given(), constraints=name, objective="balanced_accuracy_score", prefit=True,
            predict_method="predict",
        )  # fmt: skip
        made.fit(curve.predict(score[other])[:, None], y[other], sensitive_features=group[other])
        chance[one] = made._pmf_predict(
            curve.predict(score[one])[:, None], sensitive_features=group[one]
        )[:, 1]
    return chance, y, group


@pytest.mark.parametrize("constraint", FAIRLEARN)
def test_the_figures_are_fairlearns(constraint, asked, pairs):
    chance, y, group = by_hand(pairs[1], FAIRLEARN[constraint])
    assert ((chance > 0) & (chance < 1)).any()
    difference = getattr(metrics, f"{constraint}_difference")
    decision = pairs[1]["decision"].to_numpy().astype(int)
    rows = {r["measure"]: r for r in asked[2].thresholds.filter(constraint=constraint).to_dicts()}
    assert list(rows) == ["accuracy", "balanced_accuracy", f"{constraint}_difference"]
    said, weight = np.repeat([1, 0], len(y)), np.concatenate([chance, 1 - chance])
    twice = np.tile(y, 2), said
    for name, figure in (
        ("accuracy", accuracy_score),
        ("balanced_accuracy", balanced_accuracy_score),
    ):
        assert rows[name]["before"] == pytest.approx(figure(y, decision), abs=TO)
        assert rows[name]["after"] == pytest.approx(figure(*twice, sample_weight=weight), abs=TO)
    gap = rows[f"{constraint}_difference"]
    before = difference(y, decision, sensitive_features=group)
    after = difference(*twice, sensitive_features=np.tile(group, 2), sample_weight=weight)
    assert (gap["before"], gap["after"]) == pytest.approx((before, after), abs=TO)
    for row in rows.values():
        for when in ("before", "after"):
            assert 0 <= row[f"{when}_low"] <= row[when] <= row[f"{when}_high"] <= 1
        assert (row["n"], row["pairs"]) == (len(pairs[1]["user_id"].unique()), len(y))


def test_what_is_expected_is_the_mean_of_what_is_drawn(asked, pairs):
    chance, y, _ = by_hand(pairs[1], "demographic_parity")
    rng = np.random.default_rng(0)
    drawn = [((rng.random(len(y)) < chance) == y).mean() for _ in range(2000)]
    row = asked[2].thresholds.row(0, named=True)
    assert (row["constraint"], row["measure"]) == ("demographic_parity", "accuracy")
    assert row["after"] == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / 2000**0.5)


def test_before_is_the_audit_of_decisions(asked, pairs):
    audit = pairs[0].parities
    rows = asked[2].thresholds.filter(measure="demographic_parity_difference")
    row = audit.filter(measure="demographic_parity_difference").row(0, named=True)
    assert rows.select("before", "before_low", "before_high").row(0) == pytest.approx(
        (row["value"], row["low"], row["high"]), abs=TO
    )


def test_it_is_no_point_of_the_frontier_and_needs_groups(asked):
    model, split, found = asked
    assert found.frontier["method"].to_list() == ["none"]
    alone = wb.mitigate(model, split, k=5, methods=(THRESHOLDS,))
    assert dict(alone.skipped.iter_rows()) == {THRESHOLDS: "no groups of people were given"}
    assert alone.thresholds.height == 0
    assert alone.thresholds.schema == found.thresholds.schema
