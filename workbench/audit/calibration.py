"""From a score to a calibrated probability and a decision, never fitted on what is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.audit.intervals import Floats, generator
from workbench.errors import DataError

ISOTONIC, PLATT = "isotonic", "platt"
METHODS = (ISOTONIC, PLATT)
N_BINS = 10

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Decided:
    """A decision on each pair. Row-aligned with the pairs.

    Attributes
    ----------
    probability : (n_pairs,) float64
        Calibrated on other people.
    decision : (n_pairs,) bool
        Probability at least the threshold, which was fitted on the same other people.
    fold : (n_pairs,) int64
    thresholds : (n_folds,) float64
    """

    probability: Floats
    decision: NDArray[np.bool_]
    fold: Ints
    thresholds: Floats


class Calibrator:
    """Probability of relevance from a score.

    Parameters
    ----------
    method : str
        "isotonic": any rising step function. Source: Zadrozny and Elkan 2002, "Transforming
        classifier scores into accurate multiclass probability estimates". "platt": a logistic
        curve of the score. Source: Platt 1999, "Probabilistic outputs for support vector
        machines".
    """

    def __init__(self, method: str = ISOTONIC) -> None:
        self.method = method

    def fit(self, score: Floats, relevant: Floats) -> Calibrator:
        """Learn from pairs, of which some were relevant and some were not."""
        if self.method == ISOTONIC:
            from sklearn.isotonic import IsotonicRegression

            self._isotonic = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
            self._isotonic.fit(score, relevant)
            return self
        from sklearn.linear_model import LogisticRegression

        # On a scale of its own, so that nothing hangs on that of the score; C: no shrinking.
        self._centre, spread = float(score.mean()), float(score.std())
        self._spread = spread if spread > 0 else 1.0
        self._platt = LogisticRegression(C=1e6).fit(self._scaled(score), relevant)
        return self

    def __call__(self, score: Floats) -> Floats:
        """Probability of each pair, ``(n_pairs,)``."""
        if self.method == ISOTONIC:
            return np.asarray(self._isotonic.predict(score), dtype=np.float64)
        return np.asarray(self._platt.predict_proba(self._scaled(score))[:, 1], dtype=np.float64)

    def _scaled(self, score: Floats) -> Floats:
        return ((score - self._centre) / self._spread)[:, None]


def fitted_threshold(probability: Floats, relevant: Floats) -> float:
    """The threshold with the largest true less false positive rate, the lowest of equals.

    Source: Youden 1950, "Index for rating diagnostic tests".
    """
    values, place = np.unique(probability, return_inverse=True)
    yes = np.bincount(place, weights=relevant, minlength=len(values))
    no = np.bincount(place, weights=1 - relevant, minlength=len(values))
    # From the top down: what is decided "yes" at each possible threshold.
    caught = np.cumsum(yes[::-1])[::-1] / yes.sum() - np.cumsum(no[::-1])[::-1] / no.sum()
    return float(values[int(np.flatnonzero(caught >= caught.max() - 1e-12)[0])])


def person_folds(person: Ints, n_folds: int, seed: int) -> Ints:
    """Fold of each pair, ``(n_pairs,)``; all pairs of a person are in one.

    Parameters
    ----------
    person : (n_pairs,) int
        Any numbers that tell people apart.
    """
    people, place = np.unique(person, return_inverse=True)
    fold = generator(seed, "calibration", "folds").permutation(np.arange(len(people)) % n_folds)
    return fold[place]


def cross_fitted(
    score: Floats,
    relevant: Floats,
    person: Ints,
    method: str,
    n_folds: int,
    seed: int,
    threshold: float | None = None,
) -> Decided:
    """Calibrate and decide for each fold of people by what the other folds say.

    Parameters
    ----------
    score, relevant, person : (n_pairs,)
    method : str
    n_folds : int
    seed : int
    threshold : float, optional
        By default fitted, on the people that the calibration was fitted on.

    Raises
    ------
    DataError
        The people outside a fold have only relevant pairs, or none.
    """
    fold = person_folds(person, n_folds, seed)
    probability, decision = np.empty(len(score)), np.zeros(len(score), dtype=bool)
    thresholds = np.full(n_folds, np.nan)
    for part in range(n_folds):
        asked = fold == part
        known = relevant[~asked]
        if not 0 < known.sum() < len(known):
            raise DataError(
                f"of the {len(known):,} pairs of people to calibrate on, {int(known.sum()):,} are "
                "relevant; calibration needs some that are and some that are not (a log without "
                "values has no feedback that says no)"
            )
        curve = Calibrator(method).fit(score[~asked], known)
        bar = fitted_threshold(curve(score[~asked]), known) if threshold is None else threshold
        probability[asked] = curve(score[asked])
        decision[asked] = probability[asked] >= bar
        thresholds[part] = bar
    return Decided(probability, decision, fold, thresholds)


def calibration_error(relevant: Floats, probability: Floats, bins: Ints | None = None) -> float:
    """Expected calibration error: mean over bins, by pairs, of ``|observed - predicted|``.

    Parameters
    ----------
    relevant, probability : (n_pairs,)
    bins : (n_pairs,) int, optional
        By default ten bins of equal width.

    Source: Guo, Pleiss, Sun, Weinberger 2017, "On calibration of modern neural networks", eq. 3.
    """
    place = binned(probability) if bins is None else bins
    gap = np.bincount(place, weights=relevant - probability)
    return float(np.abs(gap).sum() / len(relevant)) if len(relevant) else float("nan")


def binned(probability: Floats) -> Ints:
    """Bin of each probability, of ten of equal width, ``(n_pairs,)``."""
    return np.minimum((probability * N_BINS).astype(np.int64), N_BINS - 1)
