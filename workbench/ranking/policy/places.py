"""Filling the places one by one under rules: caps, floors, new items, and exploration.

At each place the best item is taken that no cap forbids. A demand (a floor, or a number of new
items) takes its turn when its debt has grown to one place, so what it asks for is spread over
the list; and it must be met from the moment on when there would otherwise be too few places left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.ranking.policy.draws import uniforms
from workbench.ranking.policy.pool import Floats, Mask, Pool
from workbench.vocabulary import IntArray

NEAR = 1e-9


@dataclass(frozen=True)
class Cap:
    """At most ``most`` items of each group. An item with several groups counts in all of them."""

    column: str
    names: list[str]
    member: Mask
    most: int


@dataclass(frozen=True)
class Demand:
    """A group of items that must get its part of the places.

    Attributes
    ----------
    name : str
    member : (n_items,) bool
    weight : (k,) float64
        What each place is worth, never rising.
    share : float
        Part of the worth of all places that the group must get.
    """

    name: str
    member: Mask
    weight: Floats
    share: float

    @property
    def least(self) -> float:
        return self.share * float(self.weight.sum())

    def places(self, need: Floats) -> IntArray:
        """How many of the last places are worth what is still needed, ``(n_rows,)``."""
        worth = np.concatenate([[0.0], np.cumsum(self.weight[::-1])])
        return np.searchsorted(worth, need - NEAR)


@dataclass(frozen=True)
class Exploration:
    """Chance instead of the best; see ``Policy``.

    Attributes
    ----------
    epsilon, temperature : float
    keys : (n_rows,) uint64
        What each row's draws are made from.
    width : int
        Only the first places of the pool are drawn from.
    """

    epsilon: float
    temperature: float
    keys: NDArray[np.uint64]
    width: int


@dataclass(frozen=True)
class Filled:
    """What came out.

    Attributes
    ----------
    column : (n_rows, k) int64
        Place in the pool of the item on each place; -1 where none was left. What is there stands
        first.
    propensity : (n_rows, k) float64
        1 without exploration; NaN where there is no item.
    drawn : (n_rows, k) bool
        Where chance took another item than the best.
    got : list of (n_rows,) float64
        What each demand got.
    """

    column: IntArray
    propensity: Floats
    drawn: Mask
    got: list[Floats]


def filled(
    pool: Pool,
    k: int,
    caps: Sequence[Cap] = (),
    demands: Sequence[Demand] = (),
    exploration: Exploration | None = None,
) -> Filled:
    """Fill ``k`` places of each row from its pool; see the module for the rule.

    Pinned items keep the first places and count like all others. A place that no demand can fill
    (its items are shown, capped or not there) goes to the best of the others; a cap is never
    broken, the list is shorter then.
    """
    n, width = pool.code.shape
    rows = np.arange(n)
    column = np.full((n, k), -1)
    propensity, drawn = np.full((n, k), np.nan), np.zeros((n, k), dtype=bool)
    free = pool.held.copy()
    room = [_Room(cap, pool) for cap in caps]
    asked = [_Asked(demand, pool) for demand in demands]
    chance = None if exploration is None else _Chance(exploration, pool)
    for place in range(min(k, width)):
        pinned = (place < pool.n_pinned)[:, None]
        choice = np.where(pinned, np.arange(width) == place, free)
        if asked:
            due = _due(asked, choice, place, k)
            wanted = choice & np.logical_or.reduce([d[:, None] & a.member for d, a in due])
            choice = np.where(wanted.any(axis=1)[:, None] & ~pinned, wanted, choice)
        best = choice.argmax(axis=1)
        some = choice[rows, best]
        chance_of = np.ones(n)
        if chance is not None:
            taken, chance_of = chance.draw(choice, best, place)
            drawn[:, place] = some & (taken != best)
            best = taken
        column[some, place] = best[some]
        propensity[some, place] = chance_of[some]
        free[rows[some], best[some]] = False
        for limit in room:
            limit.close(free, rows[some], best[some])
        for ask in asked:
            ask.count(some, best, place)
    return Filled(column, propensity, drawn, [ask.got for ask in asked])


class _Room:
    """What a cap still lets in."""

    def __init__(self, cap: Cap, pool: Pool) -> None:
        self.cap, self.pool = cap, pool
        self.shown = np.zeros((len(pool), len(cap.names)), dtype=np.int64)

    def close(self, free: Mask, rows: IntArray, columns: IntArray) -> None:
        """Take out of ``free`` what one more item of these rows makes too many."""
        groups = self.cap.member[self.pool.code[rows, columns]]
        self.shown[rows] += groups
        full = groups & (self.shown[rows] >= self.cap.most)
        for group in np.flatnonzero(full.any(axis=0)):
            closed = rows[full[:, group]]
            free[closed] &= ~self.cap.member[self.pool.code[closed], group]


class _Asked:
    """What a demand has got so far."""

    def __init__(self, demand: Demand, pool: Pool) -> None:
        self.demand = demand
        self.member = demand.member[pool.code] & pool.held
        self.got = np.zeros(len(pool))
        self.debt = np.zeros(len(pool))

    def count(self, some: Mask, best: IntArray, place: int) -> None:
        worth = self.demand.weight[place]
        hit = some & self.member[np.arange(len(best)), best]
        self.got += hit * worth
        self.debt += self.demand.share * worth - hit * worth


def _due(asked: list[_Asked], choice: Mask, place: int, k: int) -> list[tuple[Mask, _Asked]]:
    """Which demands want this place, ``(n_rows,)`` each."""
    needs = [ask.demand.least - ask.got for ask in asked]
    places = [
        np.minimum(ask.demand.places(need), (choice & ask.member).sum(axis=1))
        for ask, need in zip(asked, needs, strict=True)
    ]
    must = np.sum(places, axis=0) >= k - place
    out = []
    for ask, needed in zip(asked, places, strict=True):
        worth = ask.demand.weight[place]
        grown = ask.debt + ask.demand.share * worth >= worth - NEAR
        out.append(((grown | must) & (needed > 0), ask))
    return out


class _Chance:
    """Draws among the first places of the pool."""

    def __init__(self, how: Exploration, pool: Pool) -> None:
        self.how = how
        self.width = min(how.width, pool.code.shape[1])
        self.rows = np.arange(len(pool))
        utility = np.where(pool.held, pool.utility, 0.0)[:, : self.width]
        held = pool.held[:, : self.width]
        wide = spread(utility, held)
        self.logit = utility / (how.temperature * wide[:, None]) if how.temperature else utility

    def draw(self, choice: Mask, best: IntArray, place: int) -> tuple[IntArray, Floats]:
        """The item drawn for each row, and its chance. Beyond the first places the best is sure."""
        within = choice[:, : self.width]
        n = within.sum(axis=1)
        if self.how.temperature:
            top = np.where(within, self.logit, -np.inf).max(axis=1, initial=-np.inf)
            top = np.where(n > 0, top, 0.0)
            odds = np.where(within, np.exp(np.minimum(self.logit - top[:, None], 0.0)), 0.0)
            total = np.add.accumulate(odds, axis=1)[:, -1]
            chance = odds / np.where(n > 0, total, 1.0)[:, None]
        else:
            chance = (np.arange(self.width) == best[:, None]) & within
        epsilon = self.how.epsilon
        chance = (1 - epsilon) * chance + epsilon * within / np.maximum(n, 1)[:, None]
        sums = np.add.accumulate(chance, axis=1)
        level = uniforms(self.how.keys, place) * sums[:, -1]
        last = self.width - 1 - within[:, ::-1].argmax(axis=1)
        taken = np.minimum((sums <= level[:, None]).sum(axis=1), last)
        taken = np.where(n > 0, taken, best)
        safe = np.minimum(taken, self.width - 1)
        return taken, np.where(n > 0, chance[self.rows, safe], 1.0)


def attention(k: int) -> Floats:
    """What each of ``k`` places is worth, ``(k,)``: ``1 / log2(1 + rank)``."""
    return 1 / np.log2(np.arange(2, k + 2))


def spread(utility: Floats, held: Mask) -> Floats:
    """Standard deviation of each row's utilities, ``(n_rows,)``; 1 where there is none.

    Sums run from left to right, so that empty places at the end change no bit.
    """
    if utility.shape[1] == 0:
        return np.ones(len(utility))
    n = np.maximum(held.sum(axis=1), 1)
    mean = np.add.accumulate(np.where(held, utility, 0.0), axis=1)[:, -1] / n
    square = np.where(held, utility - mean[:, None], 0.0) ** 2
    found = np.sqrt(np.add.accumulate(square, axis=1)[:, -1] / n)
    return np.where(found > 0, found, 1.0)
