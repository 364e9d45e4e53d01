"""What a parameter of a model may be, and the words for what it may not."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.errors import ArgumentError


def check_whole(name: str, number: Any, least: int = 1) -> None:
    """Refuse what is no whole number of at least so much."""
    whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if not whole or number < least:
        raise ArgumentError(f"{name} must be a whole number of at least {least}, not {number!r}")


def check_word(name: str, word: Any, words: tuple[str, ...]) -> None:
    """Refuse what is none of some words."""
    if word not in words:
        raise ArgumentError(f"{name} must be one of {', '.join(words)}, not {word!r}")


def check_number(name: str, number: Any, least: float = 0.0, most: float = np.inf) -> None:
    """Refuse what is no finite number of a range, its ends included."""
    known = isinstance(number, int | float | np.number) and not isinstance(number, bool)
    if not (known and least <= number <= most and number < np.inf):
        span = f"{least:g} or more" if most == np.inf else f"from {least:g} to {most:g}"
        raise ArgumentError(f"{name} must be {span}, not {number!r}")


def check_above(name: str, number: Any, why: str = "") -> None:
    """Refuse what is no finite number above 0, and say why not."""
    known = isinstance(number, int | float | np.number) and not isinstance(number, bool)
    if not (known and 0 < number < np.inf):
        raise ArgumentError(f"{name} must be above 0, not {number!r}" + (why and f": {why}"))
