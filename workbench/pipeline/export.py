"""Export everything that is held on one person."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import workbench
from workbench.audit.pseudonym import key_of, pseudonym
from workbench.audit.subject import BUDGET, subject
from workbench.errors import DataError
from workbench.pipeline.erase import find
from workbench.pipeline.folder import Run
from workbench.report.subject import check_folder, write_subject
from workbench.settings import home as default_home
from workbench.vocabulary import Id


def export(
    user_id: Id,
    folder: str | os.PathLike[str],
    home: str | os.PathLike[str] | None = None,
    dataset: str | None = None,
    *,
    budget: int = BUDGET,
) -> Path:
    """Write all that is held on a person, and what the engine makes of them, into a folder.

    Parameters
    ----------
    user_id, home, dataset
        See ``workbench.pipeline.erase.find``.
    folder : path
        New, empty or an earlier export, which it then replaces as a whole. Not under ``home``.
    budget : int
        See ``wb.explain``.

    Returns
    -------
    Path
        The folder, with ``subject.html``, ``subject.json`` and a manifest of their hashes. It
        tells of the latest run that holds the person; ``where`` in it names all files.

    Raises
    ------
    ArgumentError
        The folder cannot be used.
    DataError
        Nobody has this id, or they were erased.
    """
    there = default_home() if home is None else Path(home)
    place = check_folder(folder, there)
    held = find(user_id, there, dataset)
    if not held.runs:
        when = "" if held.erased is None else f" on {held.erased['when']}"
        raise DataError(f"user_id={user_id!r} was erased{when}; no run holds anything on them")
    content = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "workbench": workbench.__version__,
        "pseudonym": pseudonym(held.user_id, held.dataset, key_of(there)),
        **subject(Run.load(held.runs[-1]), held.user_id, budget=budget),
        "where": held.traces.to_dicts(),
        "searched": held.searched,
    }
    return write_subject(place, content)
