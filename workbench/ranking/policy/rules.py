"""The parameters of a policy, checked before anything is ranked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import ITEM
from workbench.errors import ArgumentError
from workbench.ranking.policy import traits
from workbench.vocabulary import Vocabulary

MAKE = "wb.Policy.for_dataset(train, ...) makes one"


def share_of_one(name: str, value: Any) -> None:
    """Refuse a weight or a probability that is not from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:
        raise ArgumentError(f"{name} must be from 0 to 1, not {value!r}")


def whole(name: str, value: Any, least: int) -> None:
    """Refuse what is not a whole number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ArgumentError(f"{name} must be at least {least} and a whole number, not {value!r}")


def from_zero(name: str, value: Any) -> None:
    """Refuse what is not a finite number of 0 or more."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 <= float(value) < math.inf:
        raise ArgumentError(f"{name} must be a finite number of 0 or more, not {value!r}")


def ids(name: str, value: Any) -> None:
    """Refuse what is no list of ids."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ArgumentError(
            f"{name} must be a list of ids, not "
            + ("a string" if isinstance(value, str) else repr(value))
        )


def boosts(boost: Any) -> None:
    """Refuse a boost that is no mapping of finite numbers."""
    if not isinstance(boost, Mapping):
        raise ArgumentError(f"boost must map item ids to numbers, not {boost!r}")
    for item, by in boost.items():
        number = isinstance(by, Real) and not isinstance(by, bool)
        if not number or not math.isfinite(by):
            raise ArgumentError(f"boost of {item!r} must be a finite number, not {by!r}")


def caps(cap: Any) -> None:
    """Refuse caps that say nothing or forbid everything."""
    if not isinstance(cap, Mapping):
        raise ArgumentError(
            f'cap must map columns to numbers, such as {{"genres": 3}}, not {cap!r}'
        )
    for column, most in cap.items():
        if most == 0 and not isinstance(most, bool):
            raise ArgumentError(
                f"cap of {column!r} must be at least 1, not 0, which would show nothing that has a "
                f"value there; to leave single items out, exclude them"
            )
        whole(f"cap of {column!r}", most, 1)


def floors(floor: Any) -> None:
    """Refuse floors whose shape or shares cannot work."""
    if not isinstance(floor, Mapping) or not all(isinstance(v, Mapping) for v in floor.values()):
        raise ArgumentError(
            'floor must map columns to shares by value, such as {"popularity": {"tail": 0.2}}, '
            f"not {floor!r}"
        )
    for column, shares in floor.items():
        for value, share in shares.items():
            share_of_one(f"floor of {column} {value!r}", share)


def tables(items: Any, needed: Sequence[tuple[str, str]]) -> None:
    """Refuse a table of items that lacks what the parameters read.

    Parameters
    ----------
    items : polars.DataFrame or None
    needed : sequence of (parameter, column)
    """
    if items is not None and not isinstance(items, pl.DataFrame):
        raise ArgumentError(f"items must be a polars frame, not {type(items).__name__}; {MAKE}")
    for name, column in needed:
        if items is None or ITEM not in items.columns or column not in items.columns:
            raise ArgumentError(f"{name} needs items, a frame with {ITEM} and {column}; {MAKE}")
    if needed and items is not None:
        if items[ITEM].is_duplicated().any():
            twice = items[ITEM].filter(items[ITEM].is_duplicated())[0]
            raise ArgumentError(f"items holds {twice!r} twice; keep one row per item")
        for name, column in needed:
            if column == traits.PEOPLE and not items[column].dtype.is_numeric():
                raise ArgumentError(f"{name} needs numbers in the column {column} of items")
            if column == traits.NEW and items[column].dtype != pl.Boolean:
                raise ArgumentError(f"{name} needs true and false in the column {column} of items")


def floor_values(items: pl.DataFrame, floor: Mapping[str, Mapping[Any, float]]) -> None:
    """Refuse floors of values that no item has, or that ask for more than everything."""
    for column, shares in floor.items():
        known = traits.values(items[column]).explode().drop_nulls().unique().sort().to_list()
        for value in shares:
            if traits.text(value) not in known:
                raise ArgumentError(
                    f"floor of {column} {value!r}: no item has that value; there are "
                    + ", ".join(map(repr, known[:12]))
                )
        if not traits.several(items[column]) and sum(shares.values()) > 1 + 1e-9:
            raise ArgumentError(
                f"floor of {column} adds up to {sum(shares.values()):g}, more than all places; an "
                "item has one value there: ask for 1 at most together"
            )


def stranger(name: str, item: Any, catalogue: Vocabulary) -> ArgumentError:
    """An id that the catalogue does not have."""
    kind = "integers" if catalogue.is_integer else "text"
    same_type = isinstance(item, str) != catalogue.is_integer
    return ArgumentError(
        f"{name} holds {item!r}, which is not an item of the catalogue; "
        + ("give" if same_type else f"the ids there are {kind}: give")
        + " ids as the items table spells them"
    )
