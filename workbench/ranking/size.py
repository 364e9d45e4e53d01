"""What a model needs on a log of some size, said before it is fitted, and what is too much.

The estimates are of the order of things: memory from the shapes of what is held, time from the
number of steps at the speed of one core as it was measured on a million events. They decide only
where no models are named; a model that somebody names is theirs to wait for, and refuses by
itself what cannot fit in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from workbench.columns import USER
from workbench.data.dataset import Dataset
from workbench.models.base import Recommender
from workbench.ranking import registry

MOST_GB = 4.0
"""Memory of a model."""
MOST_GB_TOGETHER = 6.0
"""Memory of all retrievers of an engine, which holds them together."""
MOST_MINUTES = 20.0
"""Time of one core to fit a model and to score everybody once."""


@dataclass(frozen=True)
class Size:
    """How large a log is.

    Attributes
    ----------
    people, items, events : int
        Those that models may fit on.
    pairs : int
        Pairs of events of the same person: what a product of the log with itself adds up.
    """

    people: int
    items: int
    events: int
    pairs: int

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """Count a dataset, its guests left out."""
        each = dataset.interactions[USER].value_counts()["count"].to_numpy().astype(np.int64)
        return cls(len(each), dataset.n_items, dataset.n_events, int((each**2).sum()))


@dataclass(frozen=True)
class Need:
    """What a model needs: memory at its largest moment, and time of one core."""

    gb: float = 0.0
    minutes: float = 0.0

    @classmethod
    def of(cls, cells: float, seconds: float, width: int = 4) -> Self:
        """From numbers of ``width`` bytes in memory and from seconds."""
        return cls(cells * width / 1e9, seconds / 60)


def _ease(model: Any, size: Size) -> Need:
    width = 12 if getattr(model, "dtype", "float32") == "float64" else 4
    solved, product = 3e-11 * size.items**3, 3e-9 * size.pairs
    return Need.of(size.items**2, solved + product + 5e-10 * size.events * size.items, width)


def _user_knn(model: Any, size: Size) -> Need:
    # A block of 512 people beside everybody, in double precision and copied while it is sorted.
    return Need.of(512 * size.people, 1.3e-7 * size.people**2, 24)


def _following(model: Any, size: Size) -> Need:
    kept = min(model.n_neighbours, size.items)
    counted = 1e-7 * size.events * model.window
    return Need.of(size.items * kept, counted + 5e-9 * size.events * kept, 8)


def _als(model: Any, size: Size) -> Need:
    trained = 8e-9 * size.events * model.n_factors * model.n_iterations
    return Need.of(
        (size.people + size.items) * model.n_factors,
        trained + 1e-9 * size.people * size.items * model.n_factors,
    )


def _pairs(model: Any, size: Size) -> Need:
    return Need.of(2 * size.events, 1e-8 * size.pairs, 8)


def _by_descent(steps: Callable[[Size], float]) -> Callable[[Any, Size], Need]:
    """Of Surprise's training, whose log is a list of Python's numbers."""

    def need(model: Any, size: Size) -> Need:
        return Need.of(size.events, 2e-9 * model.n_epochs * model.n_factors * steps(size), 250)

    return need


def _square(model: Any, size: Size) -> Need:
    side = size.people if getattr(model, "by", "item") == "user" else size.items
    return Need.of(side**2, 3e-8 * size.pairs, 16)


def _slim(model: Any, size: Size) -> Need:
    return Need.of(size.items**2, 2e-9 * size.items**3)


NEEDS: dict[str, Callable[[Any, Size], Need]] = {
    "ease": _ease,
    "session": _ease,
    "user-knn": _user_knn,
    "following": _following,
    "als": _als,
    "item-knn": _pairs,
    "rp3beta": _pairs,
    "slim": _slim,
    "svd": _by_descent(lambda size: size.events),
    "nmf": _by_descent(lambda size: size.events),
    "svdpp": _by_descent(lambda size: size.pairs),
    "slope-one": _square,
    "knn-baseline": _square,
}
"""Model → its need. One that is not here grows with the log alone, or is somebody's own."""


def needed(model: Recommender, size: Size) -> Need:
    """What an unfitted model needs on a log of this size; of one made of others, what they do."""
    parts = getattr(model, "parts", None) or getattr(model, "DEFAULT", ())
    if parts:
        needs = [needed(_part(part), size) for part in parts]
        return Need(sum(need.gb for need in needs), sum(need.minutes for need in needs))
    estimate = NEEDS.get(model.name)
    return Need() if estimate is None else estimate(model, size)


def _part(part: Any) -> Recommender:
    if isinstance(part, Recommender):
        return part
    name, params = (part, {}) if isinstance(part, str) else part
    return registry.create(name, **params)


def too_large(need: Need, beside: float = 0.0) -> str | None:
    """Why a model is too large, in words for a table; None where it is not.

    Parameters
    ----------
    need : Need
        Of the model.
    beside : float
        Gigabytes of the models that are held in memory beside it.
    """
    if need.gb > MOST_GB:
        return f"needs about {need.gb:,.1f} GB, and {MOST_GB:g} GB are the limit"
    if need.minutes > MOST_MINUTES:
        return (
            f"would take a core about {need.minutes:,.0f} minutes, and {MOST_MINUTES:g} are "
            "the limit"
        )
    if beside + need.gb > MOST_GB_TOGETHER:
        return (
            f"needs about {need.gb:,.1f} GB beside {beside:,.1f} GB of those before it, and "
            f"{MOST_GB_TOGETHER:g} GB are the limit for all"
        )
    return None
