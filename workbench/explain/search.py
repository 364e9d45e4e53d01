"""Search: the smallest set of edits that reaches a goal, and what was tried to say so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from workbench.explain.edits import Set
from workbench.vocabulary import IntArray

Answer = tuple[bool, float]
"""Whether a set of edits reaches the goal, and how near it comes: larger is nearer."""
Ask = Callable[[list[Set]], Iterable[Answer]]

EXHAUSTIVE, GREEDY = "exhaustive", "greedy"
TOGETHER = 128
"""Sets that are scored together: enough to be fast, few enough to stop soon."""
MANY = 100
"""A size with more sets than so many times what may still be scored is not begun."""
WIDTH = 32
"""Edits that one greedy step chooses from: those that alone come nearest to the goal."""
STEPS = 6
"""Greedy steps that add one edit; then the first so many edits are tried at once."""


@dataclass(frozen=True)
class Outcome:
    """What a search found.

    Attributes
    ----------
    edits : tuple of int
        The set; the nearest miss where ``reached`` is false.
    reached : bool
    method : str
        "exhaustive" where all smaller sets were tried (where nothing was found: all sets),
        "greedy" where not. Every edit of a greedy set is needed: without it the goal is missed.
    tried : dict of int to (int, int)
        Size of a set → how many of that size were scored, and how many there are.
    """

    edits: Set
    reached: bool
    method: str
    tried: dict[int, tuple[int, int]]

    @property
    def n_scored(self) -> int:
        """Sets that were scored."""
        return sum(scored for scored, _ in self.tried.values())


class Search:
    """The search for one goal of one person.

    Parameters
    ----------
    ask : callable
        Scores sets of edits. An answer is kept, and never asked for twice.
    subject : (n_edits,) int64
        What each edit concerns; no set holds two edits of one subject.
    bound : int
        Sets of two and more edits that may be scored; single edits all are. The pruning of a set
        that was found is always finished.
    """

    def __init__(self, ask: Ask, subject: IntArray, bound: int) -> None:
        self.ask, self.bound = ask, bound
        self.subject = [int(s) for s in subject]
        self.known: dict[Set, Answer] = {}

    def run(self) -> Outcome:
        """A greedy set first, then all smaller sets, by size, as far as the bound allows."""
        found = self.greedy()
        largest = self.most if found is None else len(found) - 1
        smaller, complete = self.smallest(largest)
        best = smaller or found
        method = EXHAUSTIVE if smaller or complete else GREEDY
        return Outcome(best or self._nearest(), best is not None, method, self.tried)

    @property
    def most(self) -> int:
        """Edits in the largest set."""
        return len(set(self.subject))

    @property
    def tried(self) -> dict[int, tuple[int, int]]:
        """Size of a set → how many were scored, and how many there are."""
        sizes = [len(edits) for edits in self.known]
        return {s: (sizes.count(s), self._possible[s]) for s in sorted(set(sizes))}

    # --- all of a size ------------------------------------------------------------------------

    def smallest(self, largest: int, begin: bool = False) -> tuple[Set | None, bool]:
        """The smallest set of at most ``largest`` edits, by trying all in the order of size.

        Within a size those that should come nearest go first, by the sum of what their edits do
        alone, and the search ends with the first block that holds an answer.

        Parameters
        ----------
        largest : int
        begin : bool
            Whether to begin with a size that the bound does not allow to finish: an answer may
            come early.

        Returns
        -------
        edits : tuple of int or None
        complete : bool
            Whether all sets of the sizes up to the answer's, or ``largest``, were tried.
        """
        for size in range(1, largest + 1):
            short = self._possible[size] - self._scored(size) - self._left
            if size > 1 and short > 0 and not (begin and short < self._left * MANY):
                return None, False
            sets = [s for s in combinations(range(len(self.subject)), size) if self._allowed(s)]
            if size > 1:
                sets.sort(key=lambda s: -sum(self._alone(edit) for edit in s))
            for start in range(0, len(sets), TOGETHER):
                if size > 1 and self._left <= 0:
                    return None, False
                block = self.look(sets[start : start + TOGETHER])
                if block and self.known[block[0]][0]:
                    return block[0], True
        return None, True

    # --- greedy -------------------------------------------------------------------------------

    def greedy(self) -> Set | None:
        """A set of which every edit is needed: grown edit by edit, then pruned."""
        order = [edits[0] for edits in self.look([(e,) for e in range(len(self.subject))])]
        if not order:
            return None
        grown: Set = (order[0],)
        for _ in range(STEPS):
            if self.known[grown][0]:
                return self.pruned(grown)
            wider = [self._with(grown, e) for e in order[:WIDTH] if self._free(grown, e)]
            if not wider or len(wider) > self._left:
                break
            grown = self.look(wider)[0]
        if self.known[grown][0]:
            return self.pruned(grown)
        return self._by_length(order)

    def _by_length(self, order: list[int]) -> Set | None:
        """The shortest of some beginnings of an order that reaches the goal, pruned."""
        each: Set = ()
        sets: list[Set] = []
        length = 2.0 * STEPS
        for edit in order:
            if self._free(each, edit):
                each = self._with(each, edit)
            if len(each) >= length or len(each) == self.most:
                sets.append(each)
                length = len(each) * 1.5
        sets = list(dict.fromkeys(sets))
        if len(sets) <= self._left:
            self.look(sets)
            for edits in sets:
                if self.known[edits][0]:
                    return self.pruned(edits)
        return None

    def pruned(self, edits: Set) -> Set:
        """Part of a set that reaches the goal and that no edit can be left out of."""
        while len(edits) > 1:
            fewer = {tuple(e for e in edits if e != out): out for out in edits}
            spare = [fewer[s] for s in self.look(list(fewer)) if self.known[s][0]]
            if not spare:
                break
            parts = [
                tuple(e for e in edits if e not in spare[:n])
                for n in range(1, min(len(spare), len(edits) - 1) + 1)
            ]
            self.look(parts)
            edits = next(part for part in reversed(parts) if self.known[part][0])
        return edits

    # --- what is known ------------------------------------------------------------------------

    def look(self, sets: list[Set]) -> list[Set]:
        """Score the sets that are not known yet; all of them, the best first."""
        new = [edits for edits in dict.fromkeys(sets) if edits not in self.known]
        for start in range(0, len(new), TOGETHER):
            block = new[start : start + TOGETHER]
            self.known.update(zip(block, self.ask(block), strict=True))
        return sorted(sets, key=self.known.__getitem__, reverse=True)

    def _nearest(self) -> Set:
        return max(self.known, key=lambda edits: (self.known[edits][1], -len(edits)), default=())

    @property
    def _left(self) -> int:
        return self.bound - (len(self.known) - self._scored(1))

    def _scored(self, size: int) -> int:
        return sum(len(edits) == size for edits in self.known)

    def _alone(self, edit: int) -> float:
        return self.known[(edit,)][1]

    def _free(self, edits: Set, edit: int) -> bool:
        return self.subject[edit] not in {self.subject[e] for e in edits}

    def _allowed(self, edits: Set) -> bool:
        return len({self.subject[e] for e in edits}) == len(edits)

    @staticmethod
    def _with(edits: Set, edit: int) -> Set:
        return tuple(sorted((*edits, edit)))

    @property
    def _possible(self) -> list[int]:
        """Number of sets of each size: those that take at most one edit of each subject."""
        if "_ways" not in vars(self):
            ways = [1]
            for many in np.unique(self.subject, return_counts=True)[1].tolist():
                ways = [a + b * many for a, b in zip([*ways, 0], [0, *ways], strict=True)]
            self._ways = ways
        return self._ways
