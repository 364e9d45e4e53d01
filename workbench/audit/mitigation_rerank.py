"""Mending by re-ranking: the policies that are tried, and FA*IR's test of every prefix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom

from workbench.audit.exposure import POPULARITY
from workbench.columns import RANK, ROW
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.policy.policy import EVERYTHING
from workbench.ranking.policy.pool import Mask, Pool
from workbench.ranking.policy.record import Change, Steps
from workbench.ranking.policy.rules import share_of_one
from workbench.ranking.policy.traits import text
from workbench.slate import Slates
from workbench.vocabulary import IntArray

FLOOR, CALIBRATED, FAIR, MMR, UNPOPULAR = (
    "exposure floor",
    "calibrated",
    "FA*IR",
    "group-wise MMR",
    "popularity penalty",
)
RERANKING: Mapping[str, tuple[float, ...]] = {
    FLOOR: (0.1, 0.2, 0.3, 0.4, 0.6, 0.8),
    CALIBRATED: (0.1, 0.25, 0.5, 0.75, 1.0),
    FAIR: (0.2, 0.4, 0.6, 0.8, 1.0),
    MMR: (0.1, 0.25, 0.5, 0.75),
    UNPOPULAR: (0.02, 0.05, 0.1, 0.15, 0.25),
}
"""Name → strengths that are tried, from mild to strong. Of floor and FA*IR the strength is the
share of the target that every list is held to; of the others the weight against relevance."""


@dataclass(frozen=True, eq=False)
class FairTopK(Policy):
    """A policy that holds every prefix of every list to FA*IR's test, and does nothing else.

    Among the first ``n`` places at least ``m`` items are of the kind, where ``m`` is the smallest
    number that fair draws with chance ``share`` would not fall below with more than ``alpha``.
    Elsewhere the best of all goes first.

    Attributes
    ----------
    kind : tuple of (column, value)
        Of ``items``.
    share : float
        From 0 (nothing is asked) to 1.
    alpha : float
        Of each prefix; not corrected for the number of prefixes, hence "FA*IR-like".

    Source: Zehlike, Bonchi, Castillo, Hajian, Megahed, Baeza-Yates 2017, "FA*IR: a fair top-k
    ranking algorithm", algorithm 2 and definition 3.
    """

    kind: tuple[str, Any] = (POPULARITY, "tail")
    share: float = 0.0
    alpha: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        share_of_one("share", self.share)
        share_of_one("alpha", self.alpha)

    def depth(self, k: int) -> int:
        """Everything: an item of the kind may stand anywhere."""
        return EVERYTHING

    def apply(self, slates: Slates, people: Profiles, k: int) -> Slates:
        """See ``Policy.apply``; the one step is called "fair_top_k"."""
        self.check(people.catalogue, k)
        column, value = self.kind
        groups = self.groups(column, people.catalogue)
        frame = slates.frame if slates.frame[ROW].is_sorted() else slates.frame.sort(ROW, RANK)
        pool = Pool.of(frame, len(people), people.catalogue)
        member = groups.member[:, groups.names.index(text(value))][pool.code] & pool.held
        shown = pool.chosen(self._chosen(pool, member, k))
        change = Change("fair_top_k", pool.top(k), shown.top(k))
        steps = Steps([(len(people), people.catalogue, [change])])
        return Slates(shown.frame(k, frame, people.catalogue, None), len(slates), k, steps)

    def _chosen(self, pool: Pool, member: Mask, k: int) -> IntArray:
        n, width = pool.code.shape
        rows, column = np.arange(n), np.full((n, k), -1)
        free, got = pool.held.copy(), np.zeros(n, dtype=np.int64)
        for place, least in enumerate(least_of_prefixes(k, self.share, self.alpha)[:width]):
            ours = free & member
            due = (got < least) & ours.any(axis=1)
            best = np.where(due[:, None], ours, free).argmax(axis=1)
            some = free[rows, best]
            column[some, place] = best[some]
            got += some & member[rows, best]
            free[rows, best] = False
        return column


def least_of_prefixes(k: int, share: float, alpha: float) -> IntArray:
    """Fewest items of the kind among the first 1, 2, ..., k places, ``(k,)``."""
    return binom.ppf(alpha, np.arange(1, k + 1), share).astype(np.int64)


def policies(
    train: Dataset, kind: tuple[str, str], target: float, names: list[str]
) -> list[tuple[str, float, Policy]]:
    """The policies to try: name, strength, policy.

    Parameters
    ----------
    train : Dataset
        What the model was fitted on.
    kind : tuple of (column, value)
        Kind of items that is to be shown more.
    target : float
        Share of attention that would be parity.
    names : list of str
        Of ``RERANKING``.
    """
    column, value = kind
    base = Policy.for_dataset(train)
    if base.items is None or column not in base.items.columns:
        raise ArgumentError(f"kind={kind!r}: items have no column {column!r}")
    shared = {"items": base.items, "relevant_from": base.relevant_from, "column": column}

    def made(name: str, strength: float) -> Policy:
        if name == FLOOR:
            return Policy(floor={column: {value: strength * target}}, **shared)
        if name == FAIR:
            return FairTopK(kind=kind, share=strength * target, **shared)
        dial = {CALIBRATED: "calibration", MMR: "diversity", UNPOPULAR: "popularity_penalty"}
        return Policy(**{dial[name]: strength}, **shared)

    return [(name, s, made(name, s)) for name in names for s in RERANKING[name]]
