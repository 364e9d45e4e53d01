"""The engine as a whole: whose lists are looked at, and what was worked out of them, once."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from app.cache import World
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.explain.background import Background
    from workbench.explain.global_ import GlobalShares
    from workbench.explain.interactions import Interactions

MOST = 150
"""People whose lists are looked at, so that nobody waits for long."""
ENOUGH = 20
"""With fewer guests, people whom the engine learnt from are asked, too."""
PAIRS = 100
"""(Person, item) pairs whose interactions are worked out."""
LEARNT, GUESTS = "learnt", "guests"
BACKGROUND_SIZE = 40


def explainable(world: World) -> bool:
    """Whether the model of the run has features whose shares can be told."""
    return hasattr(world.engine, "contributions")


def whom(world: World) -> tuple[list[Id], str]:
    """Who is asked, and what they are called: guests, or everybody where there are too few."""
    guests = list(world.guests)
    if len(guests) >= ENOUGH:
        return drawn(guests), "guests"
    return drawn([*guests, *world.learnt_from]), "people"


def drawn(ids: Sequence[Id], most: int = MOST) -> list[Id]:
    """At most so many of them, by seed, in their order."""
    if len(ids) <= most:
        return list(ids)
    chosen = random.Random(0).sample(range(len(ids)), most)
    return [ids[place] for place in sorted(chosen)]


def shares(world: World, ids: Sequence[Id], against: str = LEARNT) -> GlobalShares:
    """Shares of the features on the lists of some people."""
    return _shares(world.key, _named(ids), against, world, list(ids))


def importance(world: World, ids: Sequence[Id], against: str = LEARNT) -> pl.DataFrame:
    """What the engine looks at on their lists."""
    return _importance(world.key, _named(ids), against, world, list(ids))


def difference(world: World, one: Sequence[Id], other: Sequence[Id]) -> pl.DataFrame:
    """What it looks at for some people more than for others."""
    return _difference(world.key, _named(one), _named(other), world, list(one), list(other))


def interactions(world: World, ids: Sequence[Id]) -> Interactions:
    """What features do together on their lists."""
    return _interactions(world.key, _named(ids), world, list(ids))


def retrievers(world: World) -> pl.DataFrame:
    """What each retriever contributes: as the run kept it, or for some of the people asked."""
    kept: pl.DataFrame | None = getattr(world.run, "retrievers", None)
    return kept if kept is not None and kept.height else _retrievers(world.key, world)


@st.cache_resource(show_spinner="Asking the engine about many lists …", max_entries=12)
def _shares(key: str, who: str, against: str, _world: World, _ids: list[Id]) -> GlobalShares:
    from workbench.explain.global_ import global_shares

    people = _world.split.train.profiles(_ids)
    told = None if against == LEARNT else _background(_world)
    found = global_shares(_world.engine, people, _world.k, ids=_ids, against=told)
    for array in (found.shares, found.score, found.shown.matrix):
        array.flags.writeable = False
    return found


def _background(world: World) -> Background:
    from workbench.explain.background import background

    ids, name = whom(world)
    people = world.split.train.profiles(ids)
    return background(world.engine, people, name, size=BACKGROUND_SIZE)


@st.cache_data(show_spinner=False, max_entries=24)
def _importance(key: str, who: str, against: str, _world: World, _ids: list[Id]) -> pl.DataFrame:
    return shares(_world, _ids, against).importance()


@st.cache_data(show_spinner=False, max_entries=24)
def _difference(
    key: str, one: str, other: str, _world: World, _one: list[Id], _other: list[Id]
) -> pl.DataFrame:
    everybody = list(dict.fromkeys([*_one, *_other]))
    return shares(_world, everybody).difference(_one, _other)


@st.cache_resource(show_spinner="Working out pairs of features …", max_entries=6)
def _interactions(key: str, who: str, _world: World, _ids: list[Id]) -> Interactions:
    return shares(_world, _ids).interactions(size=PAIRS)


@st.cache_data(show_spinner="Leaving out one retriever after the other …", max_entries=6)
def _retrievers(key: str, _world: World) -> pl.DataFrame:
    from workbench.data.sample import asking
    from workbench.explain.retrieval import retrievers_contribution

    return retrievers_contribution(_world.engine, asking(_world.split, MOST, 0), _world.k)


def _named(ids: Sequence[Id]) -> str:
    """People as a short text that differs where they do."""
    return hashlib.sha256(repr(list(ids)).encode()).hexdigest()
