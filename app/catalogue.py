"""What is shown of an item: its title, year and genres, a colour, and finding it by typing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from workbench.columns import GENRES, ITEM, TITLE, YEAR
from workbench.data.title_search import LONGEST_TITLE, TitleSearch
from workbench.vocabulary import Id

INKS = 10
"""Colours of tiles in ``style.py``; the rarer genres share the last."""


@dataclass(frozen=True, slots=True)
class Item:
    """What is shown of one item. Everything in it is untrusted text."""

    item_id: Id
    title: str
    year: str
    genres: tuple[str, ...]
    ink: int

    @property
    def about(self) -> str:
        """Year and genres in one line; empty where neither is known."""
        return " · ".join(part for part in (self.year, ", ".join(self.genres)) if part)


class Catalogue:
    """All items of a run.

    Parameters
    ----------
    items : polars.DataFrame
        ``item_id`` and, where the log has them, ``title``, ``year``, ``genres``.
    often : mapping of item id to int
        How often each was met; breaks ties when searching.
    """

    def __init__(self, items: pl.DataFrame, often: dict[Id, int]) -> None:
        self.has_titles = TITLE in items.columns
        self.has_years = YEAR in items.columns
        self.has_genres = GENRES in items.columns
        genres = [_words(g) for g in _column(items, GENRES)]
        counted = Counter(row[0] for row in genres if row)
        inks = {name: min(i, INKS - 1) for i, (name, _) in enumerate(_by_count(counted))}
        self._items = {
            item_id: Item(
                item_id, _title(title, item_id), _year(year), row, inks.get(_first(row), INKS)
            )
            for item_id, title, year, row in zip(
                items[ITEM], _column(items, TITLE), _column(items, YEAR), genres, strict=True
            )
        }
        self._search = TitleSearch(
            ((item.item_id, item.title, item.year) for item in self._items.values()), often
        )
        self._often = often

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, item_id: Id) -> Item:
        found = self._items.get(item_id)
        return found or Item(item_id, f"Item {item_id}", "", (), INKS)

    def most_met(self) -> list[Id]:
        """Ids of the items that somebody met, most often met first; ties in the log's order."""
        met = [item_id for item_id in self._items if self._often.get(item_id, 0)]
        return sorted(met, key=lambda item_id: -self._often[item_id])

    def search(self, text: str, without: Collection[Id] = (), most: int = 6) -> list[Id]:
        """Items whose words begin with the words typed, best first; see ``TitleSearch``."""
        return self._search.search(text, without, most)


def spoken(text: str) -> str:
    """A title as letters, digits and single spaces: safe in a label, which is Markdown."""
    kept = "".join(c if c.isalnum() else " " for c in text[:LONGEST_TITLE])
    return " ".join(kept.split())[:60] or "this item"


def _column(items: pl.DataFrame, name: str) -> Sequence[Any]:
    return items[name].to_list() if name in items.columns else [None] * items.height


def _by_count(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


def _words(genres: Any) -> tuple[str, ...]:
    if genres is None:
        return ()
    return tuple(str(g) for g in (genres if isinstance(genres, list) else [genres]) if g)


def _first(genres: tuple[str, ...]) -> str | None:
    return genres[0] if genres else None


def _title(title: Any, item_id: Id) -> str:
    """A title in one line, without control characters; "Item 7" where there is none."""
    text = " ".join(str(title or "").split())
    text = "".join(c for c in text if c.isprintable())
    if not text:
        return f"Item {item_id}"
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1] + "…"


def _year(year: Any) -> str:
    if isinstance(year, float):
        return f"{year:.0f}" if year == year and abs(year) < 1e5 else ""
    return "" if year is None else str(year)[:12]
