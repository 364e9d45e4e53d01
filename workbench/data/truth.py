"""Truth: what a synthetic world knows of itself."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from workbench.errors import ArgumentError
from workbench.vocabulary import FloatArray, IntArray

Floats = NDArray[np.floating]
BLOCK = 1024
CENTRE = 2.85
MATCH = 3.5
NOISE = 0.8


@dataclass(frozen=True, eq=False, repr=False)
class Truth:
    """The laws of a world, by person code and item code.

    The stars that a person would give to an item are
    ``2.85 + 3.5 match + quality + leniency + noise``, rounded and kept within 1 to 5, with
    ``match = <taste, traits>`` and normal noise of standard deviation 0.8.

    Attributes
    ----------
    taste_first, taste_last : (n_users, n_tastes) float32
        Share of each hidden taste in a person when they come and when they leave; rows add up to
        1. In between it moves in a straight line.
    since, until : (n_users,) float64
        Moments (seconds) at which they come and leave.
    traits : (n_items, n_tastes) float32
        Share of each hidden taste in an item; rows add up to 1.
    quality : (n_items,) float32
        In stars.
    leniency : (n_users,) float32
        In stars.
    disfavoured : (n_users,) bool
        Members of the group that the planted bias is against.
    bias : float
        Its size, 0 to 1. Tastes of the group are ``(1 - bias) taste + bias / n_tastes``.
    relevant_from : float
    attribute, group : str
        The attribute that carries the bias, and the disfavoured value.
    """

    taste_first: FloatArray
    taste_last: FloatArray
    since: Floats
    until: Floats
    traits: FloatArray
    quality: FloatArray
    leniency: FloatArray
    disfavoured: NDArray[np.bool_]
    bias: float
    relevant_from: float = 4.0
    attribute: str = field(default="gender")
    group: str = field(default="F")

    def __repr__(self) -> str:
        n_users, n_tastes = self.taste_first.shape
        return (
            f"Truth({n_users:,} people, {len(self.traits):,} items, {n_tastes} hidden tastes, "
            f"bias={self.bias} against {self.attribute}={self.group!r})"
        )

    def taste(self, users: IntArray, moment: float | Floats | None = None) -> FloatArray:
        """Tastes of people at a moment.

        Parameters
        ----------
        users : (n_rows,) int
            Person codes.
        moment : float or (n_rows,), optional
            Seconds; by default when they leave.

        Returns
        -------
        (n_rows, n_tastes) float32
        """
        users = np.asarray(users, dtype=np.int64)
        if moment is None:
            return self.taste_last[users]
        span = np.maximum(self.until[users] - self.since[users], 1.0)
        way = np.clip((moment - self.since[users]) / span, 0, 1).astype(np.float32)[:, None]
        return (1 - way) * self.taste_first[users] + way * self.taste_last[users]

    def expected_value(
        self,
        users: IntArray,
        items: IntArray | None = None,
        moment: float | Floats | None = None,
    ) -> FloatArray:
        """Stars before noise and rounding, ``(n_users, n_items)`` float32; as ``relevance``."""
        items = np.arange(len(self.traits)) if items is None else np.asarray(items)
        users = np.asarray(users, dtype=np.int64)
        stars = self.taste(users, moment) @ self.traits[items].T
        stars *= np.float32(MATCH)
        stars += (self.quality[items] + np.float32(CENTRE))[None]
        stars += self.leniency[users][:, None]
        return stars  # type: ignore[no-any-return]

    def relevance(
        self,
        users: IntArray,
        items: IntArray | None = None,
        moment: float | Floats | None = None,
    ) -> FloatArray:
        """Probability that a person would find an item relevant.

        Parameters
        ----------
        users : (n_rows,) int
            Person codes (``dataset.people.codes(ids)``).
        items : (n_columns,) int, optional
            Item codes; by default the whole catalogue.
        moment : float or (n_rows,), optional
            Seconds; by default when each of them leaves.

        Returns
        -------
        (n_rows, n_columns) float32
            Computed in blocks of people; ask for a part of the people where the whole is large.
        """
        users = np.asarray(users, dtype=np.int64)
        width = len(self.traits) if items is None else len(items)
        out = np.empty((len(users), width), dtype=np.float32)
        for start in range(0, len(users), BLOCK):
            part = slice(start, start + BLOCK)
            then = moment[part] if isinstance(moment, np.ndarray) else moment
            stars = self.expected_value(users[part], items, then)
            # A star count is rounded, so it reaches 4 from 3.5 on.
            ndtr((stars - np.float32(self.relevant_from - 0.5)) / np.float32(NOISE), out=out[part])
        return out

    def gap(self, k: int = 10) -> float:
        """How much worse off the disfavoured are even with a perfect model.

        Mean expected relevance of the ``k`` best items of the others, less that of the
        disfavoured; about 0 where nothing is planted.
        """
        if k < 1:
            raise ArgumentError(f"k must be at least 1, not {k!r}")
        n, width = len(self.leniency), len(self.traits)
        k = min(k, width)
        best = np.empty(n)
        for start in range(0, n, BLOCK):
            users = np.arange(start, min(start + BLOCK, n))
            scores = self.relevance(users)
            best[users] = np.partition(scores, width - k, axis=1)[:, width - k :].mean(axis=1)
        return float(best[~self.disfavoured].mean() - best[self.disfavoured].mean())
