"""Checkerboard: a world small enough to know by heart."""

from __future__ import annotations

import numpy as np
import polars as pl

from workbench.columns import GENRES, ITEM, TIME, TITLE, USER, VALUE, YEAR
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError

LIKED, DISLIKED = 5.0, 1.0
PARITY = "parity"
START = 1_577_836_800.0  # 2020-01-01
STEP = 600.0
WORDS = ("even", "odd")


def checkerboard(
    n_users: int = 100,
    n_items: int = 100,
    seed: int = 0,
    *,
    liked: float = 0.5,
    disliked: float = 0.3,
) -> Dataset:
    """People like the items of their own parity and no others.

    Person ``u`` gives 5 to items of the parity of ``u`` and 1 to the others, and has met only a
    part of both, so every person has items of their parity still to be shown: a model that sees
    the person puts one of them first (precision@1 is 1), and a model that does not is often wrong.

    Parameters
    ----------
    n_users, n_items : int
        At least 2 and 4; ids count from 0.
    seed : int
        Which of their items people have met, and when (one event every ten minutes, no ties).
    liked, disliked : float
        Share of the items of the own and of the other parity that each person has met, above 0
        (``disliked`` may be 0) and below 1.

    Returns
    -------
    Dataset
        With ``relevant_from=4.0``; users have ``parity`` ("even" or "odd"); items have
        ``title``, ``genres`` (their parity) and ``year`` (which says nothing).

    Raises
    ------
    ArgumentError
        A size or a share that cannot work.

    Notes
    -----
    Idea: the test data of the ``implicit`` library.
    """
    for name, size, least in (("n_users", n_users, 2), ("n_items", n_items, 4)):
        if isinstance(size, bool) or not isinstance(size, int) or size < least:
            raise ArgumentError(f"{name} must be a whole number of at least {least}, not {size!r}")
    if not 0 < liked < 1:
        raise ArgumentError(f"liked must be above 0 and below 1, not {liked!r}")
    if not 0 <= disliked < 1:
        raise ArgumentError(f"disliked must be from 0 to below 1, not {disliked!r}")
    rng = np.random.default_rng(seed)
    same = (np.arange(n_users)[:, None] + np.arange(n_items)) % 2 == 0
    # Within each row a random order of the own items, then one of the others.
    order = np.argsort(rng.random(same.shape) + ~same, axis=1)
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(n_items), order.shape), axis=1)
    n_same = same.sum(axis=1, keepdims=True)
    n_liked = np.clip(np.round(n_same * liked), 1, n_same - 1)
    n_disliked = np.round((n_items - n_same) * disliked)
    met = np.where(same, place < n_liked, place - n_same < n_disliked)
    user, item = np.nonzero(met)
    log = pl.DataFrame(
        {
            USER: user,
            ITEM: item,
            TIME: START + STEP * rng.permutation(len(user)),
            VALUE: np.where(same[user, item], LIKED, DISLIKED),
        }
    )
    items = pl.DataFrame(
        {
            ITEM: np.arange(n_items),
            TITLE: [f"{WORDS[i % 2].title()} square {i}" for i in range(n_items)],
            GENRES: [[WORDS[i % 2]] for i in range(n_items)],
            YEAR: [2000 + i // 2 % 20 for i in range(n_items)],
        }
    )
    users = pl.DataFrame({USER: np.arange(n_users), PARITY: [WORDS[u % 2] for u in range(n_users)]})
    return Dataset(
        log,
        items,
        users,
        relevant_from=4.0,
        name="checkerboard",
        provenance={"source": f"workbench checkerboard({n_users}, {n_items}, seed={seed})"},
    )
