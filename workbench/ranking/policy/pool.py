"""Pool: the ranked items that a policy chooses from, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.columns import ITEM, PROPENSITY, RANK, ROW, SCORE, SOURCE, USER
from workbench.errors import ArgumentError
from workbench.vocabulary import IntArray, Vocabulary

NOBODY = -1
"""Code of a place that holds no item."""
PINNED = "pinned"

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Pool:
    """Ranked items of many people. Row ``i`` is person ``i``; empty places are at the end.

    Attributes
    ----------
    code : (n_rows, width) int64
        Item codes, best first; ``NOBODY`` where a row has no more.
    utility : (n_rows, width) float64
        What the steps weigh, never rising from left to right: the model's score, boosts added.
        A step that ranks anew moves the items and leaves the utilities where they are, so the
        next step takes the new order for the truth. ``-inf`` where there is no item.
    origin : (n_rows, width) int64
        Row of the slates' frame that the item came from; -1 for a pinned item from elsewhere.
    n_pinned : (n_rows,) int64
        First places that no later step may move.
    """

    code: IntArray
    utility: Floats
    origin: IntArray
    n_pinned: IntArray

    @classmethod
    def of(cls, frame: pl.DataFrame, n_rows: int, catalogue: Vocabulary) -> Pool:
        """The pool of ``row, item_id, score``, sorted by row and rank.

        A list that is not sorted by its scores, or lacks one, was ranked by something else: its
        utility falls by 1 from place to place.
        """
        row = frame[ROW].to_numpy()
        item = catalogue.codes(frame[ITEM])
        if (item < 0).any():
            stranger = frame[ITEM][int(np.flatnonzero(item < 0)[0])]
            raise ArgumentError(
                f"slates hold item {stranger!r}, which is not in the catalogue of the people; "
                "take both from one log"
            )
        count = np.bincount(row, minlength=n_rows)
        place = np.arange(len(row)) - (np.cumsum(count) - count)[row]
        shape = (n_rows, int(count.max(initial=1)))  # one empty place where there is nothing
        code, origin = np.full(shape, NOBODY), np.full(shape, -1)
        utility = np.full(shape, -np.inf)
        code[row, place] = item
        origin[row, place] = np.arange(len(row))
        utility[row, place] = frame[SCORE].cast(pl.Float64).fill_null(np.nan).to_numpy()
        sorted_ = (utility[:, :-1] >= utility[:, 1:]).all(axis=1)
        lost = ~sorted_ | np.isnan(utility).any(axis=1)
        places = np.where(code != NOBODY, -np.arange(shape[1], dtype=np.float64), -np.inf)
        utility[lost] = places[lost]
        return cls(code, utility, origin, np.zeros(n_rows, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.code)

    @property
    def held(self) -> Mask:
        """Where there is an item, ``(n_rows, width)``."""
        return self.code != NOBODY

    def first(self, width: int) -> Pool:
        """Only the first places."""
        return replace(
            self,
            code=self.code[:, :width],
            utility=self.utility[:, :width],
            origin=self.origin[:, :width],
        )

    def reordered(self, order: IntArray) -> Pool:
        """Other items on the first places, ``order`` being places of now, ``(n_rows, n_first)``.

        Utilities stay with the places.
        """
        code, origin = self.code.copy(), self.origin.copy()
        n = order.shape[1]
        code[:, :n] = np.take_along_axis(self.code[:, :n], order, axis=1)
        origin[:, :n] = np.take_along_axis(self.origin[:, :n], order, axis=1)
        return replace(self, code=code, origin=origin)

    def sorted_by(self, utility: Floats) -> Pool:
        """Ranked by another utility; equals keep their order."""
        order = np.argsort(np.where(self.held, -utility, np.inf), axis=1, kind="stable")
        return self._taken(order, np.take_along_axis(utility, order, axis=1))

    def without(self, gone: Mask) -> Pool:
        """Less the items of the mask; the others move up."""
        order = np.argsort(gone | ~self.held, axis=1, kind="stable")
        kept = self._taken(order, np.take_along_axis(self.utility, order, axis=1))
        left = np.arange(self.code.shape[1]) < (self.held & ~gone).sum(axis=1)[:, None]
        return kept._only(left)

    def pinned(self, codes: IntArray, due: Mask) -> Pool:
        """With these items on top, in their order.

        Parameters
        ----------
        codes : (n_pins,) int64
        due : (n_rows, n_pins) bool
            Who gets which.
        """
        origin = np.full(due.shape, -1)
        rest = self
        for j, code in enumerate(codes):
            here = (self.code == code) & due[:, j, None]
            origin[:, j] = np.where(here, self.origin, -1).max(axis=1, initial=-1)
            rest = rest.without((rest.code == code) & due[:, j, None])
        best = rest.utility.max(axis=1, initial=-np.inf, keepdims=True)
        best = np.where(np.isfinite(best), best, 0.0)
        joined = Pool(
            np.concatenate([np.where(due, codes, NOBODY), rest.code], axis=1),
            np.concatenate([np.where(due, best, -np.inf), rest.utility], axis=1),
            np.concatenate([origin, rest.origin], axis=1),
            due.sum(axis=1),
        )
        return joined.without(np.zeros(joined.code.shape, dtype=bool))

    def chosen(self, column: IntArray) -> Pool:
        """Only these, in this order: ``(n_rows, k)`` places of now, -1 where there is none."""
        some = column >= 0
        taken = self._taken(
            np.maximum(column, 0),
            np.take_along_axis(self.utility, np.maximum(column, 0), axis=1),
        )
        return taken._only(some)

    def _only(self, held: Mask) -> Pool:
        """With nothing in the places outside the mask."""
        return replace(
            self,
            code=np.where(held, self.code, NOBODY),
            origin=np.where(held, self.origin, -1),
            utility=np.where(held, self.utility, -np.inf),
        )

    def _taken(self, order: IntArray, utility: Floats) -> Pool:
        return Pool(
            np.take_along_axis(self.code, order, axis=1),
            utility,
            np.take_along_axis(self.origin, order, axis=1),
            self.n_pinned,
        )

    def top(self, k: int) -> IntArray:
        """Item codes of the first ``k`` places, ``(n_rows, k)``."""
        code = np.full((len(self), k), NOBODY)
        code[:, : self.code.shape[1]] = self.code[:, :k]
        return code

    def frame(
        self, k: int, slates: pl.DataFrame, catalogue: Vocabulary, propensity: Floats | None
    ) -> pl.DataFrame:
        """The first ``k`` places as a frame of slates.

        Parameters
        ----------
        k : int
        slates : polars.DataFrame
            The frame that ``origin`` counts in.
        catalogue : Vocabulary
        propensity : (n_rows, at least k) float64, optional
        """
        row, place = np.nonzero(self.held[:, :k])
        origin = self.origin[row, place]
        came = pl.Series(np.where(origin >= 0, origin, 0))
        known = pl.Series(origin >= 0)
        columns = {
            ROW: pl.Series(row, dtype=pl.Int64),
            RANK: pl.Series(place + 1, dtype=pl.Int64),
            ITEM: catalogue.ids.gather(self.code[row, place]),
        }
        empty = pl.Series([None], dtype=pl.Int64)
        for name in (SCORE, SOURCE):
            column = slates[name]
            taken = column.gather(came) if len(column) else column.clear(len(came))
            columns[name] = taken.zip_with(
                known, empty.cast(column.dtype).new_from_index(0, len(row))
            )
        pinned = pl.Series(place < self.n_pinned[row])
        columns[SOURCE] = pl.Series(np.full(len(row), PINNED)).zip_with(pinned, columns[SOURCE])
        if USER in slates.columns:
            users = dict(slates.unique(ROW).select(ROW, USER).rows())
            columns[USER] = pl.Series(
                [users.get(r) for r in row.tolist()], dtype=slates[USER].dtype
            )
        if propensity is not None:
            columns[PROPENSITY] = pl.Series(propensity[row, place], dtype=pl.Float64)
        return pl.DataFrame(columns)
