"""The reason in words: templates over the frames, nothing invented.

Every name and number said is a cell of a frame of the explanation. What rounds to nothing is not
said, and neither is a sampled share that may be chance.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import floor, isfinite, log10

import polars as pl

from workbench.columns import GROUP, ITEM, REMOVAL, SHARE
from workbench.explain.agreement import ERROR, certain, first_by
from workbench.explain.naming import joined, named
from workbench.explain.removal import KIND, MOMENT, NAME, RANK_WITHOUT, STAYS
from workbench.vocabulary import Id

MOST = 3
"""Events that a sentence names."""
WORTH = 0.1
"""An event is named where removing it costs at least this share of the largest removal."""


@dataclass(frozen=True)
class Numbers:
    """How numbers of one explanation are written: two decimals, or two digits of small scores.

    Attributes
    ----------
    decimals : int
    """

    decimals: int

    @classmethod
    def of(cls, score: float, base: float) -> Numbers:
        """For a score, and what it starts from (NaN where that is not known)."""
        scale = max(abs(score), abs(score - base) if isfinite(base) else 0.0)
        return cls(max(2, 1 - floor(log10(scale))) if scale > 0 else 2)

    @property
    def least(self) -> float:
        """The smallest number worth saying."""
        return 10.0**-self.decimals

    def signed(self, number: float) -> str:
        return f"{number:+.{self.decimals}f}"


def sentence(
    item_id: Id,
    score: float,
    features: pl.DataFrame,
    events: pl.DataFrame,
    titles: Mapping[Id, str],
    liked: Collection[Id],
    numbers: Numbers,
) -> str:
    """The reason in one sentence.

    Parameters
    ----------
    item_id : str or int
        The item that is explained.
    score : float
    features : polars.DataFrame
        ``group, share``; may be empty.
    events : polars.DataFrame
        ``item_id, removal``, largest removal first; may be empty.
    titles : mapping
        Item id → title, where known.
    liked : collection of ids
        Items of the history that are relevant.
    numbers : Numbers
    """
    said = f"{named(item_id, titles)} scores {numbers.signed(score)}"
    helping = events.filter(pl.col(REMOVAL).is_finite() & (pl.col(REMOVAL) >= numbers.least))
    if helping.height:
        bar = WORTH * float(helping[REMOVAL][0])
        most = helping.filter(pl.col(REMOVAL) >= bar).head(MOST)
        verb = "liked" if all(i in liked for i in most[ITEM]) else "met"
        effects = [
            f"{named(i, titles)} ({numbers.signed(r)})"
            for i, r in most.select(ITEM, REMOVAL).rows()
        ]
        said += f" because you {verb} {joined(effects)}"
    elif events.height:
        said += ", and no single item of the history would lower it by being removed"
    else:
        said += " without any history to go by"
    groups = (
        features.group_by(GROUP, maintain_order=True)
        .agg(pl.col(SHARE).sum())
        .sort(SHARE, descending=True, maintain_order=True)
    )
    for_it = groups.filter(pl.col(SHARE) >= numbers.least).head(2)
    against = groups.filter(pl.col(SHARE) <= -numbers.least).tail(1)
    for words, part in (("most for it", for_it), ("most against it", against)):
        if part.height:
            parts = [f"{group} ({numbers.signed(share)})" for group, share in part.rows()]
            said += f"; {words}: {joined(parts)}"
    return said + "."


def further_words(
    events: pl.DataFrame,
    groups: pl.DataFrame,
    context: pl.DataFrame,
    policy: pl.DataFrame,
    agree: bool | None,
    titles: Mapping[Id, str],
    numbers: Numbers,
    k: int,
) -> list[str]:
    """What there is to say beyond the sentence, each in one.

    Parameters
    ----------
    events, context, policy : polars.DataFrame
        As in ``Explanation``.
    groups : polars.DataFrame
        ``group, share`` of a long history.
    agree : bool or None
        See ``agreement``.
    titles, numbers, k
    """
    said = [*_shares(events, agree, titles, numbers), *_opposed(events, titles, numbers)]
    large = groups.filter(pl.col(SHARE).abs() >= numbers.least).head(MOST)
    if large.height:
        parts = [f"{g} ({numbers.signed(s)})" for g, s in large.select(GROUP, SHARE).rows()]
        said.append(f"The history by genre: {joined(parts)}.")
    leaving = events.filter(pl.col(STAYS).eq(False)).head(MOST)
    for item_id, rank in leaving.select(ITEM, RANK_WITHOUT).rows():
        said.append(
            f"Without {named(item_id, titles)} it would leave the first {k} ({_ranked(rank)})."
        )
    for row in context.iter_rows(named=True):
        if row[REMOVAL] is None or abs(row[REMOVAL]) < numbers.least:
            continue
        what = "the moment" if row[KIND] == MOMENT else f"{row[NAME]} “{row['value']}”"
        effect = f"({numbers.signed(row[REMOVAL])}; without: {_ranked(row[RANK_WITHOUT])})"
        said.append(f"Knowing {what} moves the score {effect}.")
    moved = pl.col("rank_before").ne_missing(pl.col("rank_after"))
    for step, effect in policy.filter(moved).select("step", "effect").rows():
        said.append(f"The policy's {step.replace('_', ' ')}: {effect}.")
    return said


def _shares(
    events: pl.DataFrame, agree: bool | None, titles: Mapping[Id, str], numbers: Numbers
) -> list[str]:
    """Which share is the largest, and whether removal says the same."""
    first, missed = first_by(events, SHARE), first_by(events, REMOVAL)
    if first is None or first[SHARE] < numbers.least:
        return []
    if not certain(first, numbers.least):
        return ["Which item has the largest share is not certain after so few samples."]
    name = f"{named(first[ITEM], titles)} ({_share(first, numbers)})"
    if agree is None:
        return [f"Of the shares, {name} is the largest found, but not by a certain lead."]
    if agree:
        return [f"By share, too, {name} comes first."]
    other = f"{named(missed[ITEM], titles)} ({numbers.signed(missed[REMOVAL])})"
    return [f"Share and removal disagree: by share {name} comes first, by removal {other}."]


def _opposed(events: pl.DataFrame, titles: Mapping[Id, str], numbers: Numbers) -> list[str]:
    """The item whose share most clearly says the opposite of its removal."""
    opposed = events.filter(
        (pl.col(SHARE).sign() * pl.col(REMOVAL).sign() < 0)
        & (pl.col(REMOVAL).abs() >= numbers.least)
    )
    rows = [row for row in opposed.iter_rows(named=True) if certain(row, numbers.least)]
    if not rows:
        return []
    row = max(rows, key=lambda row: abs(row[SHARE]))
    way = "higher" if row[REMOVAL] < 0 else "lower"
    return [
        f"{named(row[ITEM], titles)} has a share of {_share(row, numbers)}, and yet the score is "
        f"{way} without it ({numbers.signed(row[REMOVAL])})."
    ]


def _share(row: Mapping[str, float], numbers: Numbers) -> str:
    exact = row[ERROR] < numbers.least / 10
    error = "" if exact else f" ± {row[ERROR]:.{numbers.decimals}f}"
    return numbers.signed(row[SHARE]) + error


def _ranked(rank: int | None) -> str:
    return "not ranked" if rank is None else f"rank {rank}"
