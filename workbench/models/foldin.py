"""Fold-in: a person's vector solved from their history, given the vectors of the items."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]

BYTES = 64_000_000
"""Sums of outer products in memory at one moment."""
COLUMNS = 128
"""Columns of outer products that are summed at once: few enough to stay in the cache."""
BLOCK = 64
"""People whose equations are in memory at one moment."""
PANEL = 32
"""Unknowns that are eliminated at once: so few that the linear algebra library uses one thread.
Many small problems on many threads wait for each other longer than they work."""


def folded_in(
    factors: Floats,
    base: Floats,
    left: sparse.csr_array,
    right: sparse.csr_array,
    solve: Callable[[Floats, Floats], Floats] | None = None,
) -> Floats:
    """Solve ``(base + sum_j left_j q_j q_j') x = sum_j right_j q_j`` for every person.

    The sums over events are sparse products with the upper triangles of ``q_j q_j'``, which add
    up each row by itself and in the order of the items; a dense product would not.

    Parameters
    ----------
    factors : (n_items, n_factors)
        ``q_j``, one row per item.
    base : (n_factors, n_factors)
        What does not depend on the person; positive definite with every ``left`` that occurs.
    left, right : (n_profiles, n_items) float64, sparse
        The same places in both, columns sorted.
    solve : callable, optional
        What solves the equations of some people, each by itself; by default ``solved``.

    Returns
    -------
    (n_profiles, n_factors) float64
        Row ``i`` is person ``i``, the same to the bit alone and in any batch; zero without
        events.
    """
    solve = solved if solve is None else solve
    n_factors = factors.shape[1]
    found = np.zeros((left.shape[0], n_factors))
    everybody = np.flatnonzero(np.diff(left.indptr))
    one, two = np.triu_indices(n_factors)
    size = min(max(BLOCK, BYTES // (8 * len(one))), 1024)
    for first in range(0, len(everybody), size):
        people = everybody[first : first + size]
        mine, wanted = left[people], right[people]
        met, column = np.unique(mine.indices, return_inverse=True)
        shape = (len(people), len(met))
        mine = sparse.csr_array((mine.data, column, mine.indptr), shape=shape)
        wanted = sparse.csr_array((wanted.data, column, wanted.indptr), shape=shape)
        q = factors[met]
        sums = np.empty((len(people), len(one)))
        for start in range(0, len(one), COLUMNS):
            some = slice(start, start + COLUMNS)
            sums[:, some] = mine @ (q[:, one[some]] * q[:, two[some]])
        targets = wanted @ q
        for start in range(0, len(people), BLOCK):
            block = slice(start, start + BLOCK)
            equations = np.empty((len(sums[block]), n_factors, n_factors))
            equations[:, one, two] = sums[block]
            equations[:, two, one] = sums[block]
            equations += base
            found[people[block]] = solve(equations, targets[block])
    return found


def solved(equations: Floats, targets: Floats) -> Floats:
    """``x`` of ``A x = b`` for many positive definite ``A``, by block elimination.

    Parameters
    ----------
    equations : (n, size, size)
        Overwritten.
    targets : (n, size)

    Returns
    -------
    (n, size)
        Row ``i`` is the same to the bit alone and in any batch.
    """
    size = equations.shape[1]
    x = targets[..., None].copy()
    starts = range(0, size, PANEL)
    for start in starts:
        now, later = slice(start, start + PANEL), slice(start + PANEL, size)
        rows = np.concatenate([equations[:, now, later], x[:, now]], axis=2)
        rows = np.linalg.solve(equations[:, now, now], rows)
        below = np.ascontiguousarray(equations[:, later, now])
        equations[:, now, later], x[:, now] = rows[..., :-1], rows[..., -1:]
        width = max(1, 2048 // max(size - start, 1))
        for column in range(start + PANEL, size, width):
            some = slice(column, column + width)
            equations[:, later, some] -= below @ equations[:, now, some]
        x[:, later] -= below @ x[:, now]
    for start in reversed(starts):
        now, later = slice(start, start + PANEL), slice(start + PANEL, size)
        x[:, now] -= equations[:, now, later] @ x[:, later]
    return x[..., 0]
