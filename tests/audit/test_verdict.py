import polars as pl
import pytest

from workbench.audit.exposure import SCHEMA as ITEMS
from workbench.audit.leakage import SCHEMA as LEAKAGE
from workbench.audit.people import SCHEMA as PEOPLE
from workbench.audit.verdict import read_policy, verdicts_frame
from workbench.errors import ArgumentError, NewerFormatError


def judged(low, value, high, rule=None, **row):
    base = {
        "metric": "ndcg", "attribute": "gender", "group": "F", "n": 100, "suppressed": False,
        "ratio": value, "ratio_low": low, "ratio_high": high,
    }  # fmt: skip
    people = pl.DataFrame([{**dict.fromkeys(PEOPLE), **base, **row}], schema=PEOPLE)
    rule = rule or {"measure": "people", "metric": "ndcg", "at_least": 0.8}
    frames = {
        "people": people,
        "items": pl.DataFrame(schema=ITEMS),
        "leakage": pl.DataFrame(schema=LEAKAGE),
    }
    return verdicts_frame(read_policy({"rules": [rule]}), frames).row(0, named=True)


@pytest.mark.parametrize(
    ("low", "value", "high", "verdict"),
    [
        (0.85, 0.9, 0.95, "pass"),
        (0.8, 0.9, 0.95, "pass"),
        (0.5, 0.6, 0.79, "fail"),
        (0.5, 0.6, 0.8, "cannot tell"),
        (0.7, 0.9, 1.1, "cannot tell"),
        (None, None, None, "cannot tell"),
    ],
)
def test_the_whole_interval_decides(low, value, high, verdict):
    assert judged(low, value, high)["verdict"] == verdict


def test_cannot_tell_says_how_many_more_people_would_settle_it():
    # 0.9 is 0.1 above, its interval reaches 0.2 down: four times the people halve it.
    assert "about 300 more people" in judged(0.7, 0.9, 1.1)["reason"]
    assert "no number of people" in judged(0.6, 0.8, 1.0)["reason"]


def test_at_most_is_the_other_way_round():
    rule = {"measure": "people", "metric": "ndcg", "at_most": 1.25}
    assert judged(1.3, 1.4, 1.5, rule)["verdict"] == "fail"
    assert judged(1.0, 1.1, 1.2, rule)["verdict"] == "pass"


def test_too_few_people_cannot_tell():
    found = judged(None, None, None, suppressed=True, note="too few (n < 20)")
    assert (found["verdict"], found["reason"]) == ("cannot tell", "too few (n < 20)")


def test_a_rule_that_meets_nothing_cannot_tell():
    found = judged(0.9, 1.0, 1.1, {"measure": "people", "metric": "recall", "at_least": 0.8})
    assert found["verdict"] == "cannot tell"
    assert "nothing was measured" in found["reason"]


def test_the_default_policy_states_four_fifths_and_why():
    policy = read_policy()
    assert policy.minimum == 20
    rule = policy.rules[0]
    assert (rule.measure, rule.figure, rule.at_least) == ("people", "ratio", 0.8)
    assert "four-fifths" in rule.reason
    assert all(rule.reason for rule in policy.rules)


def test_a_policy_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[[rules]]\nmeasure = "leakage"\nat_most = 0.7\n')
    assert read_policy(path).rules[0].threshold == "at most 0.7"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "there are no"),
        ({"rules": [{"measure": "people", "metric": "ndcg"}]}, "needs one of at_least"),
        ({"rules": [{"measure": "moods", "at_least": 1}]}, "measure='moods'"),
        ({"rules": [{"measure": "people", "at_least": 1}]}, "needs a metric"),
        ({"rules": [{"measure": "items", "at_least": "much"}]}, "not a number"),
        ({"rules": [{"measure": "items", "at_least": float("nan")}]}, "not a number"),
        ({"rules": [{"measure": "items", "figure": "auc", "at_least": 1}]}, "figure='auc'"),
        ({"rules": [{"measure": "items", "at_lest": 1}]}, "'at_lest', which means nothing"),
        ({"threshold": 1}, "'threshold', which means nothing"),
        ({"minimum": 5, "rules": [{"measure": "items", "at_least": 1}]}, "never shown"),
    ],
)
def test_a_policy_that_says_nothing_sensible_is_refused(content, words):
    with pytest.raises(ArgumentError, match=words):
        read_policy(content)


def test_files_that_are_no_policy(tmp_path):
    with pytest.raises(ArgumentError, match="there is no file"):
        read_policy(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("= what")
    with pytest.raises(ArgumentError, match="is not TOML"):
        read_policy(tmp_path / "bad.toml")
    with pytest.raises(NewerFormatError, match="format 2"):
        read_policy({"format": 2, "rules": []})
