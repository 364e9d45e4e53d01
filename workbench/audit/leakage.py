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
    learnt : (n_asked,) bool
        Whether a person is learnt from (a half); the others are guessed about.
    """

    attribute: str
    words: str
    rows: NDArray[np.int64]
    answer: NDArray[np.int64]
    guessed: tuple[int, ...]
    learnt: NDArray[np.bool_]

    @property
    def asked(self) -> list[NDArray[np.int64]]:
        """Of each answer that is guessed, whether it is the person's: 1 or 0, ``(n_asked,)``."""
        return [(self.answer == a).astype(np.int64) for a in self.guessed]


Guess = tuple[float, NDArray[np.float64]]
"""AUC, and the influence on it of each person guessed about."""


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
        words, answer, guessed = _answer(attributes[name], 2 * minimum)
        if not words:
            skipped[name] = f"leakage is asked of words and of numbers, not of {guessed}"
            continue
        known = answer[answer >= 0]
        sizes = [(known == a).sum() for a in guessed]
        if len(guessed) == 1:
            sizes.append(len(known) - sizes[0])
        if len(sizes) < 2 or min(sizes) < 2 * minimum:
            skipped[name] = (
                f"leakage needs at least {2 * minimum} people of each answer: half to learn from, "
                "half to guess about"
            )
            continue
        rows = np.flatnonzero(answer >= 0)
        rng = generator(seed, "leakage", name)
        if len(rows) > AT_MOST:
            rows = np.sort(rng.choice(rows, AT_MOST, replace=False))
        y = answer[rows]
        found.append(Question(name, words, rows, y, tuple(guessed), _half(rng, y)))
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
        on one half of the people and asked of the other half, who are the ``n``. ``auc`` (its mean
        over the answers, where there are more than two) has the interval of DeLong, DeLong,
        Clarke-Pearson 1988, "Comparing the areas under two or more correlated receiver operating
        characteristic curves". The row "slates less histories" is the paired difference: what a
        slate gives away beyond what the history gives away anyway.
    dict
        Attribute → why it was left out.

    Notes
    -----
    What each source holds of a person is told in ``HELD``.

    Halves, because what is said of the guesser must hold where there is nothing to find: intervals
    of five-fold cross-validation then cover an AUC of 0.5 in 84 % of cases, since everybody is
    learnt from for the guesses about the others (Bates, Hastie, Tibshirani 2023,
    "Cross-validation: what does it estimate and how well does it do it?").
    """
    asked, skipped = questions(attributes, names, minimum, seed)
    found: list[dict[str, Any]] = []
    for question in asked:
        parts: dict[str, Guess] = {}
        for source, matrix in sources.items():
            held = matrix[question.rows]
            parts[source] = averaged([guess(held, y, question.learnt) for y in question.asked])
        if features is not None and question.attribute in features:
            parts[FEATURES] = features[question.attribute]
        if SLATES in parts and HISTORIES in parts:
            (one, a), (two, b) = parts[SLATES], parts[HISTORIES]
            parts[DIFFERENCE] = (one - two, a - b)
        for source, found_by in parts.items():
            low, high = ends(found_by, least=-1.0 if source == DIFFERENCE else 0.0)
            found.append(
                {
                    ATTRIBUTE: question.attribute,
                    "source": source,
                    "auc": found_by[0],
                    LOW: low,
                    HIGH: high,
                    N: int((~question.learnt).sum()),
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


def guess(matrix: sparse.csr_array, y: NDArray[np.int64], learnt: NDArray[np.bool_]) -> Guess:
    """AUC of guessing about those not learnt from; and the influence of each of them on it."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import normalize

    matrix = normalize(sparse.csr_matrix(matrix).astype(np.float64))
    with warnings.catch_warnings():
        # A guesser that has not fully converged guesses a little worse; it is still a guesser.
        warnings.simplefilter("ignore", ConvergenceWarning)
        guesser = LogisticRegression(
            C=10.0, class_weight="balanced", solver="liblinear", tol=1e-3, random_state=0
        )
        guesser.fit(matrix[learnt], y[learnt])
    return auc_influence(guesser.decision_function(matrix[~learnt]), y[~learnt])


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


def _half(rng: np.random.Generator, y: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Half of the people with each answer."""
    learnt = np.zeros(len(y), dtype=bool)
    for answer in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == answer))
        learnt[rows[: len(rows) // 2]] = True
    return learnt


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
