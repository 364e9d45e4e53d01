"""The model under test: how to make it, its fits (shared by the rules), and how scores compare."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from workbench.checks.worlds import Frames, crowd, tastes
from workbench.data.checkerboard import checkerboard
from workbench.data.dataset import Dataset
from workbench.data.fingerprint import content_hash
from workbench.errors import ContractError
from workbench.models.base import Recommender
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray

Rule = Callable[["Subject"], str | None]
"""None where the rule holds, the reason where it does not apply; raises ContractError."""


@dataclass(frozen=True)
class Fit:
    """One fit and what it did beside learning."""

    model: Recommender
    dataset: Dataset
    returned: Any
    content_before: str
    content_after: str
    params_before: dict[str, Any]
    params_after: dict[str, Any]


class Subject:
    """A model under test.

    Parameters
    ----------
    model : Recommender or a class of them
        An instance is never fitted itself: every fit is of a fresh one with its parameters.
    columns : mapping of name to values, optional
        Attributes of people that the model uses and the worlds do not have.
    """

    def __init__(
        self,
        model: Recommender | type[Recommender],
        columns: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.cls = model if isinstance(model, type) else type(model)
        self.given = {} if isinstance(model, type) else model.params()
        self.columns = dict(columns or {})
        self._fits: dict[str, Fit] = {}

    def fresh(self, **changes: Any) -> Recommender:
        """An unfitted model with the same parameters, sharing nothing with any other."""
        return self.cls(**copy.deepcopy({**self.given, **changes}))

    @cached_property
    def world(self) -> Frames:
        """The world of most rules."""
        return tastes(seed=0, columns=self.columns)

    @cached_property
    def other_world(self) -> Frames:
        """Other people and more items."""
        return tastes(seed=1, n_users=20, n_items=34, columns=self.columns)

    def fit(self, frames: Frames, **params: Any) -> Recommender:
        """A fresh model fitted on a world."""
        model = self.fresh(**params)
        model.fit(frames.dataset())
        return model

    def fitted(self, which: str = "world") -> Fit:
        """The shared fit on the ``world`` or the checkerboard ("board"); rules only read it."""
        if which not in self._fits:
            dataset = checkerboard() if which == "board" else self.world.dataset()
            model = self.fresh()
            params, content = copy.deepcopy(model.params()), dataset_content(dataset)
            returned = model.fit(dataset)
            self._fits[which] = Fit(
                model,
                dataset,
                returned,
                content,
                dataset_content(dataset),
                params,
                model.params(),
            )
        return self._fits[which]

    @property
    def model(self) -> Recommender:
        """The shared fit on ``world``."""
        return self.fitted().model

    @cached_property
    def people(self) -> list[Profile]:
        """People of every kind, of ``world``."""
        return crowd(self.world, self.fitted().dataset)

    @cached_property
    def scores(self) -> FloatArray:
        """Scores of ``people`` by the shared fit, when they were first asked for."""
        return np.array(self.score(self.people))

    def score(self, people: Profile | Sequence[Profile], model: Recommender | None = None) -> Any:
        """Scores of people, ``(n_people, n_items)``, by the shared fit or another model."""
        model = model or self.model
        return model.score(Profiles.of(people, model.catalogue))

    @property
    def stochastic(self) -> bool:
        """Whether the model or a model inside it takes a ``seed``."""
        return any("seed" in m.params() for m in _inside(self.model))


def dataset_content(dataset: Dataset) -> str:
    """Hash of everything in a dataset, computed anew (its own fingerprint is cached)."""
    everybody = dataset._log[0]
    return content_hash(
        interactions=dataset.interactions,
        guests=dataset.guest_interactions,
        items=dataset.items,
        users=dataset.users,
        refused=dataset.refused,
        rest=[
            dataset.relevant_from,
            dataset.name,
            dataset.provenance,
            dataset.catalogue.fingerprint,
            dataset.people.fingerprint,
            dataset.context_columns,
            dataset.tie_seed,
        ],
        events=[
            getattr(everybody, name).tolist()
            for name in ("indptr", "item", "timestamp", "value", "weight")
        ],
    )


def require(rule: str, holds: object, message: str) -> None:
    """Raise ContractError where something does not hold."""
    if not holds:
        raise ContractError(rule, message)


def same(one: FloatArray, two: FloatArray) -> bool:
    """Whether two arrays of scores are equal to the bit (NaN equals NaN)."""
    one, two = np.asarray(one), np.asarray(two)
    return one.shape == two.shape and bool(np.array_equal(one, two, equal_nan=True))


def close(one: FloatArray, two: FloatArray, tolerance: float = 1e-4) -> bool:
    """Whether two arrays of scores agree but for rounding, measured by their own size."""
    one, two = np.asarray(one, np.float64), np.asarray(two, np.float64)
    size = max(1e-6, float(np.abs(one[np.isfinite(one)]).max(initial=0.0)))
    return one.shape == two.shape and bool(
        np.allclose(one, two, rtol=0, atol=tolerance * size, equal_nan=True)
    )


def difference(one: FloatArray, two: FloatArray) -> str:
    """Where two arrays of scores differ, in words."""
    one, two = np.asarray(one), np.asarray(two)
    if one.shape != two.shape:
        return f"shapes {one.shape} and {two.shape}"
    apart = ~((one == two) | (np.isnan(one) & np.isnan(two)))
    place = tuple(int(x) for x in np.argwhere(apart)[0]) if apart.any() else ()
    if not place:
        return "no difference"
    first = f"{one[place]:.8g} and {two[place]:.8g}"
    return f"{int(apart.sum())} of {apart.size} scores, first at {place}: {first}"


def _inside(value: Any) -> Iterator[Recommender]:
    """Every model in a value: itself, its parameters and what it learnt."""
    if isinstance(value, Recommender):
        yield value
        for part in vars(value).values():
            yield from _inside(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _inside(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _inside(part)
