"""Space: the values of a model's parameters that a search may try."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import ArgumentError
from workbench.ranking.registry import create, model_class

Value = float | int | str | bool | None
LOG = "log"


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; ``whole`` ones only, or all."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def holds(self, value: Any) -> bool:
        """Whether a value lies in it."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high and (not self.whole or value == int(value))

    @property
    def ends(self) -> tuple[Value, ...]:
        """Values that a model must take if it is to take all."""
        return self.low, self.high


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[Value, ...]

    def holds(self, value: Any) -> bool:
        """Whether a value is one of them."""
        return any(value == own and type(value) is type(own) for own in self.values)

    @property
    def ends(self) -> tuple[Value, ...]:
        """All of them."""
        return self.values


def checked(
    name: str, space: Mapping[str, Any], fixed: Mapping[str, Any]
) -> dict[str, Range | Choice]:
    """The space of a model, each end of it tried on the model.

    Parameters
    ----------
    name : str
        Of the model.
    space : mapping of parameter to a tuple (a range) or a list (a choice)
    fixed : mapping
        Parameters that stay.

    Raises
    ------
    ArgumentError
        No such parameter, no such way to say which values, or a value that the model refuses.
    """
    known = list(inspect.signature(model_class(name)).parameters)
    ranges: dict[str, Range | Choice] = {}
    for param, values in space.items():
        if param not in known:
            raise ArgumentError(
                f"space: {name!r} takes no {param!r}; it takes {', '.join(known) or 'nothing'}"
            )
        if param in fixed:
            raise ArgumentError(f"{param!r} is in space and in fixed; leave it out of one")
        ranges[param] = _read(param, values)
    for param, values in ranges.items():
        for end in values.ends:
            try:
                create(name, **{**fixed, param: end})
            except ArgumentError as error:
                raise ArgumentError(
                    f"space: {param}={end!r} is refused by {name!r}: {error}"
                ) from error
    return ranges


def _read(param: str, values: Any) -> Range | Choice:
    if isinstance(values, list):
        if not values or not all(v is None or isinstance(v, str | int | float) for v in values):
            raise ArgumentError(
                f"space: {param!r} must list numbers, texts, true, false or None, not {values!r}"
            )
        if len(values) > len({(type(v), v) for v in values}):
            raise ArgumentError(f"space: {param!r} lists a value twice: {values!r}; keep one")
        return Choice(tuple(values))
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) not in (2, 3):
        raise _unclear(param, values)
    low, high, *how = values
    numbers = all(
        isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)
        for v in (low, high)
    )
    if not numbers or how not in ([], [LOG]):
        raise _unclear(param, values)
    if not low < high:
        raise ArgumentError(f"space: {param!r} goes from {low!r} to {high!r}; give the lower first")
    if how and low <= 0:
        raise ArgumentError(f'space: {param!r} cannot be "log" from {low!r}; start above 0')
    return Range(low, high, bool(how), isinstance(low, int) and isinstance(high, int))


def _unclear(param: str, values: Any) -> ArgumentError:
    return ArgumentError(
        f'space: {param!r} must be a range such as (1.0, 100.0) or (1, 100, "log"), or a list '
        f"of values, not {values!r}"
    )


def distributions(ranges: Mapping[str, Range | Choice]) -> dict[str, Any]:
    """The same in Optuna's words."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    found: dict[str, Any] = {}
    for name, values in ranges.items():
        if isinstance(values, Choice):
            found[name] = CategoricalDistribution(values.values)
        elif values.whole:
            found[name] = IntDistribution(int(values.low), int(values.high), log=values.log)
        else:
            found[name] = FloatDistribution(float(values.low), float(values.high), log=values.log)
    return found


def spelled(ranges: Mapping[str, Range | Choice]) -> dict[str, list[Any]]:
    """The same as plain values, for a file."""
    return {
        name: ["choice", *values.values]
        if isinstance(values, Choice)
        else ["range", values.low, values.high, values.log, values.whole]
        for name, values in sorted(ranges.items())
    }
