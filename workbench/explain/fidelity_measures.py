"""What is measured of the explanations of one score: of events, and of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.explain.background import Background
from workbench.explain.coalitions import Masks, coalitions, pair_scores, players
from workbench.explain.curves import areas
from workbench.explain.genre_groups import genre_groups
from workbench.explain.likeness import (
    CARRIED,
    TOP,
    Floats,
    carriers,
    order,
    rank_correlation,
    same_first,
    same_top,
)
from workbench.explain.shares import GROUPED, SAMPLED, EventShares, event_shares
from workbench.models.base import Recommender
from workbench.profiles import Profiles

if TYPE_CHECKING:
    from workbench.ranking.engine import Engine

SHARES, REMOVALS, FEATURES = "shares", "removal", "features"
DELETION, INSERTION = "deletion", "insertion"
OF_SEED, OF_HISTORY = "stability_seed", "stability_resample"
AGREEMENT, FIRST, SPARSITY = "agreement", "same_first", "sparsity"
KEPT = 0.8
"""Share of the history that is drawn to see whether an explanation stays."""


@dataclass(frozen=True)
class Measured:
    """One figure of one explanation.

    Attributes
    ----------
    type, measure : str
    value : float
        NaN where it says nothing of this explanation.
    chance : float
        What an explanation that is drawn by chance would give.
    """

    type: str
    measure: str
    value: float
    chance: float


def of_events(
    model: Recommender, person: Profiles, item: int, budget: int, n_random: int, seed: int
) -> list[Measured]:
    """Figures of the shares and of the effects of removal of one person's events.

    Parameters
    ----------
    model : Recommender
    person : Profiles
        One person, with at least two items in the history.
    item : int
        Code of the item whose score is explained.
    budget : int
        Of ``event_shares``.
    n_random : int
        Of ``areas``.
    seed : int
    """
    asked = np.array([item])

    def score(masks: Masks) -> Floats:
        return pair_scores(model, coalitions(person, masks), asked)[:, 0].astype(np.float64)

    drawn = _shares(model, person, item, budget, seed)
    share, gone = drawn.share, _removal(model, person, item)
    again = share
    if drawn.method in (SAMPLED, GROUPED):
        again = _shares(model, person, item, budget, seed + 1).share
    kept = some(len(share), seed)
    less = coalitions(person, kept[None])
    share_less = _shares(model, less, item, budget, seed).share
    gone_less = _removal(model, less, item)

    n = len(share)
    found = [
        Measured(SHARES, OF_SEED, same_top(share, again), TOP / n),
        Measured(SHARES, OF_HISTORY, same_top(share[kept], share_less), TOP / kept.sum()),
        Measured(REMOVALS, OF_HISTORY, same_top(gone[kept], gone_less), TOP / kept.sum()),
    ]
    for kind, one, other in ((SHARES, share, gone), (REMOVALS, gone, share)):
        found += _beside(kind, one, other)
    curves = areas(score, [order(share), order(gone)], n_random, seed)
    for kind, one, area in ((SHARES, share, curves[0]), (REMOVALS, gone, curves[1])):
        known = 1.0 if np.isfinite(one).all() else np.nan
        found += [
            Measured(kind, DELETION, area.deletion * known, area.by_chance[0]),
            Measured(kind, INSERTION, area.insertion * known, area.by_chance[1]),
        ]
    return found


def of_features(
    engine: Engine, person: Profiles, item: int, against: Background, n_random: int, seed: int
) -> list[Measured]:
    """Figures of the shares of an engine's features in one score.

    A feature is taken away by giving it the values that it has in each pair of a background, and
    taking the mean of the scores.

    Parameters
    ----------
    engine : Engine
    person : Profiles
        One person, with at least two items in the history.
    item : int
        Code of the item whose score is explained.
    against : Background
    n_random, seed : int
        As of ``of_events``.
    """
    asked = np.array([item])
    matrix = engine.pair_features(person, asked)[1]
    kept = some(len(players(person)), seed)
    matrix_less = engine.pair_features(coalitions(person, kept[None]), asked)[1]
    share, share_less = engine.contributions(np.concatenate([matrix, matrix_less]))[:, :-1].astype(
        np.float64
    )

    def score(masks: Masks) -> Floats:
        mixed = np.where(masks[:, None, :], matrix[0], against.matrix).astype(np.float32)
        scores = engine.ranker_.predict(mixed.reshape(-1, matrix.shape[1]))
        mean: Floats = scores.reshape(len(masks), -1).mean(axis=1, dtype=np.float64)
        return mean

    n = len(share)
    every = np.ones((1, n), dtype=bool)
    gone = score(every) - score(~np.eye(n, dtype=bool))
    (area,) = areas(score, [order(share)], n_random, seed)
    return [
        Measured(FEATURES, DELETION, area.deletion, area.by_chance[0]),
        Measured(FEATURES, INSERTION, area.insertion, area.by_chance[1]),
        Measured(FEATURES, OF_HISTORY, same_top(share, share_less), TOP / n),
        *_beside(FEATURES, share, gone),
    ]


def some(n: int, seed: int) -> Masks:
    """Which of ``n`` items are drawn: ``KEPT`` of them, at least one and not all."""
    least = min(max(1, round(KEPT * n)), n - 1)
    mask = np.zeros(n, dtype=bool)
    mask[np.random.default_rng(seed).permutation(n)[:least]] = True
    return mask


def _beside(kind: str, one: Floats, other: Floats) -> list[Measured]:
    """An explanation beside the other kind, and how few parts carry it."""
    n = len(one)
    return [
        Measured(kind, AGREEMENT, rank_correlation(one, other), 0.0),
        Measured(kind, FIRST, same_first(one, other), 1 / n),
        Measured(kind, SPARSITY, carriers(one), float(np.ceil(CARRIED * n - 1e-9))),
    ]


def _shares(model: Recommender, person: Profiles, item: int, budget: int, seed: int) -> EventShares:
    """The shares of events as ``wb.explain`` tells them, by groups where a history is long."""
    groups = None if model.has_event_shares else genre_groups(model, person)
    group = None if groups is None else groups[1]
    return event_shares(model, person, item, budget=budget, seed=seed, group=group)


def _removal(model: Recommender, person: Profiles, item: int) -> Floats:
    """Fall of the score without each item, as ``removals`` tells it, without the ranks."""
    n = len(players(person))
    masks = np.concatenate([np.ones((1, n), dtype=bool), ~np.eye(n, dtype=bool)])
    scores = pair_scores(model, coalitions(person, masks), np.array([item]))[:, 0]
    lost: Floats = scores[0].astype(np.float64) - scores[1:].astype(np.float64)
    return lost
