"""Shows: how a synthetic world chooses what people get to see, and with which probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.vocabulary import FloatArray, IntArray

DAY = 86_400.0
YEAR = 365.25 * DAY
N_POSITIONS = 10
NOVELTY, HALF_LIFE = 0.8, 120 * DAY
UNRELEASED = 1e-6


@dataclass(frozen=True, eq=False)
class Shows:
    """The policy that fills the places of a page.

    With probability ``popular`` a place is filled from the general charts, otherwise from the
    charts of one of the person's tastes. A chart draws items in proportion to their ``appeal``,
    how new they are and the season, all of which are constant within a period. The page puts
    items of wide appeal higher, and a place ``p`` is looked at with probability ``p ** -0.5``.

    Attributes
    ----------
    start, length : float
        Beginning of the first period and length of each, in seconds.
    main, second : (n_items,) int64
        Tastes of each item; ``main_share`` (and the rest) says how much it belongs to each.
    main_share : (n_items,) float64
    lift : (n_items,) float64
        How strongly the page pulls an item up: its place is ``1 + floor(10 U ** lift)``.
    popular : float
        Share of the places filled from the general charts.
    n_tastes : int
    chance : (n_periods, 3 n_items) float64
        Probability of each entry within its chart; entries are sorted by chart.
    ladder : (n_periods * 3 n_items,) float64
        Running sum of ``chance``, chart ``c`` of period ``s`` within
        ``s (n_tastes + 1) + c`` and one more.
    entry_item : (3 n_items,) int64
    entry_of : (3, n_items) int64
        Entry of each item in its main, its second and the general chart.
    """

    start: float
    length: float
    main: IntArray
    second: IntArray
    main_share: NDArray[np.float64]
    lift: NDArray[np.float64]
    popular: float
    n_tastes: int
    chance: NDArray[np.float64]
    ladder: NDArray[np.float64]
    entry_item: IntArray
    entry_of: IntArray

    @classmethod
    def of(
        cls,
        *,
        start: float,
        length: float,
        n_periods: int,
        main: IntArray,
        second: IntArray,
        main_share: NDArray[np.float64],
        appeal: NDArray[np.float64],
        released: NDArray[np.float64],
        phase: NDArray[np.float64],
        popular: float,
    ) -> Shows:
        """Charts of every period.

        Parameters
        ----------
        start, length : float
            Seconds.
        n_periods : int
        main, second, main_share : (n_items,)
        appeal : (n_items,) float
            Above 0.
        released : (n_items,) float
            Moment from which an item can be seen; it is newest then.
        phase : (n_tastes,) float
            When in the year a taste is in season, 0 to 1.
        popular : float
        """
        n_items, n_tastes = len(main), len(phase)
        middle = start + (np.arange(n_periods) + 0.5) * length
        age = middle[:, None] - released
        fresh = np.where(
            age < -length / 2,
            UNRELEASED,
            1 - NOVELTY + NOVELTY * np.exp2(-np.maximum(age, 0) / HALF_LIFE),
        )
        season = 1 + 0.6 * np.cos(2 * np.pi * (middle[:, None] / YEAR - phase))
        weight = appeal * fresh * season[:, main]
        chart = np.concatenate([main, second, np.full(n_items, n_tastes)])
        item = np.tile(np.arange(n_items), 3)
        order = np.argsort(chart, kind="stable")
        entry_of = np.empty(3 * n_items, dtype=np.int64)
        entry_of[order] = np.arange(3 * n_items)
        share = np.concatenate([main_share, 1 - main_share, np.ones(n_items)])
        entries = (weight[:, item] * share)[:, order]
        chart = chart[order]
        first = np.searchsorted(chart, np.arange(n_tastes + 1))
        total = np.add.reduceat(entries, first, axis=1)
        chance = entries / total[:, chart]
        rungs = np.cumsum(chance, axis=1) - np.arange(n_tastes + 1)[chart] + chart
        rungs += np.arange(n_periods)[:, None] * (n_tastes + 1)
        rank = np.argsort(np.argsort(appeal)) / max(n_items - 1, 1)
        return cls(
            start,
            length,
            main,
            second,
            main_share,
            1 + rank,
            popular,
            n_tastes,
            chance,
            rungs.ravel(),
            item[order],
            entry_of.reshape(3, n_items),
        )

    def period(self, moment: NDArray[np.float64]) -> IntArray:
        """Period of each moment (before the first it is the first, after the last the last)."""
        place = np.floor((moment - self.start) / self.length).astype(np.int64)
        return np.clip(place, 0, len(self.chance) - 1)

    def charts(self, taste: FloatArray) -> FloatArray:
        """Probability of each chart, ``(n_rows, n_tastes + 1)``; the last are the general ones."""
        general = np.full((len(taste), 1), self.popular, dtype=taste.dtype)
        return np.concatenate([(1 - self.popular) * taste, general], axis=1)

    def draw(
        self, charts: FloatArray, period: IntArray, rng: np.random.Generator
    ) -> tuple[IntArray, IntArray, NDArray[np.bool_]]:
        """What fills one place per row, where, and whether it is looked at.

        Returns
        -------
        item : (n_rows,) int64
        position : (n_rows,) int64
            1 to 10.
        looked_at : (n_rows,) bool
        """
        n = len(charts)
        running = np.cumsum(charts, axis=1)
        aim = rng.random(n, dtype=np.float32) * running[:, -1]
        chart = np.minimum((running <= aim[:, None]).sum(axis=1), self.n_tastes)
        # Just below 1, so that rounding never lifts a draw into the next chart.
        rung = period * (self.n_tastes + 1) + chart + rng.random(n) * (1 - 1e-9)
        entry = np.searchsorted(self.ladder, rung, side="right") % len(self.entry_item)
        item = self.entry_item[entry]
        place = np.floor(N_POSITIONS * rng.random(n) ** self.lift[item]).astype(np.int64)
        position = np.minimum(place, N_POSITIONS - 1) + 1
        return item, position, rng.random(n) < position**-0.5

    def probability(
        self, charts: FloatArray, period: IntArray, item: IntArray, position: IntArray
    ) -> NDArray[np.float64]:
        """Probability that a place held this item, at this position, and was looked at."""
        rows = np.arange(len(item))
        shown = (
            charts[rows, self.main[item]] * self.chance[period, self.entry_of[0, item]]
            + charts[rows, self.second[item]] * self.chance[period, self.entry_of[1, item]]
            + charts[rows, self.n_tastes] * self.chance[period, self.entry_of[2, item]]
        )
        power = 1 / self.lift[item]
        there = (position / N_POSITIONS) ** power - ((position - 1) / N_POSITIONS) ** power
        return shown * there * position**-0.5  # type: ignore[no-any-return]
