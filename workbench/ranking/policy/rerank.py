"""Ranking the pool anew: unlike items, a person's own mixture, less of what everybody gets.

Each function returns an order of the places, ``(n_rows, width)``: the item that now stands at
``order[i, j]`` goes to place ``j``. Equals keep the order they had, so in the end ties are broken
by item code. No row reads another, and no sum depends on how wide the batch is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.profiles import Profiles
from workbench.ranking.policy.pool import Floats, Mask, Pool
from workbench.vocabulary import IntArray

BLEND = 0.01
"""Share of the person's own mixture in that of the list, Steck's alpha: KL stays finite."""
CELLS = 2**22
"""Numbers of one dense block."""


def relevance(pool: Pool) -> Floats:
    """Utilities from 0 (the last of the row) to 1 (its first), ``(n_rows, width)``."""
    return unit(pool.utility, pool.held)


def unit(values: Floats, held: Mask) -> Floats:
    """Values of each row from 0 (its least) to 1 (its most); 0 where all are equal or not held."""
    low = np.where(held, values, np.inf).min(axis=1, initial=np.inf, keepdims=True)
    high = np.where(held, values, -np.inf).max(axis=1, initial=-np.inf, keepdims=True)
    wide = high > low
    span = np.where(wide, high - np.where(wide, low, 0.0), 1.0)
    return np.where(
        held & wide, (np.where(held, values, 0.0) - np.where(wide, low, 0.0)) / span, 0.0
    )


def diverse(pool: Pool, member: Mask, weight: float, k: int) -> IntArray:
    """Maximal marginal relevance: at each place the best of
    ``(1 - weight) * relevance - weight * max over shown of Jaccard``.

    Parameters
    ----------
    pool : Pool
    member : (n_items, n_groups) bool
        Likeness is the Jaccard coefficient of the rows; 0 with an item without groups.
    weight : float
    k : int

    Source: Carbonell and Goldstein 1998, "The use of MMR, diversity-based reranking".
    """
    fit = (1 - weight) * relevance(pool)
    bits = np.packbits(member, axis=1)[pool.code]
    size = _ones(bits)
    worst = np.zeros(pool.code.shape)
    picks = _Picks(pool)
    for _ in range(min(k, pool.code.shape[1])):
        best = picks.take(fit - weight * worst)
        shared = _ones(bits & bits[picks.rows, best][:, None])
        union = size + size[picks.rows, best][:, None] - shared
        worst = np.maximum(worst, np.where(union > 0, shared / np.maximum(union, 1), 0.0))
    return picks.order()


def calibrated(pool: Pool, share: Floats, taste: Floats, weight: float, k: int) -> IntArray:
    """Steck's greedy list: each place adds most to
    ``(1 - weight) * sum of relevance - weight * KL(taste || mixture of the list)``.

    The greedy way is not always the best one: where the list as it came has the higher value of
    that objective over its first ``k``, it stays. People without a taste keep their list.

    Parameters
    ----------
    pool : Pool
    share : (n_items, n_groups) float64
        Rows add up to 1, or to 0 for an item without a group, which leaves the mixture alone.
    taste : (n_rows, n_groups) float64
        Rows add up to 1, or are 0.
    weight : float
    k : int

    Source: Steck 2018, "Calibrated recommendations", eq. 2, 3 and 6.
    """
    order = np.tile(np.arange(pool.code.shape[1]), (len(pool), 1))
    step = max(1, CELLS // max(pool.code.shape[1] * share.shape[1], 1))
    for start in range(0, len(pool), step):
        part = slice(start, start + step)
        block = Pool(*(getattr(pool, f)[part] for f in ("code", "utility", "origin", "n_pinned")))
        order[part] = _calibrated(block, share, taste[part], weight, k)
    return order


def _calibrated(pool: Pool, share: Floats, taste: Floats, weight: float, k: int) -> IntArray:
    fit = relevance(pool)
    shares = np.where(pool.held[:, :, None], share[pool.code], 0.0)
    counts = shares.any(axis=2)
    listed, mass = np.zeros(taste.shape), np.zeros(len(pool))
    picks = _Picks(pool)
    n = min(k, pool.code.shape[1])
    for _ in range(n):
        mixture = (listed[:, None] + shares) / np.maximum(mass[:, None] + counts, 1)[:, :, None]
        best = picks.take((1 - weight) * fit - weight * divergence(taste[:, None], mixture))
        full = picks.took
        listed += np.where(full[:, None], shares[picks.rows, best], 0.0)
        mass += full & counts[picks.rows, best]
    order = picks.order()

    def objective(places: IntArray) -> Floats:
        taken = np.take_along_axis(shares, places[:, :, None], axis=1)
        total = np.add.accumulate(taken, axis=1)[:, -1]
        size = np.take_along_axis(counts, places, axis=1).sum(axis=1)
        gain = np.add.accumulate(np.take_along_axis(fit, places, axis=1), axis=1)[:, -1]
        mixture = total / np.maximum(size, 1)[:, None]
        return (1 - weight) * gain - weight * divergence(taste, mixture)

    came = np.tile(np.arange(pool.code.shape[1]), (len(pool), 1))
    if n == 0:
        return came
    better = objective(order[:, :n]) > objective(came[:, :n])
    return np.where((better & taste.any(axis=1))[:, None], order, came)


def divergence(taste: Floats, mixture: Floats) -> Floats:
    """``KL(p || (1 - a) q + a p)`` over the last axis in nats, with ``a = BLEND``."""
    mixed = (1 - BLEND) * mixture + BLEND * taste
    asked = taste > 0
    ratio = np.divide(taste, mixed, out=np.ones(mixed.shape), where=asked)
    return np.ascontiguousarray(np.where(asked, taste * np.log(ratio), 0.0)).sum(axis=-1)


def mixture_of(member: Mask) -> Floats:
    """Share of each item in each group: its groups share it evenly, ``(n_items, n_groups)``."""
    size = member.sum(axis=1, keepdims=True)
    return member / np.maximum(size, 1)


def taste_of(people: Profiles, share: Floats, relevant_from: float | None) -> Floats:
    """Mixture of each person's relevant history by weight, ``(n_people, n_groups)``; 0 if empty."""
    counts = np.asarray(people.csr(people.positive(relevant_from)).astype(np.float64) @ share)
    total = np.ascontiguousarray(counts).sum(axis=1, keepdims=True)
    return np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)


def unpopular(pool: Pool, count: NDArray[np.float64], weight: float) -> IntArray:
    """By ``(1 - weight) * relevance - weight * popularity``, both from 0 to 1 over the row's pool.

    Popularity is ``log(1 + people who met the item)``, so that the step from 10 to 100 people
    weighs as much as that from 100 to 1,000.

    Parameters
    ----------
    pool : Pool
    count : (n_items,) float64
        People who met each item.
    weight : float

    Source: Abdollahpouri, Burke, Mobasher 2019, "Managing popularity bias in recommender systems
    with personalized re-ranking", for the trade; the linear form is ours.
    """
    popularity = unit(np.log1p(count[pool.code]), pool.held)
    value = (1 - weight) * relevance(pool) - weight * popularity
    return np.argsort(np.where(pool.held, -value, np.inf), axis=1, kind="stable")


class _Picks:
    """Items taken one by one, the best of what is left; the rest follows as it came."""

    def __init__(self, pool: Pool) -> None:
        self.rows = np.arange(len(pool))
        self._left = pool.held.copy()
        self._key = np.arange(pool.code.shape[1]) + np.full((len(pool), 1), pool.code.shape[1])
        self._n = 0
        self.took = np.zeros(len(pool), dtype=bool)

    def take(self, value: Floats) -> IntArray:
        """The place with the highest value of each row, first of equals."""
        best = np.where(self._left, value, -np.inf).argmax(axis=1)
        self.took = self._left[self.rows, best]
        rows, columns = self.rows[self.took], best[self.took]
        self._key[rows, columns] = self._n
        self._left[rows, columns] = False
        self._n += 1
        return best

    def order(self) -> IntArray:
        return np.argsort(self._key, axis=1, kind="stable")


def _ones(bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.bitwise_count(bits).sum(axis=-1, dtype=np.int64)
