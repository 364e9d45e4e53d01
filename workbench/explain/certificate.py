"""Certificate: what a counterfactual says in words, and what was tried to say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.explain.edits import ADD, REMOVE
from workbench.explain.naming import joined, named
from workbench.explain.search import EXHAUSTIVE
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.explain.counterfactual import Counterfactual

LEAVE, ENTER = "leave", "enter"
MOST = 5
"""Items that a sentence names; of more it says how many."""
SIZES = {
    1: ("single change", "single changes"),
    2: ("pair", "pairs"),
    3: ("set of three", "sets of three"),
}
"""Sizes of sets in words, one and several; beyond, they are counted together."""


def certificate(found: Counterfactual, titles: Mapping[Id, str]) -> str:
    """A counterfactual in words; every number in them is one of its fields.

    Parameters
    ----------
    found : Counterfactual
    titles : mapping
        Item id → title, where known.
    """
    item, place = named(found.item_id, titles), f"the list of {found.k}"
    size = len(found.remove or found.add or found.rate)
    if size == 0:
        missing = {"remove": "removed", "add": "added", "rate": "rated anew"}[found.change]
        return f"There is nothing that could be {missing} to make {item} {found.goal} {place}."
    edit = _edit(found, titles)
    if found.found:
        would = "would not be in" if found.goal == LEAVE else "would be in"
        said = f"{edit}, {item} {would} {place}"
        return f"{said}{_moved(found)}. {_tried(found, size)}"
    if not found.verified:
        return (
            f"{edit}, {item} should {found.goal} {place}, but the list that was made again says "
            "otherwise: this model scores a person differently in a batch."
        )
    return (
        f"Nothing was found that would make {item} {found.goal} {place}. {_counted(found)} The "
        f"nearest: {edit[0].lower()}{edit[1:]}, it would still be {_where(found)}."
    )


def _edit(found: Counterfactual, titles: Mapping[Id, str]) -> str:
    ids = found.remove or found.add or tuple(found.rate)
    names = [named(i, titles) for i in ids]
    if found.rate:
        names = [f"{n} rated {v:g}" for n, v in zip(names, found.rate.values(), strict=True)]
    if len(names) > MOST:
        names = [*names[:MOST], f"{len(names) - MOST} more"]
    if found.change == REMOVE:
        return f"Without {joined(names)}"
    added = "" if found.value is None or found.change != ADD else f", rated {found.value:g}"
    return f"With {joined(names)}{' in the history' if found.change == ADD else ''}{added}"


def _moved(found: Counterfactual) -> str:
    """Ranks before and after, where there is one."""
    rank = _rank(found)
    if found.rank_before is None and found.rank_after is None:
        return ""
    if found.rank_before is None:
        return f" ({rank} {found.rank_after:,}; not ranked before)"
    if found.rank_after is None:
        return " (not even ranked)"
    return f" ({rank} {found.rank_after:,} instead of {found.rank_before:,})"


def _where(found: Counterfactual) -> str:
    shown = found.item_id in found.slate_after
    ranked = found.rank_after is not None
    rank = f"on {_rank(found)} {found.rank_after:,}" if ranked else "not ranked"
    return f"{'shown' if shown else 'outside'} ({rank})"


def _rank(found: Counterfactual) -> str:
    """What ranks are called: a policy may show another order than the model's."""
    return "the model's own rank" if found.slate_before.steps else "rank"


def _tried(found: Counterfactual, size: int) -> str:
    if size == 1:
        return f"One change is enough; {_counted(found).lower()}"
    if found.method == EXHAUSTIVE:
        return f"No smaller set does that. {_counted(found)}"
    return f"Each of the {size} is needed, but a smaller set may exist. {_counted(found)}"


def _counted(found: Counterfactual) -> str:
    """What was tried, by size."""
    words, larger = [], 0
    for size, scored, possible in found.tried.iter_rows():
        if size not in SIZES:
            larger += scored
        elif scored == 1:
            words.append(f"the one {SIZES[size][0]}" if possible == 1 else f"1 {SIZES[size][0]}")
        else:
            words.append(f"{'all ' * (scored == possible)}{scored:,} {SIZES[size][1]}")
    if larger:
        words.append(f"{larger:,} larger set{'s' if larger > 1 else ''}")
    return f"Tried {joined(words)}."
