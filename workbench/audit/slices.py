"""Slices: people of one kind, by what is known of them and by what they did, and how well it works
for each."""

from __future__ import annotations

import polars as pl

from workbench.audit.behaviour import behaviour, beside
from workbench.audit.groups import Grouping, groupings
from workbench.audit.people import people_frame
from workbench.columns import USER
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.vocabulary import Id

LEARNT = "learnt from"
"""Slices by whether models learnt from the people, beside those by what they did."""
MINIMUM = 20


def slices(split: Split) -> list[Grouping]:
    """The ways to put the people of a split into slices.

    Parameters
    ----------
    split : Split

    Returns
    -------
    list of Grouping
        Row-aligned with ``split.people()``: every attribute that can be a group (see
        ``audit.groups``); then what people did before the cut (see ``audit.behaviour``), counts
        banded at quartiles; then "learnt from", which guests are not. Ways that give one slice
        only are left out. An attribute with one of these names stays what it is.
    """
    ids, _ = split.people()
    known = split.train.users[split.train.people.codes(ids)].drop(USER)
    guests = set(split.guests) | set(split.train.guest_ids)
    known = beside(known, behaviour(split))
    if LEARNT not in known.columns:
        known = known.with_columns(pl.Series(LEARNT, ["no" if i in guests else "yes" for i in ids]))
    made, _ = groupings(known)
    return made


def slice_table(
    split: Split, rows: pl.DataFrame, metric: str = "ndcg", minimum: int = MINIMUM, seed: int = 0
) -> pl.DataFrame:
    """How well a model does for each slice of people.

    Parameters
    ----------
    split : Split
    rows : polars.DataFrame
        Of ``wb.evaluate`` on it, of one model.
    metric : str
    minimum : int
        Slices of fewer people are suppressed.
    seed : int

    Returns
    -------
    polars.DataFrame
        One row per slice, "everybody" first; columns as ``Audit.people``: ``attribute, group, n,
        value, low, high``, the ``difference`` to all others, ``p_adjusted``, ``suppressed``.

    Raises
    ------
    ArgumentError
        ``rows`` lack the metric, or are not of the people of the split.
    """
    aligned = aligned_rows(split, rows, metric)
    return people_frame(aligned, slices(split), [metric], minimum, seed)


def aligned_rows(split: Split, rows: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Rows of ``wb.evaluate`` of one model, in the order of ``split.people()``.

    Raises
    ------
    ArgumentError
        ``rows`` lack the metric, or are not of the people of the split.
    """
    if metric not in rows.columns:
        raise ArgumentError(f"metric={metric!r} is no column of rows; there are {rows.columns}")
    ids, _ = split.people()
    order = pl.DataFrame({USER: split.train.people.ids.gather(split.train.people.codes(ids))})
    aligned = order.join(rows, on=USER, how="left", maintain_order="left", validate="1:1")
    if rows.height != len(ids) or not rows[USER].is_in(order[USER].implode()).all():
        raise ArgumentError(
            f"rows hold {rows.height:,} people and the split asks about {len(ids):,}; give the "
            "rows of one model on this split"
        )
    return aligned


def members(split: Split, attribute: str, group: str) -> list[Id]:
    """Ids of the people of one slice, in the order of ``split.people()``.

    Raises
    ------
    ArgumentError
        There is no such slice.
    """
    made = {grouping.attribute: grouping for grouping in slices(split)}
    if attribute not in made or group not in made[attribute].order:
        there = ", ".join(made[attribute].order) if attribute in made else ", ".join(made)
        raise ArgumentError(f"there is no slice {attribute} = {group!r}; there are: {there}")
    ids, _ = split.people()
    return [i for i, name in zip(ids, made[attribute].names, strict=True) if name == group]
