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
