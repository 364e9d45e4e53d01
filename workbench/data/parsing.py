"""A raw column becomes a typed one: ids, moments, numbers, genres, plain features.

What cannot be understood becomes null (or NaN for moments) and is judged by the schemas.
"""

from __future__ import annotations

import polars as pl

from workbench.errors import DataError

_EXACT = 2**53  # above this a float no longer tells neighbouring integers apart
_MOMENT_FORMATS = (
    ("%Y-%m-%d %H:%M:%S%.f", None),
    ("%Y-%m-%dT%H:%M:%S%.f%z", "UTC"),
    ("%Y-%m-%dT%H:%M%z", "UTC"),
    ("%Y-%m-%dT%H:%M:%S%.f", None),
    ("%Y-%m-%dT%H:%M", None),
    ("%Y-%m-%d", None),
    ("%Y/%m/%d", None),
)
# Largest magnitude of the median that is read in each unit: 1e11 seconds is the year 5138,
# 1e11 milliseconds is 1973.
_UNITS = ((1e11, "seconds", 1.0), (1e14, "milliseconds", 1e3), (1e17, "microseconds", 1e6))

MOSTLY_TEXT = 0.9
"""Of the moments of a column; where more of them are ISO 8601 text, plain numbers are slips."""


def text_of(series: pl.Series) -> pl.Series:
    """Text without blanks around it; null where nothing is left."""
    text = series.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def is_blank(series: pl.Series) -> bool:
    """Nothing stands anywhere in the column."""
    if series.null_count() == len(series):
        return True
    if series.dtype == pl.String:
        return text_of(series).null_count() == len(series)
    return bool(series.dtype.is_float() and series.fill_nan(None).null_count() == len(series))


def ids(series: pl.Series, where: str) -> tuple[pl.Series, str | None]:
    """Ids as String or Int64, as given; null where missing.

    Text is never stripped or turned into numbers, so ``007`` and ``7`` stay two ids.

    Parameters
    ----------
    series : polars.Series
    where : str
        Table and column, for messages.

    Returns
    -------
    ids : polars.Series
    repair : str or None
        What was done to them, where something was.

    Raises
    ------
    DataError
        The type cannot hold an id for certain (decimals, dates, lists, integers over 2^63).
    """
    dtype = series.dtype
    if dtype == pl.Null:
        return series.cast(pl.String), None
    if dtype == pl.String or dtype in (pl.Categorical, pl.Enum):
        text = series.cast(pl.String)
        return text.set(text.str.strip_chars() == "", None), None
    if dtype.is_integer():
        try:
            return series.cast(pl.Int64), None
        except pl.exceptions.InvalidOperationError:
            raise DataError(f"{where} holds integers beyond 2^63; give these ids as text") from None
    if dtype.is_float():
        numbers = series.cast(pl.Float64).fill_nan(None)
        odd = numbers.filter((numbers != numbers.round()) | ~(numbers.abs() < _EXACT))
        if len(odd):
            raise DataError(
                f"{where} holds decimal numbers such as {odd[0]!r}, which are no ids; give "
                "integers or text"
            )
        return numbers.cast(pl.Int64), f"{where}: whole decimal numbers were read as integers"
    raise DataError(f"{where} is of type {dtype}; ids are text or integers")


def moments(series: pl.Series, where: str) -> tuple[pl.Series, str]:
    """Seconds since 1970-01-01 UTC, Float64; NaN where missing or unreadable.

    Numbers are seconds, milliseconds, microseconds or nanoseconds by the magnitude of their
    median (one unit for the whole column), or dates where they look like ``20240131``. Text is
    a number or ISO 8601; without a zone it is UTC. A few plain numbers (under a tenth) in a
    column of ISO 8601 text are slips, such as a year or a value, and no moments: NaN.

    Returns
    -------
    seconds : polars.Series
    unit : str
        How it was understood, for the provenance.
    """
    dtype = series.dtype
    if dtype in (pl.Date, pl.Datetime):
        if dtype == pl.Date:
            series = series.cast(pl.Datetime("us"))
        per_second = {"ms": 1e3, "us": 1e6, "ns": 1e9}[series.dtype.time_unit]
        seconds = series.to_physical().cast(pl.Float64) / per_second
        return seconds.fill_null(float("nan")), "date" if dtype == pl.Date else "datetime"
    if dtype.is_numeric():
        seconds, unit = _epoch(series.cast(pl.Float64))
        return seconds.fill_null(float("nan")), unit
    if dtype == pl.String or dtype in (pl.Categorical, pl.Enum):
        text = text_of(series)
        numbers = text.cast(pl.Float64, strict=False)
        if not (numbers.is_null() & text.is_not_null()).any():
            seconds, unit = _epoch(numbers)
            return seconds.fill_null(float("nan")), unit
        written = _iso(text.set(numbers.is_not_null(), None))
        if written.count() > MOSTLY_TEXT * (written.count() + numbers.count()):
            return written.fill_null(float("nan")), "ISO 8601 text"
        seconds, unit = _epoch(numbers)
        found = written.is_not_null().any()
        names = [unit] if numbers.is_finite().any() else []
        unit = " and ".join([*names, "ISO 8601 text"] if found else names) or "unreadable"
        seconds = seconds.fill_null(written)
        return seconds.fill_null(float("nan")), unit
    raise DataError(f"{where} is of type {dtype}; give epoch seconds, ISO 8601 text or datetimes")


def _epoch(numbers: pl.Series) -> tuple[pl.Series, str]:
    finite = numbers.filter(numbers.is_finite().fill_null(value=False))
    if not len(finite):
        return numbers, "seconds"
    if ((finite >= 19000101) & (finite <= 21001231)).mean() > 0.9:
        # All of these would be seconds of August 1970.
        whole = numbers.set(~numbers.is_finite() | (numbers != numbers.round()), None)
        text = whole.cast(pl.Int64, strict=False).cast(pl.String)
        dates = text.str.to_date("%Y%m%d", strict=False)
        if dates.count() > 0.9 * len(finite):
            days = dates.cast(pl.Int32).cast(pl.Float64) * 86_400.0
            # What is no date stays in its place, unreadable, where it was a number at all.
            return days.set(days.is_null() & numbers.is_not_null(), float("nan")), "YYYYMMDD"
    typical = float(finite.abs().median())  # type: ignore[arg-type]
    for limit, unit, per_second in _UNITS:
        if typical < limit:
            return numbers / per_second, unit
    return numbers / 1e9, "nanoseconds"


def _iso(text: pl.Series) -> pl.Series:
    found = pl.Series(text.name, [None] * len(text), dtype=pl.Float64)
    for spelling in (lambda left: left, _one_spelling):
        for pattern, zone in _MOMENT_FORMATS:
            left = text.set(found.is_not_null(), None)
            if left.null_count() == len(left):
                return found
            read = spelling(left).str.to_datetime(
                pattern, strict=False, time_unit="us", time_zone=zone
            )
            found = found.fill_null(read.to_physical().cast(pl.Float64) / 1e6)
    return found


def _one_spelling(text: pl.Series) -> pl.Series:
    """ISO 8601 as the formats expect it: a T between date and time, the zone as +hh:mm."""
    return (
        text.str.replace(r"^(\d{4}-\d\d-\d\d) +", "${1}T")
        .str.replace(r"(T.*\d) ?(?:[zZ]|UTC|GMT)$", "${1}+00:00")
        .str.replace(r"(T.*\d) +([+-]\d\d:?\d\d)$", "${1}${2}")
        .str.replace(r"(T.*[+-]\d\d)$", "${1}:00")
        .str.replace(r"(T.*\d),(\d+)", "${1}.${2}")
    )


def numbers(series: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Float64 (null where absent or no number), and whether anything was given at all."""
    dtype = series.dtype
    if dtype == pl.String or dtype in (pl.Categorical, pl.Enum):
        text = text_of(series)
        return text.cast(pl.Float64, strict=False), text.is_not_null()
    if dtype.is_numeric() or dtype == pl.Boolean:
        return series.cast(pl.Float64), series.is_not_null()
    return pl.Series(series.name, [None] * len(series), dtype=pl.Float64), series.is_not_null()


def genres(series: pl.Series) -> pl.Series:
    """List of distinct strings in the order given; text is split at ``|``; null where none."""
    if series.dtype in (pl.List, pl.Array):
        lists = series.cast(pl.List(pl.String), strict=False)
    else:
        lists = series.cast(pl.String).str.split("|")
    element = pl.element().str.strip_chars()
    lists = lists.list.eval(element.filter(element.is_not_null() & (element != "")))
    lists = lists.list.unique(maintain_order=True)
    return lists.set(lists.list.len() == 0, None)


def years(series: pl.Series) -> pl.Series:
    """Int64; null where there is no whole number."""
    if series.dtype in (pl.Date, pl.Datetime):
        return series.dt.year().cast(pl.Int64)
    number, _ = numbers(series)
    number = number.fill_nan(None)
    return number.set((number != number.round()) | (number.abs() > 9999), None).cast(pl.Int64)


def plain(series: pl.Series, *, typed: bool) -> pl.Series | None:
    """A further column as text, number or boolean; None where it is none of these.

    Parameters
    ----------
    typed : bool
        False for text from a CSV file, which becomes numbers where every cell is written as one
        (a zip code such as ``01234`` is not) and booleans where every cell is true or false.
    """
    dtype = series.dtype
    if dtype == pl.String:
        return series if typed else _inferred(series)
    if dtype in (pl.Categorical, pl.Enum, pl.Date, pl.Datetime, pl.Time):
        return series.cast(pl.String)
    if dtype.is_decimal() or dtype in (pl.Int128, pl.UInt64):
        return series.cast(pl.Float64)
    if dtype.is_float():
        return series.cast(pl.Float64).fill_nan(None)
    if dtype.is_integer() or dtype == pl.Boolean:
        return series
    return None


def listed(series: pl.Series) -> pl.Series | None:
    """A further column of lists, made as ``genres`` are; None where it holds no plain lists."""
    dtype = series.dtype
    if not isinstance(dtype, pl.List | pl.Array):
        return None
    inner = dtype.inner
    return None if inner.is_nested() or inner in (pl.Binary, pl.Object) else genres(series)


def _inferred(series: pl.Series) -> pl.Series:
    text = text_of(series)
    given = text.drop_nulls()
    if not len(given):
        return text
    if given.str.contains(r"^-?(?:0|[1-9]\d{0,17})$").all():
        return text.cast(pl.Int64)
    if given.str.contains(r"^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$").all():
        return text.cast(pl.Float64)
    if given.str.to_lowercase().is_in(["true", "false"]).all():
        return text.str.to_lowercase() == "true"
    return series.set(text.is_null(), None)
