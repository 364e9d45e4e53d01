"""Parity of decisions between groups: Fairlearn's named measures, with intervals over people."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from workbench.audit.decision_groups import FPR, SELECTED, TPR, Judged, sensitive
from workbench.audit.groups import Grouping, codes
from workbench.audit.intervals import Floats, generator, plausible_means, weighted_sums
from workbench.columns import ATTRIBUTE, HIGH, LOW, VALUE, N

MEASURES = {
    "demographic_parity": (SELECTED,),
    "equalized_odds": (TPR, FPR),
    "equal_opportunity": (TPR,),
}
"""Fairlearn's name, and the rates that it compares."""
FORMS = ("difference", "ratio")
PARITIES = {
    "measure": pl.String,
    ATTRIBUTE: pl.String,
    N: pl.Int64,
    VALUE: pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    "groups": pl.List(pl.String),
    "note": pl.String,
}


def parities_frame(
    judged: Judged, groupings: Sequence[Grouping], shown: pl.DataFrame, seed: int
) -> pl.DataFrame:
    """Fairlearn's measures of each attribute, over the groups that are shown.

    Parameters
    ----------
    judged : Judged
    groupings : sequence of Grouping
    shown : polars.DataFrame
        Of ``decisions_frame``: a group is compared where all its rates are shown.
    seed : int

    Returns
    -------
    polars.DataFrame
        ``measure``: "demographic_parity_difference", "demographic_parity_ratio", and the same of
        "equalized_odds" and "equal_opportunity"; ``value`` is that of the function of this name
        in ``fairlearn.metrics`` (differences: 0 is parity; ratios: 1), over the pairs of the
        ``n`` people of the ``groups`` compared. Fewer than two groups: null, and a ``note``.
    """
    found: list[dict[str, Any]] = []
    rates = shown.filter(pl.col("metric").is_in([SELECTED, TPR, FPR]))
    for grouping in groupings:
        mine = rates.filter(pl.col(ATTRIBUTE) == grouping.attribute)
        hidden = set(mine.filter("suppressed")["group"])
        compared = [name for name in grouping.order if name not in hidden]
        found += _of_attribute(judged, grouping, compared, seed)
    return pl.DataFrame(found, schema=PARITIES, orient="row")


def _of_attribute(
    judged: Judged, grouping: Grouping, compared: list[str], seed: int
) -> list[dict[str, Any]]:
    places = [grouping.order.index(name) for name in compared]
    here = np.isin(codes(grouping)[judged.person], places)
    rows: list[dict[str, Any]] = [
        {
            "measure": f"{name}_{form}",
            ATTRIBUTE: grouping.attribute,
            N: len(np.unique(judged.person[here])),
            "groups": compared,
        }
        for name in MEASURES
        for form in FORMS
    ]
    if len(compared) < 2:
        return [row | {"note": "fewer than two groups are large enough"} for row in rows]
    drawn = {
        metric: rates_drawn(judged, grouping, places, metric, seed)
        for metric in (SELECTED, TPR, FPR)
    }
    for row, (name, form) in zip(rows, [(m, f) for m in MEASURES for f in FORMS], strict=True):
        value = fairlearn_measure(row["measure"], judged, grouping, here)
        if not np.isfinite(value):  # 0 to 0: nobody was selected anywhere
            row["note"] = "a rate is 0 in every group"
            continue
        row[VALUE] = value
        low, high = of_the_widest([drawn[metric] for metric in MEASURES[name]], form)
        row[LOW], row[HIGH] = min(low, value), max(high, value)
    return rows


def fairlearn_measure(measure: str, judged: Judged, grouping: Grouping, here: Any) -> float:
    """A function of ``fairlearn.metrics``, called with the pairs of ``here``."""
    import pandas as pd
    from fairlearn import metrics

    names = pd.Series(sensitive(judged, grouping), name=grouping.attribute)[here]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in audit.people
        return float(
            getattr(metrics, measure)(
                judged.relevant[here].astype(np.int64),
                judged.decision[here].astype(np.int64),
                sensitive_features=names.reset_index(drop=True),
            )
        )


def rates_drawn(
    judged: Judged, grouping: Grouping, places: list[int], metric: str, seed: int
) -> tuple[Floats, Floats]:
    """Rates of the groups, ``(n_groups,)``, and plausible ones, ``(n_groups, n_draws)``."""
    total, over = judged.sums(metric)
    group = codes(grouping)
    rates, draws = [], []
    for place in places:
        mine = (group == place) & (over > 0)
        size = over[mine].mean()
        rng = generator(seed, metric, "parity", grouping.attribute, grouping.order[place])
        sums = weighted_sums(rng, np.column_stack([total[mine], over[mine]]) / size)
        rates.append(total[mine].sum() / over[mine].sum())
        draws.append(plausible_means(sums[:, 0], sums[:, 1], rng, bounded=True))
    return np.array(rates), np.array(draws)


def of_the_widest(
    parts: Sequence[tuple[Floats, Floats]], form: str = "difference", level: float = 0.95
) -> tuple[float, float]:
    """Interval of the largest difference (the smallest ratio) between any two groups.

    The largest of several differences is large partly by luck: plain bootstrap quantiles of it
    leave out 0 even where all groups are alike. So every pair of groups gets an interval, all of
    them right at once (the quantile of the largest standardised deviation), and the largest
    difference lies between the largest of their lower and of their upper ends.

    Parameters
    ----------
    parts : sequence of (n_groups,) and (n_groups, n_draws)
        Figures of each group, and plausible ones; positive for ratios. Each part is compared by
        itself.
    form : str
        "difference" or "ratio".
    level : float

    Source: Romano and Wolf 2005, "Exact and approximate stepdown methods for multiple hypothesis
    testing", for the simultaneous intervals.
    """
    ratio = form == "ratio"
    gaps, deviations = [], []
    for values, draws in parts:
        centre, around = (np.log(draws.mean(axis=1)), np.log(draws)) if ratio else (values, draws)
        one, two = np.triu_indices(len(centre), 1)
        gaps.append(np.abs(centre[one] - centre[two]))
        moved = around[one] - around[two]
        deviations.append(moved - moved.mean(axis=1, keepdims=True))
    gap, deviation = np.concatenate(gaps), np.concatenate(deviations)
    error = deviation.std(axis=1)
    safe = np.where(error > 0, error, 1.0)
    half = error * np.quantile(np.abs(deviation / safe[:, None]).max(axis=0), level)
    low, high = float((gap - half).clip(0).max()), float((gap + half).max())
    return (float(np.exp(-high)), float(np.exp(-low))) if ratio else (low, high)
