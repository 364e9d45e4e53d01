"""The run that is shown: opened once by the server, shared by all visitors, read-only.

No frame, array or profile is ever a hashed argument: Streamlit hashes a Polars frame by a few of
its rows, and would answer with the slate of somebody else. What is hashed is the hash of the run's
manifest and the address of the case.
"""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import streamlit as st
from scipy import sparse

from app.catalogue import Catalogue
from app.state import GUEST, Case, Known
from workbench.columns import ITEM, USER, VALUE
from workbench.errors import DamagedArtifactError
from workbench.pipeline import Run
from workbench.profile import Profile
from workbench.settings import home
from workbench.slate import Slate
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.data.split import Split
    from workbench.explain.explain import Explanation
    from workbench.ranking.engine import Engine

MANIFEST = "manifest.json"
FEW_VALUES = 12
"""A log with at most so many different ratings is rated by choosing one of them."""


@dataclass(frozen=True, eq=False)
class World:
    """Everything the screens look at. Nobody may change it.

    Attributes
    ----------
    key : str
        Path and manifest hash of the run.
    run : Run
    """

    key: str
    run: Run

    @cached_property
    def engine(self) -> Engine:
        return self.run.engine

    @cached_property
    def split(self) -> Split:
        return self.run.split

    @cached_property
    def catalogue(self) -> Catalogue:
        train = self.split.train
        often = dict(train.interactions.group_by(ITEM).len().iter_rows())
        return Catalogue(train.items, often)

    @cached_property
    def known(self) -> Known:
        """What an address may name."""
        train = self.split.train
        return Known(train.people, train.catalogue, frozenset(self.split.guests), self.value_range)

    @cached_property
    def values(self) -> tuple[float, ...]:
        """The ratings of the log, lowest first; empty where it has none or too many to list."""
        found = self._values.unique().sort()
        return tuple(found.to_list()) if len(found) <= FEW_VALUES else ()

    @cached_property
    def value_range(self) -> tuple[float, float] | None:
        """Lowest and highest rating; None where the log has none."""
        if self._values.len() == 0:
            return None
        return float(self._values.min()), float(self._values.max())  # type: ignore[arg-type]

    @cached_property
    def _values(self) -> pl.Series:
        train = self.split.train
        if VALUE not in train.interactions.columns:
            return pl.Series(dtype=pl.Float64)
        return train.interactions[VALUE].drop_nulls().drop_nans()

    @cached_property
    def guests(self) -> dict[Id, int]:
        """Guest → number of events; in the order of the log's ids."""
        return self._counted(self.split.train.guest_interactions, self.split.guests)

    @cached_property
    def learnt_from(self) -> dict[Id, int]:
        """Person that the models learnt from → number of events."""
        train = self.split.train
        return self._counted(train.interactions, train.people.take(train.fit_rows))

    def _counted(self, events: pl.DataFrame, ids: Any) -> dict[Id, int]:
        counts = dict(events.group_by(USER).len().iter_rows()) if events.height else {}
        return {id_: counts.get(id_, 0) for id_ in ids}

    @property
    def k(self) -> int:
        """Places of a slate."""
        return int(self.run.manifest["configuration"]["k"])

    def start(self, case: Case) -> Profile:
        """The person of a case before any edit."""
        train = self.split.train
        if case.user_id is None:
            return Profile.of(as_of=train.end)
        return train.profiles([case.user_id])[0]


def folder() -> Path | None:
    """Where the run is: ``$WORKBENCH_RUN``, or the run that finished last; None without any."""
    named = os.environ.get("WORKBENCH_RUN")
    return Path(named).expanduser() if named else Run.latest_path(home())


def world() -> World | None:
    """The run, opened; None where there is none yet.

    Raises
    ------
    ArtifactError
        The run cannot be trusted; the message says why.
    """
    path = folder()
    if path is None:
        return None
    try:
        digest = hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        raise DamagedArtifactError(
            f"{path} is no run folder: {MANIFEST} cannot be read ({error.strerror}); "
            "set WORKBENCH_RUN to a folder that `workbench run` wrote, or unset it"
        ) from error
    return _opened(str(path), digest)


@st.cache_resource(show_spinner="Opening the engine …", max_entries=2)
def _opened(path: str, digest: str) -> World:
    """Open a run and make all of it read-only."""
    opened = World(f"{path}#{digest}", Run.load(path))
    _warm(opened)
    for array in _arrays([opened.engine, opened.split]):
        array.flags.writeable = False
    # What was just loaded lives as long as the server: it need not be looked through again.
    gc.collect()
    gc.freeze()
    return opened


def _warm(opened: World) -> None:
    """Do once what visitors will ask for, so that the first one does not wait for first calls."""
    import workbench

    _ = opened.catalogue, opened.known, opened.guests, opened.learnt_from, opened.values
    someone = [Case(GUEST, user_id) for user_id in opened.guests][:1]
    for case in (Case(), *someone):
        workbench.slate(opened.engine, opened.start(case), opened.k)


def slate(opened: World, case: Case, profile: Profile) -> Slate:
    """What a person is shown."""
    return _slate(opened.key, _hashed(case), opened.k, opened, profile)


@st.cache_data(show_spinner=False, max_entries=2000)
def _slate(key: str, case: str, k: int, _world: World, _profile: Profile) -> Slate:
    import workbench

    return workbench.slate(_world.engine, _profile, k)


def explanation(opened: World, case: Case, profile: Profile, item_id: Id) -> Explanation:
    """Why a person is shown an item."""
    return _explanation(opened.key, _hashed(case), str(item_id), opened, profile, item_id)


@st.cache_data(show_spinner=False, max_entries=500)
def _explanation(
    key: str, case: str, item: str, _world: World, _profile: Profile, _item_id: Id
) -> Explanation:
    import workbench

    return workbench.explain(_world.engine, _profile, _item_id)


def _hashed(case: Case) -> str:
    """A case as text: who, and the edits that count, to the last digit."""
    return repr((case.kind, case.user_id, [(e.do, e.item_id, e.value) for e in case.done]))


def _arrays(roots: list[Any]) -> Iterator[np.ndarray[Any, Any]]:
    """Every NumPy array that the objects hold, at any depth."""
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, str | bytes | int | float | type | pl.DataFrame):
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            yield thing
        elif sparse.issparse(thing):
            waiting += [v for v in vars(thing).values() if isinstance(v, np.ndarray)]
        elif isinstance(thing, dict):
            waiting += thing.values()
        elif isinstance(thing, list | tuple):
            waiting += thing
        elif is_dataclass(thing) or type(thing).__module__.startswith("workbench"):
            waiting += getattr(thing, "__dict__", {}).values()
            waiting += [getattr(thing, n, None) for n in getattr(thing, "__slots__", ())]
