"""Shares of events: they add up, equal the closed form, brute force and shap."""

from itertools import permutations

import numpy as np
import pytest

import workbench as wb
from workbench.explain.coalitions import coalitions, pair_scores, players
from workbench.explain.shares import event_shares
from workbench.profiles import Profiles


def person_of(model, profile):
    return Profiles.of(profile, model.catalogue)


def test_a_coalition_is_the_person_with_only_those_items(engine, guest):
    person = person_of(engine, guest)
    items = players(person)
    masks = np.random.default_rng(0).random((5, len(items))) < 0.5
    for mask, made in zip(masks, coalitions(person, masks), strict=True):
        gone = engine.catalogue.take(items[~mask])
        assert made == guest.without(*gone)


def test_repeats_of_an_item_stand_or_fall_together(engine):
    ids = engine.catalogue.take([0, 1, 0])
    profile = wb.Profile.of(ids, values=[5, 4, 1], timestamps=[1, 2, 3])
    person = person_of(engine, profile)
    assert players(person).tolist() == [1, 0]
    (only,) = coalitions(person, np.array([[False, True]]))
    assert [e.value for e in only.history] == [5, 1]


@pytest.mark.parametrize("n", [1, 3, 5])
def test_exact_shares_equal_the_mean_over_all_orders(engine, guest, n):
    profile = wb.Profile(guest.history[:n], guest.attributes, guest.context)
    person = person_of(engine, profile)
    item = int(engine.catalogue.code(wb.slate(engine, profile).items[0]))
    found = event_shares(engine, person, item)
    assert found.method == "exact"

    expected = np.zeros(n)
    orders = list(permutations(range(n)))
    for order in orders:
        mask, before = np.zeros(n, bool), found.base
        for i in order:
            mask[i] = True
            now = pair_scores(engine, coalitions(person, mask[None]), np.array([item]))[0, 0]
            expected[i] += (now - before) / len(orders)
            before = now
    np.testing.assert_allclose(found.share, expected, atol=1e-5)


def test_sampled_shares_add_up_and_come_near_the_exact_ones(engine, guest):
    profile = wb.Profile(guest.history[:8], guest.attributes, guest.context)
    longer = profile.with_event(next(i for i in engine.catalogue.ids if i not in profile), 5)
    person = person_of(engine, longer)
    item = int(engine.catalogue.code(wb.slate(engine, longer).items[0]))
    score = pair_scores(engine, person, np.array([item]))[0, 0]
    rough = event_shares(engine, person, item, budget=40)
    fine = event_shares(engine, person, item, budget=8_000)
    assert rough.method == fine.method == "sampled"
    for found in (rough, fine):
        assert abs(score - found.base - found.share.sum()) < 1e-4
    assert (fine.error <= 0.1).all()
    assert np.abs(rough.share - fine.share).max() < 5 * max(rough.error.max(), 0.02)


def test_a_linear_model_has_its_shares_in_closed_form(world_split, guest):
    ease = wb.create("ease").fit(world_split.train)
    person = person_of(ease, guest)
    item = int(ease.catalogue.code(wb.slate(ease, guest).items[0]))
    found = event_shares(ease, person, item)
    assert found.method == "closed form"
    score = ease.score(person, np.array([item]))[0, 0]
    assert abs(score - found.base - found.share.sum()) < 1e-4
    part = Profiles.of(wb.Profile(guest.history[:6], {}, guest.context), ease.catalogue)
    closed = event_shares(ease, part, item)
    shapley = event_shares(_Opaque(ease), part, item)
    assert shapley.method == "exact"
    np.testing.assert_allclose(closed.share, shapley.share, atol=1e-4)


def test_shares_agree_with_the_permutation_explainer_of_shap(engine, guest):
    import shap

    profile = wb.Profile(guest.history[:7], guest.attributes, guest.context)
    person = person_of(engine, profile)
    item = np.array([engine.catalogue.code(wb.slate(engine, profile).items[0])])

    def score(masks):
        return pair_scores(engine, coalitions(person, masks.astype(bool)), item)[:, 0]

    reference = shap.ExactExplainer(score, np.zeros((1, 7)))(np.ones((1, 7)))
    ours = event_shares(engine, person, int(item[0]))
    np.testing.assert_allclose(ours.share, reference.values[0], atol=1e-4)
    np.testing.assert_allclose(ours.base, reference.base_values[0], atol=1e-5)


class _Opaque:
    """A model that hides its closed form."""

    has_event_shares = False

    def __init__(self, model):
        self.score = model.score


def test_with_no_budget_all_but_sampled_shares_is_answered_and_drawing_on_is_the_same(
    engine, world_split, guest
):
    longer = guest
    for item_id in engine.catalogue.take([1, 3, 5, 7, 11, 13, 17, 19, 23, 29]):
        longer = longer if item_id in longer else longer.with_event(item_id, 4)
    item = wb.slate(engine, longer).items[0]
    first = wb.explain(engine, longer, item, budget=0)
    assert first.pending
    assert first.events["share"].null_count() == first.events.height
    assert first.events["removal"].null_count() == 0
    assert first.event_groups.height == 0
    assert not any("share" in words for words in first.words)
    assert abs(first.residual) < 1e-4
    whole, drawn = wb.explain(engine, longer, item, budget=300), first.refined(300)
    assert not whole.pending
    assert not drawn.pending
    assert drawn.events.equals(whole.events)
    assert drawn.words == whole.words
    assert drawn.n_scored == whole.n_scored

    ease = wb.create("ease").fit(world_split.train)
    exact = wb.explain(ease, longer, wb.slate(ease, longer).items[0], budget=0)
    assert not exact.pending
    assert exact.events["share"].null_count() == 0

    als = wb.create("als").fit(world_split.train)
    undrawn = wb.explain(als, longer, wb.slate(als, longer).items[0], budget=0)
    with pytest.raises(wb.ArgumentError, match=r"not drawn yet; take \.refined\(\)"):
        undrawn.to_shap()
    for bad in (-1, 1.5, True):
        with pytest.raises(wb.ArgumentError, match="budget must be a whole number of at least 0"):
            wb.explain(engine, longer, item, budget=bad)
    with pytest.raises(wb.ArgumentError, match="at least 1, not 0"):
        first.refined(0)
