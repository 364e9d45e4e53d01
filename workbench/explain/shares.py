"""Shares of a score: what it is made of, in parts that add up to it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from workbench.explain.coalitions import Masks, coalitions, pair_scores, players
from workbench.explain.sampling import Column, Drawn, exact, sampled
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.vocabulary import IntArray

FEW = 8
"""Up to so many players, every coalition is scored."""
CELLS = 2**22
"""Places of all coalitions of a batch."""

CLOSED, EXACT, SAMPLED, GROUPED, NONE = "closed form", "exact", "sampled", "grouped", "none"


@dataclass(frozen=True)
class EventShares:
    """Shares of one person's items in one score.

    Attributes
    ----------
    item : (n_items,) int64
        Codes of the items of the history.
    share, error : (n_items,) float64
        Shapley value in the unit of the score, and its standard error: 0 where exact, NaN where
        only one pair of orders was drawn. Both NaN where the method is "none", or where it is
        to sample and nothing was drawn yet.
    base : float
        Score of the same person, at the same moment, with no history; NaN where the model
        cannot say.
    method : str
        "closed form"; "exact"; "sampled"; "grouped": sampled by groups, whose sums are exact; or
        "none": the model cannot score the person without history, or with a part of it, so
        nothing adds up.
    n_scored : int
        Profiles that were scored.
    drawn : Drawn or None
        What ``refined_shares`` goes on from.
    group_share : (n_groups,) float64 or None
        What the shares of each group add up to, where the method is "grouped".
    """

    item: IntArray
    share: NDArray[np.float64]
    error: NDArray[np.float64]
    base: float
    method: str
    n_scored: int
    drawn: Drawn | None = field(default=None, repr=False)
    group_share: NDArray[np.float64] | None = None


def event_shares(
    model: Recommender,
    person: Profiles,
    item: int,
    *,
    budget: int = 1024,
    seed: int = 0,
    group: IntArray | None = None,
) -> EventShares:
    """Shapley values of the items of a history, over the whole of a model.

    A coalition is the person with only some of their items, scored as anybody would be. The
    shares add up to the score less ``base``. A model that is linear in the history has them in
    closed form; up to 8 items every coalition is scored; beyond, orders are drawn in pairs, each
    of which adds up exactly.

    Parameters
    ----------
    model : Recommender
    person : Profiles
        One person.
    item : int
        Code of the item that is explained.
    budget : int
        Profiles to score, at least one pair of orders. With 0 nothing is drawn: ``refined_shares``
        does that later.
    seed : int
    group : (n_items,) int64, optional
        Group of each of ``players(person)``, few of them, where shares are sampled: the
        groups' own shares are then exact, and those of the items are Owen's value, which divides
        each group's among its items.

    Notes
    -----
    See ``sampling`` for sources.
    """
    n = len(players(person))
    worth = partial(_worth, model, person, item)
    base = float(worth(np.zeros((1, n), dtype=bool))[0])
    items = players(person)
    none = np.zeros(n)
    if n == 0:
        return EventShares(items, none, none, base, EXACT if np.isfinite(base) else NONE, 1)
    if not np.isfinite(base):
        return EventShares(items, none * np.nan, none * np.nan, base, NONE, 1)
    if model.has_event_shares:
        per_event = model.event_shares(person, item).astype(np.float64)
        total = np.bincount(person.item, per_event, len(person.catalogue)).astype(np.float64)
        return EventShares(items, total[items], none, base, CLOSED, 1)
    if n <= FEW:
        share = exact(worth, n)
        method = EXACT if np.isfinite(share).all() else NONE
        lost = np.where(np.isfinite(share).all(), none, np.nan)
        return EventShares(items, share + lost, lost, base, method, 2**n)
    unknown = none * np.nan
    method = SAMPLED if group is None else GROUPED
    found = EventShares(items, unknown, unknown, base, method, 1, Drawn.nothing(n))
    if budget == 0:
        return found
    return refined_shares(model, person, item, found, budget=budget, seed=seed, group=group)


def refined_shares(
    model: Recommender,
    person: Profiles,
    item: int,
    shares: EventShares,
    *,
    budget: int,
    seed: int = 0,
    group: IntArray | None = None,
) -> EventShares:
    """The same shares from further orders; those that are exact, or not known, as they are.

    Parameters
    ----------
    model, person, item, seed, group
        As ``shares`` were asked with.
    shares : EventShares
    budget : int
        Further profiles to score, at least one pair of orders.
    """
    before = shares.drawn
    if before is None or shares.method == NONE:
        return shares
    n = len(shares.item)
    worth = partial(_worth, model, person, item)
    if group is not None and shares.group_share is None:
        n_groups = int(group.max()) + 1
        of_groups = exact(lambda masks: worth(masks[:, group]), n_groups)
        n_scored = shares.n_scored + 2**n_groups
        shares = replace(shares, group_share=of_groups, n_scored=n_scored)
    pairs = max(1, budget // (2 * (n - 1)))
    drawn = sampled(worth, n, pairs, seed, before, group, shares.group_share)
    n_scored = shares.n_scored + 2 + 2 * pairs * (n - 1)
    if not np.isfinite(drawn.mean).all():
        lost = np.full(n, np.nan)
        return replace(
            shares, share=lost, error=lost, method=NONE, n_scored=n_scored, drawn=None,
            group_share=None,
        )  # fmt: skip
    return replace(shares, share=drawn.mean, error=drawn.error, n_scored=n_scored, drawn=drawn)


def _worth(model: Recommender, person: Profiles, item: int, masks: Masks) -> Column:
    """Score of the item for the person with the items of each mask alone, ``(n_masks,)``."""
    block = max(1, CELLS // max(masks.shape[1], 1))
    parts = [
        pair_scores(model, coalitions(person, masks[start : start + block]), np.array([item]))
        for start in range(0, len(masks), block)
    ]
    return np.concatenate(parts)[:, 0].astype(np.float64)
