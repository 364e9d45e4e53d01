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
from workbench.ranking.policy.record import Steps
from workbench.slate import Slate, Slates
from workbench.vocabulary import FloatArray, IntArray

BLOCK = 1024
LOWEST = np.finfo(np.float32).min
CELLS = 2**22
"""Places of all people of a block, where a policy wants everything ranked."""


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
    depth = k
    if policy is not None:
        policy.check(model.catalogue, k)
        depth = policy.depth(k)
    people = people.aligned(model.catalogue)
    frames, steps = [], []
    for part, block in people.blocks(_block(depth, len(model.catalogue))):
        scores, sources = scored(model, block, seen)
        if not seen:
            scores[block.row, block.item] = np.nan
        row, item = top(scores, depth)
        frame = pl.DataFrame(
            {
                ROW: row,
                RANK: _ranks(row),
                ITEM: model.catalogue.ids.gather(item),
                SCORE: scores[row, item],
                SOURCE: pl.Series([None], dtype=pl.String).new_from_index(0, len(row)),
            }
        )
        if policy is not None:
            shown = policy.apply(Slates(frame, len(block), k), block, k)
            frame = shown.frame
            steps.append(shown.steps)
            row, item = frame[ROW].to_numpy(), model.catalogue.codes(frame[ITEM])
        # Asked for what is shown only: of all that was ranked it would take most of the time.
        came = pl.Series(SOURCE, sources(row, item), dtype=pl.String)
        if policy is not None:  # whose items may have a source of their own
            came = frame[SOURCE].zip_with(frame[SOURCE].is_not_null(), came)
        frames.append(frame.with_columns(came, pl.Series(ROW, row + part.start)))
    if not frames:
        empty = Slates(_empty(model), 0, k)
        return empty if policy is None else policy.apply(empty, people, k)
    return Slates(pl.concat(frames), len(people), k, Steps.joined(steps) if steps else ())


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
    return scores, lambda row, item: pl.Series([model.name]).new_from_index(0, len(row))


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
    filled = np.fmax(scores, -np.float32(np.inf))  # of a number and NaN, the number
    filled[filled == np.inf] = -np.inf
    if k >= n_columns:
        order = np.argsort(-filled, axis=1, kind="stable")
        row, place = np.nonzero(np.take_along_axis(filled, order, axis=1) >= LOWEST)
        return row, order[row, place]
    kth = n_columns - k
    bar = np.maximum(np.partition(filled, kth, axis=1)[:, kth, None], LOWEST)
    # Flat places are found several times faster than places in two dimensions. They come in the
    # order of the columns, which a stable sort keeps among equals.
    row, column = np.divmod(np.flatnonzero(filled >= bar), n_columns)
    order = np.lexsort((-filled[row, column], row))
    row, column = row[order], column[order]
    keep = _ranks(row) <= k
    return row[keep], column[keep]


def check_k(k: int) -> None:
    """Refuse a k that is not a whole number of at least 1."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ArgumentError(f"k must be a whole number of at least 1, not {k!r}")


def _block(depth: int, n_items: int) -> int:
    """People per block, so that memory does not grow with the depth that a policy asks for."""
    return max(1, min(BLOCK, CELLS // max(min(depth, n_items), 1)))


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
