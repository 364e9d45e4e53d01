"""Policy: what is done to a slate after ranking. Slate → Slate, each step recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import GENRES, ITEM, RANK, ROW, SCORE, SOURCE
from workbench.errors import ArgumentError
from workbench.profiles import Profiles
from workbench.slate import Slates
from workbench.vocabulary import Id, Vocabulary

EVERYTHING = 2**31
"""More places than any catalogue has."""


@dataclass(frozen=True)
class Policy:
    """Business rules and diversity, applied in this order: exclude, boost, diversity, pin.

    Attributes
    ----------
    exclude : sequence of item ids
        Never shown.
    boost : mapping of item id to float
        Added to the score, in standard deviations of the pool's scores.
    diversity : float
        Weight of maximal marginal relevance, 0 (off) to 1 (only unlike items).
        Source: Carbonell and Goldstein 1998, "The use of MMR".
    pin : sequence of item ids
        Shown first, in this order, to everybody who has not seen them.
    items : polars.DataFrame, optional
        ``item_id`` and ``genres``; needed for ``diversity``.
    pool : int
        How many times ``k`` are ranked before the policy chooses.
    """

    exclude: Sequence[Id] = ()
    boost: Mapping[Id, float] = field(default_factory=dict)
    diversity: float = 0.0
    pin: Sequence[Id] = ()
    items: pl.DataFrame | None = field(default=None, repr=False)
    pool: int = 5

    def __post_init__(self) -> None:
        if not 0 <= self.diversity <= 1:
            raise ArgumentError(f"diversity must be from 0 to 1, not {self.diversity!r}")
        if self.pool < 1:
            raise ArgumentError(f"pool must be at least 1, not {self.pool!r}")
        for name in ("exclude", "pin"):
            if isinstance(getattr(self, name), str):
                raise ArgumentError(f"{name} must be a list of ids, not a string")
        for item in self.pin:
            if list(self.pin).count(item) > 1:
                raise ArgumentError(f"pin holds {item!r} twice; keep one")
        for item, by in self.boost.items():
            if not math.isfinite(by):
                raise ArgumentError(f"boost of {item!r} must be a finite number, not {by!r}")
        if self.diversity and (self.items is None or GENRES not in self.items.columns):
            raise ArgumentError("diversity needs items, a frame with item_id and genres")

    def depth(self, k: int) -> int:
        """Places to rank before the policy chooses ``k``; all, where a boost may lift any item."""
        return EVERYTHING if any(by > 0 for by in self.boost.values()) else self._pooled(k)

    def _pooled(self, k: int) -> int:
        return k * self.pool + len(self.exclude) + len(self.boost) + len(self.pin)

    def apply(self, slates: Slates, people: Profiles, k: int) -> Slates:
        """The first ``k`` places after every step.

        ``steps`` says what each one changed: ``step``, ``entered``, ``left``, ``before`` and
        ``after``; that of a boost also which items it did nothing to (``no_effect``), since they
        are not among the ranked: seen already, or not scored by the model.

        Raises
        ------
        ArgumentError
            An item of exclude, boost or pin is not in the catalogue of the people.
        """
        for name in ("exclude", "boost", "pin"):
            for item in getattr(self, name):
                if item not in people.catalogue:
                    raise _stranger(name, item, people.catalogue)
        likeness = _genre_sets(self.items) if self.diversity else {}
        parts = slates.frame.partition_by(ROW, as_dict=True, maintain_order=True)
        frames, steps = [], []
        for row in range(len(slates)):
            pool = parts.get((row,), slates.frame.clear())
            seen = set(
                people.catalogue.take(people.item[people.indptr[row] : people.indptr[row + 1]])
            )
            chosen, record = self._one(pool, seen, likeness, k)
            frames.append(chosen.with_columns(pl.lit(row, dtype=pl.Int64).alias(ROW)))
            steps.append(record)
        frame = pl.concat(frames) if frames else slates.frame
        return Slates(frame, len(slates), k, tuple(steps))

    def _one(
        self, pool: pl.DataFrame, seen: set[Id], likeness: dict[Id, frozenset[str]], k: int
    ) -> tuple[pl.DataFrame, tuple[dict[str, Any], ...]]:
        rows = {r[ITEM]: r for r in pool.iter_rows(named=True)}
        order: list[Id] = list(rows)
        steps: list[dict[str, Any]] = []

        def step(name: str, new: list[Id], **more: Any) -> None:
            before, after = order[:k], new[:k]
            steps.append(
                {
                    "step": name,
                    "entered": [i for i in after if i not in before],
                    "left": [i for i in before if i not in after],
                    "before": before,
                    "after": after,
                    **more,
                }
            )
            order[:] = new

        if self.exclude:
            gone = set(self.exclude)
            step("exclude", [i for i in order if i not in gone])
        if self.boost:
            pooled = [r[SCORE] for r in rows.values()][: self._pooled(k)]
            spread = float(np.std(pooled)) if pooled else 0.0
            lift = {i: rows[i][SCORE] + self.boost.get(i, 0.0) * (spread or 1.0) for i in order}
            step(
                "boost",
                sorted(order, key=lambda i: -lift[i])[: self._pooled(k)],
                no_effect=[i for i in self.boost if i not in lift],
            )
        if self.diversity:
            step("diversity", self._mmr(order, rows, likeness, k))
        if self.pin:
            pinned = [i for i in self.pin if i not in seen and i not in set(self.exclude)]
            for i in pinned:
                rows.setdefault(i, {RANK: 0, ITEM: i, SCORE: None})
                rows[i] = {**rows[i], SOURCE: "pinned"}
            step("pin", pinned + [i for i in order if i not in pinned])
        kept = [
            {**rows[i], ROW: 0, RANK: rank, SOURCE: rows[i][SOURCE]}
            for rank, i in enumerate(order[:k], start=1)
        ]
        return pl.DataFrame(kept, schema=pool.schema), tuple(steps)

    def _mmr(
        self, order: list[Id], rows: dict[Id, Any], likeness: dict[Id, frozenset[str]], k: int
    ) -> list[Id]:
        scores = np.array([rows[i][SCORE] for i in order], dtype=float)
        span = np.ptp(scores) if len(scores) else 0.0
        relevance = dict(
            zip(order, (scores - scores.min()) / span if span else scores * 0, strict=True)
        )
        left, chosen = list(order), []
        worst = dict.fromkeys(order, 0.0)
        while left and len(chosen) < k:
            best = max(
                left, key=lambda i: (1 - self.diversity) * relevance[i] - self.diversity * worst[i]
            )
            left.remove(best)
            chosen.append(best)
            for i in left:
                worst[i] = max(worst[i], _jaccard(likeness.get(i), likeness.get(best)))
        return chosen + left


def _stranger(name: str, item: Any, catalogue: Vocabulary) -> ArgumentError:
    kind = "integers" if catalogue.is_integer else "text"
    same_type = isinstance(item, str) != catalogue.is_integer
    return ArgumentError(
        f"{name} holds {item!r}, which is not an item of the catalogue; "
        + ("give" if same_type else f"the ids there are {kind}: give")
        + " ids as the items table spells them"
    )


def _genre_sets(items: pl.DataFrame | None) -> dict[Id, frozenset[str]]:
    if items is None:
        return {}
    return {i: frozenset(g or ()) for i, g in items.select(ITEM, GENRES).iter_rows()}


def _jaccard(one: frozenset[str] | None, two: frozenset[str] | None) -> float:
    union = (one or frozenset()) | (two or frozenset())
    return len((one or frozenset()) & (two or frozenset())) / len(union) if union else 0.0
