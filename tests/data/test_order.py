"""The one order: user, time, hash; whatever the order of the rows or the type of the ids."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.dataset import Dataset
from workbench.data.order import mixed, pair_hash
from workbench.vocabulary import Vocabulary

laws = settings(max_examples=25, deadline=None)
rows = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 3), st.integers(1, 5)),
    min_size=1,
    max_size=30,
)
SCHEMA = {"user_id": pl.Int64, "item_id": pl.Int64, "timestamp": pl.Float64, "value": pl.Float64}
TEXT = [pl.col("user_id", "item_id").cast(pl.String)]


def log(triples, order=None):
    return pl.DataFrame([triples[i] for i in order or range(len(triples))], SCHEMA, orient="row")


@laws
@given(rows, st.randoms(use_true_random=False), st.integers(0, 3))
def test_neither_row_order_nor_id_type_matters(triples, random, seed):
    order = list(range(len(triples)))
    random.shuffle(order)
    one = Dataset(log(triples), tie_seed=seed)
    two = Dataset(log(triples, order), tie_seed=seed)
    text = Dataset(log(triples, order).with_columns(TEXT), tie_seed=seed)
    assert one.interactions.equals(two.interactions)
    assert one.fingerprint == two.fingerprint
    assert one.interactions.with_columns(TEXT).equals(text.interactions)


@laws
@given(rows)
def test_people_are_contiguous_and_their_time_ascends(triples):
    frame = Dataset(log(triples)).interactions
    assert frame.height == len(triples)
    keys = list(zip(frame["user_id"], frame["timestamp"], strict=True))
    assert keys == sorted(keys)


def test_another_tie_seed_is_another_order_of_ties_and_only_of_ties():
    users, items = np.divmod(np.arange(600), 60)
    tied = pl.DataFrame({"user_id": users, "item_id": items, "timestamp": items // 2 * 1.0})
    orders = [Dataset(tied, tie_seed=seed).interactions for seed in range(3)]
    assert not orders[0].equals(orders[1])
    assert not orders[1].equals(orders[2])
    for order in orders:
        assert order.select("user_id", "timestamp").equals(orders[0].select("user_id", "timestamp"))
    # About half of the 300 pairs swap: neither none nor all.
    swapped = (orders[0]["item_id"] != orders[1]["item_id"]).sum() / 2
    assert 100 < swapped < 200


def test_ties_are_not_broken_by_item_id():
    n = 2000
    tied = pl.DataFrame({"user_id": [1] * n, "item_id": range(n), "timestamp": [0.0] * n})
    items = Dataset(tied).interactions["item_id"].to_numpy()
    assert abs(np.corrcoef(items, np.arange(n))[0, 1]) < 0.1


def test_newcomers_leave_the_ties_of_others_as_they_were():
    tied = pl.DataFrame({"user_id": [7] * 50, "item_id": range(10, 60), "timestamp": [0.0] * 50})
    newcomers = pl.DataFrame({"user_id": [1], "item_id": [3], "timestamp": [0.0]})
    grown = Dataset(pl.concat([newcomers, tied])).interactions
    assert grown.filter(pl.col("user_id") == 7).equals(Dataset(tied).interactions)


def test_a_pair_hash_depends_on_both_and_on_their_order():
    ids = Vocabulary(range(50))
    one, two = np.divmod(np.arange(2500), 50)
    hashes = pair_hash(ids, ids, one, two)
    assert len(np.unique(hashes)) == 2500
    assert not (hashes == pair_hash(ids, ids, one, two, seed=1)).any()
    bits = np.unpackbits(hashes.view(np.uint8)).mean()
    assert abs(bits - 0.5) < 0.01


def test_the_mixer_is_splitmix64():
    # First outputs of SplitMix64 from state 0, from the reference implementation of Vigna.
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        states = np.arange(1, 4, dtype=np.uint64) * golden
    assert [hex(x) for x in mixed(states).tolist()] == [
        "0xe220a8397b1dcdaf",
        "0x6e789e6aa1b965f4",
        "0x6c45d188009454f",
    ]
