"""What the package says to "why", kept while visitors look at it. Shared, frozen, read-only.

An explanation knows the model that it was asked of, so it is kept as a resource: copying it, as
``st.cache_data`` does, would copy the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app import cache
from app.cache import World
from app.state import Case, PolicyChoice
from workbench.profile import Profile
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.explain.counterfactual import Counterfactual
    from workbench.explain.explain import Explanation
    from workbench.explain.pairwise import Pairwise
    from workbench.ranking.funnel import Funnel

FIRST = (64, 64)
"""Versions of the person that are scored for the shares of events, in pieces: two at least, so
that there is an error to tell. The rest of the answer is on the screen before that."""
FURTHER = (512,) * 4
"""The same for each press of "more exact"."""
LONGEST = 80
"""Letters of a title in a sentence."""


def short(title: str) -> str:
    """A title of at most ``LONGEST`` letters."""
    return title if len(title) <= LONGEST else title[: LONGEST - 1].rstrip() + "…"


def titles(world: World) -> dict[Id, str]:
    """Item → title as sentences say it; empty where the log has no titles."""
    return _titles(world.key, world) if world.catalogue.has_titles else {}


@st.cache_resource(show_spinner=False, max_entries=2)
def _titles(key: str, _world: World) -> dict[Id, str]:
    ids = _world.split.train.catalogue.ids
    return {item_id: short(_world.catalogue[item_id].title) for item_id in ids}


def explanation(world: World, case: Case, profile: Profile, item_id: Id) -> Explanation:
    """Why an item has its score; shares of events that must be sampled are not drawn yet."""
    return _explanation(_key(world, case, profile, item_id), world, case.policy, profile, item_id)


@st.cache_resource(show_spinner=False, max_entries=500)
def _explanation(
    key: str, _world: World, _choice: PolicyChoice, _profile: Profile, _item_id: Id
) -> Explanation:
    from workbench.explain.explain import explain

    return explain(
        _world.engine,
        _profile,
        _item_id,
        k=_world.k,
        policy=cache.policy(_world, _choice),
        titles=titles(_world),
        budget=0,
    )


def sampled(
    world: World, case: Case, profile: Profile, why: Explanation, pieces: Sequence[int] = FIRST
) -> Iterator[Explanation]:
    """The explanation with the shares drawn so far, after each piece."""
    key = _key(world, case, profile, why.item_id)
    for step, budget in enumerate(pieces if why.pending else ()):
        why = _refined(key, step, why, budget)
        yield why


@st.cache_resource(show_spinner=False, max_entries=200)
def _refined(key: str, step: int, _why: Explanation, _budget: int) -> Explanation:
    return _why.refined(_budget)


def funnel(world: World, case: Case, profile: Profile, item_id: Id) -> Funnel:
    """How far an item comes on its way to the list."""
    return _funnel(_key(world, case, profile, item_id), world, case.policy, profile, item_id)


@st.cache_resource(show_spinner=False, max_entries=500)
def _funnel(
    key: str, _world: World, _choice: PolicyChoice, _profile: Profile, _item_id: Id
) -> Funnel:
    import workbench

    policy, names = cache.policy(_world, _choice), titles(_world)
    found: Funnel = workbench.funnel(
        _world.engine, _profile, _item_id, _world.k, policy, titles=names
    )
    return found


def smallest_change(
    world: World, case: Case, profile: Profile, item_id: Id, change: str
) -> Counterfactual:
    """The smallest change of the person with which an item leaves the list, or enters it."""
    key = _key(world, case, profile, item_id)
    return _smallest(key, change, world, case.policy, profile, item_id)


@st.cache_resource(show_spinner=False, max_entries=300)
def _smallest(
    key: str, change: str, _world: World, _choice: PolicyChoice, _profile: Profile, _item_id: Id
) -> Counterfactual:
    import workbench

    found: Counterfactual = workbench.counterfactual(
        _world.engine,
        _profile,
        _item_id,
        _world.k,
        change=change,
        policy=cache.policy(_world, _choice),
        values=_world.values or None,
        titles=titles(_world),
    )
    return found


def above(world: World, case: Case, profile: Profile, first: Id, second: Id) -> Pairwise:
    """Why one item stands above another in the list, by the model and its rules."""
    key = _key(world, case, profile, (first, second))
    return _above(key, world, case.policy, profile, first, second)


@st.cache_resource(show_spinner=False, max_entries=300)
def _above(
    key: str, _world: World, _choice: PolicyChoice, _profile: Profile, _first: Id, _second: Id
) -> Pairwise:
    import workbench

    found: Pairwise = workbench.why_above(
        _world.engine,
        _profile,
        _first,
        _second,
        k=_world.k,
        policy=cache.policy(_world, _choice),
        titles=titles(_world),
    )
    return found


def _key(world: World, case: Case, profile: Profile, about: object) -> str:
    """Run, person, policy and item as text."""
    return f"{cache.hashed(world, profile, case.policy)}#{about!r}"
