"""A sample of the people asked: drawn by id, stated, and nothing else moves."""

from __future__ import annotations

import pytest

import workbench as wb
from workbench.data.sample import asking
from workbench.errors import ArgumentError


@pytest.fixture(scope="module")
def split():
    world = wb.load("synthetic", n_users=80, n_items=80, n_events=1_500)
    return wb.split(world, guests=0.2)


def test_a_sample_asks_some_of_the_same_questions(split):
    few = asking(split, 20)
    ids = few.people()[0]
    everybody, _ = split.people()
    assert len(ids) == 20
    assert set(ids) < set(everybody)
    assert few.train is split.train
    assert few.guests == split.guests
    rows = [everybody.index(i) for i in ids]
    assert (few.relevant_matrix() != split.relevant_matrix()[rows]).nnz == 0
    assert few.parameters["asked"] == 20
    assert few.parameters["of"] == len(everybody)
    assert few.fingerprint != split.fingerprint


def test_a_larger_sample_holds_the_smaller_and_another_seed_draws_others(split):
    small, large = (set(asking(split, n).people()[0]) for n in (10, 30))
    assert small < large
    assert set(asking(split, 10, seed=1).people()[0]) != small


def test_the_figures_of_a_person_do_not_change_and_the_protocol_says_that_it_is_a_sample(split):
    model = wb.create("popularity").fit(split.train)
    few = asking(split, 15)
    some, whole = wb.evaluate(model, few), wb.evaluate(model, split)
    same = whole.filter(whole["user_id"].is_in(some["user_id"].implode()))
    assert same.drop("protocol").equals(some.drop("protocol"))
    n = len(split.people()[0])
    assert f"a sample of 15 of {n} people" in some["protocol"][0]
    assert "sample" not in whole["protocol"][0]


def test_all_people_are_no_sample(split):
    assert asking(split, 10**6) is split


@pytest.mark.parametrize("wrong", [0, -3, 2.5, True, "all"])
def test_a_number_that_cannot_work(split, wrong):
    with pytest.raises(ArgumentError, match="max_people must be a whole number of at least 1"):
        asking(split, wrong)
