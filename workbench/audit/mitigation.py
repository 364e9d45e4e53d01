"""Mending: what lowers a disparity, and what it costs; a frontier with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from workbench.audit.groups import Grouping, Groups, groupings
from workbench.audit.mitigation_figures import AGAINST, CATALOGUE, Aim, Measured, frontier_frame
from workbench.audit.mitigation_learning import (
    PEOPLE,
    REWEIGHTING,
    Teaching,
    item_weights,
    person_weights,
    with_ranker,
)
from workbench.audit.mitigation_rerank import RERANKING, policies
from workbench.audit.verdict import SMALLEST, check_minimum
from workbench.columns import USER
from workbench.data.split import IN_TIME, METHODS, PER_USER_TIME, RANDOM, Split
from workbench.data.split import split as cut
from workbench.errors import ArgumentError
from workbench.evaluation.frontier import slates_of
from workbench.models.base import Recommender
from workbench.models.parameters import check_above, check_seed, check_word
from workbench.profile import Profile
from workbench.ranking.engine import Engine
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k, slate
from workbench.slate import Slate, Slates
from workbench.vocabulary import IntArray

NONE = "none"
AS_IS, RE_RANKING, RE_WEIGHTING = "as it is", "re-ranking", "re-weighting"
GOALS = ("items", "people")
ALL = (*RERANKING, *REWEIGHTING)


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


@dataclass(frozen=True, eq=False)
class Mitigation:
    """A frontier of accuracy against disparity.

    Attributes
    ----------
    frontier : polars.DataFrame
        One row per point, measured on the test; the first is the engine as it is. See
        ``workbench.audit.mitigation_figures.frontier_frame``; and ``chosen``: the strength of each
        method that was chosen on validation.
    validation : polars.DataFrame
        The same, on a cut inside the training part, where strengths were chosen.
    groups : polars.DataFrame
        ``point, group, n, value, low, high``: nDCG of each group on the test.
    points : tuple of Point
        In the order of the rows.
    best : int or None
        The chosen point with the least disparity on validation; None where none lowers it.
    skipped : polars.DataFrame
        ``method`` and the ``reason`` why it was not tried.
    settings : dict
    """

    frontier: pl.DataFrame
    validation: pl.DataFrame
    groups: pl.DataFrame
    points: tuple[Point, ...]
    best: int | None
    skipped: pl.DataFrame
    settings: dict[str, Any] = field(repr=False)

    @property
    def sentence(self) -> str:
        """What was found, in words; every number is in the frontier."""
        goal, cost = self.settings["goal"], self.settings["cost"]
        if self.best is None:
            return (
                f"Of {len(self.points) - 1} points none lowers the disparity of {goal} at a cost "
                f"of at most {cost:.0%} of nDCG on validation."
            )
        row = self.frontier.row(self.best, named=True)
        change, loss = (f"{goal}_change", "ndcg_change")

        def said(name: str) -> str:
            return f"{row[name]:+.1%} ({row[f'{name}_low']:+.1%} to {row[f'{name}_high']:+.1%})"

        return (
            f"{row['method']} at {row['strength']:g}, chosen on validation, changes the disparity "
            f"of {goal} by {said(change)} and nDCG@{self.settings['k']} by {said(loss)} for "
            f"{row['n']:,} people of the test."
        )

    def slate(self, point: int, profile: Profile) -> Slate:
        """What one point of the frontier shows to a person."""
        return self.points[point].slate(profile, self.settings["k"])


def mitigate(
    model: Recommender,
    split: Split,
    groups: Groups | None = None,
    *,
    kind: tuple[str, str] = ("popularity", "tail"),
    against: str = CATALOGUE,
    goal: str = "items",
    cost: float = 0.02,
    methods: Sequence[str] = ALL,
    k: int = 10,
    minimum: int = SMALLEST,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> Mitigation:
    """Try ways to lower a disparity, and measure what each does to accuracy.

    Every way is tried at several strengths on a validation cut inside the training part, with the
    model fitted anew on what is before it; the strength chosen there is the one with the least
    disparity at a loss of nDCG of at most ``cost``. All points are then measured on the test.

    Parameters
    ----------
    model : Recommender
        Fitted on ``split.train``; only an engine can be re-weighted.
    split : Split
    groups : sequence or mapping, optional
        One grouping of people, as in ``wb.audit``: ``["gender"]``, ``{"age": [30]}`` or
        ``[("gender", "age")]``. Without it the disparity of people is not measured.
    kind : tuple of (column, value)
        Kind of items that should be shown more: of "popularity", "genres" or "decade".
    against : str
        What its exposure is compared with: its share of the "catalogue" or of the "relevant" test
        events.
    goal : str
        "items" or "people": the disparity by which strengths are chosen.
    cost : float
        Largest relative loss of nDCG at which a strength may be chosen.
    methods : sequence of str
        Re-ranking: "exposure floor", "calibrated" (to the person's own mixture of the column),
        "FA*IR", "group-wise MMR" (unlike in the column), "popularity penalty". Re-weighting the
        ranker's lessons: "re-weighting people" (of the group that is worst off on validation),
        "re-weighting items" (relevant pairs of the kind).
    k : int
    minimum : int
        Groups with fewer people are not compared.
    seed : int
    say : callable, optional
        Hears what is being done.

    Returns
    -------
    Mitigation

    Raises
    ------
    ArgumentError
        An argument cannot work, or the engine was fitted on something else; nothing was started.
    DataError
        The training part is too small to be cut again.
    """
    everybody, skipped = _checked(model, split, groups, goal, cost, methods, against, k, minimum)
    check_seed(seed)
    tell = say or (lambda what: None)
    aim = Aim.of(split, _asked(split, everybody), minimum, kind, against)
    if goal == "people" and len(aim.shown_groups()) < 2:
        raise ArgumentError(
            f"goal='people' compares groups of at least {minimum} people, and {groups!r} has "
            f"{len(aim.shown_groups())} of them that may be shown"
        )
    inside = _validation(split)
    inner_aim = Aim.of(inside, _asked(inside, everybody), minimum, kind, against)
    names = [name for name in methods if name not in skipped]
    tell("fitting the model on what is before the validation cut")
    inner = type(model)(**model.params()).fit(inside.train)
    worst: list[str] = []
    tried = _Bench(inner, inside, inner_aim, everybody, k, seed, tell, "validation")
    validation, _, _ = tried.frames(names, worst)
    mended = _Bench(model, split, aim, everybody, k, seed, tell, "test")
    frontier, by_group, points = mended.frames(names, worst)
    chosen, best = _chosen(validation, goal, cost)
    return Mitigation(
        frontier.with_columns(pl.col("point").is_in(chosen).alias("chosen")),
        validation.with_columns(pl.col("point").is_in(chosen).alias("chosen")),
        by_group,
        tuple(points),
        best,
        pl.DataFrame(
            list(skipped.items()),
            schema={"method": pl.String, "reason": pl.String},
            orient="row",
        ),
        {
            "k": k,
            "kind": list(kind),
            "against": against,
            "goal": goal,
            "cost": cost,
            "groups": None if everybody is None else everybody.attribute,
            "worst": worst[0] if worst else None,
            "minimum": minimum,
            "seed": seed,
        },
    )


@dataclass(frozen=True)
class _Bench:
    """A model and the people of one cut, on which points are measured."""

    model: Recommender
    split: Split
    aim: Aim
    everybody: Grouping | None
    k: int
    seed: int
    tell: Callable[[str], None]
    what: str

    def frames(
        self, names: list[str], worst: list[str]
    ) -> tuple[pl.DataFrame, pl.DataFrame, list[Point]]:
        """The frontier, nDCG of the groups, the points. ``worst`` is filled with the group that is
        worst off, where it is empty."""
        points, measured = self._reranked([n for n in names if n in RERANKING])
        if not worst and len(self.aim.shown_groups()) > 1:
            worst.append(self._worst(measured[0]))
        weighted = [n for n in names if n in REWEIGHTING and (n != PEOPLE or worst)]
        if weighted:
            more, theirs = self._reweighted(weighted, worst)
            points, measured = points + more, measured + theirs
        said = [(p.method, p.family, p.strength) for p in points]
        frontier, groups = frontier_frame(said, measured, self.split, self.aim, self.seed)
        return frontier, groups, points

    def _reranked(self, names: list[str]) -> tuple[list[Point], list[Measured]]:
        self.tell(f"re-ranking for {self.what}")
        made = policies(self.split.train, self.aim.kind, self.aim.target, names)
        every = [Policy(), *(policy for _, _, policy in made)]
        lists = slates_of(self.model, self.split, every, self.k)
        points = [Point(NONE, AS_IS, 0.0, self.model)]
        points += [Point(name, RE_RANKING, s, self.model, policy) for name, s, policy in made]
        return points, [self._measured(slates) for slates in lists]

    def _reweighted(self, names: list[str], worst: list[str]) -> tuple[list[Point], list[Measured]]:
        assert isinstance(self.model, Engine)
        self.tell(f"making lessons for {self.what}")
        teaching = Teaching.of(self.model)
        lessons, item = teaching.lessons(self.split.train)
        points = []
        for name in names:
            for strength in REWEIGHTING[name]:
                self.tell(f"{name} at {strength:g} for {self.what}")
                weight = (
                    person_weights(lessons, self._members(worst[0]), strength)
                    if name == PEOPLE
                    else item_weights(lessons, item, self.aim.member, strength)
                )
                about = {"method": name, "strength": strength, "kind": list(self.aim.kind)}
                if name == PEOPLE:
                    about["kind"] = [worst[0]]
                taught = with_ranker(self.model, teaching.taught(lessons, weight), **about)
                points.append(Point(name, RE_WEIGHTING, strength, taught))
        rankers = [point.model.ranker_ for point in points]  # type: ignore[attr-defined]
        _, people = self.split.people()
        lists = teaching.lists(people, rankers, self.k)
        return points, [self._measured(slates) for slates in lists]

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


def _chosen(validation: pl.DataFrame, goal: str, cost: float) -> tuple[list[int], int | None]:
    """The chosen point of each method, and the best of them."""
    base = validation.row(0, named=True)
    fits = validation.filter(
        (pl.col("point") > 0)
        & (pl.col("ndcg") >= (1 - cost) * base["ndcg"])
        & (pl.col(goal) < base[goal])
    ).sort(goal, "point")
    chosen = fits.unique("method", keep="first", maintain_order=True)["point"].to_list()
    return chosen, (chosen[0] if chosen else None)


def _validation(split: Split) -> Split:
    """The training part cut as the whole was, or as nearly as can be."""
    method = PER_USER_TIME if split.method not in METHODS else split.method
    if method not in IN_TIME or "timestamps" not in split.train.has:
        method = RANDOM
    made = cut(split.train, method, test_fraction=split.parameters.get("test_fraction", 0.2))
    assert isinstance(made, Split)
    return made


def _grouping(split: Split, groups: Groups | None) -> Grouping | None:
    """The groups of everybody in the log, in code order, so that bands are the same in all cuts."""
    if groups is None:
        return None
    made, _ = groupings(split.train.users.drop(USER), groups)
    if len(made) != 1:
        raise ArgumentError(f"groups must be one grouping of people, not {len(made)}")
    return made[0]


def _asked(split: Split, everybody: Grouping | None) -> Grouping | None:
    """The groups of the people asked."""
    if everybody is None:
        return None
    ids, _ = split.people()
    return replace(everybody, names=everybody.names.gather(split.train.people.codes(ids)))


def _checked(
    model: Recommender,
    split: Split,
    groups: Groups | None,
    goal: str,
    cost: float,
    methods: Sequence[str],
    against: str,
    k: int,
    minimum: int,
) -> tuple[Grouping | None, dict[str, str]]:
    """The grouping of everybody, and which methods cannot be tried, and why."""
    check_k(k)
    if not isinstance(split, Split):
        raise ArgumentError(
            f"split must be a Split, not {type(split).__name__}; make one with wb.split(dataset)"
        )
    if not isinstance(model, Recommender):
        raise ArgumentError(f"model must be a fitted model, not {type(model).__name__}")
    model._require_fitted()
    if model.fitted_on != split.train.fingerprint:
        raise ArgumentError(
            f"{model.name} was not fitted on the training part of this split; fit it on split.train"
        )
    check_word("goal", goal, GOALS)
    check_word("against", against, AGAINST)
    check_above("cost", cost, most=1)
    check_minimum(minimum)
    if isinstance(methods, str) or not methods:
        raise ArgumentError(f"methods must be a list of names, not {methods!r}")
    for name in methods:
        check_word("each of methods", name, ALL)
    grouping = _grouping(split, groups)
    if goal == "people" and grouping is None:
        raise ArgumentError('goal="people" needs groups, such as groups=["gender"]')
    skipped = {}
    for name in methods:
        if name in REWEIGHTING and not isinstance(model, Engine):
            skipped[name] = f"{model.name} has no ranker that could be taught again"
        elif name == PEOPLE and grouping is None:
            skipped[name] = "no groups of people were given"
    return grouping, skipped
