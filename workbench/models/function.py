"""A plain Python function as a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import numpy as np
import polars as pl

from workbench.columns import GENRES, ITEM
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.state import Arrays, decoded, encoded
from workbench.vocabulary import FloatArray, Id, IntArray

N_LIKED = "n_liked"
"""Column that the items get: number of people with a relevant event."""

ScoringFunction = Callable[[Profile, pl.DataFrame], Mapping[Id, float]]

_KNOWN: dict[str, ScoringFunction] = {}
"""Functions that were made a model in this process, by their path: the only ones that a saved
model can name, so that loading imports and runs nothing that is not there already."""


def best_of_the_liked_genres(profile: Profile, items: pl.DataFrame) -> dict[Id, float]:
    """An example: the best sellers among the genres of what the person liked.

    Liked is a value of the person's own mean or more. Without a history, or where the items have
    no genres, it is the best sellers of all.
    """
    values = [e.value for e in profile.history if e.value is not None and e.weight > 0]
    mean = sum(values) / len(values) if values else 0.0
    liked = {
        e.item_id for e in profile.history if e.weight > 0 and (e.value is None or e.value >= mean)
    }
    genres = items[GENRES].to_list() if GENRES in items.columns else [None] * items.height
    kinds = [cell if isinstance(cell, list) else [] for cell in genres]
    ids = items[ITEM].to_list()
    taste = Counter(g for id_, own in zip(ids, kinds, strict=True) if id_ in liked for g in own)
    alike = [0.01 + sum(taste[g] for g in own) for own in kinds]
    sold = items[N_LIKED].to_list()
    return {id_: n * a for id_, n, a in zip(ids, sold, alike, strict=True)}


class FromFunction(Recommender):
    """A rule of thumb written as a plain function, compared and audited like any other model.

    ``function(profile, items)`` is called once for each person, with a ``Profile`` (history,
    and of attributes and context what ``uses`` names) and the items table of the log with a
    column ``n_liked``, the number of people with a relevant event of the item. It returns a dict
    of item id → score; what it leaves out, or scores NaN, it cannot say. It must not depend on
    anything but its arguments: ``wb.check_model(FromFunction(mine))`` holds it to that. It is
    called person by person, so 100,000 people take as long as that.

    A model around a function of a module can be saved by the function's path. Loading runs no
    code: the program that loads it must have made a model of the function before
    (``FromFunction(mine)``), else it is refused. A lambda, or a function inside another, cannot
    be saved.

    Parameters
    ----------
    function : callable
        By default ``best_of_the_liked_genres``, an example.
    uses : set of str
        Attribute and context columns that the function may see.
    needs : set of str
        What a log must have for it, of "values", "timestamps", "item_features".
    personalised : bool
        Whether it reads the history at all.

    Source: the hand-written rules that a model has to beat first, rule 1 of Zinkevich 2017,
    "Rules of machine learning: best practices for ML engineering".
    """

    name = "from-function"

    def __init__(
        self,
        function: ScoringFunction = best_of_the_liked_genres,
        uses: Iterable[str] = frozenset(),
        needs: Iterable[str] = frozenset(),
        personalised: bool = True,
    ) -> None:
        if not callable(function) or isinstance(function, type):
            raise ArgumentError(
                f"function must be a function of a profile and the items, not {function!r}"
            )
        for name, words in (("uses", uses), ("needs", needs)):
            if isinstance(words, str) or not all(isinstance(word, str) for word in words):
                raise ArgumentError(f"{name} must be a list of names, not {words!r}")
        self.function = function
        self.uses = frozenset(uses)
        self.needs = frozenset(needs)
        self.personalised = personalised
        if (path := _path(function)) is not None:
            _KNOWN[path] = function

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        liked = people.positive(dataset.relevant_from)
        count = np.bincount(people.item[liked], minlength=dataset.n_items)
        self.items_ = dataset.items.with_columns(pl.Series(N_LIKED, count))
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        catalogue = profiles.catalogue
        scores = np.full((len(profiles), len(catalogue)), np.nan, dtype=np.float32)
        for row, person in enumerate(profiles.showing(self.uses)):
            found = self.function(person, self.items_)
            if not isinstance(found, Mapping):
                raise ArgumentError(
                    f"function {self._named()} returned a {type(found).__name__}; return a dict "
                    "of item id → score"
                )
            codes = catalogue.codes(list(found))
            if (codes < 0).any():
                strange = list(found)[int(np.argmax(codes < 0))]
                raise ArgumentError(
                    f"function {self._named()} scored {strange!r}, which is no item of the "
                    "catalogue; return ids as the items table spells them"
                )
            scores[row, codes] = self._numbers(found)
        return scores if items is None else scores[:, items]

    def _numbers(self, found: Mapping[Id, float]) -> FloatArray:
        values = [np.nan if value is None else value for value in found.values()]
        try:
            numbers = np.array(values, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            numbers = np.array([np.inf])
        if numbers.ndim != 1 or (np.abs(numbers) > np.finfo(np.float32).max).any():
            raise ArgumentError(
                f"function {self._named()} returned a score that is no finite number; leave an "
                "item out where it cannot say"
            )
        return numbers.astype(np.float32)

    def _named(self) -> str:
        return repr(getattr(self.function, "__name__", self.function))

    def state(self) -> tuple[Arrays, dict[str, Any]]:
        """See ``Recommender.state``.

        Raises
        ------
        ArgumentError
            The function is a lambda or one inside another, which no path leads to.
        """
        self._require_fitted()
        path = _path(self.function)
        if path is None:
            raise ArgumentError(
                f"a model around {self._named()} cannot be saved, since no path leads back to a "
                "lambda or to a function inside another; write it as a function of a module"
            )
        return encoded(
            {
                "params": {**self.params(), "function": path},
                "catalogue": self.catalogue,
                "fitted_on": self.fitted_on,
                "items_": self.items_,
            }
        )

    @classmethod
    def from_state(cls, arrays: Arrays, json: dict[str, Any]) -> Self:
        """See ``Recommender.from_state``.

        Raises
        ------
        ArgumentError
            No model was made of the function in this process.
        """
        content = decoded(arrays, json)
        params = content["params"]
        path = params["function"]
        if path not in _KNOWN:
            raise ArgumentError(
                f"the saved model runs the function {path!r}; import it and make a model of it, "
                "FromFunction(it), before loading: loading runs no code by itself"
            )
        model = cls(**{**params, "function": _KNOWN[path]})
        for name in ("catalogue", "fitted_on", "items_"):
            setattr(model, name, content[name])
        return model


def _path(function: ScoringFunction) -> str | None:
    """``module:name`` of a function at the top of a module; None for any other."""
    name = getattr(function, "__qualname__", "<")
    module = getattr(function, "__module__", None)
    return None if "<" in name or not module else f"{module}:{name}"


_KNOWN[f"{__name__}:{best_of_the_liked_genres.__name__}"] = best_of_the_liked_genres
