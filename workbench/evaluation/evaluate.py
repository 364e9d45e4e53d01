"""One row per person: the common currency of every figure."""

from __future__ import annotations

import numpy as np
import polars as pl

from workbench.columns import COLD, GUEST, ITEM, N_RELEVANT, RANK, ROW, USER
from workbench.data.split import Split
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.accuracy import ACCURACY, Hits, Shown
from workbench.evaluation.beyond import (
    World,
    diversity,
    miscalibration,
    novelty,
    popularity_lift,
    serendipity,
)
from workbench.evaluation.definitions import (
    PROTOCOL,
    K,
    check_split,
    fitted_elsewhere,
    is_guest,
    ranking_protocol,
)
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import BLOCK, check_k, recommend
from workbench.slate import Slates
from workbench.vocabulary import Id, IntArray

N_SHOWN = "n_shown"


def evaluate(
    model: Recommender | Slates,
    split: Split,
    k: int = 10,
    *,
    policy: Policy | None = None,
    beyond: bool = True,
    progress: bool = False,
) -> pl.DataFrame:
    """Ask for a list for everybody who has a relevant test item, and measure it.

    Parameters
    ----------
    model : Recommender or Slates
        Fitted on ``split.train`` (the protocol says so where it was not); asked in blocks of
        people, all items but the seen ones ranked.
        Or lists made elsewhere. Those that carry ``user_id`` are matched by it: lists of people
        whom the split does not ask about are left aside, and people without a list count as
        shown nothing (0 accuracy, ``n_shown`` 0). Others must have one row per person asked.
    split : Split
    k : int
        Places measured.
    policy : Policy, optional
        What is done to each list of a model after ranking.
    beyond : bool
        Whether to measure more than accuracy: novelty, diversity and the like.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    polars.DataFrame
        One row per person of ``split.people()``, in that order: ``user_id``, ``n_relevant``,
        ``guest``, ``cold`` (no history), ``n_shown``; one column per metric (see
        ``wb.definitions(k, split)``; null where a metric says nothing of the person); ``k`` and
        ``protocol``, the words that belong to every number.

    Raises
    ------
    ArgumentError
        ``k``, ``split`` or ``model`` cannot be used, or lists are shorter by design than ``k``.
    DataError
        Nobody has a relevant test item, or lists name unknown people or items.
    """
    check_k(k)
    check_split(split)
    ids, people = split.people()
    if not ids:
        raise DataError(
            f"nobody in the test of {split.train.name!r} has a relevant item they had not met "
            f"(relevant_from={split.train.relevant_from}); test more, or lower relevant_from"
        )
    if isinstance(model, Slates):
        if policy is not None:
            raise ArgumentError("policy is for a model; apply it to slates before: policy.apply")
        shown = _given(model, split, ids, k)
        ranked, doubt = "lists as given, those missing count as empty", ""
    elif isinstance(model, Recommender):
        shown = _asked(model, split, people, k, policy, progress)
        ranked = "all unseen items ranked" + (", then a policy" if policy is not None else "")
        doubt = fitted_elsewhere(model, split)
    else:
        raise ArgumentError(
            f"model must be a fitted model or Slates, not {type(model).__name__}; "
            "lists made elsewhere come in by wb.Slates.from_frame"
        )
    relevant = split.relevant_matrix()
    hits = Hits.of(shown, relevant)
    metrics = {name: measure(hits) for name, measure in ACCURACY.items()}
    if beyond:
        world = World.of(split.train)
        metrics |= {
            "novelty": novelty(shown, world),
            "diversity": diversity(shown, world),
            "serendipity": serendipity(shown, world, people, relevant),
            "miscalibration": miscalibration(shown, world, people),
            "popularity_lift": popularity_lift(shown, world, people),
        }
    return pl.DataFrame(
        {
            USER: split.train.people.ids.gather(split.train.people.codes(ids)),
            N_RELEVANT: hits.n_relevant.astype(np.int64),
            GUEST: is_guest(split, ids),
            COLD: people.lengths == 0,
            N_SHOWN: shown.count.astype(np.int64),
            **metrics,
        }
    ).with_columns(
        pl.col(*metrics).fill_nan(None),
        pl.lit(k, dtype=pl.Int64).alias(K),
        pl.lit(ranking_protocol(split, ranked) + doubt).alias(PROTOCOL),
    )


def _asked(
    model: Recommender,
    split: Split,
    people: Profiles,
    k: int,
    policy: Policy | None,
    progress: bool,
) -> Shown:
    """The lists of a model; only their codes are kept, block after block."""
    model._require_fitted()
    parts = people.blocks(BLOCK)
    if progress:
        from tqdm.auto import tqdm

        parts = tqdm(parts, f"evaluate {model.name}", -(-len(people) // BLOCK), leave=False)
    rows, ranks, items = [], [], []
    for part, block in parts:
        frame = recommend(model, block, k, policy).frame
        rows.append(frame[ROW].to_numpy() + part.start)
        ranks.append(frame[RANK].to_numpy())
        items.append(_codes(split, frame[ITEM]))
    return _shown(*map(np.concatenate, (rows, ranks, items)), len(people), k)


def _given(slates: Slates, split: Split, ids: list[Id], k: int) -> Shown:
    """Lists made elsewhere, matched to the people asked."""
    if slates.k < k:
        raise ArgumentError(
            f"k={k} but the slates have {slates.k} places; give k={slates.k}, or say that more "
            f"were asked for: wb.Slates.from_frame(frame, k={k})"
        )
    frame = slates.frame.filter(pl.col(RANK) <= k)
    people = split.train.people
    if USER in frame.columns:
        user = people.codes(frame[USER])
        _refuse_unknown(USER, frame[USER], user, people.ids, split)
        wanted = people.codes(ids)
        row = np.minimum(np.searchsorted(wanted, user), len(wanted) - 1)
        here = wanted[row] == user
        if not here.any():
            raise DataError(
                f"none of the {slates.n_rows:,} slates is of a person with a relevant test item; "
                "make them for split.people()"
            )
    elif len(slates) == len(ids):
        row, here = frame[ROW].to_numpy(), np.ones(frame.height, dtype=bool)
    else:
        raise ArgumentError(
            f"there are {len(slates):,} slates for {len(ids):,} people; give one for each of "
            "split.people(), in that order, or slates with user_id"
        )
    item = _codes(split, frame[ITEM])
    shown = _shown(row[here], frame[RANK].to_numpy()[here], item[here], len(ids), k)
    for name, code in ((RANK, shown.rank), (ITEM, shown.item)):
        pairs = np.sort(shown.row * (int(code.max(initial=0)) + 1) + code)
        if (pairs[1:] == pairs[:-1]).any():
            raise DataError(f"a slate holds an {ITEM} or a {RANK} twice (in {name}); keep one")
    return shown


def _shown(row: IntArray, rank: IntArray, item: IntArray, n: int, k: int) -> Shown:
    order = np.lexsort((rank, row))
    return Shown(*(a[order].astype(np.int64) for a in (row, rank, item)), n, k)


def _codes(split: Split, items: pl.Series) -> IntArray:
    codes = split.train.catalogue.codes(items)
    _refuse_unknown(ITEM, items, codes, split.train.catalogue.ids, split)
    return codes


def _refuse_unknown(
    column: str, given: pl.Series, codes: IntArray, known: pl.Series, split: Split
) -> None:
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        kind = "integers" if known.dtype.is_integer() else "strings"
        raise DataError(
            f"slates name {column} {given[int(unknown[0])]!r}, which {split.train.name!r} does "
            f"not know ({len(unknown):,} rows); its ids are {kind} such as {known[0]!r}: remove "
            "those rows or spell the ids as the log does"
        )
