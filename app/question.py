"""What is asked of many: one change, as a frozen object that an address can hold."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import cache
from app.cache import World
from app.state import DIALS, Case, PolicyChoice
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.explain.changes import Change

SAW, UNSAW, RATED, RETIRE, ADD, POLICY, CASE = (
    "saw", "unsaw", "rated", "retire", "add", "policy", "case",
)  # fmt: skip
KINDS = (SAW, UNSAW, RATED, RETIRE, ADD, POLICY, CASE)
OF_ITEM = (SAW, UNSAW, RATED, RETIRE)

QUESTION, WRITTEN, ACTED, RUN = "ask", "ask_written", "ask_acted", "ask_run"
LONGEST = 1200
LONGEST_TITLE = 120
MOST_GENRES = 8


@dataclass(frozen=True, slots=True)
class Question:
    """One change to many people.

    Attributes
    ----------
    kind : str
        "saw", "unsaw", "rated", "retire" (of ``item_id``), "add" (a title), "policy" (``dials``),
        or "case" (all that the case of the What-if screen changes).
    item_id : str or int, optional
    value : float, optional
        A rating.
    title : str
    genres : tuple of str
    year : int, optional
    dials : tuple of (name, value)
    """

    kind: str = SAW
    item_id: Id | None = None
    value: float | None = None
    title: str = ""
    genres: tuple[str, ...] = ()
    year: int | None = None
    dials: tuple[tuple[str, float], ...] = ()

    def complete(self, case: Case) -> bool:
        """Whether there is something to ask."""
        if self.kind in OF_ITEM:
            return self.item_id is not None
        if self.kind == ADD:
            return bool(self.title.strip())
        if self.kind == POLICY:
            return any(value for _, value in self.dials)
        return bool(case.done)

    def change(self, world: World, case: Case) -> Change:
        """The change that it asks for; it must be complete."""
        from workbench.explain.changes import Change

        item_id = self.item_id
        if item_id is not None and self.kind in OF_ITEM:
            if self.kind == SAW:
                return Change.saw(item_id, self.value)
            if self.kind == UNSAW:
                return Change.unsaw(item_id)
            if self.kind == RATED:
                return Change.rated(item_id, self.value)
            return Change.retire(item_id)
        if self.kind == ADD:
            return Change.add(self.title, self.genres, self.year)
        if self.kind == POLICY:
            policy = cache.policy(world, PolicyChoice(**dict(self.dials)))  # type: ignore[arg-type]
            return Change.of(policy or world.rules)
        words = "what the screen What if changes of one person happened to all"
        return Change.edited(case.profile, words, policy=cache.policy(world, case.policy))


# --- the address ------------------------------------------------------------------------------


def to_text(question: Question) -> str:
    """A question as a parameter of the address; only what is not as usual."""
    usual = Question()
    said = {f.name: getattr(question, f.name) for f in fields(Question)}
    kept = {k: v for k, v in said.items() if k == "kind" or v != getattr(usual, k)}
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False)


def from_text(text: str, world: World) -> Question | None:
    """The question that a parameter spells; None where it spells none. Nothing in it can raise."""
    try:
        said = json.loads(text) if len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or set(said) - {f.name for f in fields(Question)}:
        return None
    genres, dials = said.get("genres", []), said.get("dials", [])
    if not isinstance(genres, list) or not isinstance(dials, list):
        return None
    known = world.known
    item_id, year, title = said.get("item_id"), said.get("year"), said.get("title", "")
    fine = (
        said.get("kind") in KINDS
        and (item_id is None or (type(item_id) in (int, str) and item_id in known.items))
        and (said.get("value") is None or (_number(said["value"]) and known.allows(said["value"])))
        and isinstance(title, str)
        and len(title) <= LONGEST_TITLE
        and len(genres) <= MOST_GENRES
        and all(isinstance(g, str) for g in genres)
        and (year is None or (type(year) is int and abs(year) < 10_000))
        and all(_dial(pair, world) for pair in dials)
    )
    if not fine:
        return None
    lists = {"genres": tuple(genres), "dials": tuple((n, float(v)) for n, v in dials)}
    return Question(**{**said, **lists})


def _number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _dial(pair: Any, world: World) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and pair[0] in DIALS
        and pair[0] in world.dials
        and _number(pair[1])
        and 0 <= pair[1] <= 1
    )


# --- the visitor's ----------------------------------------------------------------------------


def current(world: World) -> Question:
    """The question of this visitor; from the address where that was typed or shared."""
    state = st.session_state
    given = st.query_params.get(QUESTION)
    acted = state.pop(ACTED, False)
    if state.get(RUN) != world.key:
        state.pop(QUESTION, None)
        state[RUN] = world.key
    if QUESTION not in state or (given is not None and not acted and given != state.get(WRITTEN)):
        found = Question() if given is None else from_text(given, world)
        if found is None:
            st.warning("The address could not be read in full.", icon=":material/link_off:")
        state[QUESTION] = _rated(found or Question(), world)
    question: Question = state[QUESTION]
    text = to_text(question)
    if given != text:
        st.query_params[QUESTION] = text
    state[WRITTEN] = text
    return question


def _rated(question: Question, world: World) -> Question:
    """With the best rating of the log, where one is asked for and none is given."""
    if question.kind not in (SAW, RATED) or question.value is not None or not world.value_range:
        return question
    return replace(question, value=world.value_range[1])


def put(question: Question) -> None:
    """The visitor asks this now."""
    st.session_state[QUESTION] = question
    st.session_state[ACTED] = True
