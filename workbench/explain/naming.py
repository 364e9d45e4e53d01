"""Naming: how a sentence calls items, and puts several things side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.columns import ITEM, TITLE
from workbench.models.base import Recommender
from workbench.vocabulary import Id


def titles_of(model: Recommender) -> dict[Id, str]:
    """Item id → title, as far as the model knows them: an engine does, other models do not."""
    tables = getattr(model, "tables_", None)
    if tables is None or TITLE not in tables.items.columns:
        return {}
    known = tables.items.select(ITEM, TITLE).drop_nulls()
    return dict(known.iter_rows())


def named(item_id: Id, titles: Mapping[Id, str]) -> str:
    """“Title”, or "item 7" where it has none."""
    title = titles.get(item_id)
    return f"“{title}”" if title else f"item {item_id}"


def joined(parts: Sequence[str]) -> str:
    """a; a and b; a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " and " + parts[-1]
