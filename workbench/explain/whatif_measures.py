"""Frames of a what-if for many, from the lists of everybody before and after."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from workbench.columns import DEFINITION, HIGH, ITEM, LOW, MEAN, METRIC, ROW, USER, N
from workbench.data.split import Split
from workbench.evaluation.catalogue import catalogue_metrics
from workbench.evaluation.definitions import (
    METRICS,
    PROTOCOL,
    fitted_elsewhere,
    ranking_protocol,
)
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.resampling import Sums, interval, resampled, unanimous
from workbench.evaluation.rows import metrics_of
from workbench.evaluation.uncertainty import compare
from workbench.models.base import Recommender
from workbench.ranking.policy import Policy
from workbench.slate import Slates, rank_biased_overlap
from workbench.vocabulary import Id

MEASURED = {
    METRIC: pl.String,
    **dict.fromkeys(("before", "after", "difference", LOW, HIGH, "p_adjusted"), pl.Float64),
    N: pl.Int64,
    "better": pl.Int64,
    DEFINITION: pl.String,
}
REACH = {
    "measure": pl.String,
    "value": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
}


def people_frame(
    slates: Mapping[str, Slates],
    told: pl.DataFrame,
    split: Split | None,
    item_id: Id | None,
) -> pl.DataFrame:
    """One row per person: how their two lists differ; see ``WhatIf.people``."""
    found = []
    for old, new in zip(slates["before"], slates["after"], strict=True):
        one, two = old.items, new.items
        same = one == two
        gone, come = set(one).difference(two), set(two).difference(one)
        about = (None, None) if item_id is None else (item_id in one, item_id in two)
        overlap = 1.0 if same else rank_biased_overlap(one, two)
        found.append((not same, overlap, len(come), len(gone), *about))
    schema = {
        "changed": pl.Boolean,
        "overlap": pl.Float64,
        "entered": pl.Int64,
        "left": pl.Int64,
        "shown_before": pl.Boolean,
        "shown_after": pl.Boolean,
    }
    frame = pl.DataFrame(found, schema=schema, orient="row")
    return pl.concat([frame, told], how="horizontal").select(
        pl.Series(ROW, range(frame.height), dtype=pl.Int64),
        _user_ids(split, frame.height),
        "edited",
        *schema,
        _chosen(split, frame.height, item_id),
        "stage",
        "rank",
        "place",
    )


def _user_ids(split: Split | None, n: int) -> pl.Series:
    if split is None:
        return pl.Series(USER, [None] * n, dtype=pl.String)
    ids, _ = split.people()
    return split.train.people.ids.gather(split.train.people.codes(ids)).alias(USER)


def _chosen(split: Split | None, n: int, item_id: Id | None) -> pl.Series:
    """Who chose the item later."""
    if split is None or item_id is None:
        return pl.Series("chosen", [None] * n, dtype=pl.Boolean)
    column = split.relevant_matrix()[:, [split.train.catalogue.code(item_id)]]
    return pl.Series("chosen", column.toarray().ravel() > 0)


def items_frame(lists: Mapping[str, pl.DataFrame], item_id: Id | None) -> pl.DataFrame:
    """One row per item that is shown to anybody; see ``WhatIf.items``."""
    one, two = (lists[side].select(ROW, ITEM) for side in ("before", "after"))
    come, gone = (
        two.join(one, on=[ROW, ITEM], how="anti"),
        one.join(two, on=[ROW, ITEM], how="anti"),
    )

    def within(frame: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
        """Those in lists on whose other side the item of the change is."""
        rows = other.filter(pl.col(ITEM) == item_id)[ROW] if item_id is not None else None
        kept = frame.clear() if rows is None else frame.filter(pl.col(ROW).is_in(rows.implode()))
        return kept.filter(pl.col(ITEM) != item_id) if item_id is not None else kept

    counted = {
        "before": one,
        "after": two,
        "entered": come,
        "left": gone,
        "replaces": within(come, gone),
        "gives_way": within(gone, come),
    }
    frame = pl.concat([one, two]).select(ITEM).unique()
    for name, part in counted.items():
        count = part.group_by(ITEM).agg(pl.len().cast(pl.Int64).alias(name))
        frame = frame.join(count, on=ITEM, how="left")
    difference = (pl.col("after") - pl.col("before")).alias("difference")
    text = pl.col(ITEM).cast(pl.String)
    return (
        frame.with_columns(pl.col(*counted).fill_null(0))
        .with_columns(difference)
        .sort(
            -pl.col("difference").abs(),
            -(pl.col("entered") + pl.col("left")),
            -pl.col("after"),
            text.str.len_bytes(),
            text,
        )
        .select(ITEM, "before", "after", "difference", "entered", "left", "replaces", "gives_way")
    )


def metrics_frame(
    model: Recommender,
    split: Split | None,
    slates: Mapping[str, Slates],
    k: int,
    policy: Policy | None,
    level: float,
    seed: int,
    n_boot: int,
) -> pl.DataFrame:
    """Every figure before and after, paired; see ``WhatIf.metrics``."""
    if split is None:
        return pl.DataFrame(schema=MEASURED)
    lists = "all unseen items ranked" + (", then a policy" if policy is not None else "")
    words = ranking_protocol(split, lists) + fitted_elsewhere(model, split)
    rows = {
        side: evaluate(one, split, k).with_columns(pl.lit(words).alias(PROTOCOL))
        for side, one in slates.items()
    }
    names = [m for m in metrics_of(rows["after"]) if _in_both(rows, m).any()]
    compared = compare(
        {"after": rows["after"], "before": rows["before"]}, "before", names, level, seed, n_boot
    )
    means = {
        side: [frame.filter(_in_both(rows, m))[m].mean() for m in names]
        for side, frame in rows.items()
    }
    people = compared.with_columns(
        pl.Series("before", means["before"], dtype=pl.Float64),
        pl.Series("after", means["after"], dtype=pl.Float64),
        pl.Series("better", [METRICS[m].better for m in names], dtype=pl.Int64),
    ).select(*MEASURED)
    if not all(one.frame.height for one in slates.values()):
        return people
    before, after = (
        catalogue_metrics(slates[side], split.train, k, level, seed, n_boot)
        for side in ("before", "after")
    )
    together = before.select(
        METRIC,
        pl.col(MEAN).alias("before"),
        after[MEAN].alias("after"),
        (after[MEAN] - pl.col(MEAN)).alias("difference"),
        *(pl.lit(None, dtype=pl.Float64).alias(name) for name in (LOW, HIGH, "p_adjusted")),
        N,
        pl.lit(0, dtype=pl.Int64).alias("better"),
        DEFINITION,
    )
    return pl.concat([people, together])


def _in_both(rows: Mapping[str, pl.DataFrame], metric: str) -> pl.Series:
    return rows["before"][metric].is_not_null() & rows["after"][metric].is_not_null()


def reach_frame(
    people: pl.DataFrame,
    edits: bool,
    item_id: Id | None,
    level: float,
    seed: int,
    n_boot: int,
) -> pl.DataFrame:
    """How many people it reaches, with intervals; see ``WhatIf.reach``."""
    names = [*(["edited"] if edits else []), "changed", "overlap"]
    names += [] if item_id is None else ["shown_before", "shown_after"]
    found = []
    for name in names:
        values = people[name].cast(pl.Float64).to_numpy()
        sums = Sums(values, np.ones(len(values)))
        low, high = interval(resampled([sums], n_boot, seed)[0], sums.figure, sums.influence, level)
        if len(values) > 1 and np.ptp(values) == 0:
            low, high = unanimous(sums.figure, sums.n, 0.0, 1.0, level)
        found.append((name, sums.figure, low, high, sums.n))
    return pl.DataFrame(found, schema=REACH, orient="row").with_columns(
        pl.col(LOW, HIGH).fill_nan(None)
    )
