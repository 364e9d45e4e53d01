"""Audit, where it may lead: the kept simulation, and one of one's own, as the package makes it."""

import polars as pl
import pytest

import workbench as wb
from tests.app.reading import press, words
from workbench.pipeline import Run
from workbench.pipeline.inside import FEEDBACK_PEOPLE


def table(visitor):
    """The figures under the chart."""
    (shown,) = [f.value for f in visitor.dataframe if "change_low" in f.value.columns]
    return pl.from_pandas(shown)


def choose(visitor, key, option):
    (box,) = [b for b in visitor.selectbox if b.key == key]
    box.select(option).run()
    assert not visitor.exception, [e.value for e in visitor.exception]


@pytest.fixture
def asked(run_path, visit):
    return visit(run_path, "audit")


def test_what_the_run_kept_is_shown_by_measure_and_group(asked, run_path):
    kept = Run.load(run_path).feedback
    for part in kept["choice"][0].split("; "):
        assert part[1:] in words(asked)
    choose(asked, "feedback_measure", "gini")
    group = kept.filter(pl.col("attribute") == "gender")["group"][0]
    choose(asked, "feedback_group", ("gender", group))
    here = kept.filter(measure="gini", attribute="gender", group=group)
    shown = table(asked)
    assert shown.height == here.height
    both = here.join(shown, on=["setting", "round"], suffix="_shown")
    for column in ("value", "low", "high", "change", "n"):
        assert both[column].equals(both[f"{column}_shown"].cast(both[column].dtype))
    assert shown["round"].is_sorted(descending=True)
    assert here["definition"][0][1:] in words(asked)


def test_one_s_own_simulation_is_that_of_the_package(asked, run_path):
    for key, value in (("rounds", 2), ("exploration", 0.4), ("diversity", 0.0)):
        asked.slider(key=f"feedback_{key}").set_value(value).run()
    press(asked, "feedback")
    run = Run.load(run_path)
    policy = wb.Policy.for_dataset(run.split.train, epsilon=0.4)
    found = wb.simulate(
        run.engine, run.split, {"as it is": None, "exploration 0.4": policy}, rounds=2,
        taste="log", max_people=FEEDBACK_PEOPLE,
    ).frame  # fmt: skip
    here = found.filter(measure="entropy", attribute="everybody")
    both = here.join(table(asked), on=["setting", "round"], suffix="_shown")
    assert both.height == 4
    assert both["value"].equals(both["value_shown"])
    (box,) = [b for b in asked.selectbox if b.key == "feedback_shown"]
    assert box.value == "exploration 0.4; 2 rounds"
    choose(asked, "feedback_shown", "As the run kept it")
    assert table(asked)["round"].max() == 5


def test_nothing_to_compare_cannot_be_asked(asked):
    for key in ("exploration", "diversity"):
        asked.slider(key=f"feedback_{key}").set_value(0.0).run()
    assert asked.button(key="feedback").disabled
    assert "nothing to compare with" in words(asked)


def test_a_log_of_events_alone_has_a_simulation_too(bare_path, visit):
    visitor = visit(bare_path, "audit")
    assert [s.key for s in visitor.slider if s.key == "feedback_diversity"] == []
    assert "as nobody says no" in words(visitor)
    assert "thirds of popularity" in words(visitor)
