"""Every control of What if: person, moment, policy, ledger, cases, comparisons."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import workbench as wb
from app import cache
from app.panels.everybody import around, figures
from tests.app.reading import history, keys, listed, press, words
from workbench.pipeline import Run


@pytest.fixture(scope="module")
def run(run_path):
    return Run.load(run_path)


def start_of(run, visitor):
    """The person of an address, before any edit, from the package itself."""
    guest = int(visitor.query_params["person"].partition(".")[2])
    return run.split.train.profiles([guest])[0]


def choose(visitor, key, word):
    visitor.menu_button(key=key).click(word).run()
    assert not visitor.exception, [e.value for e in visitor.exception]


def ledger(visitor):
    return keys(visitor, "back:")


def test_what_the_engine_does_not_read_says_so_and_changes_nothing(run_path, run, visit):
    assert run.engine.uses == {"as_of"}
    visitor = visit(run_path, "what_if")
    assert "This engine reads none of these" in words(visitor)
    before = listed(visitor)
    gender = visitor.selectbox(key="is:gender")
    assert "not read by the engine" in gender.label
    was = gender.value
    other = next(o for o in gender.options if o != was)
    gender.set_value(other).run()
    assert visitor.query_params["edits"] == f"is_gender_{other}"
    assert listed(visitor) == before
    assert "The two lists are the same." in words(visitor)
    assert "(not read by the engine)" in words(visitor)
    age = visitor.number_input(key="is:age")
    age.set_value(int(age.max)).run()
    assert visitor.query_params["edits"].endswith(f"~is_age_{int(age.max)}")
    assert visitor.number_input(key="is:age").value == age.max
    press(visitor, "undo")
    press(visitor, "undo")
    assert visitor.selectbox(key="is:gender").value == was


def test_a_persona_has_attributes_too(run_path, visit):
    visitor = visit(run_path, "what_if", person="nobody")
    assert visitor.selectbox(key="is:gender").value is None
    visitor.selectbox(key="is:gender").set_value("F").run()
    assert visitor.query_params["edits"] == "is_gender_F"
    visitor.selectbox(key="is:gender").set_value(None).run()
    assert visitor.query_params["edits"] == "is_gender"


def test_the_moment_winds_the_person_back_and_on(run_path, run, visit):
    visitor = visit(run_path, "what_if")
    start = start_of(run, visitor)
    times = sorted(e.timestamp for e in start.history)
    visitor.slider(key="moment_events").set_value(3).run()
    then = start.at(times[2])
    assert history(visitor) == [str(i) for i in reversed(then.items)]
    assert listed(visitor) == [str(i) for i in wb.slate(run.engine, then, 10).items]
    gone = history(visitor)[0]
    press(visitor, f"drop:{gone}")
    visitor.slider(key="moment_events").set_value(0).run()
    assert history(visitor) == []
    assert "(nothing to change at this moment)" in words(visitor)
    press(visitor, "undo")
    press(visitor, "moment_own")
    assert visitor.query_params["edits"].count("at_") == 2
    whole = [str(i) for i in start.without(int(gone)).items]
    assert history(visitor) == whole[::-1][:8]
    reached = visit(run_path, "what_if", **visitor.query_params)
    assert not reached.warning
    assert listed(reached) == listed(visitor)


def test_a_day_can_be_chosen(run_path, run, visit):
    visitor = visit(run_path, "what_if")
    day = visitor.datetime_input(key="moment_day")
    first, end = (datetime.strptime(text[:10], "%Y-%m-%d") for text in (day.min, day.max))
    assert first < day.value < end + timedelta(days=1)
    day.set_value(day.value + timedelta(days=1)).run()
    assert visitor.query_params["edits"].startswith("at_as*5Fof_")
    then = visitor.datetime_input(key="moment_day").value.replace(tzinfo=UTC)
    wanted = wb.slate(run.engine, start_of(run, visitor).at(then), 10).items
    assert listed(visitor) == [str(i) for i in wanted]


@pytest.mark.parametrize("dial", ["diversity", "calibration", "popularity_penalty", "epsilon"])
def test_a_dial_is_the_package_s_own_policy(run_path, run, visit, dial):
    visitor = visit(run_path, "what_if")
    visitor.slider(key=f"dial:{dial}").set_value(0.6).run()
    policy = wb.Policy.for_dataset(run.split.train, **{dial: 0.6})
    wanted = wb.slate(run.engine, start_of(run, visitor), 10, policy)
    assert listed(visitor) == [str(i) for i in wanted.items]
    assert visitor.query_params["edits"] == f"dial_{dial.replace('_', '*5F')}_0.6"
    shown = words(visitor)
    assert "What the policy did to this list, step by step" in shown
    assert f"{len(wanted.steps[-1]['entered'])} in, " in shown or "in another place" in shown
    assert "What it would do to everybody" in shown
    assert bool(keys(visitor, "draw")) == (dial == "epsilon")
    press(visitor, "undo")
    assert "step by step" not in words(visitor)


def test_chance_can_be_drawn_again(run_path, visit):
    visitor = visit(run_path, "what_if", edits="dial_epsilon_1")
    first = listed(visitor)
    press(visitor, "draw")
    assert visitor.query_params["edits"] == "dial_epsilon_1~dial_seed_1"
    assert listed(visitor) != first


def test_a_limit_per_genre_holds(run_path, run, visit):
    visitor = visit(run_path, "what_if")
    visitor.selectbox(key="cap:genres").set_value(2).run()
    assert visitor.query_params["edits"] == "cap_genres_2"
    genres = dict(run.split.train.items.select("item_id", "genres").iter_rows())
    shown = [g for item in listed(visitor) for g in genres[int(item)]]
    assert max(map(shown.count, shown)) <= 2
    visitor.selectbox(key="cap:genres").set_value(0).run()
    assert "step by step" not in words(visitor)


def test_rules_for_single_titles(run_path, visit):
    visitor = visit(run_path, "what_if")
    first, second, last = (listed(visitor)[i] for i in (0, 1, -1))
    choose(visitor, f"menu:{last}", "pin")
    assert listed(visitor)[0] == last
    assert "pinned" in words(visitor)
    choose(visitor, f"menu:{first}", "hide")
    assert first not in listed(visitor)
    choose(visitor, f"rule:{first}", "pin")  # no longer hidden, then pinned after the other
    assert listed(visitor)[:2] == [last, first]
    assert visitor.query_params["edits"].endswith(f"~hide_{first}_0~pin_{first}_1")
    choose(visitor, f"menu:{last}", "free")
    choose(visitor, f"rule:{first}", "free")
    assert "step by step" not in words(visitor)
    choose(visitor, f"menu:{second}", "push")
    choose(visitor, f"rule:{second}", "push")
    assert visitor.query_params["edits"].endswith(f"~lift_{second}_-1")
    assert "pushed 1" in words(visitor)
    visitor.text_input(key="rule_search").set_value("the").run()
    found = [m.key for m in visitor.menu_button if m.key.startswith("rule:")]
    choose(visitor, found[0], "lift")
    assert visitor.query_params["edits"].endswith("_0.5")


def test_the_ledger_holds_every_kind_and_goes_back_to_any(run_path, visit):
    visitor = visit(run_path, "what_if")
    gone = history(visitor)[0]
    press(visitor, f"drop:{gone}")
    visitor.slider(key="dial:diversity").set_value(0.3).run()
    visitor.selectbox(key="is:gender").set_value(None).run()
    visitor.slider(key="moment_events").set_value(2).run()
    assert ledger(visitor) == ["back:3", "back:2", "back:1", "back:0"]
    for line in ("4. Moved to", "3. Gender: not known", "2. Variety: 0.30", "1. Removed"):
        assert line in words(visitor)
    press(visitor, "back:1")
    assert visitor.query_params["undone"] == "2"
    assert words(visitor).count("(undone)") == 2
    assert visitor.slider(key="dial:diversity").value == 0.3
    press(visitor, "back:0")
    assert visitor.slider(key="dial:diversity").value == 0
    press(visitor, "back:3")
    assert "undone" not in visitor.query_params


def test_what_the_list_is_compared_with(run_path, visit):
    visitor = visit(run_path, "what_if")
    press(visitor, f"drop:{history(visitor)[0]}")
    visitor.slider(key="dial:popularity_penalty").set_value(0.9).run()
    with_policy = words(visitor)
    visitor.selectbox(key="against_choice").set_value("person").run()
    assert visitor.query_params["beside"] == "person"
    assert "Without the policy" in words(visitor)
    visitor.selectbox(key="against_choice").set_value("step").run()
    assert "One change before" in words(visitor)
    assert words(visitor) != with_policy
    press(visitor, f"drop:{history(visitor)[0]}")
    press(visitor, "undo")
    press(visitor, "undo")
    press(visitor, "undo")
    assert "Nothing is changed yet" in words(visitor)


def test_cases_are_saved_compared_opened_and_shared(run_path, run, visit):
    visitor = visit(run_path, "what_if")
    assert not keys(visitor, "open:")
    plain = listed(visitor)
    visitor.text_input(key="case_name").set_value("  as <b>they</b>\nare ").run()
    press(visitor, "save")
    assert visitor.text_input(key="case_name").value == ""
    visitor.slider(key="dial:diversity").set_value(0.9).run()
    dialled = listed(visitor)
    press(visitor, "save")
    press(visitor, "random")
    press(visitor, "beside:1")
    assert visitor.query_params["beside"] == "1"
    assert "Saved: Case 2" in words(visitor)
    other = visit(run_path, "what_if", **visitor.query_params)  # the address holds them all
    assert "Saved: Case 2" in words(other)
    press(other, "open:1")
    assert listed(other) == dialled
    assert "The two lists are the same." in words(other)
    press(other, "open:0")
    assert listed(other) == plain
    assert "as <b>they</b> are" in words(other)
    press(other, "forget:0")
    assert keys(other, "open:") == ["open:0"]
    assert "beside" not in other.query_params


def test_a_case_of_the_same_name_is_kept_once_and_there_is_an_end(run_path, visit):
    visitor = visit(run_path, "what_if", person="nobody")
    for _ in range(2):
        visitor.text_input(key="case_name").set_value("one").run()
        press(visitor, "save")
    assert keys(visitor, "open:") == ["open:0"]
    full = "!".join(f"c{i}_nobody__0" for i in range(12))
    visitor = visit(run_path, "what_if", person="nobody", cases=full)
    visitor.text_input(key="case_name").set_value("more").run()
    press(visitor, "save")
    assert "No room" in visitor.toast[0].value
    assert len(keys(visitor, "open:")) == 12


def test_a_random_guest_of_a_given_quality(run_path, run, visit):
    visitor = visit(run_path, "what_if")
    rows = run.rows.filter((pl.col("model") == "engine") & pl.col("guest"))
    best = rows.sort("ndcg").tail(1)
    high = float(best["ndcg"][0])
    low = int(high * 20) / 20
    visitor.slider(key="quality").set_value((low, 1.0)).run()
    wanted = set(rows.filter(pl.col("ndcg") >= low)["user_id"])
    assert f"{len(wanted)} of " in words(visitor)
    if not visitor.button(key="random_quality").disabled:
        press(visitor, "random_quality")
    assert int(visitor.query_params["person"].partition(".")[2]) in wanted


def test_a_full_ledger_takes_no_more(run_path, visit):
    visitor = visit(run_path, "what_if", person="nobody", edits="~".join(["hide_5_0"] * 300))
    visitor.slider(key="dial:diversity").set_value(0.5).run()
    assert visitor.slider(key="dial:diversity").value == 0
    assert "all that one case can hold" in visitor.toast[0].value
    assert len(visitor.query_params["edits"].split("~")) == 300


def test_a_bare_log_says_what_it_cannot_do_and_does_the_rest(bare_path, visit):
    visitor = visit(bare_path, "what_if")
    shown = words(visitor)
    assert "Nothing is known of the people of this log but what they did." in shown
    assert "This log has no times, so there is no moment to move." in shown
    assert "This log has no genres" in shown
    assert {s.key for s in visitor.slider} == {
        "quality", "dial:popularity_penalty", "dial:epsilon",
    }  # fmt: skip
    last = listed(visitor)[-1]
    choose(visitor, f"menu:{last}", "pin")
    assert listed(visitor)[0] == last
    visitor.slider(key="dial:popularity_penalty").set_value(1.0).run()
    assert not visitor.exception
    assert "Less of the popular" in words(visitor)


def test_parameters_of_others_stay_in_the_address(run_path, visit):
    visitor = visit(run_path, "what_if", person="nobody", cohort="women")
    assert visitor.query_params["cohort"] == "women"
    visitor.slider(key="dial:epsilon").set_value(0.5).run()
    assert visitor.query_params["cohort"] == "women"
    assert visitor.query_params["edits"] == "dial_epsilon_0.5"


# --- everybody --------------------------------------------------------------------------------

POINTS = pl.DataFrame(
    {
        "dial": "diversity",
        "value": [0.0, 0.2, 0.4, 0.4],
        "metric": ["ndcg", "ndcg", "ndcg", "coverage"],
        "mean": [0.2, 0.19, 0.17, 0.5],
        "difference": [0.0, -0.01, -0.03, 0.1],
        "difference_low": [0.0, -0.015, -0.04, None],
        "difference_high": [0.0, -0.005, -0.02, None],
        "n": 80,
    }
)


@pytest.mark.parametrize(
    ("value", "near"),
    [(0.4, [0.4]), (0.3, [0.2, 0.4]), (0.1, [0.2]), (0.9, [0.4]), (0.2, [0.2])],
)
def test_the_nearest_measured_points(value, near):
    assert around([0.0, 0.4, 0.2, 0.4], value) == near
    assert around([0.0], value) == []


def test_figures_of_everybody_stand_with_their_paired_intervals():
    table = figures(POINTS, [0.2, 0.4])
    assert table.columns == [
        "metric", "off", "at 0.2", "change at 0.2", "at 0.4", "change at 0.4",
    ]  # fmt: skip
    assert table.rows() == [
        ("Ranking quality (nDCG)", "0.200", "0.190", "−0.010 (−0.015 to −0.005)", "0.170",
         "−0.030 (−0.040 to −0.020)"),
        ("Coverage", None, None, None, "0.500", "+0.100"),
    ]  # fmt: skip


def test_a_run_s_own_frontier_is_shown_for_what_is_on(run_path, run, visit):
    visitor = visit(run_path, "what_if", edits="dial_diversity_0.3~cap_genres_3~pin_5_1")
    tables = [frame.value for frame in visitor.dataframe[-2:]]
    assert list(tables[0].columns)[2::2] == ["at 0.25", "at 0.5"]
    assert list(tables[1].columns)[2::2] == ["at 3"]
    kept = run.frontier.filter(pl.col("metric") == "ndcg", pl.col("dial") == "cap")
    ndcg = tables[1].set_index("metric").loc["Ranking quality (nDCG)"]
    off, at = (kept.filter(pl.col("value") == v)["mean"][0] for v in (0.0, 3.0))
    assert (ndcg["off"], ndcg["at 3"]) == (f"{off:.3f}", f"{at:.3f}")
    shown = words(visitor)
    assert "Measured at the nearest values" in shown
    assert "Measured at this value" in shown
    assert f"on {kept['n'][0]} people" in shown
    assert "Not measured beforehand: pins." in shown


def test_a_run_without_a_frontier_says_so(run_path, visit, monkeypatch):
    visitor = visit(run_path, "what_if", edits="dial_diversity_0.3")
    assert "This run did not" not in words(visitor)
    monkeypatch.setitem(vars(cache.world().run), "frontier", POINTS.clear())
    visitor.slider(key="dial:diversity").set_value(0.4).run()
    assert "This run did not measure policies on everybody" in words(visitor)
