"""How much of a figure hangs on the order of ties in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import polars as pl

from workbench.columns import MEAN, METRIC, N
from workbench.data.dataset import Dataset
from workbench.data.split import split
from workbench.errors import ArgumentError
from workbench.evaluation.definitions import METRICS
from workbench.evaluation.evaluate import evaluate
from workbench.models.base import Recommender


def tie_sensitivity(
    model_factory: Callable[[], Recommender],
    dataset: Dataset,
    metric: str = "ndcg",
    k: int = 10,
    tie_seeds: Iterable[int] = range(5),
    **how: Any,
) -> pl.DataFrame:
    """Split, fit and evaluate once per order of the ties in time.

    Parameters
    ----------
    model_factory : callable
        Makes an unfitted model, e.g. ``lambda: wb.create("ease")``.
    dataset : Dataset
    metric : str
    k : int
    tie_seeds : iterable of int
        The first is the usual order.
    **how
        For ``wb.split``: ``method``, ``test_fraction``, ``guests``, ...

    Returns
    -------
    polars.DataFrame
        One row per order: ``tie_seed, metric, mean, n``. The spread of ``mean`` says how much of
        a difference between two models ties alone could make.

    Raises
    ------
    ArgumentError
        ``metric`` is none of ``wb.evaluate``, or there is no tie seed.
    """
    if metric not in METRICS or METRICS[metric].total is not None:
        raise ArgumentError(f"metric={metric!r} is no column of wb.evaluate")
    found = []
    for seed in tie_seeds:
        cut = split(dataset, tie_seed=seed, **how)
        rows = evaluate(model_factory().fit(cut.train), cut, k)
        values = rows[metric]
        found.append((seed, metric, values.mean(), values.count()))
    if not found:
        raise ArgumentError("tie_seeds is empty; give at least one seed")
    schema = {"tie_seed": pl.Int64, METRIC: pl.String, MEAN: pl.Float64, N: pl.Int64}
    return pl.DataFrame(found, schema=schema, orient="row")
