"""A log at a glance: how long histories are, how attention is spread, what is missing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.columns import GENRES, ITEM, TIME, TITLE, USER, VALUE, YEAR

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset
    from workbench.data.split import Split

MOST_BARS = 20
SHARES = np.array([0.0, 0.01, 0.02, 0.05, *np.arange(0.1, 1.01, 0.05).round(2)])
"""Of the items, most popular first: where the curve of attention is read."""
STEPS = (("1h", 3600.0), ("1d", 86_400.0), ("1w", 604_800.0), ("1mo", 2.63e6), ("1y", 3.156e7))
MOST_STEPS = 48


def all_events(split: Split) -> pl.DataFrame:
    """What the log was before it was cut: events to learn from, of guests, and kept back."""
    train = split.train
    parts = [p for p in (train.interactions, train.guest_interactions, split.test) if p.height]
    shared = [c for c in train.interactions.columns if all(c in p.columns for p in parts)]
    return pl.concat([p.select(shared) for p in parts], how="vertical_relaxed")


def histories(events: pl.DataFrame) -> pl.DataFrame:
    """How many people have how many events.

    Returns
    -------
    polars.DataFrame
        ``length`` ("1", "2 to 3", "4 to 7", ...: each bar twice as wide as the one before),
        ``people``, ``share``; shortest first, no bar left out in between.
    """
    lengths = events.group_by(USER).len()["len"].to_numpy()
    if not len(lengths):
        return pl.DataFrame(schema={"length": pl.String, "people": pl.Int64, "share": pl.Float64})
    bars = np.floor(np.log2(lengths)).astype(np.int64)
    first, counts = int(bars.min()), np.bincount(bars - bars.min())
    names = [_between(2**b, 2 ** (b + 1) - 1) for b in range(first, first + len(counts))]
    return pl.DataFrame({"length": names, "people": counts, "share": counts / len(lengths)})


def attention(events: pl.DataFrame) -> pl.DataFrame:
    """Which share of all events goes to which share of the items, most popular first.

    Returns
    -------
    polars.DataFrame
        ``items``, ``events``: shares from 0 to 1; a straight line would be the same for all.
        Only items with an event are counted.
    """
    counts = np.sort(events.group_by(ITEM).len()["len"].to_numpy())[::-1]
    if not len(counts):
        return pl.DataFrame(schema={"items": pl.Float64, "events": pl.Float64})
    reached = np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])
    places = np.arange(len(reached)) / len(counts)
    return pl.DataFrame({"items": SHARES, "events": np.interp(SHARES, places, reached)})


def value_counts(events: pl.DataFrame) -> pl.DataFrame:
    """How often each value was given: ``value`` (text), ``n``; empty where there are none.

    Many different values are counted in bars of one width.
    """
    nothing = pl.DataFrame(schema={"value": pl.String, "n": pl.Int64})
    if VALUE not in events.columns:
        return nothing
    values = events[VALUE].drop_nulls().drop_nans()
    if not len(values):
        return nothing
    if values.n_unique() <= MOST_BARS:
        counts = values.value_counts().sort(VALUE)
        return pl.DataFrame({"value": [f"{v:g}" for v in counts[VALUE]], "n": counts["count"]})
    n, edges = np.histogram(values.to_numpy(), bins=MOST_BARS)
    names = [f"{a:.3g} to {b:.3g}" for a, b in pairwise(edges)]
    return pl.DataFrame({"value": names, "n": n})


def over_time(events: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """How many events there were when.

    Returns
    -------
    polars.DataFrame
        ``moment`` (start of the step, UTC), ``n``; steps without events are left out.
    str
        The step: "1h", "1d", "1w", "1mo" or "1y", the shortest that gives few enough.
    """
    nothing = pl.DataFrame(schema={"moment": pl.Datetime("ms"), "n": pl.Int64})
    if TIME not in events.columns:
        return nothing, "1y"
    seconds = events[TIME].drop_nulls().drop_nans()
    if not len(seconds):
        return nothing, "1y"
    span = float(seconds.max()) - float(seconds.min())  # type: ignore[arg-type]
    step = next((name for name, length in STEPS if span / length <= MOST_STEPS), STEPS[-1][0])
    moments = pl.from_epoch((seconds * 1000).cast(pl.Int64), "ms").dt.truncate(step)
    counts = moments.alias("moment").value_counts(name="n").sort("moment")
    return counts.cast({"n": pl.Int64}), step


def missing(dataset: Dataset) -> pl.DataFrame:
    """What a log could have and this one has not, or only in part.

    Returns
    -------
    polars.DataFrame
        ``what``, ``there`` (share of rows that have it, 0 to 1), ``without`` (what follows from
        its absence), one row for each thing that the workbench can make use of.
    """
    events, items, users = dataset.interactions, dataset.items, dataset.users
    attributes = [c for c in users.columns if c != USER]
    rows = [
        ("moments of events", _told(events, TIME), "the split is by chance, and nothing about "
         "freshness, order or seasons can be said"),
        ("ratings or amounts", _told(events, VALUE), "an event says that it happened, not how "
         "it was liked"),
        ("titles", _told(items, TITLE), "items are shown by their ids"),
        ("genres", _told(items, GENRES), "content, diversity by genre and calibration cannot "
         "be used"),
        ("years", _told(items, YEAR), "what is old and what is new is not known"),
        ("facts about people", max((_told(users, a) for a in attributes), default=0.0),
         "the audit cannot compare groups of people"),
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=["what", "there", "without"], orient="row")


def _told(frame: pl.DataFrame, column: str) -> float:
    if column not in frame.columns or frame.height == 0:
        return 0.0
    cells = frame[column]
    there = cells.list.len().fill_null(0) > 0 if cells.dtype == pl.List else cells.is_not_null()
    return float(there.mean() or 0.0)  # type: ignore[arg-type]


def _between(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
