"""Slates: what moved between two, and lists made elsewhere."""

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import ArgumentError, DataError
from workbench.slate import Slate, Slates, rank_biased_overlap

laws = settings(max_examples=25, deadline=None)
lists = st.lists(st.integers(0, 15), unique=True, max_size=10)


def slate(items):
    return Slate(
        pl.DataFrame(
            {
                "rank": range(1, len(items) + 1),
                "item_id": items,
                "score": [1.0 / (i + 1) for i in range(len(items))],
                "source": ["made"] * len(items),
            },
            schema={
                "rank": pl.Int64,
                "item_id": pl.Int64,
                "score": pl.Float32,
                "source": pl.String,
            },
        )
    )


@laws
@given(lists, lists)
def test_a_difference_accounts_for_every_item_once(one, two):
    diff = slate(one).diff(slate(two))
    assert sorted(diff.frame["item_id"]) == sorted({*one, *two})
    assert diff.entered == [i for i in two if i not in one]
    assert diff.left == [i for i in one if i not in two]
    both = [i for i in two if i in one]
    assert diff.moved == [i for i in both if one.index(i) != two.index(i)]
    assert bool(diff) == (one != two)
    for row in diff.frame.iter_rows(named=True):
        if row["item_id"] in both:
            assert row["moved"] == one.index(row["item_id"]) - two.index(row["item_id"])
        else:
            assert row["moved"] is None
    assert diff.frame["item_id"].to_list()[: len(two)] == two


@laws
@given(lists, lists)
def test_a_difference_read_backwards(one, two):
    there, back = slate(one).diff(slate(two)), slate(two).diff(slate(one))
    assert (there.entered, there.left) == (back.left, back.entered)
    assert sorted(there.moved) == sorted(back.moved)
    assert there.overlap == back.overlap


@laws
@given(lists, lists, st.sampled_from([0.5, 0.9, 0.98]))
def test_overlap_is_symmetric_within_0_and_1_and_1_only_for_equal_lists(one, two, p):
    overlap = rank_biased_overlap(one, two, p)
    assert 0 <= overlap <= 1 + 1e-12
    assert overlap == rank_biased_overlap(two, one, p)
    assert (overlap == pytest.approx(1)) == (one == two)
    if not set(one) & set(two) and (one or two):
        assert overlap == 0


@laws
@given(st.lists(st.integers(0, 15), unique=True, min_size=3, max_size=10))
def test_a_swap_at_the_top_costs_more_than_one_below(items):
    top = [items[1], items[0], *items[2:]]
    below = [*items[:-2], items[-1], items[-2]]
    if top != below:
        assert rank_biased_overlap(items, top) < rank_biased_overlap(items, below)


def test_overlap_by_hand():
    # Overlaps at depths 1, 2, 3 are 0, 2, 2.
    by_hand = 0.1 / 0.9 * (0.9**2 * 2 / 2 + 0.9**3 * 2 / 3) + 2 / 3 * 0.9**3
    assert rank_biased_overlap([1, 2, 3], [2, 1, 4]) == pytest.approx(by_hand)
    assert rank_biased_overlap([], []) == 1
    assert rank_biased_overlap([1], []) == 0


# --- lists made elsewhere -------------------------------------------------------------------


def test_lists_by_rank_in_any_order_of_rows():
    frame = pl.DataFrame(
        {
            "user_id": ["b", "a", "b", "a"],
            "item_id": [1, 2, 3, 4],
            "rank": [2, 7, 1, 3],
        }
    )
    slates = Slates.from_frame(frame)
    assert slates.user_ids == ["b", "a"]
    assert [s.items for s in slates] == [[3, 1], [4, 2]]
    assert slates.frame["rank"].to_list() == [1, 2, 1, 2]
    assert (len(slates), slates.k) == (2, 2)
    assert Slates.from_frame(frame, k=1)[0].items == [3]
    assert Slates.from_frame(frame, k=5).k == 5
    assert Slates.from_frame(frame.to_pandas()).frame.equals(slates.frame)


def test_lists_by_score_keep_the_order_of_equal_ones():
    frame = pd.DataFrame({"user_id": [1, 1, 1], "item_id": [9, 8, 7], "score": [0.5, 0.9, 0.5]})
    slates = Slates.from_frame(frame)
    assert slates[0].items == [8, 9, 7]
    assert slates[-1].frame["source"].to_list() == ["given"] * 3
    with pytest.raises(IndexError, match="out of range"):
        slates[1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"user_id": [1], "rank": [1]}, "slates need user_id, item_id and rank or score"),
        ({"user_id": [1], "item_id": [1]}, "slates need user_id, item_id and rank or score"),
        ({"user_id": [], "item_id": [], "rank": []}, "slates are empty"),
        ({"user_id": [1], "item_id": [None], "rank": [1]}, "hold a null in .* remove those rows"),
        ({"user_id": [1], "item_id": [1], "score": [None]}, "hold a null in .* or score"),
        (
            {"user_id": [1, 1], "item_id": [1, 2], "score": [0.5, float("nan")]},
            "NaN in score; remove those rows",
        ),
        (
            {"user_id": [1], "item_id": [1], "rank": [1], "score": [float("nan")]},
            "NaN in score; remove those rows",
        ),
        ({"user_id": [1], "item_id": [1], "rank": ["10"]}, "rank as String, such as '10'; cast"),
        ({"user_id": [1], "item_id": [1], "score": ["0.5"]}, "score as String, such as '0.5'"),
        ({"user_id": [1], "item_id": [1], "rank": [True]}, "rank as Boolean, such as True"),
        ({"user_id": [1, 1], "item_id": [1, 1], "rank": [1, 2]}, "user 1 holds item_id 1 twice"),
        ({"user_id": [1, 1], "item_id": [1, 2], "rank": [1, 1]}, "user 1 holds rank 1 twice"),
    ],
)
def test_lists_that_cannot_be_used_say_why(columns, message):
    with pytest.raises(DataError, match=message):
        Slates.from_frame(pl.DataFrame(columns))


def test_k_is_at_least_one():
    frame = pl.DataFrame({"user_id": [1], "item_id": [1], "rank": [1]})
    with pytest.raises(ArgumentError, match="k must be a whole number of at least 1, not 0"):
        Slates.from_frame(frame, k=0)
    for k in (2.5, "3", True):
        with pytest.raises(ArgumentError, match=f"k must be a whole number .*, not {k!r}"):
            Slates.from_frame(frame, k=k)


@pytest.mark.parametrize("given", ["x.csv", [{"user_id": 1}], pl.LazyFrame({"user_id": [1]}), None])
def test_lists_are_a_frame(given):
    with pytest.raises(ArgumentError, match="frame must be a polars or pandas frame, not "):
        Slates.from_frame(given)


def test_a_score_may_be_unknown_where_there_is_a_rank():
    frame = pl.DataFrame(
        {"user_id": [1, 1], "item_id": [4, 5], "rank": [2, 1], "score": [0.5, None]}
    )
    assert Slates.from_frame(frame)[0].frame["score"].to_list() == [None, 0.5]


# --- equality and iteration -----------------------------------------------------------------


def test_equal_lists_are_equal():
    one, two, other = slate([1, 2, 3]), slate([1, 2, 3]), slate([1, 3, 2])
    assert one == two
    assert one != other
    assert one != [1, 2, 3]
    assert len({one, two, other}) == 2
    assert one.diff(other) == two.diff(other) != one.diff(two)
    assert hash(one.diff(other)) == hash(two.diff(other))


def test_equal_lists_of_many_are_equal():
    frame = pl.DataFrame({"user_id": [1, 1, 2], "item_id": [4, 5, 4], "rank": [1, 2, 1]})
    one, two = Slates.from_frame(frame), Slates.from_frame(frame)
    assert one == two
    assert hash(one) == hash(two)
    assert one != Slates.from_frame(frame, k=3)
    assert one != Slates.from_frame(frame.with_columns(item_id=pl.col("item_id") + 1))
    assert Slates(two.frame, 3, 2) != one


@pytest.mark.parametrize("reverse", [False, True])
def test_lists_come_one_by_one_as_they_come_by_row(reverse):
    frame = pl.DataFrame(
        {"row": [0, 0, 2, 3], "rank": [1, 2, 1, 1], "item_id": [7, 8, 9, 7], "score": [1.0] * 4}
    )
    steps = tuple(({"row": row},) for row in range(5))
    slates = Slates(frame, 5, 2, steps)
    given = Slates(frame.reverse(), 5, 2, steps) if reverse else slates
    assert list(given) == [slates[row] for row in range(5)]
    assert [s.steps for s in given] == list(steps)
    assert [s.items for s in given] == [[7, 8], [], [9], [7], []]


def test_going_through_lists_looks_at_the_frame_once(monkeypatch):
    slates = Slates.from_frame(
        pl.DataFrame({"user_id": range(50), "item_id": [1] * 50, "rank": [1] * 50})
    )
    monkeypatch.setattr(pl.DataFrame, "filter", lambda *_: pytest.fail("filtered for each row"))
    assert sum(len(s) for s in slates) == 50
