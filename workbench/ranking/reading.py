"""What a ranker reads: its features, and the attributes and context that reach it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from workbench.columns import AS_OF
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, DamagedArtifactError
from workbench.features.catalogue import Feature
from workbench.features.sensitive import check_allowed
from workbench.features.standard import available, chosen
from workbench.features.tables import ItemTables
from workbench.features.trial import try_out
from workbench.models.base import Recommender
from workbench.ranking.ranker import check_columns


def own_of(asked: Iterable[Feature | str]) -> list[Feature]:
    """Features of one's own, among those and the names of available ones."""
    return [each for each in asked if isinstance(each, Feature)]


def columns_read(
    models: Mapping[str, Recommender], features: Sequence[Feature]
) -> list[tuple[str, str, frozenset[str]]]:
    """Who reads which attributes and context: kind, name, columns."""
    found = [("retriever", label, model.uses) for label, model in models.items()]
    return found + [("feature", feature.name, feature.uses) for feature in features]


def uses_of(models: Mapping[str, Recommender], features: Sequence[Feature]) -> frozenset[str]:
    """All attributes and context that reach a ranker, the moment included."""
    return frozenset({AS_OF}).union(*(uses for _, _, uses in columns_read(models, features)))


def reading(
    dataset: Dataset,
    models: Mapping[str, Recommender],
    asked: Sequence[Feature | str],
    allow: Sequence[str],
    monotone: Mapping[str, int],
) -> tuple[list[Feature], frozenset[str], list[str]]:
    """The features of a ranker for a log, what it reads of people, and what of it is sensitive.

    Raises
    ------
    ArgumentError
        A feature cannot work with the log, a name is taken or unknown, or a sensitive column is
        read that ``allow`` does not name. Nothing has been trained yet.
    """
    found = chosen(dataset, list(models), asked)
    check_columns([feature.name for feature in found], monotone)
    sensitive = check_allowed(columns_read(models, found), dataset, frozenset(allow))
    uses = uses_of(models, found)
    try_out(own_of(asked), dataset, list(models), uses)
    return found, uses, sorted(sensitive)


def asked_again(
    names: Sequence[str], own: Sequence[str] | None, given: Sequence[Feature]
) -> list[Feature | str]:
    """The features that a saved engine was made with: those of one's own as given, the others
    by name.

    Raises
    ------
    ArgumentError
        Those given are not its own ones (``own``; by default all of ``names``).
    """
    expected, by_name = list(names if own is None else own), {f.name: f for f in given}
    if expected != [f.name for f in given]:
        raise ArgumentError(
            f"features: this engine was made with {expected or 'none of its own'}, not "
            f"{list(by_name) or 'none'}; pass the same ones to load"
        )
    return [by_name.get(name, name) for name in names]


def restored(
    names: Sequence[str], tables: ItemTables, labels: Sequence[str], own: Sequence[Feature]
) -> list[Feature]:
    """The features that a saved ranker names, in its order."""
    known = {feature.name: feature for feature in [*available(tables, labels), *own]}
    if not set(names) <= set(known):
        raise DamagedArtifactError("the features of the saved engine are not those it names")
    return [known[name] for name in names]
