"""Mending by learning: the same engine, its ranker taught again with other weights."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import xgboost as xgb
from numpy.typing import NDArray

from workbench.audit.intervals import Floats
from workbench.columns import ITEM, RANK, ROW, USER
from workbench.data.dataset import Dataset
from workbench.data.split import Split
from workbench.profiles import Profiles
from workbench.ranking.engine import OF_TREES, Engine
from workbench.ranking.lessons import Lessons
from workbench.ranking.ranker import BINS, Ranker
from workbench.ranking.recommend import top
from workbench.slate import Slates
from workbench.vocabulary import IntArray

PEOPLE, ITEMS = "re-weighting people", "re-weighting items"
REWEIGHTING: Mapping[str, tuple[float, ...]] = {
    PEOPLE: (1.0, 3.0, 9.0),
    ITEMS: (0.5, 1.0, 2.0, 4.0, 8.0),
}
"""Name → strengths: lessons of the group, or relevant ones of the kind, count 1 + strength fold."""


@dataclass(frozen=True, eq=False)
class Taught:
    """What a ranker learns from. Row-aligned.

    Attributes
    ----------
    lessons : Lessons
    item : (n_pairs,) int64
        Code of the item.
    observed : (n_pairs,) bool
        Whether the person met the item in the later part, so that there is feedback.
    """

    lessons: Lessons
    item: IntArray
    observed: NDArray[np.bool_]


class Teaching(Engine):
    """An engine that can be taught again: it knows which item each of its lessons is about."""

    @classmethod
    def of(cls, engine: Engine) -> Teaching:
        """Of a fitted engine, which stays as it is; what was fitted is shared."""
        teaching = cls(**engine.params())
        vars(teaching).update(vars(engine))
        return teaching

    def lessons(self, dataset: Dataset) -> Taught:
        """What its ranker learns from, and what each pair is about.

        Parameters
        ----------
        dataset : Dataset
            What the engine was fitted on. Its retrievers are fitted on parts of it for a while.
        """
        pupil = _Noting.of(self)
        noted = pupil.learn(dataset, choose=not hasattr(self, "choice_"))
        plain = replace(noted, matrix=noted.matrix[:, :-2])
        return Taught(plain, noted.matrix[:, -2].astype(np.int64), noted.matrix[:, -1] > 0)

    def taught(self, lessons: Lessons, weight: Floats) -> Ranker:
        """A ranker of the same parameters that has learnt from weighted pairs.

        Parameters
        ----------
        lessons : Lessons
        weight : (n_pairs,) float64
            Scaled to a mean of 1. With a ranking objective each list weighs as its first pair.
        """
        ways = self.monotone or {}
        pupil = _Weighing(
            [f.name for f in self.features_],
            monotone=[ways.get(f.name, f.monotone) for f in self.features_],
            **{name: getattr(self, name) for name in OF_TREES},
        )
        pupil.weight = weight / weight.mean()
        pupil.fit(lessons)
        plain = self.ranker_of(self.features_)  # without the weights: saved as any other
        plain.boosters, plain.trees = pupil.boosters, pupil.trees
        return plain

    def lists(self, people: Profiles, rankers: Sequence[Ranker], k: int) -> list[Slates]:
        """The lists of each ranker; candidates and features are made once."""
        people = people.aligned(self.catalogue)
        frames: list[list[pl.DataFrame]] = [[] for _ in rankers]
        for part, block in people.showing(self.uses).blocks(self._block(people)):
            row, item, matrix, _ = self._candidates(block)
            for ranker, kept in zip(rankers, frames, strict=True):
                scores = np.full((len(block), len(self.catalogue)), np.nan, dtype=np.float32)
                scores[row, item] = ranker.predict(matrix)
                place, code = top(scores, k)
                first = np.searchsorted(place, place)
                kept.append(
                    pl.DataFrame(
                        {
                            ROW: place + part.start,
                            RANK: np.arange(len(place)) - first + 1,
                            ITEM: self.catalogue.ids.gather(code),
                        }
                    )
                )
        return [Slates(pl.concat(kept), len(people), k) for kept in frames]


def with_ranker(engine: Engine, ranker: Ranker, **about: Any) -> Engine:
    """The engine with another ranker; all else is shared, and the manifest will say so."""
    mended = copy.copy(engine)
    mended.ranker_ = ranker
    mended.learnt_from_ = {**engine.learnt_from_, "mitigation": about}
    return mended


def person_weights(lessons: Lessons, members: IntArray, strength: float) -> Floats:
    """Lessons of some people count ``1 + strength`` times, ``(n_pairs,)``.

    Parameters
    ----------
    members : (n_members,) int
        Codes of those people.
    """
    return np.where(np.isin(lessons.person, members), 1.0 + strength, 1.0)


def item_weights(lessons: Lessons, item: IntArray, member: Floats, strength: float) -> Floats:
    """Relevant pairs of a kind of items count ``1 + strength`` times, ``(n_pairs,)``.

    An item that is of the kind in part counts in proportion. Pairs that were not relevant stay,
    or else the ranker would learn that more of the kind is irrelevant, too.

    Parameters
    ----------
    item : (n_pairs,) int
    member : (n_items,) float64
        Share of each item in the kind.

    Source: in the manner of Kamiran and Calders 2012, "Data preprocessing techniques for
    classification without discrimination", whose weights are one such choice.
    """
    return 1.0 + strength * member[item] * lessons.relevant


class _Noting(Engine):
    """Writes into two more columns which item a lesson is about, and whether it was met later."""

    @classmethod
    def of(cls, engine: Engine) -> _Noting:
        noting = cls(**engine.params())
        vars(noting).update(vars(engine))
        return noting

    def _candidates(self, block: Profiles, seen: bool = False) -> Any:
        row, item, matrix, found = super()._candidates(block, seen)
        # Codes up to 2 ** 24 are exact in float32, far beyond any catalogue of this size.
        return row, item, np.column_stack([matrix, item.astype(np.float32)]), found

    def _lessons(self, cut: Split) -> Lessons:
        noted = super()._lessons(cut)
        users, items = cut.train.people, cut.train.catalogue
        met = users.codes(cut.test[USER]) * len(items) + items.codes(cut.test[ITEM])
        asked = noted.person * len(items) + noted.matrix[:, -1].astype(np.int64)
        observed = np.isin(asked, met).astype(np.float32)
        return replace(noted, matrix=np.column_stack([noted.matrix, observed]))


class _Weighing(Ranker):
    """A ranker while it learns from weighted pairs."""

    weight: Floats

    def fit(self, lessons: Lessons, say: Callable[[str], None] = lambda what: None) -> _Weighing:
        self._lessons = lessons
        super().fit(lessons, say)
        del self._lessons
        return self

    def _data(
        self, lessons: Lessons, like: xgb.QuantileDMatrix | None = None
    ) -> xgb.QuantileDMatrix:
        weight = self.weight
        if lessons is not self._lessons:  # early stopping looks at some of the people
            weight = weight[self._places(lessons)]
        ranks = self.params["objective"].startswith("rank:")
        if ranks:
            weight = weight[np.flatnonzero(np.diff(lessons.question, prepend=-1))]
        return xgb.QuantileDMatrix(
            lessons.matrix,
            lessons.relevant,
            qid=lessons.question if ranks else None,
            weight=weight,
            max_bin=BINS,
            nthread=self.params["nthread"],
            ref=like,
        )

    def _places(self, lessons: Lessons) -> Any:
        return np.isin(self._lessons.person, np.unique(lessons.person))
