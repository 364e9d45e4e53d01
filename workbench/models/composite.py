"""Composite: what models that are made of other models share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from workbench.data.dataset import Dataset
from workbench.data.split import Split, split
from workbench.errors import ArgumentError, DataError
from workbench.models.base import Recommender
from workbench.models.names import single, single_names
from workbench.state import Arrays, decoded, encoded

Part = str | Recommender


class Composite(Recommender):
    """A model made of parts: names of single models with their defaults, or models.

    A part that is given as a model is not fitted itself; a new one with its parameters is.

    Attributes
    ----------
    DEFAULT : tuple of (str or mapping)
        Parts where none are given, less those that the log cannot feed.
    parts_ : list of Recommender
        Fitted.
    """

    DEFAULT: ClassVar[tuple[str | tuple[str, Mapping[str, Any]], ...]] = ()
    parts: tuple[Part, ...] | None
    parts_: list[Recommender]

    def _take(self, parts: Sequence[Part] | None, least: int = 1) -> None:
        """Check the parts and keep them."""
        several = isinstance(parts, Sequence) and not isinstance(parts, str)
        if parts is not None and (not several or len(parts) < least):
            many = "a list of models or names" if least == 1 else f"at least {least} models"
            raise ArgumentError(f"parts must be {many}, not {parts!r}")
        self.parts = None if parts is None else tuple(parts)
        if self.parts is not None:
            fresh = self._fresh(frozenset())
            self.needs = frozenset(self.needs).union(*(part.needs for part in fresh))
            self.uses = frozenset().union(*(part.uses for part in fresh))
            self.personalised = any(part.personalised for part in fresh)

    def _fresh(self, has: frozenset[str]) -> list[Recommender]:
        """Unfitted parts, for a log that ``has`` so much."""
        if self.parts is None:
            specs = [(s, {}) if isinstance(s, str) else s for s in self.DEFAULT]
            made = [single(name)(**params) for name, params in specs]
            return [part for part in made if part.needs <= has]
        made = []
        for part in self.parts:
            if isinstance(part, str):
                if part not in single_names():
                    raise ArgumentError(
                        f"parts: {part!r} is no part; there are {sorted(single_names())}"
                    )
                made.append(single(part)())
            elif isinstance(part, Recommender):
                made.append(type(part)(**part.params()))
            else:
                raise ArgumentError(f"parts: {part!r} is neither a name nor a Recommender")
        return made

    def _fitted(self, dataset: Dataset) -> list[Recommender]:
        return [part.fit(dataset) for part in self._fresh(dataset.has)]

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """See ``Recommender.state``. A part that was given as a model is saved once, fitted."""
        self._require_fitted()
        names = self.parts and [part if isinstance(part, str) else None for part in self.parts]
        return encoded(
            {
                "params": {**self.params(), "parts": names},
                "catalogue": self.catalogue,
                "fitted_on": self.fitted_on,
                "learnt": {k: v for k, v in vars(self).items() if k.endswith("_")},
            }
        )

    @classmethod
    def from_state(cls, arrays: Arrays, json: dict[str, Any]) -> Self:
        """See ``Recommender.from_state``."""
        content = decoded(arrays, json)
        params, learnt = content["params"], content["learnt"]
        params["parts"] = params["parts"] and [
            name if name is not None else type(part)(**part.params())
            for name, part in zip(params["parts"], learnt["parts_"], strict=True)
        ]
        model = cls(**params)
        model.catalogue, model.fitted_on = content["catalogue"], content["fitted_on"]
        for name, value in learnt.items():
            setattr(model, name, value)
        return model


def inner_cut(dataset: Dataset, seed: int) -> Split | None:
    """A fifth of a training log to choose on, the last of each person; None where it is too small.

    Without timestamps a seeded random fifth. Guests take no part.
    """
    method = "per-user-time" if "timestamps" in dataset.has else "random"
    try:
        inner = split(dataset, method, test_fraction=0.2, seed=seed)
    except DataError:
        return None
    assert isinstance(inner, Split)
    return inner if len(inner.people()[0]) > 1 else None
