"""Rules on making, fitting and keeping a model."""

from __future__ import annotations

import enum
import inspect
import io
import json
import random
import types
from typing import Any

import numpy as np

from workbench.checks.subject import Subject, close, difference, require, same
from workbench.errors import ArgumentError, ContractError, NotFittedError
from workbench.models.base import Recommender
from workbench.profiles import Profiles

SCALES = ("rating", "relevance")
NEEDS = frozenset({"values", "timestamps", "item_features"})


def constructs_with_defaults(subject: Subject) -> None:
    """The class can be made without an argument."""
    try:
        subject.cls()
    except TypeError as error:
        raise ContractError(
            "constructs_with_defaults",
            f"{subject.cls.__name__}() raised {error}; give every parameter a default",
        ) from error


def defaults_are_immutable(subject: Subject) -> None:
    """No default value can be changed from outside, so no model can change the next one."""
    for name, parameter in _parameters(subject.cls).items():
        require(
            "defaults_are_immutable",
            parameter.default is inspect.Parameter.empty or _immutable(parameter.default),
            f"the default of {name!r} is a {type(parameter.default).__name__}; "
            "take None or a tuple",
        )


def params_keep_their_names(subject: Subject) -> None:
    """Each parameter of ``__init__`` is kept, as given, in an attribute of its own name."""
    rule = "params_keep_their_names"
    parameters = _parameters(subject.cls)
    for name, parameter in parameters.items():
        require(
            rule,
            parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD),
            f"__init__ takes *{name}; name every parameter",
        )
        default = subject.given.get(name, parameter.default)
        model = subject.fresh()
        require(rule, hasattr(model, name), f"{name!r} is not kept as model.{name}")
        if default is None or default is parameter.empty:
            continue
        kept = getattr(model, name)
        require(rule, _equal(kept, default), f"{name}={default!r} is kept as {kept!r}")
        if isinstance(default, int | float) and not isinstance(default, bool):
            other = default + 1 if isinstance(default, int) else default * 0.75
            try:
                kept = getattr(subject.fresh(**{name: other}), name)
            except ArgumentError:  # the model refuses this value, which it may
                continue
            require(rule, _equal(kept, other), f"{name}={other!r} is kept as {kept!r}")
    again = subject.fresh()
    for name, value in type(again)(**again.params()).params().items():
        require(rule, _equal(value, getattr(again, name)), f"{name!r} does not survive a copy")


def says_what_it_is(subject: Subject) -> None:
    """``uses``, ``needs``, ``scale``, ``personalised`` and ``name`` hold the words they may."""
    rule, model = "says_what_it_is", subject.fresh()
    for word in ("uses", "needs"):
        value = getattr(model, word)
        require(
            rule,
            isinstance(value, frozenset) and all(isinstance(v, str) for v in value),
            f"{word} must be a frozenset of strings, not {value!r}",
        )
    unknown = sorted(model.needs - NEEDS)
    require(rule, not unknown, f"needs holds {unknown}; it may hold {sorted(NEEDS)}")
    require(rule, model.scale in SCALES, f"scale must be one of {SCALES}, not {model.scale!r}")
    require(
        rule,
        isinstance(model.personalised, bool),
        f"personalised must be True or False, not {model.personalised!r}",
    )
    require(
        rule,
        isinstance(model.name, str) and model.name and model.name != Recommender.name,
        f"name must be a word of the model's own, not {model.name!r}",
    )


def names_its_source(subject: Subject) -> str | None:
    """The docstring of a model of the package says where it comes from, after "Source:"."""
    if not subject.cls.__module__.startswith("workbench."):
        return "only the package's own models must name their source"
    text = subject.cls.__doc__ or ""
    require(
        "names_its_source",
        text.partition("Source:")[2].strip(),
        f"the docstring of {subject.cls.__name__} has no 'Source:' with a paper or a page after it",
    )
    return None


def unfitted_is_refused(subject: Subject) -> None:
    """Before ``fit``, ``score`` and ``state`` raise NotFittedError."""
    dataset = subject.fitted().dataset
    people = Profiles.of(subject.people[2], dataset.catalogue)
    for word, ask in (
        ("score", lambda model: model.score(people)),
        ("state", lambda model: model.state()),
    ):
        try:
            ask(subject.fresh())
        except NotFittedError:
            continue
        raise ContractError("unfitted_is_refused", f"{word}() of an unfitted model answered")


def fit_returns_self(subject: Subject) -> None:
    """``fit`` returns the model."""
    fit = subject.fitted()
    require(
        "fit_returns_self",
        fit.returned is fit.model,
        f"fit returned {type(fit.returned).__name__}, not the model itself",
    )


def fit_leaves_the_dataset(subject: Subject) -> None:
    """``fit`` changes nothing in the dataset."""
    fit = subject.fitted()
    require(
        "fit_leaves_the_dataset",
        fit.content_before == fit.content_after,
        "the dataset was changed by fit; copy before writing",
    )


def fit_leaves_the_params(subject: Subject) -> None:
    """``fit`` changes no parameter; what is learnt has a name of its own, ending in ``_``."""
    fit = subject.fitted()
    for name, before in fit.params_before.items():
        after = fit.params_after.get(name)
        require(
            "fit_leaves_the_params",
            _equal(before, after),
            f"{name} was {before!r} before fit and {after!r} after",
        )


def refit_forgets(subject: Subject) -> None:
    """A second ``fit`` gives what a first one on the same dataset gives."""
    fit = subject.fitted()
    model = subject.fit(subject.other_world)
    model.fit(fit.dataset)
    again, first = subject.score(subject.people, model), subject.scores
    require(
        "refit_forgets",
        same(first, again),
        f"fitted elsewhere first, it scores differently: {difference(first, again)}",
    )


def models_are_apart(subject: Subject) -> None:
    """Fitting one model changes no other."""
    before = np.array(subject.score(subject.people))
    subject.fit(subject.other_world)
    after = subject.score(subject.people)
    require(
        "models_are_apart",
        same(before, after),
        f"another model's fit changed this one's scores: {difference(before, after)}",
    )


def same_seed_same_scores(subject: Subject) -> None:
    """Two fits with one seed score the same, whatever the global generators hold."""
    first = subject.scores
    numbers, words = np.random.get_state(), random.getstate()  # noqa: NPY002 - the point of it
    try:
        np.random.seed(12345)  # noqa: NPY002
        random.seed(12345)
        again = subject.score(subject.people, subject.fit(subject.world))
    finally:
        np.random.set_state(numbers)  # noqa: NPY002
        random.setstate(words)
    require(
        "same_seed_same_scores",
        same(first, again),
        f"a second fit scores differently: {difference(first, again)}; take seed as a parameter "
        "and draw from numpy.random.default_rng(seed)",
    )


def state_round_trip(subject: Subject) -> None:
    """``from_state`` of what was saved scores the same to the bit; nothing needs pickle."""
    rule, model = "state_round_trip", subject.model
    arrays, words = model.state()
    for name, array in arrays.items():
        require(
            rule,
            isinstance(array, np.ndarray) and not array.dtype.hasobject,
            f"array {name!r} of the state is {getattr(array, 'dtype', type(array).__name__)}; "
            "keep numbers or unicode",
        )
    try:
        text = json.dumps(words, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ContractError(rule, f"the state is not JSON: {error}") from error
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as saved:
        loaded = {name: saved[name] for name in saved.files}
    back = type(model).from_state(loaded, json.loads(text))
    before, after = subject.scores, subject.score(subject.people, back)
    require(
        rule, same(before, after), f"loaded, it scores differently: {difference(before, after)}"
    )
    for name, value in model.params().items():
        kept = getattr(back, name, None)
        require(
            rule, _equal(_plain(value), _plain(kept)), f"{name}={value!r} came back as {kept!r}"
        )


def event_shares_add_up(subject: Subject) -> str | None:
    """Where ``event_shares`` is there, it adds up to the score less that of no history."""
    model = subject.model
    if not model.has_event_shares:
        return "the model has no event_shares"
    for number, person in enumerate(subject.people):
        profile = Profiles.of(person, model.catalogue)
        nobody = profile.only(np.zeros(len(profile.item), dtype=bool))
        gained = (model.score(profile) - model.score(nobody))[0]
        for item in np.flatnonzero(np.isfinite(gained))[::7]:
            shares = np.asarray(model.event_shares(profile, int(item)))
            require(
                "event_shares_add_up",
                shares.shape == profile.item.shape,
                f"{len(profile.item)} events, but shares of shape {shares.shape}",
            )
            total = float(shares.sum(dtype=np.float64))
            require(
                "event_shares_add_up",
                close(np.array([gained[item], 1e-2]), np.array([total, 1e-2]), 1e-3),
                f"person {number}, item {int(item)}: shares add up to {total:.6g}, "
                f"the history adds {gained[item]:.6g}",
            )
    return None


def _parameters(cls: type[Recommender]) -> dict[str, inspect.Parameter]:
    parameters = dict(inspect.signature(cls.__init__).parameters)
    parameters.pop("self", None)
    if cls.__init__ is object.__init__:
        return {}
    return parameters


def _immutable(value: Any) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(_immutable(part) for part in value)
    plain = bool | int | float | str | bytes | enum.Enum | type | types.FunctionType
    if value is None or isinstance(value, plain):
        return True
    frozen = getattr(type(value), "__dataclass_params__", None)
    return isinstance(value, types.MappingProxyType) or bool(frozen and frozen.frozen)


def _equal(one: Any, two: Any) -> bool:
    if one is two:
        return True
    if isinstance(one, Recommender) and isinstance(two, Recommender):
        return type(one) is type(two) and _equal(one.params(), two.params())
    if hasattr(one, "get_params") and type(one) is type(two):  # an estimator of scikit-learn
        return _equal(one.get_params(), two.get_params())
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_equal(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(two, list | tuple):
        return len(one) == len(two) and all(map(_equal, one, two))
    return type(one) is type(two) and bool(np.all(one == two))


def _plain(value: Any) -> Any:
    """A value as JSON gives it back: tuples are lists."""
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value
