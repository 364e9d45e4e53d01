"""A threshold for each group: what Fairlearn's ThresholdOptimizer would do to decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from workbench.audit.calibration import ISOTONIC, Calibrator, cross_fitted
from workbench.audit.decision import observed
from workbench.audit.decision_groups import FPR, SELECTED, TPR, Judged, sensitive
from workbench.audit.decision_parity import MEASURES, of_the_widest, rates_drawn
from workbench.audit.groups import Grouping
from workbench.audit.intervals import Floats, generator, interval, plausible_means, weighted_sums
from workbench.columns import ATTRIBUTE, N
from workbench.data.split import Split
from workbench.errors import DataError
from workbench.models.base import Recommender

THRESHOLDS = "threshold optimizer"
ACCURACY, BALANCED = "accuracy", "balanced_accuracy"
FAIRLEARN = {
    "demographic_parity": "demographic_parity",
    "equalized_odds": "equalized_odds",
    "equal_opportunity": "true_positive_rate_parity",
}
"""Our name of a constraint → that of ``ThresholdOptimizer``."""
FOLDS = 5
FRAME = {
    "constraint": pl.String,
    ATTRIBUTE: pl.String,
    "measure": pl.String,
    **{f"{when}{end}": pl.Float64 for when in ("before", "after") for end in ("", "_low", "_high")},
    N: pl.Int64,
    "pairs": pl.Int64,
}


def thresholds_frame(
    model: Recommender, split: Split, grouping: Grouping, compared: Sequence[str], seed: int
) -> pl.DataFrame:
    """Decisions before and after each group has a threshold of its own; never a list.

    Such a threshold needs the group of a person whenever they are asked, which a ranker may not
    read, and moves no place of a list: all scores of a person are judged by the same one. So it
    says only what decisions could be like. Calibration, threshold and Fairlearn's optimizer are
    fitted on the pairs of other people only (cross-fitting over people, as in ``audit.decision``).

    Parameters
    ----------
    model : Recommender
        Fitted on ``split.train``.
    split : Split
    grouping : Grouping
        Row-aligned with the people asked.
    compared : sequence of str
        The groups that may be shown.
    seed : int

    Returns
    -------
    polars.DataFrame
        For each constraint of ``MEASURES`` the ``accuracy``, the ``balanced_accuracy`` (its
        optimizer's objective) and Fairlearn's difference of its name, ``before`` and ``after``,
        with intervals over the ``n`` people. Where the optimizer decides by lot, ``after`` is what
        is expected of it: each pair counts as "yes" with its chance, and as "no" with the rest.

    Raises
    ------
    DataError
        Too few people have feedback on what is scored, or it says the same of everything.

    Source: Hardt, Price, Srebro 2016, "Equality of opportunity in supervised learning".
    """
    person, _, score, relevant, _ = observed(model, split)
    names = np.array(grouping.names.to_list())
    here = np.isin(names[person], list(compared))
    person, score, relevant = person[here], score[here], relevant[here]
    n = len(np.unique(person))
    if n < FOLDS or len(np.unique(names[person])) < 2:
        raise DataError(
            f"{n} people of groups that may be compared have feedback on what is scored"
        )
    decided = cross_fitted(score, relevant, person, ISOTONIC, FOLDS, seed)
    before = Judged(person, relevant, decided.probability, decided.decision, len(names))
    places, rows = [grouping.order.index(name) for name in compared], []
    for constraint in MEASURES:
        chance = expected(score, relevant, names[person], decided.fold, constraint)
        after = Judged(person, relevant, decided.probability, chance, len(names))
        told = [_figures(judged, constraint, grouping, places, seed) for judged in (before, after)]
        for measure in told[0]:
            row: dict[str, Any] = {"constraint": constraint, ATTRIBUTE: grouping.attribute}
            row |= {"measure": measure, N: n, "pairs": len(person)}
            for when, figures in zip(("before", "after"), told, strict=True):
                for end, value in zip(("", "_low", "_high"), figures[measure], strict=True):
                    row[when + end] = value
            rows.append(row)
    return pl.DataFrame(rows, schema=FRAME, orient="row")


def expected(
    score: Floats, relevant: Floats, group: np.ndarray[Any, Any], fold: Any, constraint: str
) -> Floats:
    """Chance of "yes" for each pair, by an optimizer fitted on other people, ``(n_pairs,)``.

    Parameters
    ----------
    score, relevant, group, fold : (n_pairs,)
    constraint : str
        Of ``FAIRLEARN``.
    """
    from fairlearn.postprocessing import ThresholdOptimizer

    chance = np.empty(len(score))
    for part in np.unique(fold):
        asked = fold == part
        curve = Calibrator(ISOTONIC).fit(score[~asked], relevant[~asked])
        made = ThresholdOptimizer(
            estimator=_as_it_is(), constraints=FAIRLEARN[constraint], prefit=True,
            objective="balanced_accuracy_score", predict_method="predict",
        )  # fmt: skip
        known = curve(score[~asked])[:, None], relevant[~asked].astype(np.int64)
        made.fit(*known, sensitive_features=group[~asked])
        # ``predict`` draws by these chances: there is no public way to ask for them.
        told = made._pmf_predict(curve(score[asked])[:, None], sensitive_features=group[asked])
        chance[asked] = np.asarray(told)[:, 1]
    return chance


def _as_it_is() -> Any:
    """An estimator whose prediction is its only feature: the probability that is there."""
    from sklearn.base import BaseEstimator

    class AsItIs(BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> AsItIs:
            return self

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def predict(self, X: Any) -> Floats:
            return np.asarray(X)[:, 0]

    return AsItIs()


def _figures(
    judged: Judged, constraint: str, grouping: Grouping, places: list[int], seed: int
) -> dict[str, tuple[float, float, float]]:
    """Measure → value, low, high."""
    from fairlearn import metrics
    from sklearn.metrics import accuracy_score, balanced_accuracy_score

    n = len(judged.person)
    chance = np.asarray(judged.decision, dtype=np.float64)
    # Every pair once as "yes" and once as "no", by their chances.
    truth, said = np.tile(judged.relevant.astype(np.int64), 2), np.repeat([1, 0], n)
    weight, group = np.concatenate([chance, 1 - chance]), np.tile(sensitive(judged, grouping), 2)
    parity = f"{constraint}_difference"
    gap = getattr(metrics, parity)(truth, said, sensitive_features=group, sample_weight=weight)
    figures = {
        ACCURACY: accuracy_score(truth, said, sample_weight=weight),
        BALANCED: balanced_accuracy_score(truth, said, sample_weight=weight),
    }
    drawn = _everybody(judged, seed)
    told = {
        name: (
            float(value),
            *interval(drawn[name], float(value), len(np.unique(judged.person)) - 1),
        )
        for name, value in figures.items()
    }
    ends = of_the_widest(
        [rates_drawn(judged, grouping, places, metric, seed) for metric in MEASURES[constraint]]
    )
    return told | {parity: (float(gap), min(ends[0], float(gap)), max(ends[1], float(gap)))}


def _everybody(judged: Judged, seed: int) -> dict[str, Floats]:
    """Plausible accuracies, ``(n_draws,)`` each."""
    pairs = judged.sums(SELECTED)[1]
    correct = np.where(judged.relevant > 0, judged.decision, 1.0 - judged.decision)
    right = np.bincount(judged.person, correct, judged.n_people)
    columns = [right, pairs, *judged.sums(TPR), *judged.sums(FPR)]
    rng = generator(seed, "thresholds")
    sums = weighted_sums(rng, np.column_stack(columns)[pairs > 0] / pairs[pairs > 0].mean())
    mean, tpr, fpr = (
        plausible_means(sums[:, i], sums[:, i + 1], rng, bounded=True) for i in (0, 2, 4)
    )
    return {ACCURACY: mean, BALANCED: (tpr + 1 - fpr) / 2}
