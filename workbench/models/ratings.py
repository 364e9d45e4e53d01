"""Ratings: what the models that predict them share, and the log as Surprise wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, CapabilityError
from workbench.models.base import Recommender, checked_items, checked_profiles
from workbench.models.foldin import Floats
from workbench.profiles import Mask, Profiles
from workbench.vocabulary import FloatArray, Id, IntArray

PAIRS = 2_000_000
"""Pairs of person and item (or of two people) that are in memory at one moment."""
LARGEST_SQUARE = 2_000_000_000
"""Bytes of tables of item by item that a model may need: 15,811 items in one table of float64."""


class RatingModel(Recommender):
    """A model whose scores are ratings, in the unit of the log and clipped to its range.

    An item without a value in training is NaN.

    Attributes
    ----------
    range_ : list of float
        Lowest and highest value in training.
    """

    needs = frozenset({"values"})
    scale = "rating"
    range_: list[float]

    def predicted(self, profiles: Profiles, row: IntArray, item: IntArray) -> FloatArray:
        """Ratings of pairs, where the whole table would be a waste.

        Parameters
        ----------
        profiles : Profiles
        row : (n_pairs,) int
            Rows of the profiles.
        item : (n_pairs,) int
            Codes in the model's catalogue.

        Returns
        -------
        (n_pairs,) float32
            Pair ``i`` is ``score(profiles)[row[i], item[i]]`` but for rounding.

        Raises
        ------
        NotFittedError
            The model has not been fitted.
        ArgumentError
            The codes or the rows cannot work.
        """
        people, items = checked_profiles(self, profiles), checked_items(self, item)
        rows = np.asarray(row)
        if rows.shape != items.shape:
            raise ArgumentError(
                f"row and item must be of one length, not {rows.shape}, {items.shape}"
            )
        if rows.size and (rows.min() < 0 or rows.max() >= len(people)):
            raise ArgumentError(
                f"row holds {rows.min()} to {rows.max()}; there are {len(people)} profiles"
            )
        found = np.empty(len(rows), dtype=np.float32)
        order = np.argsort(rows, kind="stable")
        ends = np.searchsorted(rows[order], np.arange(len(people) + 1))
        for part, block in people.blocks(self._block_size()):
            here = order[ends[part.start] : ends[part.stop]]
            if len(here):
                found[here] = self._of_pairs(block, rows[here] - part.start, items[here])
        return found

    def _of_pairs(self, block: Profiles, row: IntArray, item: IntArray) -> NDArray[Any]:
        """``predicted`` of so few people that their whole table fits in memory."""
        columns, column = np.unique(item, return_inverse=True)
        return self.score(block, columns)[row, column]

    def _clipped(self, ratings: NDArray[Any]) -> NDArray[Any]:
        low, high = self.range_
        clipped: NDArray[Any] = np.clip(ratings, low, high)
        return clipped

    def _block_size(self) -> int:
        return max(1, min(1024, PAIRS // max(len(self.catalogue), 1)))


def rated(people: Profiles) -> Mask:
    """Mask over events: the last one of each (person, item), with weight and a value."""
    mask: Mask = people.counts & np.isfinite(people.value)
    return mask


@dataclass(frozen=True)
class RatingLog:
    """The ratings of a log, and the same as a trainset of Surprise.

    Surprise takes NaN, repeats and values off the scale without a word. Only the last finite
    value of each (person, item) gets through, in the order of the dataset (Surprise's descent
    depends on it), and the scale is theirs.

    Attributes
    ----------
    dataset : Dataset
    row, item : (n_ratings,) int64
        Rows of ``dataset.profiles()`` and codes.
    value : (n_ratings,) float64
    n_people : int
        Rows of ``dataset.profiles()``, with people without a rating.
    """

    dataset: Dataset
    row: IntArray
    item: IntArray
    value: Floats
    n_people: int

    @classmethod
    def of(cls, dataset: Dataset, model: str) -> RatingLog:
        """The ratings of a log.

        Parameters
        ----------
        dataset : Dataset
        model : str
            Who asks, for the message.

        Raises
        ------
        CapabilityError
            There is no value in the log.
        """
        people = dataset.profiles()
        mask = rated(people)
        if not mask.any():
            raise CapabilityError(
                f"{model} needs values, and {dataset.name!r} has none in its events"
            )
        return cls(dataset, people.row[mask], people.item[mask], people.value[mask], len(people))

    @property
    def known(self) -> Mask:
        """Items with a rating, ``(n_items,)``."""
        return np.bincount(self.item, minlength=self.dataset.n_items) > 0

    @property
    def range(self) -> list[float]:
        """Lowest and highest value."""
        return [float(self.value.min()), float(self.value.max())]

    @property
    def mean(self) -> float:
        """Mean of all values."""
        return float(np.mean(self.value))

    def trained(self, algorithm: Any, floor: float = 0.0) -> Any:
        """An algorithm of Surprise, trained on the values less ``floor``."""
        from surprise import Dataset as SurpriseDataset
        from surprise import Reader

        low, high = self.range
        rows = zip(
            self.row.tolist(),
            self.item.tolist(),
            (self.value - floor).tolist(),
            [None] * len(self.value),
            strict=True,
        )
        reader = Reader(rating_scale=(low - floor, high - floor))
        return algorithm.fit(SurpriseDataset(reader).construct_trainset(list(rows)))

    def by_item(self, trained: Any, learnt: Floats, unknown: float) -> Floats:
        """What an algorithm learnt of each item, in code order.

        Parameters
        ----------
        trained : AlgoBase
        learnt : (n_known_items, ...)
            In the order of Surprise.
        unknown : float
            For items that it does not know.

        Returns
        -------
        (n_items, ...) float64
        """
        log = trained.trainset
        found = np.full((self.dataset.n_items, *learnt.shape[1:]), unknown)
        found[[log.to_raw_iid(i) for i in log.all_items()]] = learnt
        return found

    def by_person(self, trained: Any, learnt: Floats) -> Floats:
        """What an algorithm learnt of each person, by row; 0 for people without a rating."""
        log = trained.trainset
        found = np.zeros((self.n_people, *learnt.shape[1:]))
        found[[log.to_raw_uid(u) for u in log.all_users()]] = learnt
        return found

    def ids(self) -> list[Id]:
        """Ids of the people, by row."""
        return self.dataset.people.take(self.dataset.fit_rows)


def refuse_square(model: str, n_items: int, remedy: str, tables: int = 1) -> None:
    """Refuse a catalogue whose tables of item by item (float64) would not fit in memory."""
    needed = 8 * n_items**2 * tables
    if needed > LARGEST_SQUARE:
        numbers = "a number" if tables == 1 else f"{tables} numbers"
        raise CapabilityError(
            f"{model} keeps {numbers} for every pair of items: {n_items:,} items need "
            f"{needed / 1e9:.1f} GB, more than {LARGEST_SQUARE / 1e9:.0f} GB; {remedy}"
        )
