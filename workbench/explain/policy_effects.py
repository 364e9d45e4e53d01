"""What a policy did to an item, step by step: its own line, beside the shares of the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
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
    """A policy at work, that remembers where some items were before and after each step."""

    def __init__(self, items: Sequence[int], *arguments: Any) -> None:
        super().__init__(*arguments)
        self.items = items
        self.stands: list[tuple[str, list[Stand], list[Stand]]] = []

    def _step(self, name: str, pool: Pool, note: Note | None = None) -> None:
        before, after = ([Stand.of(p, item) for item in self.items] for p in (self.pool, pool))
        self.stands.append((name, before, after))
        super()._step(name, pool, note)


def policy_effects(
    model: Recommender,
    person: Profiles,
    items: Sequence[int],
    scores: Sequence[float],
    policy: Policy | None,
    k: int,
) -> list[pl.DataFrame]:
    """What each step of a policy did to some items on their way to a person's slate.

    Parameters
    ----------
    model : Recommender
    person : Profiles
        One person.
    items : sequence of int
        Codes of the items.
    scores : sequence of float
        As the model gives them.
    policy : Policy or None
    k : int

    Returns
    -------
    list of polars.DataFrame
        One per item: ``step, effect`` (in words), ``score_before, score_after`` (only a boost
        changes it; the other steps reorder), ``rank_before, rank_after`` (in the list that the
        policy works on; null where the item is not in it). One row per step that the policy has,
        in order.
    """
    if policy is None:
        return [pl.DataFrame(schema=SCHEMA) for _ in items]
    policy.check(model.catalogue, k)
    ranked = ranked_scores(model, person, person)
    code = top(ranked, policy.depth(k))[1]
    listed = pl.DataFrame(
        {
            ROW: pl.Series(np.zeros(len(code)), dtype=pl.Int64),
            RANK: pl.Series(np.arange(1, len(code) + 1), dtype=pl.Int64),
            ITEM: model.catalogue.ids.gather(code),
            SCORE: ranked[0, code],
            SOURCE: pl.Series([None] * len(code), dtype=pl.String),
        }
    )
    work = Watched(items, policy, person, k, Pool.of(listed, 1, model.catalogue))
    work.run()
    return [_frame(work, at, score) for at, score in enumerate(scores)]


def pair_effects(above: pl.DataFrame, below: pl.DataFrame, first: bool) -> pl.DataFrame:
    """What each step of a policy did to two items, and to their order.

    Parameters
    ----------
    above, below : polars.DataFrame
        Of ``policy_effects``.
    first : bool
        Whether the one above comes first in the model's list.

    Returns
    -------
    polars.DataFrame
        ``step, effect_above, effect_below`` (in words); after the step ``score_above,
        score_below, rank_above, rank_below``; ``moved``, whether it moved any of the two, and
        ``turned``, whether it changed which of them comes first.
    """
    turned = []
    for here, there in zip(above["rank_after"], below["rank_after"], strict=True):
        places = [inf if rank is None else rank for rank in (here, there)]
        # Equal where neither is in the list: then their order is what it was.
        now = first if places[0] == places[1] else places[0] < places[1]
        turned.append(now != first)
        first = now
    moved = [frame["rank_before"].ne_missing(frame["rank_after"]) for frame in (above, below)]
    return above.select(
        "step",
        effect_above="effect",
        effect_below=below["effect"],
        score_above="score_after",
        score_below=below["score_after"],
        rank_above="rank_after",
        rank_below=below["rank_after"],
        moved=moved[0] | moved[1],
        turned=pl.Series(turned, dtype=pl.Boolean),
    )


def _frame(work: Watched, at: int, score: float) -> pl.DataFrame:
    """The steps of one of the items that were watched."""
    rows = []
    for step, befores, afters in work.stands:
        before, after, raised = befores[at], afters[at], score
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
