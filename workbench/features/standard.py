"""The features that come with the workbench: named columns of a (profile, item) pair."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.columns import GENRES, YEAR
from workbench.features.catalogue import Feature, feature
from workbench.features.pairs import Pairs
from workbench.features.popularity import DAY
from workbench.features.signal import Column
from workbench.features.tables import ItemTables

YEAR_SECONDS = 365.25 * DAY
TIMED = frozenset({"timestamps"})
VALUED = frozenset({"values"})
DATED = frozenset({f"item_{YEAR}"})
TAGGED = frozenset({f"item_{GENRES}"})


def standard(tables: ItemTables, signals: list[str]) -> list[Feature]:
    """The features that a log supports, in the order of the ranker's columns.

    Parameters
    ----------
    tables : ItemTables
        Of the log.
    signals : list of str
        Names of the models whose scores feed the ranker.
    """
    has = tables.has | {f"item_{c}" for c in (YEAR, GENRES) if c in tables.items.columns}
    found = [f for name in signals for f in of_signal(name)] + of_all(signals)
    return found + [f for f in OTHERS if f.needs <= has]


# --- people like you: the scores of the models ------------------------------------------------

ITEM_ONLY = frozenset({"popularity", "trending"})
"""Models that say the same of everybody: the features of popularity hold what they know."""
SCORE_ONLY = frozenset({"content"})
"""Models too weak alone for their ranks to mean much."""
LATELY = frozenset({"session", "session-liked", "following"})


def of_signal(name: str) -> list[Feature]:
    """Score, standardised score and rank of one model.

    The ranker may only trust a model more where the model is surer, never less.
    """

    def score(pairs: Pairs) -> Column:
        return pairs.signals[name].score[pairs.row, pairs.item]

    def z(pairs: Pairs) -> Column:
        return pairs.signals[name].z(pairs.row, pairs.item)

    def rank(pairs: Pairs) -> Column:
        return np.log1p(pairs.signals[name].ahead(pairs.row, pairs.item))

    if name in ITEM_ONLY:
        return []
    group = "what you did last" if name in LATELY else "people like you"
    if name in SCORE_ONLY:
        return [_signal_feature(name, "taste", "score", "as the model gives it", score, 0)]
    return [
        _signal_feature(name, group, "score", "as the model gives it", score, 1),
        _signal_feature(name, group, "z", "std. deviations", z, 1),
        _signal_feature(name, group, "rank", "log(1 + n)", rank, -1),
    ]


MEANS = {
    "ease": "goes with all that was liked",
    "als": "suits the taste of people who like the same",
    "item-knn": "is liked together with what was liked",
    "user-knn": "is liked by similar people",
    "session": "goes with the last items met",
    "session-liked": "goes with the last items liked",
    "following": "is met close to the last items met",
    "content": "is like what was liked, by what it is",
}
"""What it means that a model gives an item a high score, in plain words."""


def _signal_feature(
    name: str, group: str, kind: str, unit: str, compute: Callable[[Pairs], Column], monotone: int
) -> Feature:
    means = f"{MEANS[name]} ({name})" if name in MEANS else f"has a high score of {name}"
    meaning = {
        "score": f"how far it {means}",
        "z": f"how far it {means}, against all items not met",
        "rank": f"how many items not met come before it by how far it {means}",
    }[kind]
    return Feature(
        f"{name}_{kind}", group, meaning, unit, "interactions", "person", compute, monotone=monotone
    )


def of_all(signals: list[str]) -> list[Feature]:
    """What the models that rank people's items say together."""
    main = [name for name in signals if name not in ITEM_ONLY | SCORE_ONLY]
    if len(main) < 2:
        return []

    def stacked(pairs: Pairs) -> Column:
        return np.stack([pairs.signals[name].z(pairs.row, pairs.item) for name in main])

    def first(pairs: Pairs) -> Column:
        ranks = [pairs.signals[name].ahead(pairs.row, pairs.item) for name in main]
        return np.log1p(np.min(ranks, axis=0))

    made = [
        ("signals_mean", "mean standardised score of the models", lambda p: stacked(p).mean(0), 1),
        ("signals_best", "highest standardised score of a model", lambda p: stacked(p).max(0), 1),
        ("signals_worst", "lowest standardised score of a model", lambda p: stacked(p).min(0), 1),
        ("signals_rank", "best place that a model gives the item", first, -1),
    ]
    units = ["std. deviations"] * 3 + ["log(1 + n)"]
    return [
        Feature(n, "people like you", m, u, "interactions", "person", compute, monotone=way)
        for (n, m, compute, way), u in zip(made, units, strict=True)
    ]


# --- popularity and freshness -----------------------------------------------------------------


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


# --- quality ----------------------------------------------------------------------------------


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


# --- the person -------------------------------------------------------------------------------


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


# --- the person's taste, and the distance of the item from it ---------------------------------


def _popularity_taste(pairs: Pairs, weight: Column) -> Column:
    return pairs.mean(np.log1p(pairs.tables.events)[pairs.profiles.item], weight)


@feature(
    group="taste",
    meaning="how popular the items of the history are",
    unit="log(1 + n)",
    source="history",
)
def popularity_taste(pairs: Pairs) -> Column:
    return _popularity_taste(pairs, pairs.weight)[pairs.row]


@feature(
    group="taste",
    meaning="how popular the last items of the history are",
    unit="log(1 + n)",
    source="history",
    needs=TIMED,
)
def popularity_taste_lately(pairs: Pairs) -> Column:
    return _popularity_taste(pairs, pairs.recent)[pairs.row]


@feature(
    group="taste",
    meaning="item's popularity less that of the history",
    unit="log(1 + n)",
    source="history",
)
def popularity_gap(pairs: Pairs) -> Column:
    own = _popularity_taste(pairs, pairs.weight)[pairs.row]
    return np.log1p(pairs.tables.events)[pairs.item] - own


@feature(
    group="taste",
    meaning="item's popularity less that of the last items met",
    unit="log(1 + n)",
    source="history",
    needs=TIMED,
)
def popularity_gap_lately(pairs: Pairs) -> Column:
    own = _popularity_taste(pairs, pairs.recent)[pairs.row]
    return np.log1p(pairs.tables.events)[pairs.item] - own


def _year_gap(pairs: Pairs, weight: Column) -> Column:
    years = pairs.tables.year
    own = pairs.mean(years[pairs.profiles.item], weight)
    known = pairs.total(weight) > 0
    return np.where(known[pairs.row], years[pairs.item] - own[pairs.row], np.nan)


@feature(
    group="taste",
    meaning="distance of the item's year from that of the items liked",
    unit="years",
    source="items.year",
    needs=DATED,
)
def year_distance(pairs: Pairs) -> Column:
    return np.abs(_year_gap(pairs, pairs.weight * pairs.liked))


@feature(
    group="what you did last",
    meaning="item's year less that of the last items met",
    unit="years",
    source="items.year",
    needs=DATED | TIMED,
)
def year_gap_lately(pairs: Pairs) -> Column:
    return _year_gap(pairs, pairs.recent)


@feature(
    group="what you did last",
    meaning="distance of the item's year from that of the last items met",
    unit="years",
    source="items.year",
    needs=DATED | TIMED,
)
def year_distance_lately(pairs: Pairs) -> Column:
    return np.abs(_year_gap(pairs, pairs.recent))


@feature(
    group="taste",
    meaning="likeness of the item's genres to the history",
    unit="cosine-like",
    source="items.genres",
    needs=TAGGED,
)
def genre_match(pairs: Pairs) -> Column:
    return pairs.taste(pairs.tables.genres, pairs.weight)


@feature(
    group="taste",
    meaning="likeness of the item's genres to what was valued above average",
    unit="cosine-like",
    source="items.genres, history.value",
    needs=TAGGED | VALUED,
)
def genre_liking(pairs: Pairs) -> Column:
    return pairs.taste(pairs.tables.genres, pairs.weight * pairs.centred)


@feature(
    group="what you did last",
    meaning="likeness of the item's genres to the last items met",
    unit="cosine-like",
    source="items.genres",
    needs=TAGGED | TIMED,
)
def genre_match_lately(pairs: Pairs) -> Column:
    return pairs.taste(pairs.tables.genres, pairs.recent)


OTHERS = [
    n_events,
    n_relevant,
    events_7_days,
    events_30_days,
    trending,
    item_age,
    year,
    years_old,
    mean_value,
    liked_share,
    history_length,
    history_liked,
    history_liked_lately,
    history_value,
    history_span,
    history_last_hour,
    popularity_taste,
    popularity_taste_lately,
    popularity_gap,
    popularity_gap_lately,
    year_distance,
    year_gap_lately,
    year_distance_lately,
    genre_match,
    genre_liking,
    genre_match_lately,
]
