"""Mending: what lowers a disparity, and what it costs; a frontier with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from workbench.audit.groups import Grouping, Groups, groupings
from workbench.audit.mitigation_bench import ITEMS, Bench, Point, reranking
from workbench.audit.mitigation_constrained import CONSTRAINED, CONSTRAINTS
from workbench.audit.mitigation_figures import AGAINST, CATALOGUE, Aim
from workbench.audit.mitigation_learning import PEOPLE, REWEIGHTING
from workbench.audit.mitigation_rerank import RERANKING
from workbench.audit.mitigation_thresholds import FRAME, THRESHOLDS, thresholds_frame
from workbench.audit.mitigation_words import found, kept
from workbench.audit.verdict import SMALLEST, check_minimum
from workbench.columns import USER
from workbench.data.sample import asking, check_max_people
from workbench.data.split import IN_TIME, METHODS, PER_USER_TIME, RANDOM, Split
from workbench.data.split import split as cut
from workbench.errors import ArgumentError, DataError
from workbench.models.base import Recommender
from workbench.models.parameters import check_above, check_seed, check_word
from workbench.profile import Profile
from workbench.ranking.engine import Engine
from workbench.ranking.recommend import check_k
from workbench.slate import Slate

GOALS = (ITEMS, "people")
ALL = (*RERANKING, *REWEIGHTING, *CONSTRAINED, THRESHOLDS)
BINARY = "binary:logistic"


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
    thresholds : polars.DataFrame
        What a threshold for each group would do to decisions, which is no point of the frontier;
        see ``workbench.audit.mitigation_thresholds``.
    settings : dict
    """

    frontier: pl.DataFrame
    validation: pl.DataFrame
    groups: pl.DataFrame
    points: tuple[Point, ...]
    best: int | None
    skipped: pl.DataFrame
    thresholds: pl.DataFrame
    settings: dict[str, Any] = field(repr=False)

    @property
    def sentence(self) -> str:
        """What was found, in words; every number is in the frontier."""
        return found(self.kept.to_dicts())

    @property
    def kept(self) -> pl.DataFrame:
        """The frontier with what it was tried for in each row; see ``audit.mitigation_words``."""
        return kept(self.frontier, self.best, self.settings)

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
    constraint: str = "demographic_parity",
    methods: Sequence[str] = ALL,
    k: int = 10,
    minimum: int = SMALLEST,
    max_people: int | None = None,
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
        Fitted on ``split.train``; only an engine can be taught again.
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
    constraint : str
        What constrained learning holds alike, of the decision "this is relevant to you" on lessons
        with feedback: "demographic_parity" (how often it is "yes"), "equalized_odds" or
        "equal_opportunity"; between the kind and other items, or between the groups of people,
        as ``goal`` says.
    methods : sequence of str
        Re-ranking: "exposure floor", "calibrated" (to the person's own mixture of the column),
        "FA*IR", "group-wise MMR" (unlike in the column), "popularity penalty". Re-weighting the
        ranker's lessons: "re-weighting people" (of the group that is worst off on validation),
        "re-weighting items" (relevant pairs of the kind). Constrained learning:
        "exponentiated gradient", "grid search"; the strength is the difference that is allowed,
        the score that expected of the mixture found. And "threshold optimizer", of decisions
        alone: see ``Mitigation.thresholds``.
    k : int
    minimum : int
        Groups with fewer people are not compared.
    max_people : int, optional
        At most so many people are asked on either cut, and at most so many teach the engine that
        is fitted for validation; drawn by seed. By default everybody.
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
    check_word("constraint", constraint, tuple(CONSTRAINTS))
    check_seed(seed)
    params = model.params()
    if max_people is not None:
        check_max_people(max_people)
        split = asking(split, max_people, seed)
        if "max_people" in params:  # of an engine: how many teach its ranker
            params["max_people"] = min(max_people, params["max_people"])
    tell = say or (lambda what: None)
    aim = Aim.of(split, _asked(split, everybody), minimum, kind, against)
    if goal == "people" and len(aim.shown_groups()) < 2:
        raise ArgumentError(
            f"goal='people' compares groups of at least {minimum} people, and {groups!r} has "
            f"{len(aim.shown_groups())} of them that may be shown"
        )
    inside = _validation(split)
    if max_people is not None:
        inside = asking(inside, max_people, seed)
    inner_aim = Aim.of(inside, _asked(inside, everybody), minimum, kind, against)
    tell("fitting the model on what is before the validation cut")
    inner = type(model)(**params).fit(inside.train)
    worst: list[str] = []
    about = everybody, goal, constraint, k, seed, tell
    tried = Bench(inner, inside, inner_aim, *about, "validation")
    validation, _, _ = tried.frames([n for n in methods if n not in skipped], worst, skipped)
    mended = Bench(model, split, aim, *about, "test")
    names = [n for n in methods if n not in skipped]
    frontier, by_group, points = mended.frames(names, worst, skipped)
    thresholds = pl.DataFrame(schema=FRAME)
    if THRESHOLDS in names and aim.grouping is not None:
        tell("a threshold for each group, of decisions")
        try:
            groups_shown = aim.shown_groups()
            thresholds = thresholds_frame(model, split, aim.grouping, groups_shown, seed)
        except DataError as error:
            skipped[THRESHOLDS] = str(error)
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
        thresholds,
        {
            "k": k,
            "kind": list(kind),
            "against": against,
            "goal": goal,
            "cost": cost,
            "constraint": constraint,
            "max_people": max_people,
            "groups": None if everybody is None else everybody.attribute,
            "worst": worst[0] if worst else None,
            "minimum": minimum,
            "seed": seed,
        },
    )


def reopened(
    frontier: pl.DataFrame,
    model: Recommender,
    split: Split,
    *,
    kind: tuple[str, str] = ("popularity", "tail"),
    against: str = CATALOGUE,
    k: int = 10,
) -> Mitigation:
    """A frontier that a run kept, with points that can be asked for a list again.

    Parameters
    ----------
    frontier : polars.DataFrame
        Columns as ``audit.mitigation_words.KEPT``, of re-ranking alone.
    model, split : Recommender, Split
        Those of the run; ``kind``, ``against`` and ``k`` are as it was tried with.
    """
    aim = Aim.of(split, None, SMALLEST, kind, against)
    names = [n for n in frontier["method"].unique(maintain_order=True) if n in RERANKING]
    best = frontier.filter("best")["point"].to_list()
    first = frontier.row(0, named=True)
    return Mitigation(
        frontier,
        pl.DataFrame(schema=frontier.schema),
        pl.DataFrame(),
        tuple(reranking(model, split, aim, names)),
        best[0] if best else None,
        pl.DataFrame(schema={"method": pl.String, "reason": pl.String}),
        pl.DataFrame(schema=FRAME),
        {"k": k, "kind": list(kind), "against": against, "goal": first["goal"],
         "cost": first["cost"], "groups": None, "max_people": None},
    )  # fmt: skip


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
        if name in (*REWEIGHTING, *CONSTRAINED) and not isinstance(model, Engine):
            skipped[name] = f"{model.name} has no ranker that could be taught again"
        elif name in CONSTRAINED and model.params()["objective"] != BINARY:
            skipped[name] = (
                f"objective={model.params()['objective']!r} has no score of a single pair that "
                f"could be held to a constraint; {BINARY!r} has"
            )
        elif name in (PEOPLE, THRESHOLDS) and grouping is None:
            skipped[name] = "no groups of people were given"
    return grouping, skipped
