"""wb.counterfactual: what it certifies is so, by the real pipeline and by brute force."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.explain.counterfactual import BOUND
from workbench.profiles import Profiles

K = 10


@pytest.fixture(scope="module")
def ease(world_split):
    return wb.create("ease").fit(world_split.train)


@pytest.fixture(scope="module")
def people(world_split):
    """Guests with short histories."""
    guests = world_split.train.profiles(world_split.guests)
    return guests[np.argsort(guests.lengths)[:6]]


def short(profile, n):
    return wb.Profile(profile.history[-n:], profile.attributes, profile.context)


def list_without(model, profile, gone, k=K):
    """The slate after removals, made by asking for more and striking out what was removed."""
    longer = wb.slate(model, profile.without(*gone), k + len(gone)).items
    return [item for item in longer if item not in gone][:k]


# --- removing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "n_people"), [("ease", 6), ("engine", 2)])
def test_the_smallest_set_is_that_of_brute_force(request, people, name, n_people):
    model, n, sizes = request.getfixturevalue(name), 6, []
    for profile in (short(p, n) for p in people[:n_people]):
        every = [gone for size in range(1, n + 1) for gone in combinations(profile.items, size)]
        edited = Profiles.of([profile.without(*gone) for gone in every], model.catalogue)
        lists = [
            [item for item in longer.items if item not in gone][:K]
            for gone, longer in zip(every, wb.recommend(model, edited, K + n), strict=True)
        ]
        for item in wb.slate(model, profile, K).items[1::3]:
            found = wb.counterfactual(model, profile, item, K)
            sets = zip(every, lists, strict=True)
            smallest = next((len(gone) for gone, shown in sets if item not in shown), None)
            assert found.method == "exhaustive"
            assert (len(found.remove) if found else None) == smallest
            sizes.append(smallest)
    assert {1, 2} <= set(sizes)  # the question was not trivial


def test_the_certificate_is_the_list_that_was_made_again(engine, guest):
    before = wb.slate(engine, guest, K)
    several = 0
    for item in before.items:
        found = wb.counterfactual(engine, guest, item, K)
        assert found.verified
        assert found.slate_before == before
        assert found.slate_after.items == list_without(engine, guest, found.remove)
        assert found.found == (item not in found.slate_after)
        assert found.profile == guest.without(*found.remove)
        assert found.rank_before == before.items.index(item) + 1
        assert found.rank_after is None or found.rank_after > K
        several += len(found.remove) > 1
        for kept in found.remove:  # every one is needed
            fewer = [gone for gone in found.remove if gone != kept]
            if fewer:
                assert item in list_without(engine, guest, fewer)
    assert several


def test_what_was_removed_stays_out_of_the_list(engine, world_split):
    people = world_split.train.profiles(world_split.guests)
    back = 0
    for profile in people[:8]:
        found = wb.counterfactual(engine, profile, wb.slate(engine, profile, K).items[-1], K)
        assert not set(found.remove) & set(found.slate_after.items)
        back += bool(set(found.remove) & set(wb.slate(engine, found.profile, K).items))
    assert back  # else the rule is not seen at work


@pytest.mark.parametrize(
    "settings",
    [
        None,
        {},
        {"diversity": 0.5},
        {"epsilon": 0.4, "seed": 3},
        {"exclude": 1, "cap": {"genres": 4}},
    ],
)
def test_its_policy_shows_the_certified_list(engine, world_split, settings):
    """Also where what was removed would come back, and where the policy chooses from a pool."""
    back = 0
    for profile in world_split.train.profiles(world_split.guests)[:4]:
        items, policy = wb.slate(engine, profile, 20).items, None
        if settings is not None:
            given = settings | ({"exclude": items[:1]} if "exclude" in settings else {})
            policy = wb.Policy.for_dataset(world_split.train, **given)
        for item in items[2::6]:
            found = wb.counterfactual(engine, profile, item, K, policy=policy, bound=60)
            assert found.verified
            assert wb.slate(engine, found.profile, K, found.policy) == found.slate_after
            own = [] if policy is None else [*policy.exclude]
            assert list(found.policy.exclude) == [*own, *found.remove]
            back += bool(set(found.remove) & set(wb.slate(engine, found.profile, K, policy).items))
    assert back


def test_a_pin_does_not_bring_back_what_was_removed(engine, guest):
    item = wb.slate(engine, guest, K).items[-1]
    gone = wb.counterfactual(engine, guest, item, K).remove
    found = wb.counterfactual(engine, guest, item, K, policy=wb.Policy(pin=gone[:1]))
    assert found.remove == gone
    assert not set(gone) & set(found.slate_after.items)
    assert wb.slate(engine, guest.without(*gone), K, wb.Policy(pin=gone[:1])).items[0] == gone[0]


@pytest.mark.parametrize("settings", [{"diversity": 0.4}, {"min_new": 3}, {"temperature": 0.5}])
def test_it_works_through_a_policy(engine, guest, world_split, settings):
    policy = wb.Policy.for_dataset(world_split.train, **settings)
    plain = wb.slate(engine, guest, K)
    shown = wb.slate(engine, guest, K, policy)
    assert shown != plain
    item = next(i for i in reversed(shown.items) if i not in plain.items)
    found = wb.counterfactual(engine, guest, item, K, policy=policy)
    assert found.goal == "leave"
    assert found.slate_before == shown
    assert found.verified
    assert found.found == (item not in found.slate_after)
    assert len(found.slate_after) == K
    if found.rank_after is not None:
        assert f"the model's own rank {found.rank_after}" in found.sentence


def test_an_item_enters_without_what_stood_in_its_way(engine, guest):
    items = wb.slate(engine, guest, 20).items[K:]
    reached = [wb.counterfactual(engine, guest, item, K) for item in items]
    assert all(found.goal == "enter" and found.verified for found in reached)
    entered = [found for found in reached if found]
    assert entered
    for found in entered:
        assert found.item_id in list_without(engine, guest, found.remove)
        assert found.rank_before > K >= found.rank_after
        assert "would be in the list of 10" in found.sentence


# --- honesty -------------------------------------------------------------------------------------


def test_where_nothing_helps_it_says_so(world_split, guest):
    popular = wb.create("popularity").fit(world_split.train)
    profile = short(guest, 3)
    item = wb.slate(popular, profile, K).items[0]
    found = wb.counterfactual(popular, profile, item, K)
    assert not found
    assert found.method == "exhaustive"
    assert found.n_scored == 7
    assert found.verified
    assert len(found.remove) == 1
    assert item in found.slate_after
    assert found.sentence == (
        f"Nothing was found that would make item {item} leave the list of 10. Tried all 3 single "
        f"changes, all 3 pairs and the one set of three. The nearest: without item "
        f"{found.remove[0]}, it would still be shown (on rank 1)."
    )


def test_the_sentence_says_what_was_tried(engine, guest):
    titles, greedy = dict(engine.tables_.items.select("item_id", "title").iter_rows()), 0
    for item in wb.slate(engine, guest, K).items:
        found = wb.counterfactual(engine, guest, item, K, bound=40)
        n = len(guest.items)
        said = found.sentence
        assert f"“{titles[item]}” would not be in the list of 10" in said
        assert all(f"“{titles[gone]}”" in said for gone in found.remove[:5])
        tried = {size: (n, p) for size, n, p in found.tried.iter_rows()}
        assert tried[1] == (n, n)
        assert f"ried all {n} single changes" in said
        if len(found.remove) == 1:
            assert "One change is enough" in said
        elif found.method == "exhaustive":
            assert "No smaller set does that." in said
            assert all(tried[s][0] == tried[s][1] for s in range(1, len(found.remove)))
        else:
            assert "a smaller set may exist" in said
            assert tried[2][0] < tried[2][1]
            assert f", {tried[2][0]} pairs" in said
            assert f"all {tried[2][0]} pairs" not in said
            greedy += 1
    assert greedy


def test_a_model_that_is_another_in_a_batch_is_not_believed(world_split, guest):
    class Fickle(type(wb.create("ease"))):
        def score(self, profiles, items=None):
            scores = super().score(profiles, items).copy()
            if len(profiles) > 1:  # alone, a person is scored as they were
                scores[:, np.nanargmax(scores[0])] = -9
            return scores

    model = Fickle().fit(world_split.train)
    item = wb.slate(model, guest, K).items[0]
    found = wb.counterfactual(model, guest, item, K)
    assert not found.verified
    assert not found.found
    assert "the list that was made again says otherwise" in found.sentence


def test_more_may_be_scored_than_by_default(engine, guest):
    item = wb.slate(engine, guest, K).items[0]
    few = wb.counterfactual(engine, guest, item, K, bound=1)
    more = wb.counterfactual(engine, guest, item, K, bound=BOUND * 5)
    assert few.n_scored <= len(guest.items) + 1 + 3 * len(guest.items)
    assert not few or len(more.remove) <= len(few.remove)


# --- people and logs of all kinds ----------------------------------------------------------------


@pytest.mark.parametrize("change", ["remove", "rate"])
def test_without_a_history_there_is_nothing_to_change(engine, change):
    nobody = wb.Profile.of()
    item = wb.slate(engine, nobody, K).items[0]
    found = wb.counterfactual(engine, nobody, item, K, change=change)
    assert not found
    assert found.n_scored == 0
    assert found.tried.height == found.singles.height == 0
    assert found.slate_after == found.slate_before
    assert found.sentence.startswith("There is nothing that could be ")


def test_a_person_without_a_history_may_be_given_one(engine):
    nobody = wb.Profile.of()
    item = wb.slate(engine, nobody, 30).items[-1]
    found = wb.counterfactual(engine, nobody, item, K, change="add")
    assert found.value == engine.relevant_from_
    assert found.found == (item in wb.slate(engine, found.profile, K))


def test_a_log_with_neither_values_nor_moments_nor_titles():
    draw = np.random.default_rng(0)
    rows = {(f"u{u}", f"i{i}") for u in range(30) for i in draw.integers(20, size=6)}
    users, items = zip(*sorted(rows), strict=True)
    log = wb.Dataset.from_frames(pl.DataFrame({"user_id": users, "item_id": items}))
    model = wb.create("item-knn").fit(log)
    profile = wb.Profile.of(["i1", "i2", "not known"])
    item = wb.slate(model, profile, 3).items[0]
    found = wb.counterfactual(model, profile, item, 3)
    assert found.verified
    assert set(found.remove) <= {"i1", "i2"}
    other = wb.slate(model, profile, 10).items[-1]
    added = wb.counterfactual(model, profile, other, 3, change="add")
    assert added.value is None
    assert "rated" not in added.sentence
    assert added.profile.last(added.add[0]).value is None
    with pytest.raises(wb.ArgumentError, match="no event of this history has a value"):
        wb.counterfactual(model, profile, item, 3, change="rate")


def test_a_plain_function_is_asked_too(world_split, guest):
    liked = guest.items[0]

    def same_as(profile, items):
        ids = items["item_id"].to_list()
        last = 1 if liked in profile else -1_000
        return {**{i: -n for n, i in enumerate(ids)}, ids[-1]: last}

    model = wb.FromFunction(same_as).fit(world_split.train)
    last = model.catalogue.id(len(model.catalogue) - 1)
    assert wb.slate(model, guest, K).items[0] == last
    assert wb.counterfactual(model, guest, last, K).remove == (liked,)


def test_a_list_longer_than_the_catalogue_is_never_left(ease, guest):
    n = len(ease.catalogue)
    item = wb.slate(ease, guest, n).items[-1]
    assert not wb.counterfactual(ease, short(guest, 3), item, n)


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"item_id": "no such item"}, "not in the catalogue of 'engine'"),
        ({"k": 0}, "k must be a whole number of at least 1"),
        ({"change": "forget"}, "change must be"),
        ({"goal": "win"}, "goal must be"),
        ({"goal": "enter"}, "is already on the slate"),
        ({"bound": 0}, "bound must be"),
        ({"change": "rate", "values": []}, "values must be finite numbers, at least one"),
        ({"change": "rate", "values": "45"}, "values must be a list of numbers"),
        ({"change": "rate", "values": [np.nan]}, "values must be finite numbers"),
        ({"change": "add", "pool": "abc"}, "pool must be a list of item ids"),
        ({"change": "add", "pool": ["no such item"]}, "pool holds 'no such item', which is not in"),
        ({"profile": [1]}, "profile must be a Profile"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(engine, guest, arguments, words):
    item = wb.slate(engine, guest, K).items[0]
    given = {"profile": guest, "item_id": item, "k": K} | arguments
    with pytest.raises(wb.ArgumentError, match=words):
        wb.counterfactual(engine, **given)


def test_items_that_were_met_are_refused(engine, guest):
    with pytest.raises(wb.ArgumentError, match="is in the history of this person"):
        wb.counterfactual(engine, guest, guest.items[0])
    item = wb.slate(engine, guest, 20).items[-1]
    with pytest.raises(wb.ArgumentError, match=r"goal='leave': item .* is not on the slate"):
        wb.counterfactual(engine, guest, item, K, goal="leave")
    for pool, words in (([guest.items[0]], "was met"), ([item], "is the item in question")):
        with pytest.raises(wb.ArgumentError, match=words):
            wb.counterfactual(engine, guest, item, K, change="add", pool=pool)
    with pytest.raises(RuntimeError, match="has not been fitted"):
        wb.counterfactual(wb.Engine(), guest, item)
