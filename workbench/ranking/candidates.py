"""The first stage: scores of every model for a block of people, and the union of their tops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.features.signal import Signal
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.vocabulary import IntArray


def signals(models: dict[str, Recommender], people: Profiles) -> dict[str, Signal]:
    """Scores of the catalogue by every model, for people of one block.

    Parameters
    ----------
    models : dict of str to Recommender
        Fitted on one catalogue.
    people : Profiles
    """
    unmet = np.ones((len(people), len(people.catalogue)), dtype=bool)
    unmet[people.row[people.counts], people.item[people.counts]] = False
    return {name: Signal(np.asarray(model.score(people)), unmet) for name, model in models.items()}


def candidates(
    found: dict[str, Signal], retrievers: list[str], people: Profiles, depth: int
) -> NDArray[np.bool_]:
    """Which items reach the ranker, ``(n_profiles, n_items)``: unseen and near a retriever's top.

    A retriever that cannot tell a person's items apart (all scores equal) brings none.
    """
    chosen = np.zeros((len(people), len(people.catalogue)), dtype=bool)
    for name in retrievers:
        signal = found[name]
        chosen |= signal.first(depth) & signal.speaks[:, None]
    chosen[people.row, people.item] = False
    return chosen


def sources(
    found: dict[str, Signal], retrievers: list[str], row: IntArray, item: IntArray
) -> IntArray:
    """Place in ``retrievers`` of the one that puts each (row, item) highest, first of equals."""
    ranks = np.stack([found[name].ahead(row, item) for name in retrievers])
    speaks = np.stack([found[name].speaks[row] for name in retrievers])
    return np.where(speaks, ranks, np.iinfo(np.int32).max).argmin(axis=0)
