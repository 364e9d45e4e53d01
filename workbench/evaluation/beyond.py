"""Beyond accuracy: how new, varied, surprising, fitting and popular the lists are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import GENRES
from workbench.data.dataset import Dataset
from workbench.evaluation.accuracy import Floats, Shown, is_relevant
from workbench.features import items as features
from workbench.profiles import Profiles
from workbench.vocabulary import IntArray

BLEND = 0.01
"""Share of the history's genres that is mixed into the list's, so that KL stays finite."""

CELLS = 2**24
"""Numbers of one dense block."""


@dataclass(frozen=True)
class World:
    """What the training log says of each item.

    Attributes
    ----------
    n_people : int
        People with a training event; guests are not counted.
    met : (n_items,) int64
        How many of them met the item.
    place : (n_items,) int64
        Place in the list by popularity (relevant events, ties by code), from 0.
    genres : (n_items, n_genres) csr of ones, or None
        None where the items have none.
    relevant_from : float or None
    """

    n_people: int
    met: IntArray
    place: IntArray
    genres: sparse.csr_array | None
    relevant_from: float | None

    @classmethod
    def of(cls, dataset: Dataset) -> World:
        """Counted once for each dataset, which does not change: many models are measured on it."""
        if dataset not in _COUNTED:
            _COUNTED[dataset] = cls._counted(dataset)
        return _COUNTED[dataset]

    @classmethod
    def _counted(cls, dataset: Dataset) -> World:
        people = dataset.profiles()
        size = dataset.n_items
        met = np.bincount(people.item[people.latest], minlength=size)
        liked = np.bincount(people.item[people.positive(dataset.relevant_from)], minlength=size)
        place = np.empty(size, dtype=np.int64)
        place[np.argsort(-liked, kind="stable")] = np.arange(size)
        return cls(
            int((people.lengths > 0).sum()),
            met,
            place,
            genre_matrix(dataset.items),
            dataset.relevant_from,
        )

    @property
    def popularity(self) -> Floats:
        """Share of the training people who met the item, ``(n_items,)``."""
        return self.met / max(self.n_people, 1)

    @cached_property
    def shares(self) -> sparse.csr_array | None:
        """Share of each genre in each item, ``(n_items, n_genres)``: an item's share its weight."""
        if self.genres is None:
            return None
        return sparse.diags_array(1 / np.maximum(np.diff(self.genres.indptr), 1)) @ self.genres


_COUNTED: WeakKeyDictionary[Dataset, World] = WeakKeyDictionary()


@dataclass(frozen=True)
class Past:
    """What the histories of people say, whatever they are shown.

    Attributes
    ----------
    world : World
    met : (n_met,) int64
        ``row * n_items + place`` of every item met, sorted.
    popularity : (n_people,) float64
        Mean popularity of the items met; NaN without any, or where nobody else met them.
    genres : (n_people, n_genres) csr, or None
        Weight of each genre in the relevant history.
    """

    world: World
    met: IntArray
    popularity: Floats
    genres: sparse.csr_array | None

    @classmethod
    def of(cls, people: Profiles, world: World) -> Past:
        """Counted once for each batch of people, which does not change."""
        known = _PASTS.get(people)
        if known is None or known.world is not world:
            known = _PASTS[people] = cls._counted(people, world)
        return known

    @classmethod
    def _counted(cls, people: Profiles, world: World) -> Past:
        once = people.latest
        row, item = people.row[once], people.item[once]
        usual = Shown(row, row, item, len(people), 0).mean(world.popularity[item])
        usual[usual == 0] = np.nan
        genres = None
        if world.shares is not None:
            genres = people.csr(people.positive(world.relevant_from)) @ world.shares
        return cls(world, np.sort(row * len(world.place) + world.place[item]), usual, genres)


_PASTS: WeakKeyDictionary[Profiles, Past] = WeakKeyDictionary()


def genre_matrix(items: pl.DataFrame) -> sparse.csr_array | None:
    """Which item has which genre, ``(n_items, n_genres)`` float32 of ones; None without lists."""
    if not isinstance(items.schema.get(GENRES), pl.List):
        return None
    _, matrix = features.genre_matrix(items)
    return matrix if matrix.nnz else None


def novelty(shown: Shown, world: World) -> Floats:
    """Mean self-information of the shown items in bits, ``(n_rows,)``; NaN for an empty list.

    ``-log2((c + 1) / (n + 1))`` with ``c`` of ``n`` training people; 0 for an item that everybody
    met, finite for one that nobody did.

    Source: Zhou et al. 2010, "Solving the apparent diversity-accuracy dilemma of recommender
    systems"; the add-one is ours.
    """
    return shown.mean(-np.log2((world.met[shown.item] + 1) / (world.n_people + 1)))


def serendipity(shown: Shown, world: World, people: Profiles, relevant: sparse.csr_array) -> Floats:
    """Hits that popularity would not have shown, divided by ``k``, ``(n_rows,)`` in [0, 1].

    An item is expected where it is among the person's ``k`` most popular unseen ones. Never above
    precision; 0 for the popularity model.

    Source: Ge, Delgado-Battenfeld, Jannach 2010, "Beyond accuracy", with relevance as usefulness
    and popularity as the primitive model.
    """
    width = len(world.place)
    met = Past.of(people, world).met
    start = np.searchsorted(met, np.arange(len(people)) * width)
    place = world.place[shown.item]
    skipped = np.searchsorted(met, shown.row * width + place) - start[shown.row]
    surprising = is_relevant(shown, relevant) & (place - skipped >= shown.k)
    hits = np.bincount(shown.row[surprising], minlength=shown.n_rows) / shown.k
    return np.where(np.diff(relevant.indptr) > 0, hits, np.nan)


def popularity_lift(shown: Shown, world: World, people: Profiles) -> Floats:
    """How much more popular the list is than the history, ``(n_rows,)`` from -1.

    ``mean popularity of the list / mean popularity of the history - 1``; NaN for an empty list or
    history, and for a history that no training person shares.

    Source: Abdollahpouri et al. 2020, "The connection between popularity bias, calibration, and
    fairness in recommendation", there by group.
    """
    usual = Past.of(people, world).popularity
    return shown.mean(world.popularity[shown.item]) / usual - 1


def diversity(shown: Shown, world: World) -> Floats:
    """Mean over pairs of shown items of ``1 - Jaccard`` of their genres, ``(n_rows,)`` in [0, 1].

    Items without genres are left out; NaN with fewer than two others.

    Source: Ziegler et al. 2005, "Improving recommendation lists through topic diversification".
    """
    out = np.full(shown.n_rows, np.nan)
    if world.genres is None or len(shown.row) == 0:
        return out
    size = np.diff(world.genres.indptr)
    longest = int(shown.rank.max())
    cells = longest * (world.genres.shape[1] + 2 * longest)
    for rows, part in _blocks(shown, cells):
        genres = np.zeros((rows.stop - rows.start, longest, world.genres.shape[1]), np.float32)
        count = np.zeros(genres.shape[:2], np.float32)
        place = (shown.row[part] - rows.start, shown.rank[part] - 1)
        genres[place] = world.genres[shown.item[part]].toarray()
        count[place] = size[shown.item[part]]
        shared = genres @ genres.transpose(0, 2, 1)
        union = count[:, :, None] + count[:, None, :] - shared
        has = count > 0
        # Each pair counts twice and an item with itself is wholly like, so both sums stay simple.
        likeness = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
        n = has.sum(1).astype(np.float64)
        pairs = n * (n - 1)
        alike = likeness.sum((1, 2), dtype=np.float64) - n
        out[rows] = np.divide(pairs - alike, pairs, out=np.full(len(n), np.nan), where=pairs > 0)
    return np.clip(out, 0.0, 1.0)


def miscalibration(shown: Shown, world: World, people: Profiles) -> Floats:
    """How far the list's genres are from the history's, in nats, ``(n_rows,)`` from 0.

    ``KL(p || (1 - a) q + a p)`` with ``a = 0.01``: ``p`` are the genres of the relevant history
    (by weight), ``q`` those of the list; an item's genres share its weight. NaN where either has
    no genre. (Steck writes ``(1 - a) q + a p`` too.)

    Source: Steck 2018, "Calibrated recommendations".
    """
    out = np.full(shown.n_rows, np.nan)
    share, history = world.shares, Past.of(people, world).genres
    if share is None or history is None:
        return out
    for rows, part in _blocks(shown, 4 * share.shape[1]):
        n = rows.stop - rows.start
        pick = (np.ones(part.stop - part.start), (shown.row[part] - rows.start, shown.item[part]))
        lists = sparse.csr_array(pick, shape=(n, share.shape[0]))
        taste, listed = (_shares(genres) for genres in (history[rows], lists @ share))
        mixed = (1 - BLEND) * listed + BLEND * taste
        ratio = np.divide(taste, mixed, out=np.ones_like(taste), where=(taste > 0) & (mixed > 0))
        # NaN in either stays NaN; a rounding below 0 is a 0.
        out[rows] = np.maximum((taste * np.log(ratio) + 0 * listed).sum(1), 0.0)
    return out


def _shares(counts: sparse.csr_array) -> NDArray[np.float64]:
    dense = counts.toarray().astype(np.float64)
    total = dense.sum(1, keepdims=True)
    return np.divide(dense, total, out=np.full_like(dense, np.nan), where=total > 0)


def _blocks(shown: Shown, cells_per_row: int) -> Iterator[tuple[slice, slice]]:
    """Parts of the people, and of what they were shown, that fit into one dense block."""
    step = max(1, CELLS // max(cells_per_row, 1))
    for start in range(0, shown.n_rows, step):
        stop = min(start + step, shown.n_rows)
        first, last = np.searchsorted(shown.row, [start, stop])
        yield slice(start, stop), slice(int(first), int(last))
