"""Pool: what a counterfactual may add to a history, and with which values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.errors import ArgumentError
from workbench.explain.coalitions import context_only
from workbench.explain.edits import Edits
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.recommend import scored, top
from workbench.vocabulary import Id, IntArray

POOL = 40
"""Items that are near, and items that a stranger is shown."""
VALUES = 10
"""Up to so many different values, each may be given; beyond, five of them, evenly spread."""


def pool_of(
    model: Recommender, person: Profiles, anchor: int, banned: IntArray, value: float | None
) -> IntArray:
    """Items near an anchor and popular ones, by the model's own word; codes, each once.

    Near is what the model shows first to somebody who has met the anchor only, popular what it
    shows first to somebody with no history; both at the person's moment.

    Parameters
    ----------
    model : Recommender
    person : Profiles
        One row. What was met is not in the pool.
    anchor : int
        Code.
    banned : (n_items,) int64
        Codes of what else is not.
    value : float or None
        With which the anchor was met.
    """
    stranger = context_only(person)
    both = Edits.additions(stranger, np.array([anchor]), value).people([(0,), ()])
    scores = scored(model, both, False)[0]
    scores[:, person.item] = np.nan
    scores[:, banned] = np.nan
    _, item = top(scores, POOL)
    return np.array(list(dict.fromkeys(item.tolist())), dtype=np.int64)


def given_pool(model: Recommender, person: Profiles, item: int, pool: Sequence[Id]) -> IntArray:
    """Codes of a pool that the caller names, each once.

    Raises
    ------
    ArgumentError
        It is no list of ids; or an item is not in the catalogue, was met, or is the very item.
    """
    if isinstance(pool, str) or not isinstance(pool, Sequence):
        raise ArgumentError(f"pool must be a list of item ids, not {pool!r}")
    codes = [model.catalogue.code(item_id) for item_id in pool]
    met = set(person.item.tolist())
    for item_id, code in zip(pool, codes, strict=True):
        if code < 0:
            raise ArgumentError(f"pool holds {item_id!r}, which is not in the catalogue")
        if code in met or code == item:
            why = "is the item in question" if code == item else "was met by this person"
            raise ArgumentError(f"pool holds {item_id!r}, which {why}; leave it out")
    return np.array(list(dict.fromkeys(codes)), dtype=np.int64)


def liked_value(model: Recommender, person: Profiles) -> float | None:
    """The value of something liked: the person's highest, or what is relevant if that is more.

    None where neither the person nor the model knows of values.
    """
    relevant = getattr(model, "relevant_from_", None)
    known = person.value[~np.isnan(person.value)].tolist()
    if relevant is not None:
        known.append(float(relevant))
    return max(known, default=None)


def own_values(person: Profiles) -> list[float]:
    """Values of a person's history, rising; five of them, evenly spread, where there are many.

    Raises
    ------
    ArgumentError
        There is none.
    """
    known = np.unique(person.value[~np.isnan(person.value)])
    if len(known) == 0 and len(person.item):
        raise ArgumentError(
            "change='rate': no event of this history has a value; give values=[...], or ask for "
            "change='remove'"
        )
    if len(known) > VALUES:
        known = np.unique(np.quantile(known, np.linspace(0, 1, 5), method="nearest"))
    found: list[float] = known.tolist()
    return found


def check_values(values: Any) -> list[float]:
    """Values that the caller names, as numbers.

    Raises
    ------
    ArgumentError
        They are no list of finite numbers, or none.
    """
    try:
        if isinstance(values, str):
            raise TypeError
        numbers = [float(v) for v in values]
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"values must be a list of numbers, not {values!r}") from error
    if not numbers or not np.isfinite(numbers).all():
        raise ArgumentError(f"values must be finite numbers, at least one, not {values!r}")
    return numbers
