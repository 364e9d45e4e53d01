"""MovieLens in all its spellings, and the real 100K as it must be."""

import polars as pl
import pytest
from movielens_files import (
    EVENTS,
    FILMS,
    SMALL_1M,
    SMALL_25M,
    SMALL_100K,
    atomic,
    csv_set,
    dat,
    official,
    parquet,
)

import workbench as wb
from workbench.data.movielens import check_100k, load_movielens
from workbench.errors import DataError, DownloadError


@pytest.fixture
def load_small(tmp_path, home):
    def load(movielens, files):
        folder = tmp_path / "own"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return load_movielens(movielens, folder, notice=str)

    return load


@pytest.mark.parametrize("files", [official(), atomic(), parquet()])
def test_the_three_spellings_of_100k_are_one_dataset(load_small, files):
    ds = load_small(SMALL_100K, files)
    assert ds.items.select("item_id", "title", "year", "genres").rows() == FILMS
    assert ds.users.row(0) == (1, 30, "F", "writer", "01234")
    assert sorted(ds.interactions.select("user_id", "item_id", "value", "timestamp").rows()) == (
        EVENTS
    )
    assert ds.relevant_from == 4.0
    assert ds.fingerprint == load_small(SMALL_100K, official()).fingerprint
    assert any("12" in line for line in ds.provenance["repairs"])


def test_the_repairs_of_two_films_are_recorded(load_small):
    assert load_small(SMALL_100K, atomic()).provenance["repairs"] == [
        "item 11: title 'unkonwn' made 'unknown', year left empty",
        "item 12: year 'V' replaced by the year in its title",
    ]


def test_1m_has_codes_for_ages_and_occupations(load_small):
    ds = load_small(SMALL_1M, dat())
    assert ds.users.rows() == [(1, 25, "F", "writer", "01234"), (2, 1, "M", "artist", "T8H1N")]
    assert ds.items["title"].to_list() == [film[1] for film in FILMS]
    assert ds.items["genres"].to_list() == [film[3] for film in FILMS]


def test_25m_knows_nothing_of_the_people(load_small):
    ds = load_small(SMALL_25M, csv_set())
    assert ds.users.columns == ["user_id"]
    assert ds.items["genres"].to_list() == [["Comedy", "Drama"], None, ["Children's"]]
    assert ds.items["year"].to_list() == [1991, None, 1995]


@pytest.mark.parametrize("change", [(b"1\t10\t5", b"1\t10\t6"), (b"2\t12\t4\t102\n", b"")])
def test_the_counts_of_the_real_set_are_held(load_small, change):
    files = official()
    files["u.data"] = files["u.data"].replace(*change)
    ds = load_small(SMALL_100K, files)
    with pytest.raises(DataError, match=r"ratings, people and films should be \(100000, 943"):
        check_100k(ds)


def test_movielens_100k_is_what_its_readme_says():
    try:
        ds = wb.load("movielens-100k", notice=str)
    except DownloadError as error:
        pytest.skip(f"MovieLens 100K is out of reach: {error}")
    check_100k(ds)
    assert ds.refused.height == 0
    assert (ds.n_users, ds.n_items, ds.n_events) == (943, 1682, 100_000)
    title, year = ds.items.filter(pl.col("item_id") == 267).select("title", "year").row(0)
    assert (title, year) == ("unknown", None)
    title, year = ds.items.filter(pl.col("item_id") == 1412).select("title", "year").row(0)
    assert year == 1995
    assert not title.endswith(")")
    assert ds.items["title"].str.ends_with(", The").any()
    assert set(ds.provenance) >= {"licence", "fetched_from", "files", "repairs", "source"}
    broken = ds.replaced(ds.interactions.with_columns(value=pl.lit(5.0)))
    with pytest.raises(DataError, match="ratings of 1 to 5 should be"):
        check_100k(broken)
