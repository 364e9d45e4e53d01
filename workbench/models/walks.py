"""Random walks between people and items: RP3beta."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from workbench.data.dataset import Dataset
from workbench.models.itemitem import ItemItem, liked
from workbench.models.parameters import check_number, check_whole
from workbench.models.similarity import nearest_items
from workbench.vocabulary import IntArray


class RP3beta(ItemItem):
    """Where a walk of three steps from the person ends, popular items held back.

    From the person to a liked item, from there to somebody who liked it, and on to an item that
    they liked: ``w(i, j) = (1 / n_i)^alpha * sum over people u of i and j of (1 / n_u)^alpha /
    n_j^beta``, with ``n`` the number of relevant events of an item or a person. Each item ``j``
    keeps its ``n_neighbours`` largest weights (and all that tie with the last of them), and
    ``score(j) = sum over relevant events of weight * w(event, j)``. The first step of the walk,
    ``(1 / n_p)^alpha``, is the same for all scores of a person and left out: so the score is
    linear in the history, and each event's share is one weight, exactly. Weights are in units of
    their median, beside which a millionth of the popularity is nothing: it is added, and ranks
    the items that no walk reaches, and everything for an empty history.

    Parameters
    ----------
    alpha : float
        Exponent of the probabilities of the steps; 1 is the walk itself, 0 counts the ways.
    beta : float
        How much popular items are held back; 0 is P3alpha.
    n_neighbours : int
        Weights kept for each recommended item.

    Source: Paudel, Christoffel, Newell, Bernstein 2017, "Updatable, accurate, diverse, and
    scalable recommendations for interactive applications"; alpha of Cooper, Lee, Radzik, Siantos
    2014, "Random walks in recommender systems: exact computation and simulations". Defaults
    chosen on a validation cut inside the training part of MovieLens 100K.
    """

    name = "rp3beta"

    def __init__(self, alpha: float = 0.2, beta: float = 0.6, n_neighbours: int = 200) -> None:
        check_number("alpha", alpha)
        check_number("beta", beta)
        check_whole("n_neighbours", n_neighbours)
        self.alpha = alpha
        self.beta = beta
        self.n_neighbours = n_neighbours

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        x = liked(people, dataset.relevant_from)
        of_item = np.maximum(np.bincount(x.indices, minlength=x.shape[1]), 1).astype(np.float64)
        length = np.diff(x.indptr)
        # Half of the step over a person on each side, so that the product is symmetric.
        half = np.repeat(np.maximum(length, 1) ** (-self.alpha / 2), length)
        steps = sparse.csr_array((half, x.indices, x.indptr), shape=x.shape)

        def scaled(both: NDArray[Any], own: IntArray, other: IntArray) -> NDArray[Any]:
            return both * of_item[own, None] ** -self.beta * of_item[other] ** -self.alpha

        weights = nearest_items(steps, self.n_neighbours, scaled).T.tocsr()
        weights.sort_indices()
        if weights.nnz:
            weights.data /= np.median(weights.data)
        self._learnt(weights, dataset, people)
        return self
