"""What if for many: cohorts and questions in the address, asking, and what is said."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.cohort import GUESTS, MEETING, PEOPLE, QUALITY, SLICE, Cohort, from_text, to_text
from tests.app.reading import markup, press, words

RETIRE = {"kind": "retire"}


def first_item(visitor, path):
    import polars as pl

    train = pl.read_parquet(path / "data" / "train.parquet")
    return train["item_id"].value_counts(sort=True)["item_id"][0]


@pytest.mark.parametrize(
    "cohort",
    [
        Cohort(),
        Cohort(GUESTS),
        Cohort(SLICE, "a~b_c", "x,\"y\" & 'z' = é"),
        Cohort(MEETING, conditions=(("a~b", 'x, "y"'), ("history", "31 to 65"))),
        Cohort(QUALITY, low=0.0, high=0.25),
        Cohort(PEOPLE, user_ids=(3, 4)),
        Cohort(PEOPLE, user_ids=("3", "ä~")),
    ],
)
def test_a_cohort_comes_back_from_its_address(cohort):
    assert from_text(to_text(cohort)) == cohort


def test_an_address_never_lists_many_people():
    assert to_text(Cohort(PEOPLE, user_ids=tuple(range(5_000)))) == PEOPLE
    assert from_text(json.dumps([PEOPLE, *range(21)])) is None


@given(some.one_of(some.text(max_size=80), some.binary(max_size=40).map(repr)))
def test_no_address_can_raise(text):
    found = from_text(text)
    assert found is None or isinstance(found, Cohort)


@pytest.mark.parametrize(
    "text",
    ['["quality",0.5,0.1]', '["quality",NaN,1]', '["quality",true,1]', '["slice","a"]', "[]",
     '["meeting","a"]', '["meeting","a","b","c"]',
     '["people",null]', "[" * 500],
)  # fmt: skip
def test_what_is_no_cohort_is_refused(text):
    assert from_text(text) is None


def test_ask_all_and_read_the_answer(run_path, visit):
    visitor = visit(run_path, "many")
    item = first_item(visitor, run_path)
    visitor.query_params["ask"] = json.dumps({**RETIRE, "item_id": item})
    visitor.run()
    visitor.selectbox(key="cohort_kind").set_value(GUESTS).run()
    assert visitor.query_params["cohort"] == [GUESTS] or visitor.query_params["cohort"] == GUESTS
    assert "Fewer than 20 people" in words(visitor)
    press(visitor, "ask_all")
    shown = words(visitor)
    assert "What happens" in shown
    assert "is shown to 0 of" in shown
    assert "Ranking quality (nDCG)" in shown
    figures = next(f.value for f in visitor.dataframe if "before" in f.value.columns
                   and "figure" in f.value.columns)  # fmt: skip
    assert len(figures) > 5
    # Another question has no answer yet, and the first one is still there when one goes back.
    visitor.selectbox(key="ask_kind").set_value("unsaw").run()
    assert "What happens" not in words(visitor)
    visitor.selectbox(key="ask_kind").set_value("retire").run()
    assert "is shown to 0 of" in words(visitor)


def test_a_new_title_and_a_policy(run_path, visit):
    visitor = visit(run_path, "many", cohort=GUESTS)
    visitor.selectbox(key="ask_kind").set_value("add").run()
    assert "Say what should happen" in words(visitor)
    visitor.text_input(key="ask_title").set_value("<b>Zyx</b>").run()
    press(visitor, "ask_all")
    assert "“<b>Zyx</b>” is shown to" in words(visitor)
    assert all("<b>Zyx" not in body for body in markup(visitor))
    visitor.selectbox(key="ask_kind").set_value("policy").run()
    press(visitor, "ask_all")
    assert "people are shown another list" in words(visitor)


def test_an_address_that_names_nobody_shows_everybody(run_path, visit):
    visitor = visit(run_path, "many", cohort='["slice","shoe size","44"]', ask="{")
    said = [w.value for w in visitor.warning]
    assert any("not in this run" in w for w in said)
    assert any("could not be read" in w for w in said)
    assert visitor.selectbox(key="cohort_kind").value == "everybody"


@pytest.mark.parametrize("run", ["bare_path", "hostile_path"])
def test_logs_without_ratings_or_with_hostile_titles(run, visit, request):
    path = request.getfixturevalue(run)
    visitor = visit(path, "many", cohort=GUESTS)
    item = first_item(visitor, path)
    visitor.query_params["ask"] = json.dumps({**RETIRE, "item_id": item})
    visitor.run()
    press(visitor, "ask_all")
    assert "is shown to 0 of" in words(visitor)
    for body in markup(visitor):
        assert "<script" not in body.lower()
        assert "<img" not in body.lower()
    if run == "bare_path":
        kinds = visitor.selectbox(key="ask_kind").options
        assert not any("another rating" in kind for kind in kinds)


def test_only_one_question_is_worked_out_at_once(run_path, visit):
    from app import jobs

    visitor = visit(run_path, "many", cohort=GUESTS)
    item = first_item(visitor, run_path)
    visitor.query_params["ask"] = json.dumps({**RETIRE, "item_id": item})
    visitor.run()
    with jobs._ONE:
        press(visitor, "ask_all")
        assert any("Somebody else" in w.value for w in visitor.warning)
    press(visitor, "ask_all")
    assert "is shown to 0 of" in words(visitor)
