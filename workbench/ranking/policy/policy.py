"""Policy: all that may be done to a slate after ranking, in one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Self

import polars as pl

from workbench.columns import GENRES, RANK, ROW
from workbench.data.dataset import Dataset
from workbench.errors import ArgumentError
from workbench.profiles import Profiles
from workbench.ranking.policy import rules, traits
from workbench.ranking.policy.places import attention
from workbench.ranking.policy.pool import Pool
from workbench.ranking.policy.record import Steps
from workbench.ranking.policy.steps import Work
from workbench.slate import Slates
from workbench.vocabulary import Id, Vocabulary

EVERYTHING = 2**31
"""More places than any catalogue has."""
FEW = 10
"""An item that fewer people have met is new."""


@dataclass(frozen=True, eq=False)
class Policy:
    """Business rules, diversity and exploration; see the package for the order of the steps.

    Two policies with the same parameters and the same items are equal, and hash alike.

    Attributes
    ----------
    exclude : sequence of item ids
        Never shown.
    boost : mapping of item id to float
        Added to the score, in standard deviations of the pool's scores.
    diversity : float
        Weight of maximal marginal relevance, 0 (off) to 1 (only unlike items).
    pin : sequence of item ids
        Shown first, in this order, to everybody who has not seen them; not what is excluded.
    items : polars.DataFrame, optional
        ``item_id`` and the columns that the other parameters read: ``column`` for ``diversity``
        and ``calibration``, ``n_people`` for ``popularity_penalty``, ``new`` (true or false) for
        ``min_new``, and those that ``cap`` and ``floor`` name. ``Policy.for_dataset`` makes it.
    pool : int
        How many times ``k`` are ranked before the policy chooses.
    popularity_penalty : float
        0 (off) to 1 (only the least popular of the pool).
    calibration : float
        0 (off) to 1 (only the person's own mixture of ``column``).
    column : str
        Column of ``items`` that says what an item is: a list, text or anything of a few values.
    relevant_from : float, optional
        Which events of the history are the person's taste, as ``Dataset.relevant_from``.
    cap : mapping of column to int
        At most so many items of each value of the column; a list counts in all its values.
    floor : mapping of column to mapping of value to share
        At least this share of the attention of every slate, where place r gets
        ``1 / log2(1 + r)`` as in the audit. Met greedily, spread over the list.
        Source: Singh and Joachims 2018, "Fairness of exposure in rankings", for the attention.
    min_new : int
        At least so many new items in every slate, spread over the list.
    epsilon : float
        Chance that a place goes to any item of the pool alike, 0 (off) to 1.
    temperature : float
        Above 0 the other places are drawn by softmax of the score, ``exp(score / (temperature *
        standard deviation of the pool))``, without repeats: Plackett and Luce's model.
    seed : int
        Of the draws. They belong to the person (history and context), not to the row.

    Notes
    -----
    With exploration the slates have a column ``propensity``: the probability that this place
    shows this item, given the items on the places above it and all rules. Over the places it
    multiplies to the probability of the slate; on the first place it is that of the item itself.
    Pinned items have 1.

    Sources: Carbonell and Goldstein 1998 (``diversity``); Steck 2018, "Calibrated
    recommendations"; Plackett 1975, "The analysis of permutations", and Kool, van Hoof, Welling
    2019, "Stochastic beams and where to find them" (``temperature``); Swaminathan et al. 2017,
    "Off-policy evaluation for slate recommendation", for what the propensity is good for.
    """

    exclude: Sequence[Id] = ()
    boost: Mapping[Id, float] = field(default_factory=dict)
    diversity: float = 0.0
    pin: Sequence[Id] = ()
    items: pl.DataFrame | None = field(default=None, repr=False)
    pool: int = 5
    popularity_penalty: float = 0.0
    calibration: float = 0.0
    column: str = GENRES
    relevant_from: float | None = None
    cap: Mapping[str, int] = field(default_factory=dict)
    floor: Mapping[str, Mapping[Any, float]] = field(default_factory=dict)
    min_new: int = 0
    epsilon: float = 0.0
    temperature: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("diversity", "popularity_penalty", "calibration", "epsilon"):
            rules.share_of_one(name, getattr(self, name))
        rules.from_zero("temperature", self.temperature)
        rules.whole("pool", self.pool, 1)
        rules.whole("min_new", self.min_new, 0)
        rules.whole("seed", self.seed, 0)
        for name in ("exclude", "pin"):
            rules.ids(name, getattr(self, name))
        for item in self.pin:
            if list(self.pin).count(item) > 1:
                raise ArgumentError(f"pin holds {item!r} twice; keep one")
        rules.boosts(self.boost)
        rules.caps(self.cap)
        rules.floors(self.floor)
        needed = [(f"cap of {column!r}", column) for column in self.cap]
        needed += [(f"floor of {column!r}", column) for column in self.floor]
        for name, column in (
            ("diversity", self.column),
            ("calibration", self.column),
            ("popularity_penalty", traits.PEOPLE),
            ("min_new", traits.NEW),
        ):
            needed += [(name, column)] if getattr(self, name) else []
        rules.tables(self.items, needed)
        if self.items is not None:
            rules.floor_values(self.items, self.floor)

    def _said(self) -> dict[str, Any]:
        """The parameters but the items; lists and tuples of the same ids are the same."""
        said = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "items"}
        return said | {"exclude": tuple(self.exclude), "pin": tuple(self.pin)}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        if self._said() != other._said():
            return False
        if self.items is None or other.items is None:
            return self.items is other.items
        return self.items.equals(other.items)

    def __hash__(self) -> int:
        # Frames and mappings cannot be hashed; what is left tells nearly all policies apart.
        return hash(tuple(v for v in self._said().values() if not isinstance(v, Mapping)))

    @classmethod
    def for_dataset(cls, train: Dataset, few: int = FEW, **parameters: Any) -> Self:
        """A policy that knows the items of a log and what the log says of them.

        ``items`` are those of the log with ``n_people`` (who met it), ``popularity`` ("head",
        "mid", "tail": thirds of the relevant events), ``new`` (fewer than ``few`` people met it)
        and, where there are years, ``decade``; columns of those names that the items have already
        stay. ``relevant_from`` is the log's.

        Parameters
        ----------
        train : Dataset
            What the model was fitted on; the test part must not be counted.
        few : int
        **parameters
            Of the policy.
        """
        rules.whole("few", few, 0)
        return cls(
            **{
                "items": traits.item_traits(train, few),
                "relevant_from": train.relevant_from,
                **parameters,
            }
        )

    # --- applying -----------------------------------------------------------------------------

    @property
    def explores(self) -> bool:
        """Whether chance has a part."""
        return bool(self.epsilon or self.temperature)

    def depth(self, k: int) -> int:
        """Places to rank before the policy chooses ``k``.

        All, where a boost may lift any item, or a rule may need one.
        """
        lifted = any(by > 0 for by in self.boost.values())
        return EVERYTHING if lifted or self._filling else self.width(k) + len(self.exclude)

    @property
    def _filling(self) -> bool:
        return bool(self.cap or any(map(len, self.floor.values())) or self.min_new)

    def width(self, k: int) -> int:
        """Places that are ranked anew and drawn from: the pool.

        What is excluded has no part in it: the others are treated as if it did not exist.
        """
        return k * self.pool + len(self.boost) + len(self.pin)

    def check(self, catalogue: Vocabulary, k: int) -> None:
        """Refuse what cannot work for these items and this many places.

        Raises
        ------
        ArgumentError
            An item of exclude, boost or pin is not in the catalogue; ``min_new`` is above ``k``;
            a cap leaves too few places for a floor of the same column.
        """
        for name in ("exclude", "boost", "pin"):
            for item in getattr(self, name):
                if item not in catalogue:
                    raise rules.stranger(name, item, catalogue)
        if self.min_new > k:
            raise ArgumentError(f"min_new={self.min_new} but there are only k={k} places; ask less")
        for column in self.cap.keys() & self.floor.keys():
            most = self.cap[column]
            for value, share in self.floor[column].items():
                if attention(k)[:most].sum() < share * attention(k).sum() - 1e-9:
                    raise ArgumentError(
                        f"floor of {column} {value!r} asks for {share:g} of the attention, and "
                        f"the cap of {most} leaves it less at k={k}; raise the cap or lower it"
                    )

    def apply(self, slates: Slates, people: Profiles, k: int) -> Slates:
        """The first ``k`` places after every step.

        Parameters
        ----------
        slates : Slates
            Ranked to ``depth(k)`` places; what is deeper is not read.
        people : Profiles
            Row ``i`` is whose slate ``i`` is.
        k : int

        Returns
        -------
        Slates
            ``steps`` says what each step changed: ``step``, ``entered``, ``left``, ``before`` and
            ``after``. A boost names the items it did nothing to (``no_effect``: seen already, or
            not scored by the model); a pin those it did not show (``excluded``, ``seen``); a cap
            the groups that pins overfill (``over``) and the places it left empty (``empty``); a
            floor and min_new what was ``asked``, ``got`` and is ``short``; calibration the
            divergence (``kl_before``, ``kl_after``); exploration what it drew (``drawn``).

        Raises
        ------
        ArgumentError
            See ``check``; or slates and people do not fit together.
        """
        self.check(people.catalogue, k)
        if len(slates) != len(people):
            raise ArgumentError(
                f"there are {len(slates)} slates for {len(people)} people; give one each"
            )
        frame = slates.frame if slates.frame[ROW].is_sorted() else slates.frame.sort(ROW, RANK)
        frame = frame.filter(pl.col(RANK) <= self.depth(k))
        work = Work(self, people, k, Pool.of(frame, len(people), people.catalogue))
        work.run()
        shown = work.pool.frame(k, frame, people.catalogue, work.propensity)
        steps = Steps([(len(people), people.catalogue, work.changes)])
        return Slates(shown, len(slates), k, steps)

    def groups(self, column: str, catalogue: Vocabulary) -> traits.Groups:
        """Which item of a catalogue has which value of a column of ``items``."""
        key = (column, catalogue.fingerprint)
        if key not in self._known:
            self._known[key] = traits.Groups.of(self.table, column, catalogue)
        return self._known[key]

    @property
    def table(self) -> pl.DataFrame:
        """``items``, which are there where a step asks."""
        assert self.items is not None
        return self.items

    @cached_property
    def _known(self) -> dict[tuple[str, str], traits.Groups]:
        return {}
