"""Features of an attribute of people, for engines whose ``allow`` names it."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.columns import GENRES, ITEM, USER
from workbench.features.affinity import (
    band_of,
    banded,
    counted,
    log_lift,
    looked_up,
    n_bands,
)
from workbench.features.catalogue import Feature
from workbench.features.pairs import Pairs
from workbench.features.signal import Column
from workbench.features.tables import ItemTables
from workbench.features.values import values_of


def attribute_of(dataset: Any, column: str) -> dict[str, Any]:
    """Bands of an attribute, and the lift of each item among the people of each band.

    ``lift`` counts the relevant events of each item; ``by_genre`` those of its genres, meant over
    them. A person's own event of an item is in its count, but an item that they have met is no
    candidate.
    """
    bands = banded(dataset.users[column]) or {"values": []}
    n = max(n_bands(bands), 1)
    liked = dataset.relevant(dataset.interactions)
    person = dataset.people.codes(liked[USER])
    band = band_of(dataset.users[column], bands)[person]
    counts = counted(dataset.catalogue.codes(liked[ITEM]), band, dataset.n_items, n)
    table = {"bands": bands, "lift": log_lift(counts)}
    if GENRES in dataset.items.columns:
        genres = values_of(dataset, GENRES)
        many = np.maximum(np.diff(genres.indptr), 1)[:, None]
        table["by_genre"] = (genres @ log_lift(genres.T @ counts) / many).astype(np.float32)
    return table


def attribute_bands(log: Any) -> dict[str, dict[str, Any]]:
    """The attributes that can be features, with their bands.

    Parameters
    ----------
    log : Dataset, or ItemTables that learnt them
    """
    if isinstance(log, ItemTables):
        return {column: held["bands"] for column, held in log.learnt_by(attribute_of).items()}
    found = {name: banded(log.users[name]) for name in log.users.columns if name != USER}
    return {name: bands for name, bands in found.items() if bands is not None}


def of_attribute(column: str, genres: bool) -> list[Feature]:
    """How much more often the item, and its genres, are relevant to people with this value."""
    means = {"lift": ("affinity", "the item is")}
    if genres:
        means["by_genre"] = ("genres_affinity", "items of its genres are")
    return [_affinity(column, kind, end, what) for kind, (end, what) in means.items()]


def _affinity(column: str, kind: str, end: str, what: str) -> Feature:
    def affinity(pairs: Pairs) -> Column:
        table = pairs.learnt(attribute_of, column)
        band = band_of(pairs.told(column, "attributes"), table["bands"])
        return looked_up(table[kind], band[pairs.row], pairs.item)

    return Feature(
        f"{column}_{end}",
        "attributes",
        f"how much more often {what} relevant to people of this {column}",
        "log ratio",
        f"users.{column}, interactions",
        "person",
        affinity,
        uses=frozenset({column}),
        learns=((attribute_of, column),),
    )
