"""Features of an item column on a scale, such as a price: its value and its distance from taste."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from workbench.features.catalogue import Feature
from workbench.features.needs import TIMED
from workbench.features.pairs import Pairs
from workbench.features.signal import Column


def gap(pairs: Pairs, numbers: Column, weight: Column) -> Column:
    """The item's number less the weighted mean of the history's, ``(n_pairs,)``.

    Parameters
    ----------
    numbers : (n_items,)
        NaN where unknown; such an event has no say.
    weight : (n_events,)

    Returns
    -------
    (n_pairs,)
        NaN where the item's number or the person's mean is unknown.
    """
    of_event = numbers[pairs.profiles.item]
    weight = weight * ~np.isnan(of_event)
    own = pairs.mean(np.nan_to_num(of_event), weight)
    known = pairs.total(weight) > 0
    return np.where(known[pairs.row], numbers[pairs.item] - own[pairs.row], np.nan)


def of_number(column: str) -> list[Feature]:
    """Value, distance from what was liked, gap to and distance from the last items met."""

    def numbers(pairs: Pairs) -> Column:
        def cells() -> Column:
            series = pairs.tables.items[column].cast(pl.Float64)
            found = series.fill_null(np.nan).to_numpy()
            return np.where(np.isfinite(found), found, np.nan)

        return pairs.shared(f"number {column}", cells)

    def value(pairs: Pairs) -> Column:
        return numbers(pairs)[pairs.item]

    def distance(pairs: Pairs) -> Column:
        return np.abs(gap(pairs, numbers(pairs), pairs.weight * pairs.liked))

    def gap_lately(pairs: Pairs) -> Column:
        return gap(pairs, numbers(pairs), pairs.recent)

    def distance_lately(pairs: Pairs) -> Column:
        return np.abs(gap_lately(pairs))

    def made(
        end: str,
        group: str,
        meaning: str,
        compute: Callable[[Pairs], Column],
        needs: frozenset[str] = frozenset(),
    ) -> Feature:
        return Feature(
            column + end, group, meaning, column, f"items.{column}", "person", compute, needs
        )

    last = "the last items met"
    return [
        made("", "quality", f"{column} of the item", value),
        made("_distance", "taste", f"distance of the {column} from that of items liked", distance),
        made(
            "_gap_lately", "what you did last", f"{column} less that of {last}", gap_lately, TIMED
        ),
        made(
            "_distance_lately", "what you did last",
            f"distance of the {column} from that of {last}", distance_lately, TIMED,
        ),
    ]  # fmt: skip
