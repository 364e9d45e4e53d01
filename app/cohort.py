"""A cohort: some of the people who are asked about, as one frozen object that every panel follows.

It is a rule, or a few people by name. The rule goes into the address, never a long list of ids.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from app.cache import World
from app.words import counted
from workbench.audit.slice_finder import MOST_CONDITIONS, slice_members
from workbench.audit.slices import members, slices
from workbench.columns import USER
from workbench.errors import ArgumentError
from workbench.vocabulary import Id

EVERYBODY, GUESTS, SLICE, QUALITY, PEOPLE = "everybody", "guests", "slice", "quality", "people"
MEETING = "meeting"
KINDS = (EVERYBODY, GUESTS, SLICE, MEETING, QUALITY, PEOPLE)
CONDITIONS = range(2, 2 * MOST_CONDITIONS + 1, 2)
"""Words that may follow in an address: an attribute and a group each."""
MOST_NAMED = 20
"""People that an address names."""
LONGEST = 600
FEW = 20
"""Below so many people a figure says little, and could be about somebody."""

COHORT, WRITTEN, ACTED, RUN = "cohort", "cohort_written", "cohort_acted", "cohort_run"


@dataclass(frozen=True, slots=True)
class Cohort:
    """Some people.

    Attributes
    ----------
    kind : str
        "everybody", "guests", "slice" (of one attribute), "meeting" (several conditions at once),
        "quality" (the engine's nDCG for them lies between ``low`` and ``high``) or "people" (by
        name).
    attribute, group : str
        Of a slice, as ``workbench.audit.slices`` names it.
    conditions : tuple of (attribute, group)
    low, high : float
    user_ids : tuple of ids
        Of people by name.
    """

    kind: str = EVERYBODY
    attribute: str = ""
    group: str = ""
    low: float = 0.0
    high: float = 1.0
    user_ids: tuple[Id, ...] = ()
    conditions: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """What it is called; names of attributes and groups are untrusted text."""
        if self.kind == SLICE:
            return f"{self.attribute.replace('_', ' ')}: {self.group}"
        if self.kind == MEETING:
            return " and ".join(f"{a.replace('_', ' ')}: {g}" for a, g in self.conditions)
        if self.kind == QUALITY:
            return f"Ranking quality (nDCG) from {self.low:g} to {self.high:g}"
        if self.kind == PEOPLE:
            return counted(len(self.user_ids), "saved person", "saved people")
        return {EVERYBODY: "Everybody", GUESTS: "Guests"}[self.kind]

    def members(self, world: World) -> list[Id]:
        """Ids of those who have a later choice to measure by, in the order of the split.

        Empty where the rule holds for nobody (any more).
        """
        return _members(world.key, repr(self), world, self)


@st.cache_data(show_spinner=False, max_entries=200)
def _members(key: str, rule: str, _world: World, _cohort: Cohort) -> list[Id]:
    cohort, split = _cohort, _world.split
    asked, _ = split.people()
    try:
        if cohort.kind == SLICE:
            return members(split, cohort.attribute, cohort.group)
        if cohort.kind == MEETING:
            return slice_members(
                split, [{"attribute": a, "group": g} for a, g in cohort.conditions]
            )
    except ArgumentError:
        return []
    wanted = set(asked)
    if cohort.kind == GUESTS:
        wanted = {*split.guests, *split.train.guest_ids}
    elif cohort.kind == QUALITY:
        within = pl.col("ndcg").is_between(cohort.low, cohort.high)
        rows = _world.run.rows.filter((pl.col("model") == "engine") & within)
        wanted = set(rows[USER])
    elif cohort.kind == PEOPLE:
        wanted = set(cohort.user_ids)
    return [user_id for user_id in asked if user_id in wanted]


@st.cache_data(show_spinner=False, max_entries=20)
def _ways(key: str, _world: World) -> dict[str, tuple[str, ...]]:
    return {way.attribute: way.order for way in slices(_world.split)}


def ways(world: World) -> dict[str, tuple[str, ...]]:
    """Attribute → its groups, of all ways to slice the people of a run."""
    return _ways(world.key, world)


# --- the address ------------------------------------------------------------------------------


def to_text(cohort: Cohort) -> str:
    """A cohort as a parameter of the address."""
    parts: list[Any] = [cohort.kind]
    if cohort.kind == SLICE:
        parts += [cohort.attribute, cohort.group]
    elif cohort.kind == MEETING:
        parts += [word for condition in cohort.conditions for word in condition]
    elif cohort.kind == QUALITY:
        parts += [cohort.low, cohort.high]
    elif cohort.kind == PEOPLE and len(cohort.user_ids) <= MOST_NAMED:
        parts += cohort.user_ids
    return json.dumps(parts, separators=(",", ":")) if len(parts) > 1 else cohort.kind


def from_text(text: str) -> Cohort | None:
    """The cohort that a parameter spells; None where it spells none. Nothing in it can raise."""
    if text in (EVERYBODY, GUESTS):
        return Cohort(text)
    try:
        parts = json.loads(text) if len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(parts, list) or len(parts) < 2:
        return None
    kind, *rest = parts
    if kind == SLICE and len(rest) == 2 and all(isinstance(p, str) for p in rest):
        return Cohort(SLICE, attribute=rest[0], group=rest[1])
    if kind == MEETING and len(rest) in CONDITIONS and all(isinstance(p, str) for p in rest):
        return Cohort(MEETING, conditions=tuple(zip(rest[::2], rest[1::2], strict=True)))
    if kind == QUALITY and len(rest) == 2 and all(_share(p) for p in rest) and rest[0] <= rest[1]:
        return Cohort(QUALITY, low=float(rest[0]), high=float(rest[1]))
    if kind == PEOPLE and len(rest) <= MOST_NAMED and all(type(p) in (int, str) for p in rest):
        return Cohort(PEOPLE, user_ids=tuple(rest))
    return None


def _share(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1


# --- the visitor's ----------------------------------------------------------------------------


def current(world: World) -> Cohort:
    """The cohort of this visitor; from the address where that was typed, shared or gone back to."""
    state = st.session_state
    given = st.query_params.get(COHORT)
    acted = state.pop(ACTED, False)
    if state.get(RUN) != world.key:
        state.pop(COHORT, None)
        state[RUN] = world.key
    if COHORT not in state or (given is not None and not acted and given != state.get(WRITTEN)):
        _read(world, given)
    cohort: Cohort = state[COHORT]
    text = to_text(cohort)
    if given != text:
        st.query_params[COHORT] = text
    state[WRITTEN] = text
    return cohort


def _read(world: World, given: str | None) -> None:
    found = Cohort() if given is None else from_text(given)
    if found is None or (given is not None and not found.members(world)):
        st.warning(
            "The address names people who are not in this run. Here is everybody.",
            icon=":material/link_off:",
        )
        found = Cohort()
    st.session_state[COHORT] = found


def put(cohort: Cohort) -> None:
    """The visitor chose these people."""
    st.session_state[COHORT] = cohort
    acted()


def take(world: World, cohort: Cohort) -> None:
    """The visitor chose these people on a screen that does not follow the cohort itself."""
    st.session_state[RUN] = world.key  # or they would be taken for people of another run
    put(cohort)


def acted() -> None:
    """The visitor did something that leaves the cohort as it is."""
    st.session_state[ACTED] = True
