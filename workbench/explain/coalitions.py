"""Coalitions: one person with only some of their items, many times over, in one batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

Masks = NDArray[np.bool_]


def players(person: Profiles) -> IntArray:
    """Distinct items of one person's history, in the order of their last event, ``(n_items,)``.

    An item's events stand or fall together: they are one player.
    """
    return person.item[person.latest]


def coalitions(
    person: Profiles,
    masks: Masks,
    attributes: pl.DataFrame | None = None,
    context: pl.DataFrame | None = None,
) -> Profiles:
    """The person with the items of each mask alone; what else is known of them stays.

    Parameters
    ----------
    person : Profiles
        One person.
    masks : (n_coalitions, n_players) bool
        Column ``j`` is ``players(person)[j]``.
    attributes, context : polars.DataFrame, optional
        One row per mask, where they are not the person's own.

    Returns
    -------
    Profiles
        Row ``i`` is the person of mask ``i``.
    """
    items = players(person)
    place = np.empty(len(person.catalogue), dtype=np.int64)
    place[items] = np.arange(len(items))
    held = masks[:, place[person.item]]
    row, event = np.nonzero(held)
    n = len(masks)
    repeated = np.zeros(n, dtype=np.int64)
    if attributes is None:
        attributes = person.attributes[repeated] if person.attributes.width else person.attributes
    return Profiles(
        person.catalogue,
        np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))]),
        person.item[event],
        person.timestamp[event],
        person.value[event],
        person.weight[event],
        None if person.kind is None else person.kind.gather(event),
        attributes,
        person.context[repeated] if context is None else context,
    )


def pair_scores(model: Recommender, people: Profiles, items: IntArray) -> FloatArray:
    """Scores of pairs, candidate or not: ``score_pairs`` of an engine, ``score`` of any other."""
    score: Callable[[Profiles, IntArray], FloatArray] = getattr(model, "score_pairs", model.score)
    return score(people, items)


def without_each(person: Profiles) -> tuple[IntArray, Profiles]:
    """The person without each item in turn.

    Returns
    -------
    items : (n_items,) int64
        Codes.
    people : Profiles
        Row ``i`` lacks ``items[i]``.
    """
    items = players(person)
    return items, coalitions(person, ~np.eye(len(items), dtype=bool))


def context_only(person: Profiles) -> Profiles:
    """The person with no history at all."""
    return coalitions(person, np.zeros((1, len(players(person))), dtype=bool))
