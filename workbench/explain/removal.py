"""Effect of removal: what happens without an event, an attribute or the moment. Scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import AS_OF, REMOVAL, VALUE
from workbench.explain.coalitions import coalitions, players
from workbench.explain.variants import places
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.vocabulary import IntArray

KIND, NAME, RANK_WITHOUT, STAYS = "kind", "name", "rank_without", "stays"
MOMENT = "moment"


@dataclass(frozen=True)
class Removals:
    """What one score, and the item's place, become without each thing known of a person.

    Attributes
    ----------
    item : (n_items,) int64
        Codes of the items of the history, in the order of their last event.
    removal : (n_items,) float64
        Score with the item less score without it: positive where the item helps. NaN where the
        model cannot say without it.
    told : list of (kind, name, value)
        The other things known that the model may read: attributes, columns of context, and the
        moment, each where it is known.
    told_removal : (n_told,) float64
    score : float
        Of the person as they are.
    rank, place : int
        Of the person as they are, see ``Places``; 0 where there is none.
    rank_without, place_without : (n_items + n_told,) int64
        Of the items of the history, then of ``told``.
    """

    item: IntArray
    removal: NDArray[np.float64]
    told: list[tuple[str, str, Any]]
    told_removal: NDArray[np.float64]
    score: float
    rank: int
    place: int
    rank_without: IntArray
    place_without: IntArray

    def columns(self, part: slice) -> list[pl.Series]:
        """``removal, rank_without, stays`` of some of the rows.

        ``stays``: still on the slate; null where the item was not on it to begin with.
        """
        removal = np.concatenate([self.removal, self.told_removal])[part]
        rank = self.rank_without[part]
        stays = (self.place_without[part] > 0).tolist() if self.place else [None] * len(rank)
        return [
            pl.Series(REMOVAL, removal, dtype=pl.Float64).fill_nan(None),
            pl.Series(RANK_WITHOUT, [r or None for r in rank.tolist()], dtype=pl.Int64),
            pl.Series(STAYS, stays, dtype=pl.Boolean),
        ]

    @property
    def context(self) -> pl.DataFrame:
        """``kind, name, value, removal, rank_without, stays``: one row per thing told."""
        names: dict[str, Any] = {KIND: pl.String, NAME: pl.String, VALUE: pl.String}
        said = [(kind, name, str(value)) for kind, name, value in self.told]
        frame = pl.DataFrame(said, schema=names, orient="row")
        return frame.with_columns(self.columns(slice(len(self.item), None)))


def removals(
    model: Recommender, person: Profiles, item: int, k: int = 10, policy: Policy | None = None
) -> Removals:
    """Score and rank one item for a person without each thing known of them, in one batch.

    Without an item of the history all of its events are gone, and the item stays out of the
    lists (the rule of ``places``). Without an attribute or a column of context its value is
    unknown. Without the moment the person is asked at their last event, as a profile is that
    names none (where no time is known, no moment is).

    Parameters
    ----------
    model : Recommender
    person : Profiles
        One person.
    item : int
        Code of the item that is explained.
    k : int
        Places of the slate.
    policy : Policy, optional
    """
    items = players(person)
    told = _told(model, person)
    n, n_told = len(items), len(told)
    masks = np.ones((1 + n + n_told, n), dtype=bool)
    masks[1 + np.arange(n), np.arange(n)] = False
    attributes, context = _frames(person, told, len(masks))
    people = coalitions(person, masks, attributes, context)
    found = places(model, person, people, np.array([item]), k, policy)
    score = found.score[:, 0].astype(np.float64)
    lost = score[0] - score[1:]
    return Removals(
        items,
        lost[:n],
        told,
        lost[n:],
        float(score[0]),
        int(found.rank[0, 0]),
        int(found.place[0, 0]),
        found.rank[1:, 0],
        found.place[1:, 0],
    )


def _told(model: Recommender, person: Profiles) -> list[tuple[str, str, Any]]:
    """What is known of the person beside the history, of what the model may read."""
    told = []
    for kind, frame in (("attribute", person.attributes), ("context", person.context)):
        for name in frame.columns:
            if name in model.uses and (value := frame[name][0]) is not None:
                told.append((MOMENT if (kind, name) == ("context", AS_OF) else kind, name, value))
    return told


def _last(person: Profiles) -> float | None:
    """When the last event was; None where no time is known."""
    known = person.timestamp[~np.isnan(person.timestamp)]
    return float(known.max()) if len(known) else None


def _frames(
    person: Profiles, told: list[tuple[str, str, Any]], n: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Attributes and context of the batch: the last rows lack one value each."""
    repeated = np.zeros(n, dtype=np.int64)
    attributes = person.attributes[repeated] if person.attributes.width else person.attributes
    context = person.context[repeated]
    row = pl.int_range(n)
    for place, (kind, name, _) in enumerate(told, start=n - len(told)):
        left = pl.lit(_last(person) if kind == MOMENT else None)
        less = pl.when(row != place).then(pl.col(name)).otherwise(left).alias(name)
        if kind == "attribute":
            attributes = attributes.with_columns(less)
        else:
            context = context.with_columns(less)
    return attributes, context
