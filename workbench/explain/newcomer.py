"""Newcomer: a title that nobody has met yet, and a model whose catalogue holds it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from workbench.columns import GENRES, ITEM, TITLE, YEAR
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.features.tables import ItemTables
from workbench.models.base import Recommender
from workbench.ranking.engine import Engine
from workbench.vocabulary import Id, Vocabulary

Say = Callable[[float, str], None]
"""Hears how far the work is (0 to 1), and what is being done."""


@dataclass(frozen=True)
class Newcomer:
    """A new title.

    Attributes
    ----------
    title : str
    genres : sequence of str
    year : number, optional
    item_id : str or int, optional
        By default one that is free: the largest id and one, or "new".
    """

    title: str
    genres: Sequence[str] = ()
    year: float | None = None
    item_id: Id | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.title, str) or not self.title.strip():
            raise ArgumentError(f"title must be some text, not {self.title!r}")
        if isinstance(self.genres, str) or not all(isinstance(g, str) for g in self.genres):
            raise ArgumentError(f"genres must be a list of words, not {self.genres!r}")
        year = self.year
        if year is not None and (isinstance(year, bool) or not isinstance(year, int | float)):
            raise ArgumentError(f"year must be a number, not {year!r}")
        object.__setattr__(self, "genres", tuple(self.genres))

    def id_in(self, catalogue: Vocabulary) -> Id:
        """The id that the title gets beside those of a catalogue.

        Raises
        ------
        ArgumentError
            The id asked for is taken, or of another kind than the others.
        """
        if self.item_id is None:
            if catalogue.is_integer:
                return int(catalogue.ids.max()) + 1  # type: ignore[arg-type]
            return next(
                free
                for n in range(len(catalogue) + 1)
                if (free := f"new-{n}" if n else "new") not in catalogue
            )
        if isinstance(self.item_id, str) == catalogue.is_integer:
            kind = "integers" if catalogue.is_integer else "text"
            raise ArgumentError(f"item_id={self.item_id!r}, and the ids of this log are {kind}")
        if self.item_id in catalogue:
            raise ArgumentError(f"item_id={self.item_id!r} is taken; leave it out, or give another")
        return self.item_id

    def joined(self, dataset: Dataset) -> Dataset:
        """The dataset with the title as one more item, without an event.

        Of what is said of the title only those columns are kept that the log has for its items.
        """
        said: dict[str, Any] = {TITLE: self.title, GENRES: list(self.genres), YEAR: self.year}
        items = dataset.items
        row: dict[str, list[Any]] = {ITEM: [self.id_in(dataset.catalogue)]}
        for name, value in said.items():
            if name in items.columns:
                nested = isinstance(items.schema[name], pl.List)
                plain = value[0] if isinstance(value, list) and value and not nested else value
                row[name] = [plain if plain != [] or nested else None]
        new = pl.DataFrame(row, schema_overrides={n: items.schema[n] for n in row}, strict=False)
        items = pl.concat([items, new], how="diagonal")
        return dataset.replaced(
            dataset.interactions, items=items, catalogue=Vocabulary(items[ITEM])
        )


def with_newcomer(model: Recommender, dataset: Dataset, say: Say) -> Recommender:
    """The model as it would be, had its log one more item without events.

    A single model is fitted again. Of an engine the retrievers and the tables are fitted again,
    as when it is brought up to date at night, and the trees stay: they learn from what people
    did, and of this item nobody did anything. What a collaborative model says of it is thus what
    that model says of any item without events; only content can bring it in.

    Parameters
    ----------
    model : Recommender
        Fitted; it is not changed.
    dataset : Dataset
        What it was fitted on, with the title joined.
    say : callable
    """
    if not isinstance(model, Engine):
        say(0.0, f"fitting {model.name} with the new title")
        return type(model)(**model.params()).fit(dataset)
    engine = copy.copy(model)
    engine.progress = None
    engine.retrievers_ = {}
    for place, (label, one) in enumerate(model.retrievers_.items()):
        say(place / len(model.retrievers_), f"fitting {label} with the new title")
        engine.retrievers_[label] = type(one)(**one.params()).fit(dataset)
    engine.tables_ = ItemTables.of(dataset, engine.features_)
    engine.catalogue = dataset.catalogue
    engine.fitted_on = dataset.fingerprint
    return engine
