"""Paired: shares of events in two scores at once, from the same drawn orders."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.explain.coalitions import pair_scores
from workbench.explain.genre_groups import genre_groups
from workbench.explain.shares import EventShares, event_shares
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.vocabulary import IntArray

FIRST, SECOND, DIFFERENCE = (1.0, 0.0), (0.0, 1.0), (1.0, -1.0)


def paired_shares(
    model: Recommender, person: Profiles, items: IntArray, *, budget: int, seed: int
) -> tuple[EventShares, EventShares, EventShares]:
    """Shares of events in the scores of two items, and in the first less the second.

    All three come from the same orders (by groups in a long history, as in ``wb.explain``), and
    every profile is scored once for both items. So the shares of the difference are the difference
    of the shares, and their error is that of the difference itself: what chance does to both
    scores alike cancels.

    Parameters
    ----------
    model, person, budget, seed
        See ``event_shares``.
    items : (2,) int64
        Codes.
    """
    both = _Both(model, items)
    groups = None if model.has_event_shares else genre_groups(model, person)
    how: dict[str, Any] = {
        "budget": budget,
        "seed": seed,
        "group": None if groups is None else groups[1],
    }
    first, second, difference = (
        event_shares(_Mixture(both, weights), person, int(items[0]), **how)  # type: ignore[arg-type]
        for weights in (FIRST, SECOND, DIFFERENCE)
    )
    return first, second, difference


class _Both:
    """Scores of two items, each batch of people scored once."""

    def __init__(self, model: Recommender, items: IntArray) -> None:
        self.model, self.items = model, items
        self.known: dict[tuple[bytes, bytes], NDArray[np.float64]] = {}

    def score(self, people: Profiles) -> NDArray[np.float64]:
        # The people are coalitions of one person, so their items tell batches apart.
        key = people.indptr.tobytes(), people.item.tobytes()
        if key not in self.known:
            self.known[key] = pair_scores(self.model, people, self.items).astype(np.float64)
        return self.known[key]


class _Mixture:
    """A model of one score: a weighted sum of the two. Shapley values are linear in the score."""

    def __init__(self, both: _Both, weights: tuple[float, float]) -> None:
        self.both, self.weights = both, np.array(weights)
        self.has_event_shares = both.model.has_event_shares
        self.catalogue = both.model.catalogue

    def score(self, people: Profiles, items: Any = None) -> NDArray[np.float64]:
        scores = self.both.score(people)
        used = np.flatnonzero(self.weights)  # a NaN of the other is none of this one
        mixed: NDArray[np.float64] = (scores[:, used] @ self.weights[used])[:, None]
        return mixed

    def event_shares(self, person: Profiles, item: int) -> NDArray[np.float64]:
        parts = [self.both.model.event_shares(person, int(i)) for i in self.both.items]
        total: NDArray[np.float64] = self.weights @ np.stack(parts).astype(np.float64)
        return total
