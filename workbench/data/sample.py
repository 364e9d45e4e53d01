"""A split that asks fewer people: enough for narrow intervals, where asking all takes hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl

from workbench.columns import USER
from workbench.data.order import mixed
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.vocabulary import Id

APART = np.uint64(0x9E3779B97F4A7C15)
"""So that a sample by the seed by which guests were drawn is not of guests first."""


def asking(split: Split, max_people: int, seed: int = 0) -> Split:
    """The same split, asking at most so many of the people with a relevant test item.

    What is fitted stays as it is; the test events of the others are set aside. Whoever measures
    a model on the result measures it on a sample, and its ``parameters`` and every protocol say
    so.

    Parameters
    ----------
    split : Split
    max_people : int
        At least 1.
    seed : int
        People are drawn by a hash of their ids, so a larger sample holds the smaller.

    Returns
    -------
    Split
        ``split`` itself where it asks no more people than that. Otherwise ``parameters`` has
        ``asked`` and ``of``, the numbers of people drawn and drawn from.

    Raises
    ------
    ArgumentError
        ``max_people`` is no whole number of at least 1.
    """
    check_max_people(max_people)
    people = split.train.people
    ids, _ = split.people()
    if len(ids) <= max_people:
        return split
    codes = people.codes(ids)
    with np.errstate(over="ignore"):
        hashed = mixed(people.hashes()[codes] + mixed(np.array([seed], np.uint64)) + APART)
    drawn = np.sort(codes[np.argsort(hashed, kind="stable")[:max_people]])
    mask = np.zeros(len(people), dtype=bool)
    mask[drawn] = True
    test = split.test.filter(pl.Series(mask[people.codes(split.test[USER])]))
    said = {"asked": int(max_people), "of": len(ids)}
    return replace(split, test=test, parameters={**split.parameters, **said})


def asking_only(split: Split, user_ids: Iterable[Id]) -> Split:
    """The same split, asking only some people; no model learns anything else.

    Parameters
    ----------
    split : Split
    user_ids : iterable of ids
        Of ``split.people()``; repeats count once.

    Returns
    -------
    Split
        ``split`` itself where they are all of its people. Otherwise ``parameters`` has ``asked``
        and ``of``, as after ``asking``, and ``chosen``.

    Raises
    ------
    ArgumentError
        There is nobody, or one of them is not asked about.
    """
    wanted = set(user_ids)
    ids, _ = split.people()
    if not wanted:
        raise ArgumentError("user_ids is empty; name at least one person")
    strangers = wanted.difference(ids)
    if strangers:
        raise ArgumentError(
            f"user_ids holds {next(iter(strangers))!r}, whom this split does not ask about: not in "
            "the log, or without a relevant test item; take ids of split.people()"
        )
    if len(wanted) == len(ids):
        return split
    held = pl.Series(sorted(split.train.people.codes(list(wanted))))
    test = split.test.filter(pl.Series(split.train.people.codes(split.test[USER])).is_in(held))
    said = {"asked": len(wanted), "of": len(ids), "chosen": True}
    return replace(split, test=test, parameters={**split.parameters, **said})


def check_max_people(max_people: int) -> None:
    """Refuse what is no whole number of at least 1."""
    whole = isinstance(max_people, int | np.integer) and not isinstance(max_people, bool)
    if not whole or max_people < 1:
        raise ArgumentError(f"max_people must be a whole number of at least 1, not {max_people!r}")
