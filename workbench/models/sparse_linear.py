"""Sparse linear models of items on items: SLIM."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.cooccurrence import gram
from workbench.models.itemitem import ItemItem, liked
from workbench.models.parameters import check_above, check_whole
from workbench.models.similarity import TIE

TOLERANCE = 1e-7
"""Duality gap at which a column is solved, as a part of its number of events."""
SWEEPS = 10_000
"""Most sweeps over the coordinates of a column."""


class SLIM(ItemItem):
    """Each item as a sparse, non-negative regression on the items liked together with it.

    Column ``j`` of ``W`` minimises ``|x_j - X w|^2 / 2 + l2_reg |w|^2 / 2 + l1_reg |w|_1`` with
    ``w >= 0`` and ``w_j = 0``, ``X`` the relevant events of the training people (1 or 0); the
    score of a person is ``x W``. It is linear in the history, so each event's share is one cell
    of ``W``, exactly. A millionth of the popularity is added, which ranks the items that no event
    speaks for, and everything for an empty history.

    Solved on ``X'X`` by coordinate descent (scikit-learn's elastic net). An item that no more
    than ``l1_reg`` people liked together with ``j`` cannot get a weight, since counts and weights
    are 0 or more: it is left out beforehand, and nothing is lost.

    Parameters
    ----------
    l1_reg : float
        Above 0: number of common people up to which an item counts for nothing; larger is
        sparser.
    l2_reg : float
        Above 0: equally good items share the weight, and there is one solution.
    n_neighbours : int, optional
        Only the items most similar by cosine (and those that tie with the last of them) may get
        a weight: quicker on a large catalogue (fsSLIM). By default all.
    max_gb : float
        The fit is refused where ``X'X`` would need more memory than this: ``n_items ** 2`` times
        4 bytes.

    Source: Ning and Karypis 2011, "SLIM: sparse linear methods for top-N recommender systems".
    Defaults chosen on a validation cut inside the training part of MovieLens 100K.
    """

    name = "slim"

    def __init__(
        self,
        l1_reg: float = 2.0,
        l2_reg: float = 60.0,
        n_neighbours: int | None = None,
        max_gb: float = 4.0,
    ) -> None:
        check_above("l1_reg", l1_reg, "without it nothing is sparse; take 'ease'")
        check_above("l2_reg", l2_reg, "without it items liked by the same people have no solution")
        if n_neighbours is not None:
            check_whole("n_neighbours", n_neighbours)
        check_above("max_gb", max_gb)
        self.l1_reg = l1_reg
        self.l2_reg = l2_reg
        self.n_neighbours = n_neighbours
        self.max_gb = max_gb

    def fit(self, dataset: Dataset) -> Self:
        needed = dataset.n_items**2 * 4 / 1e9
        if needed > self.max_gb:
            raise ArgumentError(
                f"SLIM on {dataset.n_items:,} items needs {needed:,.1f} GB, above max_gb="
                f"{self.max_gb:g}; give more, or take 'item-knn', 'rp3beta' or 'als', whose "
                "memory grows with the events and not with the square of the items"
            )
        people = dataset.profiles()
        both = gram(liked(people, dataset.relevant_from))
        found = [self._column(both, item) for item in range(len(both))]
        row = np.concatenate([items for items, _ in found])
        column = np.repeat(np.arange(len(both)), [len(items) for items, _ in found])
        data = np.concatenate([weights for _, weights in found]).astype(np.float32)
        weights = sparse.csr_array((data, (row, column)), shape=both.shape)
        weights.sort_indices()
        self._learnt(weights, dataset, people)
        return self

    def _column(
        self, both: NDArray[np.float32], item: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Items with a weight for one item, and their weights."""
        together = both[item].copy()
        together[item] = 0
        candidates = np.flatnonzero(together > self.l1_reg)
        if self.n_neighbours is not None and len(candidates) > self.n_neighbours:
            cosine = together[candidates] / np.sqrt(np.diag(both)[candidates])
            bar = np.partition(cosine, -self.n_neighbours)[-self.n_neighbours]
            candidates = candidates[cosine >= bar * (1 - TIE)]
        if not len(candidates):
            return candidates, np.zeros(0)
        some = both[np.ix_(candidates, candidates)].astype(np.float64)
        aim = together[candidates].astype(np.float64)
        weights = elastic_net(some, aim, float(both[item, item]), self.l1_reg, self.l2_reg)
        return candidates[weights > 0], weights[weights > 0]


def elastic_net(
    gram: NDArray[np.float64],
    aim: NDArray[np.float64],
    square: float,
    l1_reg: float,
    l2_reg: float,
) -> NDArray[np.float64]:
    """The ``w >= 0`` of least ``|y - X w|^2 / 2 + l2_reg |w|^2 / 2 + l1_reg |w|_1``.

    Parameters
    ----------
    gram : (n, n)
        ``X'X``.
    aim : (n,)
        ``X'y``.
    square : float
        ``y'y``.

    Returns
    -------
    (n,)
    """
    from sklearn.linear_model import enet_path

    total = l1_reg + l2_reg
    # With the products given, the solver asks X for its shape only, and y for its length; with
    # one row its penalties are not divided by anything.
    _, weights, _ = enet_path(
        np.zeros((1, len(aim)), order="F"),
        np.array([np.sqrt(square)]),
        l1_ratio=l1_reg / total,
        alphas=[total],
        precompute=gram,
        Xy=aim,
        positive=True,
        check_input=False,
        tol=TOLERANCE,
        max_iter=SWEEPS,
    )
    found: NDArray[np.float64] = weights[:, 0]
    return found
