"""The contract of models, one function per rule, and ``check_model``, which holds a model to it."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from workbench.checks import fitting, logs, scoring
from workbench.checks.subject import Rule, Subject
from workbench.errors import ArgumentError, ContractError
from workbench.models.base import Recommender

RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        fitting.constructs_with_defaults,
        fitting.defaults_are_immutable,
        fitting.params_keep_their_names,
        fitting.says_what_it_is,
        fitting.names_its_source,
        fitting.unfitted_is_refused,
        fitting.fit_returns_self,
        fitting.fit_leaves_the_dataset,
        fitting.fit_leaves_the_params,
        scoring.scores_have_their_shape,
        scoring.scores_are_finite_or_nan,
        scoring.batch_equals_singles,
        scoring.items_select_columns,
        scoring.bad_items_are_refused,
        scoring.history_matters,
        scoring.history_does_not_matter,
        scoring.uses_exists,
        scoring.undeclared_is_inert,
        scoring.nobody_is_answered,
        scoring.unknown_items_are_ignored,
        scoring.edit_and_undo,
        scoring.zero_weight_says_nothing,
        fitting.event_shares_add_up,
        fitting.state_round_trip,
        fitting.same_seed_same_scores,
        fitting.refit_forgets,
        fitting.models_are_apart,
        logs.row_order_is_inert,
        logs.id_type_is_inert,
        logs.names_are_inert,
        logs.guests_are_in_no_fit,
        logs.needs_is_enforced,
        logs.ratings_are_in_their_unit,
        logs.checkerboard_is_solved,
    )
}
"""Name of a rule → the function that holds it, in the order in which they are checked."""

_BLIND_TO_VALUES = (
    "it reads what people met, liked or not, and on the board people meet what they dislike too"
)
_BLIND_TO_TASTES = (
    "it knows how well an item is rated and how a person rates, which puts items in (nearly) one "
    "order for everybody; on the board it would have to know who likes what"
)
_BUILT_AROUND = (
    "it is built around an object of another library, which only pickle could save, and no pickle "
    "is read here"
)
EXEMPT: dict[tuple[str, str], str] = {
    ("session", "checkerboard_is_solved"): _BLIND_TO_VALUES,
    ("following", "checkerboard_is_solved"): _BLIND_TO_VALUES,
    ("baseline", "checkerboard_is_solved"): _BLIND_TO_TASTES,
    ("slope-one", "checkerboard_is_solved"): _BLIND_TO_TASTES,
    ("from-estimator", "state_round_trip"): _BUILT_AROUND,
}
"""(name of a model, name of a rule) → why the rule is not asked of it. All exemptions there are."""


def check_model(
    model: Recommender | type[Recommender],
    *,
    rules: Iterable[str] | None = None,
    raise_on_failure: bool = True,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> pl.DataFrame:
    """Hold a model to the contract, on small built-in worlds.

    Parameters
    ----------
    model : Recommender or a class of them
        An instance is copied, not fitted; a class is made with its defaults.
    rules : iterable of str, optional
        Names of rules, of ``workbench.checks.model.RULES``. By default all.
    raise_on_failure : bool
        Whether the first broken rule raises; otherwise it becomes a row, and so do all others.
    columns : mapping of name to values, optional
        Attributes of people that the model ``uses`` and the built-in worlds do not have.

    Returns
    -------
    polars.DataFrame
        One row per rule: ``rule``, ``result`` ("passed", "skipped: why" or "failed: how"),
        ``seconds``, and ``meaning``, what the rule says.

    Raises
    ------
    ContractError
        A rule is broken; ``.rule`` is its name.
    ArgumentError
        ``model`` is no Recommender, or there is no such rule.
    """
    cls = model if isinstance(model, type) else type(model)
    if not issubclass(cls, Recommender):
        raise ArgumentError(
            f"model must be a workbench Recommender or a class of them, not {cls.__name__}; "
            "derive it from wb.Recommender"
        )
    chosen = list(RULES) if rules is None else [rules] if isinstance(rules, str) else list(rules)
    for name in chosen:
        if name not in RULES:
            close = difflib.get_close_matches(str(name), RULES, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ArgumentError(f"rules holds {name!r}; {hint}there are {', '.join(RULES)}")
    subject = Subject(model, columns)
    rows = []
    for name in chosen:
        start = time.perf_counter()
        try:
            result = check_rule(subject, name)
        except ContractError as error:
            if raise_on_failure:
                raise
            result = f"failed: {error}"
        meaning = (RULES[name].__doc__ or "").strip()
        rows.append((name, result, time.perf_counter() - start, meaning))
    return pl.DataFrame(
        rows,
        schema={
            "rule": pl.String,
            "result": pl.String,
            "seconds": pl.Float64,
            "meaning": pl.String,
        },
        orient="row",
    )


def check_rule(subject: Subject, name: str) -> str:
    """Hold one subject to one rule.

    Returns
    -------
    str
        "passed" or "skipped: why".

    Raises
    ------
    ContractError
        The rule is broken, or the model raised something else on the way.
    """
    exempt = EXEMPT.get((subject.cls.name, name))
    if exempt is not None:
        return f"skipped: {exempt}"
    try:
        why = RULES[name](subject)
    except ContractError:
        raise
    except Exception as error:
        raise ContractError(name, f"the model raised {type(error).__name__}: {error}") from error
    return "passed" if why is None else f"skipped: {why}"
