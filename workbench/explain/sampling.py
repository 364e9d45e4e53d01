"""Sampling of Shapley values: orders in pairs, groups first, continued where they stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from workbench.explain.coalitions import Masks
from workbench.vocabulary import IntArray

Column = NDArray[np.float64]
Worth = Callable[[Masks], Column]
"""From coalitions ``(n_coalitions, n_players)`` to the worth of each."""


@dataclass(frozen=True)
class Drawn:
    """What pairs of orders said so far, as running sums.

    Attributes
    ----------
    pairs : int
    mean : (n_players,) float64
        Of one estimate per pair.
    squares : (n_players,) float64
        Sum of squared distances from the mean.
    """

    pairs: int
    mean: Column
    squares: Column

    @classmethod
    def nothing(cls, n: int) -> Drawn:
        return cls(0, np.zeros(n), np.zeros(n))

    @property
    def error(self) -> Column:
        """Standard error of each mean; NaN where only one pair was drawn."""
        if self.pairs < 2:
            return np.full(len(self.mean), np.nan)
        return np.sqrt(self.squares / (self.pairs - 1) / self.pairs)

    def with_estimates(self, estimates: Column) -> Drawn:
        """With those of further pairs, ``(n_pairs, n_players)``, one after the other.

        Source: Welford 1962, "Note on a method for calculating corrected sums of squares".
        """
        pairs, mean, squares = self.pairs, self.mean, self.squares
        for one in estimates:
            pairs += 1
            off = one - mean
            mean = mean + off / pairs
            squares = squares + off * (one - mean)
        return Drawn(pairs, mean, squares)


def exact(worth: Worth, n: int) -> Column:
    """Shapley values of ``n`` players from all ``2**n`` coalitions, ``(n,)``.

    Source: Shapley 1953, "A value for n-person games": a player's mean gain, where joining
    coalition S has the weight |S|! (n - |S| - 1)! / n!.
    """
    bits = np.arange(2**n)[:, None] >> np.arange(n) & 1
    found = worth(bits.astype(bool))
    size = bits.sum(axis=1)
    weight = np.array([1.0 / (n * comb(n - 1, s)) for s in range(n)])
    share = np.zeros(n)
    for i in range(n):
        outside = np.flatnonzero(bits[:, i] == 0)
        share[i] = (weight[size[outside]] * (found[outside | 1 << i] - found[outside])).sum()
    return share


def sampled(
    worth: Worth,
    n: int,
    pairs: int,
    seed: int,
    before: Drawn,
    group: IntArray | None = None,
    of_groups: Column | None = None,
) -> Drawn:
    """Draw further pairs of orders, an order and its reverse, each of which adds up exactly.

    The i-th pair is always the same for a seed, so that drawing on equals drawing all at once.

    Parameters
    ----------
    worth : callable
    n, pairs, seed : int
        Number of players, of pairs to draw; seed of the orders.
    before : Drawn
        What is there already.
    group : (n,) int64, optional
        Then groups enter one after the other, and the players of a group follow each other: the
        mean is Owen's value.
    of_groups : (n_groups,) float64, optional
        What each group's values add up to, where that is known exactly: every estimate is moved
        to it, evenly within a group.

    Source: Castro, Gómez, Tejada 2009, "Polynomial calculation of the Shapley value based on
    sampling"; pairs as in Mitchell et al. 2022, "Sampling permutations for Shapley value
    estimation"; Owen 1977, "Values of games with a priori unions".
    """
    first = [_order(n, group, seed, pair) for pair in range(before.pairs, before.pairs + pairs)]
    orders = np.stack([np.stack([order, order[::-1]]) for order in first]).reshape(2 * pairs, n)
    # Row (o, s): the first s players of order o. Nobody and everybody are asked once.
    place = np.argsort(orders, axis=1)
    steps = np.arange(1, n)
    inner = place[:, None, :] < steps[None, :, None]
    ends = np.repeat([[False], [True]], n, axis=1)
    found = worth(np.concatenate([ends, inner.reshape(-1, n)]))
    scores = np.empty((2 * pairs, n + 1))
    scores[:, 0], scores[:, n] = found[0], found[1]
    scores[:, 1:n] = found[2:].reshape(2 * pairs, n - 1)
    gains = np.take_along_axis(np.diff(scores, axis=1), place, axis=1)
    estimates = gains.reshape(pairs, 2, n).mean(axis=1)
    if group is not None and of_groups is not None:
        member = group[:, None] == np.arange(len(of_groups))
        off = of_groups - estimates @ member
        estimates = estimates + (off / member.sum(axis=0))[:, group]
    return before.with_estimates(estimates)


def _order(n: int, group: IntArray | None, seed: int, pair: int) -> IntArray:
    draw = np.random.default_rng([seed, pair])
    order = draw.permutation(n)
    if group is None:
        return order
    turn = draw.permutation(int(group.max()) + 1)
    return order[np.argsort(turn[group[order]], kind="stable")]
