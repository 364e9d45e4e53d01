"""Genres and decades as things that a basket can hold, beside the items themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import YEAR
from workbench.features.items import genre_matrix


@dataclass(frozen=True)
class Traits:
    """What items have in common.

    Attributes
    ----------
    matrix : (n_items, n_traits) float32, sparse
        1 where the item has the trait.
    names : tuple of str
        "Drama", "the 1990s".
    """

    matrix: sparse.csr_array
    names: tuple[str, ...]

    @classmethod
    def of(cls, items: pl.DataFrame) -> Traits:
        """Genres and decades of an items table; none where it has neither."""
        genres, matrix = genre_matrix(items)
        decades, by_decade = _decades(items)
        both = sparse.hstack([matrix, by_decade], format="csr").astype(np.float32)
        return cls(sparse.csr_array(both), (*genres, *decades))

    def usual(self, liked: sparse.csr_array) -> NDArray[np.float64]:
        """Share of all liked events whose item has the trait, ``(n_traits,)``."""
        held = np.asarray((liked @ self.matrix).sum(axis=0), dtype=np.float64).ravel()
        return held / max(float(liked.sum()), 1e-300)

    def baskets(self, liked: sparse.csr_array, usual: NDArray[np.float64]) -> sparse.csr_array:
        """The traits that are typical of each person.

        A trait is in the basket where its share of what the person liked is above the usual one:
        sooner or later everybody likes some drama, which says nothing.

        Parameters
        ----------
        liked : (n_people, n_items), sparse
            Weights of the liked events.
        usual : (n_traits,)

        Returns
        -------
        (n_people, n_traits) float32, sparse
            Ones.
        """
        held = sparse.coo_array(liked @ self.matrix)
        total = np.asarray(liked.sum(axis=1, dtype=np.float64)).ravel()
        typical = held.data > usual[held.col] * total[held.row]
        ones = np.ones(int(typical.sum()), dtype=np.float32)
        found = sparse.csr_array((ones, (held.row[typical], held.col[typical])), shape=held.shape)
        found.sort_indices()
        return found


def _decades(items: pl.DataFrame) -> tuple[list[str], sparse.csr_array]:
    year = (
        items[YEAR].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
        if YEAR in items.columns
        else np.full(items.height, np.nan)
    )
    known = np.flatnonzero(np.isfinite(year))
    decades, place = np.unique(np.floor(year[known] / 10), return_inverse=True)
    matrix = sparse.coo_array(
        (np.ones(len(known), dtype=np.float32), (known, place)),
        shape=(items.height, len(decades)),
    ).tocsr()
    return [f"the {int(decade) * 10}s" for decade in decades], matrix
