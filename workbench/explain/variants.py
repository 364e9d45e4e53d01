"""Variants: many edited versions of one person, and where items come in the list of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import ITEM, RANK, ROW, SCORE, SOURCE
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.candidates import candidates, signals
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k, top
from workbench.slate import Slates
from workbench.vocabulary import FloatArray, IntArray

CELLS = 2**19
"""Scores of one model that are held at once."""


@dataclass(frozen=True)
class Places:
    """Where items come in the lists of the variants of a person.

    Attributes
    ----------
    score : (n_variants, n_items) float32
        Of the pair, candidate or not; NaN where the model cannot say.
    rank : (n_variants, n_items) int64
        In the model's whole list, from 1; 0 where the item is not in it.
    place : (n_variants, n_items) int64
        On the slate of k (after the policy, where there is one), from 1; 0 where it is not on it.
    """

    score: FloatArray
    rank: IntArray
    place: IntArray

    @property
    def shown(self) -> NDArray[np.bool_]:
        """Whether the item is on the slate, ``(n_variants, n_items)``."""
        return self.place > 0


def places(
    model: Recommender,
    person: Profiles,
    variants: Profiles,
    items: IntArray,
    k: int,
    policy: Policy | None = None,
) -> Places:
    """Score, rank and place of items for edited versions of one person, in batches.

    The rule for what was removed: an item that the person has met stays out of the lists of all
    variants, also of those that lack it. So removal tells what the event did to the others, and
    not that its own item could be shown again. Ranks are those of ``wb.slate`` for the variant,
    less these items.

    Parameters
    ----------
    model : Recommender
        Fitted.
    person : Profiles
        The person as they are: one row.
    variants : Profiles
        Row ``i`` of everything returned is variant ``i``; any edit, of events, attributes,
        context or moment. See ``coalitions`` for those that lack events.
    items : (n_items,) int64
        Codes in the model's catalogue.
    k : int
        Places of a slate.
    policy : Policy, optional
    """
    check_k(k)
    person, variants = (who.aligned(model.catalogue) for who in (person, variants))
    shape = (len(variants), len(items))
    score = np.full(shape, np.nan, dtype=np.float32)
    rank, place = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for part, block in variants.blocks(_block(model)):
        ranked, score[part] = _scored(model, block, items)
        _hide(ranked, person, block)
        rank[part] = ranks_of(ranked, items)
        if policy is None:
            place[part] = np.where(rank[part] <= k, rank[part], 0)
            continue
        frame = slates_of(model, person, block, ranked, k, policy).frame
        whole = np.zeros(ranked.shape, dtype=np.int64)
        whole[frame[ROW].to_numpy(), model.catalogue.codes(frame[ITEM])] = frame[RANK]
        place[part] = whole[:, items]
    return Places(score, rank, place)


def variant_slates(
    model: Recommender,
    person: Profiles,
    variants: Profiles,
    k: int,
    policy: Policy | None = None,
) -> Slates:
    """Slates of edited versions of one person, by the rule of ``places``.

    Parameters
    ----------
    model, person, variants, k, policy
        See ``places``.

    Returns
    -------
    Slates
        Row ``i`` is variant ``i``. ``source`` is null: who brought an item is not asked.
    """
    check_k(k)
    person, variants = (who.aligned(model.catalogue) for who in (person, variants))
    frames = [
        slates_of(model, person, variants[:0], ranked_scores(model, person, variants[:0]), k, None)
    ]
    for part, block in variants.blocks(_block(model)):
        found = slates_of(model, person, block, ranked_scores(model, person, block), k, policy)
        moved = found.frame.with_columns(pl.col(ROW) + part.start)
        frames.append(Slates(moved, len(block), k, found.steps))
    steps: Sequence[tuple[dict[str, object], ...]] = [s for one in frames for s in one.steps]
    return Slates(pl.concat([one.frame for one in frames]), len(variants), k, steps)


def ranked_scores(model: Recommender, person: Profiles, variants: Profiles) -> FloatArray:
    """Scores of all that may be shown to each variant; NaN elsewhere."""
    return _hide(_scored(model, variants, np.zeros(0, dtype=np.int64))[0], person, variants)


def _scored(
    model: Recommender, variants: Profiles, items: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Scores of the list, ``(n_variants, catalogue)``, and of the pairs asked for.

    An engine makes both from the same signals and one matrix, which take most of the time; of any
    other model a pair's score is that of the list.
    """
    if not hasattr(model, "retrievers_"):
        listed = np.array(model.score(variants), dtype=np.float32)
        return listed, listed[:, items]
    engine: Any = model
    variants = variants.showing(model.uses)
    found = signals(engine.retrievers_, variants)
    chosen = candidates(found, list(engine.retrievers_), variants, engine.depth)
    wanted = chosen.copy()
    wanted[:, items] = True
    row, item = np.nonzero(wanted)
    listed = np.full(wanted.shape, np.nan, dtype=np.float32)
    listed[row, item] = engine.ranker_.predict(engine.matrix(variants, row, item, found))
    asked = listed[:, items]
    listed[~chosen] = np.nan
    return listed, asked


def _block(model: Recommender) -> int:
    """Variants per block, so that the scores of all models stay within some 100 MB."""
    return int(np.clip(CELLS // len(model.catalogue), 8, 512))


def _hide(scores: FloatArray, person: Profiles, variants: Profiles) -> FloatArray:
    """Write NaN where nothing may be shown: the rule of ``places``, and what has no number."""
    scores[variants.row, variants.item] = np.nan
    scores[:, person.item] = np.nan
    scores[~np.isfinite(scores)] = np.nan
    return scores


def ranks_of(scores: FloatArray, items: IntArray) -> IntArray:
    """Rank of some columns of each row, from 1, ties by column; 0 where there is no score."""
    codes = np.arange(scores.shape[1])
    out = np.zeros((len(scores), len(items)), dtype=np.int64)
    for j, item in enumerate(items):
        own = scores[:, item, None]
        ahead = (scores > own) | ((scores == own) & (codes < item))
        out[:, j] = np.where(np.isnan(own[:, 0]), 0, ahead.sum(axis=1) + 1)
    return out


def slates_of(
    model: Recommender,
    person: Profiles,
    variants: Profiles,
    scores: FloatArray,
    k: int,
    policy: Policy | None,
) -> Slates:
    """The slates of ranked scores, as ``recommend`` makes them."""
    row, item = top(scores, k if policy is None else policy.depth(k))
    ids = model.catalogue.ids
    frame = pl.DataFrame(
        {
            ROW: pl.Series(row, dtype=pl.Int64),
            RANK: pl.int_range(1, len(row) + 1, eager=True),
            ITEM: ids.gather(item),
            SCORE: pl.Series(scores[row, item], dtype=pl.Float32),
            SOURCE: pl.Series([None] * len(row), dtype=pl.String),
        }
    ).with_columns(pl.int_range(1, pl.len() + 1).over(ROW).alias(RANK))
    slates = Slates(frame, len(variants), k)
    if policy is None:
        return slates
    # What was removed is not in the scores any more, but a pin would bring it back.
    met = set(model.catalogue.take(np.unique(person.item)))
    pins = [item for item in policy.pin if item in met]
    rules = replace(policy, exclude=(*policy.exclude, *pins)) if pins else policy
    return rules.apply(slates, variants, k)
