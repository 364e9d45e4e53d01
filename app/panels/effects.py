"""What each thing in a history does to a score: its share beside the effect of taking it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from app.panels.waterfall import signed


@dataclass(frozen=True)
class Effect:
    """One row.

    Attributes
    ----------
    name, about : str
        Untrusted text.
    share, error : float, optional
        Its part of the score, and the standard error of that; None where there is none.
    removal : float, optional
        How much the score falls without it.
    rank : int, optional
        Of the item that is explained, without it; None where it would not be ranked.
    stays : bool, optional
        Whether that item is then still in the list; None where it is not in it anyway.
    """

    name: str
    about: str
    share: float | None
    error: float | None
    removal: float | None
    rank: int | None
    stays: bool | None


def table(rows: Sequence[Effect], what: str, *, shares: bool = True, scale: float = 0.0) -> str:
    """The markup of a table of effects.

    Parameters
    ----------
    rows : sequence of Effect
    what : str
        What the first column names.
    shares : bool
        Whether there is a column of shares.
    scale : float
        A number that bars are held against beside those of the rows, so that two tables agree.
    """
    numbers = [abs(n) for row in rows for n in (row.share, row.removal) if n is not None]
    widest = max([scale, *numbers]) or 1.0
    heads = [what, *(["Share of the score"] if shares else []), "Effect of removal", "Then"]
    kinds = ["name", *(["share"] if shares else []), "removal", "rank"]
    head = "".join(
        f'<th scope="col" role="columnheader" class="wb-acts-{kind}">{escape(words)}</th>'
        for kind, words in zip(kinds, heads, strict=True)
    )
    body = "".join(_row(row, widest, shares) for row in rows)
    return (
        f'<table class="wb-acts" role="table"><thead role="rowgroup"><tr role="row">{head}</tr>'
        f'</thead><tbody role="rowgroup">{body}</tbody></table>'
    )


def _row(row: Effect, widest: float, shares: bool) -> str:
    about = f' <span class="wb-acts-what">{escape(row.about)}</span>' if row.about else ""
    share = (
        f'<td role="cell" data-of="Share of the score">{_bar(row.share, widest, row.error)}</td>'
        if shares
        else ""
    )
    return (
        f'<tr role="row"><th scope="row" role="rowheader" dir="auto"><span class="wb-cut">'
        f"{escape(row.name)}{about}</span></th>{share}"
        f'<td role="cell" data-of="Effect of removal">{_bar(row.removal, widest)}</td>'
        f'<td role="cell" data-of="Then"><span class="wb-then">{_then(row)}</span></td></tr>'
    )


def _bar(number: float | None, widest: float, error: float | None = None) -> str:
    """A number as a bar to the right (for) or left (against), on one scale for the whole table."""
    bar = ""
    if number is not None:
        side = "for" if number >= 0 else "against"
        bar = (
            f'<span class="wb-bar wb-bar-{side}" style="width:{50 * abs(number) / widest:.1f}%">'
            "</span>"
        )
    spread = f'<span class="wb-error">± {error:.2f}</span>' if error else ""
    return (
        f'<span class="wb-pair"><span class="wb-bar-track" aria-hidden="true">{bar}</span>'
        f'<span class="wb-pair-number">{signed(number)}{spread}</span></span>'
    )


def _then(row: Effect) -> str:
    rank = "not ranked" if row.rank is None else f"rank {row.rank:,}"
    if row.stays is False:
        return f'<span class="wb-out">✗ out</span>, {rank}'
    if row.stays:
        return f'<span class="wb-in">still in</span>, {rank}'
    return rank
