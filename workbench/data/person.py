"""One person of a log: which rows are theirs, and the log without them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from workbench.columns import USER
from workbench.data.dataset import Dataset
from workbench.vocabulary import Id

LEFT_OUT = "people left out because they asked to be erased"
"""In the provenance of a log: how many."""


def without(dataset: Dataset, user_ids: list[Id], **provenance: Any) -> Dataset:
    """The log as if these people had never been in it; its items stay as they are.

    What a synthetic world knows of everybody (``truth``) is left behind.
    """
    gone = pl.Series(USER, user_ids, dtype=dataset.people.ids.dtype).implode()
    events, guests, users = (
        frame.filter(~pl.col(USER).is_in(gone))
        for frame in (dataset.interactions, dataset.guest_interactions, dataset.users)
    )
    count = dataset.provenance.get(LEFT_OUT, 0) + len(user_ids)
    return dataset.replaced(
        events,
        guest_interactions=guests,
        users=users,
        people=None,
        truth=None,
        refused=_unnamed(dataset, user_ids),
        provenance={**dataset.provenance, LEFT_OUT: count, **provenance},
    )


def user_columns(provenance: Any) -> set[str]:
    """What the column of people is called in the tables that a log was made from."""
    names = {USER}
    if isinstance(provenance, Mapping):
        columns = provenance.get("columns")
        if isinstance(columns, Mapping) and isinstance(columns.get(USER), str):
            names.add(columns[USER])
        for part in provenance.values():
            names |= user_columns(part)
    return names


def refused_rows_of(refused: pl.DataFrame, user_id: Id, columns: set[str]) -> pl.Series:
    """Mask over refused rows (kept as JSON): those of one person."""
    own = []
    for text in refused["row"]:
        row = json.loads(text)
        own.append(any(str(row[name]) == str(user_id) for name in columns & row.keys()))
    return pl.Series(own, dtype=pl.Boolean)


def _unnamed(dataset: Dataset, user_ids: list[Id]) -> pl.DataFrame:
    """The refused rows, but for those of these people."""
    refused, columns = dataset.refused, user_columns(dataset.provenance)
    for user_id in user_ids:
        refused = refused.filter(~refused_rows_of(refused, user_id, columns))
    return refused
