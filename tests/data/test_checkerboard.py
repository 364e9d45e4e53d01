"""The checkerboard: what it promises, and that it tells models apart."""

import numpy as np
import polars as pl
import pytest

from workbench.data.checkerboard import checkerboard
from workbench.data.split import split
from workbench.errors import ArgumentError
from workbench.ranking.recommend import recommend
from workbench.ranking.registry import create


def right(dataset, model, people=None):
    """Share of people whose first unseen item is of their own parity."""
    people = dataset.profiles() if people is None else people
    first = recommend(model.fit(dataset), people, k=1).frame
    parity = people.attributes["parity"].to_list()
    return np.mean(
        [
            parity[row] == ("even", "odd")[item % 2]
            for row, item in first.select("row", "item_id").iter_rows()
        ]
    )


@pytest.mark.parametrize("size", [(100, 100), (7, 11), (2, 4)])
def test_people_like_their_own_parity_and_have_not_met_all_of_it(size):
    board = checkerboard(*size)
    log = board.interactions
    own = (log["user_id"] + log["item_id"]) % 2 == 0
    assert (log["value"] == pl.Series([1.0, 5.0]).gather(own.cast(pl.UInt32))).all()
    assert board.interactions["timestamp"].n_unique() == board.n_events
    assert not log.select("user_id", "item_id").is_duplicated().any()
    met = log.filter(own).group_by("user_id").len().sort("user_id")
    assert met["user_id"].to_list() == list(range(size[0]))
    for user, n in met.iter_rows():
        assert 0 < n < (size[1] + (user % 2 == 0)) // 2
    assert board.has == {"values", "timestamps", "item_features", "user_attributes"}
    assert board.relevant_from == 4.0


def test_shares_are_exact():
    board = checkerboard(10, 20, liked=0.3, disliked=0.0)
    assert board.n_events == 10 * 3
    assert (board.interactions["value"] == 5).all()
    assert checkerboard(10, 20, liked=0.3, disliked=0.5).n_events == 10 * (3 + 5)


def test_parity_is_an_attribute_and_a_genre():
    board = checkerboard(4, 4)
    assert board.users["parity"].to_list() == ["even", "odd", "even", "odd"]
    assert board.items["genres"].to_list() == [["even"], ["odd"], ["even"], ["odd"]]
    assert board.items.columns == ["item_id", "title", "genres", "year"]


def test_a_seed_is_a_world():
    assert checkerboard().fingerprint == checkerboard().fingerprint
    assert checkerboard().fingerprint != checkerboard(seed=1).fingerprint


def test_a_model_that_sees_the_person_is_right_and_one_that_does_not_is_not():
    board = checkerboard()
    assert right(board, create("ease")) == 1
    assert right(board, create("popularity")) < 0.7
    parted = split(board, guests=0.1)
    guests = parted.train.profiles(parted.guests)
    assert right(parted.train, create("ease"), guests) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_users": 1}, "n_users must be a whole number of at least 2, not 1"),
        ({"n_items": 3.0}, "n_items must be a whole number of at least 4, not 3.0"),
        ({"liked": 1}, "liked must be above 0 and below 1, not 1"),
        ({"disliked": -1}, "disliked must be from 0 to below 1, not -1"),
    ],
)
def test_arguments_that_cannot_work_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        checkerboard(**arguments)
