"""Who was erased under a home folder: remembered by pseudonym, so that nobody comes back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from workbench.audit.pseudonym import key_of, pseudonym
from workbench.columns import USER
from workbench.data.dataset import Dataset
from workbench.errors import DamagedArtifactError
from workbench.pipeline.disk import write_text
from workbench.settings import home as default_home
from workbench.vocabulary import Id

LIST = "erased.json"
LEFT_OUT = "people left out because they asked to be erased"


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


def without_erased(dataset: Dataset, home: str | os.PathLike[str] | None) -> Dataset:
    """The log without those who were erased; the same object where there are none."""
    there = default_home() if home is None else Path(home)
    if not isinstance(dataset, Dataset) or not (there / LIST).is_file():
        return dataset
    names = {told["pseudonym"] for told in read_list(there)}
    key = key_of(there)
    ids = dataset.people.ids.to_list()
    gone = [id_ for id_ in ids if pseudonym(id_, dataset.name, key) in names]
    return without(dataset, gone) if gone else dataset


def read_list(home: Path) -> list[dict[str, Any]]:
    """What is remembered of each erasure, the oldest first; empty where there was none.

    Raises
    ------
    DamagedArtifactError
        The list cannot be read; those on it could come back, so nothing goes on without it.
    """
    path = home / LIST
    if not path.is_file():
        return []
    try:
        return [{"pseudonym": told["pseudonym"], **told} for told in json.loads(path.read_text())]
    except (ValueError, TypeError, KeyError, UnicodeDecodeError) as error:
        raise DamagedArtifactError(
            f"{path} is damaged: it is no list of who was erased; put the one that was there back"
        ) from error


def remember(home: Path, told: dict[str, Any]) -> None:
    """Put one erasure on the list, in the place of an earlier one of the same person."""
    others = [one for one in read_list(home) if one["pseudonym"] != told["pseudonym"]]
    write_text(home / LIST, json.dumps([*others, told], indent=1) + "\n")


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
