"""Recommending by rules, against counting by hand. The table itself: ``test_itemsets.py``."""

import numpy as np
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, NotFittedError
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


LIKED_WITH = Dataset(
    pl.DataFrame(
        [
            {"user_id": u, "item_id": item}
            for u, basket in enumerate(["ab", "ab", "abc", "abc", "ad", "bd", "cb", "c", "d", "d"])
            for item in basket
        ]
    )
)
"""a -> b is 4 of 5, c -> b 3 of 4, a and c -> b 2 of 2."""


def _table(model):
    """Rules from items by their ids: (because, to) → row of the table."""
    rows = model.table().filter(~pl.col("of_taste")).iter_rows(named=True)
    return {(*row["because"], row["item_id"]): row for row in rows}


def _by_hand(model, rules, people):
    """Strength of every rule that holds for each person, ``(n_people, n_items)`` lists."""
    found = [[[] for _ in range(len(model.catalogue))] for _ in people]
    for place, person in enumerate(people):
        liked = {str(e.item_id) for e in person.history if e.value is None or e.value >= 3.5}
        for row in rules:
            if set(row["because"]) <= liked:
                found[place][model.catalogue.code(row["item_id"])].append(row["strength"])
    return found


def test_rules_by_hand():
    model = Rules(min_support=0.25, min_confidence=0.5).fit(LOG)
    table = _table(model)
    # c -> b (2 of 4) is confident enough, but b is liked by 5 of 8 anyway.
    assert set(table) == {("a", "b"), ("b", "a")}
    rule = table["a", "b"]
    assert rule["people"] == 4
    assert rule["support"] == pytest.approx(4 / 8)
    assert rule["confidence"] == pytest.approx(4 / 5)
    assert rule["lift"] == pytest.approx((4 / 5) / (5 / 8))
    assert rule["leverage"] == pytest.approx(4 / 8 - 5 / 8 * 5 / 8)
    assert rule["conviction"] == pytest.approx((1 - 5 / 8) / (1 - 4 / 5))


@pytest.mark.parametrize("combine", ["sum", "max"])
@pytest.mark.parametrize("measure", ["confidence", "lift", "leverage"])
@pytest.mark.parametrize("max_len", [2, 4])
def test_the_score_is_the_sum_or_the_strongest_of_the_rules(log, measure, combine, max_len):
    model = Rules(0.15, 0.2, measure, combine, max_len, tastes=False).fit(log)
    people, rules = log.profiles()[:8], model.table().to_dicts()
    assert {len(rule["because"]) for rule in rules} == set(range(1, max_len))
    held = _by_hand(model, rules, people)
    join = sum if combine == "sum" else lambda x: max(x, default=0.0)
    expected = np.array([[join(x) for x in row] for row in held]) + model.prior_
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(model.score(people), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("combine", ["sum", "max"])
@pytest.mark.parametrize("max_len", [2, 3])
def test_the_reason_is_the_strongest_rule_that_holds(log, combine, max_len):
    model = Rules(0.1, 0.2, "confidence", combine, max_len).fit(log)
    people, found = log.profiles(), 0
    held = _by_hand(model, model.table().filter(~pl.col("of_taste")).to_dicts(), people[:8])
    for row in range(8):
        liked = {e.item_id for e in people[row].history if e.value >= 3.5}
        for item in range(log.n_items):
            reason = model.reason(people[[row]], item)
            if reason is None or reason.of_taste:
                assert held[row][item] == []
                continue
            found += 1
            assert reason.item_id == log.catalogue.id(item)
            assert set(reason.because) <= liked
            assert reason.confidence == pytest.approx(max(held[row][item]), abs=1e-6)
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
    assert (reason.because, reason.item_id) == (("a",), "b")
    assert "liked a also liked b" in reason.sentence({"a": None, "b": ""})
    with pytest.raises(ArgumentError, match="holds codes from -1 to -1"):
        model.reason(nobody, model.catalogue.code("unknown"))
    with pytest.raises(ArgumentError, match="profile must be of one person, not of 2"):
        model.reason(LOG.profiles()[:2], b)
    with pytest.raises(NotFittedError, match="Rules has not been fitted"):
        Rules().reason(nobody, b)


def test_weights_choose_between_rules():
    model = Rules(min_support=0.1, min_confidence=0.1).fit(LIKED_WITH)
    person = Profile.of(items=["a", "c"], values=[5.0, 5.0])
    light = person.reweighted("a", 0.1)
    b = model.catalogue.code("b")
    heavy_reason, light_reason = (
        model.reason(Profiles.of(p, model.catalogue), b) for p in (person, light)
    )
    assert (heavy_reason.because, light_reason.because) == (("a",), ("c",))
    assert light_reason.weight == 1.0


def test_an_antecedent_of_several_items_weighs_what_its_lightest_does():
    model = Rules(0.2, 0.5, "confidence", "max", max_len=3).fit(LIKED_WITH)
    person = Profile.of(items=["a", "c"], values=[5.0, 5.0])
    b = model.catalogue.code("b")
    whole = Profiles.of(person, model.catalogue)
    reason = model.reason(whole, b)
    assert reason.because == ("a", "c")
    assert "100% of those who liked a and c also liked b (2 people" in reason.sentence()
    assert reason.conviction == np.inf
    light = Profiles.of(person.reweighted("a", 0.9).reweighted("c", 0.95), model.catalogue)
    assert model.reason(light, b).weight == pytest.approx(0.9)
    base = model.prior_[b]
    assert model.score(whole)[0, b] == pytest.approx(1.0 + base)
    assert model.score(light)[0, b] == pytest.approx(0.9 + base)


@pytest.mark.parametrize("params", [{"min_support": 0.9}, {"min_confidence": 1.0}])
def test_without_a_rule_what_is_popular_is_shown(params):
    log = LOG.replaced(LOG.interactions.filter(pl.col("user_id") != 6))
    model = Rules(**{"min_support": 0.3, **params}).fit(log)
    assert len(model.table()) == 0
    scores = model.score(log.profiles())
    assert np.array_equal(scores, np.repeat(model.prior_[None], len(scores), axis=0))
    assert np.ptp(scores[0]) > 0


def test_one_person_is_no_rule():
    log = Dataset(pl.DataFrame({"user_id": [1, 1, 2, 2], "item_id": ["a", "b", "c", "d"]}))
    assert len(Rules(min_support=0.01).fit(log).table()) == 0


@pytest.mark.parametrize(("max_len", "most", "sort"), [(2, 20, "pairs"), (3, 900, "sets")])
def test_too_many_rules_raise_the_support_and_say_so(log, max_len, most, sort):
    with pytest.warns(
        UserWarning, match=f"more {sort} than max_rules={most} allows.*; the support was raised"
    ):
        model = Rules(0.1, 0.1, max_len=max_len, max_rules=most, tastes=False).fit(log)
    assert model.support_[sort] > 0.1
    several = model.table()["because"].list.len() > 1
    assert (several.sum() if sort == "sets" else len(several)) <= most
    assert len(several) > 0


TASTES = Dataset(
    pl.DataFrame(
        [
            {"user_id": u, "item_id": f"{'dw'[u % 2]}{(u + n) % 6}"}
            for u in range(24)
            for n in (0, 1)
        ]
    ),
    pl.DataFrame(
        {
            "item_id": [f"{taste}{n}" for taste in "dw" for n in range(6)] + ["new"],
            "genres": [["Drama"]] * 6 + [["War"]] * 6 + [["War"]],
            "year": [1991] * 6 + [1985] * 6 + [1986],
        }
    ),
)
"""Two tastes; nobody liked more than two items, so few items are liked together."""


def test_tastes_rank_what_no_rule_from_an_item_reaches():
    """A short history of one new item, of which the log knows nothing but its genre and year."""
    person = Profile.of(items=["new"])
    model = Rules(min_support=0.05, min_confidence=0.05).fit(TASTES)
    (scores,) = model.score(Profiles.of(person, model.catalogue))
    war = model.catalogue.codes([f"w{n}" for n in range(6)])
    drama = model.catalogue.codes([f"d{n}" for n in range(6)])
    assert scores[war].min() > 10 * scores[drama].max()
    (without,) = (
        Rules(0.05, 0.05, tastes=False).fit(TASTES).score(Profiles.of(person, model.catalogue))
    )
    np.testing.assert_array_equal(without, model.prior_)
    reason = model.reason(Profiles.of(person, model.catalogue), int(war[0]))
    assert reason.of_taste
    assert reason.because == ("War",)
    assert (reason.people, reason.confidence, reason.lift) == (4, pytest.approx(1 / 3), 2.0)
    assert reason.sentence({"w0": "Winter"}) == (
        "33% of those with a taste for War liked Winter (4 people, 2.0 times as many as usual)"
    )
    both = model.table().filter(pl.col("of_taste") & (pl.col("because").list.len() == 2))
    assert both["because"].to_list()[0] in (["Drama", "the 1990s"], ["War", "the 1980s"])


def test_a_rule_from_an_item_counts_more_than_any_from_a_taste(log):
    model, people = Rules(0.1, 0.2, "confidence", "max").fit(log), log.profiles()
    scores, without = (
        model.score(people),
        Rules(0.1, 0.2, "confidence", "max", tastes=False).fit(log).score(people),
    )
    reached = without > 0.1
    np.testing.assert_array_equal(scores[reached], without[reached])
    assert scores[~reached].max() < 0.01 < scores[reached].min()
    assert (scores[~reached] > without[~reached]).mean() > 0.5


def test_a_table_of_all_rules(log):
    table = Rules(0.1, 0.2).fit(log).table()
    assert table.columns == [
        "because", "of_taste", "item_id", "people", "support", "confidence", "lift", "leverage",
        "conviction", "strength",
    ]  # fmt: skip
    assert table["strength"].is_sorted(descending=True)
    assert (table["lift"] > 1).all()
    assert table.select("because", "of_taste", "item_id").is_duplicated().sum() == 0


def test_with_sets_and_the_strongest_it_keeps_the_contract():
    from workbench.checks.model import check_model

    model = Rules(0.1, 0.2, "confidence", "max", max_len=3)
    assert check_model(model).height > 25


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"min_support": 0.0}, "min_support must be above 0 and at most 1, not 0.0"),
        ({"min_confidence": 1.1}, "min_confidence must be above 0 and at most 1, not 1.1"),
        ({"measure": "support"}, "measure must be one of confidence, lift, leverage, not 'supp"),
        ({"combine": "mean"}, "combine must be one of sum, max, not 'mean'"),
        ({"max_len": 5}, "max_len must be 2, 3 or 4 items in a rule, not 5"),
        ({"max_len": 2.5}, "max_len must be 2, 3 or 4 items in a rule, not 2.5"),
        ({"tastes": "yes"}, "tastes must be True or False, not 'yes'"),
        ({"max_rules": 1}, "max_rules must be a whole number of at least 10, not 1"),
    ],
)
def test_parameters_that_cannot_work_are_refused(params, message):
    with pytest.raises(ArgumentError, match=message):
        Rules(**params)
