"""ItemTables: what a training window says of each item, for the features to look up."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import USER, YEAR
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.features.items import genre_matrix
from workbench.features.popularity import PopularityInTime
from workbench.state import Arrays, decoded, encoded
from workbench.vocabulary import FloatArray

PRIOR = 10.0
"""Events' worth of the overall mean in an item's own mean."""

Learner = Callable[..., Any] | tuple[Any, ...]
"""A function from a Dataset to a table, or a tuple of one and its further arguments, all text."""


def learner_key(learner: Learner) -> str:
    """Under which name what a learner learnt is kept: that of the function, and its arguments.

    Raises
    ------
    ArgumentError
        It is no function with a name of its own.
    """
    function, *arguments = learner if isinstance(learner, tuple) else (learner,)
    named = callable(function) and "<lambda>" not in getattr(function, "__qualname__", "<lambda>")
    if not named or not all(isinstance(argument, str) for argument in arguments):
        raise ArgumentError(
            f"learns: {learner!r} must be a function that was made by def, or a tuple of one and "
            "its further arguments, all text"
        )
    return ":".join([f"{function.__module__}.{function.__qualname__}", *arguments])


@dataclass(frozen=True)
class ItemTables:
    """Facts of each item, in code order, from the events that models may fit on.

    Attributes
    ----------
    items : polars.DataFrame
        The items of the dataset.
    has : frozenset of str
        What the log has; see ``Dataset.has``.
    relevant_from : float or None
    end : float
        Last moment of the log in seconds; NaN without time.
    events, relevant : (n_items,) float32
        People who met the item, and those for whom it was relevant.
    mean_value, liked_share : (n_items,) float32
        Shrunk towards the overall mean by ``PRIOR`` events. NaN without values.
    first : (n_items,) float64
        Moment of the first event; ``end`` where there is none.
    popularity : PopularityInTime or None
    year : (n_items,) float32
        The median year where unknown; NaN without years.
    genres : (n_items, n_genres) float32
        Rows of length 1, or 0 where unknown.
    learnt : dict
        What the features in use ``learns``, by ``learner_key``.
    """

    items: pl.DataFrame
    has: frozenset[str]
    relevant_from: float | None
    end: float
    events: FloatArray
    relevant: FloatArray
    mean_value: FloatArray
    liked_share: FloatArray
    first: NDArray[np.float64]
    popularity: PopularityInTime | None
    year: FloatArray
    genres: FloatArray
    learnt: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: Dataset, features: Iterable[Any] = ()) -> Self:
        """Count a dataset, its guests left out.

        Parameters
        ----------
        dataset : Dataset
            A training window.
        features : iterable of Feature
            Those in use, whose ``learns`` is learnt too. What two of them share is learnt once.
        """
        people = dataset.profiles()
        n = dataset.n_items
        liked = people.positive(dataset.relevant_from)
        events = np.bincount(people.item[people.latest], minlength=n).astype(np.float32)
        relevant = np.bincount(people.item[liked], minlength=n).astype(np.float32)
        mean_value = np.full(n, np.nan, dtype=np.float32)
        if "values" in dataset.has:
            known = ~np.isnan(people.value)
            value = people.value[known]
            counted = np.bincount(people.item[known], minlength=n)
            summed = np.bincount(people.item[known], value, n)
            mean_value = ((summed + PRIOR * value.mean()) / (counted + PRIOR)).astype(np.float32)
        share = (relevant + PRIOR * relevant.sum() / max(events.sum(), 1)) / (events + PRIOR)
        end = np.nan if dataset.end is None else dataset.end
        first = np.full(n, end)
        timed = "timestamps" in dataset.has
        if timed:
            np.minimum.at(first, people.item, people.timestamp)
        return cls(
            items=dataset.items,
            has=dataset.has,
            relevant_from=dataset.relevant_from,
            end=end,
            events=events,
            relevant=relevant,
            mean_value=mean_value,
            liked_share=share.astype(np.float32),
            first=first,
            popularity=PopularityInTime.of(dataset) if timed else None,
            year=_years(dataset.items),
            genres=_genres(dataset.items),
            learnt=_learnt(dataset, features),
        )

    def learnt_by(self, function: Callable[..., Any]) -> dict[str, Any]:
        """What a function with one further argument learnt, by that argument."""
        start = learner_key(function) + ":"
        return {k.removeprefix(start): v for k, v in self.learnt.items() if k.startswith(start)}

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """See ``Recommender.state``."""
        return encoded(vars(self))

    @classmethod
    def from_state(cls, arrays: Arrays, json: dict[str, Any]) -> Self:
        """See ``Recommender.from_state``."""
        return cls(**decoded(arrays, json))


def _learnt(dataset: Dataset, features: Iterable[Any]) -> dict[str, Any]:
    learners: dict[str, tuple[Any, ...]] = {}
    uses: dict[str, frozenset[str]] = {}
    for feature in features:
        for learner in feature.learns:
            key = learner_key(learner)
            learners[key] = learner if isinstance(learner, tuple) else (learner,)
            uses[key] = uses.get(key, frozenset()) | feature.uses
    shown: dict[frozenset[str], Dataset] = {}
    found = {}
    for key, (function, *arguments) in learners.items():
        if uses[key] not in shown:
            shown[uses[key]] = _shown(dataset, uses[key])
        table = function(shown[uses[key]], *arguments)
        found[key] = table.to_numpy() if isinstance(table, pl.Series) else table
    return found


def _shown(dataset: Dataset, uses: frozenset[str]) -> Dataset:
    """The dataset without guests, and with no attribute or context that is not in ``uses``."""
    shown = copy.copy(dataset)
    for name in [name for name in vars(shown) if isinstance(_cached(name), cached_property)]:
        del vars(shown)[name]
    hidden = [c for c in dataset.context_columns if c not in uses]
    shown.interactions = dataset.interactions.drop(hidden)
    shown.guest_interactions = dataset.guest_interactions.drop(hidden).clear()
    shown.context_columns = tuple(c for c in dataset.context_columns if c in uses)
    shown.users = dataset.users.select(USER, *(c for c in dataset.users.columns if c in uses))
    shown.truth = None
    return shown


def _cached(name: str) -> Any:
    return getattr(Dataset, name, None)


def _years(items: pl.DataFrame) -> FloatArray:
    if YEAR not in items.columns:
        return np.full(items.height, np.nan, dtype=np.float32)
    year = items[YEAR].cast(pl.Float32, strict=False)
    return year.fill_null(year.median()).fill_null(float("nan")).to_numpy()


def _genres(items: pl.DataFrame) -> FloatArray:
    _, held = genre_matrix(items)
    dense = held.toarray()
    unit: FloatArray = dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1.0)
    return unit
