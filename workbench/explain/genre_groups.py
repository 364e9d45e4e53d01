"""Groups of a long history: its items by the genre that tells them best apart.

Few samples say little of each of a hundred items, but the sums by genre are exact at 64 scored
profiles. `python -m tests.evidence.event_shares` compares, on guests of MovieLens 100K and of 1,024
scored profiles: our orders in pairs and the permutation explainer of `shap` err alike (they are
the same estimator); its partition explainer, on the same groups, errs as much as our orders by
genre and more at its worst item, and can neither state its error nor go on from what it scored.
So the orders are ours, and both explainers are what they are compared with.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from workbench.columns import GENRES
from workbench.explain.coalitions import players
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.vocabulary import IntArray

LONG = 50
"""From so many items on, a history is explained by groups first."""
MOST = 6
OTHER = "other"
SMALL = 1 / 16
"""A genre of a smaller part of the history makes no group."""


def genre_groups(model: Recommender, person: Profiles) -> tuple[list[str], IntArray] | None:
    """Names of the groups, and the group of each of ``players(person)``; None where not needed.

    An item goes to the rarest of its genres that a sixteenth of the history has; the rarest says
    more of it than "Drama". At most 6 groups, the smallest joined as "other".

    None for a history of fewer than ``LONG`` items, of one group only, or where the model does
    not know genres.
    """
    items = players(person)
    tables = getattr(model, "tables_", None)
    if len(items) < LONG or tables is None or GENRES not in tables.items.columns:
        return None
    genres = [list(g) if g is not None else [] for g in tables.items[GENRES].gather(items)]
    count = Counter(name for names in genres for name in set(names))
    large = {name for name, n in count.items() if n >= SMALL * len(items)}
    chosen = [
        min((count[name], name) for name in names if name in large)[1]
        if large.intersection(names)
        else OTHER
        for names in genres
    ]
    held = Counter(name for name in chosen if name != OTHER)
    kept = sorted(sorted(held, key=lambda name: (-held[name], name))[: MOST - 1])
    names = [*kept, *([OTHER] if set(chosen) - set(kept) else [])]
    place = {name: j for j, name in enumerate(names)}
    group = np.array([place.get(name, place.get(OTHER, -1)) for name in chosen], dtype=np.int64)
    return (names, group) if len(names) > 1 else None
