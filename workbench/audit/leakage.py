"""Does it know: how well an attribute can be guessed from what people are shown."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.audit.intervals import generator
from workbench.columns import ATTRIBUTE, HIGH, LOW, N

SLATES, HISTORIES, FEATURES = "slates", "histories", "features"
DIFFERENCE = "slates less histories"
HELD = {
    SLATES: "the attention that each item gets in the slate (1 / log2(1 + rank))",
    HISTORIES: "the items met in training: what is unavoidable",
    FEATURES: "what the ranker reads of the person and of each item of the slate, mean over it",
}
"""What each source holds of a person."""
N_FOLDS = 5
MOST = 12
"""Of more answers than this, the largest are guessed."""
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


@dataclass(frozen=True, eq=False)
class Question:
    """What is guessed of whom.

    Attributes
    ----------
    attribute, words : str
        The column, and the question in words.
    rows : (n_asked,) int64
        People of whom it is known.
    answer : (n_asked,) int64
        Which answer each of them gives.
    guessed : tuple of int
        The answers that are told from all others; the figure is their mean.
    fold : (n_asked,) int64
        The part of the people in which each is asked.
    """

    attribute: str
    words: str
    rows: NDArray[np.int64]
    answer: NDArray[np.int64]
    guessed: tuple[int, ...]
    fold: NDArray[np.int64]

    @property
    def asked(self) -> list[NDArray[np.int64]]:
        """Of each answer that is guessed, whether it is the person's: 1 or 0, ``(n_asked,)``."""
        return [(self.answer == a).astype(np.int64) for a in self.guessed]


Guess = tuple[float, NDArray[np.float64]]
"""AUC, and the influence of each person on it."""


def questions(
    attributes: pl.DataFrame, names: list[str], minimum: int, seed: int
) -> tuple[list[Question], dict[str, str]]:
    """What can be guessed of the people, and why the rest cannot.

    One with two values is guessed as it is; a number as "above its median or not"; of several
    words, each (of at most the ``MOST`` largest groups) is told from all others.
    """
    found: list[Question] = []
    skipped: dict[str, str] = {}
    for name in names:
        words, answer, guessed = _answer(attributes[name], minimum)
        if not words:
            skipped[name] = f"leakage is asked of words and of numbers, not of {guessed}"
            continue
        known = answer[answer >= 0]
        sizes = [(known == a).sum() for a in guessed]
        if len(guessed) == 1:
            sizes.append(len(known) - sizes[0])
        if len(sizes) < 2 or min(sizes) < minimum:
            skipped[name] = f"leakage needs at least {minimum} people of each answer"
            continue
        rows = np.flatnonzero(answer >= 0)
        rng = generator(seed, "leakage", name)
        if len(rows) > AT_MOST:
            rows = np.sort(rng.choice(rows, AT_MOST, replace=False))
        y = answer[rows]
        found.append(Question(name, words, rows, y, tuple(guessed), _folds(rng, y)))
    return found, skipped


def leakage_frame(
    attributes: pl.DataFrame,
    names: list[str],
    sources: dict[str, sparse.csr_array],
    minimum: int,
    seed: int,
    features: Mapping[str, Guess] | None = None,
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Area under the ROC curve of guessing an attribute.

    Parameters
    ----------
    attributes : polars.DataFrame
        One row per person.
    names : list of str
        Attributes to guess; see ``questions``.
    sources : dict of str to (n_people, n_items) sparse
        What it is guessed from, row-aligned with ``attributes``.
    minimum : int
        Each answer needs at least this many people.
    seed : int
    features : mapping of attribute to Guess, optional
        What was guessed from the features of the ranker; see ``workbench.audit.proxies``.

    Returns
    -------
    polars.DataFrame
        One row per attribute and source; 0.5 is pure chance, 1 is certainty. From "slates" and
        "histories" it is guessed by logistic regression, from "features" by boosted trees; learnt
        on four fifths of the people and asked of the last fifth, in turn. ``auc`` is the mean over
        the folds (and over the answers, where there are more than two), with the interval of
        LeDell, Petersen, van der Laan 2015, "Computationally efficient confidence intervals for
        cross-validated area under the ROC curve estimates". The row "slates less histories" is the
        paired difference: what a slate gives away beyond what the history gives away anyway.
    dict
        Attribute → why it was left out.

    Notes
    -----
    What each source holds of a person is told in ``HELD``.
    """
    asked, skipped = questions(attributes, names, minimum, seed)
    found: list[dict[str, Any]] = []
    for question in asked:
        parts: dict[str, Guess] = {}
        for source, matrix in sources.items():
            held = matrix[question.rows]
            parts[source] = averaged(
                [cross_validated(held, y, question.fold) for y in question.asked]
            )
        if features is not None and question.attribute in features:
            parts[FEATURES] = features[question.attribute]
        if SLATES in parts and HISTORIES in parts:
            (one, a), (two, b) = parts[SLATES], parts[HISTORIES]
            parts[DIFFERENCE] = (one - two, a - b)
        for source, guess in parts.items():
            low, high = ends(guess, least=-1.0 if source == DIFFERENCE else 0.0)
            found.append(
                {
                    ATTRIBUTE: question.attribute,
                    "source": source,
                    "auc": guess[0],
                    LOW: low,
                    HIGH: high,
                    N: len(question.rows),
                    "question": question.words,
                }
            )
    return pl.DataFrame(found, schema=SCHEMA, orient="row"), skipped


def averaged(guesses: list[Guess]) -> Guess:
    """The mean over the answers of telling each from all others."""
    influence: NDArray[np.float64] = np.mean([influence for _, influence in guesses], axis=0)
    return float(np.mean([auc for auc, _ in guesses])), influence


def ends(guess: Guess, least: float = 0.0) -> tuple[float, float]:
    """Interval of an AUC from the influences."""
    auc, influence = guess
    half = 1.959964 * float(np.sqrt(np.mean(influence**2) / len(influence)))
    return max(least, auc - half), min(1.0, auc + half)


def cross_validated(
    matrix: sparse.csr_array, y: NDArray[np.int64], fold: NDArray[np.int64]
) -> Guess:
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
        auc, share = auc_influence(guess.decision_function(matrix[asked]), y[asked])
        aucs.append(auc)
        influence[asked] = share
    return float(np.mean(aucs)), influence


def auc_influence(
    score: NDArray[np.float64], y: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64]]:
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
    """Fold of each person, every answer spread evenly."""
    fold = np.empty(len(y), dtype=np.int64)
    for answer in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == answer))
        fold[rows] = np.arange(len(rows)) % N_FOLDS
    return fold


def _answer(column: pl.Series, minimum: int) -> tuple[str, NDArray[np.int64], Any]:
    """A question, each person's answer (-1: not known), and which answers are guessed.

    Where nothing can be asked the question is empty, and the last is what stands in the way.
    """
    nothing = np.full(len(column), -1, dtype=np.int64)
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        return "", nothing, str(column.dtype)
    if column.dtype.is_float():
        column = column.fill_nan(None)
    elif column.dtype == pl.String:
        column = column.set(column.str.strip_chars() == "", None)
    text = column.cast(pl.String)
    kinds = text.drop_nulls().unique().sort().to_list()
    if len(kinds) < 2:
        return "", nothing, "one value" if kinds else "what nobody told"
    if len(kinds) > 2 and column.dtype.is_numeric():
        median = float(column.median())  # type: ignore[arg-type]
        above = (column > median).cast(pl.Int64).fill_null(-1).to_numpy()
        return f"above {median:g} or not", above, (1,)
    place = {kind: i for i, kind in enumerate(kinds)}
    answer = np.array([place.get(t, -1) for t in text], dtype=np.int64)
    if len(kinds) == 2:
        return f"{kinds[1]} or {kinds[0]}", answer, (1,)
    counts = np.bincount(answer[answer >= 0], minlength=len(kinds))
    largest = np.argsort(-counts, kind="stable")[:MOST]
    guessed = tuple(int(a) for a in np.sort(largest[counts[largest] >= minimum]))
    if len(guessed) < len(kinds):  # the rest is one answer that nobody asks for
        answer = np.where(np.isin(answer, guessed) | (answer < 0), answer, len(kinds))
    words = ", ".join(kinds[a] for a in guessed) if len(guessed) <= 4 else f"{len(guessed)} groups"
    return f"which of {words}", answer, guessed
