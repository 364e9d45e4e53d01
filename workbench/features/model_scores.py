"""Features from the models: how sure each is of an item, alone and together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from workbench.features.catalogue import Feature
from workbench.features.pairs import Pairs
from workbench.features.signal import Column
from workbench.vocabulary import IntArray

ITEM_ONLY = frozenset({"popularity", "trending"})
"""Models that say the same of everybody: the features of popularity hold what they know."""
SCORE_ONLY = frozenset({"content"})
"""Models too weak alone for their ranks to mean much."""
LATELY = frozenset({"session", "session-liked", "following"})


def of_signal(name: str) -> list[Feature]:
    """Score, standardised score and rank of one model.

    The ranker may only trust a model more where the model is surer, never less.
    """

    def score(pairs: Pairs) -> Column:
        return pairs.signals[name].score[pairs.row, pairs.item]

    def z(pairs: Pairs) -> Column:
        return _z(pairs, name)

    def rank(pairs: Pairs) -> Column:
        return np.log1p(_ahead(pairs, name))

    if name in ITEM_ONLY:
        return []
    group = "what you did last" if name in LATELY else "people like you"
    if name in SCORE_ONLY:
        return [_signal_feature(name, "taste", "score", "as the model gives it", score, 0)]
    return [
        _signal_feature(name, group, "score", "as the model gives it", score, 1),
        _signal_feature(name, group, "z", "std. deviations", z, 1),
        _signal_feature(name, group, "rank", "log(1 + n)", rank, -1),
    ]


def _z(pairs: Pairs, name: str) -> Column:
    return pairs.shared(f"z of {name}", lambda: pairs.signals[name].z(pairs.row, pairs.item))


def _ahead(pairs: Pairs, name: str) -> IntArray:
    signal = pairs.signals[name]
    return pairs.shared(f"rank of {name}", lambda: signal.ahead(pairs.row, pairs.item))


MEANS = {
    "ease": "goes with all that was liked",
    "als": "suits the taste of people who like the same",
    "item-knn": "is liked together with what was liked",
    "user-knn": "is liked by similar people",
    "session": "goes with the last items met",
    "session-liked": "goes with the last items liked",
    "following": "is met close to the last items met",
    "content": "is like what was liked, by what it is",
}
"""What it means that a model gives an item a high score, in plain words."""


def _signal_feature(
    name: str, group: str, kind: str, unit: str, compute: Callable[[Pairs], Column], monotone: int
) -> Feature:
    means = f"{MEANS[name]} ({name})" if name in MEANS else f"has a high score of {name}"
    meaning = {
        "score": f"how far it {means}",
        "z": f"how far it {means}, against all items not met",
        "rank": f"how many items not met come before it by how far it {means}",
    }[kind]
    return Feature(
        f"{name}_{kind}", group, meaning, unit, "interactions", "person", compute, monotone=monotone
    )


def of_all(signals: list[str]) -> list[Feature]:
    """What the models that rank people's items say together."""
    main = [name for name in signals if name not in ITEM_ONLY | SCORE_ONLY]
    if len(main) < 2:
        return []

    def stacked(pairs: Pairs) -> Column:
        return pairs.shared("z of all", lambda: np.stack([_z(pairs, name) for name in main]))

    def first(pairs: Pairs) -> Column:
        return np.log1p(np.min([_ahead(pairs, name) for name in main], axis=0))

    made = [
        ("signals_mean", "mean standardised score of the models", lambda p: stacked(p).mean(0), 1),
        ("signals_best", "highest standardised score of a model", lambda p: stacked(p).max(0), 1),
        ("signals_worst", "lowest standardised score of a model", lambda p: stacked(p).min(0), 1),
        ("signals_rank", "best place that a model gives the item", first, -1),
    ]
    units = ["std. deviations"] * 3 + ["log(1 + n)"]
    return [
        Feature(n, "people like you", m, u, "interactions", "person", compute, monotone=way)
        for (n, m, compute, way), u in zip(made, units, strict=True)
    ]
