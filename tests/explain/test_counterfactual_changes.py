"""wb.counterfactual by adding to a history, or rating it anew: what it certifies is so."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.explain.edits import Edits
from workbench.profiles import Profiles

K = 10


def test_what_is_added_brings_an_item_in(engine, guest):
    entered = 0
    for item in wb.slate(engine, guest, 25).items[K::4]:
        found = wb.counterfactual(engine, guest, item, K, change="add")
        assert found.verified
        assert found.policy is None
        assert not set(found.pool) & {item, *guest.items, *found.slate_before.items}
        assert set(found.add) <= set(found.pool)
        assert found.value == max(e.value for e in guest.history)
        edited = guest
        for added in found.add:
            edited = edited.with_event(added, found.value)
        assert edited == found.profile
        assert wb.slate(engine, edited, K) == found.slate_after
        assert found.found == (item in found.slate_after)
        entered += found.found
    assert entered


def test_the_best_single_additions_come_first_with_what_they_do(engine, guest):
    item = wb.slate(engine, guest, 20).items[K]
    found = wb.counterfactual(engine, guest, item, K, change="add")
    singles = found.singles
    assert set(singles["item_id"]) == set(found.pool)
    assert singles["reaches"].is_sorted(descending=True)
    code = engine.catalogue.code(item)

    def margin(profile):
        scores = engine.score(Profiles.of(profile, engine.catalogue))[0]
        scores[Profiles.of(profile, engine.catalogue).item] = np.nan
        others = np.sort(np.delete(scores, code)[~np.isnan(np.delete(scores, code))])
        return scores[code] - others[-K]

    for added, value, effect, reaches in [*singles.head(3).rows(), *singles.tail(2).rows()]:
        edited = guest.with_event(added, value)
        assert reaches == (item in wb.slate(engine, edited, K))
        if effect is not None:
            assert effect == pytest.approx(margin(edited) - margin(guest), abs=1e-5)


def test_a_pool_of_ones_own_is_all_that_is_added(engine, guest):
    item = wb.slate(engine, guest, 20).items[-1]
    pool = [i for i in engine.catalogue.ids if i not in guest and i != item][:5]
    found = wb.counterfactual(engine, guest, item, K, change="add", pool=pool, values=[1.0])
    assert set(found.pool) == set(pool)
    assert found.value == 1.0
    assert found.tried["n_possible"][0] == 5


@pytest.mark.parametrize("place", [3, 14])
def test_the_pool_is_what_the_model_shows_to_two_others(engine, guest, place):
    items = wb.slate(engine, guest, 20).items
    item, shown = items[place], items[:K]
    found = wb.counterfactual(engine, guest, item, K, change="add")
    anchor = items[K] if found.goal == "leave" else item
    stranger = wb.Profile((), guest.attributes, guest.context)
    barred = wb.Policy(exclude=[*guest.items, *shown, item])
    near = wb.slate(engine, stranger.with_event(anchor, found.value), 40, barred)
    popular = wb.slate(engine, stranger, 40, barred)
    assert set(found.pool) == set(near.items) | set(popular.items)


def test_an_item_leaves_for_what_is_added(engine, guest):
    item = wb.slate(engine, guest, K).items[-1]
    found = wb.counterfactual(engine, guest, item, K, change="add")
    assert found.goal == "leave"
    assert found
    assert item not in wb.slate(engine, found.profile, K)


def test_ratings_change_as_little_as_possible(engine, guest):
    one, reached = 0, 0
    for item in wb.slate(engine, guest, K).items[::-1][:5]:
        found = wb.counterfactual(engine, guest, item, K, change="rate")
        edited = guest
        for rated, value in found.rate.items():
            assert guest.last(rated).value != value
            edited = edited.revalued(rated, value)
        assert edited == found.profile
        assert wb.slate(engine, edited, K) == found.slate_after
        assert found.verified
        reached += found.found
        if found and len(found.rate) == 1:
            one += 1
            singles = found.singles.filter(pl.col("reaches"))
            moved = [
                abs(guest.last(i).value - v) for i, v in singles.select("item_id", "value").rows()
            ]
            ((rated, value),) = found.rate.items()
            assert abs(guest.last(rated).value - value) == min(moved)
    assert reached
    assert one


def test_many_different_values_are_thinned_out(world_split, guest):
    ease = wb.create("ease").fit(world_split.train)
    history = [replace(e, value=float(n)) for n, e in enumerate(guest.history)]
    assert len(history) > 10
    counted = wb.Profile(tuple(history), {}, guest.context)
    item = wb.slate(ease, counted, K).items[0]
    found = wb.counterfactual(ease, counted, item, K, change="rate", bound=1)
    assert found.singles["value"].n_unique() == 5


@pytest.mark.parametrize("change", ["remove", "add", "rate"])
def test_a_row_of_a_batch_is_the_person_after_the_edits(engine, guest, change):
    twice = guest.with_event(guest.items[2], 1.0)  # one item has two events
    person = Profiles.of(twice, engine.catalogue)
    strangers = [engine.catalogue.code(i) for i in engine.catalogue.ids if i not in guest][:6]
    edits = {
        "remove": Edits.removals(person),
        "add": Edits.additions(person, np.array(strangers), 4.0),
        "rate": Edits.ratings(person, [1.0, 5.0]),
    }[change]
    sets = [(), (0,), (1, 4), (0, 2, 5)]
    for made, chosen in zip(edits.people(sets), sets, strict=True):
        assert made == edits.profile(twice, chosen)


def test_a_candidate_of_nobody_has_to_become_one_first(engine, guest):
    whole = engine.score(Profiles.of(guest, engine.catalogue))[0]
    unranked = np.flatnonzero(np.isnan(whole))
    item = next(i for i in engine.catalogue.take(unranked) if i not in guest)
    found = wb.counterfactual(engine, guest, item, K, change="add")
    assert found.rank_before is None
    assert found.verified
    assert found.found == (item in found.slate_after)
