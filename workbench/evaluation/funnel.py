"""Where relevant items are lost on the way to the slates, and what retrieval makes possible."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import DEFINITION, HIGH, LOW, N
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.evaluation.accuracy import Floats
from workbench.evaluation.definitions import (
    asked_people,
    check_asked,
    fitted_elsewhere,
    ranking_protocol,
)
from workbench.evaluation.resampling import Sums, interval, resampled, unanimous
from workbench.models.base import Recommender
from workbench.ranking.funnel import CANDIDATE, RANKED, RETRIEVABLE, SHOWN, Trace, trace
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k
from workbench.vocabulary import IntArray

BLOCK = 256
"""People whose scores by every retriever are held at once."""
UNION = "union"

COUNTS = {
    "stage": pl.String,
    "lost": pl.Int64,
    "left": pl.Int64,
    "share": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
    DEFINITION: pl.String,
}
CEILINGS = {
    "retriever": pl.String,
    "depth": pl.Int64,
    "recall": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    "unique": pl.Float64,
    "unique_low": pl.Float64,
    "unique_high": pl.Float64,
    N: pl.Int64,
    DEFINITION: pl.String,
}


def funnel_counts(
    model: Recommender,
    split: Split,
    k: int = 10,
    policy: Policy | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 2000,
) -> pl.DataFrame:
    """What becomes of the held-out relevant items: how many stop at which stage.

    Parameters
    ----------
    model : Recommender
        Fitted on ``split.train``.
    split : Split
    k : int
        Places of the slates.
    policy : Policy, optional
    level, seed, n_boot
        Of the bootstrap over people.

    Returns
    -------
    polars.DataFrame
        One row per stage, in the order of the way: ``stage``; ``lost``, relevant (person, item)
        pairs that stop there (see ``wb.funnel``); ``left``, those that go on; ``share``, lost of
        all ``n`` pairs, with its interval; ``definition``. The last row, "shown", loses nothing:
        its share is that of the pairs that are shown.

    Raises
    ------
    ArgumentError
        ``k``, ``split`` or ``model`` cannot be used.
    DataError
        Nobody has a relevant test item.
    """
    check_k(k)
    n_people, parts = _traces(model, split, k, policy)
    stages: list[str] = [RETRIEVABLE, RANKED]
    found, rows = [], []
    for row, one in parts:
        stages = [RETRIEVABLE, *([CANDIDATE] if one.depth is not None else []), RANKED, *one.steps]
        rows.append(row)
        found.append(one.stage)
    row, stage = np.concatenate(rows), np.concatenate(found)
    over = np.bincount(row, minlength=n_people).astype(np.float64)
    words = (
        "share of the relevant test items of all people that stop at this stage, k="
        f"{k}; {ranking_protocol(split)}{fitted_elsewhere(model, split)}"
    )
    out, left = [], len(stage)
    for name in [*stages, SHOWN]:
        here = stage == name
        left -= 0 if name == SHOWN else int(here.sum())
        share, low, high = _figure(
            np.bincount(row[here], minlength=n_people), over, level, seed, n_boot
        )
        lost = 0 if name == SHOWN else int(here.sum())
        out.append((name, lost, left, share, low, high, len(stage), words))
    return pl.DataFrame(out, schema=COUNTS, orient="row").with_columns(
        pl.col(LOW, HIGH).fill_nan(None)
    )


def recall_ceilings(
    engine: Recommender, split: Split, level: float = 0.95, seed: int = 0, n_boot: int = 2000
) -> pl.DataFrame:
    """What each retriever brings of the held-out relevant items: no ranker can show more.

    Parameters
    ----------
    engine : Engine
        Fitted on ``split.train``.
    split : Split
    level, seed, n_boot
        Of the bootstrap over people.

    Returns
    -------
    polars.DataFrame
        One row per retriever and one, "union", for all candidates together: ``retriever``,
        ``depth``; ``recall``, the mean over people of the share of their relevant items among its
        first ``depth``, with its interval; ``unique``, the same of those that no other retriever
        brings (null for the union); ``n`` people; ``definition``.

    Raises
    ------
    ArgumentError
        The model has no retrievers.
    DataError
        Nobody has a relevant test item.
    """
    if not hasattr(engine, "retrievers_"):
        raise ArgumentError(
            f"engine must be a fitted Engine, not {type(engine).__name__}; a single model has no "
            "retrievers: see its recall in wb.evaluate"
        )
    n_people, parts = _traces(engine, split, 1, None)
    rows, brought, labels, depth = [], [], [], 0
    for row, one in parts:
        labels, depth = one.labels, one.depth or 0
        rows.append(row)
        brought.append(one.brought)
    row, by = np.concatenate(rows), np.concatenate(brought)
    each = 1 / np.bincount(row, minlength=n_people)[row]
    words = (
        "mean over people of the share of their relevant test items among the first "
        f"{depth}; {ranking_protocol(split)}{fitted_elsewhere(engine, split)}"
    )

    def figure(mask: NDArray[np.bool_]) -> tuple[float, float, float]:
        share = np.bincount(row, each * mask, minlength=n_people)
        return _figure(share, np.ones(n_people), level, seed, n_boot)

    out: list[tuple[object, ...]] = [
        (
            label,
            depth,
            *figure(by[:, j]),
            *figure(by[:, j] & (by.sum(axis=1) == 1)),
            n_people,
            words,
        )
        for j, label in enumerate(labels)
    ]
    out.append(
        (UNION, depth, *figure(np.asarray(by.any(axis=1))), None, None, None, n_people, words)
    )
    frame = pl.DataFrame(out, schema=CEILINGS, orient="row")
    return frame.with_columns(pl.col(LOW, HIGH, "unique_low", "unique_high").fill_nan(None))


def _traces(
    model: Recommender, split: Split, k: int, policy: Policy | None
) -> tuple[int, Iterator[tuple[IntArray, Trace]]]:
    """Number of people, and block by block the rows and the trace of their relevant items."""
    check_asked(model, split)
    ids, people = asked_people(model, split)
    relevant = split.relevant_matrix()

    def parts() -> Iterator[tuple[IntArray, Trace]]:
        for part, block in people.blocks(BLOCK):
            row, item = relevant[part].nonzero()
            yield row + part.start, trace(model, block, row, item.astype(np.int64), k, policy)

    return len(ids), parts()


def _figure(
    total: NDArray[np.number[Any]], over: Floats, level: float, seed: int, n_boot: int
) -> tuple[float, float, float]:
    """A share of people's pairs with its interval."""
    sums = Sums(total.astype(np.float64), over)
    low, high = interval(resampled([sums], n_boot, seed)[0], sums.figure, sums.influence, level)
    if sums.figure in (0.0, 1.0):
        low, high = unanimous(sums.figure, sums.n, 0.0, 1.0, level)
    return sums.figure, low, high
