"""Items as vectors of what they are: genres, year, words of the title, any other column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import GENRES, ITEM, TITLE, YEAR
from workbench.errors import ArgumentError, CapabilityError
from workbench.features.item_columns import (
    KINDS,
    OWN_KIND,
    encoded_column,
    kind_of,
    listed,
    refuse_telling_nothing,
)

EQUAL = {GENRES: 1.0, YEAR: 1.0, TITLE: 1.0}


@dataclass(frozen=True)
class ItemVectors:
    """What each item is, as one sparse row of length 1.

    Attributes
    ----------
    matrix : (n_items, n_features) float32, sparse
        Row ``i`` is the i-th row of the items table. The blocks (genres, year, title words, one
        for each further column) have length 1 each and are weighted, then the row is brought to
        length 1, so the product of two rows is their likeness, from 0 to 1. A row of zeros is an
        item that nothing is known of.
    names : tuple of str
        What each column means, such as "genres: Drama".
    """

    matrix: sparse.csr_array
    names: tuple[str, ...]

    def likeness(self, left: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float32]:
        """Cosine of pairs of items, ``(n_pairs,)`` float32.

        Parameters
        ----------
        left, right : (n_pairs,) int
            Rows of the items table.
        """
        return np.asarray(self.matrix[left].multiply(self.matrix[right]).sum(axis=1)).ravel()


def item_vectors(
    items: pl.DataFrame,
    weights: Mapping[str, float] | None = None,
    kinds: Mapping[str, str] | None = None,
) -> ItemVectors:
    """Vectors of all items from columns of the items table.

    How a column becomes numbers goes by its kind (``features.item_columns``): a "list" and a
    "category" are ones and zeros, a "number" is shared out between the two nearest of nine
    quantiles, a "year" between the two nearest of 1900, 1910, ..., and "text" is TF-IDF over its
    words. A block has at most 1,000 columns, the most frequent ones. Missing and empty cells say
    nothing.

    Parameters
    ----------
    items : polars.DataFrame
        One row per item.
    weights : mapping, optional
        Column → how much it counts. By default genres, year and title count 1. These three may
        be absent or empty as long as something is left; any other must be there and tell
        something.
    kinds : mapping, optional
        Column → "list", "category", "number", "text" or "year", where the type of the column
        does not say it right (codes written as numbers are categories).

    Raises
    ------
    ArgumentError
        A weight is negative, all are 0, or a kind is none.
    CapabilityError
        A column is not there, nothing is known in it, it is the same for every item, different
        for every item (an id), or infinite.

    Source: TF-IDF as in Salton and Buckley 1988, "Term-weighting approaches in automatic text
    retrieval", smoothed as scikit-learn does.
    """
    weights = check_weights(EQUAL if weights is None else weights)
    kinds = check_kinds({} if kinds is None else kinds, weights)
    blocks, names = [], []
    for name in _in_order(weights):
        if name not in items.columns:
            if name in OWN_KIND:
                continue
            raise CapabilityError(
                f"items have no column {name!r} (they have {', '.join(items.columns)}); give it, "
                "or leave it out of columns"
            )
        kind = kinds.get(name) or kind_of(items[name])
        block = encoded_column(items[name], kind)
        if name not in OWN_KIND:
            refuse_telling_nothing(items[name], kind, block)
        blocks.append(_unit(block[0]) * np.sqrt(weights[name]))
        names += [f"{name}: {column}" for column in block[1]]
    if not blocks:
        raise CapabilityError(
            f"items have none of {', '.join(_in_order(weights))} (they have "
            f"{', '.join(items.columns)}); name the column that is meant, or give a weight to one "
            "that is there"
        )
    matrix = sparse.csr_array(_unit(sparse.hstack(blocks, format="csr")), dtype=np.float32)
    matrix.sort_indices()
    return ItemVectors(matrix, tuple(names))


def check_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights of columns as floats; refused by name where they cannot work."""
    for name, weight in weights.items():
        if not isinstance(name, str) or name == ITEM:
            raise ArgumentError(f"weights: {name!r} is no column that says what an item is")
        number = isinstance(weight, int | float | np.number) and not isinstance(weight, bool)
        if not number or not 0 <= weight < np.inf:
            raise ArgumentError(f"weights: {name} must be 0 or more, not {weight!r}")
    if not any(weights.values()):
        raise ArgumentError(f"weights: at least one of {', '.join(weights)} must be above 0")
    return {name: float(weight) for name, weight in weights.items()}


def check_kinds(kinds: Mapping[str, str], weights: Mapping[str, float]) -> dict[str, str]:
    """Kinds of columns; refused by name where there is no such kind or no such column."""
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise ArgumentError(f"kinds: {name} must be one of {', '.join(KINDS)}, not {kind!r}")
        if name not in weights:
            raise ArgumentError(f"kinds: {name!r} has no weight; there are {', '.join(weights)}")
    return dict(kinds)


def genre_matrix(items: pl.DataFrame) -> tuple[list[str], sparse.csr_array]:
    """Names of the genres in order, and which item has which: ``(n_items, n_genres)`` of ones.

    Without a column of genres there are none; an item of which nothing is known has a row of zeros.
    """
    if GENRES not in items.columns:
        return [], sparse.csr_array((items.height, 0), dtype=np.float32)
    matrix, names = listed(items[GENRES])
    matrix = sparse.csr_array(matrix, dtype=np.float32)
    matrix.sort_indices()
    return names, matrix


def _in_order(weights: Mapping[str, float]) -> list[str]:
    """Columns that count, in an order that does not hang on how they were given."""
    others = sorted(name for name in weights if name not in EQUAL)
    return [name for name in (*EQUAL, *others) if weights.get(name, 0.0) > 0]


def _unit(matrix: sparse.csr_array) -> sparse.csr_array:
    """Rows of length 1; rows of zeros stay."""
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_array(sparse.diags_array(1 / np.where(length > 0, length, 1.0)) @ matrix)
