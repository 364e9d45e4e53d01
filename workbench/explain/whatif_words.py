"""The result of a what-if for many in words: templates over its frames, nothing invented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from workbench.columns import HIGH, ITEM, LOW, METRIC, N
from workbench.explain.naming import joined, named
from workbench.ranking.funnel import CANDIDATE, RANKED, RETRIEVABLE, SHOWN
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.explain.whatif import WhatIf

NAMED = 3
"""Items that a sentence names."""
JUDGED = "ndcg"
STOPS = {
    RETRIEVABLE: "no model can say anything of it to them",
    CANDIDATE: "no model puts it among its first choices for them",
    RANKED: "it is ranked, and too low",
}
CAVEAT = (
    "Quality is measured on what people chose later, and that stays what it was: it cannot tell "
    "what they would have chosen from other lists."
)


def sentences(found: WhatIf, titles: Mapping[Id, str]) -> list[str]:
    """See ``WhatIf.sentences``."""
    reach = {row["measure"]: row for row in found.reach.iter_rows(named=True)}
    changed, overlap = reach["changed"], reach["overlap"]
    said = []
    if "edited" in reach:
        n_edited = int(found.people["edited"].sum())
        said.append(f"It touches what {n_edited:,} of {found.n:,} people did.")
    if int(found.people["changed"].sum()) == 0:
        said.append(f"Nobody of {found.n:,} people is shown another list.")
    else:
        said.append(
            f"{int(found.people['changed'].sum()):,} of {found.n:,} people are shown another list "
            f"({_share(changed)}). Old and new lists are alike by {overlap['value']:.2f} of 1"
            f"{_range(overlap, 2)}."
        )
    if found.item_id is not None:
        said += _about_item(found, found.item_id, titles)
    else:
        said += _most_moved(found, titles)
    said += _judged(found)
    if found.metrics.height:
        said.append(CAVEAT)
    return said


def _about_item(found: WhatIf, item_id: Id, titles: Mapping[Id, str]) -> list[str]:
    newcomer = found.change.newcomer
    name = f"“{newcomer.title}”" if newcomer is not None else named(item_id, titles)
    before = int(found.people["shown_before"].sum())
    after = int(found.people["shown_after"].sum())
    said = [f"{name} is shown to {after:,} of {found.n:,} people; before, to {before:,}."]
    chose = int(found.people["chosen"].sum())
    lost = found.people.filter(pl.col("chosen") & pl.col("shown_before") & ~pl.col("shown_after"))
    if lost.height:
        said.append(
            f"{_people(chose)} chose it later; {lost.height:,} of them were shown it and no longer "
            "are, which counts as missed."
        )
    elif found.change.newcomer is not None and found.metrics.height:
        said.append("Nobody could choose it later, so a place that it takes can only be a miss.")
    for column, once, often in (
        ("replaces", "In its place comes", "In its place most often comes"),
        ("gives_way", "It takes the place of", "It most often takes the place of"),
    ):
        most = found.items.filter(pl.col(column) > 0).sort(
            -pl.col(column), pl.col(ITEM).cast(pl.String)
        )
        if most.height:
            rows = most.select(ITEM, column).head(NAMED).rows()
            names = [f"{named(i, titles)} ({_lists(n)})" for i, n in rows]
            said.append(f"{often if most.height > NAMED else once} {joined(names)}.")
    for stage, n in found.people["stage"].drop_nulls().value_counts(sort=True).iter_rows():
        if stage != SHOWN:
            why = STOPS.get(stage, f"it stops at “{stage}”")
            near = found.people.filter(pl.col("stage") == stage)["place"].min()
            best = ""
            if stage == CANDIDATE and isinstance(near, int):
                best = f" (its best place there is {near:,})"
            said.append(f"{_people(n)} do not see it because {why}{best}.")
    return said


def _most_moved(found: WhatIf, titles: Mapping[Id, str]) -> list[str]:
    said = []
    for sign, words in ((1, "Shown to more people"), (-1, "Shown to fewer people")):
        most = found.items.filter(pl.col("difference") * sign > 0).head(NAMED)
        if most.height:
            names = [
                f"{named(i, titles)} ({d:+,})" for i, d in most.select(ITEM, "difference").rows()
            ]
            said.append(f"{words}: {joined(names)}.")
    return said


def _judged(found: WhatIf) -> list[str]:
    rows = found.metrics.filter(pl.col(METRIC) == JUDGED)
    if rows.height == 0:
        return []
    row = rows.row(0, named=True)
    low, high = row[LOW], row[HIGH]
    if row["difference"] == 0 and low is not None and low == high == 0:
        return [
            f"Ranking quality (nDCG) stays {row['before']:.3f}: it is the same for all "
            f"{row[N]:,} people."
        ]
    if low is None or high is None:
        verdict = "so few people cannot tell"
    elif low > 0:
        verdict = "better, and chance is an unlikely reason"
    elif high < 0:
        verdict = "worse, and chance is an unlikely reason"
    else:
        verdict = "which may be chance"
    return [
        f"Ranking quality (nDCG) goes from {row['before']:.3f} to {row['after']:.3f} over "
        f"{row[N]:,} people: {row['difference']:+.4f}{_range(row, 4, '+')}, {verdict}."
    ]


def _share(row: Mapping[str, float | None]) -> str:
    value, low, high = row["value"], row[LOW], row[HIGH]
    assert value is not None
    ends = "" if low is None or high is None else f", 95 % interval {low:.1%} to {high:.1%}"
    return f"{value:.1%}{ends}"


def _range(row: Mapping[str, float | None], digits: int, sign: str = "") -> str:
    low, high = row[LOW], row[HIGH]
    if low is None or high is None:
        return ""
    return f" ({low:{sign}.{digits}f} to {high:{sign}.{digits}f})"


def _people(n: int) -> str:
    return f"{n:,} " + ("person" if n == 1 else "people")


def _lists(n: int) -> str:
    return f"{n:,} " + ("list" if n == 1 else "lists")
