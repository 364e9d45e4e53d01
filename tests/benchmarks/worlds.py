"""The logs that are measured on, each cut once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

import workbench as wb
from workbench.profiles import Profiles

WORLDS: dict[str, tuple[str, dict[str, Any]]] = {
    "100k": ("movielens-100k", {}),
    "1m": ("synthetic", {"n_users": 6_000, "n_items": 3_700, "n_events": 1_000_000}),
}
"""Name → data set and its options: MovieLens 100K, and synthetic at the size of MovieLens 1M."""


@dataclass(frozen=True)
class World:
    """A log, its cut, and what several rows are made of."""

    name: str
    split: wb.Split

    @classmethod
    def load(cls, name: str) -> World:
        data, options = WORLDS[name]
        return cls(name, wb.split(wb.load(data, **options), guests=0.1))

    @property
    def train(self) -> wb.Dataset:
        return self.split.train

    @cached_property
    def positives(self) -> sparse.csr_array:
        """Relevant events that models fit on, ``(n_people, n_items)`` float32 of ones."""
        people = self.train.profiles()
        return people.csr(people.positive(self.train.relevant_from))

    @cached_property
    def asked(self) -> Profiles:
        """Everybody with a relevant test item."""
        return self.split.people()[1]

    @cached_property
    def histories(self) -> sparse.csr_array:
        """Their relevant events, ``(n_people, n_items)`` float32 of ones."""
        return self.asked.csr(self.asked.positive(self.train.relevant_from))

    @cached_property
    def lists(self) -> wb.Slates:
        """Ten items for each of them, by item neighbours."""
        return wb.recommend(wb.create("item-knn").fit(self.train), self.asked, 10)

    def __str__(self) -> str:
        asked, train = len(self.asked), self.train
        return (
            f"{train.name} ({train.n_users:,} people × {train.n_items:,} items, "
            f"{train.n_events:,} training events, {self.positives.nnz:,} of them relevant; "
            f"{asked:,} people asked)"
        )


def codes(matrix: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of each place that is filled."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices
