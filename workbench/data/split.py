"""Split: what a model may learn from, and what it is asked afterwards."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from workbench.columns import ITEM, TIME, USER, VALUE
from workbench.data.dataset import Dataset
from workbench.data.fingerprint import content_hash
from workbench.data.order import mixed, pair_hash
from workbench.display import Sheet, Shown, moment
from workbench.errors import ArgumentError, CapabilityError, DataError
from workbench.profiles import Profiles
from workbench.vocabulary import Id, Vocabulary

Mask = NDArray[np.bool_]

PER_USER_TIME, GLOBAL_TIME, LEAVE_LAST = "per-user-time", "global-time", "leave-last"
RANDOM, K_FOLD = "random", "k-fold"
METHODS = (PER_USER_TIME, GLOBAL_TIME, LEAVE_LAST, RANDOM, K_FOLD)
IN_TIME = (PER_USER_TIME, GLOBAL_TIME, LEAVE_LAST)


@dataclass(frozen=True, eq=False)
class Split(Shown):
    """A log in two parts. Made by ``wb.split`` or ``Split.from_frames``.

    Attributes
    ----------
    train : Dataset
        What models fit on. It counts items and people as the whole log does; the events of
        guests before their cut are in ``train.guest_interactions``, which no fit reads.
    test : polars.DataFrame
        The interactions that are asked about, those of guests included, in the one order.
    guests : tuple of ids
        People held out of every fit, in code order.
    method : str
        One of ``METHODS``, or "given" for a published split.
    parameters : dict
        What made it: fraction, seed, ... as far as the method reads them.
    as_of : float, optional
        The one moment of the cut (seconds), where there is one for all ("global-time").
    """

    train: Dataset
    test: pl.DataFrame = field(repr=False)
    guests: tuple[Id, ...] = field(default=(), repr=False)
    method: str = "given"
    parameters: dict[str, Any] = field(default_factory=dict)
    as_of: float | None = None

    @classmethod
    def from_frames(
        cls,
        train: Any,
        test: Any,
        items: Any = None,
        users: Any = None,
        relevant_from: float | None = None,
        *,
        guests: Iterable[Id] = (),
        columns: Mapping[str, str] | None = None,
        name: str = "log",
    ) -> Split:
        """A published split, taken as it is.

        Parameters
        ----------
        train, test, items, users : polars or pandas frame, or path of a CSV or Parquet file
            Every row is checked as ``Dataset.from_frames`` checks it; refused rows of both parts
            are in ``train.refused``. Items and people that only ``test`` has join the catalogue
            (see ``n_new_items`` and ``n_cold``).
        relevant_from : float, optional
            Events of at least this value are relevant; without it every event is.
        guests : iterable of ids
            People whose training events no fit may read.
        columns : mapping, optional
            Our name → the name in the tables.
        name : str
            What the log is called in messages and reports.

        Raises
        ------
        DataError
            A part cannot be used, or the two do not spell their ids or values alike.
        """
        from workbench.data.intake import check_relevance, check_threshold

        check_threshold(relevant_from)
        # What is relevant is asked of both parts together: one of them may well have none.
        parts = {
            part: Dataset.from_frames(frame, items, users, columns=columns, name=f"{name} ({part})")
            for part, frame in (("train", train), ("test", test))
        }
        one, two = parts["train"], parts["test"]
        for column in (VALUE, TIME):
            if column in one.interactions.columns and column not in two.interactions.columns:
                raise DataError(
                    f"train has the column {column!r} and test has not; give it to both"
                )
        if relevant_from is not None:
            logs = [d.interactions.select(VALUE) for d in (one, two) if "values" in d.has]
            given = "values" in one.has
            check_relevance(
                pl.concat(logs) if given else one.interactions,
                f"{name!r} (both parts)" if given else "train",
                relevant_from,
            )
        for column, ids in ((ITEM, "catalogue"), (USER, "people")):
            if getattr(one, ids).is_integer != getattr(two, ids).is_integer:
                raise DataError(
                    f"{column} is text in one part and integer in the other; spell it one way"
                )
        refused = pl.concat(
            d.refused.with_columns((pl.lit(f"{part} ") + pl.col("table")).alias("table"))
            for part, d in parts.items()
        )
        whole = Dataset(
            one.interactions,
            _united(ITEM, one.items, two.items),
            _united(USER, one.users, two.users),
            relevant_from=None if relevant_from is None else float(relevant_from),
            name=name,
            provenance={part: d.provenance for part, d in parts.items()},
            refused=refused,
            catalogue=Vocabulary(pl.concat([one.catalogue.ids, two.catalogue.ids])),
            people=Vocabulary(pl.concat([one.people.ids, two.people.ids])),
            context_columns=one.context_columns,
        )
        # Only to put the rows of the test into the order of the united ids.
        asked = whole.replaced(two.interactions).interactions
        guests = list(guests)
        codes = whole.people.codes(guests)
        if (codes < 0).any():
            stranger = guests[int(np.flatnonzero(codes < 0)[0])]
            raise ArgumentError(f"guests: {stranger!r} is neither in train nor in test")
        held = whole.people.take(np.unique(codes))
        return cls(_without(whole, whole.interactions, held), asked, tuple(held))

    def __repr__(self) -> str:
        guests = f", {len(self.guests)} guests" if self.guests else ""
        return f"Split({self.method!r}, {self.train!r}, {self.test.height:,} test events{guests})"

    def _sheet(self) -> Sheet:
        facts = [("to learn from", self.train.n_events), ("to ask about", self.test.height)]
        facts += [("guests", len(self.guests)), ("cold people", self.n_cold)]
        facts += [("new items", self.n_new_items)]
        made = ", ".join(f"{name} {value}" for name, value in self.parameters.items())
        cut = [("cut at", moment(self.as_of))] if self.as_of is not None else []
        return Sheet(f"{self.train.name}, split {self.method}", (*facts, *cut, ("made with", made)))

    @property
    def relevant_from(self) -> float | None:
        """The dataset's own word for relevant."""
        return self.train.relevant_from

    @cached_property
    def fingerprint(self) -> str:
        """Hash of both parts, of the guests and of how it was made."""
        return content_hash(
            train=self.train.fingerprint,
            test=self.test,
            guests=list(self.guests),
            method=self.method,
            parameters=self.parameters,
            as_of=self.as_of,
        )

    def people(self) -> tuple[list[Id], Profiles]:
        """Everybody with a relevant test item, guests included, and what was known of them.

        Returns
        -------
        ids : list
            In code order.
        profiles : Profiles
            Row ``i`` is ``ids[i]`` before the cut. The moment is that of their last training
            event, or the cut where it is one for all; people without history are cold.
        """
        ids, profiles, _ = self._asked
        return list(ids), profiles

    def relevant_matrix(self) -> sparse.csr_array:
        """What they should be shown, ``(n_people, n_items)`` float32 of ones.

        Rows are those of ``people()``, columns the codes of ``train.catalogue``. An item is
        relevant by its last test event; items that the person already met in training are left
        out (they are never ranked) and counted in ``n_repeats``.
        """
        return self._asked[2]

    @property
    def n_repeats(self) -> int:
        """Relevant (person, item) pairs of the test that are no question: met in training."""
        return self._pairs[2]

    @cached_property
    def n_cold(self) -> int:
        """People of ``people()`` without any history."""
        return int((self.people()[1].lengths == 0).sum())

    @cached_property
    def n_new_items(self) -> int:
        """Items of the test that no model has seen an event of."""
        known = self.train.interactions[ITEM].unique()
        return self.test[ITEM].unique().is_in(known.implode()).not_().sum()

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """Person and item codes of all relevant pairs, sorted; and how many were dropped."""
        last = self.test.unique([USER, ITEM], keep="last", maintain_order=True)
        test = self.train.relevant(last)
        width = self.train.n_items
        key = self.train.people.codes(test[USER]) * width + self.train.catalogue.codes(test[ITEM])
        everybody, _ = self.train._log
        new = key[~np.isin(key, everybody.row * width + everybody.item)]
        new.sort()
        return new // width, new % width, len(key) - len(new)

    @cached_property
    def _asked(self) -> tuple[list[Id], Profiles, sparse.csr_array]:
        user, item, _ = self._pairs
        rows, row = np.unique(user, return_inverse=True)
        ids = self.train.people.take(rows)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(rows)))])
        matrix = sparse.csr_array(
            (np.ones(len(item), np.float32), item, indptr), shape=(len(rows), self.train.n_items)
        )
        return ids, self.train.profiles(ids, self.as_of), matrix


def split(
    dataset: Dataset,
    method: str = PER_USER_TIME,
    *,
    test_fraction: float = 0.2,
    guests: float = 0.0,
    seed: int = 0,
    n_folds: int = 5,
    fold: int | None = None,
    tie_seed: int | None = None,
) -> Split | tuple[Split, ...]:
    """Cut a log into what is learnt from and what is asked.

    Parameters
    ----------
    dataset : Dataset
        Guests that it already has keep all of their events as history.
    method : str
        - "per-user-time": the last ``test_fraction`` of each person's events, rounded down, but
          at least one of two; a single event stays in training. Ties in time are broken by hash.
        - "global-time": events later than one moment for all; a second is never torn apart, so
          the fraction is approximate.
        - "leave-last": the last event of each person who has two.
        - "random": a seeded hash of (user, item) chooses, so repeats of a pair stay together.
        - "k-fold": the same, in ``n_folds`` parts of (nearly) one size.
    test_fraction : float
        Above 0 and below 1.
    guests : float
        Fraction of the people held out of every fit, from 0 to below 1; chosen by a seeded hash
        of the user id, so more guests are the same guests and others.
    seed : int
        For "random", "k-fold" and the guests. Neither the order of the input rows nor the type
        of the ids matters.
    n_folds, fold : int
        For "k-fold"; with ``fold=i`` only the i-th split (from 0) is made.
    tie_seed : int, optional
        Another order of the ties in time, to see how much hangs on them.

    Returns
    -------
    Split
        For "k-fold" without ``fold`` a tuple of them.

    Raises
    ------
    ArgumentError
        An argument cannot work.
    CapabilityError
        A method in time, and the log has no timestamps.
    DataError
        The log is too small: nothing would be left to learn from, or to ask.
    """
    _check(dataset, method, test_fraction, guests, n_folds, fold)
    if tie_seed is not None:
        dataset = dataset.replaced(dataset.interactions, tie_seed=tie_seed)
    held = _chosen_guests(dataset, guests, seed)
    parameters: dict[str, Any] = {"guests": guests, "tie_seed": dataset.tie_seed}
    if guests or method not in IN_TIME:
        parameters["seed"] = seed
    if method == K_FOLD:
        place = _hashed_place(dataset, seed)
        made = tuple(
            _made(
                dataset,
                (place * n_folds).astype(np.int64) == part,
                held,
                method,
                {**parameters, "n_folds": n_folds, "fold": part},
            )
            for part in (range(n_folds) if fold is None else [fold])
        )
        return made if fold is None else made[0]
    as_of = None
    if method != LEAVE_LAST:
        parameters["test_fraction"] = test_fraction
    if method == GLOBAL_TIME:
        as_of = _cut(dataset, test_fraction)
        test = (dataset.interactions[TIME] > as_of).fill_null(False).to_numpy()
    elif method == RANDOM:
        test = _hashed_place(dataset, seed) < test_fraction
    else:
        test = _tails(dataset, None if method == LEAVE_LAST else test_fraction)
    return _made(dataset, test, held, method, parameters, as_of)


def _check(
    dataset: Dataset,
    method: str,
    test_fraction: float,
    guests: float,
    n_folds: int,
    fold: int | None,
) -> None:
    if not isinstance(dataset, Dataset):
        raise ArgumentError(
            f"dataset must be a workbench Dataset, not {type(dataset).__name__}; "
            "make one with wb.Dataset.from_frames(...)"
        )
    if method not in METHODS:
        close = difflib.get_close_matches(str(method), METHODS, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ArgumentError(f"method={method!r} is no way to split; {hint}there are {METHODS}")
    if method in IN_TIME and "timestamps" not in dataset.has:
        raise CapabilityError(
            f"method={method!r} needs timestamps, which {dataset.name!r} does not have; "
            'use method="random", which needs none'
        )
    if not _number(test_fraction) or not 0 < test_fraction < 1:
        raise ArgumentError(f"test_fraction must be above 0 and below 1, not {test_fraction!r}")
    if not _number(guests) or not 0 <= guests < 1:
        raise ArgumentError(f"guests must be a fraction from 0 to below 1, not {guests!r}")
    if method == K_FOLD:
        if not _whole(n_folds) or n_folds < 2:
            raise ArgumentError(f"n_folds must be a whole number of at least 2, not {n_folds!r}")
        if fold is not None and (not _whole(fold) or not 0 <= fold < n_folds):
            raise ArgumentError(f"fold must be from 0 to {n_folds - 1}, not {fold!r}")
    elif fold is not None:
        raise ArgumentError(f'fold={fold!r} is for method="k-fold", not for {method!r}')
    if dataset.n_events < 2 or dataset.interactions[ITEM].n_unique() < 2:
        raise DataError(
            f"{dataset.name!r} has {dataset.n_events} events of "
            f"{dataset.interactions[ITEM].n_unique()} items; to split it needs at least 2 of each"
        )


def _number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _tails(dataset: Dataset, fraction: float | None) -> Mask:
    """The last events of each person, ``(n_events,)``; one each where there is no fraction."""
    user = dataset.people.codes(dataset.interactions[USER])
    count = np.bincount(user, minlength=dataset.n_users)
    # The small number keeps 0.29 * 100 = 28.999... at 29.
    share = 0.0 if fraction is None else fraction
    wanted = np.minimum(np.maximum(np.floor(count * share + 1e-9), 1), count - 1)
    place = np.arange(len(user)) - (np.cumsum(count) - count)[user]
    mask: Mask = place >= (count - wanted)[user]
    return mask


def _cut(dataset: Dataset, fraction: float) -> float:
    """Moment of the last training event, so that about ``fraction`` of the events is later."""
    moments = np.sort(dataset.interactions[TIME].drop_nulls().to_numpy())
    if len(moments) == 0 or moments[0] == moments[-1]:
        raise DataError(
            f"all events of {dataset.name!r} happened at one moment, which no cut in time can "
            'divide; use method="random"'
        )
    place = min(max(math.floor(len(moments) * (1 - fraction) + 0.5), 1), len(moments) - 1)
    cut = moments[place - 1]
    return float(cut if cut < moments[-1] else moments[moments < cut][-1])


def _hashed_place(dataset: Dataset, seed: int) -> NDArray[np.float64]:
    """Place of each event's (user, item) in the order of their hashes, from 0 to below 1."""
    log = dataset.interactions
    people, catalogue = dataset.people, dataset.catalogue
    hashed = pair_hash(people, catalogue, people.codes(log[USER]), catalogue.codes(log[ITEM]), seed)
    distinct, place = np.unique(hashed, return_inverse=True)
    return place / len(distinct)


def _chosen_guests(dataset: Dataset, fraction: float, seed: int) -> list[Id]:
    if fraction == 0:
        return []
    present = np.unique(dataset.people.codes(dataset.interactions[USER]))
    n = math.floor(len(present) * fraction + 0.5)
    if n == len(present):
        raise ArgumentError(
            f"guests={fraction!r} of {len(present)} people leaves nobody to fit on; give less"
        )
    with np.errstate(over="ignore"):
        hashed = mixed(dataset.people.hashes()[present] + mixed(np.array([seed], np.uint64)))
    return dataset.people.take(np.sort(present[np.argsort(hashed, kind="stable")[:n]]))


def _made(
    dataset: Dataset,
    test: Mask,
    guests: list[Id],
    method: str,
    parameters: dict[str, Any],
    as_of: float | None = None,
) -> Split:
    if not test.any():
        raise DataError(
            f"method={method!r} leaves nothing of {dataset.name!r} ({dataset.n_users} people, "
            f"{dataset.n_events} events) to test; it needs people with more events"
        )
    train = _without(dataset, dataset.interactions.filter(~test), guests)
    if train.n_events == 0:
        raise DataError(
            f"method={method!r} leaves nothing of {dataset.name!r} to fit on; "
            "give a smaller test_fraction or fewer guests"
        )
    asked = dataset.interactions.filter(test)
    return Split(train, asked, tuple(guests), method, parameters, as_of)


def _without(dataset: Dataset, interactions: pl.DataFrame, guests: list[Id]) -> Dataset:
    """The dataset with these interactions, those of guests set aside."""
    if not guests:
        return dataset.replaced(interactions)
    mask = interactions[USER].is_in(pl.Series(guests, dtype=dataset.people.ids.dtype).implode())
    aside = pl.concat([dataset.guest_interactions, interactions.filter(mask)])
    return dataset.replaced(interactions.filter(~mask), guest_interactions=aside)


def _united(column: str, one: pl.DataFrame, two: pl.DataFrame) -> pl.DataFrame:
    """Rows of both, the first of each id."""
    return pl.concat([one, two], how="diagonal_relaxed").unique(
        column, keep="first", maintain_order=True
    )
