"""Association rules: who liked these also liked that, and the rule is the reason."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import ITEM
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.base import Recommender, checked_pair
from workbench.models.itemsets import RuleTable, pair_rules, set_rules
from workbench.models.parameters import check_above, check_whole, check_word
from workbench.models.popularity import prior
from workbench.models.rule import Rule
from workbench.models.traits import Traits
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, Id, IntArray

BLOCK = 64
"""People whose rules are looked up at one moment."""
MEASURES = ("confidence", "lift", "leverage")
ALL_MEASURES = ("support", "confidence", "lift", "leverage", "conviction")
COMBINE = ("sum", "max")
MOST_PAIRS = 1_000
"""Pairs of genres and decades that rules start from, the most frequent ones."""
TEXTS = pl.List(pl.String)
FEW = 2
"""Baskets that a rule is of at the least: one person is no rule."""
FALLBACK = 1e-3
"""What a rule from a genre or decade counts of one from an item: it ranks what no item reaches."""


class Rules(Recommender):
    """What goes with the items of the history, by rules that can be read.

    A rule "who liked A also liked B" is kept where enough people liked both, where it is
    confident enough, and where its lift is above 1 (they like B more than people do)::

        score(B) = sum over rules A -> B with A in the history of weight * measure(A -> B)

    (or the strongest of them). The weight is that of the event, of several the smallest.
    Antecedents of several items are mined by FP-growth (``mlxtend``), those of one item by a
    sparse product that gives the same table. Rules from a taste, "who likes Drama of the 1990s
    likes B", with one or two genres or decades typical of the person, count a thousandth: they
    rank what no rule from an item reaches, as for a short history. A millionth of the popularity
    is added, which ranks everything for an empty one.

    Parameters
    ----------
    min_support : float
        Share of the people (with a relevant event) of whom all of a rule holds; two people at
        the least.
    min_confidence : float
        Share of those who like A who like B.
    measure : str
        Strength of a rule: "leverage" (how many more people than by chance), "confidence" (safe
        choices) or "lift" (surprising ones).
    combine : str
        "sum" of the rules that lead to an item, or "max", the strongest alone.
    max_len : int
        Items in a rule: 2 is one to one; 3 and 4 add antecedents of two and three items.
    tastes : bool
        Whether there are rules from genres and decades, where the items have them.
    max_rules : int
        No more rules of each sort than this are found: where there would be more, a warning says
        to what the support was raised. Antecedents of several items are mined slowly: the sets
        are bounded before, at a tenth of it and at about a minute.

    Attributes
    ----------
    support_ : dict
        The support each sort of rules was mined with: "pairs", "sets", "tastes".

    Source: Agrawal, Imielinski, Swami 1993, "Mining association rules between sets of items in
    large databases"; Han, Pei, Yin 2000, "Mining frequent patterns without candidate generation";
    Srikant, Agrawal 1995, "Mining generalized association rules" (kinds of items in the
    baskets); leverage of Piatetsky-Shapiro 1991. The strongest rule as in Lin, Alvarez, Ruiz
    2002, "Efficient adaptive-support association rule mining for recommender systems"; the sum
    as in Deshpande, Karypis 2004, "Item-based top-N recommendation algorithms". Defaults chosen
    on a validation cut inside the training part of MovieLens 100K, where antecedents of several
    items gained nothing on the sum (they gain a little on "max" of "confidence").
    """

    name = "rules"

    def __init__(
        self,
        min_support: float = 0.01,
        min_confidence: float = 0.1,
        measure: str = "leverage",
        combine: str = "sum",
        max_len: int = 2,
        tastes: bool = True,
        max_rules: int = 1_000_000,
    ) -> None:
        for name, value in (("min_support", min_support), ("min_confidence", min_confidence)):
            check_above(name, value, most=1)
        for name, word, words in (("measure", measure, MEASURES), ("combine", combine, COMBINE)):
            check_word(name, word, words)
        if max_len not in (2, 3, 4) or isinstance(max_len, bool):
            raise ArgumentError(f"max_len must be 2, 3 or 4 items in a rule, not {max_len!r}")
        if not isinstance(tastes, bool):
            raise ArgumentError(f"tastes must be True or False, not {tastes!r}")
        check_whole("max_rules", max_rules, 10)
        self.min_support = min_support
        self.min_confidence = min_confidence
        self.measure = measure
        self.combine = combine
        self.max_len = max_len
        self.tastes = tastes
        self.max_rules = max_rules

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        liked = people.csr(people.positive(dataset.relevant_from))
        liked = liked[np.flatnonzero(np.diff(liked.indptr))]
        traits = Traits.of(dataset.items if self.tastes else dataset.items.select(ITEM))
        self.relevant_from_ = dataset.relevant_from
        self.prior_ = prior(people, dataset.relevant_from)
        self.trait_matrix_, self.trait_names_ = traits.matrix, list(traits.names)
        self.usual_ = traits.usual(liked)
        self.support_: dict[str, float] = {}
        found = [self._mined("pairs", liked)]
        if self.max_len > 2:
            found.append(self._mined("sets", liked))
        if traits.names:
            found += self._from_tastes(traits.baskets(liked, self.usual_), liked)
        self._keep(RuleTable.joined(*found), dataset.n_items)
        return self

    def _mined(
        self, sort: str, left: sparse.csr_array, right: sparse.csr_array | None = None
    ) -> RuleTable:
        """Rules of a sort; says so where the support had to be raised."""
        n = max(left.shape[0], 1)
        asked = min(max(self.min_support, FEW / n), 1.0)
        if sort == "sets":
            bound = self.max_rules // 10
            rules, support = set_rules(left, asked, self.min_confidence, self.max_len, bound)
        else:
            rules, support = pair_rules(left, right, asked, self.min_confidence, self.max_rules)
        self.support_[sort] = max(support, self.support_.get(sort, 0.0))
        if support > asked:
            time = ", or than mlxtend mines in about a minute" if sort == "sets" else ""
            warnings.warn(
                f"Rules: there would be more {sort} than max_rules={self.max_rules:,} "
                f"allows{time}; the support was raised from {asked:.4g} to {support:.4g}",
                stacklevel=4,
            )
        return rules

    def _from_tastes(self, typical: sparse.csr_array, liked: sparse.csr_array) -> list[RuleTable]:
        """Rules from one trait, or from two of them, to an item."""
        n_items = liked.shape[1]
        ones = self._mined("tastes", typical, liked)
        pairs, _ = pair_rules(typical, None, self.support_["tastes"], 1e-9, 2 * MOST_PAIRS)
        first, second = pairs.antecedent[:, 0], pairs.consequent
        first, second = first[first < second], second[first < second]
        columns = sparse.csc_array(typical)
        both = sparse.csr_array(columns[:, first].multiply(columns[:, second]))
        twos = self._mined("tastes", both, liked)
        pair = twos.antecedent[:, 0]
        return [
            replace(ones, antecedent=ones.antecedent + n_items),
            replace(twos, antecedent=np.stack([first[pair], second[pair]], axis=1) + n_items),
        ]

    def _keep(self, rules: RuleTable, n_items: int) -> None:
        """The rules by where they start from: an item, a trait, or a set of several."""
        rules = rules[rules.lift > 1]
        several = (rules.antecedent != rules.antecedent[:, :1]).any(axis=1)
        rules = rules[np.lexsort((rules.consequent, *rules.antecedent.T[::-1], several))]
        n_ones, n_things = int((~several).sum()), n_items + len(self.trait_names_)
        self.sets_, which = np.unique(rules.antecedent[n_ones:], axis=0, return_inverse=True)
        start = np.concatenate([rules.antecedent[:n_ones, 0], n_things + which.ravel()])
        self.starts_ = np.searchsorted(start, np.arange(n_things + len(self.sets_) + 1))
        scale = np.where(rules.antecedent[:, 0] < n_items, 1.0, FALLBACK)
        self.strength_ = (getattr(rules, self.measure) * scale).astype(np.float32)
        self.rules_ = rules.columns()

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        n_items = len(self.prior_) if items is None else len(items)
        scores = np.empty((len(profiles), n_items), dtype=np.float32)
        to = self.rules_["consequent"]
        links = sparse.csr_array(
            (self.strength_, to, self.starts_), shape=(len(self.starts_) - 1, len(self.prior_))
        )
        for part, block in profiles.blocks(BLOCK):
            held = self._held(block)
            if self.combine == "sum":
                found = (held @ links).toarray()
            else:
                found = np.zeros((len(block), len(self.prior_)), dtype=np.float32)
                row, rule, weight = self._fired(held)
                np.maximum.at(found, (row, to[rule]), weight * self.strength_[rule])
            found += self.prior_
            scores[part] = found if items is None else found[:, items]
        return scores

    def _held(self, people: Profiles) -> sparse.csr_array:
        """What of the things that rules start from each person has.

        Returns
        -------
        (n_people, n_items + n_traits + n_sets) float32, sparse
            Weight of an item, 1 for a trait, the smallest of its members for a set.
        """
        liked = people.csr(people.positive(self.relevant_from_))
        traits = Traits(self.trait_matrix_, tuple(self.trait_names_))
        things = sparse.hstack([liked, traits.baskets(liked, self.usual_)], format="csr")
        things.sort_indices()
        if not len(self.sets_):
            return sparse.csr_array(things)
        there = things.toarray()
        whole = there[:, self.sets_[:, 0]]
        for column in self.sets_.T[1:]:
            whole = np.minimum(whole, there[:, column])
        return sparse.csr_array(sparse.hstack([things, sparse.csr_array(whole)], format="csr"))

    def _fired(
        self, held: sparse.csr_array
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
        """Rules that start from what people have: row, rule and weight, ``(n_fired,)`` each."""
        first = self.starts_[held.indices]
        n_rules = self.starts_[held.indices + 1] - first
        ends = np.cumsum(n_rules)
        rule = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - ends + n_rules, n_rules)
        row = np.repeat(np.arange(held.shape[0]), np.diff(held.indptr))
        return np.repeat(row, n_rules), rule, np.repeat(held.data, n_rules)

    def reason(self, profile: Profiles, item: int) -> Rule | None:
        """The rule that gave an item most of its score; None where no rule did.

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
        _, rule, weight = self._fired(self._held(profile))
        reaching = np.flatnonzero(self.rules_["consequent"][rule] == item)
        if len(reaching) == 0:
            return None
        # Of equals the one that comes first in the table: of one item, of the lowest codes.
        best = reaching[np.lexsort((rule[reaching], -(weight * self.strength_[rule])[reaching]))[0]]
        of_taste, because = self._because(self.rules_["antecedent"][rule[best]])
        one = RuleTable(**self.rules_)[rule[[best]]]
        return Rule(
            because=because,
            item_id=self.catalogue.id(item),
            of_taste=of_taste,
            people=int(one.n_both[0]),
            **{name: float(getattr(one, name)[0]) for name in ALL_MEASURES},
            weight=float(weight[best]),
        )

    def _because(self, antecedent: NDArray[np.int64]) -> tuple[bool, tuple[Id, ...]]:
        codes = list(dict.fromkeys(antecedent.tolist()))
        n_items = len(self.catalogue)
        if codes[0] < n_items:
            return False, tuple(self.catalogue.take(codes))
        return True, tuple(self.trait_names_[code - n_items] for code in codes)

    def table(self) -> pl.DataFrame:
        """All rules, the strongest first.

        Returns
        -------
        polars.DataFrame
            ``because`` (list of text: item ids, or genres and decades), ``of_taste``,
            ``item_id``, ``people``, ``support``, ``confidence``, ``lift``, ``leverage``,
            ``conviction``, ``strength`` (what it counts in a score).

        Raises
        ------
        NotFittedError
            The model has not been fitted.
        """
        self._require_fitted()
        rules = RuleTable(**self.rules_)
        because = [self._because(codes) for codes in rules.antecedent]
        return pl.DataFrame(
            {
                "because": pl.Series([list(map(str, b)) for _, b in because], dtype=TEXTS),
                "of_taste": pl.Series([taste for taste, _ in because], dtype=pl.Boolean),
                ITEM: self.catalogue.ids.gather(rules.consequent),
                "people": rules.n_both,
                **{name: getattr(rules, name) for name in ALL_MEASURES},
                "strength": self.strength_,
            }
        ).sort("strength", descending=True, maintain_order=True)
