"""What an audit of lists says that it could not ask."""

import polars as pl
import pytest

import workbench as wb
from workbench.audit.unasked import NEEDS_A_MODEL, asked_in_part, unasked
from workbench.errors import ArgumentError


def lists(split, k=5, drop=()):
    ids, people = split.people()
    frame = wb.recommend(wb.create("popularity").fit(split.train), people, k=k).frame
    frame = frame.with_columns(user_id=pl.Series([ids[row] for row in frame["row"]]))
    return frame.select("user_id", "item_id", "rank").filter(~pl.col("user_id").is_in(list(drop)))


def questions(frame):
    return frame["question"].to_list()


def test_what_needs_a_model_is_named_with_its_reason(audited):
    split = audited[0]
    frame = unasked(wb.Slates.from_frame(lists(split)), split)
    assert questions(frame)[: len(NEEDS_A_MODEL)] == [row[0] for row in NEEDS_A_MODEL]
    for word in ("decision", "flip test", "features", "explanations", "mitigation", "simulation"):
        assert any(word in question for question in questions(frame))
    assert frame.null_count().sum_horizontal().item() == 0


def test_what_the_lists_or_the_log_lack_is_named(audited):
    split = audited[0]
    frame = lists(split)
    sure = "How sure was it of each place?"
    assert sure in questions(unasked(wb.Slates.from_frame(frame), split))
    scored = frame.with_columns(score=1.0 / pl.col("rank"))
    assert sure not in questions(unasked(wb.Slates.from_frame(scored), split))
    by_group = "For whom does it work, by group?"
    assert by_group not in questions(unasked(wb.Slates.from_frame(frame), split))
    bare = wb.split(wb.Dataset(split.train.interactions, name="bare"))
    ids, _ = bare.people()
    few = pl.DataFrame({"user_id": ids[:3], "item_id": [1, 2, 3], "rank": [1, 1, 1]})
    asked = questions(unasked(wb.Slates.from_frame(few), bare))
    assert by_group in asked
    assert "Who gets shown, by genres and by decade?" in asked


def test_how_many_are_asked_in_part_is_counted(audited):
    split = audited[0]
    ids, people = split.people()
    others = [id_ for id_ in split.train.people.ids if id_ not in ids]
    frame = lists(split, drop=ids[:4])
    assert asked_in_part(wb.Slates.from_frame(frame), split)["n"].to_list() == [4]
    met = people[10].items[0]
    frame = pl.concat(
        [
            frame.filter((pl.col("user_id") != ids[10]) | (pl.col("rank") < 5)),
            pl.DataFrame({"user_id": [ids[10]], "item_id": [met], "rank": [5]}),
            pl.DataFrame({"user_id": others[:2], "item_id": [1, 1], "rank": [1, 1]}),
        ],
        how="vertical_relaxed",
    ).filter((pl.col("user_id") != ids[20]) | (pl.col("rank") < 3))
    counts = dict(asked_in_part(wb.Slates.from_frame(frame), split).select("question", "n").rows())
    assert counts == {
        "People with something to find, and no list": 4,
        **({"Lists of people with nothing to find": len(others[:2])} if others else {}),
        "Lists shorter than 5 places": 1,
        "Places given to what the person had already met": 1,
    }
    counts = dict(
        asked_in_part(wb.Slates.from_frame(frame), split, 2).select("question", "n").rows()
    )
    assert "Lists shorter than 2 places" not in counts


def test_lists_in_the_order_of_the_people_need_no_ids(audited):
    split = audited[0]
    slates = wb.recommend(wb.create("popularity").fit(split.train), split.people()[1], k=5)
    assert asked_in_part(slates, split).height == 0
    assert unasked(slates, split).height == len(NEEDS_A_MODEL)


def test_arguments_that_cannot_work(audited):
    split = audited[0]
    slates = wb.Slates.from_frame(lists(split))
    with pytest.raises(ArgumentError, match="k=6 and the slates have 5 places"):
        unasked(slates, split, 6)
    with pytest.raises(ArgumentError, match="slates must be Slates, not DataFrame"):
        asked_in_part(slates.frame, split)
