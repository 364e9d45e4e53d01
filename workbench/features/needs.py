"""Needs: what a log must have for a feature to exist."""

from __future__ import annotations

from typing import Any

from workbench.columns import GENRES, YEAR

TIMED = frozenset({"timestamps"})
VALUED = frozenset({"values"})
DATED = frozenset({f"item_{YEAR}"})
TAGGED = frozenset({f"item_{GENRES}"})


def met_by(log: Any) -> frozenset[str]:
    """What a log (a Dataset, or the ItemTables of one) has, in the words of ``Feature.needs``."""
    return log.has | {f"item_{c}" for c in (YEAR, GENRES) if c in log.items.columns}
