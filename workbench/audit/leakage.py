"""Does it know: how well an attribute can be guessed from what people are shown."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.audit.intervals import generator
from workbench.columns import ATTRIBUTE, HIGH, LOW, N

SLATES, HISTORIES, DIFFERENCE = "slates", "histories", "slates less histories"
N_FOLDS = 5
AT_MOST = 20_000
"""People that the guessing is learnt on; more change the figure little and cost much."""

SCHEMA = {
    ATTRIBUTE: pl.String,
    "source": pl.String,
    "auc": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
    "question": pl.String,
}


def leakage_frame(
    attributes: pl.DataFrame,
    names: list[str],
    sources: dict[str, sparse.csr_array],
    minimum: int,
    seed: int,
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Area under the ROC curve of guessing an attribute.

    Parameters
    ----------
    attributes : polars.DataFrame
        One row per person.
    names : list of str
        Attributes to guess. One with two values is guessed as it is; a number as "above its
        median or not"; others are left out and named.
    sources : dict of str to (n_people, n_items) sparse
        What it is guessed from, row-aligned with ``attributes``.
    minimum : int
        Both answers need at least this many people.
    seed : int

    Returns
    -------
    polars.DataFrame
        One row per attribute and source; 0.5 is pure chance, 1 is certainty. Guessed by logistic
        regression, learnt on four fifths of the people and asked of the last fifth, in turn.
        ``auc`` is the mean over the folds, with the interval of LeDell, Petersen, van der Laan
        2015, "Computationally efficient confidence intervals for cross-validated area under the
        ROC curve estimates". The row "slates less histories" is the paired difference: what a
        slate gives away beyond what the history gives away anyway.
    dict
        Attribute → why it was left out.
    """
    found: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    for name in names:
        question, answer = _answer(attributes[name])
        smaller = min(int((answer == 0).sum()), int((answer == 1).sum()))
        if not question:
            skipped[name] = "leakage is asked of attributes with two values, and of numbers"
            continue
        if smaller < minimum:
            skipped[name] = f"leakage needs at least {minimum} people of each answer"
            continue
        rows = np.flatnonzero(answer >= 0)
        rng = generator(seed, "leakage", name)
        if len(rows) > AT_MOST:
            rows = np.sort(rng.choice(rows, AT_MOST, replace=False))
        y = answer[rows]
        fold = _folds(rng, y)
        parts: dict[str, tuple[float, NDArray[np.float64]]] = {}
        for source, matrix in sources.items():
            parts[source] = cross_validated(matrix[rows], y, fold)
        if SLATES in parts and HISTORIES in parts:
            (one, a), (two, b) = parts[SLATES], parts[HISTORIES]
            parts[DIFFERENCE] = (one - two, a - b)
        for source, (auc, influence) in parts.items():
            half = 1.959964 * float(np.sqrt(np.mean(influence**2) / len(y)))
            floor, ceiling = (-1.0, 1.0) if source == DIFFERENCE else (0.0, 1.0)
            found.append(
                {
                    ATTRIBUTE: name,
                    "source": source,
                    "auc": auc,
                    LOW: max(floor, auc - half),
                    HIGH: min(ceiling, auc + half),
                    N: len(y),
                    "question": question,
                }
            )
    return pl.DataFrame(found, schema=SCHEMA, orient="row"), skipped


def cross_validated(
    matrix: sparse.csr_array, y: NDArray[np.int64], fold: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
    """AUC within each fold, averaged; and the influence of each person on it, ``(n_people,)``."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import normalize

    matrix = normalize(sparse.csr_matrix(matrix).astype(np.float64))
    aucs, influence = [], np.zeros(len(y))
    for part in range(N_FOLDS):
        asked = fold == part
        with warnings.catch_warnings():
            # A guesser that has not fully converged guesses a little worse; it is still a guesser.
            warnings.simplefilter("ignore", ConvergenceWarning)
            guess = LogisticRegression(
                C=10.0, class_weight="balanced", solver="liblinear", tol=1e-3, random_state=0
            )
            guess.fit(matrix[~asked], y[~asked])
        auc, share = _auc(guess.decision_function(matrix[asked]), y[asked])
        aucs.append(auc)
        influence[asked] = share
    return float(np.mean(aucs)), influence


def _auc(score: NDArray[np.float64], y: NDArray[np.int64]) -> tuple[float, NDArray[np.float64]]:
    """AUC (ties count half) and each person's influence on it, of mean 0."""
    from scipy.stats import rankdata

    yes, no = score[y == 1], score[y == 0]
    among = rankdata(np.concatenate([yes, no]))
    # Share of the other class that is on the right side of each person.
    right_yes = (among[: len(yes)] - rankdata(yes)) / len(no)
    right_no = 1 - (among[len(yes) :] - rankdata(no)) / len(yes)
    auc = float(right_yes.mean())
    influence = np.empty(len(y))
    share = len(yes) / len(y)
    influence[y == 1] = (right_yes - auc) / share
    influence[y == 0] = (right_no - auc) / (1 - share)
    return auc, influence


def _folds(rng: np.random.Generator, y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Fold of each person, both answers spread evenly."""
    fold = np.empty(len(y), dtype=np.int64)
    for answer in (0, 1):
        rows = rng.permutation(np.flatnonzero(y == answer))
        fold[rows] = np.arange(len(rows)) % N_FOLDS
    return fold


def _answer(column: pl.Series) -> tuple[str, NDArray[np.int64]]:
    """A question with two answers, and each person's: 1, 0, or -1 where not known."""
    nothing = np.full(len(column), -1, dtype=np.int64)
    if column.dtype.is_nested():
        return "", nothing
    if column.dtype.is_float():
        column = column.fill_nan(None)
    kinds = column.drop_nulls().unique().cast(pl.String).sort().to_list()
    if len(kinds) == 2:
        text = column.cast(pl.String)
        answer = (text == kinds[1]).cast(pl.Int64).fill_null(-1).to_numpy()
        return f"{kinds[1]} or {kinds[0]}", answer
    if not column.dtype.is_numeric() or len(kinds) < 2:
        return "", nothing
    median = float(column.median())  # type: ignore[arg-type]
    above = (column > median).cast(pl.Int64).fill_null(-1).to_numpy()
    return f"above {median:g} or not", above
