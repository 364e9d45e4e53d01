"""The screen Inside: what the engine looks at, on runs of every kind."""

import polars as pl
import pytest

import workbench as wb
from app import inside
from tests.app.reading import HOSTILE, markup, press, words
from workbench.columns import FEATURE
from workbench.pipeline import Run
from workbench.report.verify import verify

COHORT = "Some people"


def turned(visitor, part):
    visitor.segmented_control(key="inside_part").set_value(part).run()
    assert not visitor.exception, [e.value for e in visitor.exception]
    return visitor


@pytest.fixture
def screen(run_path, visit):
    return visit(run_path, "inside")


def test_it_says_in_words_what_the_engine_looks_at_first(run_path, screen):
    run = Run.load(run_path)
    kept = getattr(run, "importance", None)
    if kept is None or not kept.height:
        assert "This run kept no table of importance" in words(screen)
        ids = [*run.split.guests]
        asked = [*ids, *[i for i in run.split.train.people.ids if i not in set(ids)]]
        people = run.split.train.profiles(inside.drawn(asked))
        kept = wb.importance(run.engine, people, run.manifest["configuration"]["k"])
    first = kept.row(0, named=True)
    told = words(screen)
    assert f"the engine looks most at “{first['group']}”" in told
    assert f"by {first['mean_abs_share']:.2f} ({first['low']:.2f} to {first['high']:.2f})" in told
    table = screen.dataframe[0].value
    assert table["feature"].to_list() == kept.drop_nulls(FEATURE)["feature"].to_list()
    assert "liked" in " ".join(str(e.help) for e in screen.get("caption"))


def test_the_report_of_a_run_tells_what_the_run_keeps(run_path):
    run = Run.load(run_path)
    page = run.report.read_text("utf-8")
    assert run.frontier.height
    assert 'id="inside"' in page
    assert "What a dial of the policy costs" in page
    assert verify(run_path).agrees


def test_every_part_opens_on_every_kind_of_run(run_path, bare_path, hostile_path, visit):
    for path in (run_path, bare_path, hostile_path):
        visitor = visit(path, "inside")
        for part in ("One feature", "Features together", "Retrievers", COHORT):
            turned(visitor, part)
            assert not visitor.error, (path, part, [e.value for e in visitor.error])


def test_a_feature_is_drawn_both_ways(screen):
    turned(screen, "One feature")
    box = screen.selectbox(key="inside_feature")
    name = box.options[0]
    assert name.endswith(")")  # its meaning, and its name in brackets
    assert "Each dot is one item of somebody's list" in words(screen)
    screen.segmented_control(key="inside_way").set_value("The score, where it is set").run()
    assert not screen.exception
    assert "each asked again with this feature set" in " ".join(words(screen).split())


def test_pairs_and_retrievers_are_worked_out_when_asked_for(screen):
    turned(screen, "Features together")
    assert not screen.dataframe
    press(screen, "ask_pairs")
    table = screen.dataframe[0].value
    assert (table["first"] != table["second"]).all()
    assert table["mean_abs"].is_monotonic_decreasing
    turned(screen, "Retrievers")
    if not screen.dataframe:
        press(screen, "ask_retrievers")
    assert set(screen.dataframe[0].value["retriever"]) == {"ease", "item-knn", "popularity"}
    screen.selectbox(key="retrieved").set_value("ndcg_drop").run()
    assert not screen.exception
    assert "How much worse the lists become" in words(screen)


def test_a_cohort_is_held_against_all_others(run_path, screen, visit):
    turned(screen, COHORT)
    assert "Everybody is chosen" in words(screen)
    visitor = visit(run_path, "inside", cohort="guests")
    turned(visitor, COHORT)
    assert not visitor.error
    told = words(visitor)
    assert "differ in" in told or "No group differs by more than chance" in told
    assert {"cohort", "against", "difference"} <= set(visitor.dataframe[0].value.columns)


def test_another_background_gives_other_figures(screen):
    before = screen.dataframe[0].value["mean_abs_share"].to_list()
    screen.selectbox(key="inside_against").set_value(inside.GUESTS).run()
    assert not screen.exception
    assert "candidates of" in words(screen)
    assert screen.dataframe[0].value["mean_abs_share"].to_list() != before


def test_text_of_the_log_stays_text(hostile_path, visit):
    visitor = visit(hostile_path, "inside")
    for part in ("One feature", "Retrievers", COHORT):
        turned(visitor, part)
        for body in markup(visitor):
            assert "<script" not in body.lower()
        shown = "\n".join(str(e.value) for e in visitor.get("markdown"))
        for one in HOSTILE[:10]:
            assert one not in shown


def test_those_who_are_drawn_are_the_same_each_time():
    ids = list(range(1000))
    one, two = inside.drawn(ids), inside.drawn(ids)
    assert one == two == sorted(one)
    assert len(one) == inside.MOST
    assert inside.drawn(ids[:3]) == [0, 1, 2]


def test_the_sentence_claims_only_what_is_in_the_frame():
    from app.panels.looks_at import sentence

    groups = pl.DataFrame(
        {
            "group": ["taste", "<b>popularity</b>"], "mean_abs_share": [1.234, 0.5],
            "low": [1.1, None], "high": [1.3, None], "n": [21, 21],
        }
    )  # fmt: skip
    told = sentence(groups, "guests")
    assert told == (
        "On the lists of 21 guests, the engine looks most at “taste”: it pushes a score by "
        "1.23 (1.10 to 1.30) on average. Then “<b>popularity</b>”, 0.50."
    )
