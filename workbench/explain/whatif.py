"""What if for many: one change made to everybody, and what becomes of their lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import ITEM, RANK, ROW
from workbench.data.sample import asking_only
from workbench.data.split import Split
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.definitions import check_split
from workbench.explain import whatif_measures as measures
from workbench.explain.changes import Change, Edit
from workbench.explain.newcomer import Say, with_newcomer
from workbench.explain.whatif_words import sentences
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.funnel import trace
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k, recommend
from workbench.slate import Slates
from workbench.vocabulary import Id, IntArray

BLOCK = 256
CELLS = 2**22
"""Scores that are held at once."""
FITTING, LISTING = 0.3, 0.9
"""How far the work is when a new title has been fitted, and when all lists are there."""


@dataclass(frozen=True, eq=False)
class WhatIf:
    """What a change does to many people.

    Attributes
    ----------
    change : Change
    item_id : str or int, optional
        The item that the change is about; a new title has its id here.
    k : int
        Places of a list.
    people : polars.DataFrame
        One row per person, in the order of the profiles: ``row``; ``user_id`` (null where only
        profiles were given); ``edited``, whether the change touched their profile; ``changed``,
        whether their list is another; ``overlap``, rank-biased overlap of both lists; ``entered``
        and ``left``, numbers of items; ``shown_before`` and ``shown_after``, whether the list
        holds the item of the change, and ``chosen``, whether it is among what the person chose
        later (null without one, or without a split). Where the change is traced (a new title,
        an item that nobody met): ``stage``, where that item stops on its way to the list after
        the change ("shown" where it does not; see ``wb.funnel``), ``rank`` in the whole ranking,
        and ``place``, its best rank among the retrievers; null where it has none.
    items : polars.DataFrame
        One row per item that anybody is shown: ``item_id``; ``before`` and ``after``, numbers of
        people who are shown it, and their ``difference``; ``entered`` and ``left``, in how many
        lists it is new or gone; ``replaces``, in how many it is new while the item of the change
        is gone, and ``gives_way``, in how many it is gone while that is new. Those whose number
        of people changes most come first.
    metrics : polars.DataFrame
        ``metric, before, after, difference, low, high, p_adjusted, n, better, definition``,
        paired over people: ``difference`` is after less before, with its interval, over the ``n``
        people who have both; ``p_adjusted`` is Holm's over all of them. Coverage, Gini and the
        little-known share are of all lists together and have no interval. Empty where only
        profiles were given: then nobody's later choices are known.
    reach : polars.DataFrame
        ``measure, value, low, high, n``: the share of people who are ``edited``, who are
        ``changed``, the mean ``overlap``, and the shares of ``shown_before``, ``shown_after``.
    """

    change: Change
    item_id: Id | None
    k: int
    people: pl.DataFrame = field(repr=False)
    items: pl.DataFrame = field(repr=False)
    metrics: pl.DataFrame = field(repr=False)
    reach: pl.DataFrame = field(repr=False)

    @property
    def n(self) -> int:
        """Number of people."""
        return self.people.height

    def sentences(self, titles: Mapping[Id, str] | None = None) -> list[str]:
        """The result in words, the main thing first; every number stands in a frame.

        Parameters
        ----------
        titles : mapping, optional
            Item id → title.
        """
        return sentences(self, titles or {})


def what_if_many(
    model: Recommender,
    people: Split | Profiles,
    change: Change | Policy | Edit,
    k: int = 10,
    policy: Policy | None = None,
    *,
    user_ids: Iterable[Id] | None = None,
    progress: Say | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 2000,
) -> WhatIf:
    """Make one change to many people, and compare their lists before and after.

    People are asked in blocks, so memory does not grow with their number. Nothing is changed in
    place: stopped at any moment (by an error in ``progress``, or Ctrl-C) it leaves no trace.

    Parameters
    ----------
    model : Recommender
        Fitted; on ``people.train`` where a split is given.
    people : Split or Profiles
        A split asks those with a relevant test item, and their figures are measured. Profiles
        only have their lists compared.
    change : Change, Policy or callable
        See ``wb.Change``; a policy replaces the one before, a function edits each Profile.
    k : int
        Places of a list.
    policy : Policy, optional
        What lists go through anyway.
    user_ids : iterable of ids, optional
        Only these people of a split.
    progress : callable, optional
        Hears how far it is (0 to 1) and what is being done.
    level, seed, n_boot
        Of the bootstrap over people, as in ``wb.summarise``.

    Returns
    -------
    WhatIf

    Raises
    ------
    ArgumentError
        An argument cannot work: unknown items or people, a new title without a split.
    DataError
        There is nobody to ask.

    Notes
    -----
    The rule for what an edit takes out of a history (``Change.unsaw``, or an edit of one's own):
    its item is unseen from then on, so it may be shown, as ``wb.slate`` of the edited profile has
    it. ``wb.counterfactual`` and the effects of removal in ``wb.explain`` ask another question,
    what the event did to the *other* items, and leave it out of the list.

    *Retired* items are no longer shown; histories stay, and so does what others learnt from them.
    *Added* titles are fitted into the catalogue without an event (see ``with_newcomer``), and both
    lists come from that model, without and with the title, so that they differ by it alone.
    What people chose later stays what it was, whatever the change: nobody ever chose a title that
    was not there, and who chose a retired one counts as missed. A figure says how well lists meet
    those choices, not what people would have chosen instead.
    """
    check_k(k)
    change = Change.of(change)
    if not isinstance(model, Recommender):
        raise ArgumentError(
            f"model must be a fitted model, not {type(model).__name__}; "
            "give wb.FromFunction(it).fit(dataset) for a function"
        )
    model._require_fitted()
    split, profiles = _asked(people, user_ids)
    change.check(model.catalogue)
    say = progress or (lambda share, words: None)
    before = policy
    after = change.policy_after(policy)
    item_id = change.item_id
    started = 0.0
    if change.newcomer is not None:
        if split is None:
            raise ArgumentError(
                "people are Profiles, and a new title is fitted into a log; give a Split"
            )
        item_id = change.newcomer.id_in(split.train.catalogue)
        split = replace(split, train=change.newcomer.joined(split.train))
        model = with_newcomer(model, split.train, lambda share, words: say(share * FITTING, words))
        before = replace(before or Policy(), exclude=(*(before or Policy()).exclude, item_id))
        started = FITTING
    for one in (before, after):
        if one is not None:
            one.check(model.catalogue, k)
    parts: list[dict[str, pl.DataFrame]] = []
    size = max(1, min(BLOCK, CELLS // len(model.catalogue)))
    for part, block in profiles.blocks(size):
        done = started + (LISTING - started) * part.start / len(profiles)
        say(done, f"{part.start:,} of {len(profiles):,} people")
        parts.append(_block(model, block, part.start, change, item_id, k, before, after))
    say(LISTING, "measuring")
    lists = {side: pl.concat([p[side] for p in parts]) for side in ("before", "after")}
    slates = {side: Slates(frame, len(profiles), k) for side, frame in lists.items()}
    people_frame = measures.people_frame(
        slates, pl.concat([p["people"] for p in parts]), split, item_id
    )
    how = level, seed, n_boot
    found = WhatIf(
        change,
        item_id,
        k,
        people_frame,
        measures.items_frame(lists, item_id),
        measures.metrics_frame(model, split, slates, k, after or before, *how),
        measures.reach_frame(people_frame, change.edit is not None, item_id, *how),
    )
    say(1.0, "done")
    return found


def _asked(
    people: Split | Profiles, user_ids: Iterable[Id] | None
) -> tuple[Split | None, Profiles]:
    if isinstance(people, Profiles):
        if user_ids is not None:
            raise ArgumentError("user_ids are for a Split; of Profiles take people[rows]")
        if len(people) == 0:
            raise DataError("people are empty; give at least one profile")
        return None, people
    if not isinstance(people, Split):
        raise ArgumentError(
            f"people must be a Split or Profiles, not {type(people).__name__}; use wb.split(...), "
            "or dataset.profiles(user_ids)"
        )
    check_split(people)
    split = people if user_ids is None else asking_only(people, user_ids)
    ids, profiles = split.people()
    if not ids:
        raise DataError(f"nobody in the test of {split.train.name!r} has a relevant item")
    return split, profiles


def _block(
    model: Recommender,
    block: Profiles,
    start: int,
    change: Change,
    item_id: Id | None,
    k: int,
    before: Policy | None,
    after: Policy | None,
) -> dict[str, pl.DataFrame]:
    """Lists of a block before and after, and who was edited and how far the item comes."""
    block = block.aligned(model.catalogue)
    old = recommend(model, block, k, before).frame.select(ROW, RANK, ITEM)
    edited, rows = change.applied(block)
    touched = np.zeros(len(block), dtype=bool)
    touched[rows] = True
    others = np.flatnonzero(~touched)
    if after is before:  # whoever is not touched is shown what they were shown
        new = old.filter(~pl.Series(touched[old[ROW].to_numpy()]))
    else:
        new = _lists(model, block[others], others, k, after)
    new = pl.concat([new, _lists(model, edited, rows, k, after)]).sort(ROW, RANK)
    traced, at = (block, others) if change.edit is None else (edited, rows)
    told: dict[str, Any] = {
        "edited": touched,
        "stage": pl.Series([None] * len(block), dtype=pl.String),
        "rank": pl.Series([None] * len(block), dtype=pl.Int64),
        "place": pl.Series([None] * len(block), dtype=pl.Int64),
    }
    if change.traced and item_id is not None and len(at):
        for name, values in _way(model, traced, item_id, k, after).items():
            told[name] = told[name].scatter(at, values)
    moved_on = pl.col(ROW) + start
    return {
        "before": old.with_columns(moved_on),
        "after": new.with_columns(moved_on),
        "people": pl.DataFrame(told),
    }


def _lists(
    model: Recommender, people: Profiles, rows: IntArray, k: int, policy: Policy | None
) -> pl.DataFrame:
    """Lists of some people, under their rows of the block."""
    frame = recommend(model, people, k, policy).frame.select(ROW, RANK, ITEM)
    moved = pl.Series(ROW, rows[frame[ROW].to_numpy()], dtype=frame.schema[ROW])
    return frame.with_columns(moved)


def _way(
    model: Recommender, people: Profiles, item_id: Id, k: int, policy: Policy | None
) -> dict[str, pl.Series]:
    """How far an item comes with each of the people."""
    code = np.full(len(people), model.catalogue.code(item_id))
    found = trace(model, people, np.arange(len(people)), code, k, policy)
    far = np.iinfo(np.int64).max
    place = np.where(found.scored, found.place, far).min(axis=1)
    return {
        "stage": pl.Series(found.stage.tolist(), dtype=pl.String),
        "rank": _number(found.rank, found.rank > 0),
        "place": _number(place, (place < far) & ~found.met),
    }


def _number(values: IntArray, known: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(values, dtype=pl.Int64).set(pl.Series(~known), None)
