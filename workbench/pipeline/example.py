"""An invented person, and the engine's reasons for what it would show them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from workbench.columns import GENRES, ITEM, TITLE, VALUE
from workbench.data.dataset import Dataset
from workbench.explain.explain import explain
from workbench.profile import Profile
from workbench.ranking.engine import Engine
from workbench.ranking.recommend import slate
from workbench.vocabulary import Id

HOUR = 3600.0
ALIKE, OTHER = 4, 1
MOST_SHOWN = 12
"""Rows of an example that a reader can take in."""


def invented_person(train: Dataset) -> tuple[str, Profile]:
    """Somebody who likes well-known items of mostly one kind: words for them, and the profile.

    Nobody of the log: the history is made from the items that most people like.
    """
    people = train.profiles()
    liked = np.bincount(people.item[people.positive(train.relevant_from)], minlength=train.n_items)
    known = [int(code) for code in np.argsort(-liked, kind="stable") if liked[code]]
    kind = _kind(train, known)
    if kind is None:
        chosen, words = known[: ALIKE + OTHER], "likes what most people like"
    else:
        genres = train.items[GENRES].to_list()
        alike = [code for code in known if kind in (genres[code] or [])][:ALIKE]
        other = [code for code in known if kind not in (genres[code] or [])][:OTHER]
        chosen = alike + other
        words = f"likes {len(alike)} well-known items of {kind}" + (
            f" and {len(other)} of another kind" if other else ""
        )
    n = len(chosen)
    end = train.end
    best = train.interactions[VALUE].max() if VALUE in train.interactions.columns else None
    profile = Profile.of(
        items=train.catalogue.take(chosen),
        values=None if best is None else [float(best)] * n,  # type: ignore[arg-type]
        timestamps=None if end is None else [end - HOUR * (n - place) for place in range(n)],
        as_of=end,
    )
    return f"An invented person who {words}", profile


def example(engine: Engine, train: Dataset, k: int) -> dict[str, Any] | None:
    """What ``workbench.report`` shows of one invented person; None where nothing is recommended."""
    persona, profile = invented_person(train)
    shown = slate(engine, profile, k)
    if len(shown) == 0:
        return None
    titles = _titles(train)
    item = shown.items[0]
    why = explain(engine, profile, item)
    events = why.events.with_columns(
        pl.Series("title", [titles(id_) for id_ in why.events[ITEM]], dtype=pl.String)
    )
    return {
        "persona": persona,
        "history": [{"title": titles(e.item_id), "value": e.value} for e in profile.history],
        "slate": [{**row, "title": titles(row[ITEM])} for row in shown.frame.iter_rows(named=True)],
        "item": titles(item),
        "sentence": why.sentence,
        "score": why.score,
        "base": why.base,
        "residual": why.residual,
        "features": why.features.head(MOST_SHOWN).to_dicts(),
        "rest": float(why.features["share"].slice(MOST_SHOWN).sum() or 0.0),
        "events": events.head(MOST_SHOWN).to_dicts(),
    }


def _kind(train: Dataset, known: list[int]) -> str | None:
    """A kind of the best-liked item that has one: the rarest of its genres, as more telling."""
    if GENRES not in train.items.columns or not isinstance(train.items.schema[GENRES], pl.List):
        return None
    genres = train.items[GENRES].to_list()
    count: dict[str, int] = {}
    for listed in genres:
        for genre in listed or []:
            count[genre] = count.get(genre, 0) + 1
    for code in known:
        often = [genre for genre in genres[code] or [] if count[genre] >= ALIKE]
        if often:
            return min(often, key=lambda genre: (count[genre], genre))
    return None


def _titles(train: Dataset) -> Any:
    if TITLE not in train.items.columns:
        return str
    by_id: dict[Id, Any] = dict(train.items.select(ITEM, TITLE).iter_rows())
    return lambda id_: str(by_id.get(id_) or id_)
