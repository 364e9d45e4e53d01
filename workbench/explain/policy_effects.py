"""What a policy did to one item, step by step: its own line, beside the shares of the score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import ITEM, RANK, ROW, SCORE, SOURCE
from workbench.explain.variants import ranked_scores
from workbench.explain.words import Numbers
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.policy.pool import Pool
from workbench.ranking.policy.record import Note
from workbench.ranking.policy.steps import Work
from workbench.ranking.recommend import top

SCHEMA: dict[str, Any] = {
    "step": pl.String,
    "effect": pl.String,
    "score_before": pl.Float64,
    "score_after": pl.Float64,
    "rank_before": pl.Int64,
    "rank_after": pl.Int64,
}


@dataclass(frozen=True)
class Stand:
    """Where an item is in a pool: its place from 1 (None where it is not in it), its utility."""

    rank: int | None
    score: float | None

    @classmethod
    def of(cls, pool: Pool, item: int) -> Stand:
        place = np.flatnonzero(pool.code[0] == item)
        if not len(place):
            return cls(None, None)
        return cls(int(place[0]) + 1, float(pool.utility[0, place[0]]))


class Watched(Work):
    """A policy at work, that remembers where one item was before and after each step."""

    def __init__(self, item: int, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.item = item
        self.stands: list[tuple[str, Stand, Stand]] = []

    def _step(self, name: str, pool: Pool, note: Note | None = None) -> None:
        self.stands.append((name, Stand.of(self.pool, self.item), Stand.of(pool, self.item)))
        super()._step(name, pool, note)


def policy_effects(
    model: Recommender, person: Profiles, item: int, score: float, policy: Policy | None, k: int
) -> pl.DataFrame:
    """What each step of a policy did to one item on its way to a person's slate.

    Parameters
    ----------
    model : Recommender
    person : Profiles
        One person.
    item : int
        Code of the item.
    score : float
        As the model gives it.
    policy : Policy or None
    k : int

    Returns
    -------
    polars.DataFrame
        ``step, effect`` (in words), ``score_before, score_after`` (only a boost changes it; the
        other steps reorder), ``rank_before, rank_after`` (in the list that the policy works on;
        null where the item is not in it). One row per step that the policy has, in order.
    """
    if policy is None:
        return pl.DataFrame(schema=SCHEMA)
    policy.check(model.catalogue, k)
    scores = ranked_scores(model, person, person)
    code = top(scores, policy.depth(k))[1]
    listed = pl.DataFrame(
        {
            ROW: pl.Series(np.zeros(len(code)), dtype=pl.Int64),
            RANK: pl.Series(np.arange(1, len(code) + 1), dtype=pl.Int64),
            ITEM: model.catalogue.ids.gather(code),
            SCORE: scores[0, code],
            SOURCE: pl.Series([None] * len(code), dtype=pl.String),
        }
    )
    work = Watched(item, policy, person, k, Pool.of(listed, 1, model.catalogue))
    work.run()
    rows = []
    for step, before, after in work.stands:
        raised = score
        if step == "boost" and before.score is not None and after.score is not None:
            raised = score + after.score - before.score
        words = _words(before.rank, after.rank, raised - score, Numbers.of(score, np.nan))
        rows.append((step, words, score, raised, before.rank, after.rank))
        score = raised
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _words(before: int | None, after: int | None, lift: float, numbers: Numbers) -> str:
    if before is None and after is None:
        return "not in the list"
    if after is None:
        return f"taken out, from rank {before}"
    if before is None:
        return f"brought in, on rank {after}"
    moved = f"from rank {before} to {after}" if before != after else f"stays on rank {after}"
    return f"score {numbers.signed(lift)}, {moved}" if abs(lift) >= numbers.least else moved
