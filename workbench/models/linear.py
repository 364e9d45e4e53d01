"""Linear models of items on items: EASE."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray


class EASE(Recommender):
    """Each item as a ridge regression on all others, solved at once.

    ``B = I - P / diag(P)`` with ``P = (X'X + reg I)^-1`` and ``diag(B) = 0``; the score of a
    person is ``x B``, with ``x`` their relevant events. It is linear in the history, so each
    event's share is a row of ``B``, exactly.

    Parameters
    ----------
    reg : float
        Ridge; larger is smoother.

    Source: Steck 2019, "Embarrassingly shallow autoencoders for sparse data".
    """

    name = "ease"

    def __init__(self, reg: float = 200.0) -> None:
        if not reg > 0:
            raise ArgumentError(f"reg must be above 0, not {reg!r}")
        self.reg = reg

    def fit(self, dataset: Dataset) -> Self:
        people = dataset.profiles()
        x = people.csr(people.positive(dataset.relevant_from))
        gram = (x.T @ x).toarray().astype(np.float64)
        gram[np.diag_indices_from(gram)] += self.reg
        inverse = cho_solve(cho_factor(gram, lower=True, overwrite_a=True), np.eye(len(gram)))
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0.0)
        self.weights_ = np.ascontiguousarray(weights, dtype=np.float32)
        self.relevant_from_ = dataset.relevant_from
        return self

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        x = profiles.csr(profiles.positive(self.relevant_from_))
        scores: FloatArray = np.asarray(x @ self.weights_)
        return scores if items is None else scores[:, items]

    def event_shares(self, profile: Profiles, item: int) -> FloatArray:
        counts = profile.positive(self.relevant_from_)
        return np.where(counts, profile.weight * self.weights_[profile.item, item], 0).astype(
            np.float32
        )
