"""Shares of a score: what it is made of, in parts that add up to it."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from workbench.explain.coalitions import Masks, coalitions, context_only, pair_scores, players
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.vocabulary import IntArray


@dataclass(frozen=True)
class EventShares:
    """Shares of one person's items in one score.

    Attributes
    ----------
    item : (n_items,) int64
        Codes of the items of the history.
    share, error : (n_items,) float64
        Shapley value in the unit of the score, and its standard error: 0 where exact, NaN where
        only one pair of orders was drawn. Both NaN where there is no ``base``.
    base : float
        Score of the same person, at the same moment, with no history; NaN where the model
        cannot say.
    method : str
        "closed form", "exact" or "sampled".
    n_scored : int
        Profiles that were scored.
    """

    item: IntArray
    share: NDArray[np.float64]
    error: NDArray[np.float64]
    base: float
    method: str
    n_scored: int


def event_shares(
    model: Recommender, person: Profiles, item: int, *, budget: int = 1024, seed: int = 0
) -> EventShares:
    """Shapley values of the items of a history, over the whole of a model.

    A coalition is the person with only some of their items, scored as anybody would be. The
    shares add up to the score less ``base``. A model that is linear in the history has them in
    closed form; up to 8 items every coalition is scored; beyond, orders are drawn in pairs (an
    order and its reverse), each of which adds up exactly.

    Parameters
    ----------
    model : Recommender
    person : Profiles
        One person.
    item : int
        Code of the item that is explained.
    budget : int
        Profiles to score, at least one pair of orders.
    seed : int

    Source: Shapley 1953; sampling of orders as in Castro, Gómez, Tejada 2009, "Polynomial
    calculation of the Shapley value based on sampling", antithetic pairs as in Mitchell et al.
    2022, "Sampling permutations for Shapley value estimation".
    """
    base = float(pair_scores(model, context_only(person), np.array([item]))[0, 0])
    items = players(person)
    n = len(items)
    none = np.zeros(n)
    if n == 0:
        return EventShares(items, none, none, base, "exact", 1)
    if not np.isfinite(base):
        return EventShares(items, none * np.nan, none * np.nan, base, "exact", 1)
    if model.has_event_shares:
        per_event = model.event_shares(person, item).astype(np.float64)
        share = np.bincount(person.item, per_event, len(person.catalogue))[items]
        return EventShares(items, share, none, base, "closed form", 1)
    if n <= 8:
        share = _exact(model, person, item, n)
        return EventShares(items, share, none, base, "exact", 2**n)
    pairs = max(1, budget // (2 * (n + 1)))
    drawn = _sampled(model, person, item, n, pairs, seed)
    error = drawn.std(axis=0, ddof=1) / np.sqrt(pairs) if pairs > 1 else np.full(n, np.nan)
    return EventShares(items, drawn.mean(axis=0), error, base, "sampled", 2 * pairs * (n + 1))


def _scores(model: Recommender, person: Profiles, masks: Masks, item: int) -> NDArray[np.float64]:
    people = coalitions(person, masks)
    return pair_scores(model, people, np.array([item]))[:, 0].astype(np.float64)


def _exact(model: Recommender, person: Profiles, item: int, n: int) -> NDArray[np.float64]:
    bits = np.arange(2**n)[:, None] >> np.arange(n) & 1
    scores = _scores(model, person, bits.astype(bool), item)
    size = bits.sum(axis=1)
    # Weight of a coalition S that i joins: |S|! (n - |S| - 1)! / n!
    weight = np.array([1.0 / (n * comb(n - 1, s)) for s in range(n)])
    share = np.zeros(n)
    for i in range(n):
        outside = np.flatnonzero(bits[:, i] == 0)
        share[i] = (weight[size[outside]] * (scores[outside | 1 << i] - scores[outside])).sum()
    return share


def _sampled(
    model: Recommender, person: Profiles, item: int, n: int, pairs: int, seed: int
) -> NDArray[np.float64]:
    """One estimate per pair of orders, ``(pairs, n)``."""
    draw = np.random.default_rng(seed)
    orders = np.stack([draw.permutation(n) for _ in range(pairs)])
    orders = np.stack([orders, orders[:, ::-1]], axis=1).reshape(2 * pairs, n)
    # Row (o, s): the first s items of order o.
    place = np.argsort(orders, axis=1)
    masks = place[:, None, :] < np.arange(n + 1)[None, :, None]
    scores = _scores(model, person, masks.reshape(-1, n), item).reshape(2 * pairs, n + 1)
    steps = np.diff(scores, axis=1)
    estimates = np.take_along_axis(steps, place, axis=1)
    return estimates.reshape(pairs, 2, n).mean(axis=1)
