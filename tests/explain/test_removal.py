"""Effect of removal: the score, the rank and the slate of the edited person, nothing else."""

import numpy as np
import pytest

import workbench as wb
from workbench.explain.coalitions import without_each
from workbench.explain.removal import removals
from workbench.explain.variants import places, variant_slates
from workbench.profiles import Profiles


def person_of(model, profile):
    return Profiles.of(profile, model.catalogue)


def listed(model, edited, met, k=10_000, policy=None):
    """The list of an edited person, less what the person has met: the rule, spelt out."""
    if policy is None:
        return [i for i in wb.slate(model, edited, k).items if i not in met]
    never = [i for i in met if i not in edited.items]
    pin = [i for i in policy.pin if i not in never]
    rules = {"exclude": [*policy.exclude, *never], "pin": pin, "boost": policy.boost}
    return wb.slate(model, edited, k, wb.Policy(**rules)).items


@pytest.mark.parametrize("name", ["engine", "ease", "content", "popularity"])
def test_ranks_and_places_are_those_of_the_slates_of_the_edited_people(
    name, engine, world_split, guest
):
    model = engine if name == "engine" else wb.create(name).fit(world_split.train)
    person = person_of(model, guest)
    gone, people = without_each(person)
    shown = wb.slate(model, guest, 40).items
    asked = np.array(model.catalogue.codes([*shown[::4], guest.items[0], *shown[-1:]]))
    found = places(model, person, people, asked, 5)
    assert found.rank.max() > 10
    differ = 0
    for row, item in enumerate(gone):
        edited = guest.without(model.catalogue.id(int(item)))
        items = listed(model, edited, guest.items)
        for column, code in enumerate(asked):
            rank = items.index(i) + 1 if (i := model.catalogue.id(int(code))) in items else 0
            assert found.rank[row, column] == rank
            assert found.place[row, column] == (rank if rank <= 5 else 0)
            differ += rank != shown.index(i) + 1 if i in shown else 0
        np.testing.assert_array_equal(
            found.score[row],
            (model.score_pairs if name == "engine" else model.score)(
                person_of(model, edited), asked
            )[0],
        )
    assert differ > 0 or name == "popularity"  # else the test would see nothing
    assert (found.rank[:, -2] == 0).all()  # what was met


def test_what_was_removed_stays_out_of_the_list(engine, guest):
    """Many removed items would be shown again at once; none is."""
    person = person_of(engine, guest)
    items, people = without_each(person)
    back = [
        i in wb.slate(engine, guest.without(i), 100).items for i in engine.catalogue.take(items)
    ]
    assert any(back)
    slates = variant_slates(engine, person, people, 100)
    assert len(slates) == len(items)
    assert not set(slates.frame["item_id"]) & set(guest.items)
    for row, i in enumerate(engine.catalogue.take(items)):
        assert slates[row].items == listed(engine, guest.without(i), guest.items)[:100]


def test_places_go_through_the_policy(engine, guest):
    shown = wb.slate(engine, guest, 30).items
    policy = wb.Policy(
        exclude=shown[:2], boost={shown[12]: 1.5}, pin=[shown[20], guest.items[0]], items=None
    )
    person = person_of(engine, guest)
    gone, people = without_each(person)
    asked = engine.catalogue.codes(shown[:25])
    found = places(engine, person, people, asked, 8, policy)
    for row, item in enumerate(gone):
        edited = guest.without(engine.catalogue.id(int(item)))
        items = listed(engine, edited, guest.items, 8, policy)
        expected = [items.index(i) + 1 if i in items else 0 for i in shown[:25]]
        assert found.place[row].tolist() == expected
    assert (found.place[:, 20] == 1).all()  # pinned
    slates = variant_slates(engine, person, people, 8, policy)
    assert guest.items[0] not in set(slates.frame["item_id"])  # its pin would bring it back
    assert len(slates.steps) == len(people)


def test_effects_of_events_are_in_the_frame(engine, guest):
    slate = wb.slate(engine, guest, 6)
    for place in (0, 5):
        why = wb.explain(engine, guest, slate.items[place], k=6, budget=1)
        assert (why.rank, why.place, why.k) == (place + 1, place + 1, 6)
        for row in why.events.iter_rows(named=True):
            edited = guest.without(row["item_id"])
            items = listed(engine, edited, guest.items)
            rank = items.index(why.item_id) + 1 if why.item_id in items else None
            assert row["rank_without"] == rank
            assert row["stays"] == (rank is not None and rank <= 6)
    deep = wb.explain(engine, guest, wb.slate(engine, guest, 30).items[29], k=6, budget=1)
    assert deep.rank == 30
    assert deep.place is None
    assert deep.events["stays"].null_count() == deep.events.height
    met = wb.explain(engine, guest, guest.items[0], budget=1)
    assert met.rank is None
    assert met.events["rank_without"].null_count() == met.events.height


@pytest.fixture(scope="module")
def told(world_split):
    """A rule that reads an attribute, a column of context and the moment."""

    def rule(profile, items):
        age = profile.attributes.get("age")
        bonus = 0.0 if age is None else age / 100
        bonus += 1.0 if profile.context.get("device") == "tv" else 0.0
        bonus += 0.0 if profile.as_of is None else 0.5 * (profile.as_of > 2e9)
        bonus += 0.01 * len(profile.history)
        ids = items["item_id"].to_list()
        return {i: bonus * (j % 7) - 0.3 * (j % 5) for j, i in enumerate(ids)}

    model = wb.FromFunction(rule, uses={"age", "device", "as_of"})
    return model.fit(world_split.train)


def test_effects_of_what_is_told_are_those_of_the_person_without_it(told, guest):
    profile = wb.Profile(
        guest.history[:4],
        {"age": 30, "shoe": 44},
        {"as_of": 3e9, "device": "tv", "noise": "x"},
    )
    k = 3
    item = wb.slate(told, profile, k).items[-1]
    why = wb.explain(told, profile, item, k=k)
    rows = {row["name"]: row for row in why.context.iter_rows(named=True)}
    assert {name: row["kind"] for name, row in rows.items()} == {
        "age": "attribute",
        "device": "context",
        "as_of": "moment",
    }  # and not what the model does not read
    assert rows["age"]["value"] == "30"
    edits = {
        "age": profile.with_attribute("age", None),
        "device": profile.with_context("device", None),
        "as_of": wb.Profile(profile.history, profile.attributes, {"device": "tv"}),
    }
    code = np.array([told.catalogue.code(item)])
    for name, edited in edits.items():
        less = told.score(person_of(told, edited), code)[0, 0]
        assert rows[name]["removal"] == pytest.approx(why.score - less, abs=1e-6)
        items = listed(told, edited, profile.items)
        assert rows[name]["rank_without"] == items.index(item) + 1
        assert rows[name]["stays"] == (item in items[:k])
    assert rows["device"]["removal"] > rows["age"]["removal"] > 0


def test_an_unknown_value_has_no_effect_to_show(told, guest):
    nothing = wb.Profile.of(guest.items[:2], attributes={"age": None})
    why = wb.explain(told, nothing, told.catalogue.id(0))
    assert why.context.height == 0
    assert why.context.columns == ["kind", "name", "value", "removal", "rank_without", "stays"]


def test_without_the_moment_the_engine_is_asked_at_the_last_event(engine, guest):
    late = guest.at(guest.as_of + 90 * 86_400)
    timeless = wb.Profile.of(guest.items[:3], as_of=guest.as_of - 300 * 86_400)
    early = wb.Profile(guest.history[:3], {}, {"as_of": guest.as_of})
    effects = []
    for profile in (late, timeless, early):
        before = wb.Profile(profile.history, profile.attributes, {})
        items = wb.slate(engine, profile, 4).items
        scores = engine.score_pairs(person_of(engine, before), engine.catalogue.codes(items))[0]
        ranked = listed(engine, before, profile.items)
        for item, less in zip(items, scores, strict=True):
            why = wb.explain(engine, profile, item, budget=1)
            (row,) = why.context.iter_rows(named=True)
            assert row["kind"] == "moment"
            assert row["removal"] == pytest.approx(why.score - less, abs=1e-6)
            assert row["rank_without"] == ranked.index(item) + 1
            effects.append(abs(row["removal"]))
    assert max(effects) > 1e-3


def test_a_person_without_anything_has_no_effects(engine):
    person = person_of(engine, wb.Profile.of())
    found = removals(engine, person, 3)
    assert len(found.item) == len(found.removal) == len(found.rank_without) == 0
    assert found.told == []


def test_an_event_without_which_the_model_cannot_say_has_no_effect_in_numbers(world_split, guest):
    model = wb.FromFunction(
        lambda profile, items: (
            dict.fromkeys(items["item_id"], 1.0) if len(profile.history) > 1 else {}
        )
    ).fit(world_split.train)
    profile = wb.Profile(guest.history[:2], {}, guest.context)
    item = wb.slate(model, profile).items[0]
    why = wb.explain(model, profile, item)
    assert why.events["removal"].null_count() == 2
    assert why.events["rank_without"].null_count() == 2
    assert why.events["stays"].to_list() == [False, False]


def test_items_of_the_history_that_the_model_does_not_know_change_nothing(engine, guest):
    stranger = guest.with_event("no such item" if isinstance(guest.items[0], str) else 10**9)
    item = wb.slate(engine, guest).items[0]
    one, two = (wb.explain(engine, p, item, budget=30) for p in (guest, stranger))
    assert one.events.equals(two.events)


def test_k_must_be_a_number_of_places(engine, guest):
    person = person_of(engine, guest)
    with pytest.raises(wb.ArgumentError, match="k must be a whole number"):
        places(engine, person, person, np.array([0]), 0)
    with pytest.raises(wb.ArgumentError, match="k must be a whole number"):
        wb.explain(engine, guest, engine.catalogue.id(0), k=0)
    with pytest.raises(wb.ArgumentError, match="budget must be a whole number"):
        wb.explain(engine, guest, engine.catalogue.id(0), budget=-1)
