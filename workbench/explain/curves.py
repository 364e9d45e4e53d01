"""Deletion and insertion: how fast a score falls, or comes back, in an order of its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.explain.coalitions import Masks
from workbench.vocabulary import IntArray

Floats = NDArray[np.float64]
Score = Callable[[Masks], Floats]
"""From masks over the parts, ``(n_masks, n_parts)``, to the score with those parts alone."""

STEPS = 10
"""A curve is read at so many steps, each the same share of the parts, or at every part."""


@dataclass(frozen=True)
class Areas:
    """Areas of one order's curves and what orders by chance give, in the unit of the score.

    Attributes
    ----------
    deletion : float
        Mean fall of the score while the parts are taken away, the first of the order first.
    insertion : float
        Mean rise above the score without any part, while they are put back in the same order.
    by_chance : tuple of float
        Both, as the mean over random orders.
    """

    deletion: float
    insertion: float
    by_chance: tuple[float, float]


def areas(score: Score, orders: list[IntArray], n_random: int, seed: int) -> list[Areas]:
    """Areas of the curves of some orders of the same parts.

    All are scored in one call. Random orders come with their reverse, so that one set of curves
    serves both questions: what is left after the first parts of an order are taken away is how
    its reverse begins.

    Parameters
    ----------
    score : callable
    orders : list of (n_parts,) int64
        Places of the parts, the one that counts most first.
    n_random : int
        Random orders, rounded up to pairs.
    seed : int

    Source: Petsiuk, Das, Saenko 2018, "RISE: randomized input sampling for explanation of
    black-box models", for deletion and insertion, here over events and features.
    """
    n = len(orders[0])
    sizes = steps(n)
    draw = np.random.default_rng(seed)
    random = [draw.permutation(n) for _ in range(-(-n_random // 2))]
    random += [order[::-1] for order in random]
    # Each order begins one curve of what is put back; its reverse, of what is taken away.
    begun = [*orders, *(order[::-1] for order in orders), *random]
    place = np.argsort(np.stack(begun), axis=1)
    masks = place[:, None, :] < sizes[None, :, None]
    curves = _each_once(score, masks.reshape(-1, n)).reshape(len(begun), len(sizes))
    base, whole = curves[0, 0], curves[0, -1]
    mean: Floats = np.asarray(np.trapezoid(curves, sizes / n, axis=1))
    chance = float(mean[2 * len(orders) :].mean())
    return [
        Areas(
            deletion=float(whole - mean[len(orders) + i]),
            insertion=float(mean[i] - base),
            by_chance=(float(whole - chance), float(chance - base)),
        )
        for i in range(len(orders))
    ]


def steps(n: int) -> IntArray:
    """Numbers of parts at which a curve is read: from 0 to ``n``, the same from both ends."""
    first = np.floor(np.linspace(0, n, min(n, STEPS) + 1) + 1e-9).astype(np.int64)
    return np.unique(np.concatenate([first, n - first]))


def _each_once(score: Score, masks: Masks) -> Floats:
    """Scores of masks; equal ones (all and none are in every curve) are scored once."""
    different, place = np.unique(masks, axis=0, return_inverse=True)
    return score(different)[place.reshape(-1)]
