"""Profiles: a batch is its people, and its views are what the events say."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import ArgumentError
from workbench.profile import Event, Profile
from workbench.profiles import Profiles
from workbench.vocabulary import Vocabulary

CATALOGUE = Vocabulary(range(13))
ALL = {"age": 30, "gender": "F"}
laws = settings(max_examples=25, deadline=None)
# Weights that float32 holds exactly, as a batch keeps them in float32.
events = st.builds(
    Event,
    st.integers(0, 12),
    st.one_of(st.none(), st.integers(0, 2_000_000_000)),
    st.one_of(st.none(), st.floats(-10, 10)),
    st.floats(0, 5, width=32),
    st.sampled_from([None, "view", "buy"]),
)
people = st.lists(
    st.lists(events, max_size=8).map(lambda history: Profile(tuple(history), ALL)),
    min_size=1,
    max_size=6,
)


@laws
@given(people)
def test_a_batch_is_its_people(persons):
    batch = Profiles.of(persons, CATALOGUE)
    assert len(batch) == len(persons)
    assert list(batch) == persons
    assert [batch[i].fingerprint for i in range(len(batch))] == [p.fingerprint for p in persons]
    assert batch[-1] == persons[-1]


@laws
@given(people, st.data())
def test_a_part_of_a_batch_is_the_batch_of_the_part(persons, data):
    batch = Profiles.of(persons, CATALOGUE)
    rows = data.draw(st.lists(st.integers(0, len(persons) - 1), max_size=6))
    assert list(batch[rows]) == [persons[i] for i in rows]
    assert list(batch[1:]) == persons[1:]
    mask = np.array([len(p) > 2 for p in persons])
    assert list(batch[mask]) == [p for p in persons if len(p) > 2]
    joined = [p for _, block in batch.blocks(2) for p in block]
    assert joined == persons


@laws
@given(people)
def test_views_follow_the_last_word(persons):
    batch = Profiles.of(persons, CATALOGUE)
    seen, liked = batch.seen.toarray(), batch.csr(batch.positive(3.0)).toarray()
    for row, p in enumerate(persons):
        for code in range(len(CATALOGUE)):
            last = p.last(code)
            assert seen[row, code] == (last is not None)
            relevant = last is not None and (last.value is None or last.value >= 3.0)
            assert liked[row, code] == pytest.approx(last.weight if relevant else 0.0)
    assert batch.lengths.tolist() == [len(p) for p in persons]
    assert batch.seen.has_sorted_indices
    everything = batch.csr(batch.positive(None)).toarray()
    assert (liked <= everything).all()


@laws
@given(people)
def test_another_catalogue_keeps_the_people_and_counts_what_it_does_not_know(persons):
    batch = Profiles.of(persons, CATALOGUE)
    wider, narrower = Vocabulary(range(-5, 20)), Vocabulary(range(0, 13, 2))
    assert list(batch.aligned(wider)) == persons
    assert batch.aligned(Vocabulary(range(13))) is batch
    part = batch.aligned(narrower)
    known = [[e for e in p.history if e.item_id % 2 == 0] for p in persons]
    assert [list(p.history) for p in part] == known
    assert part.unknown == sum(map(len, persons)) - sum(map(len, known))
    assert part.context.equals(batch.context)
    assert Profiles.of(persons, narrower).unknown == part.unknown


@laws
@given(people)
def test_only_some_events_of_the_same_people(persons):
    batch = Profiles.of(persons, CATALOGUE)
    mask = batch.item % 3 == 0
    assert [list(p.history) for p in batch.only(mask)] == [
        [e for e in p.history if e.item_id % 3 == 0] for p in persons
    ]


def test_other_attributes_for_the_same_people():
    batch = Profiles.of([Profile.of([1], attributes=ALL), Profile.of([2])], CATALOGUE)
    assert batch[1].attributes == {"age": None, "gender": None}
    other = batch.with_attributes(pl.DataFrame({"age": [1, 2]}))
    assert other[0].attributes == {"age": 1}
    assert batch[0].attributes == ALL
    with pytest.raises(ArgumentError, match="attributes has 1 rows for 2 profiles; give one each"):
        batch.with_attributes(pl.DataFrame({"age": [1]}))


@laws
@given(people, st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), max_size=9))
def test_more_events_for_many_are_those_for_each(persons, more):
    batch = Profiles.of(persons, CATALOGUE)
    more = [(row, item) for row, item in more if row < len(persons)]
    rows, items = (np.array([pair[i] for pair in more], dtype=np.int64) for i in (0, 1))
    after = batch.with_events(rows, items, np.full(len(more), 4.0))
    for row, before in enumerate(batch):
        one = before
        for item in items[rows == row]:
            one = one.with_event(int(item), 4.0)
        assert after[row] == one


def test_arrays_are_frozen():
    batch = Profiles.of(Profile.of([1, 2]), CATALOGUE)
    for array in (batch.item, batch.indptr, batch.timestamp, batch.value, batch.weight):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_nobody_and_nothing():
    nobody = Profiles.of([], CATALOGUE)
    assert (len(nobody), nobody.seen.shape, list(nobody)) == (0, (0, 13), [])
    stranger = Profiles.of(Profile(), CATALOGUE)
    assert stranger.lengths.tolist() == [0]
    assert stranger.seen.nnz == 0
    assert np.isnan(stranger.as_of).all()
    assert "1 people, 0 events, 13 items, 0 events of unknown items" in repr(stranger)
    with pytest.raises(IndexError, match="out of range"):
        stranger[1]
