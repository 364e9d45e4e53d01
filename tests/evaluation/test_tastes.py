"""Taste groups: what sets a person apart, not what everybody likes."""

import polars as pl
import pytest

import workbench as wb
from workbench.evaluation.tastes import NONE, OTHER, tastes

GENRES = [["Drama"], ["Drama"], ["Drama"], ["War"], ["War"], ["Drama", "Comedy"], None]


def world(histories, genres=GENRES):
    """People with what they met in order; the last event of each is asked about."""
    rows = [
        (person, item, float(place), value)
        for person, events in histories.items()
        for place, (item, value) in enumerate(events)
    ]
    log = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp", "value"], orient="row")
    items = pl.DataFrame({"item_id": range(len(genres)), "genres": genres})
    whole = wb.Dataset.from_frames(log, items, relevant_from=4.0)
    return wb.split(whole, "leave-last")


def liked(*items, last=6):
    return [(item, 5.0) for item in (*items, last)]


def test_the_taste_is_what_a_person_likes_more_of_than_the_others():
    cut = world(
        {
            "drama": liked(0, 1, 2),
            "war": liked(0, 1, 3, 4),  # as much drama as war, but more war than others
            "comedy": liked(0, 1, 5),
            "dislikes": [(3, 1.0), (4, 2.0), (0, 5.0), (6, 5.0)],
            "nothing": [(3, 1.0), (6, 5.0)],
        }
    )
    assert dict(tastes(cut, minimum=1).rows()) == {
        "drama": "Drama",
        "war": "War",
        "comedy": "Comedy",
        "dislikes": "Drama",
        "nothing": NONE,
    }


def test_few_people_make_no_taste_and_rows_are_those_of_the_figures():
    people = {f"d{i}": liked(0, 1, 2) for i in range(3)} | {"w": liked(3, 4)}
    cut = world(people)
    found = tastes(cut, minimum=2)
    assert dict(found.rows()) == {"d0": "Drama", "d1": "Drama", "d2": "Drama", "w": OTHER}
    rows = wb.evaluate(wb.create("popularity").fit(cut.train), cut)
    assert rows["user_id"].equals(found["user_id"])


def test_an_item_without_genres_says_nothing_of_a_taste():
    cut = world({"a": liked(6, 6, 3, last=0), "b": liked(0, 1, last=6)})
    assert dict(tastes(cut, minimum=1).rows()) == {"a": "War", "b": "Drama"}


def test_what_cannot_be_told():
    cut = wb.split(wb.load("checkerboard", n_users=20, n_items=20), "leave-last")
    bare = wb.Split(cut.train.replaced(cut.train.interactions, items=None), cut.test)
    with pytest.raises(wb.CapabilityError, match="taste groups need genres"):
        tastes(bare)
    with pytest.raises(wb.ArgumentError, match="minimum must be a whole number of at least 1"):
        tastes(cut, minimum=0)
