"""Association rules against mlxtend's own table and against counting by hand."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, NotFittedError
from workbench.models import rules
from workbench.models.rules import Rules
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.vocabulary import Vocabulary

BASKETS = ["ab", "ab", "abc", "a", "bc", "c", "cd", "abd"]
LOG = Dataset(
    pl.DataFrame(
        [
            {"user_id": u, "item_id": item, "value": 5.0}
            for u, basket in enumerate(BASKETS)
            for item in basket
        ]
        + [{"user_id": 99, "item_id": "a", "value": 1.0}]  # dislikes it: no basket
    ),
    relevant_from=4.0,
)


def _table(model):
    return {
        (model.catalogue.id(i), model.catalogue.id(int(model.to_[at]))): at
        for i in range(len(model.catalogue))
        for at in range(model.starts_[i], model.starts_[i + 1])
    }


def test_rules_by_hand():
    model = Rules(min_support=0.25, min_confidence=0.5).fit(LOG)
    table = _table(model)
    assert set(table) == {("a", "b"), ("b", "a"), ("c", "b")}
    at = table["a", "b"]
    assert model.people_[at] == 4
    assert model.confidence_[at] == pytest.approx(4 / 5)
    assert model.lift_[at] == pytest.approx((4 / 5) / (5 / 8))


def test_rules_are_those_of_mlxtend(log):
    from mlxtend.frequent_patterns import apriori, association_rules

    people = log.profiles()
    liked = people.csr(people.positive(log.relevant_from)).toarray() > 0
    frame = pd.DataFrame(liked[liked.any(axis=1)])
    itemsets = apriori(frame, min_support=0.1, max_len=2)
    theirs = association_rules(itemsets, metric="confidence", min_threshold=0.2)
    expected = {
        (*a, *c): (s, conf, lift)
        for a, c, s, conf, lift in theirs[
            ["antecedents", "consequents", "support", "confidence", "lift"]
        ].itertuples(index=False)
    }
    model = Rules(min_support=0.1, min_confidence=0.2).fit(log)
    ours = {
        (i, int(model.to_[at])): (
            model.people_[at] / len(frame),
            model.confidence_[at],
            model.lift_[at],
        )
        for i in range(log.n_items)
        for at in range(model.starts_[i], model.starts_[i + 1])
    }
    assert set(ours) == set(expected)
    assert len(ours) > 20
    for key, found in ours.items():
        np.testing.assert_allclose(found, expected[key], rtol=1e-6)


@pytest.mark.parametrize("measure", ["confidence", "lift"])
def test_the_score_is_the_strongest_rule(log, measure):
    model = Rules(min_support=0.1, min_confidence=0.2, measure=measure).fit(log)
    people = log.profiles()
    strength = np.zeros((log.n_items, log.n_items))
    values = model.confidence_ if measure == "confidence" else model.lift_
    for i in range(log.n_items):
        part = slice(model.starts_[i], model.starts_[i + 1])
        strength[i, model.to_[part]] = values[part]
    liked = people.csr(people.positive(log.relevant_from)).toarray()
    expected = (liked[:, :, None] * strength).max(axis=1) + model.prior_
    np.testing.assert_allclose(model.score(people), expected, atol=1e-6)


def test_the_reason_is_the_rule_that_gave_the_score(log):
    model, people = Rules(min_support=0.1, min_confidence=0.2).fit(log), log.profiles()
    scores = model.score(people)
    found = 0
    for row in range(10):
        for item in range(log.n_items):
            reason = model.reason(people[[row]], item)
            if reason is None:
                assert scores[row, item] == model.prior_[item]
                continue
            found += 1
            assert reason.item_id == log.catalogue.id(item)
            assert any(e.item_id == reason.because and e.value >= 3.5 for e in people[row].history)
            assert reason.confidence == pytest.approx(scores[row, item], abs=1e-5)
    assert found > 20


def test_a_reason_in_words():
    model = Rules(min_support=0.25, min_confidence=0.5).fit(LOG)
    person = Profiles.of(Profile.of(items=["a"], values=[5.0]), model.catalogue)
    reason = model.reason(person, model.catalogue.code("b"))
    assert reason.sentence() == (
        "80% of those who liked a also liked b (4 people, 1.3 times as many as usual)"
    )
    assert reason.sentence({"a": "Alien"}).startswith("80% of those who liked Alien also")
    assert model.reason(person, model.catalogue.code("d")) is None


def test_a_reason_is_of_any_person_and_any_item_that_there_is():
    model = Rules(min_support=0.25, min_confidence=0.5).fit(LOG)
    b = model.catalogue.code("b")
    nobody = Profiles.of(Profile(), model.catalogue)
    assert model.reason(nobody, b) is None
    elsewhere = Vocabulary(["z", "b", "a"])
    foreign = Profiles.of(Profile.of(items=["z", "a"], values=[5.0, 5.0]), elsewhere)
    assert foreign.item.tolist() != [model.catalogue.code("a")]
    reason = model.reason(foreign, np.int64(b))
    assert (reason.because, reason.item_id) == ("a", "b")
    assert "liked a also liked b" in reason.sentence({"a": None, "b": ""})
    with pytest.raises(ArgumentError, match="holds codes from -1 to -1"):
        model.reason(nobody, model.catalogue.code("unknown"))
    with pytest.raises(ArgumentError, match="profile must be of one person, not of 2"):
        model.reason(LOG.profiles()[:2], b)
    with pytest.raises(NotFittedError, match="Rules has not been fitted"):
        Rules().reason(nobody, b)


def test_weights_choose_between_rules():
    model = Rules(min_support=0.1, min_confidence=0.1).fit(LOG)
    person = Profile.of(items=["a", "c"], values=[5.0, 5.0])
    light = person.reweighted("a", 0.1)
    b = model.catalogue.code("b")
    heavy_reason, light_reason = (
        model.reason(Profiles.of(p, model.catalogue), b) for p in (person, light)
    )
    assert (heavy_reason.because, light_reason.because) == ("a", "c")
    assert light_reason.weight == 1.0


@pytest.mark.parametrize("params", [{"min_support": 0.9}, {"min_confidence": 1.0}])
def test_without_a_rule_what_is_popular_is_shown(params):
    log = LOG.replaced(LOG.interactions.filter(pl.col("user_id") != 6))
    model = Rules(**{"min_support": 0.3, **params}).fit(log)
    assert len(model.to_) == 0
    scores = model.score(log.profiles())
    assert np.array_equal(scores, np.repeat(model.prior_[None], len(scores), axis=0))
    assert np.ptp(scores[0]) > 0


def test_only_the_most_liked_items_are_mined():
    model = Rules(min_support=0.01, min_confidence=0.01, max_items=2).fit(LOG)
    assert set(_table(model)) == {("a", "b"), ("b", "a")}


def test_a_large_log_goes_through_a_sparse_frame(log, monkeypatch):
    dense = Rules(min_support=0.1).fit(log)
    monkeypatch.setattr(rules, "DENSE_CELLS", 0)
    sparse = Rules(min_support=0.1).fit(log)
    assert len(dense.to_) > 20
    for name in ("starts_", "to_", "people_", "confidence_", "lift_"):
        np.testing.assert_array_equal(getattr(sparse, name), getattr(dense, name))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"min_support": 0.0}, "min_support must be above 0 and at most 1, not 0.0"),
        ({"min_confidence": 1.1}, "min_confidence must be above 0 and at most 1, not 1.1"),
        ({"measure": "leverage"}, "measure must be one of confidence, lift, not 'leverage'"),
        ({"max_items": 1}, "max_items must be a whole number of at least 2, not 1"),
    ],
)
def test_parameters_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        Rules(**params)
