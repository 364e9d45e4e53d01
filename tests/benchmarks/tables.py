"""The table of results, for a terminal and for the README."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from tests.benchmarks.measuring import Row
from workbench.cli.show import table

DASH = "–"


def line(row: Row) -> str:
    """A row as it comes in."""
    if row.ours is None:
        return f"{row.work}: {row.note}"
    beside = f" beside {_ms(row.theirs)} of {row.peer}" if row.peer else ""
    return f"{row.work}: {_ms(row.ours)}{beside} ({_met(row.met)}; {row.note})"


def show(kept: dict[str, Any]) -> None:
    """Print the table, and the notes under it."""
    rows = kept["rows"]
    cells = [_cells(row) for row in rows]
    names = ("work", "ours", "peer", "peer's", "reached", "range", "target", "met")
    columns = zip(*cells, strict=True) if cells else [[]] * len(names)
    table(pl.DataFrame(dict(zip(names, map(list, columns), strict=True))), _title(kept))
    for row in rows:
        if row["note"]:
            print(f"  {row['work']}{_of(row)}: {row['note']}.")
    print()


def markdown(results: Iterable[dict[str, Any] | None]) -> str:
    """The README's table: every row of every world, with the ratio reached."""
    lines = []
    for kept in filter(None, results):
        lines += [
            f"**{_title(kept)}**",
            "",
            "| work | ours | peer | peer's | reached (range) | target | met |",
            "|---|---:|---|---:|---:|---:|---|",
        ]
        for row in kept["rows"]:
            work, ours, peer, theirs, reached, span, target, met = _cells(row)
            if row["ours"] is None:
                lines.append(f"| {work} | {row['note']} | | | | | |")
            else:
                both = f"{reached} ({span})"
                lines.append(f"| {work} | {ours} | {peer} | {theirs} | {both} | {target} | {met} |")
        lines.append("")
    return "\n".join(lines) or "There are no results yet: run `make bench`.\n"


def merged(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The newest results, with rows that only older ones have; oldest first given.

    Those of another machine are left aside: a table names one.
    """
    newest = found[-1]
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for kept in found:
        if kept["machine"] == newest["machine"] and kept["fingerprint"] == newest["fingerprint"]:
            told = (row for row in kept["rows"] if row["ours"] is not None or kept is newest)
            rows |= {(row["work"], row["peer"]): row for row in told}
    return {**newest, "rows": list(rows.values())}


def _title(kept: dict[str, Any]) -> str:
    machine = kept["machine"]
    return (
        f"{kept['data']}. {machine['cores']} cores ({machine['threads']} threads on both sides), "
        f"{machine['memory_gb']} GB of memory, medians of {kept['turns']} alternating pairs"
    )


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    faster = row["target"].endswith("faster")
    alone = row["theirs"] is None

    def figure(value: float | None) -> str:
        if value is None:
            return DASH
        return _ms(value) if alone else f"{value:.1f} × faster" if faster else f"{value:.2f} ×"

    span = DASH
    if row["low"] is not None:
        span = f"{figure(row['low'])} to {figure(row['high'])}".replace(" × faster", "")
        span = span.replace(" ×", "").replace(" ms to", " to")
    return (
        row["work"],
        _ms(row["ours"]),
        row["peer"] or DASH,
        _ms(row["theirs"]),
        figure(row["reached"]),
        span,
        row["target"] or DASH,
        _met(row["met"]),
    )


def _of(row: dict[str, Any]) -> str:
    return f" ({row['peer']})" if row["peer"] else ""


def _ms(value: float | None) -> str:
    if value is None:
        return DASH
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"


def _met(met: bool | None) -> str:
    return DASH if met is None else "yes" if met else "no"
