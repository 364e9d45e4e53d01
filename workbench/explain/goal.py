"""Goal: whether an item is on the slate of an edited person, and how far it is from the edge."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import ITEM, ROW, VALUE
from workbench.explain.coalitions import pair_scores
from workbench.explain.edits import RATE, Edits, Set
from workbench.explain.search import Answer, Search
from workbench.explain.variants import ranked_scores, ranks_of, slates_of
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.vocabulary import FloatArray

FAR = 1e6
"""Off the margin of an item that is no candidate: it must become one before its score counts."""

Margins = NDArray[np.float64]


class Goal:
    """Answers for a ``Search``: does the item leave (or enter) the slate after a set of edits?

    Parameters
    ----------
    model : Recommender
    edits : Edits
        What may be changed, and about whom.
    item : int
        Code of the item.
    k : int
    policy : Policy or None
    leave : bool
        Whether the item is to leave the slate; else it is to enter.

    Attributes
    ----------
    margin : dict of set to float
        Score of the item less that of the k-th best other item, after each set of edits that was
        scored: without a policy, positive on the slate and negative off it.
    """

    def __init__(
        self,
        model: Recommender,
        edits: Edits,
        item: int,
        k: int,
        policy: Policy | None,
        leave: bool,
    ) -> None:
        self.model, self.edits, self.item = model, edits, item
        self.k, self.policy, self.leave = k, policy, leave
        self.margin: dict[Set, float] = {}

    def __call__(self, sets: list[Set]) -> list[Answer]:
        people = self.edits.people(sets)
        scores = ranked_scores(self.model, self.edits.person, people)
        reached = self._shown(people, scores) != self.leave
        margin = self._margins(people, scores)
        self.margin.update(zip(sets, margin.tolist(), strict=True))
        progress = -margin if self.leave else margin
        if self.edits.change == RATE:  # of what reaches the goal, the least change is the best
            moved = [-self._moved(edits) for edits in sets]
            progress = np.where(reached, moved, progress)
        return list(zip(reached.tolist(), progress.tolist(), strict=True))

    def singles(self, search: Search) -> pl.DataFrame:
        """What every single edit does; see ``Counterfactual.singles``."""
        if () not in self.margin:
            self([()])
        alone = [(edit,) for edit in range(len(self.edits))]
        after = np.array([self.margin[edits] for edits in alone], dtype=np.float64)
        with np.errstate(invalid="ignore"):  # where there is no edge, both are infinite
            effect = (after - self.margin[()]) * (-1.0 if self.leave else 1.0)
        told = np.isfinite(effect) & (np.abs(effect) < FAR / 2)
        return pl.DataFrame(
            {
                ITEM: self.edits.person.catalogue.ids.gather(self.edits.item),
                VALUE: pl.Series(self.edits.value, dtype=pl.Float64).fill_nan(None),
                "effect": pl.Series(np.where(told, effect, np.nan)).fill_nan(None),
                "reaches": pl.Series([search.known[edits][0] for edits in alone], dtype=pl.Boolean),
            }
        ).sort("reaches", "effect", descending=True, nulls_last=True, maintain_order=True)

    def _shown(self, people: Profiles, scores: FloatArray) -> NDArray[np.bool_]:
        """Whether the item is on each slate, ``(n_people,)``."""
        if self.policy is None:
            rank = ranks_of(scores, np.array([self.item]))[:, 0]
            return (rank > 0) & (rank <= self.k)
        slates = slates_of(self.model, self.edits.person, people, scores, self.k, self.policy)
        found = slates.frame.filter(pl.col(ITEM) == self.model.catalogue.id(self.item))
        return np.isin(np.arange(len(people)), found[ROW].to_numpy())

    def _margins(self, people: Profiles, scores: FloatArray) -> Margins:
        own = scores[:, self.item].astype(np.float64)
        edge = np.full(len(scores), -np.inf)
        if self.k < scores.shape[1]:
            others = np.fmax(scores, np.float32(-np.inf))
            others[:, self.item] = -np.inf
            place = others.shape[1] - self.k
            edge = np.partition(others, place, axis=1)[:, place].astype(np.float64)
        outside = np.isnan(own)
        margin = np.where(outside, -np.inf, own) - np.where(outside, 0.0, edge)
        if outside.any() and not self.leave:
            pair = pair_scores(self.model, people[np.flatnonzero(outside)], np.array([self.item]))
            margin[outside] = pair[:, 0] - np.where(np.isfinite(edge), edge, 0.0)[outside] - FAR
        margin[np.isnan(margin)] = -np.inf
        return margin

    def _moved(self, edits: Set) -> float:
        """By how much a set of ratings differs from the person's own."""
        person = self.edits.person
        now = np.zeros(len(person.catalogue))
        now[person.item] = person.value
        chosen = list(edits)
        change = np.abs(self.edits.value[chosen] - now[self.edits.item[chosen]])
        return float(np.nan_to_num(change).sum())
