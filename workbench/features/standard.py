"""The features that come with the workbench: which there are, and which a ranker reads unasked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from workbench.columns import GENRES
from workbench.errors import ArgumentError
from workbench.features import activity, context, embeddings, item_facts, taste
from workbench.features.attributes import attribute_bands, of_attribute
from workbench.features.catalogue import Feature
from workbench.features.encodings import one_hot, target_means
from workbench.features.interactions import of_column
from workbench.features.model_scores import of_all, of_signal
from workbench.features.needs import met_by
from workbench.features.numbers import of_number
from workbench.features.values import number_columns, value_columns

DEFAULT = (
    "n_events",
    "n_relevant",
    "events_7_days",
    "events_30_days",
    "trending",
    "item_age",
    "year",
    "years_old",
    "mean_value",
    "liked_share",
    "history_length",
    "history_liked",
    "history_liked_lately",
    "history_value",
    "history_span",
    "history_last_hour",
    "popularity_taste",
    "popularity_taste_lately",
    "popularity_gap",
    "popularity_gap_lately",
    "year_distance",
    "year_gap_lately",
    "year_distance_lately",
    "genre_match",
    "genre_liking",
    "genre_match_lately",
)
"""Read unasked after the scores of the models, in this order. All else is there by name."""

FIXED = [*item_facts.FEATURES, *activity.FEATURES, *taste.FEATURES, *context.MOMENT]


def standard(log: Any, signals: Sequence[str]) -> list[Feature]:
    """The features that a ranker reads unasked, in the order of its columns.

    Parameters
    ----------
    log : Dataset, or ItemTables of one
    signals : sequence of str
        Names of the models whose scores feed the ranker.
    """
    has = met_by(log)
    known = {f.name: f for f in FIXED if f.needs <= has}
    return [
        *(f for name in signals for f in of_signal(name)),
        *of_all(list(signals)),
        *(known[name] for name in DEFAULT if name in known),
    ]


def available(log: Any, signals: Sequence[str] = ()) -> list[Feature]:
    """All features that a log supports: those that are read unasked, then those to be named.

    Those of item columns (``genres_met``, ``decade_liked_share``, ``brand_is_acme``,
    ``price_distance``), of context (``context_device_affinity``) and of attributes
    (``gender_affinity``, which an engine reads only where ``allow`` names the column) are made for
    the columns that there are. Where a column would give a name that is taken, "item_",
    "context_" or "attribute_" comes before it.

    Parameters
    ----------
    log : Dataset, or ItemTables of one
        Of the latter, only what it learnt of context and attributes.
    signals : sequence of str
        Names of the models whose scores feed the ranker.
    """
    has = met_by(log)
    found = {f.name: f for f in [*standard(log, signals), *FIXED]}
    if embeddings.ALS in signals:
        _add(found, embeddings.of_als(), "")
    _add(found, embeddings.of_content(), "")
    for column in value_columns(log.items):
        of_it = [*of_column(column), *target_means(column), *one_hot(log.items, column)]
        _add(found, of_it, "item_")
    for column in number_columns(log.items):
        _add(found, of_number(column), "item_")
    for column, bands in context.context_bands(log).items():
        _add(found, context.of_context(column, bands), "context_")
    for column in attribute_bands(log):
        _add(found, of_attribute(column, GENRES in log.items.columns), "attribute_")
    return [f for f in found.values() if f.needs <= has]


def _add(found: dict[str, Feature], more: Iterable[Feature], prefix: str) -> None:
    for each in more:
        name = each.name
        while name in found:
            name = (prefix or "_") + name
        found[name] = each.renamed(name)


def check_asked(asked: Sequence[Feature | str], allow: Sequence[str]) -> None:
    """Refuse what cannot work with any log: no feature, one twice, a text for a list."""
    for argument, value in (("features", asked), ("allow", allow)):
        if isinstance(value, str):
            raise ArgumentError(
                f"{argument} must be a list, not the text {value!r}; use [{value!r}]"
            )
        if not isinstance(value, Sequence):
            raise ArgumentError(f"{argument} must be a list, not {value!r}")
    names = [str(each) for each in asked]
    for each in asked:
        if not isinstance(each, Feature | str):
            raise ArgumentError(
                f"features: {each!r} is no Feature; decorate it with @wb.feature(), or give the "
                "name of an available one"
            )
        if names.count(str(each)) > 1:
            raise ArgumentError(f"features: {str(each)!r} is there twice; leave one out")
    for column in allow:
        if not isinstance(column, str):
            raise ArgumentError(f"allow: {column!r} is no name of a column")


def chosen(log: Any, signals: Sequence[str], asked: Sequence[Feature | str] = ()) -> list[Feature]:
    """The features of a ranker: those read unasked, and those that were asked for.

    Parameters
    ----------
    log : Dataset, or ItemTables of one
    signals : sequence of str
        Names of the models whose scores feed the ranker.
    asked : sequence of Feature or str
        Features of one's own, and names of available ones or of a group of them. A name that is
        read anyway adds nothing.

    Raises
    ------
    ArgumentError
        A name is taken, or names no feature that this log supports.
    """
    found = {f.name: f for f in standard(log, signals)}
    there = {f.name: f for f in available(log, signals)}
    groups = {f.group for f in there.values()}
    for each in asked:
        if isinstance(each, Feature):
            if each.name in there or each.name in found:
                raise ArgumentError(f"features: the name {each.name!r} is taken; choose another")
            found[each.name] = each
        elif each in there:
            found.setdefault(each, there[each])
        elif each in groups:
            for one in there.values():
                if one.group == each:
                    found.setdefault(one.name, one)
        else:
            close = difflib.get_close_matches(str(each), [*there, *groups], 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ArgumentError(
                f"features: {each!r} is no feature that this log supports; {hint}"
                f"groups are {', '.join(sorted(groups))}; names are those of "
                "workbench.features.standard.available(dataset)"
            )
    return list(found.values())
