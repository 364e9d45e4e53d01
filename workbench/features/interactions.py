"""Features of person × value: how often this genre, decade, brand, ... was met, and how judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from workbench.features.catalogue import Feature
from workbench.features.needs import TIMED, VALUED
from workbench.features.pairs import Pairs
from workbench.features.signal import Column
from workbench.features.values import values_of

PRIOR = 5.0
"""Events' worth of the person's overall share in their share for one value."""


def of_column(column: str) -> list[Feature]:
    """Counts, liking and entropy of one column of the items."""

    def counted(pairs: Pairs, kind: str) -> tuple[Any, Column]:
        def count() -> tuple[Any, Column]:
            liked = pairs.weight * pairs.liked
            weight = {"met": pairs.weight, "liked": liked, "lately": pairs.recent}[kind]
            return pairs.of_values(pairs.learnt(values_of, column), weight)

        return pairs.shared(f"{column} {kind}", count)

    def met(pairs: Pairs) -> Column:
        return np.log1p(counted(pairs, "met")[1])

    def liked(pairs: Pairs) -> Column:
        return np.log1p(counted(pairs, "liked")[1])

    def lately(pairs: Pairs) -> Column:
        return counted(pairs, "lately")[1]

    def liked_share(pairs: Pairs) -> Column:
        overall = pairs.mean(pairs.liked, pairs.weight)[pairs.row]
        return (counted(pairs, "liked")[1] + PRIOR * overall) / (counted(pairs, "met")[1] + PRIOR)

    def entropy(pairs: Pairs) -> Column:
        return _entropy(counted(pairs, "met")[0])[pairs.row]

    source = f"history, items.{column}"
    made = [
        ("met", f"items of the history with the item's {column}", "log(1 + n)", met, frozenset()),
        ("liked", f"liked items with the item's {column}", "log(1 + n)", liked, frozenset()),
        ("lately", f"last items met with the item's {column}", "fading n", lately, TIMED),
        (
            "liked_share",
            f"share that was liked of the history with the item's {column}, shrunk by 5 events",
            "share",
            liked_share,
            VALUED,
        ),
        ("entropy", f"how wide the history ranges over {column}", "nats", entropy, frozenset()),
    ]
    return [
        _feature(f"{column}_{end}", m, unit, source, c, n, column) for end, m, unit, c, n in made
    ]


def _feature(
    name: str,
    meaning: str,
    unit: str,
    source: str,
    compute: Callable[[Pairs], Column],
    needs: frozenset[str],
    column: str,
) -> Feature:
    learns = ((values_of, column),)
    return Feature(
        name, "taste", meaning, unit, source, "person", compute, needs=needs, learns=learns
    )


def _entropy(held: Any) -> Column:
    """Entropy of each row's shares; 0 for an empty row.

    Source: Shannon 1948, "A mathematical theory of communication".
    """
    dense = held.toarray().astype(np.float64)
    share = dense / np.maximum(dense.sum(axis=1, keepdims=True), 1e-12)
    return -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1)
