"""Encodings of item columns: one-hot, and what a value's items earned in the training window.

A target mean is leak-safe here for one reason: it is learnt from the events *before* the moment
that the ranker learns to look beyond. The labels of a lesson come from the later part of the log,
the tables from the earlier part, and no row of the one is in the other; so there is no fold to
keep apart. A table made of the whole log would hold its own labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from workbench.features.catalogue import Feature
from workbench.features.needs import VALUED
from workbench.features.pairs import Pairs
from workbench.features.signal import Column
from workbench.features.tables import PRIOR
from workbench.features.values import value_matrix, values_of
from workbench.vocabulary import FloatArray

MOST_VALUES = 30
"""Values of one column that get a one-hot feature, those of the most items first."""
LONGEST = 40
"""Characters of a value in a feature's name."""


def one_hot(items: pl.DataFrame, column: str) -> list[Feature]:
    """One feature per value of a column: 1 where the item has it, 0 where not."""
    names, matrix = value_matrix(items, column)
    held = np.asarray(matrix.sum(axis=0)).ravel()
    places = np.sort(np.argsort(-held, kind="stable")[:MOST_VALUES])
    return [_has(column, names[place], int(place)) for place in places]


def _has(column: str, value: str, place: int) -> Feature:
    def has(pairs: Pairs) -> Column:
        matrix = pairs.learnt(values_of, column)
        of_item = pairs.shared(f"{column} one-hot", lambda: matrix.tocsc())
        flag = np.zeros(matrix.shape[0], dtype=np.float32)
        flag[of_item.indices[of_item.indptr[place] : of_item.indptr[place + 1]]] = 1.0
        return flag[pairs.item]

    return Feature(
        f"{column}_is_{value[:LONGEST]}",
        "one-hot",
        f"whether the item's {column} is {value[:LONGEST]}",
        "0 or 1",
        f"items.{column}",
        "person",
        has,
        learns=((values_of, column),),
    )


def target_means(column: str) -> list[Feature]:
    """What the items of the same value earned in the training window."""

    def relevance(pairs: Pairs) -> Column:
        return pairs.learnt(relevant_share_of, column)[pairs.item]

    def demand(pairs: Pairs) -> Column:
        return pairs.learnt(relevant_per_item_of, column)[pairs.item]

    source = f"interactions, items.{column}"
    return [
        Feature(
            f"{column}_relevance",
            "target mean",
            f"share of relevant events among items of the same {column}, shrunk by 10 events",
            "share",
            source,
            "person",
            relevance,
            needs=VALUED,
            learns=((relevant_share_of, column),),
        ),
        Feature(
            f"{column}_demand",
            "target mean",
            f"relevant events per item of the same {column}, shrunk by 10 items",
            "log(1 + n)",
            source,
            "person",
            demand,
            learns=((relevant_per_item_of, column),),
        ),
    ]


def relevant_share_of(dataset: Any, column: str) -> FloatArray:
    """Relevant share of the events of each value, meant over an item's values, ``(n_items,)``.

    Shrunk to the overall share, which also stands where an item has no value.
    """
    met, relevant = _counts(dataset)
    return _mean_of_values(dataset, column, relevant, met)


def relevant_per_item_of(dataset: Any, column: str) -> FloatArray:
    """Relevant events per item of each value, meant over an item's values, ``(n_items,)``.

    Shrunk to that of the catalogue; on a log scale.
    """
    _, relevant = _counts(dataset)
    return np.log1p(_mean_of_values(dataset, column, relevant, np.ones(len(relevant))))


def _counts(dataset: Any) -> tuple[Column, Column]:
    """People who met each item, and those for whom it was relevant; guests left out."""
    people = dataset.profiles()
    met = np.bincount(people.item[people.counts], minlength=dataset.n_items)
    liked = people.positive(dataset.relevant_from)
    return met, np.bincount(people.item[liked], minlength=dataset.n_items)


def _mean_of_values(dataset: Any, column: str, earned: Column, of: Column) -> FloatArray:
    values = values_of(dataset, column)
    overall = earned.sum() / max(of.sum(), 1.0)
    mean = (values.T @ earned + PRIOR * overall) / (values.T @ of + PRIOR)
    count = np.diff(values.indptr)
    found = np.where(count > 0, (values @ mean) / np.maximum(count, 1), overall)
    return found.astype(np.float32)
