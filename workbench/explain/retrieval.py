"""What each retriever contributes: to the slates, to what can be found, and to what is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import DEFINITION, N
from workbench.data.split import Split
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.accuracy import Hits, Shown, ndcg
from workbench.evaluation.definitions import (
    asked_people,
    check_asked,
    fitted_elsewhere,
    ranking_protocol,
)
from workbench.explain.over_people import Floats, check_bootstrap, means
from workbench.explain.shown import at_once
from workbench.models.base import Recommender
from workbench.models.parameters import check_seed
from workbench.profiles import Profiles
from workbench.ranking.recommend import check_k, top
from workbench.vocabulary import FloatArray

if TYPE_CHECKING:
    from workbench.ranking.engine import Engine

FIGURES = ("first", "brought", "only", "recall", "recall_drop", "ndcg_drop")
ENDS = ("", "_low", "_high")
SCHEMA = {
    "retriever": pl.String,
    **{figure + end: pl.Float64 for figure in FIGURES for end in ENDS},
    "recall_without": pl.Float64,
    "ndcg_without": pl.Float64,
    N: pl.Int64,
    "n_shown": pl.Int64,
    DEFINITION: pl.String,
}


def retrievers_contribution(
    engine: Engine,
    split: Split,
    k: int = 10,
    *,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 2000,
) -> pl.DataFrame:
    """What each retriever brings, and what would be missed without its candidates.

    Nothing is fitted again: without a retriever its candidates are gone, while its scores stay
    among the features. So the drops are those of its bringing, not of its opinion.

    Parameters
    ----------
    engine : Engine
        Fitted on ``split.train``.
    split : Split
        Who is asked; ``workbench.data.sample.asking`` makes one that asks fewer.
    k : int
    level, seed, n_boot
        Of the bootstrap over people.

    Returns
    -------
    polars.DataFrame
        One row per retriever, the most missed first. Means over people, each with ``_low`` and
        ``_high``: ``first``, share of the slate that it puts highest of all retrievers;
        ``brought``, share that is among its own candidates; ``only``, share that no other
        retriever brings; ``recall``, share of the relevant test items among its candidates;
        ``recall_drop``, what the union of candidates loses of them without it; ``ndcg_drop``,
        what nDCG loses. ``recall_without`` and ``ndcg_without`` are what is left; ``n`` people
        with a relevant test item, ``n_shown`` items on their slates.

    Raises
    ------
    ArgumentError
        The model has no retrievers, or an argument cannot work.
    DataError
        Nobody has a relevant test item, or nobody of them is shown anything.
    """
    check_k(k)
    check_bootstrap(level, n_boot)
    check_seed(seed)
    if not isinstance(engine, Recommender) or not hasattr(engine, "candidate_mask"):
        name = engine.name if isinstance(engine, Recommender) else type(engine).__name__
        raise ArgumentError(
            f"engine: {name!r} has no retrievers; give a fitted wb.Engine, or see the recall of a "
            "single model in wb.evaluate"
        )
    check_asked(engine, split)
    ids, people = asked_people(engine, split, "engine")
    relevant = split.relevant_matrix()
    parts = [_block(engine, b, relevant[p], k) for p, b in people.blocks(at_once(engine))]
    each = np.concatenate([values for values, _, _ in parts])  # (people, retrievers, figures)
    whole = np.concatenate([both for _, both, _ in parts])  # recall and nDCG of all together
    labels = list(engine.retrievers_)
    words = (
        f"k={k}, depth={engine.depth}; left out of the candidates only, nothing fitted again; "
        f"{ranking_protocol(split)}{fitted_elsewhere(engine, split)}"
    )
    n_shown = sum(count for _, _, count in parts)
    if n_shown == 0:
        raise DataError("nobody of those who are asked is shown anything")
    served = ~np.isnan(each[:, 0, 0])
    rows = []
    for place, label in enumerate(labels):
        figures = np.concatenate(
            [
                means(each[served, place, :3], level, seed, n_boot, (0, 1)),
                means(each[:, place, 3:5], level, seed, n_boot, (0, 1)),
                means(each[:, place, 5:], level, seed, n_boot, (-1, 1)),
            ]
        )
        left = whole.mean(axis=0) - figures[4:, 0]
        rows.append((label, *figures.ravel(), *left, len(ids), n_shown, words))
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    frame = frame.with_columns(pl.col(pl.Float64).fill_nan(None))
    return frame.sort("ndcg_drop", "only", descending=True, maintain_order=True)


def _block(
    engine: Engine, people: Profiles, relevant: sparse.csr_array, k: int
) -> tuple[Floats, Floats, int]:
    """Of some people: the figures of each retriever, recall and nDCG with all, items shown.

    Returns
    -------
    each : (n_people, n_retrievers, 6) float64
        As ``FIGURES``; NaN for the first three where a person is shown nothing.
    whole : (n_people, 2) float64
    n_shown : int
    """
    scores, sources = engine.score_with_sources(people)
    by = np.stack(list(engine.candidate_mask(people).values()))  # (retrievers, people, items)
    n_by = by.sum(axis=0)
    n = len(people)
    row, item = top(scores, k)
    came = np.asarray(sources(row, item))
    shown = _listed(row, item, n, k)
    full = ndcg(Hits.of(shown, relevant))
    asked, wanted = relevant.nonzero()
    count = np.bincount(asked, minlength=n)

    def found(mask: NDArray[np.bool_]) -> Floats:
        return np.bincount(asked, mask[asked, wanted], minlength=n) / count

    recall = found(n_by > 0)
    each = np.empty((n, len(by), len(FIGURES)))
    for place, label in enumerate(engine.retrievers_):
        mine = by[place]
        alone = mine & (n_by == 1)
        each[:, place, 0] = shown.mean((came == label).astype(np.float64))
        each[:, place, 1] = shown.mean(mine[row, item].astype(np.float64))
        each[:, place, 2] = shown.mean(alone[row, item].astype(np.float64))
        each[:, place, 3] = found(mine)
        each[:, place, 4] = found(alone)  # the union has all that any brings
        each[:, place, 5] = full - _without(scores, alone, relevant, k, shown, full)
    return each, np.column_stack([recall, full]), len(row)


def _without(
    scores: FloatArray,
    gone: NDArray[np.bool_],
    relevant: sparse.csr_array,
    k: int,
    shown: Shown,
    full: Floats,
) -> Floats:
    """nDCG of each person without some candidates; it moves only where one of them was shown."""
    moved = np.unique(shown.row[gone[shown.row, shown.item]])
    if len(moved) == 0:
        return full
    lesser = np.where(gone[moved], np.float32(np.nan), scores[moved])
    left = full.copy()
    left[moved] = ndcg(Hits.of(_listed(*top(lesser, k), len(moved), k), relevant[moved]))
    return left


def _listed(row: np.ndarray, item: np.ndarray, n_rows: int, k: int) -> Shown:
    rank = np.arange(len(row)) - np.searchsorted(row, row) + 1
    return Shown(row, rank, item, n_rows, k)
