"""Small worlds for the checks: logs with all that a model could ask for, and what is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import GENRES, ITEM, TIME, TITLE, USER, VALUE, YEAR
from workbench.data.dataset import Dataset
from workbench.profile import Event, Profile
from workbench.vocabulary import Id

RELEVANT_FROM = 3.5
DEVICE = "device"
GENRE_OF_TASTE = ("Comedy", "Drama")
_WORDS = ("Night", "River", "Garden", "Winter", "Machine", "Letter")


@dataclass(frozen=True)
class Frames:
    """A world as tables, so that a check can change one thing about it and fit again.

    Attributes
    ----------
    interactions, items, users : polars.DataFrame
    taste_of_user, taste_of_item : mapping of id to 0 or 1
        The truth: a person likes an item where the two agree.
    guests : polars.DataFrame, optional
        Interactions of people who are in no fit.
    """

    interactions: pl.DataFrame
    items: pl.DataFrame
    users: pl.DataFrame
    taste_of_user: Mapping[Id, int]
    taste_of_item: Mapping[Id, int]
    guests: pl.DataFrame | None = None

    def dataset(self, name: str = "world", **changes: Any) -> Dataset:
        """The world as a Dataset."""
        context = [c for c in (DEVICE,) if c in self.interactions.columns]
        arguments: dict[str, Any] = {
            "relevant_from": RELEVANT_FROM if VALUE in self.interactions.columns else None,
            "guest_interactions": self.guests,
            "context_columns": context,
            "name": name,
        }
        return Dataset(self.interactions, self.items, self.users, **{**arguments, **changes})

    def lacking(self, *what: str) -> Frames:
        """The same world without "values", "timestamps" or "item_features"."""
        gone = {"values": VALUE, "timestamps": TIME}
        columns = [gone[word] for word in what if word in gone]
        return replace(
            self,
            interactions=self.interactions.drop(columns),
            items=self.items.select(ITEM) if "item_features" in what else self.items,
        )

    def shuffled(self, seed: int) -> Frames:
        """The same world with the rows of every table in another order."""
        return replace(
            self,
            interactions=self.interactions.sample(fraction=1, shuffle=True, seed=seed),
            items=self.items.sample(fraction=1, shuffle=True, seed=seed),
            users=self.users.sample(fraction=1, shuffle=True, seed=seed),
        )

    def renamed(
        self, users: Mapping[Id, Id] | None = None, items: Mapping[Id, Id] | None = None
    ) -> Frames:
        """The same world with other names for its people or its items."""
        interactions, item_table, user_table = self.interactions, self.items, self.users
        taste_of_user, taste_of_item = self.taste_of_user, self.taste_of_item
        if users is not None:
            interactions = _renamed(interactions, USER, users)
            user_table = _renamed(user_table, USER, users)
            taste_of_user = {users[u]: taste for u, taste in taste_of_user.items()}
        if items is not None:
            interactions = _renamed(interactions, ITEM, items)
            item_table = _renamed(item_table, ITEM, items)
            taste_of_item = {items[i]: taste for i, taste in taste_of_item.items()}
        return Frames(interactions, item_table, user_table, taste_of_user, taste_of_item)

    def shuffled_names(self, column: str, seed: int) -> dict[Id, Id]:
        """Every id of a column, given the name of another one."""
        table = self.users if column == USER else self.items
        ids = table[column].to_list()
        order = np.random.default_rng(seed).permutation(len(ids))
        return {old: ids[place] for old, place in zip(ids, order, strict=True)}


def tastes(
    seed: int = 0,
    n_users: int = 36,
    n_items: int = 30,
    n_guests: int = 0,
    columns: Mapping[str, Sequence[Any]] | None = None,
) -> Frames:
    """People of two tastes, with everything that a log can have and no ties in time.

    History lengths and popularity vary; one item has no event. Ids are integers of one to three
    digits, so that their order as text differs from their order as numbers.

    Parameters
    ----------
    seed : int
    n_users, n_items : int
        People and items, guests included.
    n_guests : int
        How many of the people are guests.
    columns : mapping of name to values, optional
        Further attributes of people; person ``u`` gets the value at ``u`` modulo their number.
    """
    rng = np.random.default_rng(seed)
    pull = 1.0 / (2 + rng.permutation(n_items - 1))
    rows: list[dict[str, Any]] = []
    for u in range(n_users):
        likes = np.arange(n_items - 1) % 2 == u % 2
        chance = pull * np.where(likes, 4.0, 1.0)
        size = int(rng.integers(6, n_items // 2 + 3))
        for i in rng.choice(n_items - 1, size=size, replace=False, p=chance / chance.sum()):
            value = float(rng.choice([4.0, 4.5, 5.0]) if likes[i] else rng.choice([1.0, 2.0, 3.0]))
            rows.append({USER: _user(u), ITEM: _item(int(i)), VALUE: value})
    moment = 1e9 + 3600.0 * rng.permutation(len(rows))
    interactions = pl.DataFrame(rows).with_columns(
        pl.Series(TIME, moment), pl.Series(DEVICE, rng.choice(["phone", "tv"], len(rows)))
    )
    items = pl.DataFrame(
        {
            ITEM: [_item(i) for i in range(n_items)],
            TITLE: [f"The {_WORDS[i % 6]} of {i}" for i in range(n_items)],
            GENRES: [
                [GENRE_OF_TASTE[i % 2], *(["War"] if i % 5 == 0 else [])] for i in range(n_items)
            ],
            YEAR: [1970 + i for i in range(n_items)],
        }
    )
    users = pl.DataFrame(
        {
            USER: [_user(u) for u in range(n_users)],
            "age": [18 + 5 * (u % 11) for u in range(n_users)],
            "gender": ["F" if u % 3 else "M" for u in range(n_users)],
            "occupation": [("artist", "doctor", "student")[u % 3] for u in range(n_users)],
            **{
                name: [values[u % len(values)] for u in range(n_users)]
                for name, values in (columns or {}).items()
            },
        }
    )
    visiting = pl.col(USER).is_in([_user(u) for u in range(n_users - n_guests, n_users)])
    return Frames(
        interactions.filter(~visiting),
        items,
        users,
        {_user(u): u % 2 for u in range(n_users)},
        {_item(i): i % 2 for i in range(n_items)},
        interactions.filter(visiting) if n_guests else None,
    )


def strangers(world: Frames) -> list[Profile]:
    """Two people whom no log knows, of one taste each and alike in all else."""
    end = float(world.interactions[TIME].max())  # type: ignore[arg-type]
    known = set(world.interactions[ITEM])
    places = [(n, i) for n, i in enumerate(world.taste_of_item) if i in known]
    return [
        Profile(
            tuple(
                Event(i, end - 100 + n, 5.0 if world.taste_of_item[i] == taste else 1.0)
                for n, i in places
                if n < (16 if world.taste_of_item[i] == taste else 6)
            ),
            {"age": 33, "gender": "F", "occupation": "doctor"},
            {"as_of": end, DEVICE: "tv"},
        )
        for taste in (0, 1)
    ]


def crowd(world: Frames, dataset: Dataset) -> list[Profile]:
    """People of every kind: nobody, beginners, training people, edited ones, strangers."""
    first, second, third = (dataset.profiles()[row] for row in (0, 1, 2))
    stranger, other = strangers(world)
    everything = Profile.of(
        dataset.catalogue.ids.to_list(),
        [1.0 + n % 5 for n in range(dataset.n_items)],
        [stranger.history[0].timestamp] * dataset.n_items,
    )
    return [
        Profile(),
        Profile((), stranger.attributes, stranger.context),
        first,
        Profile.of(items=first.items[:1], values=[5.0]),
        second,
        second.without(second.items[0]),
        Profile.of(items=second.items[:2]),
        third.with_event(first.items[0], 5.0).with_event(third.items[0], 1.0),
        third.reweighted(third.items[1], 0.0),
        everything,
        stranger,
        other.with_attribute("gender", "M"),
        other,
    ]


def _user(u: int) -> int:
    return 3 * u + 5


def _item(i: int) -> int:
    return 7 * i + 2


def _renamed(frame: pl.DataFrame, column: str, names: Mapping[Id, Id]) -> pl.DataFrame:
    new = pl.Series(column, [names[old] for old in frame[column]])
    return frame.with_columns(new)
