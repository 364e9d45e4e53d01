"""A visitor's own log: in a folder of its own, seen by this visitor only, gone with the session.

Nothing of it lies where another session could reach it: the folder has a name that cannot be
guessed, what it is made into hangs on ``st.session_state``, and the keys of shared caches begin
with that name. It is deleted by a button, when the session is gone, when the server ends, and by
the next server where this one was killed.
"""

from __future__ import annotations

import shutil
import threading
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import cache
from workbench.data.files import RawTable, read_table
from workbench.data.guess import check_width
from workbench.errors import DataError
from workbench.pipeline.apart import Apart, Told, private_folder
from workbench.settings import home

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from workbench.data.dataset import Dataset

OWN = "own"
ENDINGS = ("csv", "tsv")
MOST_MB = 20
MOST_COLUMNS = 60
MOST_AT_ONCE = 1
"""Runs of visitors under way on this server; they leave one processor to those who look."""
MOST_OPEN = 4
"""Finished ones held in memory at once."""
LOOK_EVERY, GONE_AFTER = 15.0, 120.0
"""Seconds: how often a session is looked for, and for how long a lost one may come back."""


@dataclass(eq=False)
class Own:
    """What one visitor brought.

    Attributes
    ----------
    apart : Apart
    name : str
        The file's name, as the visitor's computer spells it: untrusted text.
    started : float
    world : World, optional
        Once the run is finished and opened.
    shown : bool
        Whether the screens show it, or the run that all visitors share.
    """

    apart: Apart
    name: str
    started: float = field(default_factory=time.monotonic)
    world: cache.World | None = None
    shown: bool = True

    @property
    def under_way(self) -> bool:
        return self.world is None and not self.apart.told().finished

    def told(self) -> Told:
        """How far it is; opens the run where it has just been finished."""
        told = self.apart.told()
        if told.path is not None and self.world is None:
            self.world = cache.private(told.path)
        return told


_everybody: weakref.WeakSet[Own] = weakref.WeakSet()
"""Only to count them."""
_counting = threading.Lock()


class BusyError(DataError):
    """As many uploads as this server bears are under way or open."""


def own() -> Own | None:
    """What this visitor brought, if anything."""
    return st.session_state.get(OWN)


def world() -> cache.World | None:
    """The run that this visitor looks at: their own where they brought one, else the shared one."""
    mine = own()
    if mine is not None and mine.shown and mine.world is not None:
        return mine.world
    return cache.world()


def _kept(uploaded: UploadedFile, table: str, folder: Path) -> Path:
    """Write an upload to the folder; refused by its size and name before a byte is read."""
    if uploaded.size > MOST_MB * 2**20:
        raise DataError(
            f"the file has {uploaded.size / 2**20:,.1f} MB, more than {MOST_MB}; give part of it, "
            "or run it in a terminal: workbench run --interactions ..."
        )
    ending = PurePath(uploaded.name).suffix.lower().lstrip(".")
    if ending not in ENDINGS:
        raise DataError(f"the file must end in {' or '.join('.' + e for e in ENDINGS)}")
    path = folder / f"{table}.{ending}"  # its own name is not trusted with a place on the disk
    path.write_bytes(uploaded.getbuffer())
    return path


def start(
    draft: Draft,
    tables: Mapping[str, Path],
    columns: Mapping[str, str],
    relevant_from: float | None,
    name: str,
    **bounds: Any,
) -> Own:
    """Begin the run of this visitor's log.

    Raises
    ------
    BusyError
        Too many are under way or open; nothing was started.
    """
    with _counting:
        others = [one for one in _everybody if one is not own()]
        if sum(one.under_way for one in others) >= MOST_AT_ONCE:
            raise BusyError(
                "another visitor's data is being worked on; this server does one at a time. Try "
                "again in a few minutes"
            )
        if len(others) >= MOST_OPEN:
            raise BusyError(
                f"{MOST_OPEN} visitors have data of their own open, as many as this server holds. "
                "Try again when one of them has left"
            )
        discard()
        made = Own(
            Apart(
                draft.handed_over(),
                tables,
                columns=columns,
                relevant_from=relevant_from,
                name=name,
                **bounds,
            ),
            name,
        )
        _everybody.add(made)
    st.session_state[OWN] = made
    _delete_when_gone(made)
    return made


def discard() -> None:
    """Delete what this visitor brought: files, run and everything made of it in memory."""
    mine = st.session_state.pop(OWN, None)
    if mine is not None:
        _delete(mine)


class Draft:
    """Files that a visitor has given and not yet started a run on; deleted with this object.

    Attributes
    ----------
    folder : Path
    tables : dict
        Table → what was read of it.
    paths : dict
        Table → the file, in the folder.
    marks : dict
        Table → the upload it was read from, so that it is read once.
    checked : tuple, optional
        What was confirmed of it last, and the data set that this gives.
    """

    def __init__(self) -> None:
        self.folder = private_folder(home())
        self.tables: dict[str, RawTable] = {}
        self.paths: dict[str, Path] = {}
        self.checked: tuple[object, Dataset] | None = None
        self.marks: dict[str, str] = {}
        self._gone = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def take(self, uploaded: UploadedFile | None, table: str) -> RawTable | None:
        """Read an upload, where it is another one than before; None where there is none.

        Raises
        ------
        DataError
            Too large (known before a byte is read), or no well-formed table.
        """
        mark = None if uploaded is None else uploaded.file_id
        if self.marks.get(table) != mark:
            self.tables.pop(table, None)
            self.marks.pop(table, None)
            if uploaded is not None:
                self.paths[table] = _kept(uploaded, table, self.folder)
                raw = read_table(self.paths[table], table)
                check_width(raw, MOST_COLUMNS)
                self.tables[table], self.marks[table] = raw, uploaded.file_id
        return self.tables.get(table)

    def handed_over(self) -> Path:
        """The folder, which somebody else deletes from now on."""
        self._gone.detach()
        return self.folder


def _delete(mine: Own) -> None:
    mine.apart.discard()
    if mine.world is not None:
        vars(mine.world).clear()  # widgets of this session may still hold the shell of it
    mine.world = None
    _everybody.discard(mine)
    cache.forget()


def _delete_when_gone(mine: Own) -> None:
    """Streamlit forgets a lost session only when the next visitor comes; this does not wait."""
    from streamlit.runtime import exists, get_instance
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    if context is None or not exists():
        return
    watched, session_id, alive = weakref.ref(mine), context.session_id, get_instance()

    def watch() -> None:
        seen = time.monotonic()
        while (there := watched()) is not None and there.apart.folder.exists():
            if alive.is_active_session(session_id):
                seen = time.monotonic()
            elif time.monotonic() - seen > GONE_AFTER:
                _delete(there)
                return
            del there
            time.sleep(LOOK_EVERY)

    with suppress(RuntimeError):  # no more threads: the session's own end will do
        threading.Thread(target=watch, daemon=True, name="own-data").start()
