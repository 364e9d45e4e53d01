"""Features of the moment: hour, weekday and whatever else the log says of it (a device, a place).

Hours and weekdays are those of UTC, as a log has no other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import ITEM, TIME
from workbench.features.affinity import (
    band_of,
    banded,
    counted,
    log_lift,
    looked_up,
    n_bands,
)
from workbench.features.catalogue import Feature, feature
from workbench.features.needs import TIMED
from workbench.features.pairs import Pairs
from workbench.features.popularity import DAY
from workbench.features.signal import Column
from workbench.features.tables import ItemTables
from workbench.vocabulary import FloatArray, IntArray

Moments = NDArray[np.float64]
BAND_HOURS = 4
GROUP = "context"


def hours(moments: Moments) -> Moments:
    """Hour of the day of moments in seconds, UTC, 0 to 24."""
    return np.mod(moments, DAY) / 3600.0


def weekdays(moments: Moments) -> Moments:
    """Day of the week of moments in seconds, UTC: 0 is Monday (1970-01-01 was a Thursday)."""
    return np.mod(np.floor(moments / DAY) + 3, 7)


def hour_lift_of(dataset: Any) -> FloatArray:
    """Lift of each item in each band of 4 hours, ``(n_items, 6)``; see ``log_lift``."""
    return _lift_in_time(dataset, lambda t: hours(t) // BAND_HOURS, 24 // BAND_HOURS)


def weekday_lift_of(dataset: Any) -> FloatArray:
    """Lift of each item on each weekday, ``(n_items, 7)``."""
    return _lift_in_time(dataset, weekdays, 7)


def _lift_in_time(dataset: Any, band: Callable[[Moments], Moments], n: int) -> FloatArray:
    log = dataset.interactions
    item = dataset.catalogue.codes(log[ITEM])
    moment = log[TIME].cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = ~np.isnan(moment)
    places = band(moment[known]).astype(np.int64)
    return log_lift(counted(item[known], places, dataset.n_items, n))


@feature(group=GROUP, meaning="hour of the moment", unit="hours, UTC", source="as_of", needs=TIMED)
def moment_hour(pairs: Pairs) -> Column:
    return hours(pairs.now)[pairs.row]


@feature(
    group=GROUP,
    meaning="weekday of the moment",
    unit="0 Monday to 6 Sunday, UTC",
    source="as_of",
    needs=TIMED,
)
def moment_weekday(pairs: Pairs) -> Column:
    return weekdays(pairs.now)[pairs.row]


@feature(
    group=GROUP,
    meaning="how much more often than others the item is met at this time of day",
    unit="log ratio",
    source="interactions.timestamp, as_of",
    needs=TIMED,
    learns=[hour_lift_of],
)
def moment_hour_affinity(pairs: Pairs) -> Column:
    band = _places(hours(pairs.now) // BAND_HOURS)
    return looked_up(pairs.learnt(hour_lift_of), band[pairs.row], pairs.item)


@feature(
    group=GROUP,
    meaning="how much more often than others the item is met on this weekday",
    unit="log ratio",
    source="interactions.timestamp, as_of",
    needs=TIMED,
    learns=[weekday_lift_of],
)
def moment_weekday_affinity(pairs: Pairs) -> Column:
    band = _places(weekdays(pairs.now))
    return looked_up(pairs.learnt(weekday_lift_of), band[pairs.row], pairs.item)


MOMENT = [moment_hour, moment_weekday, moment_hour_affinity, moment_weekday_affinity]


def _places(band: Column) -> IntArray:
    return np.where(np.isnan(band), -1, band).astype(np.int64)


# --- columns of context ------------------------------------------------------------------------


def context_of(dataset: Any, column: str) -> dict[str, Any]:
    """Bands of a column of context, and the lift of each item in each of them."""
    log = dataset.interactions
    bands = banded(log[column]) or {"values": []}
    band = band_of(log[column], bands)
    item = dataset.catalogue.codes(log[ITEM])
    counts = counted(item, band, dataset.n_items, max(n_bands(bands), 1))
    return {"bands": bands, "lift": log_lift(counts)}


def context_bands(log: Any) -> dict[str, dict[str, Any]]:
    """The columns of context that can be features, with their bands.

    Parameters
    ----------
    log : Dataset, or ItemTables that learnt them
    """
    if isinstance(log, ItemTables):
        return {column: held["bands"] for column, held in log.learnt_by(context_of).items()}
    found = {column: banded(log.interactions[column]) for column in log.context_columns}
    return {column: bands for column, bands in found.items() if bands is not None}


def of_context(column: str, bands: dict[str, Any]) -> list[Feature]:
    """Affinity, and the value itself: a number as it is, a text as one feature per value."""
    learns = ((context_of, column),)

    def affinity(pairs: Pairs) -> Column:
        table = pairs.learnt(context_of, column)
        band = band_of(pairs.told(column, "context"), table["bands"])
        return looked_up(table["lift"], band[pairs.row], pairs.item)

    def made(name: str, meaning: str, unit: str, compute: Callable[[Pairs], Column]) -> Feature:
        source = f"interactions.{column}, context.{column}"
        return Feature(
            name, GROUP, meaning, unit, source, "person", compute,
            uses=frozenset({column}), learns=learns,
        )  # fmt: skip

    means = f"how much more often than others the item is met with this {column}"
    found = [made(f"context_{column}_affinity", means, "log ratio", affinity)]
    if "edges" in bands:
        found.append(made(f"context_{column}", f"{column} of the moment", column, _number(column)))
    else:
        for value in bands["values"]:
            name = f"context_{column}_is_{value[:40]}"
            means = f"whether the {column} of the moment is {value[:40]}"
            found.append(made(name, means, "0 or 1", _is(column, value)))
    return found


def _number(column: str) -> Callable[[Pairs], Column]:
    def number(pairs: Pairs) -> Column:
        cells = pairs.told(column, "context").cast(pl.Float64, strict=False)
        return cells.fill_null(np.nan).to_numpy()[pairs.row]

    return number


def _is(column: str, value: str) -> Callable[[Pairs], Column]:
    def same(pairs: Pairs) -> Column:
        cells = pairs.told(column, "context").cast(pl.String, strict=False)
        return (cells == value).fill_null(False).to_numpy()[pairs.row]

    return same
