"""Profile: all that a model may know of a person at one moment. It has no user id."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import AS_OF, ITEM, KIND, TIME, VALUE, WEIGHT
from workbench.display import Sheet, Shown, moment
from workbench.errors import ArgumentError
from workbench.vocabulary import Id

Moment = float | int | datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a person did.

    Attributes
    ----------
    item_id : str or int
        A NumPy integer or string is taken as the plain one.
    timestamp : float, optional
        Seconds since 1970-01-01 UTC.
    value : float, optional
        A rating or another strength, in the log's own unit.
    weight : float
        How much the event counts; 1 is "as it happened", 0 is "seen, but says nothing".
    kind : str, optional
        The kind of event, where a log has several.
    """

    item_id: Id
    timestamp: float | None = None
    value: float | None = None
    weight: float = 1.0
    kind: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.item_id, np.generic):
            object.__setattr__(self, "item_id", self.item_id.item())
        if isinstance(self.item_id, bool) or not isinstance(self.item_id, str | int):
            raise ArgumentError(
                f"item_id must be a string or an integer, not {self.item_id!r}; "
                "use the id as the items table spells it"
            )
        object.__setattr__(self, "timestamp", _seconds(self.timestamp, "timestamp"))
        if self.value is not None:
            object.__setattr__(self, "value", _finite(self.value, "value"))
        object.__setattr__(self, "weight", _finite(self.weight, "weight"))
        if self.weight < 0:
            raise ArgumentError(
                f"weight must be 0 or more, not {self.weight!r}; "
                "to say that a person disliked an item give it a low value"
            )


@dataclass(frozen=True, repr=False)
class Profile(Shown):
    """A person as a model sees them: history, attributes, context. Edits return a new one.

    Attributes
    ----------
    history : tuple of Event
        Oldest first. Where an item occurs twice, its latest event counts.
    attributes : mapping
        What is known of the person (age, gender, ...); a model reads only what it ``uses``.
    context : mapping
        What is known of the moment; ``as_of`` is the moment itself, in seconds.
    """

    history: tuple[Event, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        context = dict(self.context)
        context[AS_OF] = as_of = _seconds(context.get(AS_OF), AS_OF)
        known = [e.timestamp for e in self.history if e.timestamp is not None]
        if as_of is None and known:
            context[AS_OF] = as_of = max(known)
        if known and as_of is not None and max(known) > as_of:
            late = next(e for e in self.history if e.timestamp == max(known))
            raise ArgumentError(
                f"as_of={as_of!r} is before the event of item {late.item_id!r} at "
                f"{late.timestamp!r}; a profile holds no later event: use .at(as_of) to go back"
            )
        history = tuple(
            sorted(self.history, key=lambda e: -math.inf if e.timestamp is None else e.timestamp)
        )
        object.__setattr__(self, "history", history)
        object.__setattr__(self, "attributes", MappingProxyType(dict(self.attributes)))
        object.__setattr__(self, "context", MappingProxyType(context))

    @classmethod
    def of(
        cls,
        items: Sequence[Id] = (),
        values: Sequence[float | None] | None = None,
        timestamps: Sequence[Moment | None] | None = None,
        attributes: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        as_of: Moment | None = None,
    ) -> Profile:
        """A person from scratch.

        Parameters
        ----------
        items : sequence of item ids
            Oldest first where there are no ``timestamps``.
        values, timestamps : sequence, optional
            One per item; ``None`` where not known.
        attributes, context : mapping, optional
        as_of : seconds or datetime, optional
            The moment; by default that of the last event.

        Raises
        ------
        ArgumentError
            Lengths differ, a value is not finite, or an event is later than ``as_of``.
        """
        if isinstance(items, str):
            raise ArgumentError(f"items must be a list of ids, not the string {items!r}")
        items = list(items)
        columns: dict[str, list[Any]] = {}
        for name, column in (("values", values), ("timestamps", timestamps)):
            columns[name] = [None] * len(items) if column is None else list(column)
            if len(columns[name]) != len(items):
                raise ArgumentError(
                    f"{name} has {len(columns[name])} entries for {len(items)} items; "
                    "give one per item, None where not known"
                )
        history = tuple(
            Event(item, timestamp, value)
            for item, timestamp, value in zip(
                items, columns["timestamps"], columns["values"], strict=True
            )
        )
        context = dict(context or {})
        if as_of is not None:
            context[AS_OF] = as_of
        return cls(history, attributes or {}, context)

    @property
    def as_of(self) -> float | None:
        """The moment of the profile, seconds since 1970-01-01 UTC; None where unknown."""
        return self.context[AS_OF]  # type: ignore[no-any-return]

    @property
    def items(self) -> list[Id]:
        """Distinct items of the history, in the order of their first event."""
        return list(dict.fromkeys(event.item_id for event in self.history))

    def __len__(self) -> int:
        return len(self.history)

    def __contains__(self, item_id: object) -> bool:
        return any(event.item_id == item_id for event in self.history)

    def __hash__(self) -> int:
        # Not by values: 1 and 1.0 are equal, but not alike as text.
        return hash((self.history, frozenset(self.attributes), frozenset(self.context)))

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only mapping can neither be copied nor sent to another process; a dict can.
        return Profile, (self.history, dict(self.attributes), dict(self.context))

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything in the profile as text: equal fingerprints, equal profiles."""
        content = [
            [(e.item_id, e.timestamp, e.value, e.weight, e.kind) for e in self.history],
            sorted(self.attributes.items()),
            sorted(self.context.items()),
        ]
        return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:16]

    def _sheet(self) -> Sheet:
        latest = self.history[::-1]
        columns: dict[str, Any] = {
            ITEM: [e.item_id for e in latest],
            VALUE: [e.value for e in latest],
            TIME: [e.timestamp for e in latest],
            KIND: [e.kind for e in latest],
            WEIGHT: [None if e.weight == 1 else e.weight for e in latest],
        }
        known = {n: c for n, c in columns.items() if n == ITEM or any(v is not None for v in c)}
        facts = (
            ("events", len(self)),
            ("as of", moment(self.as_of)),
            *((name, value) for name, value in self.attributes.items()),
            *((name, value) for name, value in self.context.items() if name != AS_OF),
        )
        history = pl.DataFrame(known, strict=False)
        return Sheet("Profile", facts, (("History, the latest first", history),) if latest else ())

    def last(self, item_id: Id) -> Event | None:
        """The latest event of an item, or None: its last word, the one that counts."""
        return next((e for e in reversed(self.history) if e.item_id == item_id), None)

    # --- edits ------------------------------------------------------------------------------

    def with_event(
        self,
        item: Id | Event,
        value: float | None = None,
        timestamp: Moment | None = None,
        weight: float = 1.0,
        kind: str | None = None,
    ) -> Profile:
        """The person, had they also done this.

        Without a ``timestamp`` it happens now (at ``as_of``). A later one moves ``as_of`` on.
        """
        event = (
            item
            if isinstance(item, Event)
            else Event(item, _seconds(timestamp, "timestamp"), value, weight, kind)
        )
        if event.timestamp is None:
            event = replace(event, timestamp=self.as_of)
        context = dict(self.context)
        if event.timestamp is not None:
            now = self.as_of
            context[AS_OF] = event.timestamp if now is None else max(now, event.timestamp)
        return replace(self, history=(*self.history, event), context=context)

    def without(self, *item_ids: Id) -> Profile:
        """The person, had they never met these items. All events of an item go; time stays.

        Raises
        ------
        ArgumentError
            An item is not in the history.
        """
        for item_id in item_ids:
            self._require(item_id)
        gone = set(item_ids)
        kept = tuple(event for event in self.history if event.item_id not in gone)
        return replace(self, history=kept)

    def reweighted(self, item_id: Id, weight: float) -> Profile:
        """The person, did this item's events count ``weight`` times as much as one event."""
        return self._mapped(item_id, weight=weight)

    def revalued(self, item_id: Id, value: float | None) -> Profile:
        """The person, had they given this item another value at the same moment."""
        return self._mapped(item_id, value=value)

    def with_attribute(self, name: str, value: Any) -> Profile:
        """The person with another attribute."""
        return replace(self, attributes={**self.attributes, name: value})

    def with_context(self, name: str, value: Any) -> Profile:
        """The person in another context. The moment itself is moved by ``at``."""
        return (
            self.at(value)
            if name == AS_OF
            else replace(self, context={**self.context, name: value})
        )

    def at(self, as_of: Moment) -> Profile:
        """The person at another moment: events later than ``as_of`` have not happened."""
        moment = _seconds(as_of, AS_OF)
        if moment is None:
            raise ArgumentError("as_of must be a moment, not None; give seconds or a datetime")
        kept = tuple(e for e in self.history if e.timestamp is None or e.timestamp <= moment)
        return replace(self, history=kept, context={**self.context, AS_OF: moment})

    def _mapped(self, item_id: Id, **changes: Any) -> Profile:
        self._require(item_id)
        return replace(
            self,
            history=tuple(
                replace(e, **changes) if e.item_id == item_id else e for e in self.history
            ),
        )

    def _require(self, item_id: Id) -> None:
        if item_id not in self:
            raise ArgumentError(
                f"item {item_id!r} is not in the history of this profile "
                f"({len(self.items)} items); look at profile.items"
            )


def _seconds(moment: Moment | None, name: str) -> float | None:
    """A moment as seconds since 1970-01-01 UTC (a datetime without a zone is taken as UTC)."""
    if moment is None:
        return None
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return _finite(moment, name)


def _finite(number: Any, name: str) -> float:
    try:
        value = float(number)
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise ArgumentError(f"{name} must be a finite number, not {number!r}")
    return value
