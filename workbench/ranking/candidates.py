"""The first stage: scores of every model for a block of people, and the union of their tops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.features.pairs import Signal
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray


def signals(models: dict[str, Recommender], people: Profiles) -> dict[str, Signal]:
    """Scores of the catalogue by every model, for people of one block.

    Parameters
    ----------
    models : dict of str to Recommender
        Fitted on one catalogue.
    people : Profiles
    """
    unmet = np.ones((len(people), len(people.catalogue)), dtype=bool)
    unmet[people.row, people.item] = False
    return {name: _signal(np.asarray(model.score(people)), unmet) for name, model in models.items()}


def _signal(score: FloatArray, unmet: NDArray[np.bool_]) -> Signal:
    score = np.where(np.isfinite(score), score, np.float32(0.0))
    count = np.maximum(unmet.sum(axis=1, keepdims=True), 1)
    mean = np.where(unmet, score, 0).sum(axis=1, keepdims=True, dtype=np.float64) / count
    centred = score - mean
    spread = np.sqrt(
        (np.where(unmet, centred, 0) ** 2).sum(axis=1, keepdims=True, dtype=np.float64) / count
    )
    z = np.where(spread > 0, centred / np.where(spread > 0, spread, 1.0), 0.0)
    order = np.argsort(-score, axis=1, kind="stable")
    sorted_unmet = np.take_along_axis(unmet, order, axis=1)
    ahead = np.cumsum(sorted_unmet, axis=1, dtype=np.int32) - sorted_unmet
    rank = np.empty(score.shape, dtype=np.int32)
    np.put_along_axis(rank, order, ahead.astype(np.int32), axis=1)
    return Signal(score, z.astype(np.float32), rank)


def candidates(
    found: dict[str, Signal], retrievers: list[str], people: Profiles, depth: int
) -> NDArray[np.bool_]:
    """Which items reach the ranker, ``(n_profiles, n_items)``: unmet and near a retriever's top.

    A retriever that cannot tell a person's items apart (all scores equal) brings none.
    """
    chosen = np.zeros((len(people), len(people.catalogue)), dtype=bool)
    for name in retrievers:
        signal = found[name]
        speaks = np.ptp(signal.score, axis=1) > 0
        chosen |= (signal.rank < depth) & speaks[:, None]
    chosen[people.row, people.item] = False
    return chosen


def sources(
    found: dict[str, Signal], retrievers: list[str], row: IntArray, item: IntArray
) -> IntArray:
    """Place in ``retrievers`` of the one that puts each (row, item) highest, first of equals."""
    ranks = np.stack([found[name].rank[row, item] for name in retrievers])
    silent = np.stack([np.ptp(found[name].score, axis=1)[row] == 0 for name in retrievers])
    return np.where(silent, np.iinfo(np.int32).max, ranks).argmin(axis=0)
