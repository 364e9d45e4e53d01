"""Edits: the single changes that may be made to one person, and the person after some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.explain.coalitions import coalitions, players
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.vocabulary import Id, IntArray

REMOVE, ADD, RATE = "remove", "add", "rate"
CHANGES = (REMOVE, ADD, RATE)

Set = tuple[int, ...]
"""Numbers of the edits that are made together, rising."""


@dataclass(frozen=True, eq=False)
class Edits:
    """What may be changed about one person: edit ``e`` concerns ``item[e]``.

    Attributes
    ----------
    person : Profiles
        One row.
    change : str
        "remove": all events of the item; "add": an event at the person's moment; "rate": another
        value of all events of the item, at the same moments.
    item : (n_edits,) int64
        Codes. Two edits of one item cannot be made together.
    value : (n_edits,) float64
        Of the event; NaN where it has none.
    """

    person: Profiles
    change: str
    item: IntArray
    value: NDArray[np.float64]

    @classmethod
    def removals(cls, person: Profiles) -> Edits:
        """Every item of the history may go."""
        items = players(person)
        return cls(person, REMOVE, items, np.full(len(items), np.nan))

    @classmethod
    def additions(cls, person: Profiles, items: IntArray, value: float | None) -> Edits:
        """Each of some items may be added, with one value."""
        given = np.nan if value is None else value
        return cls(person, ADD, items, np.full(len(items), given, dtype=np.float64))

    @classmethod
    def ratings(cls, person: Profiles, values: Sequence[float]) -> Edits:
        """Every item of the history may have each of some values that it has not."""
        items = players(person)
        now = person.value[person.latest]
        edit, value = np.nonzero(~(now[:, None] == np.asarray(values, dtype=np.float64)))
        return cls(person, RATE, items[edit], np.asarray(values, dtype=np.float64)[value])

    def __len__(self) -> int:
        return len(self.item)

    def people(self, sets: Sequence[Set]) -> Profiles:
        """Row ``i`` is the person after the edits of ``sets[i]``."""
        row = np.repeat(np.arange(len(sets)), [len(edits) for edits in sets])
        edit = np.array([e for edits in sets for e in edits], dtype=np.int64)
        if self.change == REMOVE:
            kept = np.ones((len(sets), len(self)), dtype=bool)
            kept[row, edit] = False
            return coalitions(self.person, kept)
        same = self.person[np.zeros(len(sets), dtype=np.int64)]
        if self.change == RATE:
            value = same.value.reshape(len(sets), -1).copy()
            for r, e in zip(row, edit, strict=True):
                value[r, self.person.item == self.item[e]] = self.value[e]
            return same._but(value=value.ravel())
        return same.with_events(row, self.item[edit], self.value[edit])

    def profile(self, profile: Profile, edits: Set) -> Profile:
        """The same edits made to the person's Profile, by its own verbs."""
        ids = self.ids(edits)
        if self.change == REMOVE:
            return profile.without(*ids)
        for item_id, value in zip(ids, self.value[list(edits)].tolist(), strict=True):
            known = None if np.isnan(value) else value
            edit = profile.with_event if self.change == ADD else profile.revalued
            profile = edit(item_id, known)
        return profile

    def ids(self, edits: Set) -> list[Id]:
        """Items that some edits concern."""
        return self.person.catalogue.take(self.item[list(edits)])
