"""What an engine looks at, over many people: shares of the features, means and differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import FEATURE, GROUP, HIGH, LOW, N
from workbench.errors import ArgumentError
from workbench.explain.background import LEARNT_FROM, Background, interventional
from workbench.explain.dependence import Dependence, dependence
from workbench.explain.interactions import Interactions, interactions
from workbench.explain.over_people import Floats, check_bootstrap, differences, means, per_person
from workbench.explain.partial import PartialDependence, partial_dependence
from workbench.explain.shown import Shown, shown
from workbench.models.parameters import check_seed, check_whole
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.features.catalogue import Feature
    from workbench.ranking.engine import Engine

MEANING, BACKGROUND, N_PAIRS = "meaning", "background", "n_pairs"
IMPORTANCE = {
    FEATURE: pl.String,
    GROUP: pl.String,
    MEANING: pl.String,
    "mean_abs_share": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
    N_PAIRS: pl.Int64,
    BACKGROUND: pl.String,
    "background_size": pl.Int64,
}
"""Columns of ``importance``."""
DIFFERENCE = {
    FEATURE: pl.String,
    GROUP: pl.String,
    MEANING: pl.String,
    "cohort": pl.Float64,
    "against": pl.Float64,
    "difference": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
    "n_against": pl.Int64,
}
"""Columns of ``GlobalShares.difference``."""

Cohort = Sequence[Id] | NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class GlobalShares:
    """Shares of the features in the scores of everything that some people are shown.

    Attributes
    ----------
    engine : Engine
    shown : Shown
        The pairs: who, which item, on which rank, and what the ranker reads of them.
    shares : (n_pairs, n_features) float64
        In the unit of the score (log-odds of "relevant, if shown", of an engine that learns to
        tell relevant from not).
    base : float
        What every pair starts from: the mean score of the background.
    background : str
        What shares are told against: its name.
    background_size : int or None
        Its pairs; None for what the ranker learnt from.
    score : (n_pairs,) float64
        ``base`` plus all shares of a pair, but for ``residual``.
    """

    engine: Engine
    shown: Shown
    shares: Floats = field(repr=False)
    base: float
    background: str
    background_size: int | None
    score: Floats = field(repr=False)

    @property
    def features(self) -> list[Feature]:
        """Name, group, meaning and unit of each column."""
        return self.engine.features_

    @property
    def n_people(self) -> int:
        """People who were asked, those with an empty slate included."""
        return len(self.shown.ids)

    @property
    def residual(self) -> float:
        """The most that a pair's shares and ``base`` miss its score by: rounding."""
        return float(np.abs(self.score - self.base - self.shares.sum(axis=1)).max())

    @cached_property
    def _sizes(self) -> tuple[list[tuple[str | None, str, str | None]], Floats]:
        """What is told (feature, group, meaning), and each person's mean |share| of it.

        Groups come first; the share of a group in a pair is the sum of its features' shares.
        """
        groups = list(dict.fromkeys(f.group for f in self.features))
        member = np.array([[f.group == group for group in groups] for f in self.features])
        sizes = np.abs(np.column_stack([self.shares @ member, self.shares]))
        told: list[tuple[str | None, str, str | None]] = [(None, group, None) for group in groups]
        told += [(f.name, f.group, f.meaning) for f in self.features]
        return told, per_person(sizes, self.shown.row, self.n_people)

    def importance(
        self,
        cohort: Cohort | None = None,
        *,
        level: float = 0.95,
        seed: int = 0,
        n_boot: int = 2000,
    ) -> pl.DataFrame:
        """Mean |share| of each group and feature over people; see ``importance``."""
        _check(level, seed, n_boot)
        told, people = self._sizes
        people = people[self._members(cohort, "cohort")]
        pairs = int(np.isin(self.shown.row, self._rows(cohort)).sum())
        size = self.background_size
        rows = [
            (*what, *figure, len(people), pairs, self.background, size)
            for what, figure in zip(told, means(people, level, seed, n_boot), strict=True)
        ]
        return _sorted(pl.DataFrame(rows, schema=IMPORTANCE, orient="row"), "mean_abs_share")

    def difference(
        self,
        cohort: Cohort,
        against: Cohort | None = None,
        *,
        level: float = 0.95,
        seed: int = 0,
        n_boot: int = 2000,
    ) -> pl.DataFrame:
        """What the engine looks at for one cohort more than for another.

        Parameters
        ----------
        cohort, against : sequence of ids, or (n_people,) bool
            People by the ids given to ``global_shares``, or a mask over them. By default against
            all others. They may share people.
        level, seed, n_boot
            Of the bootstrap over people.

        Returns
        -------
        polars.DataFrame
            ``feature, group, meaning, cohort, against`` (mean |share| of each), ``difference``
            (the first less the second) with ``low, high``; ``n`` and ``n_against`` people. The
            largest first, groups before features. The intervals are of single comparisons: of
            twenty rows without a difference, one is expected to leave 0 out.

        Raises
        ------
        ArgumentError
            A cohort names somebody who was not asked, or nobody who is shown anything.
        """
        _check(level, seed, n_boot)
        told, people = self._sizes
        one = self._members(cohort, "cohort")
        if against is None:
            other = ~np.isnan(people[:, 0]) & ~one
            if not other.any():
                raise ArgumentError("cohort: it is everybody; say against whom, or name fewer")
        else:
            other = self._members(against, "against")
        figures = differences(people, one, other, level, seed, n_boot)
        rows = [
            (*what, *figure, int(one.sum()), int(other.sum()))
            for what, figure in zip(told, figures, strict=True)
        ]
        return _sorted(pl.DataFrame(rows, schema=DIFFERENCE, orient="row"), "difference")

    def dependence(self, feature: str, **how: Any) -> Dependence:
        """Share of one feature against its value; see ``workbench.explain.dependence``."""
        return dependence(self, feature, **how)

    def interactions(self, **how: Any) -> Interactions:
        """What pairs of features do together; see ``workbench.explain.interactions``."""
        return interactions(self, **how)

    def partial_dependence(self, feature: str, **how: Any) -> PartialDependence:
        """Score where one feature is set; see ``workbench.explain.partial``."""
        return partial_dependence(self, feature, **how)

    def to_shap(self, size: int = 1000, seed: int = 0) -> Any:
        """A ``shap.Explanation`` of at most ``size`` pairs, for the plots of ``shap``.

        ``shap.plots.beeswarm(shares.to_shap())`` works in a notebook.
        """
        import shap

        check_whole("size", size)
        check_seed(seed)
        chosen = self.drawn(size, seed)
        return shap.Explanation(
            values=self.shares[chosen],
            base_values=np.full(len(chosen), self.base),
            data=self.shown.matrix[chosen].astype(np.float64),
            feature_names=[f.name for f in self.features],
        )

    def column(self, feature: str) -> int:
        """Place of a feature.

        Raises
        ------
        ArgumentError
            The engine has none of this name.
        """
        names = [f.name for f in self.features]
        if feature not in names:
            raise ArgumentError(
                f"feature: {feature!r} is no feature of this engine; there are {', '.join(names)}"
            )
        return names.index(feature)

    def drawn(self, size: int, seed: int) -> NDArray[np.int64]:
        """At most ``size`` of the pairs by seed, the same whatever order people came in."""
        order = np.lexsort(self.shown.matrix.T[::-1])
        return np.sort(order[np.random.default_rng(seed).permutation(len(order))[:size]])

    def _rows(self, cohort: Cohort | None) -> NDArray[np.int64]:
        return np.flatnonzero(self._members(cohort, "cohort"))

    def _members(self, cohort: Cohort | None, argument: str) -> NDArray[np.bool_]:
        """Who of the asked is in a cohort and is shown something, ``(n_people,)``."""
        if cohort is None:
            chosen = np.ones(self.n_people, dtype=bool)
        elif isinstance(cohort, np.ndarray) and cohort.dtype == np.bool_:
            if cohort.shape != (self.n_people,):
                raise ArgumentError(
                    f"{argument}: a mask over the {self.n_people:,} people that were asked has "
                    f"shape ({self.n_people},), not {cohort.shape}"
                )
            chosen = cohort
        elif isinstance(cohort, str) or not isinstance(cohort, Sequence | np.ndarray | pl.Series):
            raise ArgumentError(f"{argument} must be a list of ids or a mask, not {cohort!r}")
        else:
            place = {name: i for i, name in enumerate(self.shown.ids)}
            named = list(cohort)
            strange = [one for one in named if one not in place]
            if strange:
                raise ArgumentError(
                    f"{argument}: {strange[0]!r} is none of the people that were asked; name them "
                    "by the ids given to global_shares"
                )
            chosen = np.zeros(self.n_people, dtype=bool)
            chosen[[place[one] for one in named]] = True
        there = chosen & (np.bincount(self.shown.row, minlength=self.n_people) > 0)
        if not there.any():
            raise ArgumentError(f"{argument}: none of these people is shown anything; name others")
        return there


def global_shares(
    engine: Engine,
    profiles: Profiles,
    k: int = 10,
    *,
    ids: Sequence[Id] | None = None,
    policy: Policy | None = None,
    against: Background | None = None,
) -> GlobalShares:
    """Shares of the features in every score of some people's slates.

    Parameters
    ----------
    engine : Engine
        Fitted.
    profiles : Profiles
        Guests, if the figures are to say what the engine does for people it never saw.
    k : int
        Places of each slate.
    ids : sequence, optional
        What each person is called, to name cohorts by; by default the number of their row.
    policy : Policy, optional
        Of the slates. The scores are the ranker's.
    against : Background, optional
        Interventional TreeSHAP against its pairs (the work grows with their number). By default
        XGBoost's own ``pred_contribs``, whose background is what the ranker learnt from.

    Raises
    ------
    ArgumentError
        The model has no features, ``k`` or ``ids`` cannot work, or nobody is shown anything.
    NotFittedError
        The engine has not been fitted.

    Source: Lundberg et al. 2020, "From local explanations to global understanding with
    explainable AI for trees".
    """
    check_k(k)
    if against is not None and not isinstance(against, Background):
        raise ArgumentError(
            f"against must be a Background, not {type(against).__name__}; make one with "
            "workbench.explain.background.background(engine, profiles, name)"
        )
    pairs = shown(engine, profiles, k, policy, ids)
    score = engine.ranker_.predict(pairs.matrix).astype(np.float64)
    if against is None:
        parts = engine.contributions(pairs.matrix).astype(np.float64)
        shares, base = parts[:, :-1], float(parts[0, -1])
        return GlobalShares(engine, pairs, shares, base, LEARNT_FROM, None, score)
    shares, base = interventional(engine.ranker_, pairs.matrix, against)
    return GlobalShares(engine, pairs, shares, base, against.name, len(against), score)


def importance(
    engine: Engine,
    profiles: Profiles,
    k: int = 10,
    *,
    policy: Policy | None = None,
    against: Background | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 2000,
) -> pl.DataFrame:
    """What an engine looks at: mean |share| of each group and feature on people's slates.

    Each person counts the same: their figure is the mean over the items of their slate, and the
    interval is over people. A group's share of a score is the sum of its features' shares, so
    what works against each other inside a group cancels.

    Parameters
    ----------
    engine, profiles, k, policy, against
        As of ``global_shares``.
    level, seed, n_boot
        Of the bootstrap over people (BCa).

    Returns
    -------
    polars.DataFrame
        ``feature, group, meaning, mean_abs_share, low, high, n, n_pairs, background,
        background_size``: groups first (``feature`` is null), then features, each the largest
        first. ``n`` counts the people who are shown anything; over one, there is no interval.

    Raises
    ------
    ArgumentError, NotFittedError
        As of ``global_shares``; ``level``, ``seed`` or ``n_boot`` cannot work.
    """
    _check(level, seed, n_boot)
    found = global_shares(engine, profiles, k, policy=policy, against=against)
    return found.importance(level=level, seed=seed, n_boot=n_boot)


def _check(level: float, seed: int, n_boot: int) -> None:
    check_bootstrap(level, n_boot)
    check_seed(seed)


def _sorted(frame: pl.DataFrame, by: str) -> pl.DataFrame:
    """Groups first, then features; the largest first, equals in the order of the columns."""
    order = [pl.col(FEATURE).is_not_null(), -pl.col(by).abs()]
    frame = frame.with_columns(pl.col(pl.Float64).fill_nan(None))
    return frame.sort(order, maintain_order=True)
