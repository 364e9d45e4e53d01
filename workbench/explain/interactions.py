"""Interactions: what two features do together, beyond what each does alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import HIGH, LOW, N
from workbench.explain.over_people import check_bootstrap, means, per_person
from workbench.models.parameters import check_seed, check_whole
from workbench.vocabulary import IntArray

if TYPE_CHECKING:
    from workbench.explain.global_ import GlobalShares
    from workbench.ranking.ranker import Ranker
    from workbench.vocabulary import FloatArray

SCHEMA = {
    "first": pl.String,
    "second": pl.String,
    "first_group": pl.String,
    "second_group": pl.String,
    "mean_abs": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
    "n_pairs": pl.Int64,
}
BLOCK = 64
"""Pairs whose square tables are in memory at once."""


@dataclass(frozen=True, eq=False)
class Interactions:
    """What features do alone and in pairs, on a sample of what people are shown.

    Attributes
    ----------
    frame : polars.DataFrame
        ``first, second, first_group, second_group, mean_abs, low, high, n, n_pairs``: the mean
        over people of the size of the interaction, largest first. Where ``second`` is ``first``
        it is what the feature does alone (of every feature).
    values : (n_sample, n_features, n_features) float32
        SHAP interaction values of each sampled pair: symmetric; half of an interaction stands on
        each side of the diagonal. A row adds up to the feature's share, all to the score less
        the base.
    sample : (n_sample,) int64
        Which pairs of the ``GlobalShares`` these are.
    residual : float
        The most that a pair's values and the base miss its score by: rounding.
    """

    frame: pl.DataFrame
    values: FloatArray = field(repr=False)
    sample: IntArray = field(repr=False)
    residual: float


def interactions(
    shares: GlobalShares,
    *,
    size: int = 200,
    most: int | None = 30,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 1000,
) -> Interactions:
    """SHAP interaction values over a sample of what people are shown.

    Always against what the ranker learnt from: for another background there is no such exact
    algorithm.

    Parameters
    ----------
    shares : GlobalShares
    size : int
        Pairs, drawn by seed. The work grows with them, with the features and with the trees.
    most : int, optional
        Pairs of features in the frame; None for all. They are picked for their size, so the
        figure of the first is likelier too high than too low.
    level, seed, n_boot
        Of the bootstrap over people.

    Raises
    ------
    ArgumentError
        A number cannot work.

    Source: Fujimoto, Kojadinovic, Marichal 2006, "Axiomatic characterizations of probabilistic
    and cardinal-probabilistic interaction indices"; for trees Lundberg, Erion, Lee 2018, as
    implemented by XGBoost (``pred_interactions``).
    """
    check_whole("size", size)
    if most is not None:
        check_whole("most", most)
    check_bootstrap(level, n_boot)
    check_seed(seed)
    sample = shares.drawn(size, seed)
    matrix = shares.shown.matrix[sample]
    whole = _values(shares.engine.ranker_, matrix)
    residual = float(np.abs(whole.sum(axis=(1, 2)) - shares.score[sample]).max())
    values = np.ascontiguousarray(whole[:, :-1, :-1])
    one, two = np.triu_indices(len(shares.features))
    sizes = np.abs(values[:, one, two].astype(np.float64)) * np.where(one == two, 1, 2)
    people, person = np.unique(shares.shown.row[sample], return_inverse=True)
    each = per_person(sizes, person, len(people))
    largest = np.argsort(-each.mean(axis=0), kind="stable")
    apart = one[largest] != two[largest]
    largest = largest[~apart | (np.cumsum(apart) <= (len(apart) if most is None else most))]
    figures = means(each[:, largest], level, seed, n_boot)
    features = shares.features
    rows = [
        (
            *(features[one[p]].name, features[two[p]].name),
            *(features[one[p]].group, features[two[p]].group),
            *(*figure, len(people), len(sample)),
        )
        for p, figure in zip(largest, figures, strict=True)
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    frame = frame.with_columns(pl.col(pl.Float64).fill_nan(None))
    return Interactions(frame, values, sample, residual)


def _values(ranker: Ranker, matrix: FloatArray) -> NDArray[np.float32]:
    """Interaction values with the base in the last row and column; of all boosters."""
    import xgboost as xgb

    total = np.zeros((len(matrix), matrix.shape[1] + 1, matrix.shape[1] + 1), dtype=np.float32)
    for start in range(0, len(matrix), BLOCK):
        data = xgb.DMatrix(matrix[start : start + BLOCK])
        parts = [booster.predict(data, pred_interactions=True) for booster in ranker.boosters]
        total[start : start + BLOCK] = ranker.together(parts)
    return total
