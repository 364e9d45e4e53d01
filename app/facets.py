"""What can be said of a person or a moment beside the history: columns, and which values they take.

A facet is one column of the people's table or one column of context. The log says which values
there are; nothing else can be chosen, typed or put in an address.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import polars as pl

Value = str | float | int | bool | None

MOST_LISTED = 60
"""A text column with more values is typed, not chosen from a list."""
FEW_NUMBERS = 12
"""A column with at most so many different numbers is chosen from a list."""
LONGEST_VALUE = 200


@dataclass(frozen=True)
class Facet:
    """One attribute, or one column of context.

    Attributes
    ----------
    name : str
    options : tuple
        The values that occur, sorted; empty where numbers are free within ``low`` and ``high``.
    low, high : float
        Of a column of numbers; NaN otherwise.
    whole : bool
        Whether the numbers are whole.
    read : bool
        Whether the engine may read it. What it does not read changes nothing.
    """

    name: str
    options: tuple[Value, ...]
    low: float = math.nan
    high: float = math.nan
    whole: bool = False
    read: bool = False

    @property
    def is_free(self) -> bool:
        """Whether any number between the ends will do."""
        return not self.options

    @property
    def is_long(self) -> bool:
        """Whether there are too many values for a list."""
        return len(self.options) > MOST_LISTED

    def parsed(self, text: str) -> Value:
        """The value that a text spells.

        Raises
        ------
        ValueError
            It spells none that this column takes.
        """
        if not self.is_free:
            for option in self.options:
                if spelt(option) == text:
                    return option
            raise ValueError(f"{self.name} has no such value")
        if not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?", text):
            raise ValueError(f"{self.name} takes a number")
        number = float(text)
        if not self.low <= number <= self.high or (self.whole and number != int(number)):
            raise ValueError(f"{self.name} is from {self.low:g} to {self.high:g}")
        return int(number) if self.whole else number


def spelt(value: Value) -> str:
    """A value as text that ``Facet.parsed`` reads back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value)


def facets(frame: pl.DataFrame, names: Iterable[str], read: Collection[str]) -> dict[str, Facet]:
    """The facets of some columns of a frame; columns that hold nothing or no plain values are not.

    Parameters
    ----------
    frame : polars.DataFrame
    names : iterable of str
    read : collection of str
        What the engine reads.
    """
    found = {}
    for name in names:
        column = frame[name].drop_nulls()
        if column.dtype.is_float():
            column = column.filter(column.is_finite())
        if column.dtype.is_nested() or not len(column):
            continue
        whole, numeric = column.dtype.is_integer(), column.dtype.is_numeric()
        if not numeric and column.dtype != pl.Boolean:
            column = column.cast(pl.String)
            column = column.filter(column.str.len_chars() <= LONGEST_VALUE)
        options = column.unique().sort()
        if numeric and len(options) > FEW_NUMBERS:
            low, high = float(options[0]), float(options[-1])
            found[name] = Facet(name, (), low, high, whole, name in read)
        elif len(options):
            found[name] = Facet(name, tuple(options.to_list()), read=name in read)
    return found
