"""Slate: a ranked list for one person; Slates: many of them; and what moved between two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import ITEM, RANK, ROW, SCORE, SOURCE, USER
from workbench.display import Sheet, Shown
from workbench.errors import ArgumentError, DataError
from workbench.vocabulary import Id

BEFORE, AFTER, CHANGE, MOVED = "before", "after", "change", "moved"


@dataclass(frozen=True, eq=False, repr=False)
class Slate(Shown):
    """A ranked list for one person. Two are equal where their frames are.

    Attributes
    ----------
    frame : polars.DataFrame
        One row per place: ``rank`` (from 1), ``item_id``, ``score``, ``source`` (who brought it).
    steps : tuple of dict
        What each policy step did, in order; empty where there was no policy.
    """

    frame: pl.DataFrame
    steps: tuple[dict[str, Any], ...] = ()

    @property
    def items(self) -> list[Id]:
        """Item ids, best first."""
        return self.frame[ITEM].to_list()

    def __len__(self) -> int:
        return self.frame.height

    def __contains__(self, item_id: object) -> bool:
        return item_id in self.items

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slate) and self.frame.equals(other.frame)

    def __hash__(self) -> int:
        return hash(tuple(self.items))

    def diff(self, other: Slate) -> SlateDiff:
        """What changes on the way from this slate to ``other``."""
        return SlateDiff.between(self, other)

    def _sheet(self) -> Sheet:
        shown = self.frame.select(c for c in (RANK, ITEM, SCORE, SOURCE) if c in self.frame.columns)
        steps = tuple(
            f"{step['step']}: {len(step['entered'])} in, {len(step['left'])} out"
            for step in self.steps
        )
        return Sheet(f"Slate of {len(self)}", tables=(("", shown),), notes=steps)


@dataclass(frozen=True, eq=False, repr=False)
class SlateDiff(Shown):
    """The difference of two slates. Two are equal where their frames are.

    Attributes
    ----------
    frame : polars.DataFrame
        One row per item of either slate: ``item_id``, ``before`` and ``after`` (ranks, null where
        absent), ``change`` ("entered", "left", "moved", "same") and ``moved`` (places upwards).
        In the order of the second slate, then what left.
    overlap : float
        Rank-biased overlap of the two lists, 0 (nothing shared) to 1 (identical).
    """

    frame: pl.DataFrame
    overlap: float

    @classmethod
    def between(cls, before: Slate, after: Slate) -> SlateDiff:
        left = before.frame.select(ITEM, pl.col(RANK).cast(pl.Int64).alias(BEFORE))
        right = after.frame.select(ITEM, pl.col(RANK).cast(pl.Int64).alias(AFTER))
        frame = (
            right.join(left, on=ITEM, how="full", coalesce=True)
            .with_columns(
                pl.when(pl.col(BEFORE).is_null())
                .then(pl.lit("entered"))
                .when(pl.col(AFTER).is_null())
                .then(pl.lit("left"))
                .when(pl.col(BEFORE) == pl.col(AFTER))
                .then(pl.lit("same"))
                .otherwise(pl.lit("moved"))
                .alias(CHANGE),
                (pl.col(BEFORE) - pl.col(AFTER)).alias(MOVED),
            )
            .sort(AFTER, BEFORE, nulls_last=True)
            .select(ITEM, BEFORE, AFTER, CHANGE, MOVED)
        )
        return cls(frame, rank_biased_overlap(before.items, after.items))

    def _with(self, change: str) -> list[Id]:
        return self.frame.filter(pl.col(CHANGE) == change)[ITEM].to_list()

    @property
    def entered(self) -> list[Id]:
        return self._with("entered")

    @property
    def left(self) -> list[Id]:
        return self._with("left")

    @property
    def moved(self) -> list[Id]:
        return self._with("moved")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SlateDiff) and self.frame.equals(other.frame)

    def __hash__(self) -> int:
        return hash(tuple(self.frame[ITEM]))

    def __bool__(self) -> bool:
        """True where anything changed."""
        return bool((self.frame[CHANGE] != "same").any())

    def _sheet(self) -> Sheet:
        facts = (
            ("new", len(self.entered)),
            ("gone", len(self.left)),
            ("moved", len(self.moved)),
            ("overlap", self.overlap),
        )
        return Sheet("What changes between two slates", facts, (("", self.marked),))

    @property
    def marked(self) -> pl.DataFrame:
        """For people: ``rank`` (after), ``item_id``, ``change`` in a word or an arrow, ``before``.

        "new", "gone", "↑ 3" (three places up), "↓ 3", or nothing.
        """
        places = pl.col(MOVED).abs().cast(pl.String)
        mark = (
            pl.when(pl.col(CHANGE) == "entered")
            .then(pl.lit("new"))
            .when(pl.col(CHANGE) == "left")
            .then(pl.lit("gone"))
            .when(pl.col(MOVED) > 0)
            .then(pl.lit("↑ ") + places)
            .when(pl.col(MOVED) < 0)
            .then(pl.lit("↓ ") + places)
            .otherwise(pl.lit(""))
        )
        return self.frame.select(
            pl.col(AFTER).alias(RANK), ITEM, mark.alias(CHANGE), pl.col(BEFORE)
        )


def rank_biased_overlap(first: list[Id], second: list[Id], p: float = 0.9) -> float:
    """Rank-biased overlap of two lists without repeats, extrapolated from what is seen.

    ``RBO = x_k/k p^k + (1-p)/p * sum_d p^d x_d/d`` with ``x_d`` the size of the overlap of the
    first ``d`` places and ``k`` the longer length (a shorter list simply ends).

    Two empty lists agree (1.0).

    Source: Webber, Moffat, Zobel 2010, "A similarity measure for indefinite rankings", eq. 30
    for lists of one length.
    """
    depth = max(len(first), len(second))
    if depth == 0:
        return 1.0
    total, overlap = 0.0, 0
    one: set[Id] = set()
    two: set[Id] = set()
    for d in range(1, depth + 1):
        one.update(first[d - 1 : d])
        two.update(second[d - 1 : d])
        overlap = len(one & two)
        total += p**d * overlap / d
    return (1 - p) / p * total + overlap / depth * p**depth


@dataclass(frozen=True, eq=False, repr=False)
class Slates(Shown):
    """Ranked lists of many people. Two are equal where people, places and frames are.

    Attributes
    ----------
    frame : polars.DataFrame
        ``row`` (of the Profiles), ``rank`` (from 1), ``item_id``, ``score``, ``source``; and
        ``user_id`` where it is known. Sorted by row and rank.
    n_rows : int
        Number of people, those with an empty slate included.
    k : int
        Places asked for.
    steps : sequence
        For each row, a tuple of the policy steps of that slate (empty where there was no policy).
    """

    frame: pl.DataFrame
    n_rows: int
    k: int
    steps: Sequence[tuple[dict[str, Any], ...]] = field(default=(), repr=False)

    def __len__(self) -> int:
        return self.n_rows

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Slates)
            and (self.n_rows, self.k) == (other.n_rows, other.k)
            and self.frame.equals(other.frame)
        )

    def __hash__(self) -> int:
        return hash((self.n_rows, self.k, *self.frame[ITEM].head(100)))

    def __getitem__(self, row: int) -> Slate:
        row = range(self.n_rows)[row]
        return self._slate(row, self.frame.filter(pl.col(ROW) == row))

    def __iter__(self) -> Iterator[Slate]:
        frame = self.frame if self.frame[ROW].is_sorted() else self.frame.sort(ROW, RANK)
        ends = np.searchsorted(frame[ROW].to_numpy(), np.arange(self.n_rows), side="right")
        start = 0
        for row, end in enumerate(ends.tolist()):
            yield self._slate(row, frame.slice(start, end - start))
            start = end

    def _sheet(self) -> Sheet:
        empty = self.n_rows - self.frame[ROW].n_unique()
        facts = (("people", self.n_rows), ("places", self.k), ("empty lists", empty))
        return Sheet("Slates", facts, (("", self.frame),))

    def _slate(self, row: int, frame: pl.DataFrame) -> Slate:
        return Slate(frame.drop(ROW), self.steps[row] if self.steps else ())

    @classmethod
    def from_frame(cls, frame: Any, k: int | None = None) -> Slates:
        """Lists made elsewhere: measured, compared and audited without a model.

        Parameters
        ----------
        frame : polars or pandas frame, or an ItemListCollection of LensKit
            ``user_id``, ``item_id`` and ``rank`` or ``score`` (or both), which are numbers: what
            LensKit and RecTools call them too;
            ``source`` if known. Lower ranks come first, and places are counted anew from 1.
            Without ``rank`` the higher score comes first, ties in the order of the rows.
        k : int, optional
            Places asked for; by default the longest list.

        Raises
        ------
        ArgumentError
            ``frame`` is no table, or ``k`` no number of places.
        DataError
            A column is missing, an id or a rank is null, a rank or a score is text or NaN, or a
            list repeats an item or a rank.
        """
        if k is not None and (isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1):
            raise ArgumentError(f"k must be a whole number of at least 1, not {k!r}")
        if not isinstance(frame, pl.DataFrame):
            frame = _from_pandas(frame.to_df() if hasattr(frame, "to_df") else frame)
        missing = {USER, ITEM} - set(frame.columns)
        if missing or not {RANK, SCORE} & set(frame.columns):
            raise DataError(
                f"slates need user_id, item_id and rank or score; these have {frame.columns}"
            )
        if frame.height == 0:
            raise DataError("slates are empty; give at least one row")
        order = RANK if RANK in frame.columns else SCORE
        if frame.select(pl.any_horizontal(pl.col(USER, ITEM, order).is_null().any())).item():
            raise DataError(f"slates hold a null in user_id, item_id or {order}; remove those rows")
        for column in (RANK, SCORE):
            if column in frame.columns:
                _refuse_no_numbers(frame[column])
        for column in (ITEM, RANK):
            if column in frame.columns and frame.select(USER, column).is_duplicated().any():
                twice = frame.filter(frame.select(USER, column).is_duplicated()).row(0, named=True)
                raise DataError(
                    f"the slate of user {twice[USER]!r} holds {column} {twice[column]!r} twice; "
                    "keep one"
                )
        users = frame[USER].unique(maintain_order=True)
        rows = pl.DataFrame({USER: users, ROW: pl.Series(range(len(users)), dtype=pl.Int64)})
        frame = (
            frame.join(rows, on=USER, how="left", maintain_order="left")
            .sort(ROW, order, descending=[False, order == SCORE], maintain_order=True)
            .with_columns(pl.int_range(1, pl.len() + 1).over(ROW).alias(RANK))
        )
        if SCORE not in frame.columns:
            frame = frame.with_columns(pl.lit(None, dtype=pl.Float32).alias(SCORE))
        if SOURCE not in frame.columns:
            frame = frame.with_columns(pl.lit("given").alias(SOURCE))
        places = int(frame[RANK].max()) if k is None else int(k)
        frame = frame.select(ROW, RANK, ITEM, SCORE, SOURCE, USER)
        return cls(frame.filter(pl.col(RANK) <= places), len(users), places)

    def to_pandas(self, user_ids: Sequence[Id] | None = None) -> Any:
        """The lists as a pandas frame: ``user_id, item_id, score, rank``.

        It is what LensKit (``ItemListCollection.from_df(frame, ["user_id"])``) and the metrics of
        RecTools (``rectools.Columns.Recommendations``) take, and ``from_frame`` takes back. Empty
        lists have no row.

        Parameters
        ----------
        user_ids : sequence of ids, optional
            Whose list each row is, where the lists do not carry it: those of ``split.people()``.

        Raises
        ------
        ArgumentError
            It is not known whose lists they are, or ``user_ids`` are not one per list.
        """
        frame = self.frame
        if user_ids is not None:
            if len(user_ids) != self.n_rows or len(set(user_ids)) != len(user_ids):
                raise ArgumentError(
                    f"user_ids are {len(user_ids)} for {self.n_rows} lists; give one for each, "
                    "none twice"
                )
            frame = frame.with_columns(
                pl.Series(USER, list(user_ids)).gather(frame[ROW]).alias(USER)
            )
        elif USER not in frame.columns:
            raise ArgumentError(
                "user_ids are not in these lists; give them: slates.to_pandas(split.people()[0])"
            )
        return frame.select(USER, ITEM, SCORE, RANK).to_pandas()

    @property
    def user_ids(self) -> list[Id] | None:
        """User ids by row, where the lists carry them."""
        if USER not in self.frame.columns:
            return None
        return self.frame.unique(ROW, maintain_order=True).sort(ROW)[USER].to_list()


def _from_pandas(table: Any) -> pl.DataFrame:
    pandas = type(table).__module__.partition(".")[0] == "pandas" and hasattr(table, "columns")
    if not pandas:
        raise ArgumentError(
            f"frame must be a polars or pandas frame, not {type(table).__name__}; read a file "
            "first (pl.read_csv, pl.read_parquet), collect what is lazy"
        )
    return pl.from_pandas(table)


def _refuse_no_numbers(column: pl.Series) -> None:
    """Text would be sorted as text (10 before 2), and NaN above every number."""
    if not column.dtype.is_numeric() and column.null_count() < len(column):
        raise DataError(
            f"slates hold {column.name} as {column.dtype}, such as {column.drop_nulls()[0]!r}; "
            f'cast it to numbers: frame.with_columns(pl.col("{column.name}").cast(pl.Float64))'
        )
    if column.dtype.is_float() and column.is_nan().any():
        raise DataError(
            f"slates hold NaN in {column.name}; remove those rows: what cannot be scored is not "
            "in a list"
        )
