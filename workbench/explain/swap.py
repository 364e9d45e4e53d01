"""Swap: the smallest change of one feature of one item that would turn two items round."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, Id, IntArray

if TYPE_CHECKING:
    from workbench.ranking.engine import Engine
    from workbench.ranking.ranker import Ranker


@dataclass(frozen=True)
class Swap:
    """One feature of one of two items, at another value.

    Attributes
    ----------
    feature, meaning, unit : str
    item_id : str or int
        Whose feature it is.
    value : float
        As it is.
    needed : float
        The nearest value at which the two items swap; exactly what a tree splits at where
        ``at_least``, just below what one splits at where not.
    at_least : bool
        Whether the feature would have to be ``needed`` or more; else below it.
    size : float
        ``|needed - value|`` in standard deviations of the feature over the person's candidates.
    score_above, score_below : float
        Of the two items after the change; above and below as they were before it.
    """

    feature: str
    meaning: str
    unit: str
    item_id: Id
    value: float
    needed: float
    at_least: bool
    size: float
    score_above: float
    score_below: float


def swaps(engine: Engine, person: Profiles, pair: IntArray, ranked: IntArray) -> list[Swap]:
    """For each feature of each of two items the smallest change that swaps them, smallest first.

    Between two values at which no tree splits a score is constant, so to try one value of every
    such interval is to try them all; each is scored by the ranker. All other features are held,
    also those that go together with the changed one (a retriever's score and its rank): it is a
    statement on the ranker, not on what could happen. Left out are features that are the same for
    all candidates (those of the person and of the moment), and values that are not known.

    Parameters
    ----------
    engine : Engine
    person : Profiles
        One row.
    pair : (2,) int64
        Codes of the item above and the item below.
    ranked : (n_items,) int64
        Codes of the person's candidates, which give each feature its spread.
    """
    names, matrix = engine.pair_features(person, pair)
    spread = _spread(engine.pair_features(person, ranked)[1])
    splits = split_values(engine.ranker_)
    column, side, value, at_least = [], [], [], []
    for feature in np.flatnonzero(spread > 0).tolist():
        for which in (0, 1):
            now = matrix[which, feature]
            up = splits[feature][splits[feature] > now]
            down = np.nextafter(splits[feature][splits[feature] <= now], np.float32(-np.inf))
            value += [up, down]
            at_least += [np.ones(len(up), bool), np.zeros(len(down), bool)]
            column.append(np.full(len(up) + len(down), feature))
            side.append(np.full(len(up) + len(down), which))
    if not column:
        return []
    columns, sides, values = map(np.concatenate, (column, side, value))
    rises = np.concatenate(at_least)
    changed = matrix[sides]
    changed[np.arange(len(changed)), columns] = values
    scores = np.repeat(engine.ranker_.predict(matrix)[None, :], len(changed), axis=0)
    scores[np.arange(len(changed)), sides] = engine.ranker_.predict(changed)
    turned = (scores[:, 0] < scores[:, 1]) | ((scores[:, 0] == scores[:, 1]) & (pair[0] > pair[1]))
    size = np.abs(values.astype(np.float64) - matrix[sides, columns]) / spread[columns]
    known = {feature.name: feature for feature in engine.features_}
    found: dict[tuple[int, int], Swap] = {}
    for n in np.flatnonzero(turned)[np.argsort(size[turned], kind="stable")].tolist():
        name = names[columns[n]]
        swap = Swap(
            feature=name,
            meaning=known[name].meaning,
            unit=known[name].unit,
            item_id=engine.catalogue.id(int(pair[sides[n]])),
            value=float(matrix[sides[n], columns[n]]),
            needed=float(values[n])
            if rises[n]
            else float(np.nextafter(values[n], np.float32(np.inf))),
            at_least=bool(rises[n]),
            size=float(size[n]),
            score_above=float(scores[n, 0]),
            score_below=float(scores[n, 1]),
        )
        found.setdefault((int(columns[n]), int(sides[n])), swap)
    return list(found.values())


def split_values(ranker: Ranker) -> list[NDArray[np.float32]]:
    """For each feature the values at which some tree splits, rising; a value goes right from it on.

    Read from XGBoost's own JSON, which holds them exactly.
    """
    found: list[list[float]] = [[] for _ in ranker.names]
    for booster in ranker.boosters:
        model = json.loads(bytes(booster.save_raw("json")))
        for tree in model["learner"]["gradient_booster"]["model"]["trees"]:
            rows = zip(
                tree["split_indices"],
                tree["split_conditions"],
                tree["left_children"],
                strict=True,
            )
            for feature, value, left in rows:
                if left >= 0:  # not a leaf
                    found[feature].append(value)
    return [np.unique(np.array(values, dtype=np.float32)) for values in found]


def _spread(matrix: FloatArray) -> NDArray[np.float64]:
    """Standard deviation of each column over what is known; 0 where nothing is."""
    known = ~np.isnan(matrix)
    count = np.maximum(known.sum(axis=0), 1)
    values = np.where(known, matrix, 0.0).astype(np.float64)
    mean = values.sum(axis=0) / count
    spread: NDArray[np.float64] = np.sqrt(
        (np.where(known, values - mean, 0.0) ** 2).sum(axis=0) / count
    )
    return spread
