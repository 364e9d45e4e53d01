"""Profile: frozen; every edit can be undone; equal people have equal fingerprints."""

import copy
import dataclasses
from datetime import UTC, datetime, timedelta, timezone
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import ArgumentError
from workbench.profile import Event, Profile

laws = settings(max_examples=25, deadline=None)
moments = st.one_of(st.none(), st.integers(0, 2_000_000_000).map(float))
values = st.one_of(st.none(), st.floats(-10, 10))
kinds = st.sampled_from([None, "view", "buy"])
items = st.integers(0, 12)
events = st.builds(Event, items, moments, values, st.floats(0, 5), kinds)
attributes = st.dictionaries(
    st.sampled_from(["age", "gender", "region"]), st.one_of(st.integers(0, 99), st.text(max_size=3))
)


@st.composite
def profiles(draw, min_events=0):
    history = draw(st.lists(events, min_size=min_events, max_size=12))
    known = [e.timestamp for e in history if e.timestamp is not None]
    as_of = draw(st.one_of(st.none(), st.just(max(known, default=0.0) + draw(st.integers(0, 99)))))
    return Profile(tuple(history), draw(attributes), {"as_of": as_of, "device": "tv"})


# --- edits and their undoing ----------------------------------------------------------------


@laws
@given(profiles(), values, st.floats(0, 5))
def test_adding_a_new_item_and_taking_it_out_is_identity(p, value, weight):
    more = p.with_event(99, value, weight=weight)
    assert len(more) == len(p) + 1
    assert more.last(99).value == value
    assert more.without(99) == p
    assert more.without(99).fingerprint == p.fingerprint


@laws
@given(profiles(min_events=1), st.floats(0, 5), values, st.data())
def test_reweighting_and_revaluing_back_is_identity(p, weight, value, data):
    event = data.draw(st.sampled_from(p.history))
    alone = [e for e in p.history if e.item_id == event.item_id]
    there = p.reweighted(event.item_id, weight).revalued(event.item_id, value)
    assert {(e.weight, e.value) for e in there.history if e.item_id == event.item_id} == {
        (weight, value)
    }
    others = [e for e in there.history if e.item_id != event.item_id]
    assert others == [e for e in p.history if e.item_id != event.item_id]
    if len(alone) == 1:
        back = there.reweighted(event.item_id, event.weight).revalued(event.item_id, event.value)
        assert back == p


@laws
@given(profiles(), st.text(max_size=3))
def test_attributes_and_context_change_and_change_back(p, word):
    before = dict(p.attributes)
    there = p.with_attribute("age", word)
    assert there.attributes["age"] == word
    assert dict(p.attributes) == before
    if "age" in before:
        assert there.with_attribute("age", before["age"]) == p
    assert p.with_context("device", word).with_context("device", "tv") == p


@laws
@given(profiles())
def test_at_the_moment_it_already_has_nothing_changes(p):
    if p.as_of is not None:
        assert p.at(p.as_of) == p
        assert p.with_context("as_of", p.as_of) == p


@laws
@given(profiles(), st.integers(0, 2_000_000_000))
def test_going_back_forgets_only_what_is_later(p, moment):
    then = p.at(moment)
    assert then.as_of == moment
    assert [e for e in p.history if e.timestamp is None or e.timestamp <= moment] == list(
        then.history
    )


@laws
@given(profiles(min_events=1), st.data())
def test_without_takes_out_every_event_of_an_item_and_keeps_the_moment(p, data):
    item = data.draw(st.sampled_from(p.items))
    rest = p.without(item)
    assert item not in rest
    assert rest.last(item) is None
    assert rest.as_of == p.as_of
    assert [e for e in p.history if e.item_id != item] == list(rest.history)
    assert p.without(*p.items).history == ()


# --- fingerprint and order ------------------------------------------------------------------


@laws
@given(st.lists(events, max_size=12, unique_by=lambda e: e.timestamp), st.randoms())
def test_the_order_of_timed_events_does_not_matter(history, random):
    shuffled = list(history)
    random.shuffle(shuffled)
    one, two = Profile(tuple(history)), Profile(tuple(shuffled))
    assert one == two
    assert one.fingerprint == two.fingerprint
    assert hash(one) == hash(two)


@laws
@given(profiles(min_events=1), st.data())
def test_any_change_is_another_fingerprint(p, data):
    place = data.draw(st.integers(0, len(p) - 1))
    event = p.history[place]
    for change in (
        {"item_id": 77},
        {"value": 11.0},
        {"weight": event.weight + 1},
        {"kind": "other"},
    ):
        history = list(p.history)
        history[place] = dataclasses.replace(event, **change)
        assert dataclasses.replace(p, history=tuple(history)).fingerprint != p.fingerprint
    assert p.with_attribute("age", -1).fingerprint != p.fingerprint
    assert p.with_context("device", "phone").fingerprint != p.fingerprint


def test_attribute_order_is_no_difference_and_id_type_is():
    one = Profile.of([1], attributes={"age": 3, "gender": "F"})
    assert one.fingerprint == Profile.of([1], attributes={"gender": "F", "age": 3}).fingerprint
    assert one.fingerprint != Profile.of(["1"], attributes=one.attributes).fingerprint


def test_untimed_events_come_first_and_keep_their_order():
    p = Profile.of([5, 6, 7, 8], timestamps=[20, None, 10, None])
    assert [e.item_id for e in p.history] == [6, 8, 7, 5]
    assert p.as_of == 20
    assert Profile.of([1, 2]).as_of is None


def test_the_latest_event_is_the_last_word():
    p = Profile.of([1, 2, 1], values=[5, 4, 2], timestamps=[1, 2, 3])
    assert p.last(1).value == 2
    assert p.items == [1, 2]
    assert p.at(2).last(1).value == 5


# --- frozen ---------------------------------------------------------------------------------


def test_nothing_in_it_can_be_changed():
    given_attributes = {"age": 30}
    p = Profile.of([1], attributes=given_attributes, context={"device": "tv"})
    given_attributes["age"] = 99
    assert p.attributes["age"] == 30
    with pytest.raises(dataclasses.FrozenInstanceError, match="history"):
        p.history = ()
    with pytest.raises(TypeError, match="does not support item assignment"):
        p.attributes["age"] = 31
    with pytest.raises(TypeError, match="does not support item assignment"):
        p.context["device"] = "phone"
    with pytest.raises(dataclasses.FrozenInstanceError, match="value"):
        p.history[0].value = 3.0


# --- moments and messages -------------------------------------------------------------------


def test_datetimes_are_seconds_and_without_a_zone_they_are_utc():
    naive = datetime(2024, 5, 1, 12)
    east = datetime(2024, 5, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert Event(1, naive).timestamp == Event(1, east).timestamp
    assert Event(1, naive).timestamp == naive.replace(tzinfo=UTC).timestamp()
    assert (
        Profile.of([1], timestamps=[naive]).at(naive).as_of == naive.replace(tzinfo=UTC).timestamp()
    )


def test_an_event_without_a_moment_happens_now_and_a_later_one_moves_now():
    p = Profile.of([1], timestamps=[100], as_of=200)
    assert p.with_event(2).last(2).timestamp == 200
    assert p.with_event(2, timestamp=300).as_of == 300
    assert p.with_event(2, timestamp=50).as_of == 200
    assert p.with_event(Event(2, 150, 4.0)).last(2).value == 4.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Event(True), "item_id must be a string or an integer, not True"),
        (lambda: Event(1.5), "item_id must be a string or an integer, not 1.5"),
        (lambda: Event(None), "item_id must be a string or an integer, not None"),
        (lambda: Event(1, float("nan")), "timestamp must be a finite number, not nan"),
        (lambda: Event(1, "noon"), "timestamp must be a finite number, not 'noon'"),
        (lambda: Event(1, value=float("inf")), "value must be a finite number, not inf"),
        (lambda: Event(1, weight=-1), "weight must be 0 or more, not -1"),
        (lambda: Profile.of("abc"), "items must be a list of ids, not the string 'abc'"),
        (lambda: Profile.of([1, 2], values=[3]), "values has 1 entries for 2 items"),
        (lambda: Profile.of([1], timestamps=[]), "timestamps has 0 entries for 1 items"),
        (lambda: Profile.of([1], timestamps=[5], as_of=4), r"use \.at\(as_of\) to go back"),
        (lambda: Profile.of([1]).without(2), r"item 2 is not in the history .* profile\.items"),
        (lambda: Profile.of([1]).reweighted(2, 0), "item 2 is not in the history"),
        (lambda: Profile.of([1]).revalued("1", 0), "item '1' is not in the history"),
        (lambda: Profile.of([1]).at(None), "as_of must be a moment, not None"),
    ],
)
def test_what_cannot_work_is_refused_in_plain_words(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


# --- ids from arrays, copies ------------------------------------------------------------------


def test_ids_from_arrays_are_plain_ids():
    numbers = Profile.of(items=np.array([1, 2]), values=np.array([5, 4]))
    assert numbers == Profile.of(items=[1, 2], values=[5, 4])
    assert numbers.fingerprint == Profile.of(items=[1, 2], values=[5, 4]).fingerprint
    assert [type(i) for i in numbers.with_event(np.int64(3)).items] == [int, int, int]
    assert [type(i) for i in Profile.of(items=np.array(["a", "b"])).items] == [str, str]
    assert numbers.without(np.int64(1)).items == [2]
    for wrong in (np.bool_(True), np.float64(1.0)):
        with pytest.raises(ArgumentError, match="item_id must be a string or an integer"):
            Profile.of(items=[wrong])


def _sent(person):
    return ForkingPickler.loads(ForkingPickler.dumps(person))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, _sent], ids=["copy", "deep", "sent"])
def test_a_profile_can_be_copied_and_sent_to_another_process(copied):
    person = Profile.of(
        items=["a", "b"], values=[1, None], attributes={"age": 30}, as_of=5
    ).reweighted("a", 0.5)
    again = copied(person)
    assert again is not person
    assert again == person
    assert again.fingerprint == person.fingerprint
    assert again.with_attribute("age", 31) != person
    with pytest.raises(TypeError, match="does not support item assignment"):
        again.attributes["age"] = 31


def test_equal_profiles_have_equal_hashes():
    one, other = Profile(attributes={"x": 1}), Profile(attributes={"x": 1.0})
    assert one == other
    assert len({one, other}) == 1
    assert hash(Profile(attributes={"x": [1]})) == hash(Profile(attributes={"x": [1]}))
