"""One person's lists and reasons as one HTML file: opens anywhere, fetches nothing, runs nothing.

What the app shows of a what-if, frozen: who, which changes, both lists, the reasons, the policy,
and which run it came from. Everything that comes from a log is untrusted text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from workbench.columns import GROUP, ITEM, RANK, REMOVAL, SHARE
from workbench.explain.explain import Explanation
from workbench.profile import Profile
from workbench.report.html import count, moment, number, signed
from workbench.slate import AFTER, BEFORE, CHANGE, MOVED, Slate
from workbench.vocabulary import Id

LONGEST = 300
"""Characters of a text from a log that are shown."""
MOST_EVENTS = 200
MOST_REMOVALS = 5
LEAST = 0.4
"""Width of the smallest bar of a waterfall, in % of the drawing."""


@dataclass(frozen=True)
class Named:
    """How an item is called: its title, and year and genres in one line."""

    title: str
    about: str = ""


def view_content(
    *,
    person: str,
    start: Profile,
    profile: Profile,
    before: Slate,
    after: Slate,
    reasons: Sequence[Explanation | tuple[Id, str]],
    named: Callable[[Id], Named],
    held_against: str = "As they are",
    changes: Sequence[str] = (),
    policy: Sequence[str] = (),
    manifest: Mapping[str, Any],
    when: str,
) -> dict[str, Any]:
    """What the file says, as plain data.

    Parameters
    ----------
    person : str
        Who it is, in words.
    start, profile : Profile
        Before and after the changes.
    before, after : Slate
    reasons : sequence of Explanation, or (item id, why there is none)
    named : callable
        Item id → what it is called.
    held_against : str
        What the first list is, in words.
    changes, policy : sequence of str
        In words, oldest first.
    manifest : mapping
        Of the run.
    when : str
        The moment of saving, ISO 8601.
    """
    moves = {row[ITEM]: row for row in before.diff(after).frame.iter_rows(named=True)}
    events = list(reversed(profile.items))
    return {
        "person": person,
        "held_against": held_against,
        "two": bool(changes or policy) or before != after,
        "changes": list(changes),
        "policy": list(policy),
        "events": [_event(item, profile, start, named) for item in events[:MOST_EVENTS]],
        "further": max(len(events) - MOST_EVENTS, 0),
        "before": [_place(row, moves, named, old=True) for row in _rows(before)],
        "after": [_place(row, moves, named, old=False) for row in _rows(after)],
        "reasons": [_reason(one, named) for one in reasons],
        "when": when,
        "run": {
            "name": manifest["run_id"],
            "data": manifest["dataset"]["name"],
            "fingerprint": manifest["dataset"]["fingerprint"],
            "made": manifest["created"],
            "workbench": manifest["workbench"],
        },
    }


def render_view(content: Mapping[str, Any]) -> str:
    """The HTML of a view; the same text for the same content."""
    from jinja2 import Environment, FunctionLoader

    here = files("workbench.report")
    environment = Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        loader=FunctionLoader(lambda name: here.joinpath(name).read_text("utf-8")),
    )
    environment.filters.update(num=number, signed=signed, count=count, moment=moment)
    return environment.get_template("view.html.j2").render(c=content)


def waterfall(base: float, shares: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """Where the bars of a waterfall stand: each begins where the one before it ended.

    Parameters
    ----------
    base : float
        Where it starts.
    shares : sequence of (name, share)

    Returns
    -------
    dict
        ``zero`` (where the base is), ``rows`` (``name``, ``share``, ``x``, ``wide``, ``up``);
        places and widths in % of the drawing, which may be of any size.
    """
    ends = [base]
    for _, share in shares:
        ends.append(ends[-1] + share)
    low, high = min(ends), max(ends)
    room = 100 / ((high - low) or 1.0)
    rows = [
        {
            "name": name,
            "share": share,
            "x": round((min(start, end) - low) * room, 2),
            "wide": round(max(abs(end - start) * room, LEAST), 2),
            "up": share >= 0,
        }
        for (name, share), start, end in zip(shares, ends[:-1], ends[1:], strict=True)
    ]
    return {"zero": round((base - low) * room, 2), "rows": rows}


def _rows(slate: Slate) -> list[tuple[int, Id]]:
    return list(slate.frame.select(RANK, ITEM).iter_rows())


def _place(
    row: tuple[int, Id],
    moves: Mapping[Id, Mapping[str, Any]],
    named: Callable[[Id], Named],
    *,
    old: bool,
) -> dict[str, Any]:
    rank, item_id = row
    change = moves[item_id][CHANGE]
    mark = ""
    if old and change == "left":
        mark = "gone"
    elif not old and change == "entered":
        mark = "new"
    elif not old and change == "moved":
        up = moves[item_id][MOVED]
        mark = f"{'up' if up > 0 else 'down'} {abs(up)}"
    about = named(item_id)
    ranks = {"was": moves[item_id][BEFORE], "now": moves[item_id][AFTER]}
    return {"rank": rank, "title": about.title, "about": about.about, "mark": mark, **ranks}


def _event(
    item_id: Id, profile: Profile, start: Profile, named: Callable[[Id], Named]
) -> dict[str, Any]:
    last, first = profile.last(item_id), start.last(item_id)
    value = last.value if last else None
    mark = ""
    if first is None:
        mark = "added"
    elif first.value != value:
        mark = "re-rated" if first.value is None else f"was {first.value:g}"
    return {"title": named(item_id).title, "value": value, "mark": mark}


def _reason(one: Explanation | tuple[Id, str], named: Callable[[Id], Named]) -> dict[str, Any]:
    if isinstance(one, tuple):
        return {"title": named(one[0]).title, "sentence": one[1], "words": [], "chart": None}
    shares = [(row[GROUP], row[SHARE]) for row in one.groups.iter_rows(named=True)]
    effects = one.events.drop_nulls(REMOVAL)
    effects = effects[effects[REMOVAL].abs().arg_sort(descending=True)[:MOST_REMOVALS]]
    return {
        "title": named(one.item_id).title,
        "sentence": one.sentence,
        "words": list(one.words),
        "base": one.base,
        "score": one.score,
        "residual": one.residual,
        "chart": waterfall(one.base, shares) if shares else None,
        "removals": [
            {"title": named(row[ITEM]).title, "removal": row[REMOVAL]}
            for row in effects.iter_rows(named=True)
        ],
        "n": one.events.height,
    }


def _shown(value: Any) -> Any:
    """What is not known is a dash; over-long text is cut."""
    if value is None:
        return "–"
    if type(value) is str and len(value) > LONGEST:
        return value[: LONGEST - 1] + "…"
    return value
