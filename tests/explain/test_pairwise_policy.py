"""wb.why_above in a list that went through a policy: what it did to the two is told, not hidden."""

import re

import pytest

import workbench as wb
from workbench.explain.policy_effects import pair_effects, policy_effects
from workbench.profiles import Profiles

K = 6


@pytest.fixture(scope="module")
def plain(engine, guest):
    return wb.slate(engine, guest, 40).items


def asked(engine, guest, above, below, policy):
    return wb.why_above(engine, guest, above, below, k=K, budget=1, policy=policy)


def test_without_a_policy_the_order_is_the_model_s(engine, guest, plain):
    for policy in (None, wb.Policy()):
        why = asked(engine, guest, plain[1], plain[4], policy)
        assert why.by_model
        assert why.policy.height == 0
        assert "policy" not in why.sentence
        assert "model alone" not in why.sentence


def test_every_pair_of_a_reordered_list_is_told_in_the_order_of_the_list(
    engine, world_split, guest, plain
):
    policy = wb.Policy.for_dataset(
        world_split.train, diversity=0.7, boost={plain[8]: 0.8}, pin=[plain[15]], exclude=plain[:1]
    )
    slate = wb.slate(engine, guest, K, policy)
    turned = 0
    for above, below in zip(slate.items, slate.items[1:], strict=False):
        why = asked(engine, guest, above, below, policy)
        assert why.by_model == (plain.index(above) < plain.index(below))
        assert why.policy["step"].to_list() == [step["step"] for step in slate.steps]
        last = why.policy.row(-1, named=True)
        assert [last["rank_above"], last["rank_below"]] == [
            slate.items.index(item) + 1 for item in (above, below)
        ]
        assert (why.policy["turned"].sum() % 2 == 0) == why.by_model
        told = [
            f"The policy's {row['step']}: item {above} {row['effect_above']}"
            for row in why.policy.iter_rows(named=True)
            if row["moved"]
        ]
        titles = dict(engine.tables_.items.select("item_id", "title").iter_rows())
        for words in told:
            assert words.replace(f"item {above}", f"“{titles[above]}”") in why.sentence
        assert why.sentence.count("this turns them round") == why.policy["turned"].sum()
        agrees = "The model alone would put them in this order, too." in why.sentence
        assert agrees == why.by_model
        if not why.by_model:
            turned += 1
            assert "because of the policy" in why.sentence
            said = re.search(r"on rank (\d+), before .*? on (\d+) \(", why.sentence)
            assert [int(n) for n in said.groups()] == [why.rank_below, why.rank_above]
            with pytest.raises(wb.ArgumentError, match="the policy ranks item"):
                asked(engine, guest, below, above, policy)
            with pytest.raises(wb.ArgumentError, match="the model ranks item"):
                asked(engine, guest, above, below, None)
    assert turned


def test_each_column_is_that_of_the_item_alone(engine, guest, plain):
    policy = wb.Policy(boost={plain[4]: 1.0}, pin=[plain[9]])
    why = asked(engine, guest, plain[9], plain[4], policy)
    person = Profiles.of(guest, engine.catalogue)
    for side, item in (("above", plain[9]), ("below", plain[4])):
        code, score = int(engine.catalogue.code(item)), getattr(why, f"score_{side}")
        alone = policy_effects(engine, person, [code], [score], policy, K)[0]
        assert why.policy[f"effect_{side}"].to_list() == alone["effect"].to_list()
        assert why.policy[f"score_{side}"].to_list() == alone["score_after"].to_list()
        assert why.policy[f"rank_{side}"].to_list() == alone["rank_after"].to_list()
    assert why.policy["score_below"][0] > why.score_below  # the boost


def test_what_speaks_for_each_stays_the_model_s(engine, guest, plain):
    """Turned round by a pin, the lead is the same with the other sign, and so is what makes it."""
    first, second = plain[2], plain[5]
    why = asked(engine, guest, first, second, None)
    pinned = asked(engine, guest, second, first, wb.Policy(pin=[second]))
    assert not pinned.by_model
    assert pinned.policy["turned"].to_list() == [True]
    assert pinned.score_above - pinned.score_below == why.score_below - why.score_above < 0
    mine = dict(why.features.select("name", "difference").iter_rows())
    for name, difference in pinned.features.select("name", "difference").iter_rows():
        assert difference == pytest.approx(-mine[name], abs=1e-9)
    assert [(s.feature, s.item_id, s.needed) for s in pinned.swaps] == [
        (s.feature, s.item_id, s.needed) for s in why.swaps
    ]
    for swap in pinned.swaps:  # after it the model, too, puts the pinned one first
        assert swap.score_above >= swap.score_below
    assert "In the model's list they would swap" in pinned.sentence


def test_an_item_that_only_a_pin_brings_in_stands_above(engine, guest, plain):
    scored = set(wb.slate(engine, guest, 10_000).items)
    far = next(i for i in engine.catalogue.ids if i not in scored and i not in guest)
    why = asked(engine, guest, far, plain[0], wb.Policy(pin=[far]))
    assert why.rank_above is None
    assert not why.by_model
    assert why.swaps == []
    assert "the model alone does not rank" in why.sentence
    assert f"{why.score_above:+.2f} to {why.score_below:+.2f}" in why.sentence
    assert "brought in, on rank 1" in why.sentence
    assert "single feature" not in why.sentence
    other = next(i for i in engine.catalogue.ids if i not in {far, *scored, *guest.items})
    both = asked(engine, guest, far, other, wb.Policy(pin=[far, other]))
    assert "the model alone ranks neither" in both.sentence
    assert not both.by_model


def test_an_item_that_the_policy_took_out_is_below_but_not_above(engine, guest, plain):
    policy = wb.Policy(exclude=[plain[0]])
    why = asked(engine, guest, plain[3], plain[0], policy)
    assert not why.by_model
    assert "taken out, from rank 1; this turns them round" in why.sentence
    with pytest.raises(wb.ArgumentError, match=r"above: item .* is not in the list"):
        asked(engine, guest, plain[0], plain[3], policy)
    with pytest.raises(wb.ArgumentError, match="pin holds 'x'"):
        asked(engine, guest, plain[0], plain[3], wb.Policy(pin=["x"]))


def test_the_order_of_two_that_are_in_no_list_is_what_it_was():
    import polars as pl

    def steps(ranks):
        n = len(ranks)
        return pl.DataFrame(
            {
                "step": ["a", "b", "c"][:n], "effect": [""] * n, "score_before": [0.0] * n,
                "score_after": [0.0] * n, "rank_before": [3, *ranks[:-1]], "rank_after": ranks,
            }
        )  # fmt: skip

    found = pair_effects(steps([3, None, 1]), steps([2, None, 2]), True)
    assert found["turned"].to_list() == [True, False, True]
    assert found["moved"].to_list() == [True, True, True]
