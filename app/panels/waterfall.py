"""A score as a waterfall: where it starts, what each part adds, where it ends.

Drawn as plain markup, so that a keyboard opens its groups and a screen reader says its numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape


@dataclass(frozen=True)
class Step:
    """One part of a score.

    Attributes
    ----------
    name : str
        Untrusted text.
    share : float
        What it adds.
    about : str
        A second line, untrusted text too.
    parts : sequence of Step
        What it is made of; they add up to ``share``.
    """

    name: str
    share: float
    about: str = ""
    parts: Sequence[Step] = field(default=())


def waterfall(
    start: tuple[str, float], steps: Sequence[Step], end: tuple[str, float], what: str
) -> str:
    """The markup of a waterfall.

    Parameters
    ----------
    start, end : tuple of str and float
        Name and number where it starts and ends.
    steps : sequence of Step
        In the order in which they are drawn; a group opens to show its parts.
    what : str
        What is drawn, for those who do not see it.
    """
    scale = _Scale([start[1], end[1], *_heights(start[1], steps)])
    at = start[1]
    rows = [_end(*start, start[1], scale)]
    for step in steps:
        rows.append(_step(step, at, scale, start[1]))
        at += step.share
    rows.append(_end(*end, start[1], scale))
    return f'<div class="wb-fall" role="group" aria-label="{escape(what)}">{"".join(rows)}</div>'


class _Scale:
    """Heights as shares of the width of a track, with a margin for the marks at both ends."""

    def __init__(self, heights: Sequence[float]) -> None:
        self.low, high = min(heights), max(heights)
        self.span = (high - self.low) or 1.0

    def __call__(self, height: float) -> float:
        return 3 + 94 * (height - self.low) / self.span


def _heights(at: float, steps: Sequence[Step]) -> Iterator[float]:
    for step in steps:
        yield from _heights(at, step.parts)
        at += step.share
        yield at


def _step(step: Step, at: float, scale: _Scale, start: float) -> str:
    if not step.parts:
        return _row(step, at, scale, start, "div", "wb-fall-flat")
    inside, here = [], at
    for part in step.parts:
        inside.append(_row(part, here, scale, start, "div", "wb-fall-part"))
        here += part.share
    head = _row(step, at, scale, start, "summary")
    return f"<details>{head}{''.join(inside)}</details>"


def _row(
    step: Step, at: float, scale: _Scale, start: float, tag: str, kind: str = "wb-fall-group"
) -> str:
    """One bar, from ``at`` to ``at`` plus its share."""
    low, high = sorted((scale(at), scale(at + step.share)))
    side = "for" if step.share >= 0 else "against"
    about = f'<span class="wb-fall-about">{escape(step.about)}</span>' if step.about else ""
    return (
        f'<{tag} class="wb-fall-row {kind}">'
        f'<span class="wb-fall-name" dir="auto">{escape(step.name)}{about}</span>'
        f'<span class="wb-fall-track" aria-hidden="true">{_line(start, scale)}'
        f'<span class="wb-fall-bar wb-fall-{side}" '
        f'style="left:{low:.2f}%;width:{high - low:.2f}%"></span>'
        f'<span class="wb-fall-to" style="left:{scale(at + step.share):.2f}%"></span></span>'
        f'<span class="wb-fall-number">{signed(step.share)}</span></{tag}>'
    )


def _end(name: str, height: float, start: float, scale: _Scale) -> str:
    return (
        '<div class="wb-fall-row wb-fall-end">'
        f'<span class="wb-fall-name">{escape(name)}</span>'
        f'<span class="wb-fall-track" aria-hidden="true">{_line(start, scale)}'
        f'<span class="wb-fall-at" style="left:{scale(height):.2f}%"></span></span>'
        f'<span class="wb-fall-number">{signed(height)}</span></div>'
    )


def _line(start: float, scale: _Scale) -> str:
    return f'<span class="wb-fall-line" style="left:{scale(start):.2f}%"></span>'


def signed(number: float | None, digits: int = 2) -> str:
    """A number with its sign (a true minus), 0 without; a dash where there is none."""
    if number is None or number != number:
        return "–"
    text = f"{number:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")
