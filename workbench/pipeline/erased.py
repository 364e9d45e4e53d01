"""Who was erased under a home folder: remembered by pseudonym, so that nobody comes back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from workbench.audit.pseudonym import key_of, pseudonym
from workbench.data.dataset import Dataset
from workbench.data.person import without
from workbench.errors import DamagedArtifactError
from workbench.pipeline.disk import write_text
from workbench.settings import home as default_home

LIST = "erased.json"


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
