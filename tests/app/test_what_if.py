"""Edits, undo and redo, the address, and two visitors at once."""

import numpy as np
import pytest

import workbench as wb
from app.cache import _arrays
from app.state import Case
from tests.app.reading import history, keys, listed, press, words
from workbench.pipeline import Run


def test_the_list_is_the_package_s_own(run_path, visit):
    run = Run.load(run_path)
    guest = run.split.guests[1]
    visitor = visit(run_path, "what_if", person=f"guest.{guest}")
    profile = run.split.train.profiles([guest])[0]
    wanted = wb.slate(run.engine, profile, 10).items
    assert listed(visitor) == [str(i) for i in wanted]
    gone = history(visitor)[0]
    press(visitor, f"drop:{gone}")
    wanted = wb.slate(run.engine, profile.without(int(gone)), 10).items
    assert listed(visitor) == [str(i) for i in wanted]


def test_add_rate_remove_undo_redo_start_again(run_path, visit):
    visitor = visit(run_path, "what_if", person="nobody")
    assert history(visitor) == []
    empty = listed(visitor)
    assert len(empty) == 10
    visitor.text_input(key="search").set_value("the").run()
    first = keys(visitor, "add:")[0].removeprefix("add:")
    press(visitor, f"add:{first}")
    assert history(visitor) == [first]
    assert first not in listed(visitor)
    assert visitor.text_input(key="search").value == ""
    assert visitor.query_params["edits"] == f"add_{first}_5"
    visitor.selectbox(key=f"rate:{first}").set_value(1.0).run()
    assert visitor.query_params["edits"] == f"add_{first}_5~rate_{first}_1"
    assert "★ 1" in words(visitor)
    press(visitor, f"drop:{first}")
    assert history(visitor) == []
    press(visitor, "undo")
    assert history(visitor) == [first]
    assert visitor.selectbox(key=f"rate:{first}").value == 1.0
    press(visitor, "undo")
    assert visitor.selectbox(key=f"rate:{first}").value == 5.0
    press(visitor, "redo")
    assert visitor.selectbox(key=f"rate:{first}").value == 1.0
    assert visitor.query_params["undone"] == "1"
    press(visitor, "restart")
    assert history(visitor) == []
    assert listed(visitor) == empty
    assert visitor.button(key="undo").disabled
    assert not visitor.button(key="redo").disabled
    press(visitor, "redo")
    assert history(visitor) == [first]


def test_a_new_edit_forgets_what_was_undone(run_path, visit):
    visitor = visit(run_path, "what_if")
    one, two = history(visitor)[:2]
    press(visitor, f"drop:{one}")
    press(visitor, "undo")
    press(visitor, f"drop:{two}")
    assert visitor.query_params["edits"] == f"drop_{two}"
    assert visitor.button(key="redo").disabled


def test_what_moved_is_told(run_path, visit):
    visitor = visit(run_path, "what_if", person="nobody")
    before = listed(visitor)
    visitor.text_input(key="search").set_value("the").run()
    press(visitor, keys(visitor, "add:")[0])
    after = listed(visitor)
    entered = len(set(after) - set(before))
    assert f"{entered} new" in words(visitor)
    assert "The two lists" in words(visitor)


def test_the_reason_adds_up_on_the_screen(run_path, visit):
    visitor = visit(run_path, "what_if")
    item = listed(visitor)[0]
    press(visitor, f"why:{item}")
    assert visitor.query_params["why"] == item
    shown = words(visitor)
    assert "What speaks for it, and against it" in shown
    assert "It adds up" in shown
    assert "What if each of these had not been?" in shown
    numbers = next(f.value for f in visitor.dataframe if "meaning" in f.value)["share"]
    run = Run.load(run_path)
    profile = run.split.train.profiles([run.split.guests[0]])[0]
    why = wb.explain(run.engine, profile, int(item))
    assert np.isclose(numbers.sum() + why.base, why.score, atol=1e-4)
    gone = history(visitor)[0]
    press(visitor, f"drop:{gone}")  # an edit closes the reason
    assert "why" not in visitor.query_params


def test_an_address_brings_the_same_back(run_path, visit):
    one = visit(run_path, "what_if")
    for key in history(one)[:3]:
        press(one, f"drop:{key}")
    press(one, "undo")
    press(one, f"why:{listed(one)[2]}")
    other = visit(run_path, "what_if", **one.query_params)
    assert listed(other) == listed(one)
    assert history(other) == history(one)
    assert other.query_params == one.query_params
    assert not other.warning
    assert not other.button(key="redo").disabled


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"person": "guest.999999"}, "not in this run"),
        ({"person": "guest.007x"}, "not in this run"),
        ({"person": "<script>"}, "not in this run"),
        ({"person": "nobody", "edits": "add_99999_5"}, "1 part left out"),
        ({"person": "nobody", "edits": "add_5_nan~add_5_99~add_5_-1~add_5_1e400"}, "4 parts"),
        ({"person": "nobody", "edits": "drop_5"}, "1 part left out"),
        ({"person": "nobody", "edits": "add_5_4~add_5_4"}, "1 part left out"),
        ({"person": "nobody", "edits": "hack_5~~_~add_~add_*ZZ"}, "5 parts"),
        ({"person": "nobody", "edits": "add_5_4", "undone": "7"}, "1 part left out"),
        ({"person": "nobody", "undone": "-1"}, "1 part left out"),
        ({"person": "nobody", "why": "nothing"}, "1 part left out"),
        ({"person": "nobody", "edits": "~".join(["add_5_4"] * 5000)}, "1 part left out"),
    ],
)
def test_a_bad_address_falls_back_and_says_so(run_path, visit, parameters, told):
    visitor = visit(run_path, "what_if", **parameters)
    assert not visitor.exception
    assert told in visitor.warning[0].value
    assert len(listed(visitor)) == 10
    assert "<script" not in visitor.warning[0].value


def test_a_known_person_comes_with_a_warning(run_path, visit):
    visitor = visit(run_path, "what_if")
    assert not visitor.warning
    visitor.get("button_group")[0].set_value("known").run()
    assert "The engine remembers this person" in visitor.warning[0].value
    # The split says who is a guest; the address cannot pass a known person off as one.
    someone = visitor.query_params["person"].replace("known", "guest")
    other = visit(run_path, "what_if", person=someone)
    assert "The engine remembers this person" in other.warning[0].value
    assert other.query_params["person"].startswith("known.")


def test_random_gives_somebody_else_without_changes(run_path, visit):
    visitor = visit(run_path, "what_if")
    press(visitor, f"drop:{history(visitor)[0]}")
    before = visitor.query_params["person"]
    press(visitor, "random")
    assert visitor.query_params["person"] != before
    assert "edits" not in visitor.query_params


def test_the_case_outlives_a_look_at_another_screen(run_path, visit):
    visitor = visit(run_path, "what_if")
    press(visitor, f"drop:{history(visitor)[0]}")
    seen = listed(visitor), history(visitor), dict(visitor.query_params)
    visitor.switch_page("screens/models.py")
    visitor.query_params.clear()
    visitor.run()
    visitor.switch_page("screens/what_if.py")
    visitor.query_params.clear()
    visitor.run()
    assert (listed(visitor), history(visitor), dict(visitor.query_params)) == seen


def test_two_visitors_never_see_each_other(run_path, visit):
    """Both edit by turns; each always sees what the package says of its own person."""
    run = Run.load(run_path)
    rng = np.random.default_rng(0)
    people = {}
    for guest in run.split.guests[:2]:
        visitor = visit(run_path, "what_if", person=f"guest.{guest}")
        people[guest] = [visitor, run.split.train.profiles([guest])[0]]
    for turn in range(16):
        guest = list(people)[turn % 2]
        visitor, profile = people[guest]
        gone = history(visitor)[int(rng.integers(0, 4))]
        press(visitor, f"drop:{gone}")
        people[guest][1] = profile = profile.without(int(gone))
        for visitor, profile in people.values():
            assert history(visitor) == [str(i) for i in reversed(profile.items)][:8]
            wanted = wb.slate(run.engine, profile, 10).items
            assert listed(visitor) == [str(i) for i in wanted]


def test_what_all_visitors_share_cannot_be_written_to(run_path, monkeypatch):
    from app import cache

    monkeypatch.setenv("WORKBENCH_RUN", str(run_path))
    cache._opened.clear()  # as it is opened, before any screen has asked for more
    world = cache.world()
    assert cache.world() is world
    arrays = list(_arrays([world.engine, world.split]))
    assert len(arrays) > 10
    assert not [a for a in arrays if a.flags.writeable]
    with pytest.raises(ValueError, match="read-only"):
        arrays[0][...] = 0
    profile = world.start(Case())
    again = wb.slate(Run.load(run_path).engine, profile, 10)
    assert cache.slate(world, Case(), profile).frame.equals(again.frame)
