"""Every model × every rule of the contract."""

import inspect
import pkgutil
from functools import cache
from importlib import import_module

import pytest

import workbench.models
from workbench.checks.model import EXEMPT, RULES, check_rule
from workbench.checks.subject import Subject
from workbench.errors import ContractError
from workbench.models.base import Recommender
from workbench.ranking.registry import MODELS, create, model_class, model_names


def _unregistered():
    """Public models of ``workbench.models`` that have no name in the registry."""
    known, found = set(MODELS.values()), {}
    for module in pkgutil.iter_modules(workbench.models.__path__, "workbench.models."):
        for name, cls in inspect.getmembers(import_module(module.name), inspect.isclass):
            path = f"{cls.__module__}:{name}"
            own = cls.__module__ == module.name and not name.startswith("_")
            if own and issubclass(cls, Recommender) and not inspect.isabstract(cls):
                found[cls.name] = path
    return {name: path for name, path in found.items() if path not in known}


UNREGISTERED = _unregistered()
LIGHT = {"stack": {"parts": ["baseline", "knn-baseline", "content"], "n_trees": 60, "eta": 0.1}}
"""Models whose defaults take long: parameters with which they keep every rule, too."""
SUBJECTS = [*model_names(), *UNREGISTERED]


@cache
def subject(name):
    """One per model, so that the rules share its fits."""
    if name in UNREGISTERED:
        module, _, cls = UNREGISTERED[name].partition(":")
        return Subject(getattr(import_module(module), cls))
    return Subject(create(name, **LIGHT[name]) if name in LIGHT else model_class(name))


HELD = {}
"""Rule → models that were found to hold it."""


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", SUBJECTS)
def test_contract(name, rule):
    """A rule that is not about a model (a capability it does not claim) says so and passes."""
    result = check_rule(subject(name), rule)
    assert result == "passed" or result.startswith("skipped: ")
    if result == "passed":
        HELD.setdefault(rule, set()).add(name)


def test_every_rule_was_really_asked_of_some_model():
    """Runs after the table above; alone it fills the table by itself."""
    for rule in RULES:
        held = HELD.get(rule, set())
        names = iter(SUBJECTS)
        while not held and (name := next(names, None)):
            if check_rule(subject(name), rule) == "passed":
                held = held | {name}
        assert held, rule


@pytest.mark.parametrize("name", model_names())
def test_the_registry_and_the_model_agree_on_its_name(name):
    model = create(name)
    assert model.name == name
    assert type(model) is model_class(name)


@pytest.mark.parametrize(("name", "rule"), list(EXEMPT))
def test_an_exemption_is_of_something_that_would_fail(name, rule, monkeypatch):
    assert name in SUBJECTS
    assert len(EXEMPT[name, rule]) > 20, "an exemption says why"
    monkeypatch.delitem(EXEMPT, (name, rule))
    with pytest.raises(ContractError, match=rule):
        check_rule(subject(name), rule)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_what_it_holds_in_one_sentence(rule):
    text = RULES[rule].__doc__
    assert text
    assert "\n" not in text
    assert text.endswith(".")
