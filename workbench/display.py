"""Display: how things show themselves, as HTML in a notebook and as text in a terminal.

A class says what there is to see, a ``Sheet``, and gets both forms from ``Shown``. All that comes
from a log is untrusted text: escaped in HTML, and without control characters in a terminal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from typing import Any

import polars as pl

from workbench.columns import ITEM, TIME, TITLE
from workbench.errors import ArgumentError

MOST_ROWS, LONGEST = 20, 120
"""Rows of a table and characters of a text that are shown."""
MARKED = ("change", "verdict")
"""Columns whose cells are marks; a title may well be called "gone"."""
MARKS = {"↑": "up", "new": "up", "↓": "down", "gone": "down", "pass": "up", "fail": "down"}
"""First word of a mark → its colour; the word says it too, so nothing hangs on the colour."""
SPELLING = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""What is not printable, and yet part of how some scripts are written."""

STYLE = """
.wb{--up:#0b6b3a;--down:#a3271b;color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));
font-size:13px;line-height:1.45;max-width:960px;overflow-x:auto}
.wb.wb h4{margin:.2em 0;font-size:14px;font-weight:600}.wb p{margin:.3em 0}.wb .dim{opacity:.75}
.wb table{color:inherit;border-collapse:collapse;margin:.4em 0;background:none}
.wb caption{text-align:left;font-weight:600;caption-side:top;padding:.2em 0;color:inherit}
.wb.wb th,.wb.wb td{padding:.2em .8em .2em 0;text-align:left;border:0;vertical-align:top}
.wb th,.wb td{color:inherit}
.wb tr{background:none}.wb thead tr{border-bottom:1px solid rgba(128,128,128,.6)}
.wb tbody tr{border-bottom:1px solid rgba(128,128,128,.2)}
.wb.wb .n{text-align:right;font-variant-numeric:tabular-nums}
.wb.wb .up{color:var(--up)}.wb.wb .down{color:var(--down)}
@media (prefers-color-scheme:dark){.wb{--up:#5cc98d;--down:#ff9a8d}}
[data-jp-theme-light="true"] .wb,.vscode-light .wb{--up:#0b6b3a;--down:#a3271b}
[data-jp-theme-light="false"] .wb,.vscode-dark .wb{--up:#5cc98d;--down:#ff9a8d}
"""


@dataclass(frozen=True)
class Sheet:
    """What there is to see of something.

    Attributes
    ----------
    title : str
    lead : str
        The main thing in a sentence.
    facts : tuple of (name, value)
        One line each in a terminal; side by side in a notebook.
    tables : tuple of (caption, polars.DataFrame)
        Cut at ``MOST_ROWS`` rows, with a word about the rest.
    notes : tuple of str
        Sentences below.
    """

    title: str
    facts: tuple[tuple[str, Any], ...] = ()
    tables: tuple[tuple[str, pl.DataFrame], ...] = ()
    notes: tuple[str, ...] = ()
    lead: str = ""

    def titled(self, titles: Mapping[Any, str]) -> Sheet:
        """The same with the title of each item after its id."""
        if not titles:
            return self
        return replace(self, tables=tuple((c, _with_titles(f, titles)) for c, f in self.tables))

    def _repr_html_(self) -> str:
        facts = " · ".join(f"{escape(plain(n))} <b>{escape(cell(v))}</b>" for n, v in self.facts)
        parts = [f"<style>{STYLE}</style>"]
        parts += [f"<h4>{escape(cell(self.title))}</h4>"] if self.title else []
        parts += [f"<p>{escape(sentence(self.lead))}</p>"] if self.lead else []
        parts += [f"<p>{facts}</p>"] if facts else []
        parts += [_table(caption, frame) for caption, frame in self.tables]
        parts += [f'<p class="dim">{escape(sentence(note))}</p>' for note in self.notes]
        return f'<div class="wb">{"".join(parts)}</div>'

    def __repr__(self) -> str:
        lines = [cell(self.title)] if self.title else []
        lines += [f"  {sentence(self.lead)}"] if self.lead else []
        lines += [f"  {plain(n)} {cell(v)}" for n, v in self.facts]
        for caption, frame in self.tables:
            lines += ["", *([plain(caption)] if caption else []), *_lines(frame)]
        lines += ["", *map(sentence, self.notes)] if self.notes else []
        return "\n".join(line.rstrip() for line in lines).strip("\n")


class Shown:
    """Shows itself by its sheet. A class that wants one line in a terminal keeps its own."""

    def _sheet(self) -> Sheet:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return self._sheet()._repr_html_()

    def __repr__(self) -> str:
        return repr(self._sheet())


def show(thing: Any, titles: Any = None) -> Sheet:
    """Something of the workbench with the titles of the items in it, or a frame as a table.

    Parameters
    ----------
    thing : Dataset, Split, Profile, Slate, SlateDiff, Explanation, Audit, Run or frame
    titles : Dataset, frame with ``item_id`` and ``title``, or mapping of id to title, optional
        Where there are none, items are shown by their ids.

    Raises
    ------
    ArgumentError
        It cannot be shown so, or ``titles`` are no titles.
    """
    if isinstance(thing, pl.DataFrame):
        sheet = Sheet("", tables=(("", thing),))
    elif isinstance(thing, Sheet):
        sheet = thing
    elif isinstance(thing, Shown):
        sheet = thing._sheet()
    else:
        raise ArgumentError(f"thing: a {type(thing).__name__} has no sheet to show")
    return sheet.titled(titles_from(titles))


def titles_from(given: Any) -> Mapping[Any, str]:
    """Item id → title, from what people have at hand; see ``show``."""
    if given is None or isinstance(given, Mapping):
        return given or {}
    frame = getattr(given, "items", given)
    if not isinstance(frame, pl.DataFrame) or ITEM not in frame.columns:
        raise ArgumentError(
            f"titles must be a Dataset, a frame with {ITEM} and {TITLE}, or a mapping, "
            f"not {type(given).__name__}"
        )
    if TITLE not in frame.columns:
        return {}
    return dict(frame.select(ITEM, TITLE).drop_nulls().iter_rows())


def _with_titles(frame: pl.DataFrame, titles: Mapping[Any, str]) -> pl.DataFrame:
    if ITEM not in frame.columns or TITLE in frame.columns:
        return frame
    names = pl.Series(TITLE, [titles.get(i) for i in frame[ITEM].to_list()], dtype=pl.String)
    return frame.insert_column(frame.columns.index(ITEM) + 1, names)


# --- cells ----------------------------------------------------------------------------------------


def plain(text: object) -> str:
    """Text in one line, without what moves a cursor or turns the direction of reading."""
    return "".join(
        c if c.isprintable() or c in SPELLING else "\N{REPLACEMENT CHARACTER}" for c in str(text)
    )


def sentence(text: object) -> str:
    """Words of ours, with text of the log in them; cut where that is very long."""
    shown = plain(text)
    return shown if len(shown) <= LONGEST * 8 else shown[: LONGEST * 8] + "…"


def cell(value: Any) -> str:
    """A value in a table."""
    if value is None or value != value:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if isinstance(value, float):
        digits = ",.0f" if value.is_integer() or abs(value) >= 1e4 else "#.4g"
        return f"{value:{digits}}".replace("-", "−")
    shown = plain(", ".join(map(str, value)) if isinstance(value, list | tuple) else value)
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + "…"


def moment(seconds: float | None) -> str:
    """Seconds since 1970 as a date and time in UTC."""
    try:
        return (
            f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}" if seconds is not None else "–"
        )
    except (ValueError, OverflowError, OSError):
        return cell(seconds)


def _cells(frame: pl.DataFrame) -> tuple[list[str], list[bool], list[list[str]], int]:
    """Heads, which columns are numbers, texts of the rows shown, and how many are not."""
    names = frame.columns
    number = [t.is_numeric() and n not in (ITEM, TIME) for n, t in frame.schema.items()]
    ids = {ITEM, "user_id", "year"}
    rows = [
        [
            moment(v) if n == TIME else cell(str(v)) if n in ids and v is not None else cell(v)
            for n, v in zip(names, row, strict=True)
        ]
        for row in frame.head(MOST_ROWS).iter_rows()
    ]
    heads = [plain(n).replace("_", " ") for n in names]
    return heads, number, rows, max(0, frame.height - MOST_ROWS)


def _table(caption: str, frame: pl.DataFrame) -> str:
    heads, number, rows, rest = _cells(frame)
    aligned = [' class="n"' if is_number else "" for is_number in number]
    top = "".join(f"<th{a}>{escape(h)}</th>" for h, a in zip(heads, aligned, strict=True))
    marked = [name in MARKED for name in frame.columns]
    body = "".join(f"<tr>{''.join(map(_td, row, aligned, marked))}</tr>" for row in rows)
    said = f"<caption>{escape(cell(caption))}</caption>" if caption else ""
    more = f'<p class="dim">… {rest:,} more</p>' if rest else ""
    return f"<table>{said}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{more}"


def _td(text: str, aligned: str, marked: bool) -> str:
    mark = MARKS.get(text.partition(" ")[0]) if marked else None
    kind = aligned if mark is None else f' class="{mark}"'
    return f"<td{kind}>{escape(text)}</td>"


def _lines(frame: pl.DataFrame) -> Sequence[str]:
    heads, number, rows, rest = _cells(frame)
    wide = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [
        "  ".join(
            text.rjust(w) if is_number else text.ljust(w)
            for text, w, is_number in zip(row, wide, number, strict=True)
        )
        for row in (heads, *rows)
    ]
    return ["  " + line for line in lines] + ([f"  … {rest:,} more"] if rest else [])
