"""Who gets shown: attention by kind of item, against the catalogue and against what people like."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from workbench.audit.intervals import N_DRAWS, Floats, generator, interval, weighted_sums
from workbench.columns import GENRES, GROUP, HIGH, ITEM, LOW, RANK, ROW, TITLE, YEAR, N
from workbench.data.split import Split
from workbench.features.bands import HEAD, MID, TAIL, decades, popularity_bands
from workbench.slate import Slates

POPULARITY, DECADE = "popularity", "decade"
NO_GROUP, OTHERS = "unknown", "all others"
MOST_KINDS = 30
"""Of a column of the items; the ones with the fewest items are "all others"."""

SCHEMA = {
    "column": pl.String,
    GROUP: pl.String,
    "n_items": pl.Int64,
    N: pl.Int64,
    "share_catalogue": pl.Float64,
    "share_relevant": pl.Float64,
    "exposure": pl.Float64,
    "ratio": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
}


def items_frame(
    slates: Slates, rows: np.ndarray[Any, Any], split: Split, seed: int
) -> pl.DataFrame:
    """Exposure by kind of item.

    Parameters
    ----------
    slates : Slates
    rows : (n_people,) int
        Row of the slates of each person of ``split.people()``; -1 where there is none.
    split : Split
    seed : int

    Returns
    -------
    polars.DataFrame
        One row per kind: ``exposure`` is its share of attention, where the place at rank r gets
        ``1 / log2(1 + r)`` and every person's slate counts the same; ``share_catalogue`` its share
        of the items, ``share_relevant`` its share of the relevant test events of the same ``n``
        people, and ``ratio`` is exposure / share_relevant, with its bootstrap interval over
        people. An item of several kinds is split evenly between them.

    Notes
    -----
    Attention by rank: Singh and Joachims 2018, "Fairness of exposure in rankings".
    """
    has = np.flatnonzero(rows >= 0)
    attention = attention_matrix(slates, split)[rows[has]]
    kept = np.asarray(attention.sum(axis=1)).ravel() > 0
    attention = attention[kept]
    relevant = split.relevant_matrix()[has[kept]]
    found: list[dict[str, Any]] = []
    for column, (names, kinds) in item_kinds(split).items():
        found += _shares(column, names, kinds, attention, relevant, seed)
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def attention_matrix(slates: Slates, split: Split) -> sparse.csr_array:
    """Attention given to each item, ``(n_slates, n_items)``; rows add up to 1 (or 0: no slate).

    Items that the log does not know are left out.
    """
    frame = slates.frame
    item = split.train.catalogue.codes(frame[ITEM])
    row = frame[ROW].to_numpy()
    weight = 1.0 / np.log2(1.0 + frame[RANK].cast(pl.Float64).to_numpy())
    known = item >= 0
    matrix = sparse.csr_array(
        (weight[known], (row[known], item[known])), shape=(len(slates), split.train.n_items)
    )
    total = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ matrix)


def item_kinds(split: Split) -> dict[str, tuple[list[str], sparse.csr_array]]:
    """Column → names of its kinds, and the share of each item in each, ``(n_items, n_kinds)``.

    Popularity; genres and decades where they are known; and every other column of words in which
    items share them, such as makers.
    """
    items = split.train.items
    kinds = {POPULARITY: _one_each(popularity_bands(split.train), [HEAD, MID, TAIL])}
    if GENRES in items.columns:
        kinds[GENRES] = _several(items[GENRES])
    if YEAR in items.columns and items[YEAR].dtype.is_numeric():
        decade = [d or NO_GROUP for d in decades(items[YEAR])]
        kinds[DECADE] = _one_each(decade, sorted(set(decade)))
    for name in items.columns:
        if name not in {ITEM, TITLE, YEAR, *kinds} and (column := _as_kinds(items[name])):
            kinds[name] = column
    return kinds


def _as_kinds(column: pl.Series) -> tuple[list[str], sparse.csr_array] | None:
    """Kinds of a column of words, such as makers; None where they tell no kinds apart."""
    if column.dtype in (pl.List(pl.String), pl.List(pl.Categorical)):
        lists = column
    elif column.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean):
        lists = (
            column.cast(pl.String).to_frame().select(pl.concat_list(pl.all()).alias("one"))["one"]
        )
    else:
        return None
    words = lists.explode().drop_nulls()
    if not 2 <= words.n_unique() <= 0.5 * len(column):
        return None  # one for all, or (nearly) one for each: an id
    largest = words.value_counts(sort=True).sort("count", words.name, descending=[True, False])
    named = largest[words.name].head(MOST_KINDS).to_list()
    if words.n_unique() > MOST_KINDS:
        named = named[:-1]
        lists = lists.list.eval(
            pl.when(pl.element().is_in(named) | pl.element().is_null())
            .then(pl.element())
            .otherwise(pl.lit(OTHERS))
        )
    return _several(lists.list.drop_nulls())


def _one_each(labels: list[str], names: list[str]) -> tuple[list[str], sparse.csr_array]:
    place = {name: i for i, name in enumerate(names)}
    column = np.array([place[label] for label in labels], dtype=np.int64)
    n = len(labels)
    return names, sparse.csr_array((np.ones(n), (np.arange(n), column)), shape=(n, len(names)))


def _several(lists: pl.Series) -> tuple[list[str], sparse.csr_array]:
    each = [
        sorted({str(g) for g in (row if row is not None else ())}) or [NO_GROUP] for row in lists
    ]
    names = sorted({g for row in each for g in row} - {NO_GROUP})
    names += [NO_GROUP] if any(NO_GROUP in row for row in each) else []
    place = {name: i for i, name in enumerate(names)}
    item = np.repeat(np.arange(len(each)), [len(row) for row in each])
    column = np.array([place[g] for row in each for g in row], dtype=np.int64)
    share = np.concatenate([np.full(len(row), 1.0 / len(row)) for row in each] or [np.zeros(0)])
    return names, sparse.csr_array((share, (item, column)), shape=(len(each), len(names)))


def _shares(
    column: str,
    names: list[str],
    kinds: sparse.csr_array,
    attention: sparse.csr_array,
    relevant: sparse.csr_array,
    seed: int,
) -> list[dict[str, Any]]:
    shown, liked = (attention @ kinds).toarray(), (relevant @ kinds).toarray()
    catalogue = np.asarray(kinds.sum(axis=0)).ravel()
    exposure, merit = _share(shown.sum(axis=0)), _share(liked.sum(axis=0))
    sums = weighted_sums(generator(seed, "exposure", column), np.hstack([shown, liked]))
    n_kinds = len(names)
    draws_shown = sums[:, :n_kinds] / np.maximum(
        sums[:, :n_kinds].sum(axis=1, keepdims=True), 1e-300
    )
    draws_liked = sums[:, n_kinds:] / np.maximum(
        sums[:, n_kinds:].sum(axis=1, keepdims=True), 1e-300
    )
    found = []
    for g, name in enumerate(names):
        row: dict[str, Any] = dict.fromkeys(SCHEMA)
        row.update(
            {
                "column": column,
                GROUP: name,
                "n_items": int((kinds[:, [g]].toarray() > 0).sum()),
                N: shown.shape[0],
                "share_catalogue": float(catalogue[g] / max(catalogue.sum(), 1)),
                "share_relevant": float(merit[g]),
                "exposure": float(exposure[g]),
            }
        )
        # A kind that hardly anybody likes has no stable ratio.
        if (liked[:, g] > 0).sum() >= 2 and (draws_liked[:, g] > 0).all():
            row["ratio"] = float(exposure[g] / merit[g])
            if exposure[g] == 0:  # never shown to n people is not the same as never shown
                draws_shown[:, g] = generator(seed, column, name).beta(1, len(shown), N_DRAWS)
            row[LOW], row[HIGH] = interval(
                draws_shown[:, g] / draws_liked[:, g], row["ratio"], shown.shape[0] - 1
            )
        found.append(row)
    return found


def _share(sums: Floats) -> Floats:
    return sums / max(float(sums.sum()), 1e-300)
