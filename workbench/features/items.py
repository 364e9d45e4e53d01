"""Items as vectors of what they are: genres, year, words of the title."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import GENRES, TITLE, YEAR
from workbench.errors import ArgumentError, CapabilityError

BLOCKS = (GENRES, YEAR, TITLE)
EQUAL = {GENRES: 1.0, YEAR: 1.0, TITLE: 1.0}
YEARS_APART = 10
"""Between two such knots a year is shared out linearly, so near years are near."""
LONGEST_TITLE = 1_000
"""Characters that are read: a title is untrusted text."""

_WORD = re.compile(r"[^\W_]+")
_YEAR_IN_TITLE = re.compile(r"\(\s*\d{4}\s*\)")
_SEPARATOR = re.compile(r"[|,;]")


@dataclass(frozen=True)
class ItemVectors:
    """What each item is, as one sparse row of length 1.

    Attributes
    ----------
    matrix : (n_items, n_features) float32, sparse
        Row ``i`` is the i-th row of the items table. The blocks (genres, year, title words) have
        length 1 each and are weighted, then the row is brought to length 1, so the product of
        two rows is their likeness, from 0 to 1. A row of zeros is an item that nothing is known
        of.
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


def item_vectors(items: pl.DataFrame, weights: Mapping[str, float] | None = None) -> ItemVectors:
    """Vectors of all items from whatever of ``genres``, ``year`` and ``title`` there is.

    Genres are one or zero each; a year is shared out between the two nearest of the years 1900,
    1910, ...; title words are TF-IDF, ``tf * (ln((1 + n) / (1 + df)) + 1)``, for words that two
    titles or more have (years in brackets and words of one letter left out).

    Parameters
    ----------
    items : polars.DataFrame
        One row per item. Missing and empty cells say nothing.
    weights : mapping, optional
        How much each block counts, of "genres", "year", "title"; by default all 1. A block that
        is not named counts 0.

    Raises
    ------
    ArgumentError
        A weight is negative, names no block, or all are 0.
    CapabilityError
        The table has no block with a weight.

    Source: TF-IDF as in Salton and Buckley 1988, "Term-weighting approaches in automatic text
    retrieval", smoothed as scikit-learn does.
    """
    weights = check_weights(EQUAL if weights is None else weights)
    blocks, names = [], []
    for name, vectors in ((GENRES, _genres), (YEAR, _years), (TITLE, _words)):
        if weights.get(name, 0.0) > 0 and name in items.columns:
            block, columns = vectors(items[name])
            blocks.append(_unit(block) * np.sqrt(weights[name]))
            names += [f"{name}: {column}" for column in columns]
    if not blocks:
        wanted = ", ".join(name for name in BLOCKS if weights.get(name, 0.0) > 0)
        raise CapabilityError(
            f"items have none of {wanted} (they have {', '.join(items.columns)}); name the column "
            "that is meant, or give a weight to one that is there"
        )
    matrix = sparse.csr_array(_unit(sparse.hstack(blocks, format="csr")), dtype=np.float32)
    matrix.sort_indices()
    return ItemVectors(matrix, tuple(names))


def check_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Block weights as floats; refused by name where they cannot work."""
    for name, weight in weights.items():
        if name not in BLOCKS:
            raise ArgumentError(f"weights: {name!r} is no block; there are {', '.join(BLOCKS)}")
        if not 0 <= weight < np.inf:
            raise ArgumentError(f"weights: {name} must be 0 or more, not {weight!r}")
    if not any(weights.values()):
        raise ArgumentError(f"weights: at least one of {', '.join(BLOCKS)} must be above 0")
    return {name: float(weight) for name, weight in weights.items()}


def genre_matrix(items: pl.DataFrame) -> tuple[list[str], sparse.csr_array]:
    """Names of the genres in order, and which item has which: ``(n_items, n_genres)`` of ones.

    Without a column of genres there are none; an item of which nothing is known has a row of zeros.
    """
    if GENRES not in items.columns:
        return [], sparse.csr_array((items.height, 0), dtype=np.float32)
    matrix, names = _genres(items[GENRES])
    matrix = sparse.csr_array(matrix, dtype=np.float32)
    matrix.sort_indices()
    return names, matrix


def _genres(column: pl.Series) -> tuple[sparse.csr_array, list[str]]:
    if column.dtype == pl.String:
        cells: Sequence[Sequence[str]] = [_SEPARATOR.split(cell) for cell in column.fill_null("")]
    else:
        cells = [[str(g) for g in cell or () if g is not None] for cell in column.to_list()]
    rows = [{g.strip() for g in cell} - {""} for cell in cells]
    return _counted([Counter(row) for row in rows], sorted(set().union(*rows)))


def _years(column: pl.Series) -> tuple[sparse.csr_array, list[str]]:
    year = column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    known = np.flatnonzero(np.isfinite(year))
    if len(known) == 0:
        return sparse.csr_array((len(year), 0)), []
    knot = np.floor(year[known] / YEARS_APART)
    share = year[known] / YEARS_APART - knot
    knots, place = np.unique(np.concatenate([knot, knot + 1]), return_inverse=True)
    matrix = sparse.coo_array(
        (np.concatenate([1 - share, share]), (np.concatenate([known, known]), place)),
        shape=(len(year), len(knots)),
    ).tocsr()
    return matrix, [f"around {int(k * YEARS_APART)}" for k in knots]


def _words(column: pl.Series) -> tuple[sparse.csr_array, list[str]]:
    titles = column.cast(pl.String, strict=False).fill_null("").to_list()
    rows = [
        Counter(w for w in _WORD.findall(_plain(title)) if len(w) > 1 and not w.isspace())
        for title in titles
    ]
    in_titles = Counter(word for row in rows for word in row)
    counts, words = _counted(rows, sorted(w for w, n in in_titles.items() if n > 1))
    df = np.array([in_titles[word] for word in words], dtype=np.float64)
    return sparse.csr_array(counts * (np.log((1 + len(rows)) / (1 + df)) + 1)[None, :]), words


def _plain(title: str) -> str:
    return _YEAR_IN_TITLE.sub(" ", title[:LONGEST_TITLE]).lower()


def _counted(rows: list[Counter[str]], names: list[str]) -> tuple[sparse.csr_array, list[str]]:
    place = {name: j for j, name in enumerate(names)}
    cells = [(i, place[n], c) for i, row in enumerate(rows) for n, c in row.items() if n in place]
    row, column, count = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    matrix = sparse.coo_array(
        (count.astype(np.float64), (row, column)), shape=(len(rows), len(names))
    )
    return matrix.tocsr(), names


def _unit(matrix: sparse.csr_array) -> sparse.csr_array:
    """Rows of length 1; rows of zeros stay."""
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_array(sparse.diags_array(1 / np.where(length > 0, length, 1.0)) @ matrix)
