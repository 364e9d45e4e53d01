"""Small invented files in each of MovieLens' spellings: the same two people and three films."""

import io
import zipfile
from dataclasses import replace

import polars as pl

from workbench.data.movielens import ML_1M, ML_25M, ML_100K
from workbench.data.movielens_formats import GENRES_100K
from workbench.data.movielens_sources import MovieLens

EVENTS = [(1, 10, 5, 100), (1, 11, 3, 101), (2, 12, 4, 102)]
PEOPLE = [(1, 30, "F", "writer", "01234"), (2, 40, "M", "artist", "T8H1N")]
FILMS = [
    (10, "Café, Le (Coffee, The)", 1991, ["Comedy", "Drama"]),
    (11, "unknown", None, ["unknown"]),
    (12, "Invented III: Again", 1995, ["Children's"]),
]


def _lines(rows, separator):
    return "".join(separator.join(str(cell) for cell in row) + "\n" for row in rows)


def _named(film):
    mark = " (V)" if film[0] == 12 else ""
    return film[1] + (f" ({film[2]}){mark}" if film[2] else "")


def official() -> dict[str, bytes]:
    items = [
        (id_, _named(film), "01-Jan-1995", "", "http://x", *(int(g in genres) for g in GENRES_100K))
        for film in FILMS
        for id_, _, _, genres in [film]
    ]
    return {
        "u.data": _lines(EVENTS, "\t").encode(),
        "u.user": _lines(PEOPLE, "|").encode(),
        "u.item": _lines(items, "|").encode("latin-1"),
    }


def atomic() -> dict[str, bytes]:
    items = [
        (10, FILMS[0][1], 1991, "Comedy Drama"),
        (11, "unkonwn", "unkonwn", "unknown"),
        (12, "Invented III: Again (1995)", "V", "Children's"),
    ]
    head = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    people = "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n"
    films = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    return {
        "ml-100k.inter": (head + _lines(EVENTS, "\t")).encode(),
        "ml-100k.user": (people + _lines(PEOPLE, "\t")).encode(),
        "ml-100k.item": (films + _lines(items, "\t")).encode(),
    }


def parquet() -> dict[str, bytes]:
    flags = {g: [int(g in film[3]) for film in FILMS] for g in GENRES_100K}
    titles = [_named(film) for film in FILMS]
    tables = {
        "data": pl.DataFrame(EVENTS, ["user_id", "movie_id", "rating", "timestamp"], orient="row"),
        "users": pl.DataFrame(
            PEOPLE, ["user_id", "age", "gender", "occupation", "zip_code"], orient="row"
        ),
        "items": pl.DataFrame(
            {"movie_id": [f[0] for f in FILMS], "movie_title": titles, "release_date": "x", **flags}
        ),
    }
    files = {}
    for name, frame in tables.items():
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="brotli")
        files[f"MovieLens100k_{name}.parquet.brotli"] = buffer.getvalue()
    return files


def dat() -> dict[str, bytes]:
    people = [(1, "F", 25, 20, "01234"), (2, "M", 1, 2, "T8H1N")]
    films = [(f[0], _named(f), "|".join(f[3])) for f in FILMS]
    return {
        "ratings.dat": _lines(EVENTS, "::").encode(),
        "users.dat": _lines(people, "::").encode(),
        "movies.dat": _lines(films, "::").encode("latin-1"),
    }


def csv_set() -> dict[str, bytes]:
    films = [(f[0], f'"{_named(f)}"', "|".join(f[3])) for f in FILMS]
    films[1] = (11, "unknown", "(no genres listed)")
    return {
        "ratings.csv": ("userId,movieId,rating,timestamp\n" + _lines(EVENTS, ",")).encode(),
        "movies.csv": ("movieId,title,genres\n" + _lines(films, ",")).encode(),
    }


def zipped(files: dict[str, bytes], prefix: str = "ml-100k/") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(prefix + name, content)
    return buffer.getvalue()


def small(movielens: MovieLens, **changes) -> MovieLens:
    """The same set without its counts and its wheels, for invented files."""
    return replace(movielens, check=lambda dataset: None, wheels=(), **changes)


SMALL_100K = small(ML_100K)
SMALL_1M = small(ML_1M)
SMALL_25M = small(ML_25M)
