"""Invented people, and the engine's reasons for what it would show them."""

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


def invented_people(train: Dataset) -> list[tuple[str, Profile]]:
    """Three people who are nobody of the log, in words and as profiles.

    Their histories are made from the items that most people like: one of mostly one kind, one of
    two kinds, and one event of a newcomer. Where items have no kinds, the second is of less known
    items.
    """
    people = train.profiles()
    liked = np.bincount(people.item[people.positive(train.relevant_from)], minlength=train.n_items)
    known = [int(code) for code in np.argsort(-liked, kind="stable") if liked[code]]
    if not known:
        return []
    first, second = _kinds(train, known)
    one, both = known[: ALIKE + OTHER], known[ALIKE + OTHER :][: ALIKE + OTHER]
    one_words = "who likes what most people like"
    both_words = "who likes well-known items, but not the best known"
    if first is not None:
        one = (alike := _of(train, known, first, ALIKE)) + _of(train, known, first, OTHER, no=True)
        one_words = f"who likes {len(alike)} well-known items of {first}" + (
            f" and {len(one) - len(alike)} of another kind" if len(one) > len(alike) else ""
        )
    if first is not None and second is not None:
        half = ALIKE // 2
        mine = _of(train, known, second, half)
        left = [code for code in known if code not in mine]
        both = mine + _of(train, left, first, half)
        both_words = f"who likes {len(mine)} items of {second} and {len(both) - len(mine)} of "
        both_words += first
    found = [
        (one_words, one),
        (both_words, both),
        ("who is new and liked one thing", known[:1]),
    ]
    return [(f"An invented person {words}", _profile(train, codes)) for words, codes in found
            if codes]  # fmt: skip


def _profile(train: Dataset, chosen: list[int]) -> Profile:
    """Who liked these items, one an hour until the end of the log."""
    n, end = len(chosen), train.end
    best = train.interactions[VALUE].max() if VALUE in train.interactions.columns else None
    return Profile.of(
        items=train.catalogue.take(chosen),
        values=None if best is None else [float(best)] * n,  # type: ignore[arg-type]
        timestamps=None if end is None else [end - HOUR * (n - place) for place in range(n)],
        as_of=end,
    )


def examples(engine: Engine, train: Dataset, k: int) -> list[dict[str, Any]]:
    """What a report shows of the invented people; without those to whom nothing is recommended."""
    titles = _titles(train)
    found = (_example(engine, *person, k, titles) for person in invented_people(train))
    return [told for told in found if told is not None]


def _example(
    engine: Engine, persona: str, profile: Profile, k: int, titles: Any
) -> dict[str, Any] | None:
    shown = slate(engine, profile, k)
    if len(shown) == 0:
        return None
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


def _of(train: Dataset, codes: list[int], kind: str, most: int, no: bool = False) -> list[int]:
    """The first items of a kind, or of any other."""
    genres = train.items[GENRES].to_list()
    return [code for code in codes if (kind in (genres[code] or [])) != no][:most]


def _kinds(train: Dataset, known: list[int]) -> tuple[str | None, str | None]:
    """Two kinds of well-liked items, the rarest that each has, as more telling; null: none."""
    if GENRES not in train.items.columns or not isinstance(train.items.schema[GENRES], pl.List):
        return None, None
    genres = train.items[GENRES].to_list()
    count: dict[str, int] = {}
    for listed in genres:
        for genre in listed or []:
            count[genre] = count.get(genre, 0) + 1
    found: list[str] = []
    for code in known:
        often = [g for g in genres[code] or [] if count[g] >= ALIKE]
        if often and not set(often) & set(found):
            found.append(min(often, key=lambda genre: (count[genre], genre)))
        if len(found) == 2:
            break
    return (*found, None, None)[0], (*found, None, None)[1]


def _titles(train: Dataset) -> Any:
    if TITLE not in train.items.columns:
        return str
    by_id: dict[Id, Any] = dict(train.items.select(ITEM, TITLE).iter_rows())
    return lambda id_: str(by_id.get(id_) or id_)
