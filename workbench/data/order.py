"""The one order of a log: user, then time, then a hash of user and item.

Logs are full of ties in time, and breaking them by row or by id leaks or biases. The hash is of
the ids' text, so it is the same for string and integer ids and for any order of the input rows.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import KIND, TIME, VALUE
from workbench.vocabulary import IntArray, Vocabulary

_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele, Lea, Flood 2014): every input bit moves every output bit."""
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * _M1
        x = (x ^ (x >> np.uint64(27))) * _M2
        return x ^ (x >> np.uint64(31))


def pair_hash(
    users: Vocabulary, items: Vocabulary, user: IntArray, item: IntArray, seed: int = 0
) -> NDArray[np.uint64]:
    """A hash of each (user, item), ``(n_events,)``; another ``seed``, another order."""
    with np.errstate(over="ignore"):
        salt = mixed(np.array([seed], dtype=np.uint64) + _GOLDEN)
        return mixed(mixed(users.hashes()[user] + salt) + items.hashes()[item])


def ordered(
    interactions: pl.DataFrame,
    users: Vocabulary,
    items: Vocabulary,
    user: IntArray,
    item: IntArray,
    seed: int = 0,
) -> IntArray:
    """Places of the rows in the one order, ``(n_events,)`` int64.

    Parameters
    ----------
    interactions : polars.DataFrame
    users, items : Vocabulary
    user, item : (n_events,) int
        Codes of each row.
    seed : int
        Seed of the tie-breaking hash.
    """
    keys = pl.DataFrame({"user": user, "tie": pair_hash(users, items, user, item, seed)})
    by = ["user"]
    for name in (TIME, "tie", VALUE, KIND):
        if name in interactions.columns:
            keys = keys.with_columns(interactions[name])
        if name in keys.columns:
            by.append(name)
    return (
        keys.with_row_index("_place")
        .sort(by, maintain_order=True)["_place"]
        .to_numpy()
        .astype(np.int64)
    )
