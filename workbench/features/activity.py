"""Features of the person alone: how much they did, how lately, and how they judge."""

from __future__ import annotations

import numpy as np

from workbench.features.catalogue import feature
from workbench.features.needs import TIMED, VALUED
from workbench.features.pairs import Pairs
from workbench.features.signal import Column


@feature(group="activity", meaning="items in the history", unit="log(1 + n)", source="history")
def history_length(pairs: Pairs) -> Column:
    return np.log1p(pairs.total(pairs.weight))[pairs.row]


@feature(
    group="activity",
    meaning="share of the history that is relevant",
    unit="share",
    source="history.value",
    needs=VALUED,
)
def history_liked(pairs: Pairs) -> Column:
    return pairs.mean(pairs.liked, pairs.weight)[pairs.row]


@feature(
    group="activity",
    meaning="share of the last events that are relevant",
    unit="share",
    source="history.value",
    needs=VALUED | TIMED,
)
def history_liked_lately(pairs: Pairs) -> Column:
    return pairs.mean(pairs.liked, pairs.recent)[pairs.row]


@feature(
    group="activity",
    meaning="mean value that the person gives",
    unit="value",
    source="history.value",
    needs=VALUED,
)
def history_value(pairs: Pairs) -> Column:
    value = np.nan_to_num(pairs.profiles.value)
    return pairs.mean(value, pairs.weight * ~np.isnan(pairs.profiles.value))[pairs.row]


@feature(
    group="activity",
    meaning="time since the person's first event",
    unit="log(1 + hours)",
    source="history.timestamp",
    needs=TIMED,
)
def history_span(pairs: Pairs) -> Column:
    people = pairs.profiles
    first = np.full(len(people), np.inf)
    counts = (pairs.weight > 0) & np.isfinite(people.timestamp)
    np.minimum.at(first, people.row, np.where(counts, people.timestamp, np.inf))
    first = np.where(np.isfinite(first), first, pairs.now)
    return np.log1p(np.maximum(pairs.now - first, 0.0) / 3600)[pairs.row]


@feature(
    group="activity",
    meaning="items met in the last hour",
    unit="log(1 + n)",
    source="history.timestamp",
    needs=TIMED,
)
def history_last_hour(pairs: Pairs) -> Column:
    people = pairs.profiles
    late = pairs.now[people.row] - people.timestamp < 3600
    return np.log1p(pairs.total(pairs.weight * late))[pairs.row]


FEATURES = [
    history_length,
    history_liked,
    history_liked_lately,
    history_value,
    history_span,
    history_last_hour,
]
