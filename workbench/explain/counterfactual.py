"""Counterfactual: the smallest edit of a person that moves an item into or out of their slate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from workbench.columns import ITEM
from workbench.display import Sheet, Shown
from workbench.errors import ArgumentError
from workbench.explain.certificate import ENTER, LEAVE, certificate
from workbench.explain.edits import ADD, CHANGES, RATE, REMOVE, Edits
from workbench.explain.goal import Goal
from workbench.explain.naming import titles_of
from workbench.explain.pool import (
    check_values,
    given_pool,
    liked_value,
    own_values,
    pool_of,
)
from workbench.explain.search import Outcome, Search
from workbench.explain.variants import ranked_scores, ranks_of
from workbench.models.base import Recommender
from workbench.models.parameters import check_whole, check_word
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k, slate
from workbench.slate import Slate
from workbench.vocabulary import Id, IntArray

BOUND = 400
"""Profiles with two edits and more that a search may score by default: about a second."""
AUTO = "auto"


@dataclass(frozen=True, eq=False, repr=False)
class Counterfactual(Shown):
    """The smallest edit that was found, and the certificate of it.

    Attributes
    ----------
    item_id : str or int
    k : int
    change : str
        "remove", "add" or "rate".
    goal : str
        "leave" or "enter" the slate.
    found : bool
        Whether an edit reaches the goal. Where none does, ``remove``, ``add`` and ``rate`` hold
        the nearest miss.
    remove : tuple of item ids
        To be taken out of the history, with all their events.
    add : tuple of item ids
        To be added at the person's moment, with ``value``.
    rate : dict of item id to float
        To be given this value.
    value : float or None
        Of what is added; None where it has none.
    method : str
        "exhaustive": every smaller set was tried, so there is none (where nothing was found: every
        set). "greedy": sets were grown edit by edit and pruned; every edit is needed, but a
        smaller set may exist.
    n_scored : int
        Edited profiles that were scored.
    tried : polars.DataFrame
        ``size, n_scored, n_possible``: how many sets of each size were scored, and how many there
        are.
    singles : polars.DataFrame
        ``item_id, value, effect, reaches``, largest effect first: every single edit, whether it
        alone reaches the goal, and by how much it brings the item nearer to it (score of the item
        less that of the last other item of the slate, before and after; null where the item is
        ranked in one of the two only).
    verified : bool
        Whether ``slate_after`` says the same as the search.
    slate_before, slate_after : Slate
        By ``wb.slate``, of the person as they are and after the edit.
    rank_before, rank_after : int or None
        In the model's whole list, before any policy; None where the item is not in it.
    profile : Profile
        The person after the edit.
    policy : Policy or None
        The one asked for, and what was removed is excluded: with it ``wb.slate`` of ``profile`` is
        ``slate_after``.
    pool : tuple of item ids
        What could be added; empty for other changes.
    sentence : str
    titles : mapping
        Item id → title, as far as they are known.
    """

    item_id: Id
    k: int
    change: str
    goal: str
    found: bool
    remove: tuple[Id, ...]
    add: tuple[Id, ...]
    rate: dict[Id, float]
    value: float | None
    method: str
    n_scored: int
    tried: pl.DataFrame = field(repr=False)
    singles: pl.DataFrame = field(repr=False)
    verified: bool
    slate_before: Slate = field(repr=False)
    slate_after: Slate = field(repr=False)
    rank_before: int | None
    rank_after: int | None
    profile: Profile = field(repr=False)
    policy: Policy | None = field(repr=False)
    pool: tuple[Id, ...] = field(repr=False)
    sentence: str = ""
    titles: Mapping[Id, str] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        """True where an edit was found."""
        return self.found

    def _sheet(self) -> Sheet:
        facts = (
            ("found", self.found),
            ("verified", self.verified),
            ("search", self.method),
            ("edits scored", self.n_scored),
        )
        lists = ("The list before and after", self.slate_before.diff(self.slate_after).marked)
        return Sheet("Counterfactual", facts, (lists,), lead=self.sentence).titled(self.titles)


def counterfactual(
    model: Recommender,
    profile: Profile,
    item_id: Id,
    k: int = 10,
    *,
    change: str = REMOVE,
    goal: str = AUTO,
    bound: int = BOUND,
    policy: Policy | None = None,
    pool: Sequence[Id] | None = None,
    values: Sequence[float] | None = None,
    titles: Mapping[Id, str] | None = None,
) -> Counterfactual:
    """The smallest edit of a person with which an item leaves their slate, or enters it.

    First all single edits. Where none of them does, a set is grown edit by edit and pruned until
    every edit is needed; then all smaller sets are tried in the order of size, as far as ``bound``
    allows.

    The rule for what is removed: its item stays out of the slate. The question is what the event
    did to the others, and not that its own item, no longer met, could be shown again and push
    them down. ``wb.slate(model, profile.without(item))`` alone does let it come back; to see the
    certified slate, give it the ``policy`` of the answer.

    Parameters
    ----------
    model : Recommender
        Fitted.
    profile : Profile
    item_id : str or int
        Of the catalogue, and not met by the person.
    k : int
        Places of the slate.
    change : str
        "remove" items of the history, "add" items to it, or "rate" items of it anew.
    goal : str
        "leave", "enter", or "auto": leave where the item is on the slate, else enter.
    bound : int
        Profiles with two edits and more that may be scored; those with one all are. The pruning of
        a set that was found is always finished.
    policy : Policy, optional
        Of the slates.
    pool : sequence of item ids, optional
        What may be added. By default what the model shows first to somebody who has met only
        this item (to make it leave: only the first item below the slate) and to somebody with no
        history, 40 of each. Items of the slate are not among them: to have met one only frees
        its place.
    values : sequence of float, optional
        What an event may be rated. By default the values of the person's own history (five,
        evenly spread, where there are more than ten). What is added has the highest of
        ``values``; by default the person's highest, or what the log calls relevant if that is more.
    titles : mapping, optional
        Item id → title, for the sentence. An engine knows its own.

    Raises
    ------
    ArgumentError
        An argument cannot work; the item is not in the catalogue, was met, or is already where
        the goal wants it; there is no value to rate with.
    NotFittedError
        The model has not been fitted.
    """
    code = _checked(model, profile, item_id, k, change, goal, bound)
    person = Profiles.of(profile, model.catalogue)
    allowed = None if values is None else check_values(values)
    before = slate(model, profile, k, policy)
    leave = _leaves(goal, item_id, before)
    if change == REMOVE:
        edits = Edits.removals(person)
    elif change == RATE:
        edits = Edits.ratings(person, own_values(person) if allowed is None else allowed)
    else:
        value = liked_value(model, person) if allowed is None else max(allowed)
        if pool is None:
            items = _near_and_popular(model, person, code, leave, before, value)
        else:
            items = given_pool(model, person, code, pool)
        edits = Edits.additions(person, items, value)
    asked = Goal(model, edits, code, k, policy, leave)
    search = Search(asked, edits.item, bound)
    outcome = search.run()

    after = edits.profile(profile, outcome.edits)
    ids = tuple(edits.ids(outcome.edits))
    removed = ids if change == REMOVE else ()
    ruled = _without(policy, removed)
    shown = slate(model, after, k, ruled)
    verified = (item_id in shown) == (leave != outcome.reached)
    both = ranked_scores(model, person, edits.people([(), outcome.edits]))
    ranks = ranks_of(both, np.array([code]))[:, 0].tolist()
    given = edits.value[list(outcome.edits)].tolist()
    found = Counterfactual(
        item_id=item_id,
        k=k,
        change=change,
        goal=LEAVE if leave else ENTER,
        found=outcome.reached and verified,
        remove=removed,
        add=ids if change == ADD else (),
        rate=dict(zip(ids, given, strict=True)) if change == RATE else {},
        value=_known(edits.value[0]) if change == ADD and len(edits) else None,
        method=outcome.method,
        n_scored=outcome.n_scored,
        tried=_tried(outcome),
        singles=asked.singles(search),
        verified=verified,
        slate_before=before,
        slate_after=shown,
        rank_before=ranks[0] or None,
        rank_after=ranks[1] or None,
        profile=after,
        policy=ruled,
        pool=tuple(model.catalogue.take(edits.item)) if change == ADD else (),
    )
    known = titles_of(model) if titles is None else titles
    return replace(found, sentence=certificate(found, known), titles=known)


def _checked(
    model: Recommender, profile: Profile, item_id: Id, k: int, change: str, goal: str, bound: int
) -> int:
    """The item's code, where all arguments can work."""
    check_k(k)
    check_word("change", change, CHANGES)
    check_word("goal", goal, (AUTO, LEAVE, ENTER))
    check_whole("bound", bound)
    if not isinstance(profile, Profile):
        raise ArgumentError(
            f"profile must be a Profile, not {type(profile).__name__}; take people[i]"
        )
    model._require_fitted()
    code = model.catalogue.code(item_id)
    if code < 0:
        raise ArgumentError(f"item_id: {item_id!r} is not in the catalogue of {model.name!r}")
    if item_id in profile:
        raise ArgumentError(
            f"item_id: {item_id!r} is in the history of this person, and what was met is never "
            "shown; ask about another item, or about profile.without(item_id)"
        )
    return int(code)


def _leaves(goal: str, item_id: Id, before: Slate) -> bool:
    """Whether the item is to leave."""
    shown = item_id in before
    if goal != AUTO and shown != (goal == LEAVE):
        raise ArgumentError(
            f"goal={goal!r}: item {item_id!r} is {'already' if shown else 'not'} on the slate of "
            f"this person; leave the goal out to ask for the other way"
        )
    return shown


def _near_and_popular(
    model: Recommender,
    person: Profiles,
    code: int,
    leave: bool,
    before: Slate,
    value: float | None,
) -> IntArray:
    """What may be added: near the item, or near the first one that would take its place."""
    banned = np.append(model.catalogue.codes(before.frame[ITEM]), code)
    anchor = code
    if leave:
        scores = ranked_scores(model, person, person)[0]
        scores[banned] = np.nan
        anchor = int(np.nanargmax(scores)) if np.isfinite(scores).any() else code
    return pool_of(model, person, anchor, banned, value)


def _without(policy: Policy | None, gone: Sequence[Id]) -> Policy | None:
    """The policy under which what was removed stays out of the slate."""
    if not gone:
        return policy
    policy = Policy() if policy is None else policy
    return replace(policy, exclude=(*policy.exclude, *gone))


def _tried(outcome: Outcome) -> pl.DataFrame:
    rows = [(size, n, float(possible)) for size, (n, possible) in outcome.tried.items()]
    schema = {"size": pl.Int64, "n_scored": pl.Int64, "n_possible": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)
