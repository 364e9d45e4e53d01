"""Features of the item alone: popularity, freshness, quality."""

from __future__ import annotations

import numpy as np

from workbench.features.catalogue import feature
from workbench.features.needs import DATED, TIMED, VALUED
from workbench.features.pairs import Pairs
from workbench.features.popularity import DAY
from workbench.features.signal import Column

YEAR_SECONDS = 365.25 * DAY


@feature(
    group="popularity", meaning="people who met the item", unit="log(1 + n)", source="interactions"
)
def n_events(pairs: Pairs) -> Column:
    return np.log1p(pairs.tables.events)[pairs.item]


@feature(
    group="popularity",
    meaning="people for whom the item was relevant",
    unit="log(1 + n)",
    source="interactions",
)
def n_relevant(pairs: Pairs) -> Column:
    return np.log1p(pairs.tables.relevant)[pairs.item]


def _events_in(pairs: Pairs, days: float) -> Column:
    popularity = pairs.tables.popularity
    assert popularity is not None, "made only for logs with timestamps"
    until, since = popularity.at(pairs.now), popularity.at(pairs.now - days * DAY)
    counts = popularity.counts[until] - popularity.counts[since]
    return np.log1p(counts[pairs.row, pairs.item])


@feature(
    group="popularity",
    meaning="times the item was met in the last 7 days",
    unit="log(1 + n)",
    source="interactions",
    as_of="world",
    needs=TIMED,
)
def events_7_days(pairs: Pairs) -> Column:
    return _events_in(pairs, 7.0)


@feature(
    group="popularity",
    meaning="times the item was met in the last 30 days",
    unit="log(1 + n)",
    source="interactions",
    as_of="world",
    needs=TIMED,
)
def events_30_days(pairs: Pairs) -> Column:
    return _events_in(pairs, 30.0)


@feature(
    group="popularity",
    meaning="popularity of late, fading with a half-life of 60 days",
    unit="relevant events",
    source="interactions",
    as_of="world",
    needs=TIMED,
)
def trending(pairs: Pairs) -> Column:
    popularity = pairs.tables.popularity
    assert popularity is not None, "made only for logs with timestamps"
    return popularity.decayed[popularity.at(pairs.now)[pairs.row], pairs.item]


def _trend(pairs: Pairs, days: float) -> Column:
    popularity = pairs.tables.popularity
    assert popularity is not None, "made only for logs with timestamps"
    counts, now = popularity.counts, pairs.now
    until, middle = popularity.at(now), popularity.at(now - days * DAY)
    since = popularity.at(now - 2 * days * DAY)
    row, item = pairs.row, pairs.item
    at_middle = counts[middle[row], item]
    late = counts[until[row], item] - at_middle
    before = at_middle - counts[since[row], item]
    return np.log1p(late) - np.log1p(before)


@feature(
    group="popularity",
    meaning="times the item was met in the last 7 days, against the 7 before",
    unit="log ratio",
    source="interactions",
    as_of="world",
    needs=TIMED,
)
def trend_7_days(pairs: Pairs) -> Column:
    return _trend(pairs, 7.0)


@feature(
    group="popularity",
    meaning="times the item was met in the last 30 days, against the 30 before",
    unit="log ratio",
    source="interactions",
    as_of="world",
    needs=TIMED,
)
def trend_30_days(pairs: Pairs) -> Column:
    return _trend(pairs, 30.0)


@feature(
    group="freshness",
    meaning="time since the item was first met by anybody",
    unit="days",
    source="interactions",
    needs=TIMED,
)
def item_age(pairs: Pairs) -> Column:
    age = (pairs.now[pairs.row] - pairs.tables.first[pairs.item]) / DAY
    return np.clip(age, -1.0, 400.0)


@feature(
    group="freshness", meaning="year of the item", unit="year", source="items.year", needs=DATED
)
def year(pairs: Pairs) -> Column:
    return pairs.tables.year[pairs.item]


@feature(
    group="freshness",
    meaning="age of the item at the person's moment",
    unit="years",
    source="items.year",
    needs=DATED | TIMED,
)
def years_old(pairs: Pairs) -> Column:
    return pairs.now[pairs.row] / YEAR_SECONDS + 1970 - pairs.tables.year[pairs.item]


@feature(
    group="quality",
    meaning="mean value of the item, shrunk by 10 events",
    unit="value",
    source="interactions.value",
    needs=VALUED,
)
def mean_value(pairs: Pairs) -> Column:
    return pairs.tables.mean_value[pairs.item]


@feature(
    group="quality",
    meaning="share of the item's events that are relevant, shrunk",
    unit="share",
    source="interactions.value",
    needs=VALUED,
)
def liked_share(pairs: Pairs) -> Column:
    return pairs.tables.liked_share[pairs.item]


FEATURES = [
    n_events,
    n_relevant,
    events_7_days,
    events_30_days,
    trending,
    trend_7_days,
    trend_30_days,
    item_age,
    year,
    years_old,
    mean_value,
    liked_share,
]
