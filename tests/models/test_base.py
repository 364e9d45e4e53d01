"""Recommender: what the base class does around every model."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import workbench as wb
from workbench.errors import ArgumentError, NotFittedError
from workbench.models.base import checked_items, checked_profiles
from workbench.models.linear import EASE
from workbench.vocabulary import Vocabulary


@pytest.fixture
def log() -> wb.Dataset:
    """Twelve people and six items in two groups, with an order in time."""
    rows = [
        (f"p{p}", f"i{i}", 10 * p + i)
        for p in range(12)
        for i in range(6)
        if (p + i) % 2 or i == p % 6
    ]
    return wb.Dataset.from_frames(
        pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    )


@pytest.mark.parametrize(
    ("items", "complaint"),
    [
        ([[0, 1]], "one-dimensional"),
        ([0.5], "one-dimensional"),
        ([True], "one-dimensional"),
        ([-1], "holds codes from -1 to -1"),
        ([0, 6], "holds codes from 0 to 6; the catalogue has 0 to 5"),
    ],
)
def test_items_that_are_no_codes_of_the_catalogue_are_refused(
    log: wb.Dataset, items: list[object], complaint: str
) -> None:
    with pytest.raises(ArgumentError, match=complaint):
        checked_items(EASE().fit(log), np.array(items))


def test_checked_arguments_are_in_the_models_catalogue(log: wb.Dataset) -> None:
    model = EASE().fit(log)
    assert checked_items(model, np.array([], dtype=np.float64)).dtype == np.int64
    other = wb.Profiles.of(wb.Profile.of(items=["i3"]), Vocabulary(["i3"]))
    found = checked_profiles(model, other)
    assert found.catalogue is model.catalogue
    assert found.item.tolist() == [3]


def test_arguments_are_not_checked_for_a_model_that_knows_no_catalogue(log: wb.Dataset) -> None:
    with pytest.raises(NotFittedError, match="EASE has not been fitted"):
        checked_items(EASE(), np.array([0]))
    with pytest.raises(NotFittedError, match="EASE has not been fitted"):
        checked_profiles(EASE(), log.profiles(["p1"]))
    with pytest.raises(ArgumentError, match="profiles must be Profiles, not list"):
        checked_profiles(EASE().fit(log), ["p1"])  # type: ignore[arg-type]


class Counting(wb.Recommender):
    """How often an item was met; it can be told to fail half way."""

    personalised = False
    fails = False

    def fit(self, dataset: wb.Dataset) -> Counting:
        self.count_ = np.bincount(dataset.profiles().item, minlength=dataset.n_items)
        self.half_ = True
        if self.fails:
            raise MemoryError("half way")
        return self

    def score(self, profiles: wb.Profiles, items: np.ndarray | None = None) -> np.ndarray:
        count = self.count_ if items is None else self.count_[items]
        return np.repeat(count[None].astype(np.float32), len(profiles), 0)


def test_a_model_of_a_few_lines_keeps_the_contract() -> None:
    table = wb.check_model(Counting)
    said = dict(table.select("rule", "result").iter_rows())
    assert said["says_what_it_is"] == "passed"
    assert said["names_its_source"] == (
        "skipped: only the package's own models must name their source"
    )
    assert not table["result"].str.starts_with("failed").any()


def test_a_class_without_a_name_is_called_by_its_own() -> None:
    class MyKNNModel(EASE):
        pass

    class _Hidden_one(Counting):
        pass

    class Named(Counting):
        name = "given"

    class Words:
        name = "of the mixin"

    class Mixed(Words, Counting):
        pass

    assert [c.name for c in (Counting, MyKNNModel, _Hidden_one, Named, Mixed)] == [
        "counting", "my-knn-model", "hidden-one", "given", "of the mixin",
    ]  # fmt: skip
    assert EASE.name == "ease"


def test_a_model_knows_what_it_was_fitted_on(log: wb.Dataset) -> None:
    blend = wb.create("blend", parts=["ease", "popularity"], weights=[1, 1])
    for model in (EASE(), blend, Counting()):
        assert model.fitted_on is None
        model.fit(log)
        assert model.fitted_on == log.fingerprint
        assert type(model).from_state(*model.state()).fitted_on == log.fingerprint


def test_a_refit_that_fails_leaves_the_old_fit(log: wb.Dataset) -> None:
    model, people = Counting().fit(log), log.profiles()
    before, seen = model.score(people), dict(vars(model))
    smaller = log.replaced(log.interactions.head(9))
    model.fails = True
    with pytest.raises(MemoryError, match="half way"):
        model.fit(smaller)
    del model.fails
    assert vars(model) == seen
    np.testing.assert_array_equal(model.score(people), before)
    assert model.fitted_on == log.fingerprint
    assert model.fit(smaller).fitted_on == smaller.fingerprint


def test_a_first_fit_that_fails_leaves_an_unfitted_model(log: wb.Dataset) -> None:
    model = Counting()
    model.fails = True
    with pytest.raises(MemoryError, match="half way"):
        model.fit(log)
    assert vars(model) == {"fails": True}
    with pytest.raises(NotFittedError, match="Counting has not been fitted"):
        model.score(log.profiles())


def test_shares_are_of_the_items_that_the_model_means(log: wb.Dataset) -> None:
    model = EASE(reg=1.0).fit(log)
    person = wb.Profile.of(items=["i1", "i4"])
    own = wb.Profiles.of(person, model.catalogue)
    foreign = wb.Profiles.of(
        person.with_event("nowhere").with_event("i3"), Vocabulary(["nowhere", "i4", "i3", "i1"])
    )
    assert model.event_shares(own, 5).any()
    assert foreign.item.tolist() != [1, 4, 0, 3]
    with_third = wb.Profiles.of(person.with_event("i3"), model.catalogue)
    first, second, third = model.event_shares(with_third, 5)
    assert model.event_shares(foreign, 5).tolist() == [first, second, 0.0, third]


def test_shares_of_what_cannot_be_shared_are_refused(log: wb.Dataset) -> None:
    model, people = EASE().fit(log), log.profiles()
    with pytest.raises(NotFittedError, match="EASE has not been fitted"):
        EASE().event_shares(people[[0]], 1)
    with pytest.raises(ArgumentError, match="profile must be of one person, not of 12"):
        model.event_shares(people, 1)
    with pytest.raises(ArgumentError, match="profiles must be Profiles, not Profile"):
        model.event_shares(people[0], 1)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="holds codes from -1 to -1"):
        model.event_shares(people[[0]], -1)
    with pytest.raises(ArgumentError, match="item must be the code of one item, not 'i1'"):
        model.event_shares(people[[0]], "i1")  # type: ignore[arg-type]
