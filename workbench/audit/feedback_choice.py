"""What simulated people choose: a stated chance for each place, and draws that belong to a person.

The model of choice is never the engine that is simulated, which would mark its own homework, nor
its calibrated probability, which knows no more than it does. It is the truth of an invented world,
or another model, calibrated on what people did later.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from workbench.audit.calibration import Calibrator
from workbench.audit.intervals import Floats
from workbench.columns import ITEM, ROW, USER, VALUE
from workbench.data.order import mixed
from workbench.data.split import Split
from workbench.errors import ArgumentError, DataError
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.ranking.policy.draws import Keys, uniforms
from workbench.ranking.policy.places import attention
from workbench.ranking.registry import create
from workbench.vocabulary import FloatArray, Id, IntArray

LOG, TRUTH = "log", "truth"
RATED, COUNTED = "svd", "rp3beta"
"""Models that stand for people's taste: by stars, and by events alone. No usual engine has them."""
_STEP = np.uint64(0x9E3779B97F4A7C15)
LOOKED, WANDERED, MET, TAKEN = range(4)
"""What is drawn in each round."""


@dataclass(frozen=True, eq=False)
class Choice:
    """How likely each person is to choose each item, and their luck.

    The item at rank r is looked at with ``1 / log2(1 + r)``, the attention of the audit, and
    chosen if it is liked, too: ``chance = attention(r) * like``. A share ``elsewhere`` of the looks
    goes to any item of the catalogue instead of the one on the list.

    Attributes
    ----------
    like : (n_people, n_items) float32
        Chance that a person likes an item they look at.
    keys : (n_people,) uint64
        What a person's draws are made from: their id and the seed, so that they are the same in
        every setting, alone and in any company.
    items : (n_items,) uint64
        A hash of each item's id.
    elsewhere : float
    value : float
        That a chosen item is given; NaN where the log has none.
    words : str
        All of it, as it is told.

    Notes
    -----
    Source: the position-based model of Richardson, Dominowska, Ragno 2007, "Predicting clicks:
    estimating the click-through rate for new ads", as compared by Craswell, Zoeter, Taylor,
    Ramsey 2008, "An experimental comparison of click position-bias models".
    """

    like: FloatArray
    keys: Keys
    items: Keys
    elsewhere: float
    value: float
    words: str

    @classmethod
    def of(
        cls, split: Split, taste: str | Recommender, elsewhere: float, k: int, seed: int
    ) -> Choice:
        """The choice of the people of ``split.people()``, row by row.

        Parameters
        ----------
        split : Split
        taste : str or Recommender
            "truth", "log", or a fitted model whose score is calibrated as that of "log" is.
        elsewhere : float
        k, seed : int

        Raises
        ------
        DataError
            The log has nothing that the taste could be calibrated on.
        """
        ids, people = split.people()
        codes = split.train.people.codes(ids)
        if taste == TRUTH:
            like = split.train.truth.relevance(codes)  # type: ignore[union-attr]
            liked = "the expected relevance of the invented world"
        else:
            like, liked = _of_a_model(split, ids, people, taste)
        salt = mixed(np.array([seed], dtype=np.uint64) + _STEP)
        with np.errstate(over="ignore"):
            keys = mixed(split.train.people.hashes()[codes] + salt)
        value, given = _given(split)
        words = (
            f"the place at rank r of {k} is looked at with chance 1 / log2(1 + r) and chosen if it "
            f"is liked, too; the chance of liking is {liked}"
        )
        if elsewhere:
            words += f"; {elsewhere:.0%} of the looks go to any item of the catalogue instead"
        words += (
            f"; what is chosen is added to the history at the person's moment{given}; nothing is "
            "fitted again, so the loop runs through histories alone"
        )
        return cls(like, keys, split.train.catalogue.hashes(), float(elsewhere), value, words)

    def __getitem__(self, rows: IntArray) -> Choice:
        """The choice of some of the people."""
        return replace(self, like=self.like[rows], keys=self.keys[rows])

    def chances(self, row: IntArray, rank: IntArray, item: IntArray) -> tuple[Floats, Floats]:
        """Chance of each place to be looked at, and to be liked then, ``(n_places,)`` each."""
        worth = attention(int(rank.max(initial=1)))
        return worth[rank - 1], self.like[row, item].astype(np.float64)

    def chosen(
        self, people: Profiles, turn: int, row: IntArray, rank: IntArray, item: IntArray
    ) -> tuple[IntArray, IntArray]:
        """Who chooses what in one round, ``(n_chosen,)`` rows and items, by row and rank.

        The same item on the same place has the same fate in every setting.

        Parameters
        ----------
        people : Profiles
            As they are before the round; what they met is not chosen again.
        turn : int
            The round.
        row, rank, item : (n_places,) int
            The lists, by row and rank.
        """
        with np.errstate(over="ignore"):
            place = mixed(self.keys[row] + rank.astype(np.uint64) * _STEP)
        if self.elsewhere:
            away = _drawn(place, turn, WANDERED) < self.elsewhere
            other = (_drawn(place, turn, MET) * len(self.items)).astype(np.int64)
            item = np.where(away, other, item)
        look, like = self.chances(row, rank, item)
        with np.errstate(over="ignore"):
            pair = mixed(self.keys[row] + self.items[item])
        taken = (_drawn(place, turn, LOOKED) < look) & (_drawn(pair, turn, TAKEN) < like)
        width = len(self.items)
        key = row * width + item
        taken &= ~np.isin(key, people.row * width + people.item)
        first = np.sort(np.flatnonzero(taken)[np.unique(key[taken], return_index=True)[1]])
        return row[first], item[first]


def _drawn(keys: Keys, turn: int, what: int) -> Floats:
    return uniforms(keys, 4 * turn + what)


def check_taste(taste: object, split: Split, model: Recommender) -> str | Recommender:
    """What the taste is; "truth" where nothing is asked and the world knows it.

    Raises
    ------
    ArgumentError
        It is neither a word nor a fitted model of the same items, or it is the model itself.
    """
    knows = split.train.truth is not None
    if taste is None:
        return TRUTH if knows else LOG
    if taste == TRUTH and not knows:
        raise ArgumentError(
            f"taste='truth' but {split.train.name!r} does not know the truth of itself; "
            "take taste='log' or a fitted model"
        )
    if isinstance(taste, str) and taste in (LOG, TRUTH):
        return taste
    if not isinstance(taste, Recommender):
        raise ArgumentError(f"taste must be 'log', 'truth' or a fitted model, not {taste!r}")
    taste._require_fitted()
    if taste is model:
        raise ArgumentError(
            "taste is the model that is simulated, which would mark its own homework; "
            "take another model"
        )
    if taste.catalogue != split.train.catalogue:
        raise ArgumentError("taste counts other items than the split; fit it on split.train")
    return taste


def _of_a_model(
    split: Split, ids: list[Id], people: Profiles, taste: str | Recommender
) -> tuple[FloatArray, str]:
    """Calibrated chance of liking each item, and how it is known.

    Calibration is on the later events of the same people, which no model saw: those they liked
    against those they did not, or, where nobody says no, against as many items drawn from those
    they have not met. What the model cannot judge is not liked.
    """
    said = _says_no(split)
    if isinstance(taste, str):
        name = RATED if said else COUNTED
        model, which = create(name).fit(split.train), name
    else:
        model, which = taste, taste.name
    score = model.score(people)
    row, item, relevant = _pairs(split, ids, people, said)
    known = np.isfinite(score[row, item])
    given, answer = score[row, item][known].astype(np.float64), relevant[known]
    if not 0 < answer.sum() < len(answer):
        raise DataError(
            f"the later events of {split.train.name!r} say nothing that a taste could be "
            "calibrated on: give a fitted model as taste, or a larger test_fraction"
        )
    curve = Calibrator().fit(given, answer)
    like = np.zeros(score.shape, dtype=np.float32)
    finite = np.isfinite(score)
    like[finite] = curve(score[finite].astype(np.float64))
    against = (
        "what they did not like" if said else "as many items drawn at random, as nobody says no"
    )
    words = (
        f"that of another model, {which}, fitted on the training part and calibrated on "
        f"{len(answer):,} later events of the same people (what they liked against {against})"
    )
    return like, words


def _says_no(split: Split) -> bool:
    """Whether there are later events that are not relevant, beside those that are."""
    liked = split.train.relevant(split.test).height
    return VALUE in split.test.columns and 0 < liked < split.test.height


def _pairs(
    split: Split, ids: list[Id], people: Profiles, said: bool
) -> tuple[IntArray, IntArray, Floats]:
    """Pairs of people and items, and whether the item was liked."""
    train, width = split.train, split.train.n_items
    place = pl.DataFrame({USER: ids, ROW: np.arange(len(ids))})
    asked = split.test.join(place, on=USER).with_row_index("place")
    relevant = np.zeros(asked.height)
    relevant[train.relevant(asked)["place"].to_numpy()] = 1.0
    row, item = asked[ROW].to_numpy(), train.catalogue.codes(asked[ITEM])
    if not said:
        keys = train.people.hashes()[train.people.codes(ids)]
        with np.errstate(over="ignore"):
            drawn = uniforms(mixed(keys[row] + train.catalogue.hashes()[item]), 0) * width
        other = drawn.astype(np.int64)
        met = np.concatenate([people.row * width + people.item, row * width + item])
        new = ~np.isin(row * width + other, met)
        relevant = np.concatenate([relevant, np.zeros(int(new.sum()))])
        row, item = np.concatenate([row, row[new]]), np.concatenate([item, other[new]])
    known = item >= 0
    return row[known], item[known], relevant[known]


def _given(split: Split) -> tuple[float, str]:
    """The value of what is chosen, and how it is told."""
    train = split.train
    if VALUE not in train.interactions.columns:
        return float("nan"), ""
    value = train.relevant(train.interactions)[VALUE].drop_nulls().median()
    if value is None:
        return float("nan"), ""
    return float(value), f" with the value {float(value):g}, the median of what is liked"  # type: ignore[arg-type]
