"""Recommender: what every model is, and the only thing that the rest of the workbench sees."""

from __future__ import annotations

import functools
import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, CapabilityError, NotFittedError
from workbench.profiles import Profiles
from workbench.state import decoded, encoded
from workbench.vocabulary import FloatArray, IntArray, Vocabulary

F = TypeVar("F", bound=Callable[..., Any])


class Recommender(ABC):
    """A model: a function from profiles to scores of items.

    A subclass takes its parameters in ``__init__`` and keeps each under its own name; ``fit``
    keeps what it learns in attributes whose names end in ``_``. Around every ``fit``, ``score``
    and ``event_shares`` the base class does the same: ``fit`` forgets an earlier fit (and takes
    it up again where the new one fails), refuses a log that lacks what the model ``needs`` and
    remembers the ``catalogue`` and what it was ``fitted_on``; the others refuse an unfitted
    model and bad items, and look the items of the profiles up in the model's catalogue.

    Attributes
    ----------
    uses : frozenset of str
        Attribute and context columns that the model may read; empty for pure collaborative
        filtering. A column that is not named here cannot change a score.
    needs : frozenset of str
        What the log must have, of "values", "timestamps", "item_features".
    scale : str
        What a score means: "rating" (the log's unit) or "relevance" (order only).
    personalised : bool
        Whether the history changes the scores.
    name : str
        The word for it in slates, tables and ``wb.create``. A class that gives none has its own
        name in small letters: ``MyModel`` is "my-model".
    catalogue : Vocabulary
        Set by ``fit``: column ``j`` of every score is the item with code ``j``.
    fitted_on : str or None
        Set by ``fit``: fingerprint of the dataset. None where it is not known.
    """

    uses: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    scale: str = "relevance"
    personalised: bool = True
    name: ClassVar[str] = "model"
    catalogue: Vocabulary
    fitted_on: str | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        named = next(base for base in cls.__mro__ if "name" in vars(base))
        if named is not cls and issubclass(named, Recommender):
            cls.name = _kebab(cls.__name__)
        if "fit" in cls.__dict__:
            cls.fit = _around_fit(cls.__dict__["fit"])  # type: ignore[method-assign]
        if "score" in cls.__dict__:
            cls.score = _around_score(cls.__dict__["score"])  # type: ignore[method-assign]
        if "event_shares" in cls.__dict__:
            shares = cls.__dict__["event_shares"]
            cls.event_shares = _around_event_shares(shares)  # type: ignore[method-assign]

    @abstractmethod
    def fit(self, dataset: Dataset) -> Self:
        """Learn from ``dataset.interactions`` (never from its guests). Returns the model."""

    @abstractmethod
    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        """Score items for people.

        Parameters
        ----------
        profiles : Profiles
            Row ``i`` of the result is person ``i``.
        items : (n_items,) int, optional
            Codes in the model's catalogue; column ``j`` of the result is the j-th of them. By
            default the whole catalogue in code order.

        Returns
        -------
        (n_profiles, n_items) float32
            NaN where the model cannot say.
        """

    def event_shares(self, profile: Profiles, item: int) -> FloatArray:
        """Share of each event in one score, for models that are linear in the history.

        Parameters
        ----------
        profile : Profiles
            One person.
        item : int
            Code of the item.

        Returns
        -------
        (n_events,) float32
            Adds up to the score, less the score of an empty history. 0 for an event of an item
            that the model does not know.
        """
        raise NotImplementedError(f"{type(self).__name__} is not linear in the history")

    @property
    def has_event_shares(self) -> bool:
        """Whether ``event_shares`` is there."""
        return type(self).event_shares is not Recommender.event_shares

    def params(self) -> dict[str, Any]:
        """The parameters the model was made with, by name."""
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        return {name: getattr(self, name) for name in names if hasattr(self, name)}

    def state(self) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]:
        """All that is saved: arrays (no object dtype) and what goes into JSON."""
        self._require_fitted()
        learnt = {k: v for k, v in vars(self).items() if k.endswith("_")}
        return encoded(
            {
                "params": self.params(),
                "catalogue": self.catalogue,
                "fitted_on": self.fitted_on,
                "learnt": learnt,
            }
        )

    @classmethod
    def from_state(cls, arrays: dict[str, np.ndarray[Any, Any]], json: dict[str, Any]) -> Self:
        """The model back from its state; scores are the same to the bit."""
        content = decoded(arrays, json)
        model = cls(**content["params"])
        model.catalogue = content["catalogue"]
        model.fitted_on = content.get("fitted_on")
        for name, value in content["learnt"].items():
            setattr(model, name, value)
        return model

    def __repr__(self) -> str:
        inside = ", ".join(f"{k}={v!r}" for k, v in self.params().items())
        return f"{type(self).__name__}({inside})"

    def _require_fitted(self) -> None:
        if "catalogue" not in vars(self):
            raise NotFittedError(
                f"{type(self).__name__} has not been fitted; call .fit(dataset) first"
            )


def _around_fit(fit: F) -> F:
    @functools.wraps(fit)
    def wrapped(self: Recommender, dataset: Dataset) -> Any:
        if vars(self).get("_fitting"):  # a subclass calling super().fit(...)
            return fit(self, dataset)
        if not isinstance(dataset, Dataset):
            raise ArgumentError(
                f"dataset must be a workbench Dataset, not {type(dataset).__name__}; "
                "make one with wb.Dataset.from_frames(...)"
            )
        lacking = self.needs - dataset.has
        if lacking:
            raise CapabilityError(
                f"{type(self).__name__} needs {', '.join(sorted(lacking))}, which "
                f"{dataset.name!r} does not have; choose a model whose `needs` it meets"
            )
        if dataset.n_events == 0:
            raise ArgumentError(f"dataset {dataset.name!r} has no events to fit on")
        before = dict(vars(self))
        for name in before:
            if name.endswith("_") or name in ("catalogue", "fitted_on"):
                delattr(self, name)
        self._fitting = True  # type: ignore[attr-defined]
        try:
            result = fit(self, dataset)
            self.catalogue = dataset.catalogue
            self.fitted_on = dataset.fingerprint
        except BaseException:
            # Half a fit is none: the model is what it was, fitted or not.
            vars(self).clear()
            vars(self).update(before)
            raise
        del self._fitting  # type: ignore[attr-defined]
        return result

    return wrapped  # type: ignore[return-value]


def _around_score(score: F) -> F:
    @functools.wraps(score)
    def wrapped(self: Recommender, profiles: Profiles, items: IntArray | None = None) -> Any:
        people = checked_profiles(self, profiles)
        return score(self, people, None if items is None else checked_items(self, items))

    return wrapped  # type: ignore[return-value]


def _around_event_shares(shares: F) -> F:
    @functools.wraps(shares)
    def wrapped(self: Recommender, profile: Profiles, item: int) -> Any:
        person, code = checked_pair(self, profile, item)
        found = shares(self, person, code)
        if person is profile or not person.unknown:
            return found
        known = self.catalogue.codes(profile.catalogue.ids)[profile.item] >= 0
        everything = np.zeros(len(known), dtype=np.float32)
        everything[known] = found
        return everything

    return wrapped  # type: ignore[return-value]


def checked_profiles(model: Recommender, profiles: Profiles) -> Profiles:
    """The profiles, looked up in the catalogue of a fitted model.

    Raises
    ------
    NotFittedError
        When the model has not been fitted.
    ArgumentError
        When ``profiles`` are not ``Profiles``.
    """
    model._require_fitted()
    if not isinstance(profiles, Profiles):
        raise ArgumentError(
            f"profiles must be Profiles, not {type(profiles).__name__}; "
            "use dataset.profiles(ids) or wb.Profiles.of([profile], model.catalogue)"
        )
    return profiles.aligned(model.catalogue)


def checked_items(model: Recommender, items: IntArray) -> IntArray:
    """The codes ``items`` as (n_items,) int64.

    Raises
    ------
    NotFittedError
        When the model has not been fitted.
    ArgumentError
        When they are not whole numbers in one dimension, or no codes of the model's catalogue.
    """
    model._require_fitted()
    given = np.asarray(items)
    if given.ndim != 1 or (given.size and not np.issubdtype(given.dtype, np.integer)):
        raise ArgumentError("items must be a one-dimensional array of item codes")
    codes = given.astype(np.int64)
    if codes.size and (codes.min() < 0 or codes.max() >= len(model.catalogue)):
        raise ArgumentError(
            f"items holds codes from {codes.min()} to {codes.max()}; the catalogue has "
            f"0 to {len(model.catalogue) - 1}: use model.catalogue.codes(ids)"
        )
    return codes


def checked_pair(model: Recommender, profile: Profiles, item: int) -> tuple[Profiles, int]:
    """One person, looked up in the catalogue of a fitted model, and the code of one item.

    Raises
    ------
    NotFittedError
        When the model has not been fitted.
    ArgumentError
        When ``profile`` is not one person, or ``item`` no code of the model's catalogue.
    """
    person = checked_profiles(model, profile)
    if len(person) != 1:
        raise ArgumentError(f"profile must be of one person, not of {len(person)}; use people[[i]]")
    if isinstance(item, bool) or not isinstance(item, int | np.integer):
        raise ArgumentError(
            f"item must be the code of one item, not {item!r}; use model.catalogue.code(item_id)"
        )
    return person, int(checked_items(model, np.array([item]))[0])


def _kebab(name: str) -> str:
    """``MyModel`` as "my-model", ``ItemKNN`` as "item-knn"."""
    apart = re.sub(r"(?<=[^\W_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name)
    return apart.strip("_").replace("_", "-").lower() or Recommender.name
