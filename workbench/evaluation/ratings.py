"""Rating models: how far predicted ratings are from given ones."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from workbench.columns import COLD, GUEST, ITEM, USER, VALUE
from workbench.data.split import Split
from workbench.errors import ArgumentError, CapabilityError, DataError
from workbench.evaluation.definitions import (
    PROTOCOL,
    check_split,
    cut,
    fitted_elsewhere,
    is_guest,
)
from workbench.models.base import Recommender
from workbench.models.ratings import RatingModel
from workbench.profiles import Profiles
from workbench.ranking.recommend import BLOCK
from workbench.vocabulary import FloatArray, IntArray

SUMS = ("n_ratings", "n_scored", "squared_error", "absolute_error")


def evaluate_ratings(model: Recommender, split: Split, *, progress: bool = False) -> pl.DataFrame:
    """Predict every rating of the test, and measure the error.

    Parameters
    ----------
    model : Recommender
        Fitted on ``split.train`` (the protocol says so where it was not), with
        ``scale == "rating"``.
    split : Split
        One fold of a k-fold split works like any other; put the folds together with ``pooled``.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    polars.DataFrame
        One row per person with a rating in the test, in code order: ``user_id``, ``guest``,
        ``cold``; ``n_ratings`` of the test and ``n_scored`` of them (the model may not know an
        item); ``squared_error`` and ``absolute_error``, sums over the scored; ``rmse`` and
        ``mae`` of the person (null where nothing could be scored); ``protocol``. RMSE and MAE of
        all ratings, with intervals over people, are ``wb.summarise`` of these rows.

    Raises
    ------
    ArgumentError
        ``split`` is not one split, or ``model`` is no fitted model of ratings.
    CapabilityError
        The test has no values.
    """
    check_split(split)
    if not isinstance(model, Recommender):
        raise ArgumentError(f"model must be a fitted model, not {type(model).__name__}")
    if model.scale != "rating":
        raise ArgumentError(
            f"the scores of {model.name!r} are not ratings (scale={model.scale!r}); "
            "measure its lists with wb.evaluate"
        )
    model._require_fitted()
    test = split.test
    if VALUE in test.columns:
        test = test.filter(pl.col(VALUE).is_not_null() & pl.col(VALUE).is_not_nan())
    if VALUE not in test.columns or test.height == 0:
        raise CapabilityError(
            f"the test of {split.train.name!r} has no values to predict; "
            "measure lists with wb.evaluate"
        )
    user = split.train.people.codes(test[USER])
    order = np.argsort(user, kind="stable")
    rows, row = np.unique(user[order], return_inverse=True)
    item = model.catalogue.codes(test[ITEM])[order]
    value = test[VALUE].cast(pl.Float64).to_numpy()[order]
    ids = split.train.people.take(rows)
    people = split.train.profiles(ids, split.as_of)
    predicted = np.full(len(value), np.nan)
    parts = people.blocks(BLOCK)
    if progress:
        from tqdm.auto import tqdm

        parts = tqdm(parts, f"evaluate {model.name}", -(-len(people) // BLOCK), leave=False)
    for part, block in parts:
        here = slice(*np.searchsorted(row, [part.start, part.stop]))
        known = np.flatnonzero(item[here] >= 0) + here.start
        if len(known):
            predicted[known] = _said(model, block, row[known] - part.start, item[known])
    scored = np.isfinite(predicted)
    error = np.where(scored, predicted - value, 0.0)
    has_guests = bool(split.guests or split.train.guest_ids)
    # How many people and guests there are differs between folds, which share their words.
    asked = "all test ratings" + (", those of guests too" if has_guests else "")
    frame = pl.DataFrame(
        {
            USER: split.train.people.ids.gather(rows),
            GUEST: is_guest(split, ids),
            COLD: people.lengths == 0,
            "n_ratings": np.bincount(row),
            "n_scored": np.bincount(row, scored).astype(np.int64),
            "squared_error": np.bincount(row, error**2),
            "absolute_error": np.bincount(row, np.abs(error)),
            PROTOCOL: np.full(len(rows), f"{asked}, {cut(split)}{fitted_elsewhere(model, split)}"),
        }
    )
    return _with_figures(frame)


def _said(model: Recommender, people: Profiles, row: IntArray, item: IntArray) -> FloatArray:
    """Predicted ratings of pairs, without the whole table where the model can do so."""
    if isinstance(model, RatingModel):
        return model.predicted(people, row, item)
    columns, column = np.unique(item, return_inverse=True)
    return model.score(people, columns)[row, column]


def pooled(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Rows of several folds as one row per person: their sums added, their figures made anew.

    Parameters
    ----------
    frames : iterable of polars.DataFrame
        From ``evaluate_ratings``, one per fold.

    Returns
    -------
    polars.DataFrame
        As from ``evaluate_ratings``; ``cold`` where the person was cold in every fold.

    Raises
    ------
    DataError
        There is no frame, or they were measured in different ways.
    """
    parts = list(frames)
    if not parts:
        raise DataError("frames are empty; give the rows of at least one fold")
    rows = pl.concat(parts)
    if rows[PROTOCOL].n_unique() > 1:
        one, two = rows[PROTOCOL].unique(maintain_order=True)[:2]
        raise DataError(f"the folds were measured in different ways: {one!r} and {two!r}")
    return _with_figures(
        rows.group_by(USER, maintain_order=True)
        .agg(pl.col(GUEST).any(), pl.col(COLD).all(), pl.col(*SUMS).sum(), pl.col(PROTOCOL).first())
        .sort(pl.col(USER).cast(pl.String).str.len_bytes(), pl.col(USER).cast(pl.String))
    )


def _with_figures(frame: pl.DataFrame) -> pl.DataFrame:
    mean = (
        pl.when(pl.col("n_scored") > 0).then(pl.col(name) / pl.col("n_scored"))
        for name in ("squared_error", "absolute_error")
    )
    squared, absolute = mean
    return frame.with_columns(squared.sqrt().alias("rmse"), absolute.alias("mae")).select(
        USER, GUEST, COLD, *SUMS, "rmse", "mae", PROTOCOL
    )
