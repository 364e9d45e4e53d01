"""Vocabulary: codes do not depend on order, repeats or the type in which ids are spelt."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.vocabulary import Vocabulary

laws = settings(max_examples=25, deadline=None)
integers = st.lists(st.integers(-(2**53), 2**53), max_size=40)
texts = st.lists(st.text(max_size=6), max_size=40)


@laws
@given(st.one_of(integers, texts), st.randoms(use_true_random=False))
def test_order_and_repeats_of_the_input_do_not_matter(ids, random):
    shuffled = [*ids, *ids[:3]]
    random.shuffle(shuffled)
    first, second = Vocabulary(ids), Vocabulary(shuffled)
    assert first.ids.to_list() == second.ids.to_list()
    assert first == second
    assert hash(first) == hash(second)
    assert first.fingerprint == second.fingerprint


@laws
@given(integers)
def test_integers_and_their_text_have_the_same_codes_and_hashes(ids):
    numbers, words = Vocabulary(ids), Vocabulary([str(i) for i in ids])
    assert numbers.text.to_list() == words.ids.to_list()
    assert numbers.codes(ids).tolist() == words.codes([str(i) for i in ids]).tolist()
    assert numbers.hashes().tolist() == words.hashes().tolist()
    assert numbers != words or not ids


@laws
@given(st.lists(st.integers(0, 2**62), max_size=40))
def test_natural_numbers_keep_their_order(ids):
    assert Vocabulary(ids).ids.to_list() == sorted(set(ids))


@laws
@given(st.one_of(integers, texts))
def test_a_code_is_a_place_and_back(ids):
    vocabulary = Vocabulary(ids)
    distinct = vocabulary.ids.to_list()
    assert len(vocabulary) == len(set(ids))
    assert [vocabulary.code(i) for i in distinct] == list(range(len(distinct)))
    assert vocabulary.take(vocabulary.codes(ids)) == ids
    assert [vocabulary.id(c) for c in range(len(distinct))] == distinct
    as_series = pl.Series(ids, dtype=vocabulary.ids.dtype)
    assert vocabulary.codes(as_series).tolist() == vocabulary.codes(ids).tolist()


@pytest.mark.parametrize("as_series", [False, True])
def test_unknown_ids_are_minus_one(as_series):
    numbers = Vocabulary([1, 2, 10])
    wrap = pl.Series if as_series else list
    assert numbers.codes(wrap([10, 3, 1])).tolist() == [2, -1, 0]
    assert numbers.codes(wrap(["10", "1"])).tolist() == [-1, -1]
    assert Vocabulary(["007", "7"]).codes(wrap([7])).tolist() == [-1]
    assert Vocabulary([]).codes(wrap([1])).tolist() == [-1]
    assert numbers.codes(wrap([])).dtype == np.int64


def test_leading_zeros_are_other_ids():
    vocabulary = Vocabulary(["7", "007", "07"])
    assert vocabulary.ids.to_list() == ["7", "07", "007"]
    assert "07" in vocabulary
    assert "0007" not in vocabulary
    assert vocabulary.code("0007") == -1


def test_the_fingerprint_knows_the_type_and_where_an_id_ends():
    assert Vocabulary([1, 2]) != Vocabulary(["1", "2"])
    assert Vocabulary(["ab", "cd"]) != Vocabulary(["a", "b", "cd"])
    assert Vocabulary(["a"]) != ["a"]


@laws
@given(st.sets(st.text(max_size=8), min_size=2, max_size=50))
def test_hashes_differ_between_ids(ids):
    hashes = Vocabulary(ids).hashes()
    assert hashes.dtype == np.uint64
    assert len(set(hashes.tolist())) == len(ids)


def test_it_says_what_it_is():
    assert repr(Vocabulary(range(1500))) == "Vocabulary(1,500 integer ids)"
    assert repr(Vocabulary(["a"])) == "Vocabulary(1 string ids)"


def test_negative_integers_are_ordered_by_their_text():
    ids = Vocabulary([10, -1, 3, -10, -2])
    assert ids.ids.to_list() == [3, -1, -2, 10, -10]
    assert ids.text.to_list() == Vocabulary(["10", "-1", "3", "-10", "-2"]).ids.to_list()
