"""The other models of a run: a run keeps its engine only, so they are fitted when first asked for.

Shared by all visitors, read-only, and only a few at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from app import cache
from app.cache import World

if TYPE_CHECKING:
    from workbench.models.base import Recommender

ENGINE = "engine"


def names(world: World) -> list[str]:
    """The models of a run, the best first."""
    return world.run.leaderboard["model"].unique(maintain_order=True).to_list()


def can_fit(world: World, name: str) -> bool:
    """Whether a model can be had: one that was given to the run as code is not kept anywhere."""
    return name == ENGINE or name not in world.run.manifest["configuration"].get("own", {})


def model(world: World, name: str) -> Recommender:
    """A model of the run, fitted on what it was fitted on there.

    Raises
    ------
    ArgumentError
        It was given to the run as code, which no run keeps.
    """
    return world.engine if name == ENGINE else _fitted(world.key, name, world)


@st.cache_resource(show_spinner="Fitting a model for the first time …", max_entries=12)
def _fitted(key: str, name: str, _world: World) -> Recommender:
    made = _world.run.model(name)
    for array in cache._arrays([made]):
        array.flags.writeable = False
    return made


def rows(world: World, name: str) -> pl.DataFrame:
    """The rows per person of one model of the run."""
    return world.run.rows.filter(pl.col("model") == name).drop("model")
