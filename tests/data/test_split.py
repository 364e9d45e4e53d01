"""Split: what is learnt from and what is asked, by every method."""

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.checkerboard import checkerboard
from workbench.data.dataset import Dataset
from workbench.data.split import IN_TIME, METHODS, Split, split
from workbench.errors import ArgumentError, CapabilityError, DataError

PAIR = ["user_id", "item_id"]
TEXT = [pl.col(PAIR).cast(pl.String)]


@pytest.fixture(scope="module")
def board():
    return checkerboard(40, 60, seed=1)


def as_one(made):
    return made[0] if isinstance(made, tuple) else made


def everything(s):
    return pl.concat([s.train.interactions, s.train.guest_interactions, s.test])


def log(**columns):
    n = len(next(iter(columns.values())))
    return Dataset(pl.DataFrame({"timestamp": [float(i) for i in range(n)], **columns}), name="own")


# --- every method ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_no_event_is_lost_or_in_two_places(board, method):
    s = as_one(split(board, method, guests=0.2))
    assert everything(s).sort(PAIR).equals(board.interactions.sort(PAIR))
    assert s.test.height > 0
    assert s.method == method


@pytest.mark.parametrize("method", METHODS)
def test_neither_row_order_nor_id_type_matters(board, method):
    mixed = board.interactions.sample(fraction=1, shuffle=True, seed=5).with_columns(TEXT)
    one = as_one(split(board, method, guests=0.2, seed=3))
    two = as_one(split(Dataset(mixed, relevant_from=4.0), method, guests=0.2, seed=3))
    assert one.test.with_columns(TEXT).equals(two.test)
    assert one.train.interactions.with_columns(TEXT).equals(two.train.interactions)
    assert [str(g) for g in one.guests] == list(two.guests)
    assert (one.relevant_matrix() != two.relevant_matrix()).nnz == 0


@pytest.mark.parametrize("method", METHODS)
def test_same_arguments_same_split_and_nothing_done_to_the_log(board, method):
    before = board.fingerprint
    one, two = (as_one(split(board, method, guests=0.2)) for _ in range(2))
    assert one.fingerprint == two.fingerprint
    assert board.fingerprint == before
    assert one.fingerprint != as_one(split(board, method, guests=0.1)).fingerprint


@pytest.mark.parametrize("method", METHODS)
def test_codes_are_those_of_the_whole_log(board, method):
    s = as_one(split(board, method, guests=0.2))
    assert s.train.catalogue is board.catalogue
    assert s.train.people is board.people
    assert s.train.items.equals(board.items)


@pytest.mark.parametrize("method", METHODS)
def test_guests_are_in_no_fit_and_yet_asked(board, method):
    s = as_one(split(board, method, guests=0.2))
    assert len(s.guests) == 8
    assert not s.train.interactions["user_id"].is_in(list(s.guests)).any()
    assert set(s.train.guest_interactions["user_id"]) <= set(s.guests)
    assert set(s.guests) & set(s.people()[0])


# --- one by one -----------------------------------------------------------------------------


def test_per_user_time_asks_about_the_last_of_each_person(board):
    s = split(board, test_fraction=0.25)
    for user in board.people.ids:
        mine = board.interactions.filter(pl.col("user_id") == user)
        n = int(mine.height * 0.25)
        assert s.test.filter(pl.col("user_id") == user).equals(mine.tail(n))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.floats(0.01, 0.99))
def test_rounded_down_but_one_of_two_and_never_the_only_one(counts, fraction):
    users = np.repeat(np.arange(len(counts)), counts)
    dataset = log(user_id=users, item_id=np.arange(len(users)))
    if max(counts) == 1:
        with pytest.raises(DataError, match=r"leaves nothing .* to test|needs at least 2 of each"):
            split(dataset, test_fraction=fraction)
        return
    s = split(dataset, test_fraction=fraction)
    for user, n in enumerate(counts):
        asked = s.test.filter(pl.col("user_id") == user).height
        assert asked == (0 if n == 1 else min(max(int(n * fraction + 1e-9), 1), n - 1))


def test_a_fraction_is_taken_as_it_is_written():
    hundred = log(user_id=[1] * 100, item_id=range(100))
    for percent in range(1, 100):
        assert split(hundred, test_fraction=percent / 100).test.height == percent


def test_leave_last_asks_about_one_each(board):
    s = split(board, "leave-last")
    assert s.test["user_id"].to_list() == board.people.ids.to_list()
    last = board.interactions.group_by("user_id", maintain_order=True).last()
    assert s.test["item_id"].to_list() == last["item_id"].to_list()


def test_global_time_has_one_moment_for_all(board):
    s = split(board, "global-time", test_fraction=0.3)
    assert s.train.interactions["timestamp"].max() == s.as_of
    assert s.test["timestamp"].min() > s.as_of
    assert s.test.height == pytest.approx(0.3 * board.n_events, abs=1)
    people = s.people()[1]
    assert (people.as_of == s.as_of).all()
    assert (people.timestamp <= s.as_of).all()


def test_global_time_tears_no_second_apart():
    tied = Dataset(
        pl.DataFrame(
            {"user_id": range(10), "item_id": range(10), "timestamp": [1.0] * 3 + [2.0] * 7}
        )
    )
    s = split(tied, "global-time")
    assert (s.as_of, s.test.height) == (1.0, 7)
    with pytest.raises(DataError, match="all events of 'log' happened at one moment"):
        split(tied.replaced(tied.interactions.filter(pl.col("timestamp") > 1)), "global-time")


def test_people_who_came_after_the_cut_are_cold():
    dataset = log(user_id=[1] * 8 + [2] * 2, item_id=range(10))
    s = split(dataset, "global-time")
    ids, people = s.people()
    assert ids == [2]
    assert (s.n_cold, people.lengths.tolist(), people.as_of.tolist()) == (1, [0], [7.0])
    assert s.n_new_items == 2


def test_folds_partition_the_log_evenly(board):
    folds = split(board, "k-fold", n_folds=4)
    assert [f.parameters["fold"] for f in folds] == [0, 1, 2, 3]
    assert pl.concat([f.test for f in folds]).sort(PAIR).equals(board.interactions.sort(PAIR))
    assert {f.test.height for f in folds} <= {board.n_events // 4, board.n_events // 4 + 1}
    assert split(board, "k-fold", n_folds=4, fold=2).fingerprint == folds[2].fingerprint


@pytest.mark.parametrize("method", ["random", "k-fold"])
def test_repeats_of_a_pair_stay_together(method):
    dataset = log(user_id=[i // 6 for i in range(60)] * 3, item_id=[i % 6 for i in range(60)] * 3)
    s = as_one(split(dataset, method))
    asked = set(s.test.select(PAIR).iter_rows())
    assert asked.isdisjoint(s.train.interactions.select(PAIR).iter_rows())
    assert s.test.height == 3 * len(asked)


def test_seeds(board):
    tests = [split(board, "random", seed=seed).test for seed in range(2)]
    assert not tests[0].equals(tests[1])
    assert {t.height for t in tests} == {board.n_events // 5}
    guests = [split(board, guests=0.3, seed=seed).guests for seed in range(2)]
    assert guests[0] != guests[1]
    assert set(split(board, guests=0.1).guests) < set(guests[0])


def test_ties_in_another_order_are_another_split():
    tied = Dataset(
        pl.DataFrame(
            {
                "user_id": np.arange(200) // 20,
                "item_id": np.arange(200) % 20,
                "timestamp": [1.0] * 200,
            }
        )
    )
    tests = [split(tied, tie_seed=seed).test for seed in range(3)]
    assert not tests[0].sort(PAIR).equals(tests[1].sort(PAIR))
    assert split(tied).fingerprint == split(tied, tie_seed=0).fingerprint
    assert tests[2].equals(split(tied, tie_seed=2).test)


# --- who is asked about what ----------------------------------------------------------------


def test_people_and_their_relevant_items_by_hand():
    frame = pl.DataFrame(
        {
            "user_id": ["a", "a", "a", "a", "b", "b", "c", "c", "c", "d"],
            "item_id": ["x", "y", "z", "x", "x", "y", "y", "z", "z", "x"],
            "timestamp": [1, 2, 3, 4, 1, 2, 1, 2, 3, 9],
            "value": [5, 5, 4, 5, 5, 1, 3, 4, 2, 5],
        },
        schema_overrides={"timestamp": pl.Float64, "value": pl.Float64},
    )
    s = split(Dataset(frame, relevant_from=4.0), test_fraction=0.7)
    # a is asked about z (4 stars) and x, which a has already; b dislikes y; c changes their mind
    # about z; d has one event only.
    ids, people = s.people()
    assert ids == ["a"]
    assert people[0].items == ["x", "y"]
    assert people[0].as_of == 2
    assert s.relevant_matrix().toarray().tolist() == [[0, 0, 1]]
    assert s.relevant_matrix().dtype == np.float32
    assert (s.n_repeats, s.n_cold, s.n_new_items) == (1, 0, 1)
    assert s.relevant_from == 4.0


@pytest.mark.parametrize("method", METHODS)
def test_rows_of_people_and_of_the_matrix_are_aligned(board, method):
    s = as_one(split(board, method, guests=0.2))
    ids, people = s.people()
    matrix = s.relevant_matrix()
    assert matrix.shape == (len(ids), board.n_items)
    assert len(people) == len(ids)
    assert ids == sorted(ids)
    for row, user in enumerate(ids):
        liked = s.test.filter((pl.col("user_id") == user) & (pl.col("value") >= 4))["item_id"]
        assert matrix[[row]].indices.tolist() == sorted(board.catalogue.codes(liked))
        mine = everything(s).filter(pl.col("user_id") == user).height
        assert people.lengths[row] == mine - s.test.filter(pl.col("user_id") == user).height
    assert (people.seen.multiply(matrix)).nnz == 0


def test_a_caller_cannot_spoil_the_split(board):
    s = split(board)
    s.people()[0].clear()
    assert len(s.people()[0]) > 0
    with pytest.raises(dataclasses.FrozenInstanceError, match="test"):
        s.test = None


def test_nobody_with_a_relevant_item_is_nobody():
    dataset = log(user_id=[1] * 10, item_id=range(10), value=[1.0] * 10)
    s = split(dataset.replaced(dataset.interactions, relevant_from=4.0))
    ids, people = s.people()
    assert (ids, len(people), s.relevant_matrix().shape) == ([], 0, (0, 10))


def test_a_split_of_a_training_part_leaves_its_guests_alone(board):
    outer = split(board, guests=0.2)
    inner = split(outer.train)
    assert inner.train.guest_interactions.equals(outer.train.guest_interactions)
    assert not inner.test["user_id"].is_in(list(outer.guests)).any()
    assert inner.guests == ()


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", IN_TIME)
def test_without_time_no_split_in_time(board, method):
    timeless = Dataset(board.interactions.drop("timestamp"), name="timeless")
    with pytest.raises(CapabilityError, match=r"needs timestamps, which 'timeless' .*\"random\""):
        split(timeless, method, test_fraction=7)
    assert split(timeless, "random").people()[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "per-user"}, "'per-user' is no way to split; did you mean 'per-user-time'"),
        ({"method": None}, "method=None is no way to split; there are"),
        ({"test_fraction": 0}, "test_fraction must be above 0 and below 1, not 0"),
        ({"test_fraction": 1.0}, "test_fraction must be above 0 and below 1, not 1.0"),
        ({"test_fraction": float("nan")}, "test_fraction must be above 0 and below 1, not nan"),
        ({"test_fraction": "0.2"}, "test_fraction must be above 0 and below 1, not '0.2'"),
        ({"guests": 1.0}, "guests must be a fraction from 0 to below 1, not 1.0"),
        ({"guests": -0.1}, "guests must be a fraction from 0 to below 1, not -0.1"),
        ({"guests": 0.999}, "guests=0.999 of 40 people leaves nobody to fit on"),
        ({"method": "k-fold", "n_folds": 1}, "n_folds must be a whole number of at least 2, not 1"),
        ({"method": "k-fold", "n_folds": 2.5}, "n_folds must be a whole number .* not 2.5"),
        ({"method": "k-fold", "fold": 5}, "fold must be from 0 to 4, not 5"),
        ({"method": "random", "fold": 1}, "fold=1 is for method=\"k-fold\", not for 'random'"),
    ],
)
def test_arguments_that_cannot_work_are_refused(board, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        split(board, **arguments)


def test_a_frame_is_no_dataset(board):
    with pytest.raises(ArgumentError, match="dataset must be a workbench Dataset, not DataFrame"):
        split(board.interactions)


@pytest.mark.parametrize(
    ("users", "items", "message"),
    [
        ([1], [1], "'own' has 1 events of 1 items; to split it needs at least 2 of each"),
        ([1, 2, 3], [7, 7, 7], "'own' has 3 events of 1 items"),
        ([1, 2, 3], [7, 8, 9], r"leaves nothing of 'own' \(3 people, 3 events\) to test"),
    ],
)
def test_a_log_too_small_to_split_is_refused(users, items, message):
    with pytest.raises(DataError, match=message):
        split(log(user_id=users, item_id=items))


def test_a_log_of_one_person_works():
    s = split(log(user_id=[1] * 10, item_id=range(10)))
    assert s.people()[0] == [1]
    assert s.relevant_matrix().sum() == 2


# --- a published split ----------------------------------------------------------------------


def given_split(**changes):
    train = pl.DataFrame(
        {"user_id": [1, 1, 2, 2], "item_id": [10, 20, 10, 30], "timestamp": [1, 2, 1, 5]}
    )
    test = pl.DataFrame({"user_id": [3, 1, 2], "item_id": [10, 40, 10], "timestamp": [9, 9, 9]})
    return Split.from_frames(**{"train": train, "test": test, "name": "published", **changes})


def test_a_published_split_is_taken_as_it_is():
    s = given_split()
    assert s.train.interactions.select(PAIR).rows() == [(1, 10), (1, 20), (2, 10), (2, 30)]
    assert s.test.select(PAIR).rows() == [(1, 40), (2, 10), (3, 10)]
    assert s.train.catalogue.ids.to_list() == [10, 20, 30, 40]
    ids, people = s.people()
    assert ids == [1, 3]
    assert [p.items for p in people] == [[10, 20], []]
    assert (s.n_cold, s.n_new_items, s.n_repeats) == (1, 1, 1)
    assert s.method == "given"
    assert s.fingerprint != given_split(relevant_from=None, guests=[2]).fingerprint


def test_the_order_of_published_rows_does_not_matter():
    frames = {
        part: frame.reverse()
        for part, frame in (
            ("train", given_split().train.interactions),
            ("test", given_split().test),
        )
    }
    assert given_split(**frames).fingerprint == given_split().fingerprint


def test_published_guests_are_set_aside():
    s = given_split(guests=[2])
    assert s.train.interactions["user_id"].unique().to_list() == [1]
    assert s.train.guest_interactions["item_id"].to_list() == [10, 30]
    assert s.guests == (2,)


def test_refused_rows_of_both_parts_are_returned():
    train = pl.DataFrame({"user_id": [1, None, 2], "item_id": [10, 20, 30]})
    test = pl.DataFrame({"user_id": [1, 2], "item_id": [30, None]})
    s = given_split(train=train, test=test)
    assert s.train.refused["table"].to_list() == ["train interactions", "test interactions"]
    assert s.train.refused["line"].to_list() == [2, 2]


def test_items_and_users_come_along():
    items = pl.DataFrame({"item_id": [10, 20, 30, 40], "title": list("abcd")})
    users = pl.DataFrame({"user_id": [3, 2, 1], "age": [33, 22, 11]})
    s = given_split(items=items, users=users)
    assert s.train.items["title"].to_list() == list("abcd")
    assert s.people()[1].attributes["age"].to_list() == [11, 33]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"guests": [9]}, ArgumentError, "guests: 9 is neither in train nor in test"),
        (
            {"test": pl.DataFrame({"user_id": ["1"], "item_id": [10], "timestamp": [9]})},
            DataError,
            "user_id is text in one part and integer in the other",
        ),
        (
            {"test": pl.DataFrame({"user_id": [1], "item_id": [10]})},
            DataError,
            "train has the column 'timestamp' and test has not; give it to both",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        given_split(**changes)


def test_a_given_test_part_in_which_nothing_is_relevant_is_a_fair_question():
    train = pl.DataFrame({"user_id": [1, 1, 2], "item_id": [10, 20, 10], "value": [2.0, 5.0, 1.0]})
    low = pl.DataFrame({"user_id": [1], "item_id": [40], "value": [2.0]})
    made = given_split(train=train, test=low, relevant_from=4.0)
    assert made.relevant_from == 4.0
    assert made.people()[0] == []
    high = given_split(train=low, test=train.with_columns(user_id=7), relevant_from=4.0)
    assert high.people()[0] == [7]
    with pytest.raises(DataError, match=r"highest value of 'published' \(both parts\) is 5: no ev"):
        given_split(train=train, test=low, relevant_from=6.0)
    with pytest.raises(DataError, match=r"relevant_from=4, but train has no values"):
        given_split(train=train.drop("value"), test=low, relevant_from=4.0)
    with pytest.raises(ArgumentError, match="relevant_from must be a finite number, not 'a'"):
        given_split(train=train, test=low, relevant_from="a")
