"""Pairs: (profile, item) pairs and everything that a feature of a pair may read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import AS_OF, ITEM, ROW, TIME, VALUE, WEIGHT
from workbench.features.tables import ItemTables
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

Column = NDArray[np.floating]
PLACES = 10.0
"""Number of later events after which an event counts 1/e in the features of recent taste."""


FEW = 16
"""Up to so many pairs per person, ranks are counted one by one; beyond, everything is sorted."""


class Signal:
    """One model's scores of the whole catalogue for a block of people.

    Parameters
    ----------
    score : (n_profiles, n_items) float32
        As the model gave it; NaN counts as 0.
    unmet : (n_profiles, n_items) bool
        Which items the person has not met.
    """

    def __init__(self, score: FloatArray, unmet: NDArray[np.bool_]) -> None:
        self.score = np.where(np.isfinite(score), score, np.float32(0.0))
        self.unmet = unmet

    @cached_property
    def speaks(self) -> NDArray[np.bool_]:
        """Whether the model tells a person's items apart, ``(n_profiles,)``."""
        return self.score.max(axis=1, initial=-np.inf) > self.score.min(axis=1, initial=np.inf)

    @cached_property
    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation over the unmet items of each person."""
        count = np.maximum(self.unmet.sum(axis=1), 1)
        score = np.where(self.unmet, self.score, np.float32(0.0)).astype(np.float64)
        mean = score.sum(axis=1) / count
        square = np.where(self.unmet, score - mean[:, None], 0.0) ** 2
        return mean, np.sqrt(square.sum(axis=1) / count)

    def z(self, row: IntArray, item: IntArray) -> Column:
        """Scores of pairs, standardised over what the person has not met; 0 without spread."""
        mean, spread = self._moments
        wide = spread > 0
        safe = np.where(wide, spread, 1.0)
        return np.where(wide[row], (self.score[row, item] - mean[row]) / safe[row], 0.0)

    @cached_property
    def rank(self) -> NDArray[np.int32]:
        """Number of unmet items ahead of each item, ties by code, ``(n_profiles, n_items)``."""
        order = np.argsort(-self.score, axis=1, kind="stable")
        unmet = np.take_along_axis(self.unmet, order, axis=1)
        ahead = np.cumsum(unmet, axis=1, dtype=np.int32) - unmet
        rank = np.empty(self.score.shape, dtype=np.int32)
        np.put_along_axis(rank, order, ahead.astype(np.int32), axis=1)
        return rank

    def ahead(self, row: IntArray, item: IntArray) -> NDArray[np.int32]:
        """``rank`` of pairs, without sorting everything where only a few are asked."""
        if "rank" in self.__dict__ or len(row) > FEW * len(self.score):
            return self.rank[row, item]
        counted = np.empty(len(row), dtype=np.int32)
        codes = np.arange(self.score.shape[1])
        for start in range(0, len(row), 256):
            part = slice(start, start + 256)
            scores, own = self.score[row[part]], self.score[row[part], item[part]][:, None]
            earlier = (scores > own) | ((scores == own) & (codes < item[part][:, None]))
            counted[part] = (earlier & self.unmet[row[part]]).sum(axis=1)
        return counted


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
    """

    profiles: Profiles
    row: IntArray
    item: IntArray
    tables: ItemTables
    signals: dict[str, Signal]

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
