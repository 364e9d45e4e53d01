"""Hybrids that choose: Switch, by the length of the history, and Cascade, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.composite import Composite, Part, inner_cut
from workbench.models.hybrid import LEARNED, ndcg
from workbench.models.parameters import check_seed, check_whole
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

LENGTHS = (0, 1, 2, 3, 5, 8, 13, 21)
"""Lengths of history that are tried as the border between two parts."""
PEOPLE = 1000
"""At most so many people are asked where the borders are learned."""


class Switch(Composite):
    """One model while the history is short, another when it is longer.

    A profile of ``n`` events that count is scored by the last part whose border is at most
    ``n``, and by that part alone.

    Parameters
    ----------
    parts : sequence of str or Recommender, optional
        From the shortest to the longest history; at least two. By default "popularity",
        "content" and "ease", less those that the log cannot feed.
    at : sequence of int, or "learned"
        Borders: from how many events on each part but the first speaks; ascending, one fewer
        than parts. Learned: the borders, of ``LENGTHS`` or beyond the longest history, with
        the best nDCG@10 on a fifth of the training log (the last events of each person where
        there are timestamps, else a seeded random choice), its people asked once with each of
        ``LENGTHS`` last events of their history; of equals the earliest border, so that
        more is read of the history. Where the log is too small to be cut, 1, 2, 3, ...
    seed : int
        Of the cut and of the choice of people.

    Attributes
    ----------
    at_ : list of int

    Source: the switching hybrid of Burke 2002, "Hybrid recommender systems".
    """

    name = "switch"
    DEFAULT = ("popularity", "content", "ease")

    def __init__(
        self,
        parts: Sequence[Part] | None = None,
        at: Sequence[int] | str = LEARNED,
        seed: int = 0,
    ) -> None:
        check_seed(seed)
        self._take(parts, least=2)
        if isinstance(at, str):
            if at != LEARNED:
                raise ArgumentError(f"at must be whole numbers or {LEARNED!r}, not {at!r}")
        else:
            whole = isinstance(at, Sequence) and all(
                isinstance(n, int | np.integer) and not isinstance(n, bool) for n in at
            )
            if not whole or any(n < 0 for n in at) or sorted(at) != list(at):
                raise ArgumentError(f"at must be ascending whole numbers of 0 or more, not {at!r}")
            if parts is None:
                raise ArgumentError("at needs parts; give both, or let both be chosen")
            if len(at) != len(parts) - 1:
                raise ArgumentError(
                    f"at: {len(at)} borders for {len(parts)} parts; give one fewer than parts"
                )
        self.at = at if isinstance(at, str) else [int(n) for n in at]
        self.seed = seed

    def fit(self, dataset: Dataset) -> Self:
        n_parts = len(self._fresh(dataset.has))
        self.at_ = list(range(1, n_parts)) if isinstance(self.at, str) else list(self.at)
        if isinstance(self.at, str) and n_parts > 1:
            self._learn(dataset)
        self.parts_ = self._fitted(dataset)
        return self

    def _learn(self, dataset: Dataset) -> None:
        inner = inner_cut(dataset, self.seed)
        if inner is None:
            return
        people, asked = inner.people()[1], inner.relevant_matrix()
        if len(people) > PEOPLE:
            draw = np.random.default_rng(self.seed)
            chosen = np.sort(draw.choice(len(people), PEOPLE, replace=False))
            people, asked = people[chosen], asked[chosen]
        found = np.zeros((len(LENGTHS), len(self.at_) + 1))
        for p, part in enumerate(self._fitted(inner.train)):
            for block_of, block in people.blocks():
                relevant = asked[block_of].toarray() > 0
                held = block.n_met
                for i, n in enumerate(LENGTHS):
                    scores = np.array(part.score(block.only(block.from_end < n)))
                    scores[~np.isfinite(scores)] = -np.inf
                    scores[block.seen.nonzero()] = -np.inf
                    gained = ndcg(scores, relevant, relevant.sum(axis=1))
                    found[i, p] += gained[held >= n].sum()
        self.at_ = borders(found)

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n_items = len(profiles.catalogue) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        speaks = np.searchsorted(self.at_, profiles.n_met, side="right")
        for place, part in enumerate(self.parts_):
            rows = np.flatnonzero(speaks == place)
            if len(rows):
                scores[rows] = part.score(profiles[rows], items)
        return scores


def borders(gained: NDArray[np.float64]) -> list[int]:
    """Where each part but the first begins, so that the sum over lengths is largest.

    Parameters
    ----------
    gained : (len(LENGTHS), n_parts) float64
        What each part gains at each length.

    Returns
    -------
    list of int
        Ascending, of ``LENGTHS``, or one more than the longest for a part that never speaks.
    """
    n_lengths, n_parts = gained.shape
    ends = (*LENGTHS[:n_lengths], LENGTHS[n_lengths - 1] + 1)
    before = np.vstack([np.zeros(n_parts), np.cumsum(gained, axis=0)])

    def total(at: tuple[int, ...]) -> float:
        cuts = (0, *at, n_lengths)
        return float(sum(before[cuts[p + 1], p] - before[cuts[p], p] for p in range(n_parts)))

    best = max(
        combinations_with_replacement(range(n_lengths + 1), n_parts - 1),
        key=lambda at: (round(total(at), 9), [-i for i in at]),
    )
    return [ends[i] for i in best]


class Cascade(Composite):
    """One model chooses, another orders: the first one's best items in the second one's order.

    The ``depth`` best items of the first part that the person has not met (and all that tie
    with the last of them) have the score of the second; all others are NaN.

    Parameters
    ----------
    parts : sequence of two str or Recommender, optional
        The one that chooses and the one that orders. By default "item-knn" and "ease".
    depth : int
        How many are chosen.

    Source: the cascade hybrid of Burke 2002, "Hybrid recommender systems".
    """

    name = "cascade"
    DEFAULT = ("item-knn", "ease")

    def __init__(self, parts: Sequence[Part] | None = None, depth: int = 100) -> None:
        self._take(parts, least=2)
        if parts is not None and len(parts) != 2:
            raise ArgumentError(f"parts must be two, one to choose and one to order, not {parts!r}")
        check_whole("depth", depth)
        self.depth = depth

    def fit(self, dataset: Dataset) -> Self:
        self.parts_ = self._fitted(dataset)
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n_items = len(profiles.catalogue) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        first, second = self.parts_
        for part, block in profiles.blocks():
            chosen = _best(first.score(block), block, self.depth)
            found = np.where(chosen, second.score(block), np.float32(np.nan))
            scores[part] = found if items is None else found[:, items]
        return scores


def _best(scores: FloatArray, people: Profiles, depth: int) -> NDArray[Any]:
    """Mask of the best items not met, ``(n_profiles, n_items)``, those met included."""
    ranked = np.where(np.isfinite(scores), scores, -np.inf)
    met = people.row[people.counts], people.item[people.counts]
    ranked[met] = -np.inf
    n_items = ranked.shape[1]
    bar = np.partition(ranked, max(n_items - depth, 0), axis=1)[:, max(n_items - depth, 0), None]
    mask: NDArray[Any] = (ranked >= bar) & np.isfinite(ranked)
    mask[met] = True
    return mask
