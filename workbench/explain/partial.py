"""Partial dependence and ICE: the score where one feature is set and the others stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.columns import HIGH, LOW, SCORE, VALUE, N
from workbench.errors import ArgumentError
from workbench.explain.over_people import Floats, check_bootstrap, means, per_person
from workbench.models.parameters import check_seed, check_whole

if TYPE_CHECKING:
    from workbench.explain.global_ import GlobalShares

CURVE = {
    VALUE: pl.Float64,
    "mean": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
    "n_pairs": pl.Int64,
}


@dataclass(frozen=True, eq=False)
class PartialDependence:
    """What scores become where one feature is set.

    Attributes
    ----------
    feature, group, meaning, unit : str
    curve : polars.DataFrame
        ``value, mean, low, high, n, n_pairs``: mean score over people at each value.
    ice : polars.DataFrame
        "Individual conditional expectation": ``pair`` (place in the ``GlobalShares``), ``value,
        score``, and ``own`` (the value that the pair really has; null where unknown).
    """

    feature: str
    group: str
    meaning: str
    unit: str
    curve: pl.DataFrame = field(repr=False)
    ice: pl.DataFrame = field(repr=False)


def partial_dependence(
    shares: GlobalShares,
    feature: str,
    *,
    points: int = 20,
    size: int = 500,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 1000,
) -> PartialDependence:
    """Score of real pairs where one feature is set to each of some values in turn.

    The other features stay as they are, even where the two could not go together (a rank that
    is changed while its score is not): it tells what the ranker would do, not what people would
    be shown. For that, edit the person.

    Parameters
    ----------
    shares : GlobalShares
    feature : str
    points : int
        At most so many values: quantiles of those that the pairs have.
    size : int
        Pairs, drawn by seed.
    level, seed, n_boot
        Of the bootstrap over people.

    Raises
    ------
    ArgumentError
        There is no such feature, no pair has a value of it, or a number cannot work.

    Source: Friedman 2001, "Greedy function approximation: a gradient boosting machine";
    Goldstein, Kapelner, Bleich, Pitkin 2015, "Peeking inside the black box".
    """
    check_whole("points", points)
    check_whole("size", size)
    check_bootstrap(level, n_boot)
    check_seed(seed)
    column = shares.column(feature)
    what = shares.features[column]
    pairs = shares.shown
    known = pairs.matrix[:, column][np.isfinite(pairs.matrix[:, column])]
    if len(known) == 0:
        raise ArgumentError(f"feature: nothing of what is shown has a value of {feature!r}")
    grid = np.unique(np.quantile(known, np.linspace(0, 1, points), method="nearest"))
    sample = shares.drawn(size, seed)
    matrix = pairs.matrix[sample].copy()
    own = matrix[:, column].astype(np.float64)
    scores = np.empty((len(sample), len(grid)))
    for place, value in enumerate(grid):
        matrix[:, column] = value
        scores[:, place] = shares.engine.ranker_.predict(matrix)
    people, person = np.unique(pairs.row[sample], return_inverse=True)
    each: Floats = per_person(scores, person, len(people))
    rows = [
        (float(value), *figure, len(people), len(sample))
        for value, figure in zip(grid, means(each, level, seed, n_boot), strict=True)
    ]
    curve = pl.DataFrame(rows, schema=CURVE, orient="row")
    ice = pl.DataFrame(
        {
            "pair": np.repeat(sample, len(grid)),
            VALUE: np.tile(grid.astype(np.float64), len(sample)),
            SCORE: scores.ravel(),
            "own": np.repeat(own, len(grid)),
        }
    ).with_columns(pl.col("own").fill_nan(None))
    curve = curve.with_columns(pl.col(pl.Float64).fill_nan(None))
    return PartialDependence(feature, what.group, what.meaning, what.unit, curve, ice)
