"""The run that is shown: opened once by the server, shared by all visitors, read-only.

No frame, array or profile is ever a hashed argument: Streamlit hashes a Polars frame by a few of
its rows, and would answer with the slate of somebody else. What is hashed is the hash of the run's
manifest and the address of the case.
"""

from __future__ import annotations

import gc
import hashlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import streamlit as st
from scipy import sparse

from app.address import Known
from app.catalogue import Catalogue
from app.facets import Facet, facets
from app.state import DIALS, GUEST, Case, PolicyChoice
from workbench.columns import AS_OF, GENRES, ITEM, N_RELEVANT, TIME, USER, VALUE
from workbench.errors import DamagedArtifactError
from workbench.pipeline import Run
from workbench.profile import Profile
from workbench.settings import home
from workbench.slate import Slate
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.data.split import Split
    from workbench.ranking.engine import Engine
    from workbench.ranking.policy import Policy

MANIFEST = "manifest.json"
CAPPED = (GENRES, "decade", "popularity")
"""Columns of items that a list may be capped by, where the log has them."""
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
        return Known(
            train.people,
            train.catalogue,
            frozenset(self.split.guests),
            self.value_range,
            self.attributes,
            self.context,
            self.moments,
            self.dials,
            self.caps,
        )

    @cached_property
    def attributes(self) -> dict[str, Facet]:
        """What is known of people, by column; which of it the engine reads."""
        users = self.split.train.users
        return facets(users, [c for c in users.columns if c != USER], self.engine.uses)

    @cached_property
    def context(self) -> dict[str, Facet]:
        """What is known of moments beside the time, by column."""
        train = self.split.train
        return facets(train.interactions, train.context_columns, self.engine.uses)

    @cached_property
    def moments(self) -> tuple[float, float] | None:
        """First and last second of the log; None where it has no times."""
        train = self.split.train
        if "timestamps" not in train.has:
            return None
        times = train.interactions[TIME].drop_nulls()
        if train.guest_interactions.height:
            times = times.append(train.guest_interactions[TIME].drop_nulls())
        return float(times.min()), float(times.max())  # type: ignore[arg-type]

    @cached_property
    def rules(self) -> Policy:
        """A policy that does nothing yet and knows the items of the log."""
        from workbench.ranking.policy import Policy

        return Policy.for_dataset(self.split.train)

    @cached_property
    def dials(self) -> tuple[str, ...]:
        """The numbers of a policy that this log can feed; two of them read genres."""
        has = self.rules.table.columns
        return tuple(d for d in DIALS if d not in ("diversity", "calibration") or GENRES in has)

    @cached_property
    def caps(self) -> tuple[str, ...]:
        """The columns of items that a list may be capped by."""
        return tuple(c for c in CAPPED if c in self.rules.table.columns)

    @cached_property
    def quality(self) -> dict[Id, float]:
        """Guest → nDCG of the engine's list for them; only those with something to find."""
        rows = self.run.rows
        if not {"model", USER, "ndcg"} <= set(rows.columns):
            return {}
        of_engine = rows.filter(pl.col("model") == "engine").drop_nulls("ndcg")
        if N_RELEVANT in rows.columns:
            of_engine = of_engine.filter(pl.col(N_RELEVANT) > 0)
        found = dict(of_engine.select(USER, "ndcg").iter_rows())
        return {id_: found[id_] for id_ in self.guests if id_ in found}

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
    return None if path is None else _opened(str(path), _digest(path))


def private(path: Path) -> World:
    """Open a run for one visitor: as ``world()``, but kept by nobody else than the caller."""
    return _made(str(path), _digest(path))


def forget() -> None:
    """Throw away all that was worked out and kept, by any part of the app, but for the shared run.

    An upload must leave nothing behind; what is kept for others is worked out again when asked.
    """
    st.cache_data.clear()
    for name, module in list(sys.modules.items()):
        if name.startswith("app."):
            for kept in vars(module).values():
                if isinstance(kept, type(_opened)) and kept is not _opened:
                    kept.clear()


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest()
    except OSError as error:
        raise DamagedArtifactError(
            f"{path} is no run folder: {MANIFEST} cannot be read ({error.strerror}); "
            "set WORKBENCH_RUN to a folder that `workbench run` wrote, or unset it"
        ) from error


@st.cache_resource(show_spinner="Opening the engine …", max_entries=2)
def _opened(path: str, digest: str) -> World:
    opened = _made(path, digest)
    # What was just loaded lives as long as the server: it need not be looked through again.
    gc.collect()
    gc.freeze()
    return opened


def _made(path: str, digest: str) -> World:
    """Open a run and make all of it read-only."""
    opened = World(f"{path}#{digest}", Run.load(path))
    _warm(opened)
    for array in _arrays([opened.engine, opened.split]):
        array.flags.writeable = False
    return opened


def _warm(opened: World) -> None:
    """Do once what visitors will ask for, so that the first one does not wait for first calls."""
    import workbench

    _ = opened.catalogue, opened.known, opened.guests, opened.learnt_from, opened.values
    _ = opened.quality, opened.rules, opened.split.people()
    someone = [Case(GUEST, user_id) for user_id in opened.guests][:1]
    for case in (Case(), *someone):
        workbench.slate(opened.engine, opened.start(case), opened.k)


def policy(opened: World, choice: PolicyChoice) -> Policy | None:
    """The policy that a visitor has set; None where it does nothing."""
    return _policy(opened.key, repr(choice), opened, choice) if choice else None


@st.cache_resource(show_spinner=False, max_entries=200)
def _policy(key: str, choice: str, _world: World, _choice: PolicyChoice) -> Policy:
    """Kept, because a policy remembers which item belongs to which group."""
    return replace(_world.rules, **_choice.parameters)


def slate(opened: World, case: Case, profile: Profile) -> Slate:
    """What a person is shown under the policy of a case; ``profile`` is the case's person."""
    choice = case.policy
    return _slate(hashed(opened, profile, choice), opened.k, opened, profile, choice)


@st.cache_data(show_spinner=False, max_entries=1000)
def _slate(key: str, k: int, _world: World, _profile: Profile, _choice: PolicyChoice) -> Slate:
    import workbench

    return workbench.slate(_world.engine, _profile, k, policy(_world, _choice))


def hashed(opened: World, profile: Profile, choice: PolicyChoice) -> str:
    """A run, a person as its engine sees them, and a policy, as a key for a cache.

    What the engine does not read is not in it: such an edit costs nothing and changes nothing.
    """
    uses = opened.engine.uses
    seen = Profile(
        profile.history,
        {name: value for name, value in profile.attributes.items() if name in uses},
        {name: v for name, v in profile.context.items() if name in uses or name == AS_OF},
    )
    return f"{opened.key}#{seen.fingerprint}#{choice!r}"


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
