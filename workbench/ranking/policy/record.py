"""What each step of a policy changed, kept as arrays and spelt out for whom it is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from workbench.ranking.policy.pool import NOBODY
from workbench.vocabulary import IntArray, Vocabulary

Note = Callable[[int], dict[str, Any]]
"""What a step has to say of one row, besides what moved."""


@dataclass(frozen=True)
class Change:
    """One step, for all rows of a batch.

    Attributes
    ----------
    step : str
    before, after : (n_rows, k) int64
        Item codes place by place; -1 where there is none.
    note : callable, optional
    """

    step: str
    before: IntArray
    after: IntArray
    note: Note | None = None

    def spelt(self, row: int, catalogue: Vocabulary) -> dict[str, Any]:
        """The change of one row, in ids."""
        before, after = (
            catalogue.take(codes[row][codes[row] != NOBODY].tolist())
            for codes in (self.before, self.after)
        )
        return {
            "step": self.step,
            "entered": [item for item in after if item not in before],
            "left": [item for item in before if item not in after],
            "before": before,
            "after": after,
            **(self.note(row) if self.note else {}),
        }


class Steps(Sequence[tuple[dict[str, Any], ...]]):
    """The steps of each row, a tuple of dicts, spelt out only when asked for.

    Parameters
    ----------
    parts : sequence of (number of rows, Vocabulary, list of Change)
        One after the other, as the blocks of people were.
    """

    def __init__(self, parts: Sequence[tuple[int, Vocabulary, list[Change]]]) -> None:
        self.parts = tuple(parts)
        self._ends = np.cumsum([n for n, _, _ in self.parts])

    @classmethod
    def joined(cls, several: Sequence[Sequence[Any]]) -> Steps:
        """Those of one block after the other."""
        return cls([part for steps in several if isinstance(steps, Steps) for part in steps.parts])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @overload
    def __getitem__(self, row: int) -> tuple[dict[str, Any], ...]: ...
    @overload
    def __getitem__(self, row: slice) -> list[tuple[dict[str, Any], ...]]: ...
    def __getitem__(self, row: int | slice) -> Any:
        if isinstance(row, slice):
            return [self[i] for i in range(len(self))[row]]
        row = range(len(self))[row]
        part = int(np.searchsorted(self._ends, row, side="right"))
        n, catalogue, changes = self.parts[part]
        return tuple(c.spelt(row - int(self._ends[part]) + n, catalogue) for c in changes)
