"""Shown: the pairs that an engine puts on people's slates, with what its ranker reads of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.columns import ITEM, RANK, ROW
from workbench.errors import ArgumentError
from workbench.features.pairs import Pairs
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.candidates import signals
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import recommend
from workbench.vocabulary import FloatArray, Id, IntArray

if TYPE_CHECKING:
    from workbench.ranking.engine import Engine

CELLS = 2**19
"""Scores of one retriever that are held at once."""


@dataclass(frozen=True, eq=False)
class Shown:
    """(Person, item) pairs of slates: pair ``p`` is item ``item[p]`` for person ``row[p]``.

    Attributes
    ----------
    row, rank, item : (n_pairs,) int64
        By person, then by rank; codes of the engine's catalogue.
    matrix : (n_pairs, n_features) float32
        What the ranker reads of each pair; NaN where unknown.
    ids : tuple
        What each person is called; by default the number of their row.
    """

    row: IntArray
    rank: IntArray
    item: IntArray
    matrix: FloatArray
    ids: tuple[Id, ...]


def shown(
    engine: Recommender,
    profiles: Profiles,
    k: int,
    policy: Policy | None = None,
    ids: Sequence[Id] | None = None,
) -> Shown:
    """The slates of people, as their ranker read them.

    Raises
    ------
    ArgumentError
        The model has no features, nobody is asked, nobody is shown anything, or ``ids`` do not
        name each person once.
    NotFittedError
        The engine has not been fitted.
    """
    check_features(engine)
    check_people(profiles)
    names = tuple(range(len(profiles))) if ids is None else tuple(ids)
    if len(names) != len(profiles) or len(set(names)) != len(names):
        raise ArgumentError(
            f"ids must name each of the {len(profiles):,} people once, in their order; there are "
            f"{len(names):,}, {len(set(names)):,} of them different"
        )
    slates = recommend(engine, profiles, k, policy).frame
    if slates.height == 0:
        raise ArgumentError("profiles: none of these people is shown anything; ask others")
    row, rank = slates[ROW].to_numpy(), slates[RANK].to_numpy()
    item = engine.catalogue.codes(slates[ITEM])
    return Shown(row, rank, item, pair_matrix(engine, profiles, row, item), names)  # type: ignore[arg-type]


def pair_matrix(engine: Engine, profiles: Profiles, row: IntArray, item: IntArray) -> FloatArray:
    """Features of pairs, each person with items of their own, ``(n_pairs, n_features)``.

    Parameters
    ----------
    engine : Engine
    profiles : Profiles
    row : (n_pairs,) int64
        Sorted.
    item : (n_pairs,) int64
        Codes of the engine's catalogue.
    """
    people = profiles.aligned(engine.catalogue).showing(engine.uses)
    parts = [np.zeros((0, len(engine.features_)), dtype=np.float32)]
    for part, block in people.blocks(at_once(engine)):
        first, last = np.searchsorted(row, [part.start, part.start + len(block)])
        here = slice(int(first), int(last))
        found = signals(engine.retrievers_, block)
        asked = row[here] - part.start, item[here]
        pairs = Pairs(block, *asked, engine.tables_, found, engine.retrievers_)
        parts.append(np.column_stack([f.column(pairs) for f in engine.features_]))
    return np.concatenate(parts)


def at_once(engine: Recommender) -> int:
    """People whose scores by every retriever may be held at once."""
    return int(np.clip(CELLS // max(len(engine.catalogue), 1), 8, 256))


def check_features(engine: object) -> None:
    """Refuse a model that has no features to explain, or was not fitted."""
    if not isinstance(engine, Recommender) or not hasattr(engine, "contributions"):
        name = engine.name if isinstance(engine, Recommender) else type(engine).__name__
        raise ArgumentError(
            f"engine: {name!r} has no features whose shares could be told; give a fitted "
            "wb.Engine, or ask about single items with wb.explain"
        )
    engine._require_fitted()


def check_people(profiles: object, argument: str = "profiles") -> None:
    """Refuse what are no people, or nobody."""
    if not isinstance(profiles, Profiles):
        raise ArgumentError(
            f"{argument} must be Profiles, not {type(profiles).__name__}; take "
            "dataset.profiles(user_ids)"
        )
    if len(profiles) == 0:
        raise ArgumentError(f"{argument}: there is nobody to ask; give at least one person")
