"""For whom two things differ: paired values of the same people, by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.audit.groups import EVERYBODY, Grouping, codes
from workbench.audit.people import TOO_FEW, WITHHELD, withheld
from workbench.columns import ATTRIBUTE, GROUP, HIGH, LOW, METRIC, N
from workbench.evaluation.resampling import Floats, Mask, Sums, holm, interval, resampled, swap_test

CHANGE = {
    METRIC: pl.String, ATTRIBUTE: pl.String, GROUP: pl.String, N: pl.Int64,
    "before": pl.Float64, "after": pl.Float64, "difference": pl.Float64,
    LOW: pl.Float64, HIGH: pl.Float64, "p": pl.Float64, "p_adjusted": pl.Float64,
    "note": pl.String,
}  # fmt: skip
N_BOOT, N_SWAPS, LEVEL = 2000, 10_000, 0.95

Pair = tuple[Floats, Floats]
"""Values of each person before and after, ``(n_people,)`` each; NaN is left out, on both sides."""


def change_by_group(
    pairs: Mapping[str, Pair],
    groupings: Sequence[Grouping],
    minimum: int,
    seed: int,
    *,
    test: bool = True,
) -> pl.DataFrame:
    """Mean change of per-person values, for everybody and for each group.

    Parameters
    ----------
    pairs : mapping of metric to Pair
    groupings : sequence of Grouping
        Row-aligned with the values.
    minimum : int
        Groups with fewer people are not shown, nor is the group that would give them away.
    seed : int
    test : bool
        Whether to ask how likely such a change is by chance.

    Returns
    -------
    polars.DataFrame
        One row per metric and group that has anybody, "everybody" first: means ``before`` and
        ``after``, their ``difference`` with its BCa interval over people, ``p`` of the paired
        randomisation test, ``p_adjusted`` after Holm over the whole frame; or a ``note`` why the
        group is not shown.
    """
    found: list[dict[str, Any]] = []
    for metric, (before, after) in pairs.items():
        known = ~(np.isnan(before) | np.isnan(after))
        for grouping in (_everybody(len(before)), *groupings):
            group = codes(grouping)
            counts = np.bincount(group[known], minlength=len(grouping.order))
            few = {g for g in range(len(counts)) if counts[g] < minimum}
            hidden = withheld(counts, few, minimum)
            for g in np.flatnonzero(counts):
                row = dict.fromkeys(CHANGE) | {
                    METRIC: metric,
                    ATTRIBUTE: grouping.attribute,
                    GROUP: grouping.order[g],
                    N: int(counts[g]),
                }
                if g in few or g == hidden:
                    row["note"] = f"{WITHHELD if g == hidden else TOO_FEW} (n < {minimum})"
                else:
                    row |= _paired(before, after, known & (group == g), seed, test)
                found.append(row)
    frame = pl.DataFrame(found, schema=CHANGE, orient="row")
    p = frame["p"].fill_null(np.nan).to_numpy()
    return frame.with_columns(pl.Series("p_adjusted", holm(p)).fill_nan(None))


def among(groupings: Sequence[Grouping], rows: NDArray[np.int64]) -> list[Grouping]:
    """The same ways to group, for some of the people in an order of their own."""
    return [replace(one, names=one.names.gather(rows)) for one in groupings]


def _everybody(n: int) -> Grouping:
    names = pl.Series([EVERYBODY], dtype=pl.String).new_from_index(0, n)
    return Grouping(EVERYBODY, names, (EVERYBODY,), "everybody in one group")


def _paired(
    before: Floats, after: Floats, mask: Mask, seed: int, test: bool
) -> dict[str, float | None]:
    one, two = before[mask], after[mask]
    ones = np.ones(len(one))
    sums = Sums(two - one, ones)
    (boot,) = resampled([sums], N_BOOT, seed)
    low, high = interval(boot, sums.figure, sums.influence, LEVEL)
    return {
        "before": float(one.mean()),
        "after": float(two.mean()),
        "difference": sums.figure,
        LOW: low,
        HIGH: high,
        "p": swap_test(Sums(two, ones), Sums(one, ones), N_SWAPS, seed) if test else None,
    }
