"""The reason in one sentence: templates over the frames, nothing invented."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from workbench.columns import GROUP, ITEM, REMOVAL, SHARE
from workbench.vocabulary import Id

MOST = 3
"""Events that a sentence names."""
WORTH = 0.1
"""An event is named where removing it costs at least this share of the largest removal."""


def sentence(
    item_id: Id,
    score: float,
    features: pl.DataFrame,
    events: pl.DataFrame,
    titles: Mapping[Id, str],
    liked: Collection[Id],
) -> str:
    """The reason in words.

    Parameters
    ----------
    item_id : str or int
        The item that is explained.
    score : float
    features : polars.DataFrame
        ``group, share``; may be empty.
    events : polars.DataFrame
        ``item_id, removal``, largest removal first; may be empty.
    titles : mapping
        Item id → title, where known.
    liked : collection of ids
        Items of the history that are relevant.
    """
    said = f"{_name(item_id, titles)} scores {score:+.2f}"
    helping = events.filter(pl.col(REMOVAL).is_finite() & (pl.col(REMOVAL) > 0))
    if helping.height:
        bar = WORTH * float(helping[REMOVAL][0])
        named = helping.filter(pl.col(REMOVAL) >= bar).head(MOST)
        verb = "liked" if all(i in liked for i in named[ITEM]) else "met"
        effects = [f"{_name(i, titles)} ({r:+.2f})" for i, r in named.select(ITEM, REMOVAL).rows()]
        said += f" because you {verb} {_joined(effects)}"
    elif events.height:
        said += " although nothing in the history speaks for it"
    else:
        said += " without any history to go by"
    groups = (
        features.group_by(GROUP, maintain_order=True)
        .agg(pl.col(SHARE).sum())
        .sort(SHARE, descending=True, maintain_order=True)
    )
    for_it = groups.filter(pl.col(SHARE) > 0).head(2)
    against = groups.filter(pl.col(SHARE) < 0).tail(1)
    if for_it.height:
        parts = [f"{group} ({share:+.2f})" for group, share in for_it.rows()]
        said += f"; most for it: {_joined(parts)}"
    if against.height:
        group, share = against.row(0)
        said += f"; most against it: {group} ({share:+.2f})"
    return said + "."


def _name(item_id: Id, titles: Mapping[Id, str]) -> str:
    title = titles.get(item_id)
    return f"“{title}”" if title else f"item {item_id}"


def _joined(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]
