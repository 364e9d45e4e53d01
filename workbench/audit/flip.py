"""Would the list change if only the attribute changed: every other value, asked again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.audit.groups import CROSS, UNKNOWN, Groups, codes, groupings
from workbench.audit.intervals import generator, interval, plausible_means, weighted_sums
from workbench.audit.verdict import check_minimum
from workbench.columns import ATTRIBUTE, HIGH, LOW, USER, N
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.models.parameters import check_seed, check_whole
from workbench.profiles import Profiles
from workbench.ranking.recommend import check_k, recommend
from workbench.slate import Slates, rank_biased_overlap

READ, CHANGED, OVERLAP, RBO, HOW = "read", "changed", "overlap", "rbo", "how"
BY_CONSTRUCTION = "zero by construction"
ASKED_AGAIN = "asked again"
PEOPLE = 1000
"""People asked again; more change the figure little and cost much."""

SCHEMA = {
    ATTRIBUTE: pl.String,
    READ: pl.Boolean,
    N: pl.Int64,
    CHANGED: pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    OVERLAP: pl.Float64,
    RBO: pl.Float64,
    HOW: pl.String,
}


def flip_frame(
    model: Recommender,
    split: Split,
    k: int = 10,
    seed: int = 0,
    *,
    groups: Groups | None = None,
    slates: Slates | None = None,
    minimum: int = 20,
    max_people: int = PEOPLE,
) -> pl.DataFrame:
    """Give each person every other value of one attribute, all else the same, and ask again.

    Parameters
    ----------
    model : Recommender
        Fitted. What it reads is what it declares in ``uses``.
    split : Split
        The people asked are those of ``split.people()``.
    k, seed : int
        Places of a slate; seed of the bootstrap and of who is asked.
    groups : sequence or mapping, optional
        As in ``wb.audit``: which attributes, and bands of numbers; of an intersection each part
        by itself. By default all attributes.
    slates : Slates, optional
        What ``recommend(model, people, k)`` returned, so that it is not done twice.
    minimum : int
        Nothing is said of fewer people; from 20 upwards.
    max_people : int
        At most so many, chosen by seed, are asked again.

    Returns
    -------
    polars.DataFrame
        One row per attribute: whether the model ``read``s it; ``n`` people; ``changed``, the share
        whose slate (items or their order) changes under at least one other value, with its
        bootstrap interval over people; ``overlap``, the share of the slate's items that stay, and
        ``rbo``, rank-biased overlap, meaned over the other values of each person and then over
        people; and ``how`` it is known: "zero by construction" where the model does not read the
        attribute (nothing is scored), "asked again", or why it could not be asked.

    Raises
    ------
    ArgumentError
        An argument cannot work; nothing was started.

    Notes
    -----
    A number is changed to the value in the middle of every other band. A person of whom the
    attribute is not known is not asked. Zero says that the attribute itself is not read; what
    stands for it may be (see ``workbench.audit.proxies``).

    Source: the flip test of Galhotra, Brun, Meliou 2017, "Fairness testing: testing software for
    discrimination". It changes the attribute only, not what would have followed from it, so it is
    not counterfactual fairness in the sense of Kusner, Loftus, Russell, Silva 2017.
    """
    if not isinstance(model, Recommender):
        raise ArgumentError(
            f"model must be a fitted model, not {type(model).__name__}; lists made elsewhere "
            "cannot be asked what they would be for another value"
        )
    if not isinstance(split, Split):
        raise ArgumentError(
            f"split must be a Split, not {type(split).__name__}; make one with wb.split(dataset)"
        )
    model._require_fitted()
    check_k(k)
    check_seed(seed)
    check_minimum(minimum)
    check_whole("max_people", max_people)
    ids, people = split.people()
    attributes = split.train.users[split.train.people.codes(ids)].drop(USER)
    names = list(attributes.columns) if groups is None else _asked(groups, attributes)
    found = []
    for name in names:
        if name not in model.uses:
            found.append(_row(name, False, len(ids), (0.0, 0.0, 0.0), (1.0, 1.0), BY_CONSTRUCTION))
            continue
        group, middle, reason = _values(attributes, name, groups)
        rows = np.flatnonzero(group >= 0)
        if reason or len(rows) < minimum:
            why = reason or f"too few people of whom it is known (n < {minimum})"
            found.append(_row(name, True, len(rows), (None,) * 3, (None,) * 2, why))
            continue
        if len(rows) > max_people:
            chosen = generator(seed, "flip", name).choice(len(rows), max_people, replace=False)
            rows = rows[np.sort(chosen)]
        if slates is None:
            slates = recommend(model, people, k)
        before = _lists(slates, rows)
        asked = _others(model, people[rows], name, group[rows], middle, k)
        figures = _compared(before, asked)
        rng = generator(seed, "flip", name, "interval")
        low, high = _interval(figures[:, 0], rng)
        mean = figures.mean(axis=0).tolist()
        found.append(_row(name, True, len(rows), (mean[0], low, high), mean[1:], ASKED_AGAIN))
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def _asked(groups: Groups, attributes: pl.DataFrame) -> list[str]:
    """Names of attributes, each once; those of intersections one by one."""
    made, _ = groupings(attributes, groups)
    columns = set(attributes.columns)
    parts = [[g.attribute] if g.attribute in columns else g.attribute.split(CROSS) for g in made]
    return list(dict.fromkeys(name for each in parts for name in each))


def _values(
    attributes: pl.DataFrame, name: str, groups: Groups | None
) -> tuple[NDArray[np.int64], list[Any], str]:
    """Group of each person (-1: not known), a value in the middle of each group, or why not."""
    column = attributes[name]
    nobody = np.full(len(column), -1, dtype=np.int64)
    if isinstance(groups, Mapping) and groups.get(name) is not None:
        made, skipped = groupings(attributes.select(name), {name: groups[name]})
    elif groups is not None:
        made, skipped = groupings(attributes.select(name), [name])
    else:
        made, skipped = groupings(attributes.select(name))
    if not made:
        return nobody, [], skipped[name]
    order = [g for g in made[0].order if g != UNKNOWN]
    group = codes(made[0])
    group = np.where(group < len(order), group, -1)  # "unknown" stands last
    if len(order) < 2:
        return group, [], "one group only: there is no other value"
    middle = []
    for g in range(len(order)):
        held = column.filter(pl.Series(group == g)).sort()
        middle.append(held[len(held) // 2])
    return group, middle, ""


def _others(
    model: Recommender,
    people: Profiles,
    name: str,
    group: NDArray[np.int64],
    middle: list[Any],
    k: int,
) -> Iterator[tuple[NDArray[np.int64], list[list[Any]]]]:
    """For each value, the people of all other groups and what they would be shown with it."""
    dtype = people.attributes.schema[name]
    for g, value in enumerate(middle):
        rows = np.flatnonzero(group != g)
        if len(rows) == 0:
            continue
        told = people.attributes[rows].with_columns(pl.lit(value, dtype=dtype).alias(name))
        flipped = people[rows].with_attributes(told)
        yield rows, _lists(recommend(model, flipped, k), np.arange(len(rows)))


def _lists(slates: Slates, rows: NDArray[np.int64]) -> list[list[Any]]:
    lists = [slate.items for slate in slates]
    return [lists[row] for row in rows]


def _compared(
    before: list[list[Any]],
    asked: Iterator[tuple[NDArray[np.int64], list[list[Any]]]],
) -> NDArray[np.float64]:
    """Of each person: changed (0 or 1), mean overlap, mean RBO, ``(n_people, 3)``."""
    changed, overlap, rbo, times = np.zeros((4, len(before)))
    for rows, after in asked:
        for row, new in zip(rows.tolist(), after, strict=True):
            old = before[row]
            changed[row] = changed[row] or old != new
            overlap[row] += len(set(old) & set(new)) / len(old) if old else float(not new)
            rbo[row] += rank_biased_overlap(old, new)
            times[row] += 1
    return np.column_stack([changed, overlap / times, rbo / times])


def _interval(changed: NDArray[np.float64], rng: np.random.Generator) -> tuple[float, float]:
    sums = weighted_sums(rng, np.column_stack([changed, np.ones(len(changed))]))
    draws = plausible_means(sums[:, 0], sums[:, 1], rng, bounded=True)
    return interval(draws, float(changed.mean()), len(changed) - 1)


def _row(name: str, read: bool, n: int, share: Any, stays: Any, how: str) -> tuple[Any, ...]:
    return (name, read, n, *share, *stays, how)
