"""What a way of cutting a log does to it: who is asked, who is new, and what is later than what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import TIME, USER
from workbench.data.split import Split
from workbench.errors import ArgumentError

SCHEMA = {
    "cut": pl.String,
    "learnt": pl.Int64,
    "asked": pl.Int64,
    "people": pl.Int64,
    "cold_people": pl.Int64,
    "cold_events": pl.Float64,
    "within_a_moment": pl.Int64,
    "learnt_later": pl.Float64,
}


def cuts(splits: Mapping[str, Split]) -> pl.DataFrame:
    """Some splits beside each other.

    Parameters
    ----------
    splits : mapping of name to Split

    Returns
    -------
    polars.DataFrame
        One row per split: ``cut``, its name; numbers of events ``learnt`` from and ``asked``
        about; ``people`` with a relevant event to be asked about, and ``cold_people`` among them,
        of whom nothing is known; ``cold_events``, the share of all events asked about whose
        person has no history; ``within_a_moment``, the people whose last known and first asked
        event bear the same time, so that only the order of ties put the cut there;
        ``learnt_later``, the share of training events (anybody's) later than the moment at which
        a person is asked, as a mean over people with a history. The last two are null without
        timestamps.

    Raises
    ------
    ArgumentError
        There is no split, or it is none.
    """
    if not splits or not all(isinstance(cut, Split) for cut in splits.values()):
        raise ArgumentError(f"splits must be a mapping of names to splits, not {splits!r}")
    rows = [{"cut": name, **_figures(cut)} for name, cut in splits.items()]
    return pl.DataFrame(rows, schema=SCHEMA)


def _figures(cut: Split) -> dict[str, Any]:
    parts = [cut.train.interactions, cut.train.guest_interactions]
    known = pl.concat([part for part in parts if part.height])
    found: dict[str, Any] = {
        "learnt": cut.train.n_events,
        "asked": cut.test.height,
        "people": len(cut.people()[0]),
        "cold_people": cut.n_cold,
        "cold_events": cut.test[USER].is_in(known[USER].unique().implode()).not_().mean(),
    }
    if TIME not in known.columns:
        return found
    last = known.group_by(USER).agg(pl.col(TIME).max().alias("last"))
    first = cut.test.group_by(USER).agg(pl.col(TIME).min().alias("first"))
    both = last.join(first, on=USER)
    learnt = np.sort(cut.train.interactions[TIME].drop_nulls().to_numpy())
    moment = both["last"].drop_nulls().to_numpy() if cut.as_of is None else np.array([cut.as_of])
    later = 1.0 - np.searchsorted(learnt, moment, side="right") / max(len(learnt), 1)
    return {
        **found,
        "within_a_moment": int((both["last"] == both["first"]).sum()),
        "learnt_later": float(later.mean()) if len(later) else None,
    }
