"""What a visitor has done: a person to start from and the edits since, as one frozen object.

It lives under one plain key of ``st.session_state``, so no visitor can see another's, and it is
written to the address (``address.py``), so a reload or a shared link shows the same.

There is one ledger. A change of the history, of what is known of the person, of the moment and of
the policy are all edits, so all can be undone and shared alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from app.facets import Value
from workbench.columns import AS_OF
from workbench.profile import Profile
from workbench.vocabulary import Id

GUEST, KNOWN, NOBODY = "guest", "known", "nobody"
KINDS = (GUEST, NOBODY, KNOWN)

ADD, RATE, DROP = "add", "rate", "drop"
ATTRIBUTE, CONTEXT, MOMENT = "is", "in", "at"
DIAL, CAP, PIN, LIFT, HIDE = "dial", "cap", "pin", "lift", "hide"
OF_HISTORY = (ADD, RATE, DROP)
OF_POLICY = (DIAL, CAP, PIN, LIFT, HIDE)
OF_ITEMS = (*OF_HISTORY, PIN, LIFT, HIDE)
TURNED = (DIAL, CAP, LIFT, MOMENT, ATTRIBUTE, CONTEXT)
"""Controls that are turned on and on: turns of the same one in a row are one change."""

DIALS = ("diversity", "calibration", "popularity_penalty", "epsilon")
"""Numbers of a policy from 0 (off) to 1."""
SEED = "seed"
MOST_SEED = 999
MOST_LIFT = 9.0
MOST_CAP = 50

START, STEP, PERSON_ONLY = "start", "step", "person"
AGAINST = (START, STEP, PERSON_ONLY)
"""What the list is held against: the person unchanged; one step before; the same without policy."""

MOST_EDITS = 300


@dataclass(frozen=True, slots=True)
class Edit:
    """One change.

    Attributes
    ----------
    do : str
        What is done: to the history "add", "rate", "drop"; to the person "is" (an attribute), to
        the moment "in" (a column of context) and "at" (the moment itself); to the policy "dial",
        "cap", "pin", "lift" (boost), "hide" (exclude).
    what : str or int
        The item, or the name of the attribute, column or dial; ``as_of`` for the moment.
    value : number or text, optional
        The rating, the new value, or the moment in seconds (None: their own). Of a policy 0 takes
        it back.
    """

    do: str
    what: Id
    value: Value = None

    def possible(self, profile: Profile) -> bool:
        """Whether it can be done to this history: nothing is added twice, or dropped unseen."""
        return self.do not in OF_HISTORY or (self.what in profile) == (self.do != ADD)

    def applied(self, profile: Profile) -> Profile:
        """The person after this change, which must be possible; a policy changes no person."""
        value: Any = self.value
        if self.do == ADD:
            return profile.with_event(self.what, value)
        if self.do == RATE:
            return profile.revalued(self.what, value)
        if self.do == DROP:
            return profile.without(self.what)
        if self.do == ATTRIBUTE:
            return profile.with_attribute(str(self.what), value)
        if self.do == CONTEXT:
            return profile.with_context(str(self.what), value)
        return profile


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """The policy that a visitor has set; parameters as in ``wb.Policy``, in a form that hashes.

    ``bool`` says whether it does anything.
    """

    diversity: float = 0.0
    calibration: float = 0.0
    popularity_penalty: float = 0.0
    epsilon: float = 0.0
    seed: int = 0
    pin: tuple[Id, ...] = ()
    boost: tuple[tuple[Id, float], ...] = ()
    exclude: tuple[Id, ...] = ()
    cap: tuple[tuple[str, int], ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(self) if f.name != SEED)

    @property
    def parameters(self) -> dict[str, Any]:
        """For ``wb.Policy``: what is not at its neutral value."""
        said = {f.name: getattr(self, f.name) for f in fields(self)}
        said |= {"boost": dict(self.boost), "cap": dict(self.cap)}
        return {name: value for name, value in said.items() if value}

    @property
    def dials(self) -> dict[str, float]:
        """The dials that are on."""
        return {name: getattr(self, name) for name in DIALS if getattr(self, name)}

    def after(self, edit: Edit) -> PolicyChoice:
        """The policy after an edit; edits of the person leave it."""
        number = float(edit.value or 0)  # type: ignore[arg-type]
        if edit.do == DIAL and edit.what == SEED:
            return replace(self, seed=int(number))
        if edit.do == DIAL and edit.what in DIALS:
            return replace(self, **{str(edit.what): number})  # type: ignore[arg-type]
        if edit.do == CAP:
            return replace(self, cap=_with(self.cap, str(edit.what), int(number)))
        if edit.do == LIFT:
            return replace(self, boost=_with(self.boost, edit.what, number))
        if edit.do in (PIN, HIDE):
            name = "pin" if edit.do == PIN else "exclude"
            rest = tuple(item for item in getattr(self, name) if item != edit.what)
            return replace(self, **{name: (*rest, edit.what) if number else rest})
        return self


def _with(pairs: Iterable[tuple[Any, Any]], key: Id, value: float) -> tuple[tuple[Any, Any], ...]:
    found = dict(pairs) | {key: value}
    return tuple((k, v) for k, v in found.items() if v)


@dataclass(frozen=True, slots=True)
class Case:
    """A person and the changes made to them, their moment and the policy.

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

    @property
    def start(self) -> Case:
        """The same person, nothing changed."""
        return Case(self.kind, self.user_id)

    @property
    def policy(self) -> PolicyChoice:
        """What the edits that count make of the policy."""
        choice = PolicyChoice()
        for edit in self.done:
            if edit.do in OF_POLICY:
                choice = choice.after(edit)
        return choice

    @property
    def as_of(self) -> float | None:
        """The moment that was chosen, in seconds; None for the person's own."""
        moments = [edit.value for edit in self.done if edit.do == MOMENT]
        return moments[-1] if moments else None  # type: ignore[return-value]

    def edited(self, edit: Edit) -> Case:
        """With one more change; what was undone is forgotten."""
        done = self.done
        if done and edit.do in TURNED and (done[-1].do, done[-1].what) == (edit.do, edit.what):
            done = done[:-1]
        return replace(self, edits=(*done, edit), undone=0)

    def undo(self) -> Case:
        return replace(self, undone=min(self.undone + 1, len(self.edits)))

    def redo(self) -> Case:
        return replace(self, undone=max(self.undone - 1, 0))

    def back_to(self, n: int) -> Case:
        """With the first ``n`` edits done and the others undone."""
        return replace(self, undone=len(self.edits) - max(0, min(n, len(self.edits))))

    def restarted(self) -> Case:
        """The same person without changes (which can all be done again)."""
        return self.back_to(0)

    def held_against(self, against: str) -> Case:
        """The case whose list stands on the left: see ``AGAINST``."""
        if against == STEP:
            return replace(self, edits=self.done[:-1], undone=0)
        if against == PERSON_ONLY:
            kept = tuple(edit for edit in self.done if edit.do not in OF_POLICY)
            return replace(self, edits=kept, undone=0)
        return self.start

    def profile(self, start: Profile) -> Profile:
        """The person after the edits that count.

        The moment comes first, wherever it stands in the ledger: what was added is added at that
        moment, and what had not happened by then cannot be removed or re-rated (such an edit does
        nothing until the moment is moved on again).

        Parameters
        ----------
        start : Profile
            The person before any of them.
        """
        return self._told(start)[0]

    def idle(self, start: Profile) -> frozenset[int]:
        """Places in ``done`` of the edits that do nothing at the moment that was chosen."""
        return frozenset(self._told(start)[1])

    def _told(self, start: Profile) -> tuple[Profile, list[int]]:
        profile = start if self.as_of is None else start.at(self.as_of)
        idle = []
        for place, edit in enumerate(self.done):
            if edit.possible(profile):
                profile = edit.applied(profile)
            else:
                idle.append(place)
        return profile, idle


class Saved(NamedTuple):
    """A case that the visitor gave a name."""

    name: str
    case: Case


def checked(case: Case, start: Profile) -> tuple[Case, int]:
    """Leave out edits that could not have been made to this person (twice added, never there).

    Returns
    -------
    Case
    int
        How many were left out.
    """
    kept: list[Edit] = []
    undone, first_undone = case.undone, len(case.edits) - case.undone
    there = {event.item_id for event in start.history}
    for place, edit in enumerate(case.edits):
        if edit.do in OF_HISTORY and (edit.what in there) != (edit.do != ADD):
            undone -= place >= first_undone
            continue
        kept.append(edit)
        if edit.do == MOMENT:
            there = _met(start, edit.value, kept)
        elif edit.do in (ADD, DROP):
            (there.add if edit.do == ADD else there.discard)(edit.what)
    return replace(case, edits=tuple(kept), undone=undone), len(case.edits) - len(kept)


def _met(start: Profile, moment: Any, edits: Iterable[Edit]) -> set[Id]:
    """Items of the history after some edits, at a moment."""
    there = {
        event.item_id
        for event in start.history
        if moment is None or event.timestamp is None or event.timestamp <= moment
    }
    for edit in edits:
        if edit.do in (ADD, DROP):
            (there.add if edit.do == ADD else there.discard)(edit.what)
    return there


THE_MOMENT = AS_OF
"""``Edit.what`` of an edit of the moment."""
