"""Funnel: how far an item comes on its way to a person's slate, and where it stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import ITEM, RANK, ROW
from workbench.errors import ArgumentError
from workbench.features.signal import Signal
from workbench.models.base import Recommender
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.policy.policy import EVERYTHING
from workbench.ranking.policy.record import Steps
from workbench.ranking.recommend import check_k, recommend
from workbench.vocabulary import Id, IntArray

CATALOGUE, UNSEEN, RETRIEVABLE = "catalogue", "unseen", "retrievable"
CANDIDATE, RANKED, SHOWN = "candidate", "ranked", "shown"
RULES = ("exclude", "cap")
"""Steps of a policy that take an item out; the others move it out."""

SCHEMA = {"stage": pl.String, "passed": pl.Boolean, "detail": pl.String, "number": pl.Float64}

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Funnel:
    """How far an item comes.

    Attributes
    ----------
    item_id : str or int
    stage : str
        "shown", or the first stage that it did not pass: "catalogue", "unseen", "retrievable",
        "candidate", "ranked", or the step of the policy that it last fell to.
    sentence : str
        The same in words; every claim in it is a row of the frame.
    frame : polars.DataFrame
        ``stage, passed, detail, number``. ``passed`` is null where the question does not arise.
        ``number`` is, for "retrievable", how many models score the item; for "candidate", its
        best rank among the retrievers; for "ranked", its rank; for the steps of a policy and
        "shown", its place, null where it has none.
    """

    item_id: Id
    stage: str
    sentence: str
    frame: pl.DataFrame = field(repr=False)

    def __bool__(self) -> bool:
        """True where the item is shown."""
        return self.stage == SHOWN


@dataclass(frozen=True)
class Trace:
    """How far each of many (profile, item) pairs comes.

    Attributes
    ----------
    labels : list of str
        The retrievers of an engine; the model itself where there is one stage only.
    depth : int or None
        Of each retriever; None where there is one stage only.
    met : (n_pairs,) bool
    scored : (n_pairs, n_labels) bool
        Which models can say something of the item to this person.
    place : (n_pairs, n_labels) int64
        Rank in each model's unmet items, from 1.
    brought : (n_pairs, n_labels) bool
        Which retrievers make it a candidate.
    rank : (n_pairs,) int64
        In the model's whole list, from 1; 0 where it is not in it.
    steps : list of str
        Of the policy.
    places : (n_pairs, n_steps + 1) int64
        Place among the first ``k`` before the policy and after each step; 0 where it has none.
    n_ranked : (n_pairs,) int64
        Length of the person's whole list.
    """

    labels: list[str]
    depth: int | None
    met: Mask
    scored: Mask
    place: IntArray
    brought: Mask
    rank: IntArray
    steps: list[str]
    places: IntArray
    n_ranked: IntArray

    @property
    def stage(self) -> NDArray[np.str_]:
        """Where each pair stops, ``(n_pairs,)``; "shown" where it does not."""
        inside = self.places > 0
        found = np.full(len(self.rank), RANKED, dtype=object)
        for step, name in enumerate(self.steps):
            found[inside[:, step] & ~inside[:, step + 1]] = name
        never = (self.rank == 0) & ~inside.any(axis=1)
        found[never] = CANDIDATE if self.depth else RETRIEVABLE
        found[never & ~self.scored.any(axis=1)] = RETRIEVABLE
        found[self.met] = UNSEEN
        found[inside[:, -1]] = SHOWN
        return found.astype(str)


def trace(
    model: Recommender,
    people: Profiles,
    row: IntArray,
    item: IntArray,
    k: int,
    policy: Policy | None = None,
) -> Trace:
    """How far pairs come: pair ``p`` is ``people[row[p]]`` with the item of code ``item[p]``.

    Parameters
    ----------
    model : Recommender
        Fitted; an engine has two stages, any other model one.
    people : Profiles
        Of one block: the scores of all its items are held at once.
    row, item : (n_pairs,) int64
        Codes are those of the model's catalogue.
    k : int
    policy : Policy, optional
    """
    people = people.aligned(model.catalogue)
    whole = recommend(model, people, EVERYTHING)
    rank = np.zeros((len(people), len(model.catalogue)), dtype=np.int64)
    rank[whole.frame[ROW].to_numpy(), model.catalogue.codes(whole.frame[ITEM])] = whole.frame[RANK]
    lists = [_first(rank, k)]
    names: list[str] = []
    if policy is not None:
        steps = policy.apply(whole, people, k).steps
        changes = steps.parts[0][2] if isinstance(steps, Steps) else []
        names = [change.step for change in changes]
        lists += [_places(change.after, len(model.catalogue)) for change in changes]
    met = np.asarray(people.seen[row, item] > 0).ravel()
    retrievers: Mapping[str, Recommender] | None = getattr(model, "retrievers_", None)
    labels = [model.name] if retrievers is None else list(retrievers)
    depth: int | None = None
    if retrievers is None:
        place = rank[row, item][:, None]
        scored = brought = place > 0
    else:
        depth = int(vars(model)["depth"])
        shown = people.showing(model.uses)
        told = [_told(one, shown, row, item) for one in retrievers.values()]
        speaks, scored, place = (np.stack(column, axis=1) for column in zip(*told, strict=True))
        brought = speaks & (place <= depth) & ~met[:, None]
        scored = (speaks & scored) | brought  # an engine takes NaN for 0
    return Trace(
        labels,
        depth,
        met,
        scored,
        place,
        brought,
        rank[row, item],
        names,
        np.stack([one[row, item] for one in lists], axis=1),
        (rank > 0).sum(axis=1)[row],
    )


def funnel(
    model: Recommender,
    profile: Profile,
    item_id: Id,
    k: int = 10,
    policy: Policy | None = None,
    *,
    titles: Mapping[Id, str] | None = None,
) -> Funnel:
    """How far an item comes on its way to a person's slate: why it is not shown, or how it came.

    Parameters
    ----------
    model : Recommender
        Fitted. For an engine the stages are: is the item in the catalogue; has the person not
        met it; does any retriever score it; does one put it among its first ``depth``; does the
        ranker put it among the first ``k``; what does each step of the policy do with it. Any
        other model has no candidates.
    profile : Profile
    item_id : str or int
    k : int
        Places of the slate.
    policy : Policy, optional
    titles : mapping, optional
        Item id → title, for the sentence.

    Returns
    -------
    Funnel

    Raises
    ------
    ArgumentError
        ``profile`` is no Profile, or ``k`` no number of places.
    NotFittedError
        The model has not been fitted.
    """
    check_k(k)
    if not isinstance(profile, Profile):
        raise ArgumentError(
            f"profile must be a Profile, not {type(profile).__name__}; take people[i]"
        )
    model._require_fitted()
    name = (titles or {}).get(item_id)
    name = f"“{name}”" if name else f"item {item_id}"
    code = model.catalogue.code(item_id)
    if code < 0:
        kind = "integers" if model.catalogue.is_integer else "text"
        why = f"not among the {len(model.catalogue):,} items, whose ids are {kind}"
        frame = pl.DataFrame([(CATALOGUE, False, why, None)], schema=SCHEMA, orient="row")
        return Funnel(item_id, CATALOGUE, f"{name} cannot be shown: it is {why}.", frame)
    people = Profiles.of(profile, model.catalogue)
    one = trace(model, people, np.zeros(1, np.int64), np.array([code]), k, policy)
    rows = _rows(one, len(model.catalogue), k)
    stage = str(one.stage[0])
    detail = next(detail for at, _, detail, _ in reversed(rows) if at == stage)
    sentence = (
        f"{name} is shown: {detail}." if stage == SHOWN else f"{name} is not shown: {detail}."
    )
    return Funnel(item_id, stage, sentence, pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def _rows(one: Trace, n_items: int, k: int) -> list[tuple[str, bool | None, str, float | None]]:
    """The table of a trace of one pair."""
    met, rank = bool(one.met[0]), int(one.rank[0])
    scored = [label for label, said in zip(one.labels, one.scored[0], strict=True) if said]
    rows: list[tuple[str, bool | None, str, float | None]] = [
        (CATALOGUE, True, f"one of {n_items:,} items", None),
        (UNSEEN, not met, "met before" if met else "not met before", None),
    ]
    if met:
        found, words = None, "not asked: what was met before is not ranked"
    elif one.depth is None:
        found = bool(scored)
        words = f"{one.labels[0]} {'scores' if found else 'cannot score'} it for this person"
    else:
        found = bool(scored)
        words = f"{len(scored)} of {len(one.labels)} retrievers can score it for this person"
    rows.append((RETRIEVABLE, found, words, None if met else float(len(scored))))
    if one.depth is not None:
        place = np.where(one.scored[0], one.place[0], np.iinfo(np.int64).max)
        best = int(place.argmin())
        if met or not scored:
            rows.append((CANDIDATE, None if met else False, "no retriever brings it", None))
        else:
            words = (
                f"its best rank is {place[best]:,}, by {one.labels[best]}, and the first "
                f"{one.depth:,} of each retriever are candidates"
            )
            rows.append((CANDIDATE, bool(one.brought[0].any()), words, float(place[best])))
    if rank:
        words = f"rank {rank:,} of {one.n_ranked[0]:,}, and {k} are shown"
        rows.append((RANKED, rank <= k, words, float(rank)))
    else:
        rows.append((RANKED, None, "not in the list that is ranked", None))
    for step, before, after in zip(one.steps, one.places[0], one.places[0, 1:], strict=False):
        rows.append((step, bool(after) if before or after else None, *_moved(step, before, after)))
    last = int(one.places[0, -1])
    lifts = [
        step
        for step, before, after in zip(one.steps, one.places[0], one.places[0, 1:], strict=False)
        if after and not before
    ]
    words = f"on place {last} of {k}" if last else "not in the list"
    if last and lifts and not 0 < rank <= k:
        words += f", brought in by {lifts[-1]}"
    rows.append((SHOWN, bool(last), words, float(last) if last else None))
    return rows


def _moved(step: str, before: int, after: int) -> tuple[str, float | None]:
    """What a step of a policy did to one item."""
    if after and before:
        words = f"stays on place {after}" if after == before else f"moved from {before} to {after}"
    elif after:
        words = f"brought in, on place {after}"
    elif before:
        how = "removed by the rule" if step in RULES else "moved out by"
        words = f"{how} {step}, from place {before}"
    else:
        words = "neither before nor after among the places"
    return words, float(after) if after else None


def _told(
    model: Recommender, people: Profiles, row: IntArray, item: IntArray
) -> tuple[Mask, Mask, IntArray]:
    """Whether a retriever tells a person's items apart, scores this one, and at which rank."""
    unmet = np.ones((len(people), len(people.catalogue)), dtype=bool)
    unmet[people.row[people.counts], people.item[people.counts]] = False
    score = np.asarray(model.score(people))
    signal = Signal(score, unmet)
    ahead = signal.ahead(row, item).astype(np.int64)
    return signal.speaks[row], np.isfinite(score[row, item]), ahead + 1


def _first(rank: IntArray, k: int) -> IntArray:
    return np.where(rank <= k, rank, 0)


def _places(codes: IntArray, n_items: int) -> IntArray:
    """Place of each item, from 1, ``(n_rows, n_items)``; 0 where it has none."""
    out = np.zeros((len(codes), n_items), dtype=np.int64)
    row, place = np.nonzero(codes >= 0)
    out[row, codes[row, place]] = place + 1
    return out
