"""Trial: features of one's own, asked about a few people before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from workbench.columns import USER
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.features.catalogue import Feature
from workbench.features.pairs import Pairs
from workbench.features.signal import Signal
from workbench.features.tables import ItemTables
from workbench.profiles import Profiles

PEOPLE, ITEMS = 3, 5


def try_out(
    own: Iterable[Feature], dataset: Dataset, signals: Sequence[str], uses: frozenset[str]
) -> None:
    """Compute features of one's own for a few people and a newcomer, on invented scores.

    Parameters
    ----------
    own : iterable of Feature
    dataset : Dataset
        A training window.
    signals : sequence of str
        Names of the models whose scores feed the ranker; none of them is fitted yet.
    uses : frozenset of str
        Attributes and context that the features may see.

    Raises
    ------
    ArgumentError
        One raises, or does not return one number per pair; the message names it.
    """
    features = list(own)
    if not features:
        return
    try:
        tables = ItemTables.of(dataset, features)
    except Exception as error:
        names = ", ".join(repr(f.name) for f in features if f.learns)
        raise ArgumentError(
            f"what features {names} learn raised {type(error).__name__}: {error}; it is learnt of "
            "a training window, without guests and with no attribute that uses does not name"
        ) from error
    for people in (dataset.profiles()[:PEOPLE], newcomer(dataset)):
        shown = people.showing(uses)
        item = np.tile(np.arange(min(ITEMS, dataset.n_items)), len(shown))
        row = np.repeat(np.arange(len(shown)), min(ITEMS, dataset.n_items))
        shape = (len(shown), dataset.n_items)
        unmet = shown.seen.toarray() == 0
        invented = np.linspace(1.0, 0.0, dataset.n_items, dtype=np.float32)
        score = np.broadcast_to(invented, shape)
        pairs = Pairs(shown, row, item, tables, {name: Signal(score, unmet) for name in signals})
        for feature in features:
            feature.column(pairs)


def newcomer(dataset: Dataset) -> Profiles:
    """Somebody who did nothing yet, of whom nothing is known."""
    nothing = np.zeros(0)
    return Profiles(
        dataset.catalogue,
        np.zeros(2, dtype=np.int64),
        np.zeros(0, dtype=np.int64),
        nothing,
        nothing,
        attributes=dataset.users.drop(USER).clear(1),
    )
