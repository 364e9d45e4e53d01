"""Dataset: what it has, what its fingerprint sees, and guests."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.dataset import Dataset
from workbench.data.fingerprint import content_hash, frame_hash
from workbench.errors import DataError
from workbench.vocabulary import Vocabulary

N = 40


def tables():
    log = pl.DataFrame(
        {
            "user_id": [i // 8 for i in range(N)],
            "item_id": [i % 8 for i in range(N)],
            "timestamp": [1000.0 + i for i in range(N)],
            "value": [float(i % 5 + 1) for i in range(N)],
            "event": ["view"] * N,
        }
    )
    items = pl.DataFrame(
        {
            "item_id": range(8),
            "title": [f"Film {i}" for i in range(8)],
            "genres": [["Drama"] if i % 2 else ["Drama", "War"] for i in range(8)],
        }
    )
    users = pl.DataFrame({"user_id": range(5), "age": [20, 30, 40, 50, None]})
    return {"interactions": log, "items": items, "users": users}


OTHER = {
    "user_id": 3,
    "item_id": 5,
    "timestamp": 1.5,
    "value": 9.0,
    "event": "buy",
    "title": "Another",
    "genres": ["War", "Drama"],
    "age": 99,
}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["interactions", "items", "users"]), st.data())
def test_the_fingerprint_changes_with_any_cell_the_middle_rows_too(table, data):
    changed = tables()
    frame = changed[table]
    column = data.draw(st.sampled_from(frame.columns[0 if table == "interactions" else 1 :]))
    row = data.draw(st.integers(0, frame.height - 1))
    cells = frame[column].to_list()
    new = data.draw(st.sampled_from([OTHER[column], None]))
    if cells[row] == new or (new is None and column.endswith("_id")):
        return
    cells[row] = new
    changed[table] = frame.with_columns(pl.Series(column, cells, dtype=frame[column].dtype))
    assert Dataset(**changed).fingerprint != Dataset(**tables()).fingerprint


def test_the_fingerprint_sees_what_relevant_means_and_who_is_a_guest():
    plain = Dataset(**tables())
    assert plain.fingerprint == Dataset(**tables(), name="other").fingerprint
    assert plain.fingerprint != Dataset(**tables(), relevant_from=4.0).fingerprint
    guest = pl.col("user_id") == 2
    parted = plain.replaced(
        plain.interactions.filter(~guest), guest_interactions=plain.interactions.filter(guest)
    )
    assert parted.fingerprint != plain.fingerprint


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (["ab", "c"], ["a", "bc"]),
        (["", None], [None, ""]),
        ([["a", "b"]], [["a\x1fb"]]),
        ([["a"], []], [[], ["a"]]),
        ([[], None], [None, []]),
        ([1, None], [1, 0]),
        ([1], [1.0]),
        (["1"], [1]),
        ([True, False], [False, True]),
    ],
)
def test_cells_that_look_alike_are_told_apart(one, two):
    assert frame_hash(pl.DataFrame({"x": one})) != frame_hash(pl.DataFrame({"x": two}))
    assert frame_hash(pl.DataFrame({"x": one})) == frame_hash(pl.DataFrame({"x": one}))


def test_the_hash_of_parts_knows_their_names():
    assert content_hash(a=1, b=2) == content_hash(b=2, a=1)
    assert content_hash(a=1, b=2) != content_hash(a=2, b=1)


def test_what_it_has():
    full = Dataset(**tables())
    assert full.has == {"values", "timestamps", "item_features", "user_attributes"}
    bare = Dataset(tables()["interactions"].select("user_id", "item_id"))
    assert bare.has == frozenset()
    assert (bare.end, full.end) == (None, 1000.0 + N - 1)
    assert (full.n_users, full.n_items, full.n_events) == (5, 8, N)
    assert repr(full) == "Dataset('log', 5 people, 8 items, 40 events)"


def test_items_and_users_have_one_row_per_code_also_where_the_tables_have_none():
    parts = tables()
    log = parts["interactions"].with_columns(item_id=pl.col("item_id") + 3)
    dataset = Dataset(log, parts["items"].reverse(), parts["users"].filter(pl.col("user_id") > 1))
    assert dataset.items["item_id"].to_list() == list(range(11))
    assert dataset.items["title"].to_list() == [f"Film {i}" for i in range(8)] + [None] * 3
    assert dataset.users["age"].to_list() == [None, None, 40, 50, None]


def test_relevant_is_the_datasets_own_word():
    log = tables()["interactions"]
    assert Dataset(log).relevant(log).height == N
    from_four = Dataset(log, relevant_from=4.0)
    assert from_four.relevant(log)["value"].unique().sort().to_list() == [4.0, 5.0]
    unknown = log.with_columns(value=pl.lit(None, dtype=pl.Float64))
    assert from_four.relevant(unknown).height == N
    assert from_four.relevant(log.drop("value")).height == N


def test_guests_are_known_to_profiles_and_to_no_fit():
    whole = Dataset(**tables())
    guest = pl.col("user_id").is_in([1, 3])
    dataset = whole.replaced(
        whole.interactions.filter(~guest), guest_interactions=whole.interactions.filter(guest)
    )
    assert dataset.guest_ids == [1, 3]
    assert dataset.fit_rows.tolist() == [0, 2, 4]
    assert (dataset.n_users, dataset.n_events) == (5, 24)
    assert len(dataset.profiles()) == 3
    assert list(dataset.profiles([3, 0])) == list(whole.profiles([3, 0]))
    assert "2 guests" in repr(dataset)


def test_ids_of_two_types_are_refused():
    parts = tables()
    parts["users"] = parts["users"].with_columns(pl.col("user_id").cast(pl.String))
    with pytest.raises(DataError, match="user_id is text in one table and integer in another"):
        Dataset(**parts)


@pytest.mark.parametrize(
    ("cells", "promised"),
    [
        ({"price": [1.0] * 8}, False),
        ({"title": [None] * 8, "price": [1.0] * 8}, False),
        ({"genres": [[]] * 8}, False),
        ({"title": [None] * 7 + ["One"]}, True),
        ({"genres": [None] * 7 + [["Drama"]]}, True),
        ({"year": [1999] * 8}, True),
    ],
)
def test_item_features_are_promised_only_where_items_can_be_likened_by_them(cells, promised):
    types = {"title": pl.String, "genres": pl.List(pl.String)}
    columns = [pl.Series(name, values, dtype=types.get(name)) for name, values in cells.items()]
    items = pl.DataFrame([pl.Series("item_id", range(8)), *columns])
    found = Dataset.from_frames(tables()["interactions"], items)
    assert ("item_features" in found.has) is promised


def test_an_empty_catalogue_that_is_given_is_kept():
    nothing = pl.DataFrame(schema={"user_id": pl.String, "item_id": pl.String})
    items, users = pl.DataFrame({"item_id": ["a"]}), pl.DataFrame({"user_id": ["b"]})
    catalogue, people = Vocabulary([]), Vocabulary([])
    made = Dataset(nothing, items, users, catalogue=catalogue, people=people)
    assert made.catalogue is catalogue
    assert made.people is people
