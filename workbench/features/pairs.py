"""Pairs: (profile, item) pairs and everything that a feature of a pair may read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import AS_OF, ITEM, ROW, TIME, VALUE, WEIGHT
from workbench.errors import ArgumentError
from workbench.features.signal import Column, Signal
from workbench.features.tables import ItemTables, learner_key
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

T = TypeVar("T")
PLACES = 10.0
"""Number of later events after which an event counts 1/e in the features of recent taste."""
TOLD = ("attributes", "context")
"""Tables of profiles that say something of the person or of the moment."""


@dataclass(frozen=True)
class Pairs:
    """(Profile, item) pairs: pair ``p`` is profile ``row[p]`` with item ``item[p]``.

    Attributes
    ----------
    profiles : Profiles
    row, item : (n_pairs,) int64
        Row of the profile; code of the item.
    tables : ItemTables
        What the training window says of items.
    signals : dict of str to Signal
        Scores of the models that feed the ranker.
    models : mapping of str to Recommender
        The models themselves, for the features that read more of them than scores.
    """

    profiles: Profiles
    row: IntArray
    item: IntArray
    tables: ItemTables
    signals: dict[str, Signal]
    models: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.row)

    # --- tables for features that users write -------------------------------------------------

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row per pair: ``row``, ``as_of``, ``item_id`` and every column of the items."""
        items = self.tables.items[self.item]
        moments = pl.Series(AS_OF, self.now[self.row]).fill_nan(None)
        return items.select(pl.Series(ROW, self.row), moments, pl.all())

    @cached_property
    def history(self) -> pl.DataFrame:
        """One row per event: ``row``, ``timestamp``, ``value``, ``weight`` and the item's columns.

        The weight is 0 where the event says nothing: where a later one of the item counts.
        """
        people = self.profiles
        items = self.tables.items[people.item]
        return items.select(
            pl.Series(ROW, people.row),
            pl.Series(TIME, people.timestamp).fill_nan(None),
            pl.Series(VALUE, people.value).fill_nan(None),
            pl.Series(WEIGHT, self.weight),
            pl.col(ITEM),
            pl.exclude(ITEM, TIME, VALUE, WEIGHT),
        )

    # --- what several features share ----------------------------------------------------------

    def told(self, column: str, table: str | None = None) -> pl.Series:
        """What is said of each person or moment, one cell per person; null where not said.

        Parameters
        ----------
        column : str
        table : str, optional
            "attributes" or "context": where to look. By default in both, attributes first.

        Raises
        ------
        ArgumentError
            There is no such table.
        """
        if table not in (None, *TOLD):
            raise ArgumentError(f"table must be one of {', '.join(TOLD)} or None, not {table!r}")
        for place in TOLD if table is None else (table,):
            said: pl.DataFrame = getattr(self.profiles, place)
            if column in said.columns:
                return said[column]
        return pl.Series(column, [None] * len(self.profiles), dtype=pl.String)

    def learnt(self, function: Callable[..., Any], *arguments: str) -> Any:
        """The table that a function named in ``Feature.learns`` made of the training window."""
        return self.tables.learnt[learner_key((function, *arguments))]

    def shared(self, key: str, make: Callable[[], T]) -> T:
        """What ``make`` returns, made once for all features of these pairs."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]  # type: ignore[no-any-return]

    @cached_property
    def _shared(self) -> dict[str, Any]:
        return {}

    @cached_property
    def now(self) -> NDArray[np.float64]:
        """Moment of each profile, ``(n_profiles,)``; the end of the log where unknown."""
        moments = self.profiles.as_of
        return np.where(np.isnan(moments), self.tables.end, moments)

    @cached_property
    def weight(self) -> NDArray[np.float64]:
        """Weight of each event, ``(n_events,)``; 0 where a later event of the item counts."""
        return np.where(self.profiles.latest, self.profiles.weight, 0.0)

    @cached_property
    def recent(self) -> NDArray[np.float64]:
        """Weight of each event, fading with the number of later ones, ``(n_events,)``."""
        return self.weight * np.exp(-self.profiles.from_end / PLACES)

    @cached_property
    def liked(self) -> NDArray[np.float64]:
        """1 where the event is relevant, ``(n_events,)``."""
        return self.profiles.positive(self.tables.relevant_from).astype(np.float64)

    @cached_property
    def centred(self) -> NDArray[np.float64]:
        """Value of each event less the person's mean, ``(n_events,)``; 0 where unknown."""
        known = ~np.isnan(self.profiles.value)
        value = np.where(known, self.profiles.value, 0.0)
        mean = self.mean(value, self.weight * known)
        return np.where(known, value - mean[self.profiles.row], 0.0)

    def total(self, per_event: Column) -> NDArray[np.float64]:
        """Sum over each person's events, ``(n_profiles,)``."""
        return np.bincount(self.profiles.row, per_event, len(self.profiles))

    def mean(self, per_event: Column, weight: Column) -> NDArray[np.float64]:
        """Weighted mean over each person's events, ``(n_profiles,)``; 0 without weight."""
        held = self.total(weight)
        return self.total(weight * per_event) / np.where(held > 0, held, 1.0)

    def of_values(self, values: sparse.csr_array, weight: Column) -> tuple[Any, NDArray[Any]]:
        """What each person's events weigh by value of an item column, and the same by item.

        Parameters
        ----------
        values : (n_items, n_values) sparse of ones
            Which values each item has.
        weight : (n_events,)

        Returns
        -------
        by_value : (n_profiles, n_values) float32, sparse
            Sum of the weights of the person's events of items with the value.
        by_pair : (n_pairs,) float32
            Its mean over the values of the pair's item; NaN where the item has none.

        Notes
        -----
        Sparse times sparse adds up every row by itself, so a person's numbers do not depend on
        the batch.
        """
        by_value = self.profiles.csr(self.profiles.latest, weight) @ values
        summed = (by_value @ values.T).toarray()
        count = np.diff(values.indptr)
        with np.errstate(invalid="ignore", divide="ignore"):
            return by_value, summed[self.row, self.item] / count[self.item].astype(np.float32)

    def taste(self, vectors: FloatArray, weight: Column) -> Column:
        """Likeness of each pair's item to the person's weighted mean item, ``(n_pairs,)``.

        Parameters
        ----------
        vectors : (n_items, n_dimensions)
        weight : (n_events,)
        """
        held = self.profiles.latest
        mean = np.asarray(self.profiles.csr(held, weight) @ vectors)
        mean = mean / (self.total(np.abs(weight))[:, None] + 1e-3)
        return np.einsum("pd,pd->p", mean[self.row], vectors[self.item])
