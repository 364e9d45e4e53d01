"""Profiles: many people at once, as one ragged table of events."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, overload

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import AS_OF
from workbench.errors import ArgumentError
from workbench.profile import Event, Profile
from workbench.vocabulary import IntArray, Vocabulary

Mask = NDArray[np.bool_]


class Profiles:
    """A batch of profiles. Row ``i`` of everything computed from it is person ``i``.

    Built straight from a log by ``Dataset.profiles`` or from people by ``Profiles.of``; the
    arrays are read-only. Events of one row are contiguous, oldest first.

    Parameters
    ----------
    catalogue : Vocabulary
        What the item codes mean.
    indptr : (n_profiles + 1,) int64
        Events of row ``i`` are ``indptr[i]:indptr[i + 1]``.
    item : (n_events,) int64
        Item codes.
    timestamp, value : (n_events,) float64
        Seconds, and the log's own unit; NaN where not known.
    weight : (n_events,) float64
    kind : polars.Series of String, optional
        Kind of each event.
    attributes, context : polars.DataFrame, optional
        One row per profile. ``context`` has ``as_of`` (seconds, null where unknown).
    unknown : int
        Events that were left out because their item is not in the catalogue.
    """

    def __init__(
        self,
        catalogue: Vocabulary,
        indptr: IntArray,
        item: IntArray,
        timestamp: NDArray[np.float64],
        value: NDArray[np.float64],
        weight: NDArray[np.floating] | None = None,
        kind: pl.Series | None = None,
        attributes: pl.DataFrame | None = None,
        context: pl.DataFrame | None = None,
        unknown: int = 0,
    ) -> None:
        self.catalogue = catalogue
        self.indptr = np.asarray(indptr, dtype=np.int64)
        self.item = np.asarray(item, dtype=np.int64)
        self.timestamp = np.asarray(timestamp, dtype=np.float64)
        self.value = np.asarray(value, dtype=np.float64)
        self.weight = (
            np.ones(len(self.item)) if weight is None else np.asarray(weight, dtype=np.float64)
        )
        self.kind = kind
        self.attributes = pl.DataFrame() if attributes is None else attributes
        n = len(self.indptr) - 1
        self.context = (
            pl.DataFrame({AS_OF: [None] * n}, schema={AS_OF: pl.Float64})
            if context is None
            else context
        )
        self.unknown = unknown
        for array in (self.indptr, self.item, self.timestamp, self.value, self.weight):
            array.flags.writeable = False

    @classmethod
    def of(cls, profiles: Profile | Iterable[Profile], catalogue: Vocabulary) -> Profiles:
        """Profiles of people, with their items looked up in a catalogue.

        Events of unknown items are left out and counted in ``unknown``.
        """
        people = [profiles] if isinstance(profiles, Profile) else list(profiles)
        code = catalogue.code
        known = [[(code(e.item_id), e) for e in p.history if code(e.item_id) >= 0] for p in people]
        events = [pair for row in known for pair in row]
        names = sorted({name for p in people for name in p.attributes})
        moments = sorted({name for p in people for name in p.context})
        return cls(
            catalogue,
            np.cumsum([0, *map(len, known)]),
            np.array([c for c, _ in events], dtype=np.int64),
            np.array([e.timestamp for _, e in events], dtype=np.float64),
            np.array([e.value for _, e in events], dtype=np.float64),
            np.array([e.weight for _, e in events], dtype=np.float64),
            pl.Series("kind", [e.kind for _, e in events], dtype=pl.String),
            _frame(names, [p.attributes for p in people]),
            _frame(moments or [AS_OF], [p.context for p in people]),
            unknown=sum(len(p.history) for p in people) - len(events),
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def __repr__(self) -> str:
        return (
            f"Profiles({len(self):,} people, {len(self.item):,} events, "
            f"{len(self.catalogue):,} items, {self.unknown:,} events of unknown items)"
        )

    def __iter__(self) -> Iterator[Profile]:
        return (self[i] for i in range(len(self)))

    @overload
    def __getitem__(self, rows: int) -> Profile: ...
    @overload
    def __getitem__(self, rows: slice | IntArray | list[int]) -> Profiles: ...
    def __getitem__(self, rows: int | slice | IntArray | list[int]) -> Profile | Profiles:
        """``[i]`` is a Profile; a slice or an array of rows are Profiles, in that order."""
        if isinstance(rows, int | np.integer):
            return self._profile(range(len(self))[rows])
        if isinstance(rows, slice):
            rows = np.arange(len(self))[rows]
        rows = np.asarray(rows)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        rows = np.arange(len(self))[rows.astype(np.int64)]
        lengths = self.lengths[rows]
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        events = np.repeat(self.indptr[rows] - indptr[:-1], lengths) + np.arange(indptr[-1])
        return self._taken(indptr, events, rows)

    def _taken(self, indptr: IntArray, events: IntArray, rows: IntArray) -> Profiles:
        return Profiles(
            self.catalogue,
            indptr,
            self.item[events],
            self.timestamp[events],
            self.value[events],
            self.weight[events],
            None if self.kind is None else self.kind.gather(events),
            self.attributes if self.attributes.width == 0 else self.attributes[rows],
            self.context[rows],
        )

    def _profile(self, row: int) -> Profile:
        start, stop = self.indptr[row], self.indptr[row + 1]
        kind = [None] * int(stop - start) if self.kind is None else self.kind[start:stop].to_list()
        history = tuple(
            Event(item, _known(timestamp), _known(value), float(weight), k)
            for item, timestamp, value, weight, k in zip(
                self.catalogue.take(self.item[start:stop]),
                self.timestamp[start:stop].tolist(),
                self.value[start:stop].tolist(),
                self.weight[start:stop].tolist(),
                kind,
                strict=True,
            )
        )
        attributes = self.attributes.row(row, named=True) if self.attributes.width else {}
        return Profile(history, attributes, self.context.row(row, named=True))

    # --- views ------------------------------------------------------------------------------

    @cached_property
    def lengths(self) -> IntArray:
        """Number of events of each profile, ``(n_profiles,)``."""
        return np.diff(self.indptr)

    @cached_property
    def row(self) -> IntArray:
        """Row of each event, ``(n_events,)``."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def counts(self) -> Mask:
        """Mask over events: latest and with weight. The others say nothing of the person."""
        return self.latest & (self.weight > 0)

    @cached_property
    def n_met(self) -> IntArray:
        """Number of events of each profile that count, ``(n_profiles,)``."""
        return np.bincount(self.row[self.counts], minlength=len(self))

    @cached_property
    def from_end(self) -> IntArray:
        """Number of later events of the same person that count, ``(n_events,)``; the last has 0."""
        so_far = np.concatenate([[0], np.cumsum(self.counts)])
        later: IntArray = so_far[self.indptr[self.row + 1]] - so_far[1:]
        return later

    @cached_property
    def as_of(self) -> NDArray[np.float64]:
        """Moment of each profile in seconds, ``(n_profiles,)``; NaN where unknown."""
        return self.context[AS_OF].cast(pl.Float64).fill_null(np.nan).to_numpy()

    @cached_property
    def latest(self) -> Mask:
        """Mask over events: the last event of each (person, item), the one that counts."""
        key = self.row * len(self.catalogue) + self.item
        ordered = np.sort(key)
        if (ordered[1:] != ordered[:-1]).all():  # nothing repeats: seen in a fraction of the time
            return np.ones(len(key), dtype=bool)
        _, last = np.unique(key[::-1], return_index=True)
        mask = np.zeros(len(key), dtype=bool)
        mask[len(key) - 1 - last] = True
        return mask

    def positive(self, relevant_from: float | None) -> Mask:
        """Mask over events: latest, with weight, and relevant.

        Relevant is ``value >= relevant_from``; an event without a value is relevant.
        """
        mask = self.counts.copy()
        if relevant_from is not None:
            mask &= ~(self.value < relevant_from)
        return mask

    def csr(
        self,
        mask: Mask | None = None,
        data: NDArray[Any] | None = None,
        dtype: type[np.floating[Any]] = np.float32,
    ) -> sparse.csr_array:
        """Events as a sparse matrix, ``(n_profiles, n_items)``, columns sorted.

        Parameters
        ----------
        mask : (n_events,) bool, optional
            Which events; by default ``latest``. At most one event per (person, item).
        data : (n_events,), optional
            What each event holds; by default its weight.
        dtype : type
            Of what is held.
        """
        mask = self.latest if mask is None else mask
        held = (self.weight if data is None else data)[mask].astype(dtype)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(self.row[mask], minlength=len(self)))])
        matrix = sparse.csr_array(
            (held, self.item[mask].astype(np.int32), indptr.astype(np.int32)),
            shape=(len(self), len(self.catalogue)),
        )
        matrix.sort_indices()
        return matrix

    @cached_property
    def seen(self) -> sparse.csr_array:
        """1 where the person has met the item at all, ``(n_profiles, n_items)`` float32."""
        return self.csr(data=np.ones(len(self.item), dtype=np.float32))

    def blocks(self, size: int = 1024) -> Iterator[tuple[slice, Profiles]]:
        """Consecutive parts of at most ``size`` people, so that memory stays bounded."""
        if 0 < len(self) <= size:
            yield slice(0, len(self)), self  # with all that was worked out about them
            return
        for start in range(0, len(self), size):
            part = slice(start, min(start + size, len(self)))
            yield part, self[part]

    def only(self, mask: Mask) -> Profiles:
        """The same people with only the events of the mask."""
        indptr = np.concatenate([[0], np.cumsum(np.bincount(self.row[mask], minlength=len(self)))])
        return self._taken(indptr, np.flatnonzero(mask), np.arange(len(self)))

    def aligned(self, catalogue: Vocabulary) -> Profiles:
        """The same people with item codes of another catalogue; unknown items are counted."""
        if catalogue == self.catalogue:
            return self
        codes = catalogue.codes(self.catalogue.ids)[self.item]
        unknown = self.unknown + int((codes < 0).sum())
        kept = self.only(codes >= 0)
        return kept._but(catalogue=catalogue, item=codes[codes >= 0], unknown=unknown)

    def showing(self, names: frozenset[str]) -> Profiles:
        """The same people, with only these columns of attributes and context (and the moment)."""
        attributes = [name for name in self.attributes.columns if name in names]
        context = [name for name in self.context.columns if name in names or name == AS_OF]
        return self._but(
            attributes=self.attributes.select(attributes), context=self.context.select(context)
        )

    def with_events(self, row: IntArray, item: IntArray, value: NDArray[np.float64]) -> Profiles:
        """The same people, had some of them also done this; ``Profile.with_event`` for many.

        Parameters
        ----------
        row, item : (n_new,) int64
            Who, and the item's code. Events of one person happen in the order given, after all
            others, at the person's moment.
        value : (n_new,) float64
            NaN where there is none.
        """
        n, new = len(self.item), len(row)
        place = np.insert(np.arange(n), self.indptr[np.asarray(row) + 1], n + np.arange(new))
        nothing = pl.Series([None] * new, dtype=pl.String)
        return self._but(
            indptr=self.indptr
            + np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(self)))]),
            item=np.concatenate([self.item, item])[place],
            timestamp=np.concatenate([self.timestamp, self.as_of[row]])[place],
            value=np.concatenate([self.value, value])[place],
            weight=np.concatenate([self.weight, np.ones(new)])[place],
            kind=None if self.kind is None else pl.concat([self.kind, nothing]).gather(place),
        )

    def with_attributes(self, attributes: pl.DataFrame) -> Profiles:
        """The same people with other attributes, one row each."""
        if attributes.height != len(self):
            raise ArgumentError(
                f"attributes has {attributes.height} rows for {len(self)} profiles; give one each"
            )
        return self._but(attributes=attributes)

    def _but(self, **changes: Any) -> Profiles:
        """The same batch, but for some of what it was made of."""
        names = list(inspect.signature(Profiles.__init__).parameters)[1:]
        return Profiles(**{**{name: getattr(self, name) for name in names}, **changes})


def _known(number: float) -> float | None:
    return None if np.isnan(number) else number


def _frame(names: list[str], rows: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            name: pl.Series(
                name,
                [row.get(name) for row in rows],
                dtype=pl.Float64 if name == AS_OF else None,
                strict=False,
            )
            for name in names
        }
    )
