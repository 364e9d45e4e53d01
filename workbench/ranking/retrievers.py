"""Which models bring candidates to an engine, and their making."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.ranking import registry
from workbench.ranking.size import Size, needed, too_large

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
"""Label → spec, where none are named. Those that a log cannot feed, or that are too large
for it, are left out."""


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


@dataclass(frozen=True)
class Choice:
    """The retrievers of an engine for one log.

    Attributes
    ----------
    specs : dict
        Label → (model name, parameters), in order.
    left_out : dict
        Label → why it is not among them.
    """

    specs: dict[str, Spec]
    left_out: dict[str, str]

    def unfitted(self) -> dict[str, Recommender]:
        """New models, by label."""
        return {label: made(label, spec) for label, spec in self.specs.items()}

    def fitted(
        self, dataset: Dataset, part: str, say: Callable[[str], None]
    ) -> dict[str, Recommender]:
        """New models fitted on a log; ``say`` hears which one is at work, on which ``part``."""
        models = self.unfitted()
        for label, model in models.items():
            say(f"fitting {label} on {part}")
            model.fit(dataset)
        return models


def chosen(given: Mapping[str, Spec] | None, dataset: Dataset) -> Choice:
    """The retrievers that a log can feed and that are not too large for it.

    Where none are named, each of ``RETRIEVERS`` is taken in turn unless the log lacks what it
    needs, or it would need too much memory or time (see ``workbench.ranking.size``), alone or
    beside those before it. Those that are named are taken, whatever their size.

    Parameters
    ----------
    given : mapping of label to spec, optional
        By default ``RETRIEVERS``.
    dataset : Dataset
        The whole log that the engine learns from; the choice holds for all parts of it.

    Raises
    ------
    ArgumentError
        One that was named needs what the log does not have.
    """
    size = Size.of(dataset)
    specs: dict[str, Spec] = {}
    left_out: dict[str, str] = {}
    held = 0.0
    for label, spec in (RETRIEVERS if given is None else given).items():
        model = made(label, spec)
        need = needed(model, size)
        lacking = model.needs - dataset.has
        reason = None if given is not None else too_large(need, held)
        if lacking:
            reason = f"needs {', '.join(sorted(lacking))}, which {dataset.name!r} does not have"
            if given is not None:
                raise ArgumentError(f"retrievers: {label!r} {reason}; leave it out")
        if reason is None:
            specs[label] = spec
            held += need.gb
        else:
            left_out[label] = reason
    return Choice(specs, left_out)
