"""Ids, moments, numbers: understood exactly, or known not to be."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from workbench.data import parsing
from workbench.errors import DataError

MOMENT = 881250949.0  # 1997-12-04 15:55:49 UTC


def series(values, dtype=None):
    return pl.Series("x", values, dtype=dtype)


def test_ids_are_never_merged():
    found, repair = parsing.ids(series(["007", "7", " 7", "", "  ", None]), "t: x")
    assert found.to_list() == ["007", "7", " 7", None, None, None]
    assert repair is None
    big = [2**53, 2**53 + 1, 2**62 + 1]
    assert parsing.ids(series(big), "t: x")[0].to_list() == big


def test_whole_decimals_become_integers_and_it_is_said():
    found, repair = parsing.ids(series([1.0, None, float("nan")]), "users: x")
    assert found.to_list() == [1, None, None]
    assert found.dtype == pl.Int64
    assert repair == "users: x: whole decimal numbers were read as integers"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (series([1.5]), r"decimal numbers such as 1\.5"),
        (series([2.0**53]), "decimal numbers such as 9"),
        (series([float("inf")]), "decimal numbers such as inf"),
        (series([2**63], pl.UInt64), r"beyond 2\^63; give these ids as text"),
        (series([True]), "type Boolean; ids are text or integers"),
        (series([[1]]), "type List"),
    ],
)
def test_types_that_cannot_be_ids(column, message):
    with pytest.raises(DataError, match=message):
        parsing.ids(column, "users: x")


@pytest.mark.parametrize(
    ("scale", "unit"),
    [(1, "seconds"), (10**3, "milliseconds"), (10**6, "microseconds"), (10**9, "nanoseconds")],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_the_unit_of_time_goes_by_magnitude(scale, unit, as_text):
    raw = [int(MOMENT) * scale, (int(MOMENT) + 60) * scale]
    found, said = parsing.moments(series([str(n) for n in raw] if as_text else raw), "t: x")
    assert found.to_list() == [MOMENT, MOMENT + 60]
    assert said == unit


@pytest.mark.parametrize(
    "text",
    [
        "1997-12-04T15:55:49",
        "1997-12-04 15:55:49",
        " 1997-12-04  15:55:49.000 ",
        "1997-12-04T15:55:49Z",
        "1997-12-04 15:55:49 UTC",
        "1997-12-04T15:55:49,000Z",
        "1997-12-04T17:55:49+02:00",
        "1997-12-04 17:55:49 +0200",
        "1997-12-04T17:55:49+02",
        "1997-12-04T10:25:49.0-05:30",
        "881250949",
        "881250949.0",
    ],
)
def test_iso_8601_in_its_spellings(text):
    found, _ = parsing.moments(series([text, "1997-12-04"]), "t: x")
    assert found.to_list() == [MOMENT, 881193600.0]


def test_what_is_no_moment_is_nan():
    bad = ["soon", "1997-13-04", "1997-02-30", "04/12/1997", "", None, "nan", "1997-12-04T25:00:00"]
    found, unit = parsing.moments(series([*bad, "1997-12-04T15:55"]), "t: x")
    assert np.isnan(found[:-1].to_numpy()).all()
    assert found[-1] == MOMENT - 49
    assert unit == "ISO 8601 text"
    assert parsing.moments(series(["soon", "later"]), "t: x")[1] == "unreadable"


@pytest.mark.parametrize("slip", ["12345", "1997", "5", "881250949", "19971204"])
def test_a_stray_number_among_dates_is_no_moment(slip):
    found, unit = parsing.moments(series([*["1997-12-04"] * 19, "soon", None, slip]), "t: x")
    assert found[:19].to_list() == [881193600.0] * 19
    assert np.isnan(found[19:].to_numpy()).all()
    assert unit == "ISO 8601 text"


def test_a_column_of_both_spellings_is_read_in_both():
    found, unit = parsing.moments(series([*["1997-12-04"] * 6, "881250949"]), "t: x")
    assert found[6] == MOMENT
    assert unit == "seconds and ISO 8601 text"


def test_dates_without_dashes_are_no_seconds_of_1970():
    found, unit = parsing.moments(series([20240131] * 19 + [20240199]), "t: x")
    assert found[0] == 1706659200.0
    assert np.isnan(found[19])
    assert unit == "YYYYMMDD"
    seconds, unit = parsing.moments(series([19000101, 5, 6]), "t: x")
    assert (seconds.to_list(), unit) == ([19000101.0, 5.0, 6.0], "seconds")


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_datetimes_and_zones(unit):
    raw = series([dt.datetime(1997, 12, 4, 15, 55, 49), None]).cast(pl.Datetime(unit))
    found, said = parsing.moments(raw, "t: x")
    assert found[0] == MOMENT
    assert np.isnan(found[1])
    assert said == "datetime"
    paris = raw.dt.replace_time_zone("Europe/Paris")
    assert parsing.moments(paris, "t: x")[0][0] == MOMENT - 3600
    day = parsing.moments(series([dt.date(1997, 12, 4)]), "t: x")
    assert (day[0][0], day[1]) == (881193600.0, "date")
    with pytest.raises(DataError, match="log: x is of type Duration"):
        parsing.moments(series([dt.timedelta(1)]), "log: x")


def test_numbers_tell_text_from_nothing():
    found, given = parsing.numbers(series(["4", " 4.5 ", "3,5", "good", "", None, "inf"]))
    assert found.to_list() == [4.0, 4.5, None, None, None, None, float("inf")]
    assert given.to_list() == [True, True, True, True, False, False, True]
    found, given = parsing.numbers(series([True, None]))
    assert (found.to_list(), given.to_list()) == ([1.0, None], [True, False])
    found, given = parsing.numbers(series([dt.date(2020, 1, 1)]))
    assert (found.to_list(), given.to_list()) == ([None], [True])


def test_genres_and_years():
    assert parsing.genres(series(["a| b |a", " ", None])).to_list() == [["a", "b"], None, None]
    assert parsing.genres(series([["a", None, "a"], []])).to_list() == [["a"], None]
    assert parsing.years(series(["1995", " 1995.0", "V", "1995.5", None, "1e9"])).to_list() == [
        1995,
        1995,
        None,
        None,
        None,
        None,
    ]
    assert parsing.years(series([dt.date(1995, 1, 1)])).to_list() == [1995]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", ""], [1, -2, None]),
        (["01234", "94043"], ["01234", "94043"]),
        (["1.5", "2"], [1.5, 2.0]),
        (["True", "false", None], [True, False, None]),
        (["a", " "], ["a", None]),
        (["9" * 19], [float("9" * 19)]),
    ],
)
def test_text_from_a_csv_becomes_what_all_of_it_is(cells, expected):
    assert parsing.plain(series(cells, pl.String), typed=False).to_list() == expected


def test_only_plain_columns_are_kept():
    assert parsing.plain(series(["01"]), typed=True).to_list() == ["01"]
    assert parsing.plain(series([dt.date(2020, 1, 2)]), typed=True).to_list() == ["2020-01-02"]
    assert parsing.plain(series(["a"], pl.Categorical), typed=True).dtype == pl.String
    for odd in ([[1]], [{"a": 1}], [b"x"], [None]):
        assert parsing.plain(series(odd), typed=True) is None
