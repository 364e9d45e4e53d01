"""Fold-in: a person's vector solved from their history, given the vectors of the items."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import LinAlgError, lapack

Floats = NDArray[np.float64]

BYTES = 16_000_000
"""Equations in memory at one moment."""
PRODUCT = 2**18
"""Multiplications in one dense product: so few that the linear algebra library uses one thread.
Many small problems on many threads wait for each other longer than they work."""


def folded_in(
    factors: Floats,
    base: Floats,
    left: sparse.csr_array,
    right: sparse.csr_array,
    solve: Callable[[Floats, Floats], Floats] | None = None,
) -> Floats:
    """Solve ``(base + sum_j left_j q_j q_j') x = sum_j right_j q_j`` for every person.

    Each person's sums are products of their own, over the items in order, so that nobody else's
    history is in the same call of the linear algebra library.

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
    ends, item = left.indptr.tolist(), left.indices
    weight, wanted = left.data[:, None], right.data
    events = max(1, PRODUCT // n_factors**2)
    size = max(1, BYTES // (8 * n_factors**2))
    for first in range(0, len(everybody), size):
        people = everybody[first : first + size]
        equations = np.tile(base, (len(people), 1, 1))
        targets = np.zeros((len(people), n_factors))
        for own, target, person in zip(equations, targets, people.tolist(), strict=True):
            stop = ends[person + 1]
            for start in range(ends[person], stop, events):
                some = slice(start, min(start + events, stop))
                q = factors.take(item[some], axis=0)
                target += wanted[some] @ q
                own += q.T @ (q * weight[some])
        found[people] = solve(equations, targets)
    return found


def solved(equations: Floats, targets: Floats) -> Floats:
    """``x`` of ``A x = b`` for many positive definite ``A``, each by Cholesky.

    Parameters
    ----------
    equations : (n, size, size)
        Overwritten.
    targets : (n, size)

    Returns
    -------
    (n, size)
        Row ``i`` is the same to the bit alone and in any batch.

    Raises
    ------
    LinAlgError
        One of the matrices is not positive definite.
    """
    found = np.empty_like(targets)
    for row, (matrix, target) in enumerate(zip(equations, targets, strict=True)):
        # The transpose of a symmetric matrix is what LAPACK wants, without a copy.
        _, found[row], bad = lapack.dposv(matrix.T, target, overwrite_a=1)
        if bad:
            raise LinAlgError(f"the equations of row {row} are not positive definite")
    return found
