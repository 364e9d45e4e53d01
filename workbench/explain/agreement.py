"""Do share and removal name the same item? Where they do not, that is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from workbench.columns import ITEM, REMOVAL, SHARE

ERROR = "error"
SURE = 2.0
"""A share that is less than so many standard errors from 0 (or from another) may be chance."""


def agreement(events: pl.DataFrame, least: float) -> bool | None:
    """Whether share and removal put the same item first.

    Parameters
    ----------
    events : polars.DataFrame
        ``item_id, share, error, removal``.
    least : float
        What is smaller is not told apart from nothing.

    Returns
    -------
    bool or None
        None where it cannot be told: the lead of the largest share over the second is below two
        standard errors, or nothing has a share or an effect worth naming. True without history.
    """
    if events.height == 0:
        return True
    first, missed = first_by(events, SHARE), first_by(events, REMOVAL)
    if not certain(first, least) or missed is None or missed[REMOVAL] < least:
        return None
    others = events.filter(pl.col(ITEM) != first[ITEM])
    second = first_by(others, SHARE)
    if second is not None:
        error = float(np.hypot(first[ERROR], second[ERROR]))
        if error > 0 and first[SHARE] - second[SHARE] < SURE * error:
            return None
    return bool(first[ITEM] == missed[ITEM])


def first_by(events: pl.DataFrame, column: str) -> Any:
    """Row of the largest number of a column, the first of equals; None where there is none."""
    known = events.filter(pl.col(column).is_finite())
    return known.row(known[column].arg_max(), named=True) if known.height else None


def certain(row: Any, least: float) -> bool:
    """Whether a share is large enough to name, and not chance."""
    return (
        row is not None
        and row[ERROR] is not None
        and abs(row[SHARE]) >= least
        and abs(row[SHARE]) >= SURE * row[ERROR]
    )
