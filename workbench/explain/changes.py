"""Change: one thing done to everybody at once, the question of ``wb.what_if_many``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from workbench.errors import ArgumentError
from workbench.explain.newcomer import Newcomer
from workbench.profile import Moment, Profile
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.vocabulary import Id, IntArray, Vocabulary

Edit = Callable[[Profile], Profile]


@dataclass(frozen=True, eq=False)
class Change:
    """What is done to everybody. Made by one of the class methods.

    Attributes
    ----------
    words : str
        What it is, in words; items by their ids.
    edit : callable, optional
        From a Profile to the Profile after the change; the same where it does not touch a person.
    policy : Policy, optional
        Instead of the policy before.
    retired : tuple of item ids
        No longer shown to anybody. Histories stay as they are.
    newcomer : Newcomer, optional
        A title that is added to the catalogue.
    item_id : str or int, optional
        The item that the change is about; None where it is about several or about none.
    items : tuple of item ids
        All that it names; they must be in the catalogue.
    traced : bool
        Whether it is told how far the item comes on its way to each list.
    """

    words: str
    edit: Edit | None = None
    policy: Policy | None = None
    retired: tuple[Id, ...] = ()
    newcomer: Newcomer | None = None
    item_id: Id | None = None
    items: tuple[Id, ...] = ()
    traced: bool = False

    # --- making -------------------------------------------------------------------------------

    @classmethod
    def saw(cls, item_id: Id, value: float | None = None) -> Self:
        """Everybody also met an item, at their own moment. Who met it before stays as they are.

        From then on it is seen, so it is shown to nobody.

        Parameters
        ----------
        item_id : str or int
        value : float, optional
            The rating that they gave.
        """
        Profile.of([item_id], [value])  # refuses what no event can hold

        def edit(person: Profile) -> Profile:
            return person if item_id in person else person.with_event(item_id, value)

        rated = "" if value is None else f" and rated it {value:g}"
        return cls(f"everybody also met item {item_id}{rated}", edit, **_about(item_id))

    @classmethod
    def unsaw(cls, item_id: Id) -> Self:
        """Nobody met an item: its events go. It is unseen then, and may be shown.

        So it may itself take the place of others. To ask what its events did to the others alone,
        give ``wb.what_if_many`` a policy that excludes it.
        """

        def edit(person: Profile) -> Profile:
            return person.without(item_id) if item_id in person else person

        return cls(f"nobody met item {item_id}", edit, traced=True, **_about(item_id))

    @classmethod
    def rated(cls, item_id: Id, value: float | None) -> Self:
        """Everybody who met an item gave it another rating, at the same moment."""
        Profile.of([item_id], [value])

        def edit(person: Profile) -> Profile:
            return person.revalued(item_id, value) if item_id in person else person

        rating = "no rating" if value is None else f"{value:g}"
        return cls(f"everybody who met item {item_id} gave it {rating}", edit, **_about(item_id))

    @classmethod
    def attribute(cls, name: str, value: Any) -> Self:
        """Everybody has this value of an attribute."""

        def edit(person: Profile) -> Profile:
            return person.with_attribute(name, value)

        return cls(f"{name} of everybody is {value!r}", edit)

    @classmethod
    def moment(cls, as_of: Moment) -> Self:
        """Everybody is asked at this moment: later events have not happened."""
        Profile().at(as_of)  # refuses what is no moment
        return cls(f"everybody is asked at {as_of}", lambda person: person.at(as_of))

    @classmethod
    def edited(
        cls, edit: Edit, words: str, items: Sequence[Id] = (), policy: Policy | None = None
    ) -> Self:
        """An edit of one's own.

        Parameters
        ----------
        edit : callable
            From a Profile to a Profile; the same where it does not touch a person.
        words : str
            What it is, to end a sentence that begins with "If".
        items : sequence of item ids
            What it names, checked before work starts.
        policy : Policy, optional
            Lists go through it after the edit, instead of the one before.
        """
        about = items[0] if len(items) == 1 else None
        return cls(words, edit, policy, items=tuple(items), item_id=about)

    @classmethod
    def ruled(cls, policy: Policy) -> Self:
        """Lists go through this policy instead of the one before."""
        return cls("lists go through another policy", policy=policy)

    @classmethod
    def retire(cls, *item_ids: Id) -> Self:
        """Titles are no longer shown.

        Histories stay: what people did with a title still speaks for others. It still takes a
        place among the candidates, and is then left out of the list.
        """
        if not item_ids:
            raise ArgumentError("retire: name at least one item")
        named = ", ".join(map(str, item_ids))
        word = "item" if len(item_ids) == 1 else "items"
        about = _about(item_ids[0]) if len(item_ids) == 1 else {"items": item_ids}
        return cls(f"{word} {named} can no longer be shown", retired=item_ids, **about)

    @classmethod
    def add(
        cls,
        title: str,
        genres: Sequence[str] = (),
        year: float | None = None,
        item_id: Id | None = None,
    ) -> Self:
        """A new title is in the catalogue, of which nobody has done anything yet.

        Parameters
        ----------
        title : str
        genres : sequence of str
        year : number, optional
        item_id : str or int, optional
            By default an id that is free.
        """
        newcomer = Newcomer(title, genres, year, item_id)
        return cls(f"“{title}” is new", newcomer=newcomer, traced=True)

    @classmethod
    def of(cls, change: Change | Policy | Edit) -> Change:
        """A policy or a function is a change, too.

        Raises
        ------
        ArgumentError
            It is none of them.
        """
        if isinstance(change, Change):
            return change
        if isinstance(change, Policy):
            return cls.ruled(change)
        if callable(change) and not isinstance(change, type):
            return cls.edited(change, "histories are edited")
        raise ArgumentError(
            f"change must be a wb.Change, a Policy, or a function from a Profile to a Profile, "
            f"not {change!r}; e.g. wb.Change.saw(item_id)"
        )

    # --- applying -----------------------------------------------------------------------------

    def check(self, catalogue: Vocabulary) -> None:
        """Refuse items that the catalogue does not hold."""
        for item_id in self.items:
            if item_id not in catalogue:
                kind = "integers" if catalogue.is_integer else "text"
                raise ArgumentError(
                    f"change names item {item_id!r}, which is not among the {len(catalogue):,} "
                    f"items, whose ids are {kind}; look at dataset.items"
                )

    def policy_after(self, before: Policy | None) -> Policy | None:
        """The policy that lists go through after the change."""
        policy = before if self.policy is None else self.policy
        if not self.retired:
            return policy
        policy = Policy() if policy is None else policy
        return replace(policy, exclude=(*policy.exclude, *self.retired))

    def applied(self, people: Profiles) -> tuple[Profiles, IntArray]:
        """Those whose profile changes, changed; and their rows.

        Raises
        ------
        ArgumentError
            The edit gives something that is no Profile.
        """
        if self.edit is None:
            return people[:0], np.zeros(0, np.int64)
        rows, changed = [], []
        for row, person in enumerate(people):
            after = self.edit(person)
            if not isinstance(after, Profile):
                raise ArgumentError(
                    f"change: the edit gave {type(after).__name__} and must give a Profile"
                )
            if after != person:
                rows.append(row)
                changed.append(after)
        return Profiles.of(changed, people.catalogue), np.array(rows, dtype=np.int64)


def _about(item_id: Id) -> dict[str, Any]:
    return {"item_id": item_id, "items": (item_id,)}
