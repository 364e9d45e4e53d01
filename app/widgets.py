"""Pieces that the screens share. Titles and ids come from a log: here they become safe text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import streamlit as st

from app import upload
from app.cache import World
from app.catalogue import Item
from workbench.errors import WorkbenchError


def html(*parts: str) -> None:
    """Show markup of ours. Every part must come from a function here that escapes its text."""
    dark = st.context.theme.type == "dark"
    st.html(f'<div class="{"wb-dark" if dark else "wb-light"}">{"".join(parts)}</div>')


def item_row(item: Item, *, rank: int | None = None, mark: str = "", gone: bool = False) -> str:
    """An item as a row: place, tile, title, year and genres, and a mark made by ``mark_of``."""
    place = "" if rank is None else f'<span class="wb-rank">{rank}</span>'
    about = f'<div class="wb-about">{escape(item.about)}</div>' if item.about else ""
    return (
        f'<div class="wb-row{" wb-gone" if gone else ""}">{place}'
        f'<span class="wb-tile wb-ink-{item.ink}" aria-hidden="true">{escape(item.year[:4])}</span>'
        f'<div class="wb-text"><div class="wb-title" dir="auto">{escape(item.title)}</div>'
        f"{about}</div>{mark}</div>"
    )


def mark_of(change: str, moved: int | None) -> str:
    """What happened to an item on the way from one list to the other, as a mark."""
    if change == "entered":
        return tag("new", "entered")
    if change == "left":
        return tag("gone", "left")
    if change == "same" or not moved:
        return (
            '<span class="wb-mark wb-same"><span aria-hidden="true">=</span>'
            '<span class="wb-only-read">same place</span></span>'
        )
    kind, arrow, way = ("up", "▲", "up") if moved > 0 else ("down", "▼", "down")
    return (
        f'<span class="wb-mark wb-{kind}"><span aria-hidden="true">{arrow} {abs(moved)}</span>'
        f'<span class="wb-only-read">{way} {abs(moved)}</span></span>'
    )


def marks_of(*marks: str) -> str:
    """Several marks made here, one below the other; empty ones are left out."""
    kept = [mark for mark in marks if mark]
    return kept[0] if len(kept) == 1 else f'<span class="wb-marks">{"".join(kept)}</span>'


def tag(word: str, kind: str) -> str:
    """A word of ours as a mark; ``kind`` is a class of ``style.py``."""
    return f'<span class="wb-mark wb-{kind}">{escape(word)}</span>'


def likeness_bar(overlap: float, words: str, tags: Iterable[tuple[str, str]]) -> str:
    """How alike two lists are: a bar from 0 to 1, a sentence of ours, and counts as marks."""
    why = (
        f"Likeness {overlap:.2f} of 1: rank-biased overlap, in which the first places count most "
        "(Webber, Moffat, Zobel 2010; p = 0.9)."
    )
    return (
        f'<div class="wb-like" title="{escape(why)}"><span class="wb-like-number">{overlap:.2f}'
        '</span><span class="wb-like-track" aria-hidden="true"><span class="wb-like-bar" '
        f'style="width:{100 * overlap:.0f}%"></span></span>'
        f'<span class="wb-like-words">{escape(words)}</span>'
        f'<span class="wb-only-read">{escape(why)}</span></div>'
        f'<div class="wb-tags">{"".join(tag(word, kind) for word, kind in tags)}</div>'
    )


def step_row(
    place: int,
    name: str,
    effect: str,
    entered: Iterable[str],
    left: Iterable[str],
    notes: Iterable[str],
) -> str:
    """A step of a policy: what it is called, what it did, what came in and what went."""
    lines = [
        f'<div class="wb-step-line wb-step-{kind}" dir="auto"><span aria-hidden="true">{sign}'
        f'</span> <span class="wb-only-read">{said}</span>{escape(", ".join(titles))}</div>'
        for kind, sign, said, titles in (
            ("in", "+", "in: ", list(entered)),
            ("out", "−", "out: ", list(left)),
        )
        if titles
    ]
    lines += [f'<div class="wb-step-line" dir="auto">{escape(note)}</div>' for note in notes]
    return (
        f'<div class="wb-step"><span class="wb-step-place" aria-hidden="true">{place}</span>'
        f'<div class="wb-step-text"><div><strong>{escape(name)}</strong> '
        f'<span class="wb-step-effect">{escape(effect)}</span></div>{"".join(lines)}</div></div>'
    )


def head(words: str, about: str = "") -> str:
    """A heading inside a dialog or a column; it may hold text of a visitor.

    What it is ``about`` is said on hover, and to those who do not see it.
    """
    if about:
        told = f'<span class="wb-only-read">: {escape(about)}</span>'
        words = f'<span class="wb-told" title="{escape(about)}">{escape(words)}</span>{told}'
    else:
        words = escape(words)
    return f'<h3 class="wb-head" dir="auto">{words}</h3>'


def text(words: str, kind: str = "lede") -> str:
    """A paragraph of untrusted text."""
    return f'<p class="wb-{kind}" dir="auto">{escape(words)}</p>'


def bars(rows: Iterable[tuple[str, float]], digits: int = 2, *, signed: bool = True) -> str:
    """Named numbers as bars to the right (for) and to the left (against).

    Without signs they are counts, from the left edge.
    """
    rows = list(rows)
    widest = max((abs(number) for _, number in rows), default=0.0) or 1.0
    sign = "+" if signed else ","
    parts = []
    for name, number in rows:
        side = "for" if number >= 0 else "against"
        width = (50 if signed else 100) * abs(number) / widest
        figure = f"{number:{sign}.{digits}f}".replace("-", "−")
        parts.append(
            f'<span class="wb-bar-name" dir="auto">{escape(name)}</span>'
            f'<span class="wb-bar-track" aria-hidden="true">'
            f'<span class="wb-bar wb-bar-{side}" style="width:{width:.1f}%"></span></span>'
            f'<span class="wb-bar-number">{figure}</span>'
        )
    return f'<div class="wb-bars{"" if signed else " wb-counts"}">{"".join(parts)}</div>'


def problem(heading: str, message: str = "") -> None:
    """Something went wrong: a heading of ours, and a message that may hold text of the log."""
    st.error(heading, icon=":material/error:")
    if message:
        st.text(message)


def opened() -> World | None:
    """The run that is shown; None where there is none, which the visitor has then been told.

    A visitor who brought data of their own looks at that, and is told so on every screen.
    """
    try:
        world = upload.world()
    except WorkbenchError as error:
        problem("The run cannot be opened.", str(error))
        return None
    if world is None:
        no_run()
    elif (mine := upload.own()) is not None and world is mine.world:
        st.info("This is your own data. Only you see it.", icon=":material/lock:")
    return world


def no_run() -> None:
    """There is nothing to show yet: say what to type."""
    st.header("There is no run yet")
    st.write(
        "The app shows a finished run: an engine, what it was compared with, and its audit. "
        "Make one in a terminal, then reload this page."
    )
    st.code(
        "make run                # in the checkout\nworkbench run --help    # your own log",
        language="bash",
    )
