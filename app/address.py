"""A case as an address, and back. Nothing that stands in an address can raise."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from app.facets import Facet, spelt
from app.state import (
    AGAINST,
    ATTRIBUTE,
    CAP,
    CONTEXT,
    DIAL,
    DROP,
    GUEST,
    HIDE,
    KNOWN,
    LIFT,
    MOMENT,
    MOST_CAP,
    MOST_EDITS,
    MOST_LIFT,
    MOST_SEED,
    NOBODY,
    OF_ITEMS,
    PIN,
    SEED,
    START,
    THE_MOMENT,
    Case,
    Edit,
    Saved,
)  # fmt: skip
from workbench.vocabulary import Id, Vocabulary

PERSON, EDITS, UNDONE, WHY, BESIDE, CASES = "person", "edits", "undone", "why", "beside", "cases"
PARAMETERS = (PERSON, EDITS, UNDONE, WHY, BESIDE, CASES)
LONGEST = 20_000
"""Characters of the edits, and of the saved cases."""
MOST_SAVED = 12
LONGEST_NAME = 40


@dataclass(frozen=True)
class Known:
    """What an address may name.

    Attributes
    ----------
    people, items : Vocabulary
    guests : collection of ids
    values : tuple of float, optional
        Lowest and highest rating of the log; None where it has none.
    attributes, context : mapping of name to Facet
    moments : tuple of float, optional
        First and last second of the log; None where it has no times.
    dials, caps : collection of str
        Numbers of a policy, and columns of items, that this log can feed.
    """

    people: Vocabulary
    items: Vocabulary
    guests: Collection[Id]
    values: tuple[float, float] | None
    attributes: Mapping[str, Facet] = field(default_factory=dict)
    context: Mapping[str, Facet] = field(default_factory=dict)
    moments: tuple[float, float] | None = None
    dials: Collection[str] = ()
    caps: Collection[str] = ()

    def allows(self, value: float | None) -> bool:
        """Whether a rating is one that the log could hold."""
        if value is None:
            return True
        return self.values is not None and self.values[0] <= value <= self.values[1]


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
    against : str
        What the list is held against: one of ``AGAINST``, or the number of a saved case.
    saved : tuple of Saved
    """

    case: Case | None
    why: Id | None
    unread: int
    against: str = START
    saved: tuple[Saved, ...] = ()


# --- writing ----------------------------------------------------------------------------------


def to_address(
    case: Case, why: Id | None = None, against: str = START, saved: Sequence[Saved] = ()
) -> dict[str, str]:
    """The parameters of the address that bring this case back, and what stands beside it."""
    found = {PERSON: NOBODY if case.user_id is None else f"{case.kind}.{case.user_id}"}
    if case.edits:
        found[EDITS] = "~".join(packed(edit) for edit in case.edits)
    if case.undone:
        found[UNDONE] = str(case.undone)
    if why is not None:
        found[WHY] = str(why)
    if against != START:
        found[BESIDE] = against
    if saved:
        found[CASES] = "!".join(_packed_case(one) for one in saved)
    return found


def fits(case: Case, saved: Sequence[Saved] = ()) -> bool:
    """Whether an address can hold it all."""
    if len(case.edits) > MOST_EDITS or len(saved) > MOST_SAVED:
        return False
    written = to_address(case, saved=saved)
    return all(len(written.get(name, "")) <= LONGEST for name in (EDITS, CASES))


def link(case: Case) -> str:
    """The end of an address that opens a case, as one would type it."""
    return "?" + "&".join(f"{k}={quote(v, safe='~')}" for k, v in to_address(case).items())


def packed(edit: Edit) -> str:
    """An edit as letters that an address keeps as they are: ``add_52_5``."""
    parts = [edit.do, _safe(str(edit.what))]
    if edit.value is not None:
        parts.append(_safe(spelt(edit.value)))
    return "_".join(parts)


def _packed_case(one: Saved) -> str:
    case = one.case
    who = "" if case.user_id is None else _safe(str(case.user_id))
    head = [_safe(one.name), case.kind, who, str(case.undone)]
    return "~".join(["_".join(head), *map(packed, case.edits)])


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", _escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"*{byte:02X}" for byte in match.group().encode("utf-8", "surrogatepass"))


# --- reading ----------------------------------------------------------------------------------


def from_address(parameters: Mapping[str, str], known: Known) -> Address:
    """Read an address. Nothing in it can raise; what makes no sense is left out and counted."""
    kind, _, text = parameters.get(PERSON, NOBODY).partition(".")
    case = _person(kind, text, known)
    if case is None:
        return Address(None, None, 1)
    whole = parameters.get(EDITS, "")
    parts = whole.split("~") if whole and len(whole) <= LONGEST else []
    case, unread = _with_edits(case, parts, parameters.get(UNDONE, "0"), known)
    unread += len(whole) > LONGEST
    why = _id(parameters[WHY], known.items) if WHY in parameters else None
    unread += WHY in parameters and why is None
    saved, lost = _saved(parameters.get(CASES, ""), known)
    against = parameters.get(BESIDE, START)
    if against not in (*AGAINST, *map(str, range(len(saved)))):
        against, lost = START, lost + 1
    return Address(case, why, unread + lost, against, saved)


def _person(kind: str, text: str, known: Known) -> Case | None:
    if kind == NOBODY:
        return Case()
    user_id = _id(text, known.people) if kind in (GUEST, KNOWN) else None
    if user_id is None:
        return None
    # The split says who is a guest, not the address.
    return Case(GUEST if user_id in known.guests else KNOWN, user_id)


def _with_edits(case: Case, parts: Sequence[str], undone: str, known: Known) -> tuple[Case, int]:
    """A person with the edits that can be read, and how many cannot."""
    read = [unpacked(part, known) for part in parts[:MOST_EDITS]]
    edits = tuple(edit for edit in read if edit is not None)
    unread = len(parts) - len(edits)
    if not re.fullmatch(r"[0-9]{1,3}", undone) or int(undone) > len(edits):
        undone, unread = "0", unread + 1
    return replace(case, edits=edits, undone=int(undone)), unread


def _saved(text: str, known: Known) -> tuple[tuple[Saved, ...], int]:
    """The saved cases; where one cannot be read none is, since they are named by their number."""
    found, lost = [], 0
    if len(text) > LONGEST:
        return (), 1
    for part in text.split("!")[:MOST_SAVED] if text else ():
        head, *parts = part.split("~")
        pieces = head.split("_")
        name = _plain(pieces[0])
        who = _plain(pieces[2]) if len(pieces) == 4 else None
        case = None if who is None or not name else _person(pieces[1], who, known)
        if case is None or name is None or len(name) > LONGEST_NAME or not name.isprintable():
            return (), 1
        case, unread = _with_edits(case, parts, pieces[3], known)
        lost += unread
        found.append(Saved(name, case))
    return tuple(found), lost


def unpacked(part: str, known: Known) -> Edit | None:
    """The edit that a part of an address spells; None where it spells none that could be made."""
    pieces = part.split("_")
    if len(pieces) not in (2, 3):
        return None
    do, what, text = pieces[0], _plain(pieces[1]), _plain(pieces[2]) if len(pieces) == 3 else None
    if what is None or (len(pieces) == 3 and text is None):
        return None
    try:
        if do in (ATTRIBUTE, CONTEXT):
            facet = (known.attributes if do == ATTRIBUTE else known.context)[what]
            return Edit(do, what, None if text is None else facet.parsed(text))
        if do == MOMENT:
            return _moment(what, text, known)
        id_: Id | None = _id(what, known.items) if do in OF_ITEMS else what
        number = None if text is None else float(text)
    except (KeyError, ValueError):
        return None
    if id_ is None or not _allowed(do, id_, number, known):
        return None
    return Edit(do, id_, int(number) if do == CAP and number is not None else number)


def _moment(what: str, text: str | None, known: Known) -> Edit | None:
    number = None if text is None else float(text)
    if what != THE_MOMENT or known.moments is None:
        return None
    if number is not None and not known.moments[0] <= number <= known.moments[1]:
        return None
    return Edit(MOMENT, what, number)


def _allowed(do: str, what: Id, number: float | None, known: Known) -> bool:
    """Whether an edit of the history or of the policy is one that the screen could have made."""
    if do in OF_ITEMS and do not in (PIN, LIFT, HIDE):
        return number is None if do == DROP else known.allows(number)
    if number is None:
        return False
    if do in (PIN, HIDE):
        return number in (0, 1)
    if do == LIFT:
        return -MOST_LIFT <= number <= MOST_LIFT
    if do == CAP:
        return what in known.caps and number in range(MOST_CAP + 1)
    if do == DIAL and what == SEED:
        return number in range(MOST_SEED + 1)
    return do == DIAL and what in known.dials and 0 <= number <= 1


def _plain(text: str) -> str | None:
    """Text as it was before ``_safe``; None where it is spoilt."""
    try:
        return re.sub(
            r"(?:\*[0-9A-F]{2})+",
            lambda m: bytes.fromhex(m.group().replace("*", "")).decode("utf-8", "surrogatepass"),
            text,
        )
    except ValueError:
        return None


def _id(text: str, ids: Vocabulary) -> Id | None:
    """The id that a text spells, or None where there is no such id."""
    if ids.is_integer:
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            return None
        id_: Id = int(text)
    else:
        id_ = text
    return id_ if id_ in ids else None
