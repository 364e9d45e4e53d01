"""Data sets by name."""

from __future__ import annotations

import difflib
import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench import settings
from workbench.errors import ArgumentError

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset


@dataclass(frozen=True)
class _Known:
    where: str
    what: str
    licence: str
    fetched: bool = False


_MOVIELENS = "research use, no redistribution (GroupLens); fetched into your own cache"
_OURS = "made here by a seed; no rights of others"
_SETS = {
    "checkerboard": _Known(
        "checkerboard:checkerboard",
        "two kinds of people, two kinds of items, each with its own; the answer is known",
        _OURS,
    ),
    "movielens-100k": _Known(
        "movielens:movielens_100k",
        "943 people, 1,682 films, 100,000 ratings of 1 to 5, times, age, gender, occupation",
        _MOVIELENS,
        fetched=True,
    ),
    "movielens-1m": _Known(
        "movielens:movielens_1m",
        "6,040 people, 3,883 films, 1,000,209 ratings of 1 to 5, times, bands of age, gender",
        _MOVIELENS,
        fetched=True,
    ),
    "movielens-25m": _Known(
        "movielens:movielens_25m",
        "162,541 people, 62,423 films, 25,000,095 ratings of 0.5 to 5, times",
        _MOVIELENS,
        fetched=True,
    ),
    "movielens-32m": _Known(
        "movielens:movielens_32m",
        "200,948 people, 87,585 films, 32,000,204 ratings of 0.5 to 5, times",
        _MOVIELENS,
        fetched=True,
    ),
    "synthetic": _Known(
        "synthetic:synthetic",
        "an invented population with known tastes, known exposure and a planted disparity",
        _OURS,
    ),
}


def dataset_names() -> list[str]:
    """Names that ``load`` knows, sorted."""
    return sorted(_SETS)


def load(name: str, **options: Any) -> Dataset:
    """A data set by its name.

    Parameters
    ----------
    name : str
        One of ``dataset_names()``.
    **options
        Of that set: ``path`` for MovieLens (your own copy), sizes and ``seed`` for invented ones.

    Raises
    ------
    ArgumentError
        The name or an option is unknown; names the closest one.
    DownloadError
        The set is not in the cache, and no source of it answered as it should.
    """
    make, accepted = _maker(name)
    for option in options:
        if option not in accepted:
            raise ArgumentError(
                f"{name} has no option {option!r}{_near(option, accepted)}; its options are "
                f"{', '.join(accepted)}"
            )
    return make(**options)


def describe(name: str) -> dict[str, str]:
    """What a set is, in words: ``name, what, licence, options, state``.

    Nothing is fetched; ``state`` says whether the set is in the cache.
    """
    _, accepted = _maker(name)
    known = _SETS[name]
    state = "made on demand"
    if known.fetched:
        folder = settings.cache() / name
        state = f"in the cache: {folder}" if folder.is_dir() else "not fetched yet"
    return {
        "name": name,
        "what": known.what,
        "licence": known.licence,
        "options": ", ".join(accepted),
        "state": state,
    }


def _maker(name: str) -> tuple[Any, list[str]]:
    if name not in _SETS:
        raise ArgumentError(
            f"there is no data set {name!r}{_near(str(name), dataset_names())}; there are "
            f"{', '.join(dataset_names())}. A log of your own: Dataset.from_frames(...)"
        )
    module, _, function = _SETS[name].where.partition(":")
    make = getattr(import_module(f"workbench.data.{module}"), function)
    return make, list(inspect.signature(make).parameters)


def _near(name: str, names: list[str]) -> str:
    begins = [known for known in names if name and known.startswith(name)]
    close = begins or difflib.get_close_matches(name, names, 1, 0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
