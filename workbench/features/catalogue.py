"""Feature: one named column of a (profile, item) pair, with its meaning; and the public doors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import ITEM, ROW
from workbench.errors import ArgumentError
from workbench.features.pairs import Pairs
from workbench.features.tables import Learner, learner_key
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, Id


@dataclass(frozen=True)
class Feature:
    """One named column.

    Attributes
    ----------
    name : str
    group : str
        What it is about, in words that a reader of an explanation knows.
    meaning, unit, source : str
        What it says; in which unit; from which columns.
    as_of : str
        "person": a person's own later events are never read (true of every feature), but a table
        of the training window may hold events of others that are later than the moment.
        "world": no event of anybody later than the moment is read either. Where one moment cuts
        the whole log (a "global-time" split), every feature keeps both when it is asked; in what
        an engine learns from only with ``label_method="global-time"``, since by default each
        person has a cut of their own, and a table of the others holds what they did after it.
    compute : callable
        From ``Pairs`` to one value per pair.
    needs : frozenset of str
        What the log must have for the feature to exist.
    monotone : int
        1: more can only raise the ranker's score; -1: only lower it; 0: as it turns out.
    uses : frozenset of str
        Columns of attributes and context that it may read, beside the moment. The engine hands
        it no other, and refuses an attribute that its ``allow`` does not name.
    learns : tuple
        Functions from the Dataset of a training window to a table, which ``pairs.learnt`` looks
        up: each a function alone, or a tuple of one and further text arguments.
    """

    name: str
    group: str
    meaning: str
    unit: str
    source: str
    as_of: str
    compute: Callable[[Pairs], Any]
    needs: frozenset[str] = frozenset()
    monotone: int = 0
    uses: frozenset[str] = frozenset()
    learns: tuple[Learner, ...] = ()

    def __str__(self) -> str:
        return self.name

    def renamed(self, name: str) -> Feature:
        """The same feature under another name."""
        return self if name == self.name else replace(self, name=name)

    def column(self, pairs: Pairs) -> FloatArray:
        """The value of each pair, ``(n_pairs,)`` float32; NaN where unknown.

        Raises
        ------
        ArgumentError
            The function raises, or returns something else than one finite number or NaN per pair.
        """
        try:
            values = self.compute(pairs)
        except Exception as error:
            raise ArgumentError(
                f"feature {self.name!r} raised {type(error).__name__}: {error}; it is asked for "
                "any pair, also of a person without history or attributes"
            ) from error
        column = _floats(self.name, values)
        if column.shape != (len(pairs),):
            raise ArgumentError(
                f"feature {self.name!r} returned shape {column.shape} for {len(pairs)} pairs; "
                "return one value per row of pairs.frame, in its order"
            )
        if np.isinf(column).any():
            raise ArgumentError(f"feature {self.name!r} is infinite somewhere; use NaN for unknown")
        return column


def _floats(name: str, values: Any) -> FloatArray:
    if isinstance(values, pl.Series):
        if not (values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null)):
            raise ArgumentError(
                f"feature {name!r} returned a column of {values.dtype}; return numbers"
            )
        return values.cast(pl.Float32).fill_null(float("nan")).to_numpy()
    array = np.asarray(values)
    if array.dtype.kind not in "biufO":
        raise ArgumentError(f"feature {name!r} returned {array.dtype}; return numbers")
    try:
        with np.errstate(over="ignore"):
            return array.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"feature {name!r} returned what is no number ({error}); return numbers, "
            "None or NaN for unknown"
        ) from error


def feature(
    name: str | None = None,
    *,
    group: str = "own",
    meaning: str = "",
    unit: str = "",
    source: str = "",
    as_of: str = "person",
    needs: frozenset[str] | set[str] = frozenset(),
    monotone: int = 0,
    uses: frozenset[str] | set[str] = frozenset(),
    learns: Iterable[Learner] = (),
) -> Callable[[Callable[[Pairs], Any]], Feature]:
    """Make a feature of a function from ``Pairs`` to one value per pair.

    The function may read ``pairs.frame`` (one row per pair: item columns and the moment),
    ``pairs.history`` (one row per event of the people), the arrays of ``pairs``, and of
    ``pairs.profiles`` the attributes and context that ``uses`` names. What it needs to know of
    other people it ``learns``: a table made of the training window by a function of its own,
    never of a log that it happens to hold.

    Examples
    --------
    >>> @feature(group="freshness", meaning="age of the film", unit="years", source="items.year")
    ... def film_age(pairs):
    ...     return 2026 - pairs.frame["year"]

    >>> def spread(dataset):
    ...     value = dataset.interactions.group_by("item_id").agg(pl.col("value").std())
    ...     return dataset.items.join(value, "item_id", "left", maintain_order="left")["value"]
    >>> @feature(meaning="how much people differ on the item", learns=[spread])
    ... def dispute(pairs):
    ...     return pairs.learnt(spread)[pairs.item]

    Raises
    ------
    ArgumentError
        An argument cannot work.
    """
    if callable(name):
        raise ArgumentError("write @wb.feature() with parentheses")
    if as_of not in ("person", "world"):
        raise ArgumentError(f"as_of must be 'person' or 'world', not {as_of!r}")
    if isinstance(uses, str) or isinstance(needs, str):
        raise ArgumentError("uses and needs must be sets of names, not a string")
    if monotone not in (-1, 0, 1):
        raise ArgumentError(f"monotone must be -1, 0 or 1, not {monotone!r}")
    if callable(learns):
        raise ArgumentError("learns must be a list of functions, not one function")
    learners = tuple(learns)
    for learner in learners:
        learner_key(learner)

    def made(compute: Callable[[Pairs], Any]) -> Feature:
        said = meaning or (compute.__doc__ or "").strip().split("\n")[0]
        own = name or compute.__name__
        return Feature(
            own, group, said, unit, source, as_of, compute, frozenset(needs), monotone,
            frozenset(uses), learners,
        )  # fmt: skip

    return made


def described(features: list[Feature]) -> pl.DataFrame:
    """One row per feature: name, group, meaning, unit, source, as_of, monotone, needs, uses."""
    names = ("name", "group", "meaning", "unit", "source", "as_of")
    schema = {
        **dict.fromkeys(names, pl.String),
        "monotone": pl.Int64,
        "needs": pl.String,
        "uses": pl.String,
    }
    rows = [
        [getattr(f, name) for name in names]
        + [f.monotone, ", ".join(sorted(f.needs)), ", ".join(sorted(f.uses))]
        for f in features
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def feature_catalogue(engine: Any) -> pl.DataFrame:
    """What the ranker of a fitted engine reads.

    Returns
    -------
    polars.DataFrame
        name, group, meaning, unit, source, as_of ("person" or "world", see ``Feature``), monotone
        (1: more can only raise the score, -1: only lower it), needs (what the log must have) and
        uses (attributes and context that it reads); in the order of the ranker's columns.
    """
    return described(engine.features_)


def features(
    engine: Any, profiles: Profiles | Profile, items: list[Id] | None = None
) -> pl.DataFrame:
    """The table that the ranker of a fitted engine reads.

    Parameters
    ----------
    engine : Engine
    profiles : Profiles or Profile
    items : list of item ids, optional
        By default the whole catalogue.

    Returns
    -------
    polars.DataFrame
        ``row`` (of the profiles), ``item_id`` and one Float32 column per feature; for each
        profile in turn, the items in the order given.

    Raises
    ------
    ArgumentError
        An item is not in the engine's catalogue.
    """
    catalogue = engine.catalogue
    people = Profiles.of(profiles, catalogue) if isinstance(profiles, Profile) else profiles
    ids = catalogue.ids.to_list() if items is None else list(items)
    codes = catalogue.codes(ids)
    if (codes < 0).any():
        unknown = ids[int(np.flatnonzero(codes < 0)[0])]
        raise ArgumentError(f"items: {unknown!r} is not in the catalogue of this engine")
    names, matrix = engine.pair_features(people, codes)
    keys = pl.DataFrame(
        {
            ROW: np.repeat(np.arange(len(people)), len(ids)),
            ITEM: pl.Series(ITEM, ids * len(people), dtype=catalogue.ids.dtype),
        }
    )
    return pl.concat([keys, pl.DataFrame(matrix, schema=names)], how="horizontal")
