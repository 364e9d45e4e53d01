"""Why: the waterfall, what removal does, the smallest change, why not, and what stands above."""

import re

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

import workbench as wb
from app.address import to_address
from app.panels.effects import Effect, table
from app.panels.parts import valued
from app.panels.waterfall import Step, signed, waterfall
from app.state import PIN, Case, Edit
from app.words import dial_name
from tests.app.reading import HOSTILE, history, listed, markup, press, words
from workbench.pipeline import Run
from workbench.pipeline.folder import Run as Folder


def ask(visitor, item_id, question=None):
    """Open the reason of an item, and one of its questions."""
    press(visitor, f"why:{item_id}")
    return visitor if question is None else turn(visitor, f"question:{item_id}", question)


def turn(visitor, key, value):
    """Choose in a row of buttons."""
    next(b for b in visitor.get("button_group") if b.key == key).set_value(value).run()
    assert not visitor.exception, [e.value for e in visitor.exception]
    return visitor


def guest_of(run):
    user_id = run.split.guests[0]
    return run.split.train.profiles([user_id])[0]


def falls(visitor):
    """Rows of the waterfalls: name and number as they are written."""
    found = "".join(body for body in markup(visitor) if "wb-fall" in body)
    rows = re.findall(
        r'class="wb-fall-row ([^"]+)"><span class="wb-fall-name"[^>]*>([^<]*).*?'
        r'wb-fall-number">([^<]*)<',
        found,
    )
    return [(kind, name, float(number.replace("−", "-"))) for kind, name, number in rows]


# --- the markup -------------------------------------------------------------------------------


def test_a_waterfall_draws_every_bar_where_the_one_before_it_ended():
    steps = [Step("up", 2.0, parts=[Step("a", 3.0), Step("b", -1.0)]), Step("down", -0.5)]
    drawn = waterfall(("Start", -1.0), steps, ("Score", 0.5), "what")
    bars = re.findall(r"wb-fall-(for|against)\" style=\"left:([\d.]+)%;width:([\d.]+)%", drawn)
    scale = 94 / 3.0  # the heights go from -1 to 2
    wanted = [("for", -1, 2), ("for", -1, 3), ("against", 1, 1), ("against", 0.5, 0.5)]
    for (side, left, width), (side_, low, size) in zip(bars, wanted, strict=True):
        assert side == side_
        assert float(left) == pytest.approx(3 + scale * (low + 1), abs=0.01)
        assert float(width) == pytest.approx(scale * size, abs=0.01)
    ends = re.findall(r'wb-fall-at" style="left:([\d.]+)%', drawn)
    assert [float(e) for e in ends] == pytest.approx([3, 3 + scale * 1.5], abs=0.01)
    assert drawn.count("<summary") == drawn.count("</summary>") == 1


@pytest.mark.parametrize("title", HOSTILE[:-1])
def test_no_title_gets_through_the_markup(title):
    drawn = waterfall(("s", 0.0), [Step(title, 1.0, title)], ("e", 1.0), title)
    drawn += table([Effect(title, title, 0.1, None, 0.2, 3, True)], title)
    known = r"</?(div|span|details|summary|table|thead|tbody|tr|th|td)\b[^<>]*>"
    assert not re.search("[<>]", re.sub(known, "", drawn))


def test_nothing_to_draw_is_drawn_all_the_same():
    assert "+0.00" not in waterfall(("s", 0.0), [], ("e", 0.0), "w")
    assert [signed(x) for x in (None, float("nan"), -0.001, 0.0, -1.0)] == [
        "–", "–", "0.00", "0.00", "−1.00",
    ]  # fmt: skip


def test_values_of_features_are_written_as_people_write_them():
    said = [valued(x) for x in (None, 1981.0, 3.3e-7, -0.25, 17.32)]
    assert said == ["unknown", "1981", "0", "-0.25", "17.3"]
    assert valued(3.0, "years") == "3 years"


def test_a_row_says_what_removal_does_to_the_place():
    def then(rank, stays):
        row = table([Effect("a", "", None, None, 0.5, rank, stays)], "Without")
        return re.sub("<[^>]+>", "", row.rsplit('data-of="Then">', 1)[1])

    assert then(14, False) == "✗ out, rank 14"
    assert then(2, True) == "still in, rank 2"
    assert then(1200, None) == "rank 1,200"
    assert then(None, False) == "✗ out, not ranked"


def test_small_effects_stay_small_beside_large_ones():
    small = [Effect("the moment", "", None, None, 0.01, 2, True)]
    assert "width:50.0%" in table(small, "Without", shares=False)
    assert "width:0.5%" in table(small, "Without", shares=False, scale=1.0)


# --- the reason -------------------------------------------------------------------------------


def test_the_waterfall_starts_at_the_base_and_ends_at_the_score(run_path, visit):
    visitor = visit(run_path, "what_if")
    item = listed(visitor)[0]
    ask(visitor, item)
    run = Run.load(run_path)
    why = wb.explain(run.engine, guest_of(run), int(item), titles={})
    shown = falls(visitor)
    ends = [number for kind, _, number in shown if "end" in kind]
    assert ends == [round(why.base, 2), round(why.score, 2)]
    groups = {name: number for kind, name, number in shown if "group" in kind}
    wanted = {g[:1].upper() + g[1:]: round(s, 2) for g, s in why.groups.iter_rows()}
    assert groups == pytest.approx(wanted, abs=0.0051)
    parts = [number for kind, _, number in shown if "part" in kind]
    assert len(parts) == why.features.height
    assert sum(parts) == pytest.approx(why.score - why.base, abs=0.005 * len(parts))

    turn(visitor, f"by:{item}", "events")
    shown = falls(visitor)
    ends = [number for kind, _, number in shown if "end" in kind]
    assert ends == [round(why.event_base, 2), round(why.score, 2)]
    assert "the same person without a history" in words(visitor)
    rows = [number for kind, _, number in shown if "group" in kind or "flat" in kind]
    assert sum(rows) == pytest.approx(why.score - why.event_base, abs=0.005 * len(rows))


def test_share_and_removal_of_each_event_stand_side_by_side(run_path, visit):
    visitor = visit(run_path, "what_if")
    item = listed(visitor)[0]
    ask(visitor, item)
    run = Run.load(run_path)
    why = wb.explain(run.engine, guest_of(run), int(item), titles={})
    frame = next(f.value for f in visitor.dataframe if "rank_without" in f.value)
    exact = dict(why.events.select("item_id", "removal").iter_rows())
    titles = dict(run.split.train.items.select("title", "item_id").iter_rows())
    assert {titles[t]: r for t, r in zip(frame["title"], frame["removal"], strict=True)} == (
        pytest.approx(exact)
    )
    assert frame["share"].sum() == pytest.approx(why.score - why.event_base, abs=1e-4)
    body = next(b for b in markup(visitor) if "<table" in b)
    assert body.count("<tr") == 9  # the head and the 8 strongest
    assert signed(float(why.events["removal"].abs().max())).strip("+") in body


def test_more_exact_shrinks_the_error_that_is_shown(run_path, visit):
    visitor = visit(run_path, "what_if")
    ask(visitor, listed(visitor)[0])

    def error():
        return float(re.search(r"± ([\d.]+) at most", words(visitor)).group(1))

    first = error()
    press(visitor, "exact")
    second = error()
    press(visitor, "exact")
    assert error() < second < first


def test_rules_of_the_list_have_a_line_of_their_own(run_path, visit):
    visitor = visit(run_path, "what_if")
    item = int(listed(visitor)[-1])
    assert "rules of the list" not in words(ask(visitor, item))
    guest = Run.load(run_path).split.guests[0]
    case = Case("guest", guest, (Edit(PIN, item, 1),))
    pinned = visit(run_path, "what_if", **to_address(case, item))
    assert "What the rules of the list did to it" in words(pinned)
    frame = next(f.value for f in pinned.dataframe if "effect" in f.value)
    assert frame["rank_after"].iloc[-1] == 1
    assert frame["step"].to_list() == [dial_name("pin")]


# --- the other questions ----------------------------------------------------------------------


def test_the_smallest_change_is_told_and_can_be_tried(run_path, visit):
    visitor = visit(run_path, "what_if")
    run = Run.load(run_path)
    person = guest_of(run)
    for item in reversed(listed(visitor)):
        found = wb.counterfactual(run.engine, person, int(item), 10)
        if found.found:
            break
    assert found.found
    ask(visitor, item, "change")
    assert found.sentence in words(visitor)
    told = words(visitor)
    assert "Checked: the list was made again" in told
    press(visitor, "try")
    assert "why" not in visitor.query_params
    assert item not in listed(visitor)
    assert not {str(i) for i in found.remove} & set(history(visitor))
    done = [f"{do}_{i}" for do in ("drop", "hide") for i in found.remove]
    assert [e.removesuffix("_1") for e in visitor.query_params["edits"].split("~")] == done
    assert "What is taken away also stays out of the list" in told
    press(visitor, "undo")


def test_a_change_that_is_tried_gives_the_list_that_was_certified(run_path, visit):
    """Also where the item that was taken away would come back, and push the other out again."""
    run = Run.load(run_path)
    person = guest_of(run)
    items = wb.slate(run.engine, person, 25).items
    asked = (wb.counterfactual(run.engine, person, item, 10) for item in items)
    back = [
        found
        for found in asked
        if found and set(found.remove) & set(wb.slate(run.engine, found.profile, 10).items)
    ]
    assert back  # else the rule is not seen at work
    for found in back[:2]:
        case = Case("guest", run.split.guests[0])
        visitor = visit(run_path, "what_if", **to_address(case, found.item_id))
        turn(visitor, f"question:{found.item_id}", "change")
        press(visitor, "try")
        assert listed(visitor) == [str(item) for item in found.slate_after.items]
        assert (str(found.item_id) in listed(visitor)) == (found.goal == "enter")


def test_a_title_that_is_not_there_is_followed_through_the_funnel(run_path, visit):
    visitor = visit(run_path, "what_if")
    run = Run.load(run_path)
    person = guest_of(run)
    item = listed(visitor)[0]
    ask(visitor, item, "other")
    missing = next(i for i in run.split.train.catalogue.ids if str(i) not in listed(visitor))
    title = dict(run.split.train.items.select("item_id", "title").iter_rows())[missing]
    visitor.text_input(key="why_not").set_value(title).run()
    found = wb.funnel(run.engine, person, missing, 10, titles={missing: title})
    shown = words(visitor)
    assert found.sentence in shown
    for detail in found.frame["detail"]:
        assert detail in shown
    assert "What would bring it in?" in shown
    press(visitor, "whole")
    assert visitor.query_params["why"] == str(missing)
    assert found.sentence in words(visitor)
    assert "What speaks for it, and against it" in words(visitor)


def test_a_search_for_nothing_finds_nothing(run_path, visit):
    visitor = visit(run_path, "what_if")
    ask(visitor, listed(visitor)[0], "other")
    visitor.text_input(key="why_not").set_value("zzzz").run()
    assert "Nothing by that name" in words(visitor)


def test_why_one_stands_above_another(run_path, visit):
    visitor = visit(run_path, "what_if")
    run = Run.load(run_path)
    person = guest_of(run)
    first, second, third = (int(i) for i in listed(visitor)[:3])
    ask(visitor, first, "above")
    assert wb.why_above(run.engine, person, first, second).sentence in words(visitor)
    visitor.selectbox(key=f"against:{first}").set_value(third).run()
    found = wb.why_above(run.engine, person, first, third)
    assert found.sentence in words(visitor)
    ends = [number for kind, _, number in falls(visitor) if "end" in kind]
    lead = round(found.score_above - found.score_below, 2)
    assert ends == pytest.approx([0.0, lead, round(found.event_base, 2), lead], abs=0.0051)
    # From below the order is the same: the upper one stands above.
    below = visit(run_path, "what_if", **visitor.query_params | {"why": str(second)})
    turn(below, f"question:{second}", "above")
    below.selectbox(key=f"against:{second}").set_value(first).run()
    assert wb.why_above(run.engine, person, first, second).sentence in words(below)


def test_a_rule_that_turned_two_round_is_told(run_path, visit):
    run = Run.load(run_path)
    person = guest_of(run)
    first, second = wb.slate(run.engine, person, 10).items[:2]
    policy = wb.Policy(pin=[second])
    case = Case("guest", run.split.guests[0], (Edit(PIN, second, 1),))
    visitor = visit(run_path, "what_if", **to_address(case, second))
    turn(visitor, f"question:{second}", "above")
    visitor.selectbox(key=f"against:{second}").set_value(first).run()
    found = wb.why_above(run.engine, person, second, first, policy=policy)
    assert found.sentence in words(visitor)
    assert "ranks these two the other way round" in words(visitor)
    frame = next(f.value for f in visitor.dataframe if "turned" in f.value)
    assert frame["step"].tolist() == ["Pin to the top"]
    assert frame["effect_above"].tolist() == ["from rank 2 to 1"]
    assert frame["turned"].tolist() == [True]


# --- who has little ---------------------------------------------------------------------------


def test_somebody_without_a_history_gets_the_reasons_there_are(run_path, visit):
    visitor = visit(run_path, "what_if", person="nobody")
    item = listed(visitor)[0]
    ask(visitor, item)
    assert "no history to take away" in words(visitor)
    assert falls(visitor)
    turn(visitor, f"question:{item}", "change")
    assert not [b for b in visitor.button if b.key == "drop"]
    turn(visitor, f"question:{item}", "above")
    assert "no history that could speak" in words(visitor)


@pytest.mark.parametrize("question", [None, "change", "above", "other"])
def test_hostile_titles_stay_text(hostile_path, visit, question):
    visitor = visit(hostile_path, "what_if")
    ask(visitor, listed(visitor)[0], question)
    for body in markup(visitor):
        for attack in ("<script", "<img", "</style><h1", "<h1"):
            assert attack not in body
        assert "x" * 300 not in body
    for element in [*visitor.markdown, *visitor.caption]:
        assert "pixel" not in element.value
        assert "alert" not in element.value


@pytest.mark.parametrize("question", [None, "change", "above", "other"])
def test_a_log_of_bare_ids_has_reasons_too(bare_path, visit, question):
    visitor = visit(bare_path, "what_if")
    item = listed(visitor)[0]
    ask(visitor, item, question)
    assert not visitor.error
    if question is None:
        assert f"item {item}" in words(visitor)
        assert "★" not in "".join(b for b in markup(visitor) if "<table" in b)
    if question == "change":
        labels = [str(o) for b in visitor.get("button_group") for o in b.options]
        assert "Take something away" in labels
        assert "Rate something anew" not in labels
    if question == "other":
        assert visitor.text_input(key="why_not").label == "Which item id is missing?"


def _without_features():
    import streamlit as st

    import workbench as wb
    from app import cache
    from app.panels import parts, removals

    world = cache.world()
    train = world.split.train
    model = wb.create("ease").fit(train)
    person = train.profiles([world.split.guests[0]])[0]
    why = wb.explain(model, person, wb.slate(model, person, 10).items[0])
    parts.show(world, why)
    removals.show(world, why)
    st.text(f"{why.base:.2f} to {why.score:.2f}")


def test_a_model_without_features_is_taken_apart_by_event(run_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_RUN", str(run_path))
    visitor = AppTest.from_function(_without_features, default_timeout=60).run()
    assert not visitor.exception
    assert not visitor.get("button_group")  # nothing to choose between
    ends = [number for kind, _, number in falls(visitor) if "end" in kind]
    assert f"{ends[0]:.2f} to {ends[1]:.2f}" in words(visitor)
    assert "More exact" not in [b.label for b in visitor.button]  # a closed form is exact


# --- how good it is ---------------------------------------------------------------------------


def measured(verdict):
    return pl.DataFrame(
        {
            "type": ["removal"], "measure": ["deletion"], "value": [0.5], "low": [0.4],
            "high": [0.6], "random": [0.45], "gain": [0.05], "gain_low": [-0.1],
            "gain_high": [0.2], "n": [16], "verdict": [verdict], "definition": ["as planted"],
        }
    )  # fmt: skip


@pytest.mark.parametrize("verdict", ["weak", "strong"])
def test_a_weak_explanation_is_called_weak(run_path, visit, monkeypatch, verdict):
    monkeypatch.setattr(Folder, "fidelity", property(lambda _: measured(verdict)))
    visitor = visit(run_path, "what_if")
    ask(visitor, listed(visitor)[0])
    said = [b for b in markup(visitor) if "wb-say" in b and "Effects of removal" in b]
    assert bool(said) == (verdict == "weak")
    frame = next(f.value for f in visitor.dataframe if "definition" in f.value)
    assert frame["random"].tolist() == [0.45]
    assert f"({verdict})" in words(visitor)


def test_a_run_that_measured_nothing_says_so(run_path, visit, monkeypatch):
    monkeypatch.setattr(Folder, "fidelity", property(lambda _: measured("weak").clear()))
    visitor = visit(run_path, "what_if")
    ask(visitor, listed(visitor)[0])
    assert "did not measure its explanations" in words(visitor)


def test_the_run_s_own_figures_are_shown(run_path, visit):
    visitor = visit(run_path, "what_if")
    ask(visitor, listed(visitor)[0])
    kept = Run.load(run_path).fidelity
    frame = next(f.value for f in visitor.dataframe if "definition" in f.value)
    assert np.allclose(frame["value"], kept["value"].to_numpy(), equal_nan=True)
