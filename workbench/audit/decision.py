"""Relevance as a decision: is what is judged relevant judged alike for every group?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from workbench.audit.calibration import ISOTONIC, METHODS, Decided, Ints, cross_fitted
from workbench.audit.decision_groups import Judged, decisions_frame
from workbench.audit.decision_parity import parities_frame
from workbench.audit.groups import Groups, groupings
from workbench.audit.intervals import Floats
from workbench.audit.verdict import SMALLEST, check_minimum
from workbench.columns import ITEM, SCORE, USER
from workbench.data.split import Split
from workbench.errors import ArgumentError, DataError
from workbench.models.base import Recommender
from workbench.models.parameters import check_number, check_seed, check_whole, check_word

BLOCK = 512


@dataclass(frozen=True)
class DecisionAudit:
    """What an audit of decisions found. Every frame is tidy and has its n and its intervals.

    Attributes
    ----------
    groups : polars.DataFrame
        Selection, true and false positive rate and calibration by group; see
        ``workbench.audit.decision_groups``.
    parities : polars.DataFrame
        Fairlearn's demographic parity, equalised odds and equal opportunity by attribute; see
        ``workbench.audit.decision_parity``.
    skipped : polars.DataFrame
        ``attribute`` and the ``reason`` why it was not asked about.
    counts : dict
        ``people`` and ``pairs`` judged, ``relevant`` among them; and the observed pairs left out:
        ``not_candidates`` (the model has no score) and ``met_before`` (never ranked).
    thresholds : tuple of float
        One for each fold of people.
    settings : dict
    definition : str
        What was decided, on what, and fitted on whom.
    pairs : polars.DataFrame
        One row per judged pair: ``user_id, item_id, score, relevant, probability, decision,
        fold``. Of single people: for looking into, not for a report.
    """

    groups: pl.DataFrame
    parities: pl.DataFrame
    skipped: pl.DataFrame
    counts: dict[str, int]
    thresholds: tuple[float, ...]
    settings: dict[str, Any] = field(repr=False)
    definition: str = field(repr=False)
    pairs: pl.DataFrame = field(repr=False)


def decision_audit(
    model: Recommender,
    split: Split,
    groups: Groups | None = None,
    *,
    method: str = ISOTONIC,
    threshold: float | None = None,
    n_folds: int = 5,
    minimum: int = SMALLEST,
    seed: int = 0,
) -> DecisionAudit:
    """Audit the decision "this is relevant to you" by group.

    A whole slate always has k places, so "selected" means nothing there. Here a decision is made
    on every test event of the people asked whose item the model scores: yes, where the calibrated
    probability of relevance is at least a threshold. Calibration and threshold of a person's pairs
    are fitted on the pairs of other people only (cross-fitting over people).

    Parameters
    ----------
    model : Recommender
        Fitted on ``split.train``; for an engine the items scored are its candidates.
    split : Split
    groups : sequence or mapping, optional
        As in ``wb.audit``.
    method : str
        "isotonic" or "platt".
    threshold : float, optional
        From 0 to 1; by default the one with the largest true less false positive rate for the
        other people.
    n_folds : int
    minimum : int
        Groups with fewer people are not shown; from 20 upwards.
    seed : int

    Returns
    -------
    DecisionAudit

    Raises
    ------
    ArgumentError
        An argument cannot work; nothing was started.
    DataError
        Nothing observed is scored, or the feedback says "relevant" of everything, or of nothing.

    Notes
    -----
    Rates are of what people chose to look at and to rate, not of all items; and of those who have
    a relevant test item, so everybody has a pair that should have been found, candidates or not.
    A person with many pairs weighs more, as in Fairlearn; intervals and tests draw people.
    """
    if not isinstance(split, Split):
        raise ArgumentError(
            f"split must be a Split, not {type(split).__name__}; make one with wb.split(dataset)"
        )
    if not isinstance(model, Recommender):
        raise ArgumentError(
            f"model must be a fitted model, not {type(model).__name__}; lists have no score for "
            "what they do not show, so no decision can be read from them"
        )
    model._require_fitted()
    check_word("method", method, METHODS)
    check_minimum(minimum)
    check_seed(seed)
    check_whole("n_folds", n_folds, least=2)
    if threshold is not None:
        check_number("threshold", threshold, most=1)
    ids, _ = split.people()
    users = split.train.users
    made, skipped = groupings(users[split.train.people.codes(ids)].drop(USER), groups)
    person, item, score, relevant, counts = observed(model, split)
    if counts["people"] < n_folds:
        raise DataError(
            f"{counts['people']} people have an observed pair that {model.name} scores, too few "
            f"for n_folds={n_folds}; test more, or give fewer folds"
        )
    decided = cross_fitted(score, relevant, person, method, n_folds, seed, threshold)
    judged = Judged(person, relevant, decided.probability, decided.decision, len(ids))
    shown = decisions_frame(judged, made, minimum, seed)
    return DecisionAudit(
        groups=shown,
        parities=parities_frame(judged, made, shown, seed),
        skipped=pl.DataFrame(
            list(skipped.items()),
            schema={"attribute": pl.String, "reason": pl.String},
            orient="row",
        ),
        counts=counts,
        thresholds=tuple(decided.thresholds.tolist()),
        settings={
            "method": method,
            "threshold": threshold,
            "n_folds": n_folds,
            "minimum": minimum,
            "seed": seed,
        },
        definition=_definition(counts, method, threshold, n_folds),
        pairs=_pairs(split, ids, person, item, score, relevant, decided),
    )


def observed(model: Recommender, split: Split) -> tuple[Ints, Ints, Floats, Floats, dict[str, int]]:
    """The observed pairs that a model scores.

    Returns
    -------
    person : (n_pairs,) int64
        Row of ``split.people()``; never falls.
    item : (n_pairs,) int64
        Code.
    score : (n_pairs,) float64
    relevant : (n_pairs,) float64
        1 where the last test event of the pair was relevant, else 0.
    counts : dict
        See ``DecisionAudit``.
    """
    train = split.train
    ids, people = split.people()
    last = split.test.unique([USER, ITEM], keep="last", maintain_order=True)
    good = train.relevant(last.with_row_index("place"))["place"].to_numpy()
    codes = train.people.codes(ids)
    user = train.people.codes(last[USER])
    row = np.minimum(np.searchsorted(codes, user), max(len(codes) - 1, 0))
    asked = np.flatnonzero(codes[row] == user) if len(codes) else np.zeros(0, np.int64)
    item = train.catalogue.codes(last[ITEM]).astype(np.int64)
    relevant = np.zeros(last.height)
    relevant[good] = 1.0
    order = asked[np.lexsort((item[asked], row[asked]))]
    row, item, relevant = row[order].astype(np.int64), item[order], relevant[order]
    new = np.asarray(people.seen[row, item]).ravel() == 0
    met = int((~new).sum())
    row, item, relevant = row[new], item[new], relevant[new]
    score = np.full(len(row), np.nan)
    for part, block in people.blocks(BLOCK):
        here = slice(*np.searchsorted(row, [part.start, part.stop]))
        score[here] = model.score(block)[row[here] - part.start, item[here]]
    known = np.isfinite(score)
    counts = {
        "people": len(np.unique(row[known])),
        "pairs": int(known.sum()),
        "relevant": int(relevant[known].sum()),
        "not_candidates": int((~known).sum()),
        "met_before": met,
    }
    return row[known], item[known], score[known], relevant[known], counts


def _definition(counts: dict[str, int], method: str, threshold: float | None, n_folds: int) -> str:
    bar = "fitted on the same other people" if threshold is None else f"of {threshold:g}"
    return (
        f"relevant, if the probability ({method}, fitted on the other people of {n_folds} folds) "
        f"is at least a threshold {bar}; judged on {counts['pairs']:,} observed test pairs of "
        f"{counts['people']:,} people, {counts['relevant']:,} of them relevant; left out: "
        f"{counts['not_candidates']:,} that are no candidates, {counts['met_before']:,} met before"
    )


def _pairs(
    split: Split,
    ids: list[Any],
    person: Ints,
    item: Ints,
    score: Floats,
    relevant: Floats,
    decided: Decided,
) -> pl.DataFrame:
    train = split.train
    return pl.DataFrame(
        {
            USER: train.people.ids.gather(train.people.codes(ids)).gather(person),
            ITEM: train.catalogue.ids.gather(item),
            SCORE: score,
            "relevant": relevant > 0,
            "probability": decided.probability,
            "decision": decided.decision,
            "fold": decided.fold,
        }
    )
