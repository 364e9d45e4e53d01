"""Effect of removal: what happens if the event had not been. Scored, not estimated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.explain.coalitions import pair_scores, without_each
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.vocabulary import IntArray


@dataclass(frozen=True)
class Removals:
    """What one score becomes without each item of a history.

    Attributes
    ----------
    item : (n_items,) int64
        Codes of the items of the history, in the order of their last event.
    removal : (n_items,) float64
        Score with the item less score without it: positive where the item helps.
    """

    item: IntArray
    removal: NDArray[np.float64]


def removals(model: Recommender, person: Profiles, item: int) -> Removals:
    """Score one item for a person without each item of their history, through the whole model.

    Parameters
    ----------
    model : Recommender
    person : Profiles
        One person.
    item : int
        Code of the item that is explained.
    """
    asked = np.array([item])
    whole = float(pair_scores(model, person, asked)[0, 0])
    items, people = without_each(person)
    if len(items) == 0:
        return Removals(items, np.zeros(0))
    lesser = pair_scores(model, people, asked)[:, 0].astype(np.float64)
    return Removals(items, whole - lesser)
