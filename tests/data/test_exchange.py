"""A log as LensKit, RecTools, Surprise and implicit take it, and back."""

import numpy as np
import polars as pl
import pytest
from threadpoolctl import threadpool_limits

from workbench.data.dataset import Dataset
from workbench.data.exchange import NAMES
from workbench.errors import ArgumentError, CapabilityError

BARE = Dataset(pl.DataFrame({"user_id": ["x", "y", "x"], "item_id": [3, 3, 1]}))
RATED = Dataset(
    pl.DataFrame(
        {
            "user_id": ["x", "x", "y", "z", "y"],
            "item_id": ["a", "a", "a", "b", "c"],
            "value": [1.0, 5.0, 4.0, 2.0, None],
            "timestamp": [10.0, 20.5, 5.0, 7.0, 8.0],
        }
    ),
    relevant_from=4.0,
)
GUESTED = RATED.replaced(
    RATED.interactions.filter(pl.col("user_id") != "z"),
    guest_interactions=RATED.interactions.filter(pl.col("user_id") == "z"),
)


@pytest.mark.parametrize("library", NAMES)
@pytest.mark.parametrize("log", [BARE, RATED], ids=["bare", "rated"])
def test_there_and_back(log, library):
    frame = log.to_pandas(library)
    back = Dataset.from_frames(
        frame,
        relevant_from=log.relevant_from,
        columns={
            ours: theirs for ours, theirs in NAMES[library].items() if theirs in frame.columns
        },
    )
    shared = log.interactions.columns
    assert back.interactions.select(shared).equals(log.interactions)
    if library != "rectools":
        assert set(back.interactions.columns) == set(log.interactions.columns)


def test_names_are_theirs():
    assert {"user_id", "item_id", "rating", "timestamp"} == set(RATED.to_pandas("lenskit").columns)
    tools = BARE.to_pandas("rectools")
    assert {"user_id", "item_id", "weight", "datetime"} == set(tools.columns)
    assert str(tools["datetime"].dtype).startswith("datetime64")
    assert (tools["weight"] == 1).all()
    with pytest.raises(ArgumentError, match="library must be one of pandas, lenskit, rectools"):
        RATED.to_pandas("spark")


def test_surprise_gets_the_latest_rating_of_each_pair():
    full = RATED.to_surprise().build_full_trainset()
    found = {(full.to_raw_uid(u), full.to_raw_iid(i)): r for u, i, r in full.all_ratings()}
    assert found == {("x", "a"): 5.0, ("y", "a"): 4.0, ("z", "b"): 2.0}
    assert full.rating_scale == (2.0, 5.0)
    assert GUESTED.to_surprise().build_full_trainset().n_users == 2, "guests are in no fit"
    with pytest.raises(CapabilityError, match=r"has no values; use to_implicit\(\)"):
        BARE.to_surprise()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("relevant", {("x", "a"): 1, ("y", "a"): 1, ("y", "c"): 1}),
        ("met", {("x", "a"): 1, ("y", "a"): 1, ("z", "b"): 1, ("y", "c"): 1}),
        ("value", {("x", "a"): 5, ("y", "a"): 4, ("z", "b"): 2}),
    ],
)
def test_implicit_gets_a_matrix_with_ids(cells, expected):
    matrix, users, items = RATED.to_implicit(cells)
    assert matrix.format == "csr"
    assert matrix.dtype == np.float32
    coo = matrix.tocoo()
    found = {(users[r], items[c]): v for r, c, v in zip(coo.row, coo.col, coo.data, strict=True)}
    assert found == expected
    _, users, items = GUESTED.to_implicit()
    assert users == ["x", "y"]
    assert items == ["a", "b", "c"], "the catalogue is whole"
    with pytest.raises(ArgumentError, match="cells must be one of"):
        RATED.to_implicit("likes")


def test_implicit_itself_takes_it():
    from implicit.als import AlternatingLeastSquares

    given = RATED.to_implicit()
    with threadpool_limits(1, "blas"):
        als = AlternatingLeastSquares(factors=2, iterations=2, random_state=0, num_threads=1)
        als.fit(given.matrix, show_progress=False)
    ids, _ = als.recommend(0, given.matrix[0], N=1)
    assert given.items[ids[0]] in ("b", "c"), "what was met is left out"
