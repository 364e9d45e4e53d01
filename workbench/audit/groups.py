"""Groups: from attributes of people to named groups, and which attributes can be groups at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from workbench.errors import ArgumentError

UNKNOWN = "unknown"
EVERYBODY = "everybody"
CROSS = " × "
AGE_BANDS = (18.0, 25.0, 35.0, 45.0, 56.0)
FEW = 12
"""Numbers with at most this many different values are groups as they are."""
MANY = 50
"""Attributes with more groups than this are taken only when they are asked for."""
TOO_MANY = 2000

Groups = Sequence[str | Sequence[str]] | Mapping[str, Sequence[float] | None]


@dataclass(frozen=True)
class Grouping:
    """One way to put people into groups.

    Attributes
    ----------
    attribute : str
        Its name; that of an intersection is "gender × age".
    names : polars.Series of String
        The group of each person; "unknown" where the attribute is missing.
    order : tuple of str
        The groups in the order in which they are shown, "unknown" last.
    how : str
        How the groups were made, in words.
    """

    attribute: str
    names: pl.Series
    order: tuple[str, ...]
    how: str


def groupings(
    attributes: pl.DataFrame, groups: Groups | None = None
) -> tuple[list[Grouping], dict[str, str]]:
    """Put people into groups.

    Parameters
    ----------
    attributes : polars.DataFrame
        One row per person.
    groups : sequence or mapping, optional
        Names of attributes, a sequence of names for an intersection; or a mapping of names to
        the lower edges of bands (``None``: as the attribute is). By default every attribute
        that can be a group.

    Returns
    -------
    list of Grouping
    dict
        Attribute → why it was left out; only where ``groups`` is not given.

    Raises
    ------
    ArgumentError
        An attribute is not there, cannot be a group (an id, a list), or bands do not increase.
    """
    if groups is None:
        return _usable(attributes)
    if isinstance(groups, str):
        raise ArgumentError(f"groups must be a list of attributes; write groups=[{groups!r}]")
    bands = dict(groups) if isinstance(groups, Mapping) else {}
    made = []
    for name in groups:
        if isinstance(name, str):
            made.append(_grouping(attributes, name, bands.get(name)))
            continue
        parts = [_grouping(attributes, part, None) for part in name]
        if len(parts) < 2:
            raise ArgumentError(f"groups: an intersection needs two attributes, not {name!r}")
        made.append(_crossed(parts))
    names = [g.attribute for g in made]
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise ArgumentError(f"groups names {twice!r} twice; keep one")
    return made, {}


def _usable(attributes: pl.DataFrame) -> tuple[list[Grouping], dict[str, str]]:
    made, skipped = [], {}
    for name in attributes.columns:
        known = _known(attributes[name])
        if known.len() == 0:
            skipped[name] = "nothing is known: every value is missing"
            continue
        reason = "" if _is_age(name, known) else _unfit(known, attributes.height)
        if reason:
            skipped[name] = reason
            continue
        grouping = _grouping(attributes, name, None)
        if len(grouping.order) > MANY:
            skipped[name] = (
                f"{len(grouping.order)} groups, more than {MANY}; ask for it by name to see them"
            )
        elif len([g for g in grouping.order if g != UNKNOWN]) < 2:
            skipped[name] = "one group only: there is nobody to compare with"
        else:
            made.append(grouping)
    return made, skipped


def _unfit(known: pl.Series, n: int) -> str:
    """Why an attribute cannot be a group; empty where it can."""
    dtype = known.dtype
    if dtype.is_nested() or dtype == pl.Binary or dtype == pl.Object:
        return f"its values are {dtype}, not one word or number each"
    distinct = known.n_unique()
    continuous = dtype.is_float() or (dtype.is_integer() and distinct <= 0.5 * known.len())
    if not continuous and distinct > max(FEW, 0.5 * known.len()):
        return f"{distinct:,} different values for {n:,} people: an id, not a group"
    if not dtype.is_numeric() and distinct > TOO_MANY:
        return f"{distinct:,} different values; more than {TOO_MANY:,} groups are no groups"
    return ""


def _is_age(name: str, known: pl.Series) -> bool:
    """Whether these are ages in years, for which there are usual bands."""
    if name.lower() != "age" or not known.dtype.is_numeric() or known.len() == 0:
        return False
    return float(known.min()) >= 0 and float(known.max()) <= 130  # type: ignore[arg-type]


def _grouping(attributes: pl.DataFrame, name: str, edges: Sequence[float] | None) -> Grouping:
    if name not in attributes.columns:
        there = ", ".join(map(repr, attributes.columns)) or "none at all"
        raise ArgumentError(f"groups: people have no attribute {name!r}; there are: {there}")
    column = attributes[name]
    known = _known(column)
    if edges is None and not _is_age(name, known):
        reason = _unfit(known, attributes.height)
        if reason:
            bands = f", or give bands: groups={{{name!r}: [18, 35, 56]}}"
            raise ArgumentError(
                f"groups: {name!r} cannot be a group ({reason}); "
                f"leave it out{bands if column.dtype.is_numeric() else ''}"
            )
    if column.dtype.is_numeric():
        if edges is not None:
            return _banded(column, name, _checked(name, edges), "bands as asked")
        if known.n_unique() > FEW:
            if _is_age(name, known):
                return _banded(column, name, AGE_BANDS, "bands of age in years")
            cuts = np.quantile(known.to_numpy(), [0.25, 0.5, 0.75], method="nearest")
            return _banded(column, name, tuple(np.unique(cuts).tolist()), "cut at its quartiles")
    elif edges is not None:
        raise ArgumentError(f"groups: {name!r} is not a number, so it cannot have bands {edges!r}")
    text = _text(column)
    found = sorted(set(text) - {UNKNOWN}, key=lambda t: (len(t), t) if _numeric(column) else (0, t))
    return Grouping(name, text, _ordered(found, text), "as given")


def _banded(column: pl.Series, name: str, edges: Sequence[float], how: str) -> Grouping:
    whole = column.dtype.is_integer() or all(
        float(v).is_integer() for v in _known(column).head(1000).to_list()
    )
    labels = _labels(edges, whole)
    values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    finite = np.isfinite(values)
    place = np.searchsorted(np.asarray(edges, dtype=float), values, side="right")
    names = np.where(finite, np.array(labels)[np.where(finite, place, 0)], UNKNOWN)
    text = pl.Series(name, names, dtype=pl.String)
    present = set(text)
    return Grouping(
        name,
        text,
        _ordered([label for label in labels if label in present], text),
        f"{how}: {', '.join(labels)}",
    )


def _labels(edges: Sequence[float], whole: bool) -> list[str]:
    shown = [f"{e:g}" for e in edges]
    labels = [f"under {shown[0]}"]
    for low, high in pairwise(edges):
        if whole and float(low).is_integer() and float(high).is_integer():
            labels.append(f"{low:g}" if high - low == 1 else f"{low:g} to {high - 1:g}")
        else:
            labels.append(f"{low:g} to under {high:g}")
    return [*labels, f"{shown[-1]} and over"]


def _checked(name: str, edges: Sequence[float]) -> tuple[float, ...]:
    try:
        numbers = tuple(float(e) for e in edges)
    except (TypeError, ValueError):
        numbers = ()
    if not numbers or not np.isfinite(numbers).all() or any(np.diff(numbers) <= 0):
        raise ArgumentError(
            f"groups: the bands of {name!r} must be increasing numbers, the lower edge of each, "
            f"not {edges!r}"
        )
    return numbers


def _crossed(parts: list[Grouping]) -> Grouping:
    name = CROSS.join(part.attribute for part in parts)
    text = pl.DataFrame({str(i): part.names for i, part in enumerate(parts)}).select(
        pl.when(pl.any_horizontal(pl.all() == UNKNOWN))
        .then(pl.lit(UNKNOWN))
        .otherwise(pl.concat_str(pl.all(), separator=CROSS))
        .alias(name)
    )[name]
    present = set(text)
    labels = [""]
    for part in parts:
        labels = [f"{a}{CROSS}{b}" if a else b for a in labels for b in part.order if b != UNKNOWN]
    return Grouping(
        name, text, _ordered([x for x in labels if x in present], text), "every combination"
    )


def _ordered(found: list[str], text: pl.Series) -> tuple[str, ...]:
    return (*found, UNKNOWN) if (text == UNKNOWN).any() else tuple(found)


def _known(column: pl.Series) -> pl.Series:
    column = column.drop_nulls()
    if column.dtype.is_float():
        column = column.filter(column.is_finite())
    elif column.dtype == pl.String:
        column = column.filter(column.str.strip_chars() != "")
    return column


def _numeric(column: pl.Series) -> bool:
    return bool(column.dtype.is_numeric())


def _text(column: pl.Series) -> pl.Series:
    if column.dtype.is_float():
        text = pl.Series(
            column.name,
            [f"{v:g}" if v is not None and np.isfinite(v) else None for v in column],
            dtype=pl.String,
        )
    elif column.dtype == pl.Boolean:
        text = column.replace_strict({True: "yes", False: "no"}, return_dtype=pl.String)
    else:
        text = column.cast(pl.String).str.strip_chars()
    return text.fill_null(UNKNOWN).replace("", UNKNOWN)


def codes(grouping: Grouping) -> np.ndarray[Any, Any]:
    """Place of each person's group in ``order``, ``(n_people,)`` int64."""
    places = {name: i for i, name in enumerate(grouping.order)}
    return np.array([places[name] for name in grouping.names], dtype=np.int64)
