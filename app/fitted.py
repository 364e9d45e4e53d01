"""The other models of a run: a run keeps its engine only, so they are fitted when first asked for.

Shared by all visitors, read-only, and only a few at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from app import cache
from app.cache import World
from workbench import settings
from workbench.errors import WorkbenchError
from workbench.ranking.plugins import Plugin
from workbench.ranking.plugins import plugins as load_plugins

if TYPE_CHECKING:
    from workbench.models.base import Recommender

ENGINE = "engine"


def names(world: World) -> list[str]:
    """The models of a run, the best first."""
    return world.run.leaderboard["model"].unique(maintain_order=True).to_list()


def can_fit(world: World, name: str) -> bool:
    """Whether a model can be had."""
    return why_not(world, name) is None


def why_not(world: World, name: str) -> str | None:
    """Why a model cannot be had: one that was given to the run as code is not kept anywhere."""
    if name == ENGINE or name not in world.run.manifest["configuration"].get("own", {}):
        return None
    try:
        world.run.unfitted(name, plugins())
    except WorkbenchError as error:
        return str(error)
    return None


@st.cache_resource(show_spinner=False)
def plugins() -> list[Plugin]:
    """The plug-ins that whoever opened the app told it to run; a run's word alone is not enough.

    Raises
    ------
    ArgumentError
        One of them cannot be taken.
    """
    return load_plugins(settings.plugins())


def model(world: World, name: str) -> Recommender:
    """A model of the run, fitted on what it was fitted on there.

    Raises
    ------
    ArgumentError
        It was given to the run as code, which no run keeps and nobody gave to the app.
    """
    return world.engine if name == ENGINE else _fitted(world.key, name, world)


@st.cache_resource(show_spinner="Fitting a model for the first time …", max_entries=12)
def _fitted(key: str, name: str, _world: World) -> Recommender:
    made = _world.run.model(name, plugins())
    for array in cache._arrays([made]):
        array.flags.writeable = False
    return made


def rows(world: World, name: str) -> pl.DataFrame:
    """The rows per person of one model of the run."""
    return world.run.rows.filter(pl.col("model") == name).drop("model")
