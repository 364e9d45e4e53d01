"""For whom does it work: every per-person metric by group, as one tidy frame."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.audit.groups import EVERYBODY, Grouping, codes
from workbench.audit.intervals import (
    N_DRAWS,
    Floats,
    against_the_rest,
    generator,
    interval,
    plausible_means,
    weighted_sums,
    welch_df,
)
from workbench.columns import ATTRIBUTE, GROUP, HIGH, LOW, METRIC, VALUE, N
from workbench.evaluation.resampling import Mask, Sums, holm, resampled, unanimous
from workbench.evaluation.resampling import interval as accelerated

SCHEMA = {
    METRIC: pl.String,
    ATTRIBUTE: pl.String,
    GROUP: pl.String,
    N: pl.Int64,
    VALUE: pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "ratio": pl.Float64,
    "ratio_low": pl.Float64,
    "ratio_high": pl.Float64,
    "ratio_best": pl.Float64,
    "p": pl.Float64,
    "p_adjusted": pl.Float64,
    "suppressed": pl.Boolean,
    "note": pl.String,
}

TOO_FEW = "too few"
WITHHELD = "withheld, so that a group of too few cannot be computed"
"""Why a group is not shown: how ``note`` begins."""


def people_frame(
    rows: pl.DataFrame,
    groupings: Sequence[Grouping],
    metrics: Sequence[str],
    minimum: int,
    seed: int,
) -> pl.DataFrame:
    """Means of per-person metrics by group.

    Parameters
    ----------
    rows : polars.DataFrame
        One row per person with a column per metric; a null or NaN is left out of that metric.
    groupings : sequence of Grouping
        Row-aligned with ``rows``.
    metrics : sequence of str
    minimum : int
        Groups with fewer people are suppressed; and where their figures could still be computed
        as what is left of everybody's, the smallest of the other groups is, too.
    seed : int

    Returns
    -------
    polars.DataFrame
        One row per metric, attribute and group, with "everybody" first. ``difference`` (in the
        metric's unit) and ``ratio`` are to **all other people**, whoever the best group is: the
        best of many small groups is best partly by luck. ``ratio_best`` is to the best group that
        is shown. ``p`` is of a permutation test of group against all others, ``p_adjusted`` after
        Holm over every row of the frame that has one.
    """
    columns = {m: rows[m].cast(pl.Float64).fill_null(np.nan).to_numpy() for m in metrics}
    draws = [_draws(columns, grouping, seed) for grouping in groupings]
    found: list[dict[str, Any]] = []
    for place, (metric, column) in enumerate(columns.items()):
        known = ~np.isnan(column)
        values = column[known]
        bounded = bool(len(values) and values.min() >= 0 and values.max() <= 1)
        found.append(_everybody(metric, values, bounded, minimum, seed))
        group = [codes(grouping)[known] for grouping in groupings]
        tests = (
            against_the_rest(
                generator(seed, metric, "p"), values, group, [len(g.order) for g in groupings]
            )
            if len(values) and groupings
            else [np.full(len(g.order), np.nan) for g in groupings]
        )
        for grouping, codes_, drawn, p in zip(groupings, group, draws, tests, strict=True):
            sums = drawn[:, :, place], drawn[:, :, len(columns) + place]
            rng = generator(seed, metric, grouping.attribute)
            found += _by_group(
                metric, grouping, known, values, codes_, _Draws(*sums, rng, bounded), p, minimum
            )
    frame = pl.DataFrame(found, schema=SCHEMA, orient="row")
    p = frame["p"].fill_null(np.nan).to_numpy()
    return frame.with_columns(pl.Series("p_adjusted", holm(p)).fill_nan(None))


@dataclass(frozen=True)
class _Draws:
    """Weighted sums of values and of people, ``(n_groups, n_draws)``, of one metric."""

    sums: Floats
    weights: Floats
    rng: np.random.Generator
    bounded: bool

    def inside(self, g: int) -> Floats:
        return plausible_means(self.sums[g], self.weights[g], self.rng, self.bounded)

    def rest(self, g: int) -> Floats:
        sums, weights = self._whole
        sums, weights = sums - self.sums[g], weights - self.weights[g]
        # Rounding must not leave less than nothing of a metric that cannot be negative.
        sums = sums.clip(0) if self.bounded else sums
        return plausible_means(sums, weights, self.rng, self.bounded)

    @cached_property
    def _whole(self) -> tuple[Floats, Floats]:
        return self.sums.sum(axis=0), self.weights.sum(axis=0)


def _draws(columns: dict[str, Floats], grouping: Grouping, seed: int) -> Floats:
    """Weighted sums by group, ``(n_groups, n_draws, 2 * n_metrics)``: values, then people."""
    table = np.column_stack(
        [np.nan_to_num(c) for c in columns.values()]
        + [(~np.isnan(c)).astype(float) for c in columns.values()]
    )
    group = codes(grouping)
    drawn = np.zeros((len(grouping.order), N_DRAWS, table.shape[1]))
    for g, name in enumerate(grouping.order):
        rng = generator(seed, grouping.attribute, name)
        drawn[g] = weighted_sums(rng, table[group == g])
    return drawn


def fairlearn_means(values: Floats, attribute: str, names: pl.Series) -> dict[str, float]:
    """Mean of each group by Fairlearn's ``MetricFrame``; it refuses to be empty, so do not ask."""
    if len(values) == 0:
        return {}
    import pandas as pd
    from fairlearn.metrics import MetricFrame

    with warnings.catch_warnings():
        # Fairlearn reads pandas in ways that pandas 3 announces to change; nothing of ours.
        warnings.simplefilter("ignore")
        frame = MetricFrame(
            metrics=lambda y_true, y_pred: float(np.mean(y_pred)),
            y_true=values,
            y_pred=values,
            sensitive_features=pd.Series(names.to_list(), name=attribute),
        )
    return {str(name): float(value) for name, value in frame.by_group.items()}


def _everybody(
    metric: str, values: Floats, bounded: bool, minimum: int, seed: int
) -> dict[str, Any]:
    row = _row(metric, EVERYBODY, EVERYBODY, len(values))
    if len(values) < minimum:
        return _suppressed(row, minimum)
    mean = float(values.mean())
    row[VALUE] = mean
    if bounded and np.ptp(values) == 0:
        row[LOW], row[HIGH] = unanimous(mean, len(values), 0.0, 1.0, 0.95)
    else:  # as on the leaderboard, so that the same number has the same interval
        sums = Sums(values, np.ones(len(values)))
        (boot,) = resampled([sums], N_DRAWS, seed)
        row[LOW], row[HIGH] = accelerated(boot, mean, sums.influence, 0.95)
    return row


def _by_group(
    metric: str,
    grouping: Grouping,
    known: Mask,
    values: Floats,
    group: NDArray[np.int64],
    draws: _Draws,
    p: Floats,
    minimum: int,
) -> list[dict[str, Any]]:
    counts = np.bincount(group, minlength=len(grouping.order))
    rows = [
        _row(metric, grouping.attribute, name, int(n))
        for name, n in zip(grouping.order, counts, strict=True)
    ]
    few = {g for g in range(len(rows)) if counts[g] < minimum}
    hidden = withheld(counts, few, minimum)
    shown = [g for g in range(len(rows)) if g not in few and g != hidden]
    means = fairlearn_means(values, grouping.attribute, grouping.names.filter(pl.Series(known)))
    best = max((means[grouping.order[g]] for g in shown), default=0.0)
    for g, row in enumerate(rows):
        if g not in shown:
            _suppressed(row, minimum, WITHHELD if g == hidden else TOO_FEW)
            continue
        inside, rest = values[group == g], values[group != g]
        mean = row[VALUE] = means[grouping.order[g]]
        drawn = draws.inside(g)
        row[LOW], row[HIGH] = interval(drawn, mean, len(inside) - 1)
        row["ratio_best"] = mean / best if best > 0 and len(shown) > 1 else None
        if len(rest) == 0:
            row["note"] = "one group only: there is nobody to compare with"
            continue
        others, df, mean_rest = draws.rest(g), welch_df(inside, rest), float(rest.mean())
        row["difference"] = gap = mean - mean_rest
        row["difference_low"], row["difference_high"] = interval(drawn - others, gap, df)
        if mean_rest > 0 and values.min() >= 0:
            row["ratio"] = mean / mean_rest
            row["ratio_low"], row["ratio_high"] = interval(drawn / others, row["ratio"], df)
        row["p"] = None if np.isnan(p[g]) else float(p[g])
    return rows


def _row(metric: str, attribute: str, group: str, n: int) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(SCHEMA)
    row.update({METRIC: metric, ATTRIBUTE: attribute, GROUP: group, N: n, "suppressed": False})
    return row


def withheld(counts: NDArray[np.int64], few: set[int], minimum: int) -> int | None:
    """The group to hide beside those that are too small, or None.

    The groups of an attribute make up everybody, so everybody's mean less the groups that are
    shown is the mean of the hidden ones together. That must be of two groups and of at least
    ``minimum`` people.

    Source: complementary suppression, as in Hundepool et al. 2012, "Statistical disclosure
    control", chapter 4.
    """
    hidden = [g for g in few if counts[g] > 0]
    if not hidden or (len(hidden) > 1 and counts[hidden].sum() >= minimum):
        return None
    others = [g for g in range(len(counts)) if g not in few]
    return min(others, key=lambda g: (counts[g], g), default=None)


def _suppressed(row: dict[str, Any], minimum: int, why: str = TOO_FEW) -> dict[str, Any]:
    row.update({"suppressed": True, "note": f"{why} (n < {minimum})"})
    return row
