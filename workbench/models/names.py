"""Names of the models that are made of nothing but a log; imported only when asked for."""

from __future__ import annotations

from importlib import import_module

from workbench.models.base import Recommender

SINGLE: dict[str, str] = {
    "popularity": "workbench.models.popularity:Popularity",
    "recent": "workbench.models.popularity:RecentPopularity",
    "recently-viewed": "workbench.models.heuristics:RecentlyViewed",
    "picks": "workbench.models.heuristics:EditorsPicks",
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
}
"""Name → where its class is."""


def single_names() -> list[str]:
    """All of them."""
    return list(SINGLE)


def single(name: str) -> type[Recommender]:
    """The class behind a name."""
    return imported(SINGLE[name])


def imported(path: str) -> type[Recommender]:
    """The class at "module:Class"."""
    module, _, cls = path.partition(":")
    return getattr(import_module(module), cls)  # type: ignore[no-any-return]
