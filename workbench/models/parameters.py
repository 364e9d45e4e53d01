"""What a parameter of a model may be, and the words for what it may not."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.errors import ArgumentError

LARGEST = float(np.finfo(np.float64).max)
LARGEST_SEED = 2**32 - 1


def check_whole(name: str, number: Any, least: int = 1, most: float = np.inf) -> None:
    """Refuse what is no whole number of a range."""
    whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
    if not whole or not least <= number <= most:
        end = "" if most == np.inf else f" and at most {most:,.0f}"
        raise ArgumentError(
            f"{name} must be a whole number of at least {least}{end}, not {number!r}"
        )


def check_seed(seed: Any) -> None:
    """Refuse what not every library takes for a seed."""
    check_whole("seed", seed, 0, LARGEST_SEED)


def check_word(name: str, word: Any, words: tuple[str, ...]) -> None:
    """Refuse what is none of some words."""
    if not isinstance(word, str) or word not in words:
        raise ArgumentError(f"{name} must be one of {', '.join(words)}, not {word!r}")


def check_number(name: str, number: Any, least: float = 0.0, most: float = np.inf) -> None:
    """Refuse what is no finite number of a range, its ends included."""
    if not (_is_number(number) and least <= number <= most and number < np.inf):
        span = f"{least:g} or more" if most == np.inf else f"from {least:g} to {most:g}"
        raise ArgumentError(f"{name} must be {span}, not {number!r}")


def check_above(name: str, number: Any, why: str = "", most: float = LARGEST) -> None:
    """Refuse what is no number above 0, and say why not; endless is one with ``most=inf`` only."""
    if not (_is_number(number) and 0 < number <= most):
        end = "" if most >= LARGEST else f" and at most {most:g}"
        raise ArgumentError(f"{name} must be above 0{end}, not {number!r}" + (why and f": {why}"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
