"""Which parameters of each model are worth searching, and where its defaults come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SPACES: dict[str, dict[str, Any]] = {
    "recent": {"half_life": (5.0, 500.0, "log")},
    "recently-viewed": {"recency": (1.0, 30.0, "log")},
    "picks": {"damping": (1.0, 1000.0, "log")},
    "item-knn": {
        "n_neighbours": (5, 500, "log"),
        "shrinkage": (0.0, 100.0),
        "similarity": ["cosine", "jaccard", "asymmetric-cosine"],
        "weighting": ["none", "bm25", "tf-idf"],
    },
    "user-knn": {
        "n_neighbours": (10, 500, "log"),
        "shrinkage": (0.0, 100.0),
        "similarity": ["cosine", "jaccard", "asymmetric-cosine"],
        "weighting": ["none", "bm25", "tf-idf"],
    },
    "rp3beta": {
        "alpha": (0.1, 2.0),
        "beta": (0.0, 1.2),
        "n_neighbours": (20, 1000, "log"),
    },
    "ease": {"reg": (10.0, 3000.0, "log")},
    "slim": {"l1_reg": (0.1, 30.0, "log"), "l2_reg": (1.0, 500.0, "log")},
    "session": {"reg": (50.0, 5000.0, "log"), "recency": (1.0, 30.0, "log")},
    "following": {
        "window": (5, 60),
        "shrinkage": (0.0, 50.0),
        "recency": (2.0, 40.0, "log"),
        "backward": (0.0, 1.0),
    },
    "trending": {"half_life": (5.0, 500.0, "log")},
    "als": {
        "n_factors": [32, 64, 96, 128],
        "reg": (1.0, 100.0, "log"),
        "alpha": (1.0, 30.0, "log"),
    },
    "svd": {"n_factors": [20, 50, 100], "reg": (2.0, 80.0, "log"), "reg_bias": (1.0, 20.0, "log")},
    "svdpp": {"n_factors": [10, 20, 40], "reg": (2.0, 80.0, "log"), "reg_bias": (1.0, 20.0, "log")},
    "nmf": {"n_factors": [10, 15, 25], "reg": (2.0, 80.0, "log")},
    "baseline": {"reg_bias": (1.0, 50.0, "log")},
    "knn-baseline": {
        "kind": ["baseline", "means", "basic"],
        "by": ["item", "user"],
        "shrinkage": (1.0, 300.0, "log"),
        "n_neighbours": (10, 200, "log"),
    },
    "content": {
        "genres": (0.0, 2.0),
        "year": (0.0, 2.0),
        "title": (0.0, 2.0),
        "dislikes": (0.0, 1.0),
        "recency": (2.0, 100.0, "log"),
        "reg": (100.0, 10_000.0, "log"),
    },
    "rules": {
        "min_support": (0.005, 0.05, "log"),
        "min_confidence": (0.02, 0.5, "log"),
        "measure": ["confidence", "lift", "leverage"],
    },
    "cascade": {"depth": (20, 500, "log")},
    "stack": {"max_depth": (2, 8), "n_trees": (100, 600), "eta": (0.01, 0.1, "log")},
    "engine": {
        "depth": (50, 200),
        "n_trees": (80, 500, "log"),
        "max_depth": (2, 6),
        "eta": (0.02, 0.15, "log"),
        "min_child_weight": (5.0, 80.0, "log"),
        "reg_lambda": (1.0, 40.0, "log"),
        "colsample": (0.2, 1.0),
    },
}
"""Model → parameter → a range (tuple) or a choice (list), as ``wb.tune`` takes them."""


@dataclass(frozen=True)
class Found:
    """Where the defaults of a model come from.

    Attributes
    ----------
    data : str
    when : str
        ISO date.
    cut : str
        How the training part was cut again; the events that a leaderboard asks about were not
        looked at.
    measure : str
        What was made best.
    """

    data: str
    when: str
    cut: str
    measure: str

    def __str__(self) -> str:
        return f"{self.data}, {self.when}"


DEFAULTS: dict[str, Found] = {
    **dict.fromkeys(
        (
            "item-knn", "user-knn", "rp3beta", "ease", "slim", "session", "following", "als",
            "content", "rules", "recently-viewed", "picks", "engine",
        ),
        Found("MovieLens 100K", "2026-11-23", "per-user-time", "nDCG@10"),
    ),
    **dict.fromkeys(
        ("svd", "svdpp", "nmf", "knn-baseline"),
        Found("MovieLens 100K", "2026-11-23", "random", "RMSE"),
    ),
}  # fmt: skip
"""Model → where its defaults come from. Those of the others were not searched: they have none,
are a library's own, were set by hand (half-lives), or are found by the model in its own fit."""
