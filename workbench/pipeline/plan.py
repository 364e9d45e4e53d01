"""What a run is going to do, decided and refused before any training starts."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from workbench.columns import ITEM, USER
from workbench.data.dataset import Dataset
from workbench.data.sample import check_max_people
from workbench.data.split import IN_TIME, METHODS, PER_USER_TIME, RANDOM
from workbench.errors import ArgumentError, DataError
from workbench.models.base import Recommender
from workbench.ranking.plugins import Plugin, origin
from workbench.ranking.recommend import check_k
from workbench.ranking.registry import create, model_class, model_names
from workbench.ranking.size import Size, needed, too_large

ENGINE = "engine"
ALL = "all"
THE_USUAL = "usual"
"""Words that stand for names: every model there is, and those that are compared anyway."""
USUAL = (
    "popularity", "recent", "item-knn", "user-knn", "ease", "session", "following", "trending",
    "als", "svd", "content", "rules", "blend", ENGINE,
)  # fmt: skip
"""What a run compares where no model is named: the families, without those that take minutes."""
FEWEST_PEOPLE, FEWEST_ITEMS, FEWEST_EVENTS = 5, 5, 30
"""Below these there is nothing to compare: an interval over four people says nothing."""
MANY_SCORES, SAMPLE = 500_000_000, 20_000
"""Of a log with more pairs of people and items than that, so many people are asked by default."""


@dataclass(frozen=True)
class Plan:
    """The settings of a run.

    Attributes
    ----------
    method : str
        How the log is split.
    test_fraction, guests : float
    k, seed : int
    models : tuple of str
        In the order of fitting; the engine is the last.
    max_people : int or None
        At most so many people are asked; None is everybody.
    left_out : dict
        Model → why it is not fitted on this log.
    remarks : tuple of str
        What the reader should know about choices that the log forced.
    own : dict
        Name → model, of those that were given as models.
    """

    method: str
    test_fraction: float
    guests: float
    k: int
    seed: int
    models: tuple[str, ...]
    max_people: int | None = None
    left_out: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    own: dict[str, Recommender] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        told = {part.name: getattr(self, part.name) for part in fields(self)}
        lists = {"models": list(self.models), "remarks": list(self.remarks)}
        own = {name: repr(model) for name, model in self.own.items()}
        plugins = {name: plugin.told() for name, plugin in self.plugins.items()}
        return {**told, **lists, "own": own, "plugins": plugins}

    @property
    def plugins(self) -> dict[str, Plugin]:
        """Name → the plug-in that a model came from."""
        found = {name: origin(model) for name, model in self.own.items()}
        return {name: plugin for name, plugin in found.items() if plugin is not None}

    def model(self, name: str) -> Recommender:
        """A model to fit; one that was given is copied, so that it stays as it was."""
        return copy(self.own[name]) if name in self.own else create(name)


def planned(
    dataset: Dataset,
    *,
    models: Iterable[str | Recommender] | None = None,
    method: str | None = None,
    test_fraction: float = 0.2,
    guests: float = 0.1,
    k: int = 10,
    seed: int = 0,
    max_people: int | None = None,
) -> Plan:
    """Check everything that can be checked without training.

    Parameters are those of ``run``.

    Raises
    ------
    ArgumentError, DataError, CapabilityError
        One sentence: what cannot work, and what to do instead.
    """
    if not isinstance(dataset, Dataset):
        raise ArgumentError(
            f"dataset must be a workbench Dataset, not {type(dataset).__name__}; use "
            'wb.load("movielens-100k") or wb.Dataset.from_frames(...)'
        )
    check_k(k)
    _check_number("test_fraction", test_fraction, above=True)
    _check_number("guests", guests, above=False)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ArgumentError(f"seed must be a whole number of at least 0, not {seed!r}")
    _check_size(dataset)
    remarks: list[str] = []
    if method is None:
        method = PER_USER_TIME
        if method in IN_TIME and "timestamps" not in dataset.has:
            method = RANDOM
            remarks.append(
                f"{dataset.name!r} has no timestamps, so its test events are chosen at random: "
                "the figures answer 'which of these did they also like', not 'what came next'"
            )
    elif method not in METHODS:
        raise ArgumentError(f"method={method!r} is no way to split; there are {METHODS}")
    elif method == "k-fold":
        raise ArgumentError(
            'method="k-fold" makes several splits and a run has one; use "random", or wb.split '
            "with wb.evaluate for each fold"
        )
    if dataset.relevant_from is None and "values" in dataset.has:
        remarks.append(
            "no relevant_from was given, so every event counts as relevant, whatever its value"
        )
    if max_people is None and dataset.n_users * dataset.n_items > MANY_SCORES:
        max_people = SAMPLE
        remarks.append(
            f"the log is so large ({dataset.n_users:,} people, {dataset.n_items:,} items) that a "
            f"sample of {SAMPLE:,} people is asked; max_people asks more or fewer"
        )
    elif max_people is not None:
        check_max_people(max_people)
    names, own = (None, {}) if models is None else _named(models)
    chosen, left_out = _models(dataset, names, own)
    others = [name for name in model_names() if name not in USUAL] if models is None else []
    if others:
        remarks.append(f"not compared unless asked for: {', '.join(others)}, or {ALL!r}")
    plan = Plan(
        method, float(test_fraction), float(guests), int(k), int(seed), chosen,
        max_people, left_out, tuple(remarks), own,
    )  # fmt: skip
    came = (_came_from(name, plugin) for name, plugin in plan.plugins.items())
    return replace(plan, remarks=(*plan.remarks, *came))


def _named(models: Iterable[str | Recommender]) -> tuple[list[str], dict[str, Recommender]]:
    """The names of the models, and those that were given as models."""
    if isinstance(models, str):
        raise ArgumentError(f"models must be a list of names, not the string {models!r}")
    names: list[str] = []
    own: dict[str, Recommender] = {}
    for model in dict.fromkeys(models):
        if isinstance(model, Recommender):
            if model.name == ENGINE:
                raise ArgumentError("models: an engine is given as engine=, and always fitted")
            if model.name in own:
                raise _taken(model.name)
            own[model.name] = model
        elif callable(model) and not isinstance(model, type):
            raise ArgumentError(f"models: {model!r} is a function; give wb.FromFunction(it)")
        names.append(model.name if isinstance(model, Recommender) else model)
    for name in own:
        if _spelt_out(names).count(name) > 1:
            raise _taken(name)
    return names, own


def _spelt_out(names: Iterable[str]) -> list[str]:
    """The names with those that a word stands for in its place."""
    words: dict[str, Iterable[str]] = {ALL: model_names(), THE_USUAL: USUAL}
    return [name for word in names for name in words.get(word, [word])]


def _came_from(name: str, plugin: Plugin) -> str:
    return f"{name} is a plug-in, {plugin.source} (sha256 {plugin.sha256[:12]})"


def _taken(name: str) -> ArgumentError:
    return ArgumentError(
        f"models: two models are called {name!r}; give one of your own another name: "
        'model.name = "..."'
    )


def _models(
    dataset: Dataset, models: list[str] | None, own: dict[str, Recommender]
) -> tuple[tuple[str, ...], dict[str, str]]:
    names = list(USUAL) if models is None else models
    if {ALL, THE_USUAL} & set(names):
        names, models = list(dict.fromkeys(_spelt_out(names))), None
    size = Size.of(dataset)
    chosen, left_out = [], {}
    for name in names:
        model = own.get(name) or model_class(name)
        lacking = model.needs - dataset.has
        reason = None
        if lacking:
            reason = f"needs {' and '.join(sorted(lacking))}, which {dataset.name!r} does not have"
            if models is not None or name in own:
                raise ArgumentError(f"models: {name!r} {reason}; leave it out")
        elif (
            models is None and name != ENGINE and name not in own
        ):  # which chooses its own retrievers by the rule
            reason = too_large(needed(create(name), size))
        if reason is None:
            chosen.append(name)
        else:
            left_out[name] = reason
    return (*(name for name in chosen if name != ENGINE), ENGINE), left_out


def _check_number(name: str, value: Any, *, above: bool) -> None:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not (0 < value < 1 or (value == 0 and not above)):
        floor = "above 0" if above else "from 0"
        raise ArgumentError(f"{name} must be a fraction {floor} to below 1, not {value!r}")


def _check_size(dataset: Dataset) -> None:
    people = dataset.interactions[USER].n_unique()
    items = dataset.interactions[ITEM].n_unique()
    for found, least, word in (
        (people, FEWEST_PEOPLE, "people"),
        (items, FEWEST_ITEMS, "items"),
        (dataset.n_events, FEWEST_EVENTS, "events"),
    ):
        if found < least:
            raise DataError(
                f"{dataset.name!r} is too small to compare models on: it has {people} people, "
                f"{items} items and {dataset.n_events} events, and at least {least} {word} are "
                "needed"
            )
    if dataset.relevant(dataset.interactions).height == 0:
        raise DataError(
            f"no event of {dataset.name!r} is relevant: none has a value of "
            f"{dataset.relevant_from} or more; give a lower relevant_from"
        )
