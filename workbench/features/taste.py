"""Features of the person's taste, and of the distance of the item from it."""

from __future__ import annotations

import numpy as np

from workbench.features.catalogue import feature
from workbench.features.needs import DATED, TAGGED, TIMED, VALUED
from workbench.features.numbers import gap
from workbench.features.pairs import Pairs
from workbench.features.signal import Column


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


@feature(
    group="taste",
    meaning="distance of the item's year from that of the items liked",
    unit="years",
    source="items.year",
    needs=DATED,
)
def year_distance(pairs: Pairs) -> Column:
    return np.abs(gap(pairs, pairs.tables.year, pairs.weight * pairs.liked))


@feature(
    group="what you did last",
    meaning="item's year less that of the last items met",
    unit="years",
    source="items.year",
    needs=DATED | TIMED,
)
def year_gap_lately(pairs: Pairs) -> Column:
    return gap(pairs, pairs.tables.year, pairs.recent)


@feature(
    group="what you did last",
    meaning="distance of the item's year from that of the last items met",
    unit="years",
    source="items.year",
    needs=DATED | TIMED,
)
def year_distance_lately(pairs: Pairs) -> Column:
    return np.abs(gap(pairs, pairs.tables.year, pairs.recent))


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


FEATURES = [
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
