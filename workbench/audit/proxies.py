"""What stands for an attribute: the features from which a guesser learns most about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.audit.intervals import generator, interval, weighted_sums
from workbench.audit.leakage import (
    Guess,
    Question,
    auc_influence,
    averaged,
    ends,
    questions,
)
from workbench.columns import ATTRIBUTE, FEATURE, HIGH, ITEM, LOW, RANK, ROW, N
from workbench.profiles import Profiles
from workbench.slate import Slates

if TYPE_CHECKING:
    from workbench.ranking.engine import Engine

SHARE = "mean_abs_shap"
SCHEMA = {
    ATTRIBUTE: pl.String,
    FEATURE: pl.String,
    SHARE: pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
}
SHOWN = 10
"""Features told of each attribute."""
TREES = {"max_depth": 3, "eta": 0.1, "min_child_weight": 5.0, "reg_lambda": 5.0}
N_TREES = 60


@dataclass(frozen=True, eq=False)
class Read:
    """What a ranker reads, one row per person.

    Attributes
    ----------
    names : list of str
        Of the features.
    matrix : (n_people, n_features) float32
        Mean over the places of the person's slate; NaN where all of them are missing.
    """

    names: list[str]
    matrix: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Told:
    """How well one attribute is guessed from features, and by which.

    Attributes
    ----------
    question : Question
    guess : Guess
    shares : (n_guessed, n_features) float64
        Size of the share (SHAP) of each feature in the guess about each person, who was not
        learnt from; mean over the answers.
    """

    question: Question
    guess: Guess
    shares: NDArray[np.float64]


def features_read(engine: Engine, people: Profiles, slates: Slates, k: int) -> Read:
    """The features of every person's slate, meaned over its places.

    Parameters
    ----------
    engine : Engine
        Fitted.
    people : Profiles
    slates : Slates
        Of the same people, row by row.
    k : int
        Places that count.
    """
    from workbench.explain.shown import pair_matrix

    frame = slates.frame.filter(pl.col(RANK) <= k).sort(ROW, RANK)
    row = frame[ROW].to_numpy()
    values = pair_matrix(engine, people, row, engine.catalogue.codes(frame[ITEM]))
    known = ~np.isnan(values)
    sums, counts = np.zeros((2, len(people), values.shape[1]))
    np.add.at(sums, row, np.where(known, values, 0.0))
    np.add.at(counts, row, known)
    mean = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return Read([f.name for f in engine.features_], mean.astype(np.float32))


def guesses(
    attributes: pl.DataFrame, names: list[str], read: Read, minimum: int, seed: int
) -> list[Told]:
    """Guess every attribute from the features of the slates, by boosted trees.

    Parameters are those of ``workbench.audit.leakage.leakage_frame``, with the same questions and
    halves; ``read`` is row-aligned with ``attributes``.
    """
    told = []
    for question in questions(attributes, names, minimum, seed)[0]:
        matrix = read.matrix[question.rows]
        parts = [_guess(matrix, y, question.learnt, seed) for y in question.asked]
        shares: NDArray[np.float64] = np.mean([np.abs(share) for _, share in parts], axis=0)
        told.append(Told(question, averaged([guess for guess, _ in parts]), shares))
    return told


def proxies_frame(
    told: list[Told], names: list[str], seed: int, shown: int = SHOWN
) -> pl.DataFrame:
    """Features by how much a guesser learns from them about each attribute.

    Parameters
    ----------
    told : list of Told
    names : list of str
        Of the features.
    seed : int
        Of the bootstrap over people.
    shown : int
        At most so many features of each attribute.

    Returns
    -------
    polars.DataFrame
        ``attribute, feature, mean_abs_shap, low, high, n``, the largest first: the mean size of
        the feature's share (exact TreeSHAP, in log-odds) in guesses about people who were not
        learnt from, with its bootstrap interval over people. An attribute whose AUC from features
        is not above chance (its interval covers 0.5) has no rows: nothing stands for it.

    Notes
    -----
    A proxy is found, not proven: features that go together share what they say. It is what a
    guesser reads, not what the ranker does with it.

    Source: shares of Lundberg, Erion, Lee 2018, "Consistent individualized feature attribution
    for tree ensembles".
    """
    found: list[tuple[Any, ...]] = []
    for one in told:
        if ends(one.guess)[0] <= 0.5:
            continue
        name, n = one.question.attribute, len(one.shares)
        sums = weighted_sums(
            generator(seed, "proxies", name), np.column_stack([one.shares, np.ones(n)])
        )
        mean = one.shares.mean(axis=0)
        order = np.lexsort((np.arange(len(names)), -mean))[:shown]
        for f in order:
            if mean[f] > 0:
                draws = sums[:, f] / sums[:, -1]
                low, high = interval(draws, float(mean[f]), n - 1)
                found.append((name, names[f], float(mean[f]), low, high, n))
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def leaked(told: list[Told]) -> Mapping[str, Guess]:
    """AUC by attribute, as ``leakage_frame`` takes it."""
    return {one.question.attribute: one.guess for one in told}


def _guess(
    matrix: NDArray[np.float32], y: NDArray[np.int64], learnt: NDArray[np.bool_], seed: int
) -> tuple[Guess, NDArray[np.float64]]:
    """AUC, and influence and shares of each person guessed about."""
    import xgboost as xgb

    params = {
        **TREES,
        "objective": "binary:logistic",
        "tree_method": "hist",
        "seed": seed,
        "nthread": 1,  # the same trees on every machine
        "verbosity": 0,
    }
    booster = xgb.train(params, xgb.DMatrix(matrix[learnt], y[learnt], nthread=1), N_TREES)
    said = booster.predict(xgb.DMatrix(matrix[~learnt], nthread=1), pred_contribs=True)
    score = said.sum(axis=1, dtype=np.float64)
    return auc_influence(score, y[~learnt]), said[:, :-1].astype(np.float64)
