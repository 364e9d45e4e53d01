"""Dataset.from_frames: good rows exactly, broken rows returned, hopeless logs refused."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

from workbench.data.dataset import Dataset
from workbench.data.schemas import RULES, data_dictionary
from workbench.errors import ArgumentError, DataError

COLUMNS = {"user_id": "customer", "item_id": "sku", "timestamp": "ts", "value": "stars"}
GOOD = [
    {"customer": "007", "sku": "a", "ts": "2024-01-01", "stars": "4"},
    {"customer": "7", "sku": "a", "ts": "2024-01-01 10:00", "stars": "3.5"},
    {"customer": "7", "sku": "b", "ts": "2024-01-02T10:00:00Z", "stars": ""},
    {"customer": "7", "sku": "b", "ts": "2024-01-03T10:00:00Z", "stars": "0"},
]
BROKEN = [
    ("missing user id", {"customer": " ", "sku": "a", "ts": "2024-01-01", "stars": "4"}),
    ("missing item id", {"customer": "7", "sku": "", "ts": "2024-01-01", "stars": "4"}),
    ("bad time", {"customer": "7", "sku": "a", "ts": "soon", "stars": "4"}),
    ("bad time", {"customer": "7", "sku": "a", "ts": "", "stars": "4"}),
    ("bad time", {"customer": "7", "sku": "a", "ts": "1899-12-31", "stars": "4"}),
    ("bad time", {"customer": "7", "sku": "a", "ts": "2100-01-02", "stars": "4"}),
    ("text value", {"customer": "7", "sku": "a", "ts": "2024-01-01", "stars": "good"}),
    ("non-finite value", {"customer": "7", "sku": "a", "ts": "2024-01-01", "stars": "nan"}),
    ("non-finite value", {"customer": "7", "sku": "a", "ts": "2024-01-01", "stars": "-inf"}),
    ("negative value", {"customer": "7", "sku": "a", "ts": "2024-01-01", "stars": "-0.5"}),
    ("exact duplicate", GOOD[0]),
    ("orphan item", {"customer": "7", "sku": "zz", "ts": "2024-01-01", "stars": "4"}),
]
ITEMS = pl.DataFrame({"sku": ["a", "b"], "title": ["A", "B"]})


def log(rows):
    return pl.DataFrame(rows)


def events(**columns):
    n = len(next(iter(columns.values())))
    base = {"user_id": ["u"] * n, "item_id": [f"i{k}" for k in range(n)]}
    return pl.DataFrame({**base, **columns})


@pytest.fixture(params=["csv", "parquet", "polars", "pandas"])
def as_source(request, tmp_path):
    def convert(frame):
        if request.param == "csv":
            frame.write_csv(tmp_path / "events.csv")
            return tmp_path / "events.csv"
        if request.param == "parquet":
            frame.write_parquet(tmp_path / "events.parquet")
            return tmp_path / "events.parquet"
        return frame if request.param == "polars" else frame.to_pandas()

    return convert


def test_every_kind_of_broken_row_is_returned_with_its_rule(as_source):
    rows = [*GOOD, *(row for _, row in BROKEN)]
    ds = Dataset.from_frames(as_source(log(rows)), ITEMS, columns=COLUMNS, relevant_from=4)
    clean = Dataset.from_frames(log(GOOD), ITEMS, columns=COLUMNS, relevant_from=4)
    assert ds.interactions.equals(clean.interactions)
    assert ds.fingerprint == clean.fingerprint
    assert ds.refused["rule"].to_list() == [rule for rule, _ in BROKEN]
    assert ds.refused["table"].unique().to_list() == ["interactions"]
    expected = [{k: v or None for k, v in row.items()} for _, row in BROKEN]
    found = [{k: v or None for k, v in json.loads(row).items()} for row in ds.refused["row"]]
    assert found == expected
    kind = ds.provenance["tables"]["interactions"]["kind"]
    first = len(GOOD) + (2 if kind == "csv" else 1)  # a CSV file's header is line 1
    assert ds.refused["line"].to_list() == list(range(first, first + len(BROKEN)))
    counts = {rule: n for _, rule, n in ds.refused_counts.rows()}
    assert counts == {rule: [r for r, _ in BROKEN].count(rule) for rule, _ in BROKEN}
    facts = ds.provenance["tables"]["interactions"]
    assert (facts["rows"], facts["kept"], facts["refused"]) == (len(rows), 4, len(BROKEN))


def test_a_row_that_breaks_several_rules_is_filed_once():
    rows = [*GOOD, {"customer": None, "sku": None, "ts": "soon", "stars": "bad"}]
    ds = Dataset.from_frames(log(rows), columns=COLUMNS)
    assert ds.refused["rule"].to_list() == ["missing user id"]


def test_every_rule_of_rows_is_seen_to_bite():
    items = pl.DataFrame({"item_id": ["a", "a", None], "title": ["A", "A2", "none"]})
    users = pl.DataFrame({"user_id": ["u", "u", ""], "age": [1, 2, 3]})
    ds = Dataset.from_frames(pl.DataFrame({"user_id": ["u"], "item_id": ["a"]}), items, users)
    found = sorted(ds.refused.select("table", "line", "rule").rows())
    assert found == [
        ("items", 2, "duplicate id"),
        ("items", 3, "missing item id"),
        ("users", 2, "duplicate id"),
        ("users", 3, "missing user id"),
    ]
    assert ds.items["title"].to_list() == ["A"]
    bitten = {rule for rule, _ in BROKEN} | {rule for _, _, rule in found}
    assert bitten == set(RULES.values())


def test_duplicates_are_whole_rows_and_repeats_are_data():
    frame = pl.DataFrame(
        {
            "user_id": ["u"] * 4,
            "item_id": ["a"] * 4,
            "timestamp": [1, 2, 1, 1],
            "device": ["tv", "tv", "phone", "tv"],
        }
    )
    ds = Dataset.from_frames(frame)
    assert ds.n_events == 3
    assert ds.refused.select("line", "rule").rows() == [(4, "exact duplicate")]


def test_ids_survive_and_end_with_one_type(tmp_path):
    (tmp_path / "events.csv").write_text("user_id,item_id\n007,7\n7,007\n9007199254740993,7\n")
    ds = Dataset.from_frames(tmp_path / "events.csv")
    assert sorted(ds.people.ids.to_list()) == ["007", "7", "9007199254740993"]
    items = pl.DataFrame({"item_id": [7, 8]})
    ds = Dataset.from_frames(tmp_path / "events.csv", items)
    assert ds.catalogue.ids.to_list() == ["7", "8"]
    assert ds.refused["rule"].to_list() == ["orphan item"]
    assert "integers of item_id were read as text" in ds.provenance["repairs"][0]
    big = pl.DataFrame({"user_id": [2**53, 2**53 + 1], "item_id": [1, 1]})
    assert Dataset.from_frames(big).people.ids.to_list() == [2**53, 2**53 + 1]


def test_pandas_integers_with_holes_stay_integers():
    frame = pd.DataFrame({"user_id": [1.0, np.nan, 3.0], "item_id": [1, 2, 3]})
    ds = Dataset.from_frames(frame)
    assert ds.people.ids.to_list() == [1, 3]
    assert ds.refused["rule"].to_list() == ["missing user id"]
    assert json.loads(ds.refused["row"][0]) == {"user_id": None, "item_id": 2}
    mixed = pd.DataFrame({"user_id": pd.Series(["7", 7], dtype=object), "item_id": [1, 2]})
    with pytest.raises(DataError, match="user_id mixes text and numbers"):
        Dataset.from_frames(mixed)


def test_values_and_times_that_are_absent_are_absent():
    ds = Dataset.from_frames(events(value=["", " "], timestamp=[None, None]))
    assert ds.interactions.columns == ["user_id", "item_id"]
    assert ds.has == frozenset()
    with pytest.raises(DataError, match="relevant_from=4, but interactions has no values"):
        Dataset.from_frames(events(value=[None, None]), relevant_from=4)


def test_without_relevant_from_every_event_is_relevant():
    ds = Dataset.from_frames(events(value=[1.0, 5.0]))
    assert ds.relevant(ds.interactions).height == 2
    with pytest.raises(DataError, match="highest value of interactions is 5: no event would be"):
        Dataset.from_frames(events(value=[1.0, 5.0]), relevant_from=6)
    for odd in (float("nan"), "4", True):
        with pytest.raises(ArgumentError, match="relevant_from must be a finite number"):
            Dataset.from_frames(events(value=[1.0, 5.0]), relevant_from=odd)


def test_a_scale_below_zero_is_said_so():
    frame = events(value=[-1.0, 1.0, float("inf")])
    ds = Dataset.from_frames(frame)
    assert ds.refused["rule"].to_list() == ["negative value", "non-finite value"]
    assert [json.loads(row)["value"] for row in ds.refused["row"]] == [-1.0, "inf"]
    assert "allow_negative=True" in ds.provenance["notes"][0]
    ds = Dataset.from_frames(frame, allow_negative=True)
    assert sorted(ds.interactions["value"].to_list()) == [-1.0, 1.0]
    assert ds.refused["rule"].to_list() == ["non-finite value"]


def test_further_columns_are_context_features_and_attributes(tmp_path):
    path = tmp_path / "users.csv"
    path.write_text("user_id,age,zip,as_of\nu,24,01234,1\n")
    frame = events(device=["tv"], hour=[3], basket=[[1]], as_of=[5.0], _x=[1], rating=[4])
    items = pl.DataFrame({"item_id": ["i0"], "genres": ["x|y"], "year": ["1999"], "price": [2.5]})
    ds = Dataset.from_frames(frame, items, path)
    assert ds.context_columns == ("device", "hour", "rating")
    left_out = ds.provenance["tables"]["interactions"]["left_out"]
    assert [line.partition(" ")[0] for line in left_out] == ["basket", "as_of", "_x"]
    assert "if it is the value, say columns={'value': 'rating'}" in ds.provenance["notes"][0]
    assert ds.items.rows() == [("i0", ["x", "y"], 1999, 2.5)]
    assert ds.users.rows() == [("u", 24, "01234")]
    assert ds.profiles()[0].context["device"] == "tv"


def test_the_mapping_is_of_our_names_to_theirs():
    frame = log(GOOD)
    items = pl.DataFrame({"item_id": ["a", "b"], "title": ["A", "B"]})
    assert Dataset.from_frames(frame, items, columns=COLUMNS).n_events == 4
    swapped = pl.DataFrame({"user_id": ["u"], "item_id": ["i"], "value": [9], "stars": [1]})
    ds = Dataset.from_frames(swapped, columns={"value": "stars"})
    assert ds.interactions["value"].to_list() == [1.0]
    assert ds.context_columns == ()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"userid": "customer"}, r"'userid' is not a name of ours \(did you mean 'user_id'\?\)"),
        ({"user_id": "custmer"}, r"no column 'custmer' to be user_id \(did you mean 'customer'\?"),
        ({"user_id": "sku", "item_id": "sku"}, "'sku' cannot be two columns"),
        ({"title": "name"}, "no table given has such a column"),
        ({"user_id": 5}, "no column '5' to be user_id"),
        (["customer"], r"columns must map our names to yours .* not \['customer'\]"),
    ],
)
def test_a_mapping_that_cannot_work(columns, message):
    with pytest.raises(ArgumentError, match=message):
        Dataset.from_frames(log(GOOD), columns=columns)


@pytest.mark.parametrize(
    ("csv", "message"),
    [
        (
            "userId,item_id\n1,2\n",
            r"no column 'user_id'; it has 'userId', 'item_id'\. Did you mean",
        ),
        ("user_id,sku\n1,2\n", r"Did you mean 'sku'\? Say columns=\{'item_id': 'sku'\}"),
        ("196,242,3\n1,2,3\n", "looks like data: put a header line"),
        ("user_id:item_id\n1:2\n", "Separate the columns"),
        ("user_id,item_id,timestamp\n1,2,x\n1,3,y\n", r"all 2 rows were refused: bad time \(2\)"),
        ("user_id,item_id\n,2\n1,\n", r"missing item id \(1\), missing user id \(1\)"),
        ("user_id,item_id,value\n1,2,good\n", r"text value \(1\)"),
    ],
)
def test_a_hopeless_log_is_refused_in_one_sentence(tmp_path, csv, message):
    path = tmp_path / "events.csv"
    path.write_text(csv)
    with pytest.raises(DataError, match=message) as raised:
        Dataset.from_frames(path)
    assert str(raised.value).startswith("interactions (events.csv)")


@pytest.mark.parametrize("width", ["user_id", "item_id"])
def test_one_person_or_one_item_is_a_dataset(width):
    frame = events(timestamp=[1, 2]).with_columns(pl.lit("one").alias(width))
    frame = frame if width == "user_id" else frame.with_columns(user_id=pl.Series(["a", "b"]))
    ds = Dataset.from_frames(frame)
    assert (ds.n_users, ds.n_items) == ((1, 2) if width == "user_id" else (2, 1))


def test_order_of_rows_and_type_of_ids_change_nothing():
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(
        {
            "user_id": rng.integers(0, 9, 80),
            "item_id": rng.integers(0, 20, 80),
            "timestamp": rng.integers(0, 5, 80),
            "value": rng.integers(1, 6, 80),
        }
    )
    ds = Dataset.from_frames(frame)
    assert Dataset.from_frames(frame.sample(fraction=1, shuffle=True, seed=1)).fingerprint == (
        ds.fingerprint
    )
    text = Dataset.from_frames(frame.with_columns(pl.col("user_id", "item_id").cast(pl.String)))
    assert text.interactions["item_id"].to_list() == [str(i) for i in ds.interactions["item_id"]]


def test_the_provenance_names_files_without_their_folders(tmp_path):
    log(GOOD).write_csv(tmp_path / "events.csv")
    ds = Dataset.from_frames(tmp_path / "events.csv", columns=COLUMNS)
    text = json.dumps(ds.provenance)
    assert "events.csv" in text
    assert str(tmp_path) not in text
    assert ds.provenance["tables"]["interactions"]["time_unit"] == "ISO 8601 text"


def test_the_dictionary_says_what_every_column_means():
    frame = data_dictionary()
    assert frame.filter("required").height == 4
    assert frame["meaning"].str.len_chars().min() > 8
