"""Decisions by group: selection, error and calibration rates, as one tidy frame."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from workbench.audit.calibration import N_BINS, Ints, binned, calibration_error
from workbench.audit.groups import EVERYBODY, Grouping, codes
from workbench.audit.intervals import (
    Floats,
    against_the_rest,
    generator,
    interval,
    plausible_means,
    weighted_sums,
    welch_df,
)
from workbench.audit.people import SCHEMA, TOO_FEW, WITHHELD, withheld
from workbench.columns import ATTRIBUTE, GROUP, HIGH, LOW, METRIC, VALUE, N
from workbench.evaluation.resampling import holm

SELECTED, TPR, FPR = "selection_rate", "true_positive_rate", "false_positive_rate"
CALIBRATION, ERROR = "calibration", "calibration_error"
RATES = (SELECTED, TPR, FPR)
PAIRS, CHANCE = "pairs", "chance"
DECISIONS = {**SCHEMA, PAIRS: pl.Int64, CHANCE: pl.Float64}
N_WORLDS = 200
"""Draws of what chance alone would do to a calibration error."""


@dataclass(frozen=True)
class Judged:
    """What was decided of each pair, and what turned out. Row-aligned.

    Attributes
    ----------
    person : (n_pairs,) int64
        Row of ``split.people()``.
    relevant, probability : (n_pairs,) float64
    decision : (n_pairs,) bool
        Or float64: the chance of "yes", where it is decided by lot.
    n_people : int
    """

    person: Ints
    relevant: Floats
    probability: Floats
    decision: np.ndarray[Any, np.dtype[np.bool_]] | Floats
    n_people: int

    def sums(self, metric: str) -> tuple[Floats, Floats]:
        """What each person adds to both sides of a rate, ``(n_people,)`` each."""
        over = {TPR: self.relevant, FPR: 1 - self.relevant}.get(metric, np.ones(len(self.relevant)))
        total = self.relevant - self.probability if metric == CALIBRATION else self.decision * over
        return self._by_person(total), self._by_person(over)

    def gaps(self) -> tuple[Floats, Floats]:
        """Observed less predicted of each person in each bin, ``(n_people, n_bins)``, and pairs."""
        cell = self.person * N_BINS + binned(self.probability)
        gap = np.bincount(cell, self.relevant - self.probability, self.n_people * N_BINS)
        return gap.reshape(-1, N_BINS), self._by_person(np.ones(len(self.relevant)))

    def _by_person(self, column: Floats) -> Floats:
        return np.bincount(self.person, weights=column, minlength=self.n_people)


def decisions_frame(
    judged: Judged, groupings: Sequence[Grouping], minimum: int, seed: int
) -> pl.DataFrame:
    """Rates of decisions by group.

    Parameters
    ----------
    judged : Judged
    groupings : sequence of Grouping
        Row-aligned with the people.
    minimum : int
        Groups with fewer people who have such pairs are suppressed, and a second one where they
        could be computed from it, as in ``audit.people``.
    seed : int

    Returns
    -------
    polars.DataFrame
        Columns as in ``audit.people.people_frame``, and ``pairs``, ``chance``. One row per metric,
        attribute and group, "everybody" first. ``n`` are the people who have pairs of the kind,
        ``pairs`` those pairs; values are Fairlearn's ``MetricFrame``, over pairs. Metrics:

        - "selection_rate", "true_positive_rate", "false_positive_rate";
        - "calibration": share that was relevant less mean probability (above 0: promised too
          little);
        - "calibration_error": see ``calibration.calibration_error``. It is above 0 also where
          calibration is perfect, the more so in small groups: ``chance`` is its mean if every
          pair were relevant with exactly its probability.

        Intervals are of people drawn again with all their pairs. ``p`` is of a permutation of
        people, of each person's part in the gap between the group's rate and that of all others.
    """
    found = [_everybody(judged, metric, minimum, seed) for metric in (*RATES, CALIBRATION, ERROR)]
    values = [metric_frame(judged, grouping) for grouping in groupings]
    for metric in (*RATES, CALIBRATION):
        total, over = judged.sums(metric)
        asked = over > 0
        part = _Part(metric, total[asked], over[asked], seed)
        group = [codes(grouping)[asked] for grouping in groupings]
        tests = part.tests(group, [len(g.order) for g in groupings])
        for grouping, place, p, value in zip(groupings, group, tests, values, strict=True):
            rates = dict(value.select(GROUP, metric).iter_rows())
            found += _by_group(part, grouping, place, rates, p, minimum)
    for grouping, value in zip(groupings, values, strict=True):
        errors = dict(value.select(GROUP, ERROR).iter_rows())
        found += _errors(judged, grouping, errors, minimum, seed)
    frame = pl.DataFrame(found, schema=DECISIONS, orient="row")
    p = frame["p"].fill_null(np.nan).to_numpy()
    return frame.with_columns(pl.Series("p_adjusted", holm(p)).fill_nan(None))


@dataclass(frozen=True)
class _Part:
    """Both sides of one rate, of the people who have such pairs."""

    metric: str
    total: Floats
    over: Floats
    seed: int

    @property
    def bounded(self) -> bool:
        return self.metric != CALIBRATION

    def draws(self, rows: Any, *words: str) -> Floats:
        """Plausible rates of some people, ``(n_draws,)``; half a person of mean size at each end
        of what cannot leave [0, 1]."""
        size = self.over[rows].mean()
        rng = generator(self.seed, self.metric, *words)
        sums = weighted_sums(rng, np.column_stack([self.total[rows], self.over[rows]]) / size)
        return plausible_means(sums[:, 0], sums[:, 1], rng, self.bounded)

    def moves(self, rows: Any) -> Floats:
        """Each person's part in the rate of some people, of mean 0."""
        over = self.over[rows]
        rate = self.total[rows].sum() / over.sum()
        return np.asarray((self.total[rows] - rate * over) / over.mean())

    def tests(self, group: list[Ints], sizes: list[int]) -> list[Floats]:
        """p of "this group's rate is that of all others", by group of each attribute."""
        if len(self.total) == 0 or not group:
            return [np.full(size, np.nan) for size in sizes]
        everybody = self.moves(slice(None))
        return against_the_rest(generator(self.seed, self.metric, "p"), everybody, group, sizes)


def metric_frame(judged: Judged, grouping: Grouping) -> pl.DataFrame:
    """Fairlearn's ``MetricFrame`` of all metrics, ``group`` and a column each."""
    import pandas as pd
    from fairlearn import metrics

    def gap(y_true: Any, y_pred: Any, probability: Any) -> float:
        return float(np.mean(np.asarray(y_true) - np.asarray(probability)))

    def error(y_true: Any, y_pred: Any, probability: Any) -> float:
        return calibration_error(np.asarray(y_true), np.asarray(probability))

    named = {
        SELECTED: metrics.selection_rate,
        TPR: metrics.true_positive_rate,
        FPR: metrics.false_positive_rate,
        CALIBRATION: gap,
        ERROR: error,
    }
    given = {"probability": judged.probability}
    with warnings.catch_warnings():
        # A group with no pair of a kind has no rate; it is suppressed. And see audit.people.
        warnings.simplefilter("ignore")
        frame = metrics.MetricFrame(
            metrics=named,
            y_true=judged.relevant.astype(np.int64),
            y_pred=judged.decision.astype(np.int64),
            sensitive_features=pd.Series(sensitive(judged, grouping), name=grouping.attribute),
            sample_params={CALIBRATION: given, ERROR: given},
        ).by_group
    values = {name: frame[name].to_numpy(dtype=np.float64) for name in named}
    return pl.DataFrame({GROUP: [str(name) for name in frame.index], **values})


def sensitive(judged: Judged, grouping: Grouping) -> list[str]:
    """The group of the person of each pair."""
    return grouping.names.gather(judged.person).to_list()


def _by_group(
    part: _Part,
    grouping: Grouping,
    group: Ints,
    rates: dict[str, float],
    p: Floats,
    minimum: int,
) -> list[dict[str, Any]]:
    size = len(grouping.order)
    counts, pairs = np.bincount(group, minlength=size), np.bincount(group, part.over, size)
    rows = [
        _row(part.metric, grouping.attribute, *one)
        for one in zip(grouping.order, counts, pairs, strict=True)
    ]
    shown = _shown(rows, counts, minimum)
    best = max((rates[grouping.order[g]] for g in shown), default=0.0)
    for g in shown:
        row, inside, rest = rows[g], group == g, group != g
        rate = row[VALUE] = rates[grouping.order[g]]
        drawn = part.draws(inside, grouping.attribute, grouping.order[g])
        row[LOW], row[HIGH] = interval(drawn, rate, counts[g] - 1)
        row["ratio_best"] = rate / best if best > 0 and part.bounded and len(shown) > 1 else None
        if not rest.any():
            row["note"] = "one group only: there is nobody to compare with"
            continue
        others = part.draws(rest, grouping.attribute, "all but", grouping.order[g])
        other = float(part.total[rest].sum() / part.over[rest].sum())
        df = welch_df(part.moves(inside), part.moves(rest)) if rest.sum() > 1 else 1.0
        row["difference"] = rate - other
        ends = interval(drawn - others, rate - other, df)
        row["difference_low"], row["difference_high"] = ends
        if other > 0 and part.bounded:
            row["ratio"] = rate / other
            row["ratio_low"], row["ratio_high"] = interval(drawn / others, row["ratio"], df)
        row["p"] = None if np.isnan(p[g]) else float(p[g])
    return rows


def _errors(
    judged: Judged, grouping: Grouping, values: dict[str, float], minimum: int, seed: int
) -> list[dict[str, Any]]:
    """Expected calibration error of each group."""
    gaps, over = judged.gaps()
    asked, group = over > 0, codes(grouping)
    size = len(grouping.order)
    counts = np.bincount(group[asked], minlength=size)
    pairs = np.bincount(group[asked], over[asked], size)
    rows = [
        _row(ERROR, grouping.attribute, *one)
        for one in zip(grouping.order, counts, pairs, strict=True)
    ]
    for g in _shown(rows, counts, minimum):
        here = asked & (group == g)
        name = grouping.order[g]
        rng = generator(seed, ERROR, grouping.attribute, name)
        _error_of(rows[g], values[name], gaps[here], over[here], rng)
        rows[g][CHANCE] = _by_chance(judged.probability[here[judged.person]], rng)
    return rows


def _error_of(
    row: dict[str, Any], value: float, gaps: Floats, over: Floats, rng: np.random.Generator
) -> None:
    sums = weighted_sums(rng, np.column_stack([gaps, over]))
    drawn = np.abs(sums[:, :-1]).sum(axis=1) / sums[:, -1]
    row[VALUE] = value
    row[LOW], row[HIGH] = interval(drawn, value, len(over) - 1)


def _by_chance(probability: Floats, rng: np.random.Generator) -> float:
    """Mean calibration error of worlds in which every probability is exactly right."""
    bins = binned(probability)
    worlds = max(1, min(N_WORLDS, 10**7 // max(len(probability), 1)))
    errors = [
        calibration_error((rng.random(len(probability)) < probability) * 1.0, probability, bins)
        for _ in range(worlds)
    ]
    return float(np.mean(errors))


def _everybody(judged: Judged, metric: str, minimum: int, seed: int) -> dict[str, Any]:
    if metric == ERROR:
        gaps, over = judged.gaps()
        asked = over > 0
        row = _row(metric, EVERYBODY, EVERYBODY, int(asked.sum()), over.sum())
        if _shown([row], np.array([row[N]]), minimum):
            rng = generator(seed, metric, EVERYBODY)
            value = calibration_error(judged.relevant, judged.probability)
            _error_of(row, value, gaps[asked], over[asked], rng)
            row[CHANCE] = _by_chance(judged.probability, rng)
        return row
    total, over = judged.sums(metric)
    asked = over > 0
    row = _row(metric, EVERYBODY, EVERYBODY, int(asked.sum()), over.sum())
    if _shown([row], np.array([row[N]]), minimum):
        drawn = _Part(metric, total[asked], over[asked], seed).draws(slice(None), EVERYBODY)
        row[VALUE] = float(total.sum() / over.sum())
        row[LOW], row[HIGH] = interval(drawn, row[VALUE], row[N] - 1)
    return row


def _row(metric: str, attribute: str, group: str, n: int, pairs: float) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(DECISIONS)
    said = {METRIC: metric, ATTRIBUTE: attribute, GROUP: group, N: int(n), PAIRS: int(pairs)}
    return row | said | {"suppressed": False}


def _shown(rows: list[dict[str, Any]], counts: Ints, minimum: int) -> list[int]:
    """Places of the groups that may be shown; the rows of the others say why not."""
    few = {g for g in range(len(rows)) if counts[g] < minimum}
    hidden = withheld(counts, few, minimum)
    for g in few | ({hidden} if hidden is not None else set()):
        why = WITHHELD if g == hidden else TOO_FEW
        rows[g] |= {"suppressed": True, "note": f"{why} (n < {minimum})", PAIRS: None}
    return [g for g in range(len(rows)) if not rows[g]["suppressed"]]
