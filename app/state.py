"""What a visitor has done: a person to start from and the edits since, as one frozen object.

It lives under one plain key of ``st.session_state``, so no visitor can see another's, and it is
written to the address, so a reload or a shared link shows the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from workbench.errors import ArgumentError
from workbench.profile import Profile
from workbench.vocabulary import Id, Vocabulary

GUEST, KNOWN, NOBODY = "guest", "known", "nobody"
KINDS = (GUEST, NOBODY, KNOWN)
ADD, RATE, DROP = "add", "rate", "drop"

PERSON, EDITS, UNDONE, WHY = "person", "edits", "undone", "why"
PARAMETERS = (PERSON, EDITS, UNDONE, WHY)
MOST_EDITS = 300
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Edit:
    """One change to a person: ``do`` is "add", "rate" or "drop"."""

    do: str
    item_id: Id
    value: float | None = None

    def applied(self, profile: Profile) -> Profile:
        """The person after this change."""
        if self.do == ADD:
            return profile.with_event(self.item_id, self.value)
        if self.do == RATE:
            return profile.revalued(self.item_id, self.value)
        return profile.without(self.item_id)


@dataclass(frozen=True, slots=True)
class Case:
    """A person and the changes made to them.

    Attributes
    ----------
    kind : str
        "guest" (held out of every fit), "known" (the models learnt from them) or "nobody".
    user_id : str or int, optional
        None for "nobody".
    edits : tuple of Edit
        Oldest first, those that were undone at the end.
    undone : int
        How many of the last edits are undone and could be done again.
    """

    kind: str = NOBODY
    user_id: Id | None = None
    edits: tuple[Edit, ...] = ()
    undone: int = 0

    @property
    def done(self) -> tuple[Edit, ...]:
        """The edits that count."""
        return self.edits[: len(self.edits) - self.undone]

    def edited(self, edit: Edit) -> Case:
        """With one more change; what was undone is forgotten."""
        return replace(self, edits=(*self.done, edit), undone=0)

    def undo(self) -> Case:
        return replace(self, undone=min(self.undone + 1, len(self.edits)))

    def redo(self) -> Case:
        return replace(self, undone=max(self.undone - 1, 0))

    def restarted(self) -> Case:
        """The same person without changes (which can all be done again)."""
        return replace(self, undone=len(self.edits))

    def profile(self, start: Profile) -> Profile:
        """The person after the edits that count.

        Parameters
        ----------
        start : Profile
            The person before any of them.
        """
        for edit in self.done:
            start = edit.applied(start)
        return start


# --- the address ------------------------------------------------------------------------------


def to_address(case: Case, why: Id | None = None) -> dict[str, str]:
    """The parameters of the address that bring this case back."""
    found = {PERSON: NOBODY if case.user_id is None else f"{case.kind}.{case.user_id}"}
    if case.edits:
        found[EDITS] = "~".join(_packed(edit) for edit in case.edits)
    if case.undone:
        found[UNDONE] = str(case.undone)
    if why is not None:
        found[WHY] = str(why)
    return found


@dataclass(frozen=True)
class Address:
    """What an address says, as far as it can be read.

    Attributes
    ----------
    case : Case or None
        None where it names no person that can be shown.
    why : str or int, optional
        The item whose reason is asked for.
    unread : int
        Parts that could not be read and were left out.
    """

    case: Case | None
    why: Id | None
    unread: int


@dataclass(frozen=True)
class Known:
    """What an address may name.

    Attributes
    ----------
    people, items : Vocabulary
    guests : collection of ids
    values : tuple of float, optional
        Lowest and highest rating of the log; None where it has none.
    """

    people: Vocabulary
    items: Vocabulary
    guests: Collection[Id]
    values: tuple[float, float] | None

    def allows(self, value: float | None) -> bool:
        """Whether a rating is one that the log could hold."""
        if value is None:
            return True
        return self.values is not None and self.values[0] <= value <= self.values[1]


def from_address(parameters: Mapping[str, str], known: Known) -> Address:
    """Read an address. Nothing in it can raise; what makes no sense is left out and counted."""
    unread = 0
    kind, _, text = parameters.get(PERSON, "").partition(".")
    user_id = _id(text, known.people) if kind in (GUEST, KNOWN) else None
    if user_id is not None:  # the split says who is a guest, not the address
        kind = GUEST if user_id in known.guests else KNOWN
        case = Case(kind, user_id)
    elif kind == NOBODY or PERSON not in parameters:
        case = Case()
    else:
        return Address(None, None, 1)
    packed = parameters.get(EDITS, "")
    if len(packed) > LONGEST:
        packed, unread = "", 1
    edits = []
    for part in packed.split("~") if packed else ():
        edit = _unpacked(part, known) if len(edits) < MOST_EDITS else None
        if edit is None:
            unread += 1
        else:
            edits.append(edit)
    undone = parameters.get(UNDONE, "0")
    if not re.fullmatch(r"[0-9]{1,3}", undone) or int(undone) > len(edits):
        undone, unread = "0", unread + 1
    why = _id(parameters[WHY], known.items) if WHY in parameters else None
    unread += WHY in parameters and why is None
    return Address(replace(case, edits=tuple(edits), undone=int(undone)), why, unread)


def checked(case: Case, start: Profile) -> tuple[Case, int]:
    """Leave out edits that cannot be made to this person (twice added, not there to remove).

    Returns
    -------
    Case
    int
        How many were left out.
    """
    kept, profile, undone = [], start, case.undone
    first_undone = len(case.edits) - case.undone
    for place, edit in enumerate(case.edits):
        try:
            if edit.do == ADD and edit.item_id in profile:
                raise ArgumentError("already there")
            profile = edit.applied(profile)
            kept.append(edit)
        except ArgumentError:
            undone -= place >= first_undone
    return replace(case, edits=tuple(kept), undone=undone), len(case.edits) - len(kept)


def _packed(edit: Edit) -> str:
    """An edit as letters that an address keeps as they are: ``add_52_5``."""
    parts = [edit.do, re.sub(r"[^A-Za-z0-9.-]", _escaped, str(edit.item_id))]
    if edit.value is not None:
        parts.append(
            f"{edit.value:g}" if float(f"{edit.value:g}") == edit.value else repr(edit.value)
        )
    return "_".join(parts)


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"*{byte:02X}" for byte in match.group().encode("utf-8", "surrogatepass"))


def _unpacked(part: str, known: Known) -> Edit | None:
    pieces = part.split("_")
    if len(pieces) not in (2, 3) or pieces[0] not in (ADD, RATE, DROP):
        return None
    try:
        text = re.sub(
            r"(?:\*[0-9A-F]{2})+",
            lambda m: bytes.fromhex(m.group().replace("*", "")).decode("utf-8", "surrogatepass"),
            pieces[1],
        )
        value = float(pieces[2]) if len(pieces) == 3 else None
    except ValueError:
        return None
    item_id = _id(text, known.items)
    if item_id is None or not known.allows(value) or (pieces[0] == DROP and value is not None):
        return None
    return Edit(pieces[0], item_id, value)


def _id(text: str, ids: Vocabulary) -> Id | None:
    """The id that a text spells, or None where there is no such id."""
    if ids.is_integer:
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            return None
        id_: Id = int(text)
    else:
        id_ = text
    return id_ if id_ in ids else None
