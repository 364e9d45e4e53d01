"""The four ways in which MovieLens is spelt on disk, all read into the same three tables."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from workbench.columns import GENRES, ITEM, TIME, TITLE, USER, VALUE, YEAR
from workbench.data.files import guarded

GENRES_100K = (  # in the order of their flags  # noqa: SIM905
    "unknown Action Adventure Animation Children's Comedy Crime Documentary Drama Fantasy "
    "Film-Noir Horror Musical Mystery Romance Sci-Fi Thriller War Western"
).split()
OCCUPATIONS_1M = (  # by their code  # noqa: SIM905
    "other|academic/educator|artist|clerical/admin|college/grad student|customer service|"
    "doctor/health care|executive/managerial|farmer|homemaker|K-12 student|lawyer|programmer|"
    "retired|sales/marketing|scientist|self-employed|technician/engineer|tradesman/craftsman|"
    "unemployed|writer"
).split("|")
_YEAR_IN_TITLE = r"^(.*?)\s*\((\d{4})\)(?:\s*\(V\))?\s*$"


@dataclass(frozen=True)
class Tables:
    """Interactions, items and people as they were read, and what was mended on the way."""

    interactions: pl.DataFrame
    items: pl.DataFrame
    users: pl.DataFrame | None
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """One spelling: the names of its files, and how they are read."""

    names: tuple[str, ...]
    read: Callable[[Path], Tables]


def _text(
    path: Path, separator: str, columns: list[str] | None = None, *, quote: str | None = None
) -> pl.DataFrame:
    """A delimited file, every column as text; UTF-8, or else latin-1 as GroupLens wrote it."""
    data = path.read_bytes()
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        data = data.decode("latin-1").encode()
    if len(separator) > 1:  # "::"; no title has a control character
        data = data.replace(separator.encode(), b"\x1f")
        separator = "\x1f"
    options: dict[str, Any] = {"has_header": columns is None, "new_columns": columns}
    return guarded(
        path.name,
        lambda: pl.read_csv(
            io.BytesIO(data),
            separator=separator,
            quote_char=quote,
            infer_schema=False,
            **options,
        ),
    )


def _events(frame: pl.DataFrame) -> pl.DataFrame:
    frame.columns = [USER, ITEM, VALUE, TIME]
    return guarded(
        "ratings",
        lambda: frame.select(
            pl.col(USER, ITEM).cast(pl.Int64),
            pl.col(VALUE).cast(pl.Float64),
            pl.col(TIME).cast(pl.Int64),
        ),
    )


def _people(frame: pl.DataFrame) -> pl.DataFrame:
    frame.columns = [USER, "age", "gender", "occupation", "zip_code"]
    return guarded("users", lambda: frame.with_columns(pl.col(USER, "age").cast(pl.Int64)))


def _titled(ids: pl.Expr, titles: pl.Expr, genres: pl.Expr) -> list[pl.Expr]:
    return [
        ids.cast(pl.Int64).alias(ITEM),
        titles.str.extract(_YEAR_IN_TITLE, 1).fill_null(titles.str.strip_chars()).alias(TITLE),
        titles.str.extract(_YEAR_IN_TITLE, 2).cast(pl.Int64).alias(YEAR),
        genres.alias(GENRES),
    ]


def _flagged(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Items of 100K with one 0/1 column per genre, as GroupLens has them."""
    flags = [pl.when(pl.col(name).cast(pl.Int64) == 1).then(pl.lit(name)) for name in GENRES_100K]
    items = guarded(
        "items",
        lambda: frame.select(
            _titled(pl.col(ITEM), pl.col("name"), pl.concat_list(flags).list.drop_nulls())
        ),
    )
    video = frame.filter(pl.col("name").str.ends_with("(V)"))[ITEM].to_list()
    return items, tuple(f"item {id_}: the mark (V) was taken off the title" for id_ in video)


def _read_official_100k(folder: Path) -> Tables:
    columns = [ITEM, "name", "released", "video", "url", *GENRES_100K]
    items, repairs = _flagged(_text(folder / "u.item", "|", columns))
    users = _text(folder / "u.user", "|", [USER, "age", "gender", "occupation", "zip_code"])
    events = _text(folder / "u.data", "\t", [USER, ITEM, VALUE, TIME])
    return Tables(_events(events), items, _people(users), repairs)


def _read_parquet_100k(folder: Path) -> Tables:
    def table(name: str) -> pl.DataFrame:
        return guarded(name, lambda: pl.read_parquet(folder / name, glob=False))

    frame = table("MovieLens100k_items.parquet.brotli")
    items, repairs = _flagged(frame.rename({"movie_id": ITEM, "movie_title": "name"}))
    return Tables(
        _events(table("MovieLens100k_data.parquet.brotli")),
        items,
        _people(table("MovieLens100k_users.parquet.brotli")),
        repairs,
    )


def _read_atomic_100k(folder: Path) -> Tables:
    """Tab-separated with typed headers; its year column holds text in two rows."""
    frame = _text(folder / "ml-100k.item", "\t")
    frame.columns = [ITEM, TITLE, YEAR, GENRES]
    repairs = []
    unknown = frame.filter(pl.col(TITLE) == "unkonwn")[ITEM].to_list()
    title = pl.col(TITLE).replace("unkonwn", "unknown")
    repairs += [f"item {id_}: title 'unkonwn' made 'unknown', year left empty" for id_ in unknown]
    video = frame.filter(pl.col(YEAR) == "V")[ITEM].to_list()
    repairs += [f"item {id_}: year 'V' replaced by the year in its title" for id_ in video]
    inside = pl.when(pl.col(YEAR) == "V")
    items = guarded(
        "items",
        lambda: frame.select(
            pl.col(ITEM).cast(pl.Int64),
            inside.then(title.str.extract(_YEAR_IN_TITLE, 1)).otherwise(title).alias(TITLE),
            inside.then(title.str.extract(_YEAR_IN_TITLE, 2))
            .otherwise(pl.col(YEAR))
            .cast(pl.Int64, strict=False)
            .alias(YEAR),
            pl.col(GENRES).str.split(" "),
        ),
    )
    return Tables(
        _events(_text(folder / "ml-100k.inter", "\t")),
        items,
        _people(_text(folder / "ml-100k.user", "\t")),
        tuple(repairs),
    )


def _read_1m(folder: Path) -> Tables:
    movies = _text(folder / "movies.dat", "::", [ITEM, "name", GENRES])
    users = _text(
        folder / "users.dat", "::", [USER, "gender", "age", "occupation", "zip_code"]
    ).select(USER, "age", "gender", "occupation", "zip_code")
    codes = [str(code) for code in range(len(OCCUPATIONS_1M))]
    users = guarded(
        "users",
        lambda: _people(users).with_columns(
            pl.col("occupation").replace_strict(codes, OCCUPATIONS_1M)
        ),
    )
    events = _text(folder / "ratings.dat", "::", [USER, ITEM, VALUE, TIME])
    return Tables(_events(events), _items_by_bar(movies), users)


def _read_csv_set(folder: Path) -> Tables:
    movies = _text(folder / "movies.csv", ",", quote='"')
    movies.columns = [ITEM, "name", GENRES]
    return Tables(
        _events(_text(folder / "ratings.csv", ",", quote='"')), _items_by_bar(movies), None
    )


def _items_by_bar(movies: pl.DataFrame) -> pl.DataFrame:
    genres = pl.col(GENRES).replace("(no genres listed)", None).str.split("|")
    return guarded("movies", lambda: movies.select(_titled(pl.col(ITEM), pl.col("name"), genres)))


OFFICIAL_100K = Layout(("u.data", "u.user", "u.item"), _read_official_100k)
ATOMIC_100K = Layout(("ml-100k.inter", "ml-100k.user", "ml-100k.item"), _read_atomic_100k)
PARQUET_100K = Layout(
    tuple(f"MovieLens100k_{part}.parquet.brotli" for part in ("data", "users", "items")),
    _read_parquet_100k,
)
DAT_1M = Layout(("ratings.dat", "users.dat", "movies.dat"), _read_1m)
CSV_SET = Layout(("ratings.csv", "movies.csv"), _read_csv_set)
