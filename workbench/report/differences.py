"""What a report says against what comes out again: what agrees, what differs, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from workbench.report.content import plain

AGREES, DIFFERS, CANNOT_CHECK = "agrees", "differs", "cannot check"
EXACT, RESCORED = 1e-9, 1e-6
"""Figures from stored rows come out again to the last few bits, since adding order may differ;
those for which the engine was asked again, nearly so."""

Check = tuple[str, str, str]
"""What was checked, the outcome, and the detail."""


def same_rows(
    name: str,
    said: list[Mapping[str, Any]],
    again: pl.DataFrame,
    by: str | None = None,
    tolerance: float = EXACT,
) -> Iterator[Check]:
    """Row by row; columns that the report leaves out are not compared."""
    rows = plain(again)
    if len(said) != len(rows):
        yield name, DIFFERS, f"the report has {len(said)} rows, there are {len(rows)}"
        return
    parts: dict[str, list[str | None]] = {}
    for one, two in zip(said, rows, strict=True):
        part = parts.setdefault(f"{name}, {two[by]}" if by else name, [])
        words = " ".join(str(v) for v in list(two.values())[:4] if isinstance(v, str))
        if strange := set(one) - set(two):
            part.append(f"{words}: nothing is known of {sorted(strange)[0]}")
        part += [
            difference(f"{words} {field}", one[field], two[field], tolerance)
            for field in one
            if field in two
        ]
    for part_name, wrong in parts.items():
        yield outcome(part_name, wrong)


def same_tree(
    name: str, said: Any, again: Any, tolerance: float = EXACT
) -> Iterator[str | None]:  # fmt: skip
    """Every leaf of two values of JSON; what differs, or None."""
    if isinstance(said, Mapping) and isinstance(again, Mapping):
        for key in dict.fromkeys([*said, *again]):
            if key not in said or key not in again:
                where = "only in the report" if key in said else "not in the report"
                yield f"{name}: {key!r} is {where}"
            else:
                yield from same_tree(f"{name}: {key}", said[key], again[key], tolerance)
    elif isinstance(said, list) and isinstance(again, list):
        if len(said) != len(again):
            yield f"{name} has {len(said)} parts in the report, there are {len(again)}"
        for place, (one, two) in enumerate(zip(said, again, strict=False), start=1):
            yield from same_tree(f"{name} {place}", one, two, tolerance)
    else:
        yield difference(name, said, again, tolerance)


def difference(what: str, said: Any, again: Any, tolerance: float = EXACT) -> str | None:
    """What differs, in words and by how much; None where nothing does."""
    by = ""
    if isinstance(said, bool) or isinstance(again, bool):
        same = said is again
    elif isinstance(said, int | float) and isinstance(again, int | float):
        same = math.isclose(said, again, rel_tol=tolerance, abs_tol=tolerance)
        by = f", off by {abs(said - again):.3g}"
    elif isinstance(said, list | Mapping):
        return next((w for w in same_tree(what, said, again, tolerance) if w), None) if isinstance(
            again, type(said)
        ) else f"{what} does not have the shape that comes out"  # fmt: skip
    else:
        same = said == again
    return None if same else f"{what} is {said!r} in the report and comes out as {again!r}{by}"


def outcome(name: str, wrong: list[str | None]) -> Check:
    """A check of many figures, each None or what differs."""
    found = [w for w in wrong if w]
    if not found:
        return name, AGREES, f"{len(wrong)} figures"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return name, DIFFERS, found[0] + more
