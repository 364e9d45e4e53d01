"""Two runs, one after the other: for whom is the next release better or worse?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.audit.change import Pair, among, change_by_group
from workbench.audit.groups import EVERYBODY, Grouping
from workbench.audit.slices import slices as named_slices
from workbench.audit.verdict import CANNOT_TELL, FAIL, PASS, check_minimum
from workbench.columns import ATTRIBUTE, GROUP, HIGH, ITEM, LOW, METRIC, USER, VALUE, N
from workbench.data.split import Split
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.definitions import METRICS
from workbench.pipeline.folder import Run
from workbench.slate import rank_biased_overlap

OK, WORSE, BETTER = "ok", "worse", "better"
EXIT = {OK: 0, WORSE: 1, CANNOT_TELL: 3}
"""What a pipeline can stop on; 2 is a usage error."""
MARGIN = 0.01
ALPHA = 0.05
OTHER_PLACES, OVERLAP = "share of places with another item", "rank-biased overlap"
KEY = ["measure", ATTRIBUTE, GROUP, "threshold"]
SLATES = {
    "measure": pl.String, ATTRIBUTE: pl.String, GROUP: pl.String, N: pl.Int64,
    "mean": pl.Float64, LOW: pl.Float64, HIGH: pl.Float64, "note": pl.String,
}  # fmt: skip


@dataclass(frozen=True)
class RunComparison:
    """What changed from one run to the next. Nothing in it is about fewer than 20 people.

    Attributes
    ----------
    before, after : str
        Names of the runs.
    n : int
        People who were asked the same question in both.
    people : polars.DataFrame
        ``metric, attribute, group, n, before, after, difference, low, high, p, p_adjusted, note``
        and ``verdict``: "better" or "worse" where ``p_adjusted`` is at most 0.05 (and a loss is
        surely more than the margin), "ok" where the whole interval is above the margin's loss,
        else "cannot tell".
    slates : polars.DataFrame
        ``measure`` (the share of places with another item; rank-biased overlap), ``attribute,
        group, n, mean, low, high, note``; the groups whose slates changed most come first.
    verdicts : polars.DataFrame
        What the policies said: ``measure, attribute, group, threshold, value_before,
        value_after, before, after, flipped``.
    verdict : str
        "ok", "worse" or "cannot tell".
    reasons : tuple of str
        Why.
    notes : tuple of str
        What else the reader should know.
    """

    before: str
    after: str
    n: int
    people: pl.DataFrame
    slates: pl.DataFrame
    verdicts: pl.DataFrame
    verdict: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 ok, 1 worse, 3 cannot tell."""
        return EXIT[self.verdict]

    @property
    def flipped(self) -> pl.DataFrame:
        """The verdicts that are not what they were."""
        return self.verdicts.filter("flipped")

    def __repr__(self) -> str:
        return f"RunComparison({self.verdict!r}, {self.n:,} people: {'; '.join(self.reasons)})"

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        from workbench.report.content import plain

        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return dict(plain({"format": 1, **told, "exit_code": self.exit_code}))


def compare_runs(
    a: Run,
    b: Run,
    *,
    metrics: Sequence[str] = ("ndcg",),
    margin: float = MARGIN,
    every_group: bool = False,
    minimum: int = 20,
    slates: bool = True,
    seed: int = 0,
) -> RunComparison:
    """Compare the engine of a run with that of the next, person by person.

    Parameters
    ----------
    a, b : Run
        Before and after. People count who were asked the same question in both: the same
        relevant items, at the same k.
    metrics : sequence of str
        Columns of ``run.rows``, all of them "higher is better".
    margin : float
        Loss of a metric (in its own unit) that does not matter.
    every_group : bool
        Whether "ok" has to be sure of every group too, and of every verdict that was "pass".
        Otherwise it has to be sure of everybody, and no group may be seen to be worse: in a small
        group much goes unseen.
    minimum : int
        Groups with fewer people are not shown; from 20 upwards.
    slates : bool
        Whether both engines are asked again whose slates changed; else ``.slates`` is empty.
    seed : int

    Returns
    -------
    RunComparison
        **worse**: somebody is surely worse off by more than the margin, or a verdict of the
        policy became "fail". **ok**: surely not. Else **cannot tell**.

    Raises
    ------
    ArgumentError
        An argument cannot work, or the runs have another k.
    DataError
        Fewer than ``minimum`` people were asked the same question.
    """
    _check(a, b, metrics, margin, minimum)
    rows = [run.rows.filter(pl.col("model") == "engine") for run in (a, b)]
    first, second, everybody = _same_question(a.split, b.split)
    if len(first) < minimum:
        raise DataError(
            f"{len(first)} people were asked the same question in {a.name} and {b.name}, and at "
            f"least {minimum} are needed; compare runs of one log, split alike"
        )
    by_a, by_b = (_in_order(frame, run.split) for frame, run in zip(rows, (a, b), strict=True))
    pairs: dict[str, Pair] = {
        metric: (_numbers(by_a, metric)[first], _numbers(by_b, metric)[second])
        for metric in metrics
    }
    ways = among(named_slices(b.split), second)
    people = _judged(change_by_group(pairs, ways, minimum, seed), margin)
    verdicts = _verdicts(a, b)
    verdict, reasons = _gate(people, verdicts, margin, every_group)
    notes = []
    if len(first) < everybody:
        notes.append(
            f"{everybody - len(first):,} of {everybody:,} people were asked in one run only, or "
            "about other items; they are left out"
        )
    moved = (
        _slates(a, b, first, second, ways, minimum, seed) if slates else pl.DataFrame(schema=SLATES)
    )
    return RunComparison(
        a.name, b.name, len(first), people, moved, verdicts, verdict, tuple(reasons), tuple(notes)
    )


def _check(a: Any, b: Any, metrics: Sequence[str], margin: float, minimum: int) -> None:
    for name, run in (("a", a), ("b", b)):
        if not isinstance(run, Run):
            raise ArgumentError(
                f"{name} must be a Run, not {type(run).__name__}; open one with Run.load(folder)"
            )
    if isinstance(metrics, str) or not metrics:
        raise ArgumentError(f"metrics must be a list of at least one name, not {metrics!r}")
    for metric in metrics:
        if any(metric not in run.rows.columns for run in (a, b)) or metric not in METRICS:
            raise ArgumentError(f"metrics: the runs have no figure {metric!r} of each person")
        if METRICS[metric].better != 1:
            raise ArgumentError(f"metrics: of {metric!r} more is not better; name another")
    number = isinstance(margin, int | float) and not isinstance(margin, bool)
    if not number or not 0 <= margin < np.inf:
        raise ArgumentError(f"margin must be a number of at least 0, not {margin!r}")
    check_minimum(minimum)
    one, two = (run.manifest["configuration"]["k"] for run in (a, b))
    if one != two:
        raise ArgumentError(f"a has slates of {one} places and b of {two}; compare at one k")


# --- who was asked the same -------------------------------------------------------------------


def _questions(split: Split) -> pl.DataFrame:
    """Row and relevant items of each person asked; ids as text, which all runs can spell."""
    ids, _ = split.people()
    row, item = split.relevant_matrix().nonzero()
    text = split.train.catalogue.ids.cast(pl.String)
    asked = (
        pl.DataFrame({"row": row.astype(np.int64), ITEM: text.gather(item)})
        .sort("row", ITEM)
        .group_by("row", maintain_order=True)
        .agg(ITEM)
    )
    own = pl.Series(USER, [str(id_) for id_ in ids], dtype=pl.String)
    return asked.with_columns(own.gather(asked["row"]).alias(USER))


def _same_question(a: Split, b: Split) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Rows of the same people in both, ``(n,)`` each; and how many people there are in all."""
    one, two = _questions(a), _questions(b)
    both = two.join(one, on=USER, how="inner", suffix="_a", maintain_order="left")
    same = both.filter(pl.col(ITEM) == pl.col(f"{ITEM}_a"))
    return same["row_a"].to_numpy(), same["row"].to_numpy(), one.height + two.height - both.height


def _in_order(rows: pl.DataFrame, split: Split) -> pl.DataFrame:
    """The rows of the engine, in the order of ``split.people()``."""
    people = split.train.people
    ids = pl.DataFrame({USER: people.ids.gather(people.codes(split.people()[0]))})
    return ids.join(rows, on=USER, how="left", maintain_order="left", validate="1:1")


def _numbers(rows: pl.DataFrame, metric: str) -> NDArray[np.float64]:
    return rows[metric].cast(pl.Float64).fill_null(np.nan).to_numpy()


# --- what changed -----------------------------------------------------------------------------


def _slates(
    a: Run,
    b: Run,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    ways: Sequence[Grouping],
    minimum: int,
    seed: int,
) -> pl.DataFrame:
    """How much slates changed, by group."""
    from workbench.ranking.recommend import recommend

    k = b.manifest["configuration"]["k"]
    old, new = (
        [slate.items for slate in recommend(run.engine, run.split.people()[1][rows], k)]
        for run, rows in ((a, first), (b, second))
    )
    other = [
        1 - len({*map(str, one)} & {*map(str, two)}) / max(len(one), len(two), 1)
        if one or two
        else 0.0
        for one, two in zip(old, new, strict=True)
    ]
    overlap = [
        rank_biased_overlap([*map(str, one)], [*map(str, two)])
        for one, two in zip(old, new, strict=True)
    ]
    nothing = np.zeros(len(first))
    pairs: dict[str, Pair] = {
        OTHER_PLACES: (nothing, np.array(other)),
        OVERLAP: (nothing, np.array(overlap)),
    }
    found = change_by_group(pairs, ways, minimum, seed, test=False).select(
        pl.col(METRIC).alias("measure"), ATTRIBUTE, GROUP, N, pl.col("after").alias("mean"), LOW,
        HIGH, "note",
    )  # fmt: skip
    most = pl.when(pl.col("measure") == OVERLAP).then(-pl.col("mean")).otherwise(pl.col("mean"))
    return found.sort(
        pl.col("measure") != OTHER_PLACES, pl.col(ATTRIBUTE) != EVERYBODY, most,
        descending=[False, False, True], nulls_last=True, maintain_order=True,
    ).cast(SLATES)  # fmt: skip


def _judged(people: pl.DataFrame, margin: float) -> pl.DataFrame:
    sure = pl.col("p_adjusted") <= ALPHA
    return people.with_columns(
        pl.when(pl.col("difference").is_null())
        .then(None)
        .when(sure & (pl.col(HIGH) < -margin))
        .then(pl.lit(WORSE))
        .when(sure & (pl.col(LOW) > 0))
        .then(pl.lit(BETTER))
        .when(pl.col(LOW) >= -margin)
        .then(pl.lit(OK))
        .otherwise(pl.lit(CANNOT_TELL))
        .alias("verdict")
    )


def _verdicts(a: Run, b: Run) -> pl.DataFrame:
    """What each policy said, side by side; a rule that is in one run only has a null."""
    one, two = (run.audit.verdicts.unique(KEY, keep="first", maintain_order=True) for run in (a, b))
    both = two.join(one, on=KEY, how="full", suffix="_a", coalesce=True, nulls_equal=True,
                    maintain_order="left_right")  # fmt: skip
    return both.select(
        *KEY,
        pl.col(f"{VALUE}_a").alias("value_before"),
        pl.col(VALUE).alias("value_after"),
        pl.col("verdict_a").alias("before"),
        pl.col("verdict").alias("after"),
        pl.col("verdict").ne_missing(pl.col("verdict_a")).alias("flipped"),
    )


def _gate(
    people: pl.DataFrame, verdicts: pl.DataFrame, margin: float, every_group: bool
) -> tuple[str, list[str]]:
    """The verdict and its reasons, the strongest first."""
    worse = people.filter(pl.col("verdict") == WORSE)
    failing = verdicts.filter((pl.col("after") == FAIL) & pl.col("flipped"))
    if worse.height or failing.height:
        return WORSE, [*map(_change, worse.to_dicts()), *map(_flip, failing.to_dicts())]
    asked = people.filter(pl.col("difference").is_not_null())
    asked = asked if every_group else asked.filter(pl.col(ATTRIBUTE) == EVERYBODY)
    unsure = asked.filter(pl.col("verdict") == CANNOT_TELL)
    lost = verdicts.filter(
        (pl.col("before") == PASS) & pl.col("flipped") & (pl.col("after") == CANNOT_TELL)
    )
    if unsure.height or (every_group and lost.height):
        return CANNOT_TELL, [*map(_change, unsure.to_dicts()), *map(_flip, lost.to_dicts())]
    who = "every group that is shown is" if every_group else "everybody together is"
    reasons = [
        f"{who} surely not worse off by more than {margin:g}, no group is seen to be, and no "
        "verdict became fail",
        *map(_change, asked.filter(pl.col(ATTRIBUTE) == EVERYBODY).to_dicts()),
    ]
    if lost.height:
        reasons.append(f"of {lost.height} verdicts that were pass, nobody can tell any more")
    return OK, reasons


def _change(row: dict[str, Any]) -> str:
    who = EVERYBODY if row[ATTRIBUTE] == EVERYBODY else f"{row[ATTRIBUTE]} = {row[GROUP]}"
    return (
        f"{who}: {row[METRIC]} {row['difference']:+.4f} ({row[LOW]:+.4f} to {row[HIGH]:+.4f}), "
        f"{row[N]:,} people: {row['verdict']}"
    )


def _flip(row: dict[str, Any]) -> str:
    where = " = ".join(part for part in (row[ATTRIBUTE], row[GROUP]) if part)
    return (
        f"the verdict on {row['measure']} {row['threshold']}{f', {where}' if where else ''} was "
        f"{row['before'] or 'not asked'} and is {row['after']}"
    )
