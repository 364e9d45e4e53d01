"""Slices that nobody named: found on one half of the people, confirmed on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.audit.groups import Grouping
from workbench.audit.intervals import (
    Floats,
    against_the_rest,
    generator,
    interval,
    plausible_means,
    weighted_sums,
)
from workbench.audit.slices import aligned_rows, slices
from workbench.audit.verdict import SMALLEST, check_minimum
from workbench.columns import HIGH, LOW, VALUE, N
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.evaluation.definitions import METRICS
from workbench.evaluation.resampling import holm
from workbench.models.parameters import check_seed, check_whole
from workbench.vocabulary import Id

Mask = NDArray[np.bool_]

MOST_CONDITIONS = 3
CARRIED = 10
SAME = 0.9
"""Slices that share more of their people than this (Jaccard) are one; the shorter is kept."""
ALPHA = 0.05
FRAME = {
    "slice": pl.String, "conditions": pl.List(pl.Struct({"attribute": pl.String,
    "group": pl.String})), N: pl.Int64, VALUE: pl.Float64, LOW: pl.Float64, HIGH: pl.Float64,
    "rest": pl.Float64, "difference": pl.Float64, "difference_found": pl.Float64,
    "p": pl.Float64, "p_adjusted": pl.Float64, "confirmed": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True)
class _Slice:
    """Places of its conditions, who meets all of them, and how it looked where it was found."""

    conditions: tuple[int, ...]
    member: Mask
    difference: float
    t: float


def find_slices(
    split: Split,
    rows: pl.DataFrame,
    *,
    metric: str = "ndcg",
    minimum: int = SMALLEST,
    most: int = MOST_CONDITIONS,
    carried: int = CARRIED,
    seed: int = 0,
) -> pl.DataFrame:
    """The kinds of people for whom a model works worst, among all combinations of conditions.

    The people are cut in two at random. On one half every combination of up to ``most``
    conditions that enough people meet is held against everybody else, and those that are worse
    by the largest t are carried over. Whatever chance had a hand in there is forgotten: all
    figures that are returned are of the other half.

    Parameters
    ----------
    split : Split
    rows : polars.DataFrame
        Of ``wb.evaluate`` on it, of one model.
    metric : str
        A column of rows; people without a number are left out.
    minimum : int
        Of people in either half, inside the slice and outside; from 20 upwards.
    most : int
        Conditions of a slice.
    carried : int
        Slices that are confirmed or not; the fewer, the less is asked of each.
    seed : int
        Of the halves and of the intervals.

    Returns
    -------
    polars.DataFrame
        One row per slice, the smallest p first: ``slice`` in words; ``conditions`` (structs of
        attribute and group, for ``slice_members``); ``n`` people of the confirming half, their
        mean ``value`` with its 95 % interval, the mean of the ``rest`` of that half, the
        ``difference``, and ``difference_found`` on the half where it was found, which chance has
        made larger; ``p`` of the permutation test of Welch's t, ``p_adjusted`` after Holm over all
        rows; ``confirmed``: the slice is worse, and p_adjusted is at most 0.05. No rows where no
        slice is worse, or too few people are there to be cut in two.

    Raises
    ------
    ArgumentError
        An argument cannot work, or rows are not of the people of the split.

    Notes
    -----
    Combinations are enumerated by FP-growth (Han, Pei, Yin 2000) of ``mlxtend``; the idea of
    searching for slices with a test and corrected p is that of Chung, Kraska, Polyzotis, Tae,
    Whang 2019, "Slice Finder: automated data slicing for model validation".
    """
    check_minimum(minimum)
    check_whole("most", most)
    check_whole("carried", carried)
    check_seed(seed)
    values = aligned_rows(split, rows, metric)[metric].cast(pl.Float64).fill_null(np.nan).to_numpy()
    if metric in METRICS and METRICS[metric].better != 1:
        raise ArgumentError(f"metric={metric!r}: of it more is not better; name another")
    known = np.isfinite(values)
    ways = slices(split)
    names, member = _conditions(ways)
    rng = generator(seed, "slice finder")
    half = np.zeros(len(values), dtype=bool)
    half[rng.permutation(np.flatnonzero(known))[: int(known.sum()) // 2]] = True
    other = known & ~half
    if min(half.sum(), other.sum()) < 2 * minimum or not names:
        return pl.DataFrame(schema=FRAME)
    found = [
        one
        for one in _proposed(member, values, half, minimum, most)
        if minimum <= (one.member & other).sum() <= other.sum() - minimum
    ]
    kept = _distinct(found, half)[:carried]
    return _confirmed(kept, names, values, other, seed)


def slice_members(split: Split, conditions: list[dict[str, str]]) -> list[Id]:
    """Ids of the people who meet all conditions, in the order of ``split.people()``.

    Parameters
    ----------
    split : Split
    conditions : list of dict
        ``attribute`` and ``group`` each, as ``find_slices`` returns them.

    Raises
    ------
    ArgumentError
        There is no such attribute or group.
    """
    names, member = _conditions(slices(split))
    keep = np.ones(len(member), dtype=bool)
    for one in conditions:
        wanted = (one["attribute"], one["group"])
        if wanted not in names:
            raise ArgumentError(
                f"conditions: there is no slice {wanted[0]} = {wanted[1]!r}; there are "
                + ", ".join(f"{a} = {g}" for a, g in names[:20])
            )
        keep &= member[:, names.index(wanted)]
    ids, _ = split.people()
    return [ids[i] for i in np.flatnonzero(keep)]


def _conditions(ways: list[Grouping]) -> tuple[list[tuple[str, str]], Mask]:
    """Every (attribute, group), and who meets it, ``(n_people, n_conditions)``."""
    names = [(way.attribute, group) for way in ways for group in way.order]
    columns = [(way.names == group).fill_null(False) for way in ways for group in way.order]
    if not names:
        return [], np.zeros((0, 0), dtype=bool)
    return names, np.column_stack([column.to_numpy() for column in columns])


def _proposed(member: Mask, values: Floats, half: Mask, minimum: int, most: int) -> list[_Slice]:
    """Combinations of conditions that are worse in the half, the largest t first."""
    import pandas as pd
    from mlxtend.frequent_patterns import fpgrowth

    table = pd.DataFrame(member[half])
    sets = fpgrowth(table, min_support=minimum / len(table), max_len=most)["itemsets"]
    found = []
    for conditions in sorted(tuple(sorted(one)) for one in sets):
        inside = member[:, conditions].all(axis=1)
        one, rest = values[inside & half], values[~inside & half]
        if len(rest) < minimum:
            continue
        difference = float(one.mean() - rest.mean())
        spread = one.var(ddof=1) / len(one) + rest.var(ddof=1) / len(rest)
        if difference < 0 and spread > 0:
            found.append(_Slice(conditions, inside, difference, difference / float(spread**0.5)))
    return sorted(found, key=lambda s: (s.t, len(s.conditions), s.conditions))


def _distinct(found: list[_Slice], half: Mask) -> list[_Slice]:
    """Of slices of nearly the same people the one with the fewest conditions, in its place."""
    kept: list[_Slice] = []
    for one in found:
        same = [i for i, other in enumerate(kept) if _jaccard(one, other, half) > SAME]
        if not same:
            kept.append(one)
        elif len(one.conditions) < len(kept[same[0]].conditions):
            kept[same[0]] = one
    return kept


def _jaccard(one: _Slice, other: _Slice, half: Mask) -> float:
    a, b = one.member & half, other.member & half
    return float((a & b).sum() / (a | b).sum())


def _confirmed(
    kept: list[_Slice],
    names: list[tuple[str, str]],
    values: Floats,
    other: Mask,
    seed: int,
) -> pl.DataFrame:
    """The slices on the half that did not help to find them."""
    if not kept:
        return pl.DataFrame(schema=FRAME)
    there = values[other]
    groups = [one.member[other].astype(np.int64) for one in kept]
    rng = generator(seed, "slice finder", "test")
    p = [float(each[1]) for each in against_the_rest(rng, there, groups, [2] * len(groups))]
    adjusted = holm(np.array(p))
    bounded = there.min() >= 0 and there.max() <= 1
    rows: list[dict[str, Any]] = []
    for one, inside, chance, corrected in zip(kept, groups, p, adjusted, strict=True):
        own = there[inside == 1]
        sums = weighted_sums(rng, np.column_stack([own, np.ones(len(own))]))
        mean, rest = float(own.mean()), float(there[inside == 0].mean())
        draws = plausible_means(sums[:, 0], sums[:, 1], rng, bounded)
        low, high = interval(draws, mean, len(own) - 1)
        conditions = [names[place] for place in one.conditions]
        rows.append(
            {
                "slice": " and ".join(f"{a.replace('_', ' ')}: {g}" for a, g in conditions),
                "conditions": [{"attribute": a, "group": g} for a, g in conditions],
                N: len(own), VALUE: mean, LOW: low, HIGH: high, "rest": rest,
                "difference": mean - rest, "difference_found": one.difference,
                "p": chance, "p_adjusted": float(corrected),
                "confirmed": bool(mean < rest and corrected <= ALPHA),
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=FRAME).sort("p", "slice", maintain_order=True)
