"""Association rules: who liked this also liked that, and the rule is the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.base import Recommender, checked_pair
from workbench.models.popularity import prior
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, Id, IntArray

BLOCK = 256
"""People whose rules are looked up at one moment."""
MEASURES = ("confidence", "lift")
DENSE_CELLS = 50_000_000
"""Baskets are a sparse frame above this size."""


@dataclass(frozen=True)
class Rule:
    """Who liked ``because`` also liked ``item_id``.

    Attributes
    ----------
    because, item_id : item ids
    people : int
        Training people who liked both.
    confidence : float
        Share of those who liked ``because`` who also liked ``item_id``, 0 to 1.
    lift : float
        How many times that is the share of all people.
    weight : float
        Weight of the person's event that the rule starts from.
    """

    because: Id
    item_id: Id
    people: int
    confidence: float
    lift: float
    weight: float

    def sentence(self, titles: Mapping[Id, str] | None = None) -> str:
        """The rule in words, with titles where they are given (not None and not empty)."""
        named = titles or {}
        because, item = (named.get(i) or i for i in (self.because, self.item_id))
        return (
            f"{self.confidence:.0%} of those who liked {because} also liked {item} "
            f"({self.people:,} people, "
            f"{self.lift:.1f} times as many as usual)"
        )


class Rules(Recommender):
    """The strongest rule from an item of the history to the item.

    Rules "who liked A also liked B" are found by FP-growth among the baskets of relevant items;
    ``score(B) = max over relevant events A of weight * strength(A -> B)``. A millionth of the
    popularity is added, which ranks the items that no rule reaches, and everything for an empty
    history.

    Parameters
    ----------
    min_support : float
        Share of the people (with a relevant event) who like both, for a rule to be looked at.
    min_confidence : float
        Share of those who like A who like B.
    measure : str
        Strength of a rule: "confidence" (safe choices) or "lift" (surprising ones).
    max_items : int
        Only so many items, the most liked ones, are mined: time and memory grow with their square.

    Source: Agrawal, Imielinski, Swami 1993, "Mining association rules between sets of items in
    large databases"; Han, Pei, Yin 2000, "Mining frequent patterns without candidate generation".
    """

    name = "rules"

    def __init__(
        self,
        min_support: float = 0.05,
        min_confidence: float = 0.1,
        measure: str = "confidence",
        max_items: int = 150,
    ) -> None:
        for name, value in (("min_support", min_support), ("min_confidence", min_confidence)):
            if not 0 < value <= 1:
                raise ArgumentError(f"{name} must be above 0 and at most 1, not {value!r}")
        if measure not in MEASURES:
            raise ArgumentError(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}")
        whole = isinstance(max_items, int | np.integer) and not isinstance(max_items, bool)
        if not whole or max_items < 2:
            raise ArgumentError(f"max_items must be a whole number of at least 2, not {max_items}")
        self.min_support = min_support
        self.min_confidence = min_confidence
        self.measure = measure
        self.max_items = max_items

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        x = people.csr(people.positive(dataset.relevant_from))
        x = x[np.flatnonzero(np.diff(x.indptr))]
        found = mined(x, self.min_support, self.min_confidence, self.max_items)
        order = np.lexsort((found["to"], found["from"]))
        start = np.searchsorted(found["from"][order], np.arange(dataset.n_items + 1))
        self.starts_ = start.astype(np.int64)
        self.to_ = found["to"][order]
        self.people_ = np.round(found["support"][order] * x.shape[0]).astype(np.int64)
        self.confidence_ = found["confidence"][order].astype(np.float32)
        self.lift_ = found["lift"][order].astype(np.float32)
        self.prior_ = prior(people, dataset.relevant_from)
        self.relevant_from_ = dataset.relevant_from
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n_items = len(self.prior_) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        for part, block in profiles.blocks(BLOCK):
            event, rule = self._fired(block)
            found = np.zeros((len(block), len(self.prior_)), dtype=np.float32)
            place = (block.row[event], self.to_[rule])
            np.maximum.at(found, place, block.weight[event] * self._strength[rule])
            found += self.prior_
            scores[part] = found if items is None else found[:, items]
        return scores

    def reason(self, profile: Profiles, item: int) -> Rule | None:
        """The rule that gave an item its score; None where no rule did.

        Parameters
        ----------
        profile : Profiles
            One person.
        item : int
            Code of the item.

        Raises
        ------
        NotFittedError
            The model has not been fitted.
        ArgumentError
            ``profile`` is not one person, or ``item`` no code of the model's catalogue.
        """
        profile, item = checked_pair(self, profile, item)
        event, rule = self._fired(profile)
        reaching = np.flatnonzero(self.to_[rule] == item)
        if len(reaching) == 0:
            return None
        strength = profile.weight[event[reaching]] * self._strength[rule[reaching]]
        # Of equals the item with the lowest code.
        best = reaching[np.lexsort((profile.item[event[reaching]], -strength))[0]]
        at = int(rule[best])
        return Rule(
            because=self.catalogue.id(int(profile.item[event[best]])),
            item_id=self.catalogue.id(item),
            people=int(self.people_[at]),
            confidence=float(self.confidence_[at]),
            lift=float(self.lift_[at]),
            weight=float(profile.weight[event[best]]),
        )

    @property
    def _strength(self) -> FloatArray:
        return self.confidence_ if self.measure == "confidence" else self.lift_

    def _fired(self, people: Profiles) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of a relevant event and a rule that starts from its item."""
        event = np.flatnonzero(people.positive(self.relevant_from_))
        first = self.starts_[people.item[event]]
        n_rules = self.starts_[people.item[event] + 1] - first
        ends = np.cumsum(n_rules)
        rule = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - ends + n_rules, n_rules)
        return np.repeat(event, n_rules), rule


def mined(
    baskets: sparse.csr_array, min_support: float, min_confidence: float, max_items: int
) -> dict[str, NDArray[Any]]:
    """Rules between two items.

    Parameters
    ----------
    baskets : (n_people, n_items), sparse
        What each person liked.
    min_support, min_confidence, max_items
        See ``Rules``.

    Returns
    -------
    dict of (n_rules,) arrays
        "from" and "to" (item codes), "support", "confidence", "lift".
    """
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    n_people = baskets.shape[0]
    count = np.bincount(baskets.indices, minlength=baskets.shape[1])
    frequent = np.flatnonzero(count >= max(min_support * n_people, 1))
    if len(frequent) > max_items:
        frequent = np.sort(frequent[np.argsort(-count[frequent], kind="stable")[:max_items]])
    kept = (baskets[:, frequent] > 0).astype(bool)
    if n_people * len(frequent) > DENSE_CELLS:
        frame = pd.DataFrame.sparse.from_spmatrix(sparse.csr_matrix(kept))
        frame.columns = [str(code) for code in frequent]
    else:
        frame = pd.DataFrame(kept.toarray(), columns=[str(code) for code in frequent])
    itemsets = (
        fpgrowth(frame, min_support=min_support, use_colnames=True, max_len=2)
        if len(frequent) > 1
        else pd.DataFrame({"itemsets": []})
    )
    if not (itemsets["itemsets"].map(len) == 2).any():
        return {
            "from": np.zeros(0, np.int64),
            "to": np.zeros(0, np.int64),
            **{name: np.zeros(0) for name in ("support", "confidence", "lift")},
        }
    rules = association_rules(
        itemsets,
        num_itemsets=n_people,
        metric="confidence",
        min_threshold=min_confidence,
        return_metrics=["support", "confidence", "lift"],
    )
    return {
        "from": np.array([int(*side) for side in rules["antecedents"]], dtype=np.int64),
        "to": np.array([int(*side) for side in rules["consequents"]], dtype=np.int64),
        **{name: rules[name].to_numpy(np.float64) for name in ("support", "confidence", "lift")},
    }
