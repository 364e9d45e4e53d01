"""Mending, tried: every point of a frontier made and measured on the people of one cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.audit.groups import Grouping
from workbench.audit.mitigation_constrained import (
    CONSTRAINED,
    GRID,
    MOST_DIMENSIONS,
    Problem,
    dimensions,
    mixtures,
)
from workbench.audit.mitigation_figures import Aim, Measured, frontier_frame
from workbench.audit.mitigation_learning import (
    PEOPLE,
    REWEIGHTING,
    Taught,
    Teaching,
    item_weights,
    person_weights,
    with_ranker,
)
from workbench.audit.mitigation_rerank import RERANKING, policies
from workbench.data.split import Split
from workbench.errors import DataError
from workbench.evaluation.frontier import slates_of
from workbench.models.base import Recommender
from workbench.profile import Profile
from workbench.ranking.engine import Engine
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import slate
from workbench.slate import Slate, Slates
from workbench.vocabulary import IntArray

NONE = "none"
AS_IS, RE_RANKING, RE_WEIGHTING = "as it is", "re-ranking", "re-weighting"
CONSTRAINED_LEARNING = "constrained learning"
ITEMS = "items"
MOSTLY = 0.5
"""Share from which an item that is of the kind in part counts as one of it."""


@dataclass(frozen=True, eq=False)
class Point:
    """One way to mend, at one strength.

    Attributes
    ----------
    method, family : str
    strength : float
    model : Recommender
    policy : Policy or None
    """

    method: str
    family: str
    strength: float
    model: Recommender = field(repr=False)
    policy: Policy | None = field(default=None, repr=False)

    def slate(self, profile: Profile, k: int = 10) -> Slate:
        """What this point shows to a person."""
        return slate(self.model, profile, k, self.policy)


@dataclass(frozen=True)
class Bench:
    """A model and the people of one cut, on which points are measured.

    Attributes
    ----------
    model : Recommender
        Fitted on ``split.train``.
    split : Split
    aim : Aim
    everybody : Grouping or None
        Of everybody in the log, in code order.
    goal : str
        Whose disparity learning is constrained in: "items" or "people".
    constraint : str
    k, seed : int
    tell : callable
    what : str
        Whom the points are for, in words.
    """

    model: Recommender
    split: Split
    aim: Aim
    everybody: Grouping | None
    goal: str
    constraint: str
    k: int
    seed: int
    tell: Callable[[str], None]
    what: str

    def frames(
        self, names: list[str], worst: list[str], skipped: dict[str, str]
    ) -> tuple[pl.DataFrame, pl.DataFrame, list[Point]]:
        """The frontier, nDCG of the groups, the points.

        Parameters
        ----------
        names : list of str
            What is to be tried.
        worst : list of str
            Filled with the group that is worst off, where it is empty.
        skipped : dict
            What cannot be tried → why is added; it is given again for the next cut.
        """
        points, measured = self._reranked([n for n in names if n in RERANKING])
        if not worst and len(self.aim.shown_groups()) > 1:
            worst.append(self._worst(measured[0]))
        weighted = [n for n in names if n in REWEIGHTING and (n != PEOPLE or worst)]
        constrained = [n for n in names if n in CONSTRAINED and n not in skipped]
        if weighted or constrained:
            more, theirs = self._learnt(weighted, constrained, worst, skipped)
            points, measured = points + more, measured + theirs
        said = [(p.method, p.family, p.strength) for p in points]
        frontier, groups = frontier_frame(said, measured, self.split, self.aim, self.seed)
        return frontier, groups, points

    def _reranked(self, names: list[str]) -> tuple[list[Point], list[Measured]]:
        self.tell(f"re-ranking for {self.what}")
        points = reranking(self.model, self.split, self.aim, names)
        every = [point.policy or Policy() for point in points]
        lists = slates_of(self.model, self.split, every, self.k)
        return points, [self._measured(slates) for slates in lists]

    def _learnt(
        self, weighted: list[str], constrained: list[str], worst: list[str], skipped: dict[str, str]
    ) -> tuple[list[Point], list[Measured]]:
        """Engines whose ranker has learnt again; lessons, candidates and features are made once."""
        assert isinstance(self.model, Engine)
        self.tell(f"making lessons for {self.what}")
        teaching = Teaching.of(self.model)
        taught = teaching.lessons(self.split.train)
        points = [*self._reweighted(self.model, teaching, taught, weighted, worst)]
        points += self._constrained(self.model, taught, constrained, skipped)
        rankers = [point.model.ranker_ for point in points]  # type: ignore[attr-defined]
        lists = teaching.lists(self.split.people()[1], rankers, self.k) if points else []
        return points, [self._measured(slates) for slates in lists]

    def _reweighted(
        self,
        engine: Engine,
        teaching: Teaching,
        taught: Taught,
        names: list[str],
        worst: list[str],
    ) -> Iterator[Point]:
        for name in names:
            for strength in REWEIGHTING[name]:
                self.tell(f"{name} at {strength:g} for {self.what}")
                weight = (
                    person_weights(taught.lessons, self._members(worst[0]), strength)
                    if name == PEOPLE
                    else item_weights(taught.lessons, taught.item, self.aim.member, strength)
                )
                about = {"method": name, "strength": strength, "kind": list(self.aim.kind)}
                if name == PEOPLE:
                    about["kind"] = [worst[0]]
                ranker = teaching.taught(taught.lessons, weight)
                yield Point(name, RE_WEIGHTING, strength, with_ranker(engine, ranker, **about))

    def _constrained(
        self, engine: Engine, taught: Taught, names: list[str], skipped: dict[str, str]
    ) -> Iterator[Point]:
        group, compared = self._held(taught)
        problem = Problem(engine.ranker_, taught, group, compared, self.seed)
        try:
            problem.check()
        except DataError as error:
            skipped |= dict.fromkeys(names, str(error))
            return
        free = dimensions(self.constraint, len(compared))
        for name in names:
            if name == GRID and free > MOST_DIMENSIONS:
                skipped[name] = (
                    f"{self.constraint} over {len(compared)} groups has {free} multipliers, too "
                    f"many for a grid; at most {MOST_DIMENSIONS}"
                )
                continue

            def heard(what: str) -> None:
                self.tell(f"{what} for {self.what}")

            found = mixtures(name, problem, self.constraint, CONSTRAINED[name], heard)
            for strength, mixture in found:
                about = {"method": name, "strength": strength, "constraint": self.constraint}
                about |= {"between": list(compared), "weights": mixture.weights}
                made = with_ranker(engine, mixture.ranker(engine), **about)
                yield Point(name, CONSTRAINED_LEARNING, strength, made)

    def _held(self, taught: Taught) -> tuple[NDArray[np.str_], list[str]]:
        """The group of each lesson, and those that are compared: of items, or of people."""
        if self.goal == ITEMS:
            value = self.aim.kind[1]
            other = f"not {value}"
            kinds = np.where(self.aim.member >= MOSTLY, value, other)
            return kinds[taught.item], [value, other]
        assert self.everybody is not None
        names = np.array(self.everybody.names.to_list())
        return names[taught.lessons.person], self.aim.shown_groups()

    def _measured(self, slates: Slates) -> Measured:
        return Measured.of(slates, self.split, self.k, self.aim.member)

    def _worst(self, measured: Measured) -> str:
        assert self.aim.grouping is not None
        names = np.array(self.aim.grouping.names.to_list())
        return min(self.aim.shown_groups(), key=lambda g: measured.ndcg[names == g].mean())

    def _members(self, group: str) -> IntArray:
        """Codes of the people of a group, of all who are in the log."""
        assert self.everybody is not None
        return np.flatnonzero((self.everybody.names == group).to_numpy())


def reranking(model: Recommender, split: Split, aim: Aim, names: list[str]) -> list[Point]:
    """The model as it is, and then every way of ``names`` at each of its strengths."""
    made = policies(split.train, aim.kind, aim.target, names)
    points = [Point(NONE, AS_IS, 0.0, model)]
    return points + [Point(name, RE_RANKING, s, model, policy) for name, s, policy in made]
