"""Top k of ``score``, minus what was seen, through a policy."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import ITEM, RANK, ROW, SCORE, SOURCE
from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.slate import Slate, Slates
from workbench.vocabulary import FloatArray, IntArray

BLOCK = 1024


def recommend(
    model: Recommender,
    people: Profiles,
    k: int = 10,
    policy: Policy | None = None,
    *,
    seen: bool = False,
) -> Slates:
    """Ranked lists for many people.

    Parameters
    ----------
    model : Recommender
        Fitted.
    people : Profiles
        Row ``i`` of the slates is person ``i``.
    k : int
        Places. A person with fewer scorable items gets a shorter slate.
    policy : Policy, optional
        What is done to each slate after ranking.
    seen : bool
        Whether items of the history may be shown again.

    Returns
    -------
    Slates
        Higher score first, ties by item code.

    Raises
    ------
    ArgumentError
        ``k`` is not a whole number of at least 1, or ``people`` are not Profiles.
    NotFittedError
        The model has not been fitted.
    """
    check_k(k)
    if not isinstance(people, Profiles):
        raise ArgumentError(
            f"people must be Profiles, not {type(people).__name__}; "
            "for one Profile use wb.slate(model, profile)"
        )
    model._require_fitted()
    depth = k if policy is None else policy.depth(k)
    people = people.aligned(model.catalogue)
    frames = []
    for part, block in people.blocks(BLOCK):
        scores, sources = scored(model, block, seen)
        if not seen:
            scores[block.seen.nonzero()] = np.nan
        row, item = top(scores, depth)
        frames.append(
            pl.DataFrame(
                {
                    ROW: row + part.start,
                    RANK: _ranks(row),
                    ITEM: model.catalogue.ids.gather(item),
                    SCORE: scores[row, item],
                    SOURCE: sources(row, item),
                }
            )
        )
    frame = pl.concat(frames) if frames else _empty(model)
    slates = Slates(frame, len(people), k)
    return slates if policy is None else policy.apply(slates, people, k)


def slate(
    model: Recommender,
    profile: Profile,
    k: int = 10,
    policy: Policy | None = None,
    *,
    seen: bool = False,
) -> Slate:
    """The ranked list of one person; the same, to the bit, as in any batch of ``recommend``."""
    if not isinstance(profile, Profile):
        raise ArgumentError(
            f"profile must be a Profile, not {type(profile).__name__}; "
            "take people[i], or wb.Profile.of(items=[...])"
        )
    model._require_fitted()
    people = Profiles.of(profile, model.catalogue)
    return recommend(model, people, k, policy, seen=seen)[0]


def scored(model: Recommender, people: Profiles, seen: bool):  # type: ignore[no-untyped-def]
    """Scores of a block (a copy that may be written to), and who brought each item.

    A model with several sources of candidates has ``score_with_sources``; for all others the
    source is the model itself.
    """
    if hasattr(model, "score_with_sources"):
        return model.score_with_sources(people, seen=seen)
    scores = np.array(model.score(people), dtype=np.float32)
    return scores, lambda row, item: np.full(len(row), model.name)


def top(scores: FloatArray, k: int) -> tuple[IntArray, IntArray]:
    """Places of the k best finite scores of each row, best first, ties by column.

    Parameters
    ----------
    scores : (n_rows, n_columns) float32
        NaN is never chosen.
    k : int

    Returns
    -------
    row, column : (n_chosen,) int64
        Sorted by row, then from best to worst.
    """
    n_rows, n_columns = scores.shape
    if n_rows == 0 or n_columns == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    filled = np.where(np.isfinite(scores), scores, -np.inf)
    if k < n_columns:
        bar = np.partition(filled, n_columns - k, axis=1)[:, n_columns - k, None]
        chosen = (filled >= bar) & (filled > -np.inf)
    else:
        chosen = filled > -np.inf
    row, column = np.nonzero(chosen)
    order = np.lexsort((column, -filled[row, column], row))
    row, column = row[order], column[order]
    keep = _ranks(row) <= k
    return row[keep], column[keep]


def check_k(k: int) -> None:
    """Refuse a k that is not a whole number of at least 1."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ArgumentError(f"k must be a whole number of at least 1, not {k!r}")


def _ranks(row: IntArray) -> NDArray[np.int64]:
    """1, 2, 3, ... within each run of equal rows."""
    if len(row) == 0:
        return np.zeros(0, np.int64)
    starts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
    return np.arange(len(row)) - np.repeat(starts, np.diff([*starts, len(row)])) + 1


def _empty(model: Recommender) -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            ROW: pl.Int64,
            RANK: pl.Int64,
            ITEM: model.catalogue.ids.dtype,
            SCORE: pl.Float32,
            SOURCE: pl.String,
        }
    )
