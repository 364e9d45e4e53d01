"""The cold-start curve: how well a model does when it is shown only the end of each history."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from workbench.columns import GUEST, N_RELEVANT, USER
from workbench.data.split import Split
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.accuracy import ACCURACY, Hits, Shown
from workbench.evaluation.definitions import PROTOCOL, K, check_split, is_guest, ranking_protocol
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.recommend import BLOCK, check_k, scored, top

LENGTHS = (0, 1, 3, 10)
SHOWN = "history"
"""Column: how many of the last events the model was shown; null for all of them."""


def cold_start(
    model: Recommender,
    split: Split,
    lengths: Iterable[int] = LENGTHS,
    k: int = 10,
    *,
    max_people: int | None = None,
    seed: int = 0,
) -> pl.DataFrame:
    """Ask about the same people several times, each time showing less of their history.

    Of each person only the last ``n`` events are shown, as if they had done no more. That is
    quite so for guests only, of whom no fit read anything (where ``max_people`` is given, they
    come first): of a training person the model has learnt from all events, the hidden ones too,
    and may do better than for somebody new. Whatever they met before the cut is left out of their
    list at every length, so that the lists answer one question. Whoever has fewer events than the
    greatest length is left out, so that all lengths are asked about the same people.

    Parameters
    ----------
    model : Recommender
        Fitted on ``split.train``.
    split : Split
    lengths : iterable of int
        0 or more each. All events are asked for too.
    k : int
        Places measured.
    max_people : int, optional
        At most so many people, guests first, the others chosen by ``seed``.
    seed : int

    Returns
    -------
    polars.DataFrame
        One row per length and person: ``history`` (null for all events), ``user_id``,
        ``n_relevant``, ``guest``, the metrics of accuracy, ``k`` and ``protocol``.
        ``wb.summarise(rows, by="history")`` is the curve.

    Raises
    ------
    ArgumentError
        An argument cannot work.
    DataError
        Nobody who is asked about has so many events.
    """
    check_k(k)
    check_split(split)
    lengths = sorted(set(lengths))
    if not lengths or any(
        isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0 for n in lengths
    ):
        raise ArgumentError(f"lengths must be whole numbers of 0 or more, not {lengths!r}")
    if max_people is not None and max_people < 1:
        raise ArgumentError(f"max_people must be at least 1, not {max_people!r}")
    model._require_fitted()
    if model.catalogue != split.train.catalogue:
        raise ArgumentError(
            f"model {model.name!r} was fitted on other items than those of split; fit it on "
            "split.train"
        )
    ids, people = split.people()
    chosen = np.flatnonzero(people.n_met >= lengths[-1])
    if len(chosen) == 0:
        raise DataError(
            f"nobody who is asked about in {split.train.name!r} has {lengths[-1]} events; "
            "give shorter lengths"
        )
    guest = is_guest(split, ids)
    if max_people is not None and len(chosen) > max_people:
        order = np.random.default_rng(seed).permutation(len(chosen))
        order = order[np.argsort(~guest[chosen][order], kind="stable")]
        chosen = np.sort(chosen[order[:max_people]])
    asked, relevant = people[chosen], split.relevant_matrix()[chosen]
    user = split.train.people.ids.gather(split.train.people.codes([ids[i] for i in chosen]))
    parts = []
    for n in (*lengths, None):
        hits = Hits.of(_lists(model, asked, n, k), relevant)
        parts.append(
            pl.DataFrame(
                {
                    SHOWN: pl.Series([n] * len(asked), dtype=pl.Int64),
                    USER: user,
                    N_RELEVANT: hits.n_relevant.astype(np.int64),
                    GUEST: guest[chosen],
                    **{name: measure(hits) for name, measure in ACCURACY.items()},
                    K: pl.Series([k] * len(asked), dtype=pl.Int64),
                    PROTOCOL: [_words(split, n, lengths[-1], len(asked))] * len(asked),
                }
            )
        )
    return pl.concat(parts)


def reached(split: Split, lengths: Iterable[int] = LENGTHS, least: int = 20) -> list[int]:
    """Those of some lengths that enough of the people who are asked about have, ascending.

    Parameters
    ----------
    split : Split
    lengths : iterable of int
    least : int
        How many people are enough; of fewer than twice as many, half of them are.

    Returns
    -------
    list of int
        Empty where not even one event is had by enough.
    """
    held = split.people()[1].n_met
    enough = min(least, (len(held) + 1) // 2)
    found = sorted(n for n in set(lengths) if (held >= n).sum() >= enough)
    return found if found and found[-1] > 0 else []


def _lists(model: Recommender, asked: Profiles, n: int | None, k: int) -> Shown:
    rows, ranks, items = [], [], []
    for part, block in asked.blocks(BLOCK):
        shown = block if n is None else block.only(block.from_end < n)
        scores, _ = scored(model, shown, seen=False)
        scores[block.seen.nonzero()] = np.nan
        row, item = top(scores, k)
        starts = np.searchsorted(row, row)
        rows.append(row + part.start)
        ranks.append(np.arange(len(row)) - starts + 1)
        items.append(item)
    return Shown(*map(np.concatenate, (rows, ranks, items)), len(asked), k)


def _words(split: Split, n: int | None, most: int, asked: int) -> str:
    shown = "all events" if n is None else f"only the last {n} events" if n else "no event"
    return (
        f"{ranking_protocol(split)}; {shown} of each history shown to the model, "
        f"{asked:,} people with at least {most} events"
    )
