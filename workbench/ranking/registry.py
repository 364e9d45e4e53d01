"""Names of models: the one place that knows which there are. Imported only when asked for."""

from __future__ import annotations

import difflib
import inspect
from importlib import import_module
from typing import Any

from workbench.errors import ArgumentError
from workbench.models.base import Recommender

MODELS: dict[str, str] = {
    "popularity": "workbench.models.popularity:Popularity",
    "recent": "workbench.models.popularity:RecentPopularity",
    "item-knn": "workbench.models.neighbours:ItemKNN",
    "user-knn": "workbench.models.neighbours:UserKNN",
    "rp3beta": "workbench.models.walks:RP3beta",
    "ease": "workbench.models.linear:EASE",
    "slim": "workbench.models.sparse_linear:SLIM",
    "session": "workbench.models.temporal:Session",
    "following": "workbench.models.temporal:Following",
    "trending": "workbench.models.temporal:Trending",
    "als": "workbench.models.factors:ALS",
    "svd": "workbench.models.factors:SVD",
    "svdpp": "workbench.models.plus:SVDpp",
    "nmf": "workbench.models.nonnegative:NMF",
    "slope-one": "workbench.models.slope_one:SlopeOne",
    "baseline": "workbench.models.baseline:Baseline",
    "knn-baseline": "workbench.models.rating_neighbours:KNNBaseline",
    "content": "workbench.models.content:Content",
    "rules": "workbench.models.rules:Rules",
    "blend": "workbench.models.hybrid:Blend",
    "engine": "workbench.ranking.engine:Engine",
}


def model_names() -> list[str]:
    """Names that ``create`` takes."""
    return list(MODELS)


def model_class(name: str) -> type[Recommender]:
    """The class behind a name."""
    if not isinstance(name, str) or name not in MODELS:
        close = difflib.get_close_matches(str(name), MODELS, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ArgumentError(f"name={name!r} is no model; {hint}there are {', '.join(MODELS)}")
    module, _, cls = MODELS[name].partition(":")
    return getattr(import_module(module), cls)  # type: ignore[no-any-return]


def create(name: str, **params: Any) -> Recommender:
    """A model by name, with its defaults or with other parameters.

    Raises
    ------
    ArgumentError
        No such model, no such parameter, or a value that cannot work.
    """
    cls = model_class(name)
    known = list(inspect.signature(cls).parameters)
    for param in params:
        if param not in known:
            raise ArgumentError(
                f"{name!r} takes no {param!r}; it takes {', '.join(known) or 'nothing'}"
            )
    return cls(**params)
