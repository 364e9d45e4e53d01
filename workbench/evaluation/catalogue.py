"""What all lists together make of the catalogue: coverage, concentration, the long tail."""

from __future__ import annotations

import numpy as np
import polars as pl

from workbench.columns import DEFINITION, HIGH, ITEM, LOW, MEAN, METRIC, RANK, ROW, N
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.accuracy import Floats
from workbench.evaluation.beyond import World
from workbench.evaluation.resampling import Sums, interval, resampled, unanimous
from workbench.ranking.recommend import check_k
from workbench.slate import Slates
from workbench.vocabulary import IntArray

HEAD = 0.2
"""Share of the catalogue that is not the tail."""


def catalogue_metrics(
    slates: Slates,
    dataset: Dataset,
    k: int | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 2000,
) -> pl.DataFrame:
    """Figures of all lists together.

    - ``coverage``: share of the catalogue that is shown to anybody.
      Source: Herlocker et al. 2004, "Evaluating collaborative filtering recommender systems".
    - ``gini``: inequality of how often items are shown, those never shown included; 0 all alike,
      towards 1 all places to one item. Source: Fleder, Hosanagar 2009, "Blockbuster culture's
      next rise or fall".
    - ``tail_share``: share of the places that hold an item outside the 20 % most popular.
      Source: Celma 2010, "Music recommendation and discovery", for the long tail.

    Parameters
    ----------
    slates : Slates
    dataset : Dataset
        What popularity is counted in, e.g. ``split.train``.
    k : int, optional
        Places counted; by default all.
    level, seed, n_boot
        Of the bootstrap over people, as in ``wb.summarise``.

    Returns
    -------
    polars.DataFrame
        ``metric, mean, low, high, n, definition`` with ``n`` the number of lists. Coverage and
        Gini have no interval: they grow and shrink with the number of lists, so a resample with
        its repeats is not one of the same kind. Compare them at one ``n`` and ``k``.

    Raises
    ------
    ArgumentError
        ``slates`` are no Slates, or ``k`` cannot work.
    DataError
        There is nothing shown, or an item is unknown to ``dataset``.
    """
    if not isinstance(slates, Slates):
        raise ArgumentError(
            f"slates must be Slates, not {type(slates).__name__}; take wb.recommend(model, people)"
            " or wb.Slates.from_frame(frame)"
        )
    k = slates.k if k is None else k
    check_k(k)
    frame = slates.frame.filter(pl.col(RANK) <= k)
    if frame.height == 0:
        raise DataError("the slates show nothing; there is no exposure to measure")
    item = dataset.catalogue.codes(frame[ITEM])
    if (item < 0).any():
        raise DataError(
            f"slates name {ITEM} {frame[ITEM][int(np.flatnonzero(item < 0)[0])]!r}, which "
            f"{dataset.name!r} does not know; spell the ids as the log does"
        )
    world = World.of(dataset)
    exposure = np.bincount(item, minlength=dataset.n_items)
    in_tail = world.place[item] >= HEAD * dataset.n_items
    row = frame[ROW].to_numpy()
    places = np.bincount(row, minlength=len(slates)).astype(np.float64)
    tail = Sums(np.bincount(row, in_tail, minlength=len(slates)), places).where(places > 0)
    low, high = interval(resampled([tail], n_boot, seed)[0], tail.figure, tail.influence, level)
    if tail.figure in (0.0, 1.0):
        low, high = unanimous(tail.figure, tail.n, 0.0, 1.0, level)
    shown = f"{dataset.n_items:,} items, {len(slates):,} lists of at most {k}"
    rows = [
        ("coverage", coverage(exposure), None, None, f"share of {shown} that is shown to anybody"),
        ("gini", gini(exposure), None, None, f"Gini of the times shown over all of {shown}"),
        (
            "tail_share",
            tail.figure,
            low,
            high,
            f"share of the places that hold an item outside the {HEAD:.0%} most popular "
            f"(relevant training events) of {shown}",
        ),
    ]
    return pl.DataFrame(
        [(name, mean, a, b, len(slates), words) for name, mean, a, b, words in rows],
        schema={
            METRIC: pl.String,
            MEAN: pl.Float64,
            LOW: pl.Float64,
            HIGH: pl.Float64,
            N: pl.Int64,
            DEFINITION: pl.String,
        },
        orient="row",
    ).with_columns(pl.col(LOW, HIGH).fill_nan(None))


def coverage(exposure: IntArray) -> float:
    """Share of the items that are shown at all, in [0, 1]."""
    return float((exposure > 0).mean())


def gini(exposure: IntArray | Floats) -> float:
    """Gini coefficient of non-negative counts, in [0, 1); NaN where nothing was shown.

    ``sum of (2 i - n - 1) x_i / (n sum of x)`` over counts sorted upwards, ``i`` from 1 to ``n``.
    """
    counts = np.sort(exposure).astype(np.float64)
    n, total = len(counts), counts.sum()
    if total == 0:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ counts / (n * total))
