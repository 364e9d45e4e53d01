"""Figures of a frontier: accuracy, disparity between people, disparity between items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from workbench.audit.decision_parity import of_the_widest
from workbench.audit.exposure import attention_matrix, item_kinds
from workbench.audit.groups import Grouping, codes
from workbench.audit.intervals import Floats, generator, interval, weighted_sums
from workbench.audit.people import withheld
from workbench.columns import GROUP, HIGH, LOW, VALUE, N
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.evaluation.evaluate import evaluate
from workbench.slate import Slates

CATALOGUE, RELEVANT = "catalogue", "relevant"
AGAINST = (CATALOGUE, RELEVANT)
FIGURES = ("ndcg", "people", "items", "ratio")
CHANGES = ("ndcg_change", "people_change", "items_change")
FRONTIER = {
    "point": pl.Int64,
    "method": pl.String,
    "family": pl.String,
    "strength": pl.Float64,
    **{
        f"{name}{end}": pl.Float64 for name in (*FIGURES, *CHANGES) for end in ("", "_low", "_high")
    },
    N: pl.Int64,
    "dominated_people": pl.Boolean,
    "dominated_items": pl.Boolean,
}
"""Columns of a frontier; those of the first row are of the engine as it is."""


@dataclass(frozen=True)
class Aim:
    """What disparity means in one cut.

    Attributes
    ----------
    grouping : Grouping or None
        Row-aligned with the people asked.
    minimum : int
    kind : tuple of (column, value)
    member : (n_items,) float64
        Share of each item in the kind.
    against : str
        "catalogue" or "relevant".
    target : float
        Share of attention that would be parity by what training says.
    """

    grouping: Grouping | None
    minimum: int
    kind: tuple[str, str]
    member: Floats
    against: str
    target: float

    @classmethod
    def of(
        cls,
        split: Split,
        grouping: Grouping | None,
        minimum: int,
        kind: tuple[str, str],
        against: str,
    ) -> Aim:
        """The aim in a split.

        Raises
        ------
        ArgumentError
            Items are of no such kind.
        """
        kinds = item_kinds(split)
        column, value = kind
        if column not in kinds or value not in kinds[column][0]:
            there = ", ".join(kinds[column][0]) if column in kinds else ", ".join(kinds)
            raise ArgumentError(f"kind={kind!r}: there is no such kind of items; there are {there}")
        names, matrix = kinds[column]
        share = matrix.toarray()
        member = share[:, names.index(value)]
        if against == CATALOGUE:
            target = member.sum() / share.sum()
        else:
            liked = split.train.relevant(split.train.interactions)
            item = split.train.catalogue.codes(liked["item_id"])
            target = member[item].mean()
        return cls(grouping, minimum, kind, member, against, float(target))

    def shown_groups(self) -> list[str]:
        """Groups that may be compared."""
        if self.grouping is None:
            return []
        counts = np.bincount(codes(self.grouping), minlength=len(self.grouping.order))
        few = {g for g in range(len(counts)) if counts[g] < self.minimum}
        few |= {hidden} if (hidden := withheld(counts, few, self.minimum)) is not None else set()
        return [name for g, name in enumerate(self.grouping.order) if g not in few]


@dataclass(frozen=True)
class Measured:
    """What one point did for each person of a cut, ``(n_people,)`` each.

    Attributes
    ----------
    ndcg : float64
    shown : float64
        Share of the attention of the person's list that the kind got.
    has : float64
        1 where there is a list.
    """

    ndcg: Floats
    shown: Floats
    has: Floats

    @classmethod
    def of(cls, slates: Slates, split: Split, k: int, member: Floats) -> Measured:
        """Measure one list per person of ``split.people()``, in that order."""
        attention = attention_matrix(slates, split)
        ndcg = evaluate(slates, split, k, beyond=False)["ndcg"].fill_null(0.0).to_numpy()
        has = (np.asarray(attention.sum(axis=1)).ravel() > 0).astype(np.float64)
        return cls(ndcg, np.asarray(attention @ member).ravel(), has)


def frontier_frame(
    points: Sequence[tuple[str, str, float]],
    measured: Sequence[Measured],
    split: Split,
    aim: Aim,
    seed: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Accuracy and disparities of every point, with intervals over people.

    Parameters
    ----------
    points : sequence of (method, family, strength)
        The first is the engine as it is.
    measured : sequence of Measured
        Of each point.
    split : Split
    aim : Aim
    seed : int

    Returns
    -------
    frontier : polars.DataFrame
        One row per point: ``ndcg``; ``people``, the largest gap of nDCG between two groups;
        ``ratio``, exposure of the kind over its share of the catalogue (or of the relevant
        events), and ``items`` = |1 - ratio|; each with ``_low`` and ``_high``, over people. Their
        ``_change`` is relative to the first row, paired over people: -0.3 is 30 % less. Of one
        disparity a point is ``dominated_`` where another has no less nDCG and no more disparity,
        and is better in one of them.
    groups : polars.DataFrame
        ``point, group, n, value, low, high``: nDCG of the groups that may be shown.
    """
    n, shown = len(measured[0].ndcg), aim.shown_groups()
    member = np.zeros((n, len(shown)))
    if aim.grouping is not None:
        names = np.array(aim.grouping.names.to_list())
        member = (names[:, None] == np.array(shown, dtype=names.dtype)[None]).astype(np.float64)
    relevant = split.relevant_matrix()
    merit = np.asarray(relevant @ aim.member).ravel(), np.asarray(relevant.sum(axis=1)).ravel()
    shared = np.column_stack([np.ones(n), member, *merit])
    own = [np.column_stack([m.ndcg, m.ndcg[:, None] * member, m.shown, m.has]) for m in measured]
    rng = generator(seed, "mitigation")
    sums = weighted_sums(rng, np.column_stack([shared, *own]))
    whole = np.column_stack([shared, *own]).sum(axis=0)[None]
    width, start = own[0].shape[1], shared.shape[1]
    drawn, exact = ([_Draw(s[:, :start], s[:, start + i * width :][:, :width], aim)
                     for i in range(len(own))] for s in (sums, whole))  # fmt: skip
    rows, groups = [], []
    for i, (method, family, strength) in enumerate(points):
        row: dict[str, Any] = dict.fromkeys(FRONTIER)
        row |= {"point": i, "method": method, "family": family, "strength": strength, N: n}
        one, many = exact[i], drawn[i]
        for name in ("ndcg", "items", "ratio"):
            _set(row, name, getattr(one, name), getattr(many, name), n)
        if len(shown) > 1:
            row["people"] = float(one.people[0])
            low, high = of_the_widest([(one.groups[0], many.groups.T)])
            row["people_low"], row["people_high"] = (
                min(low, row["people"]),
                max(high, row["people"]),
            )
        for name in ("ndcg", "items", *(["people"] if len(shown) > 1 else [])):
            base, bases = getattr(exact[0], name), getattr(drawn[0], name)
            if base[0] > 0:
                change = getattr(one, name) / base - 1
                changes = getattr(many, name) / np.maximum(bases, 1e-12) - 1
                _set(row, f"{name}_change", change, changes, n)
        rows.append(row)
        for g, name in enumerate(shown):
            said: dict[str, Any] = {"point": i, GROUP: name, N: int(member[:, g].sum())}
            _set(said, VALUE, one.groups[:, g], many.groups[:, g], said[N])
            groups.append(said)
    frame = pl.DataFrame(rows, schema=FRONTIER, orient="row")
    figures = {"point": pl.Int64, GROUP: pl.String, N: pl.Int64, VALUE: pl.Float64}
    ends = {f"{VALUE}_low": LOW, f"{VALUE}_high": HIGH}
    by_group = pl.DataFrame(groups, schema=figures | dict.fromkeys(ends, pl.Float64))
    return _dominated(frame), by_group.rename(ends)


@dataclass(frozen=True)
class _Draw:
    """Figures of one point from sums over people, ``(n_draws,)`` each."""

    shared: Floats
    own: Floats
    aim: Aim

    @property
    def ndcg(self) -> Floats:
        return self.own[:, 0] / self.shared[:, 0]

    @property
    def groups(self) -> Floats:
        """nDCG of each group, ``(n_draws, n_groups)``."""
        return self.own[:, 1:-2] / self.shared[:, 1:-2]

    @property
    def people(self) -> Floats:
        return np.ptp(self.groups, axis=1)

    @property
    def ratio(self) -> Floats:
        exposure = self.own[:, -2] / np.maximum(self.own[:, -1], 1e-300)
        if self.aim.against == CATALOGUE:
            return exposure / self.aim.target
        return exposure / np.maximum(self.shared[:, -2] / self.shared[:, -1], 1e-300)

    @property
    def items(self) -> Floats:
        return np.abs(1 - self.ratio)


def _set(row: dict[str, Any], name: str, value: Floats, draws: Floats, n: int) -> None:
    row[name] = float(value[0])
    row[f"{name}_low"], row[f"{name}_high"] = interval(draws, row[name], n - 1)


def _dominated(frame: pl.DataFrame) -> pl.DataFrame:
    for name in ("people", "items"):
        if frame[name].null_count():
            continue
        accuracy, gap = frame["ndcg"].to_numpy(), frame[name].to_numpy()
        as_good = (accuracy[None] >= accuracy[:, None]) & (gap[None] <= gap[:, None])
        better = (accuracy[None] > accuracy[:, None]) | (gap[None] < gap[:, None])
        frame = frame.with_columns(pl.Series(f"dominated_{name}", (as_good & better).any(axis=1)))
    return frame
