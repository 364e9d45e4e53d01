"""What all notebooks of the course share: the data they look at, and how a number is recorded.

A number that the prose leans on is recorded where it is shown: ``check`` compares it with the one
written in the cell and fails the notebook where it has drifted. `make notebooks` gathers them.
"""

from __future__ import annotations

import math
import os
from typing import Any

import workbench as wb

SMALL = os.environ.get("WORKBENCH_NOTEBOOK_SMALL", "0") not in ("", "0")
"""Whether the notebooks run on a small invented world: all cells are executed, and numbers are
shown but not held to what was recorded on the real data."""
CHECKED = "application/vnd.workbench.check+json"
"""Kind of output under which `make notebooks` finds what was checked."""


def world() -> wb.Dataset:
    """MovieLens 100K, or a small invented world where ``SMALL``."""
    if SMALL:
        return wb.load("synthetic", n_users=240, n_items=160, n_events=8_000)
    return wb.load("movielens-100k")


def check(what: str, value: Any, expected: Any = True, within: float = 0.0) -> None:
    """Hold a number to the one recorded here, and show both.

    Parameters
    ----------
    what : str
        The number in words.
    value : number, bool or str
        As just measured. A frame's cell or a NumPy number will do.
    expected : number, bool or str
        As recorded when the prose was written; True for a claim.
    within : float
        How far a number may be from it: libraries and processors move the third decimal.

    Raises
    ------
    AssertionError
        It is further off. Not raised on the small world, except for what is no number at all.
    """
    value = value.item() if hasattr(value, "item") else value
    number = isinstance(expected, int | float) and not isinstance(expected, bool)
    known = isinstance(value, int | float) and math.isfinite(value) if number else value is not None
    holds = known and (abs(value - expected) <= within if number else value == expected)
    margin = f" ± {within:g}" if within else ""
    said = f"{what}: {_shown(value)} (recorded: {_shown(expected)}{margin})"
    _display(what, value, expected, within, f"{'✓' if holds else '·' if SMALL else '✗'} {said}")
    if not (known if SMALL else holds):
        raise AssertionError(f"{said}; say why it has moved, then record the new one")


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _display(what: str, value: Any, expected: Any, within: float, said: str) -> None:
    from IPython.display import display

    record = {"what": what, "value": value, "expected": expected, "within": within}
    display({CHECKED: record, "text/plain": said}, raw=True)
