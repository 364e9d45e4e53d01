"""Comparison: why one item stands above another, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from workbench.columns import GROUP, ITEM
from workbench.explain.naming import joined, named
from workbench.explain.swap import Swap
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.explain.pairwise import Pairwise

DIFFERENCE, ERROR = "difference", "error"
MOST = 2
"""Groups and events that are named for each of the two items."""
WORTH = 0.005
"""Least difference that is named: less would read 0.00."""
COUNT = "log(1 + n)"
"""Unit of a feature that is told as the count ``n`` it stands for."""
SURE = 2.0
"""An event is named where its difference is more than so many standard errors from 0."""


def comparison(found: Pairwise, titles: Mapping[Id, str]) -> str:
    """A pairwise explanation in words; every number in them is in its fields and frames.

    Parameters
    ----------
    found : Pairwise
    titles : mapping
        Item id → title, where known.
    """
    above, below = named(found.above, titles), named(found.below, titles)
    lead = found.score_above - found.score_below
    scores = f"({found.score_above:+.2f} to {found.score_below:+.2f})"
    if not found.by_model:
        alone = _alone(found, above, below)
        said = [f"{above} stands above {below} because of the policy: {alone} {scores}."]
    elif found.rank_below is None:
        said = [f"{above} is on rank {found.rank_above:,} and {below} is not ranked at all"]
        said[0] += f"; their scores alone differ by {lead:+.2f} {scores}."
    elif lead == 0:
        said = [f"{above} and {below} have the same score {scores}; the order is by item."]
    else:
        said = [f"{above} stands above {below} by {lead:.2f} {scores}."]
    said += _policy(found, above, below)
    groups = [(group, d) for group, d in found.groups.select(GROUP, DIFFERENCE).iter_rows()]
    said += _sides("Among what the ranker reads", groups, above, below)
    sure = found.events.filter(pl.col(DIFFERENCE).abs() > SURE * pl.col(ERROR).fill_null(0.0))
    events = [(named(i, titles), d) for i, d in sure.select(ITEM, DIFFERENCE).iter_rows()]
    said += _sides("In the history", events, above, below)
    if found.swap is not None:
        they = "In the model's list they" if found.policy.height else "They"
        said.append(_turned(found.swap, titles, they))
    elif found.features.height and found.rank_above and found.rank_below:
        said.append("No single feature of one of them would turn them round.")
    return " ".join(said)


def _alone(found: Pairwise, above: str, below: str) -> str:
    """What the model alone would do with two items that the policy turned round."""
    if found.rank_above and found.rank_below:
        order = f"{below} on rank {found.rank_below:,}, before {above} on {found.rank_above:,}"
        return f"the model alone has {order}"
    if found.rank_below:
        return f"the model alone does not rank {above}, and has {below} on {found.rank_below:,}"
    return "the model alone ranks neither"


def _policy(found: Pairwise, above: str, below: str) -> list[str]:
    """What the steps of the policy did to the two."""
    if not found.policy.height:
        return []
    said = ["The model alone would put them in this order, too."] if found.by_model else []
    for row in found.policy.filter("moved").iter_rows(named=True):
        effects = f"{above} {row['effect_above']}, {below} {row['effect_below']}"
        turned = "; this turns them round" if row["turned"] else ""
        said.append(f"The policy's {row['step'].replace('_', ' ')}: {effects}{turned}.")
    return said


def _sides(where: str, parts: list[tuple[str, float]], above: str, below: str) -> list[str]:
    """What speaks for the one and for the other, as one sentence; none where nothing does."""
    by_size = sorted(parts, key=lambda part: -abs(part[1]))
    sides = []
    for item, sign in ((above, 1), (below, -1)):
        told = [f"{name} ({d:+.2f})" for name, d in by_size if sign * d >= WORTH][:MOST]
        if told:
            sides.append(f"{joined(told)} speak{'s' * (len(told) == 1)} most for {item}")
    return [f"{where}, {', and '.join(sides)}."] if sides else []


def _turned(swap: Swap, titles: Mapping[Id, str], they: str) -> str:
    value, bar, unit = swap.value, swap.needed, swap.unit
    if unit == COUNT:
        value, bar, unit = math.expm1(value), math.expm1(bar), ""
    now, needed = _number(value), _number(bar)
    if now == needed:
        change = f"a little {'more' if swap.at_least else 'less'} than {now}"
    else:
        change = f"{'at least' if swap.at_least else 'below'} {needed} instead of {now}"
    said = f"{swap.meaning}, {change}{f' ({unit})' if unit and unit not in swap.meaning else ''}"
    whose = named(swap.item_id, titles)
    return f"{they} would swap if one thing alone were different of {whose}: {said}."


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
