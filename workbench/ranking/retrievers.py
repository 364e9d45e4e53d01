"""Which models bring candidates to an engine, and their making."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.ranking import registry

Spec = Sequence[Any]
"""Name of a model and its parameters."""

RETRIEVERS: dict[str, Spec] = {
    "ease": ("ease", {}),
    "als": ("als", {}),
    "item-knn": ("item-knn", {}),
    "user-knn": ("user-knn", {}),
    "session": ("session", {}),
    "session-liked": ("session", {"reg": 200.0, "recency": 6.0, "events": "relevant"}),
    "following": ("following", {}),
    "content": ("content", {}),
    "trending": ("trending", {}),
    "popularity": ("popularity", {}),
}
"""Label → spec, where none are named. Those that a log cannot feed are left out."""


def made(label: str, spec: Any) -> Recommender:
    """The unfitted model of a retriever.

    Raises
    ------
    ArgumentError
        The spec is none, or its model or a parameter cannot work.
    """
    named = isinstance(spec, Sequence) and not isinstance(spec, str) and len(spec) == 2
    if not named or not isinstance(spec[1], Mapping):
        raise ArgumentError(
            f"retrievers: {label!r} must be (model name, parameters) such as ('ease', {{}}), "
            f"not {spec!r}"
        )
    if spec[0] == "engine":
        raise ArgumentError(f"retrievers: {label!r} is an engine; give single models")
    return registry.create(spec[0], **spec[1])


def fed(given: Mapping[str, Spec] | None, dataset: Dataset) -> dict[str, Recommender]:
    """The unfitted retrievers that a log can feed.

    Parameters
    ----------
    given : mapping of label to spec, optional
        By default ``RETRIEVERS``.
    dataset : Dataset

    Raises
    ------
    ArgumentError
        One that was named needs what the log does not have.
    """
    models = {label: made(label, spec) for label, spec in (given or RETRIEVERS).items()}
    hungry = {label: m.needs - dataset.has for label, m in models.items() if m.needs - dataset.has}
    if given is not None and hungry:
        label, lacking = min(hungry.items())
        raise ArgumentError(
            f"retrievers: {label!r} needs {', '.join(sorted(lacking))}, which "
            f"{dataset.name!r} does not have; leave it out"
        )
    return {label: model for label, model in models.items() if label not in hungry}


def fitted(
    given: Mapping[str, Spec] | None, dataset: Dataset, say: Callable[[str], None]
) -> dict[str, Recommender]:
    """The retrievers, fitted on a log; ``say`` hears which one is at work."""
    models = fed(given, dataset)
    for label, model in models.items():
        say(label)
        model.fit(dataset)
    return models
