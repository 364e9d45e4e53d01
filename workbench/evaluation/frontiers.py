"""Frontiers: what each kind of policy setting does to everybody, from one scoring."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import DEFINITION, HIGH, LOW, MEAN, METRIC, N
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.evaluation.catalogue import catalogue_metrics
from workbench.evaluation.definitions import (
    METRICS,
    PROTOCOL,
    check_asked,
    fitted_elsewhere,
    ranking_protocol,
)
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.frontier import CAP, DIAL, DIALLED, slates_of, turned
from workbench.evaluation.resampling import Sums, interval
from workbench.evaluation.rows import metrics_of
from workbench.evaluation.uncertainty import resampled_together, summarise
from workbench.models.base import Recommender
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k

POLICY = "policy"
DIFFERENCE, DIFFERENCE_LOW, DIFFERENCE_HIGH = "difference", "difference_low", "difference_high"
FRONTIERS = {
    DIAL: pl.String,
    DIALLED: pl.Float64,
    POLICY: pl.String,
    METRIC: pl.String,
    **dict.fromkeys((MEAN, LOW, HIGH), pl.Float64),
    **dict.fromkeys((DIFFERENCE, DIFFERENCE_LOW, DIFFERENCE_HIGH), pl.Float64),
    N: pl.Int64,
    DEFINITION: pl.String,
}
"""Columns of ``frontiers``."""
DIALS: Mapping[str, tuple[float, ...]] = {
    "diversity": (0.0, 0.1, 0.25, 0.5, 0.75),
    "calibration": (0.0, 0.25, 0.5, 0.75, 1.0),
    "popularity_penalty": (0.0, 0.1, 0.25, 0.5, 0.75),
    "epsilon": (0.0, 0.1, 0.25, 0.5),
    CAP: (0.0, 5.0, 3.0, 2.0),
}
"""Kinds of settings, each from off to far."""
OF_EVERYBODY = (
    "ndcg", "recall", "hit_rate", "diversity", "novelty", "serendipity", "miscalibration",
    "popularity_lift", "coverage", "gini", "tail_share",
)  # fmt: skip


def frontiers(
    model: Recommender,
    split: Split,
    dials: Mapping[str, Sequence[float]] = DIALS,
    k: int = 10,
    policy: Policy | None = None,
    metrics: Sequence[str] = OF_EVERYBODY,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 1000,
    say: Callable[[str], None] | None = None,
) -> pl.DataFrame:
    """Accuracy and what lies beyond it at a few values of each dial of a policy.

    Everybody is scored once; each setting chooses from the same ranked items, one dial turned at
    a time. A dial that the items cannot feed (diversity without genres) is left out.

    Parameters
    ----------
    model : Recommender
        Fitted on ``split.train``.
    split : Split
    dials : mapping of dial to values
        As of ``frontier``; 0 is off. Whether it is named or not, every dial is told at 0, too.
    k, policy, metrics, level, seed, n_boot
        As of ``frontier``.
    say : callable, optional
        Hears how many settings are measured.

    Returns
    -------
    polars.DataFrame
        ``dial, value``; ``policy``, the parameters of ``wb.Policy`` that are not neutral, as
        JSON; ``metric, mean, low, high``; ``difference`` to the same dial at 0, paired over
        people, with ``difference_low`` and ``difference_high``; ``n`` and ``definition``. Coverage
        and Gini have no intervals; a metric that the log cannot feed has null.

    Raises
    ------
    ArgumentError
        A dial, a value, a metric or ``k`` cannot work; nothing has been scored then.
    DataError
        Nobody has a relevant test item.
    """
    check_k(k)
    check_asked(model, split)
    for name in metrics:
        if name not in METRICS and name not in OF_EVERYBODY:
            raise ArgumentError(f"metrics holds {name!r}; there are {', '.join(OF_EVERYBODY)}")
    base = Policy.for_dataset(split.train) if policy is None else policy
    settings: list[tuple[str, float, Policy]] = []
    for dial, values in dials.items():
        policy_at = turned(base, dial)
        if dial in ("diversity", "calibration", CAP) and not _tells(base):
            continue
        wanted = dict.fromkeys([0.0, *map(float, values)])
        settings += [(dial, value, policy_at(value)) for value in wanted]
    policies = list(dict.fromkeys(one for _, _, one in settings))
    for one in policies:
        one.check(model.catalogue, k)
    words = ranking_protocol(split, "all unseen items ranked, then a policy")
    words += fitted_elsewhere(model, split)
    how: dict[str, Any] = {"level": level, "seed": seed, "n_boot": n_boot}
    rows, totals = {}, {}
    lists = slates_of(model, split, policies, k)
    for place, (one, slates) in enumerate(zip(policies, lists, strict=True), start=1):
        if say is not None:
            say(f"{place} of {len(policies)} settings")
        rows[one] = evaluate(slates, split, k).with_columns(pl.lit(words).alias(PROTOCOL))
        totals[one] = pl.concat(
            [
                summarise(rows[one], **how),
                catalogue_metrics(slates, split.train, k, **how),
            ]
        )
    off = {dial: one for dial, value, one in settings if value == 0}
    pairs = list(dict.fromkeys((one, off[dial]) for dial, _, one in settings))
    gaps = dict(zip(pairs, _gaps([(rows[a], rows[b]) for a, b in pairs], how), strict=True))
    order = pl.DataFrame({METRIC: list(metrics)}, schema={METRIC: pl.String})
    found = [pl.DataFrame(schema=FRONTIERS)]
    for dial, value, one in settings:
        figures = order.join(totals[one], on=METRIC, how="left", maintain_order="left")
        before = totals[off[dial]].select(METRIC, pl.col(MEAN).alias("before"))
        found.append(
            figures.join(before, on=METRIC, how="left", maintain_order="left")
            .join(gaps[one, off[dial]], on=METRIC, how="left", maintain_order="left")
            .select(
                pl.lit(dial).alias(DIAL),
                pl.lit(value).alias(DIALLED),
                pl.lit(json.dumps(said(one), default=str)).alias(POLICY),
                pl.col(METRIC, MEAN, LOW, HIGH),
                (pl.col(MEAN) - pl.col("before")).alias(DIFFERENCE),
                pl.col(DIFFERENCE_LOW, DIFFERENCE_HIGH, N, DEFINITION),
            )
        )
    return pl.concat(found)


def said(policy: Policy) -> dict[str, Any]:
    """The parameters of a policy that are not neutral; its table of items is not told."""
    told = {}
    for part in fields(policy):
        value = getattr(policy, part.name)
        neutral = part.default_factory() if callable(part.default_factory) else part.default
        if part.name not in ("items", "relevant_from") and value != neutral:
            told[part.name] = value
    return told


def _tells(base: Policy) -> bool:
    """Whether the items say what they are, in the column that a policy reads."""
    return base.items is not None and base.column in base.items.columns


def _gaps(
    pairs: Sequence[tuple[pl.DataFrame, pl.DataFrame]], how: dict[str, Any]
) -> list[pl.DataFrame]:
    """Intervals of the paired differences of each metric, for rows of the same people."""
    sums, masks, names = [], [], []
    for rows, rows_off in pairs:
        names.append(metrics_of(rows))
        for metric in names[-1]:
            gap = (rows[metric] - rows_off[metric]).fill_null(np.nan).to_numpy()
            masks.append(np.isfinite(gap))
            sums.append(Sums(gap, np.ones(len(gap))).where(masks[-1]))
    boots = resampled_together(sums, masks, how["n_boot"], how["seed"])
    ends = iter(
        interval(boot, one.figure, one.influence, how["level"])
        for one, boot in zip(sums, boots, strict=True)
    )
    schema = {METRIC: pl.String, DIFFERENCE_LOW: pl.Float64, DIFFERENCE_HIGH: pl.Float64}
    return [
        pl.DataFrame(
            [(metric, *next(ends)) for metric in told], schema=schema, orient="row"
        ).with_columns(pl.col(pl.Float64).fill_nan(None))
        for told in names
    ]
