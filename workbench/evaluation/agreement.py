"""How alike the lists of several models are, person by person."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import polars as pl

from workbench.columns import HIGH, ITEM, LOW, MEAN, RANK, N
from workbench.errors import ArgumentError
from workbench.evaluation.resampling import Sums, interval, resampled, unanimous
from workbench.slate import Slate, Slates, rank_biased_overlap
from workbench.vocabulary import Id

OVERLAP, JACCARD = "overlap", "jaccard"
SCHEMA = {
    "model": pl.String,
    "against": pl.String,
    "measure": pl.String,
    MEAN: pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
}


def jaccard(first: list[Id], second: list[Id]) -> float:
    """Items of both lists / items of either, 0 to 1; two empty lists agree (1.0)."""
    either = set(first) | set(second)
    return len(set(first) & set(second)) / len(either) if either else 1.0


def agreement(
    slates: Mapping[str, Slates], level: float = 0.95, seed: int = 0, n_boot: int = 2000
) -> pl.DataFrame:
    """How alike the lists of each two models are, as means over people with intervals.

    Parameters
    ----------
    slates : mapping of model to Slates
        Row ``i`` of all of them is the same person.
    level, seed, n_boot
        Of the bootstrap over people, as in ``wb.summarise``.

    Returns
    -------
    polars.DataFrame
        Two rows for each two models: ``model, against, measure, mean, low, high, n``; ``measure``
        is "overlap" (rank-biased overlap, in which the first places count most) or "jaccard"
        (items of both / items of either).

    Raises
    ------
    ArgumentError
        There are fewer than two models, or not all have lists of the same number of people.
    """
    counts = {name: len(one) for name, one in slates.items()}
    if len(slates) < 2:
        raise ArgumentError(f"slates are of {list(slates)}; give those of at least two models")
    if len(set(counts.values())) > 1 or not all(counts.values()):
        raise ArgumentError(f"slates are of different or no people: {counts}; ask all about one")
    lists = {name: [slate.items for slate in one] for name, one in slates.items()}
    found = []
    for one, two in combinations(slates, 2):
        for name, measure in ((OVERLAP, rank_biased_overlap), (JACCARD, jaccard)):
            each = [measure(a, b) for a, b in zip(lists[one], lists[two], strict=True)]
            values = np.array(each, dtype=np.float64)
            sums = Sums(values, np.ones(len(values)))
            boot = resampled([sums], n_boot, seed)[0]
            low, high = interval(boot, sums.figure, sums.influence, level)
            if len(values) > 1 and np.ptp(values) == 0:
                low, high = unanimous(sums.figure, sums.n, 0.0, 1.0, level)
            found.append((one, two, name, sums.figure, low, high, sums.n))
    frame = pl.DataFrame(found, schema=SCHEMA, orient="row")
    return frame.with_columns(pl.col(LOW, HIGH).fill_nan(None))


def exposure(slates: Mapping[str, Slates]) -> pl.DataFrame:
    """In how many lists of each model an item is.

    Returns
    -------
    polars.DataFrame
        One row per item of any list: ``item_id``, one column per model, and ``models``, the number
        of models that show it to anybody. What only few models show comes first, then what is in
        most lists.
    """
    frames = {name: one.frame.group_by(ITEM).len(name) for name, one in slates.items()}
    found = pl.concat([frame.select(ITEM) for frame in frames.values()]).unique()
    for name, frame in frames.items():
        found = found.join(frame.with_columns(pl.col(name).cast(pl.Int64)), on=ITEM, how="left")
    shown = pl.sum_horizontal((pl.col(name) > 0).cast(pl.Int64) for name in frames)
    most = pl.max_horizontal(pl.col(*frames))
    text = pl.col(ITEM).cast(pl.String)
    return (
        found.with_columns(pl.col(*frames).fill_null(0))
        .with_columns(shown.alias("models"))
        .sort("models", -most, text.str.len_bytes(), text)
    )


def only_in(slates: Mapping[str, Slate]) -> pl.DataFrame:
    """Items of one person's lists that a single model shows.

    Returns
    -------
    polars.DataFrame
        ``model, item_id, rank``, in the order of the models and places.
    """
    parts = [
        one.frame.select(pl.lit(name).alias("model"), ITEM, pl.col(RANK).cast(pl.Int64))
        for name, one in slates.items()
    ]
    together = pl.concat(parts)
    return together.filter(pl.col(ITEM).is_unique())
