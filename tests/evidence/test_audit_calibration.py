"""The study of the audit against planted truth, reduced; each line seen to fail on a fault."""

import json

import numpy as np
import polars as pl
import pytest

from tests.evidence import audit_calibration as study
from tests.evidence.audit_calibration import (
    BIAS,
    DIAL,
    Population,
    covered,
    exposures,
    false_alarms,
    gaps,
    leaks,
    promise,
    refits,
)
from workbench.audit import intervals as intervals_of
from workbench.audit import leakage as leakage_of
from workbench.audit import people as people_of


@pytest.fixture(scope="module")
def biased():
    return Population.of(3_000, 1, bias=BIAS)


@pytest.fixture(scope="module")
def fair():
    return Population.of(3_000, 2)


def rng():
    return np.random.default_rng(11)


def of_women(frame):
    return frame.filter(attribute="gender", group="F", metric="ndcg", figure="difference")


@pytest.fixture
def narrow(monkeypatch):
    """Intervals of half their width."""
    whole = people_of.interval

    def half(draws, value, df=np.inf, level=0.95):
        low, high = whole(draws, value, df, level)
        return (low + value) / 2, (high + value) / 2

    monkeypatch.setattr(people_of, "interval", half)


@pytest.fixture
def quick(monkeypatch):
    """One metric, fewer permutations, and means without Fairlearn's detour over pandas."""

    def means(values, attribute, names):
        found = pl.DataFrame({"group": names, "value": values}).group_by("group").mean()
        return dict(found.iter_rows())

    monkeypatch.setattr(people_of, "fairlearn_means", means)
    monkeypatch.setattr(intervals_of, "N_PERMUTATIONS", 1999)
    monkeypatch.setattr(study, "METRICS", ("ndcg",))


def test_what_is_expected_is_the_mean_of_what_is_drawn(biased):
    person = np.repeat(np.arange(5), 4_000)
    drawn = biased.outcome(person, rng()).with_columns(pl.Series("person", person))
    means = drawn.group_by("person", maintain_order=True).mean()
    for metric in study.METRICS:
        right = biased.expected[metric][:5]
        assert np.abs(means[metric].to_numpy() - right).max() < 0.03
    women = biased.dataset.truth.disfavoured
    expected = biased.expected["ndcg"]
    assert expected[women].mean() < 0.95 * expected[~women].mean()


def test_intervals_of_groups_hold_the_truth(biased, quick):
    assert covered("", of_women(gaps(biased, 200, 60, rng())))["kept"]


def test_intervals_that_are_too_narrow_are_caught(biased, quick, narrow):
    assert not covered("", of_women(gaps(biased, 200, 60, rng())))["kept"]


def test_no_more_false_alarms_than_stated(fair, quick):
    assert promise("", false_alarms(fair, 200, 40, rng()), 40, "alarm")["kept"]


def test_tests_that_call_too_readily_are_caught(fair, quick, monkeypatch):
    monkeypatch.setattr(people_of, "holm", lambda p: p / 3)
    assert not promise("", false_alarms(fair, 200, 40, rng()), 40, "alarm")["kept"]


def test_exposure_holds_the_truth_and_finds_the_dial(fair):
    found = exposures(fair, 300, 60, rng(), DIAL)
    for group in ("head", "mid", "tail"):
        assert covered("", found.filter(group=group))["kept"]
    tail = found.filter(group="tail")
    assert tail["truth"][0] < 0.95
    assert tail["short"].mean() > 0.5
    assert exposures(fair, 300, 20, rng(), 0.0).filter(group="tail")["short"].mean() <= 0.2


def test_leakage_holds_the_truth_and_finds_the_dial(fair):
    for dial in (0.0, DIAL):
        assert covered("", leaks(fair, 200, 60, rng(), dial, noisy=False))["kept"]
    assert leaks(fair, 1_000, 4, rng(), 0.5, noisy=True)["above"].all()
    quiet = leaks(fair, 200, 60, rng(), 0.0, noisy=True)
    assert promise("", quiet["above"].sum(), 60, "one-sided alarm")["kept"]


def test_a_guesser_that_has_seen_the_answers_is_caught(fair, monkeypatch):
    monkeypatch.setattr(leakage_of, "_half", lambda rng, y: np.ones(len(y), dtype=bool))
    whole = leakage_of.guess

    def by_heart(matrix, y, learnt):
        asked = np.arange(len(y)) % 2 == 0
        twice = matrix[np.r_[np.arange(len(y)), np.flatnonzero(asked)]]
        mask = np.r_[learnt, np.zeros(asked.sum(), dtype=bool)]
        return whole(twice, np.r_[y, y[asked]], mask)

    monkeypatch.setattr(leakage_of, "guess", by_heart)
    quiet = leaks(fair, 300, 40, rng(), 0.0, noisy=True)
    assert not promise("", quiet["above"].sum(), 40, "one-sided alarm")["kept"]


def test_limits_are_those_of_the_binomial_and_never_laxer_than_stated():
    assert promise("", 950, 1000, "cover")["kept"]
    assert not promise("", 920, 1000, "cover")["kept"]
    assert not promise("", 985, 1000, "cover")["kept"]
    assert promise("", 985, 1000, "cover or more")["kept"]
    assert not promise("", 80, 1000, "alarm")["kept"]
    assert promise("", 90, 100, "find")["kept"]
    assert not promise("", 89, 100, "find")["kept"]


def test_the_command_prints_keeps_and_says_whether_all_was_kept(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    lines = [promise("some line", 95, 100, "cover")]
    monkeypatch.setattr(study, "study", lambda *given: (lines, {"planted": 0.8}))
    assert study.main(["--redraws", "100"]) == 0
    assert "some line" in capsys.readouterr().out
    kept = json.loads((tmp_path / "evidence" / "audit-calibration.json").read_text())
    assert (kept["redraws"], kept["lines"][0]["count"]) == (100, 95)
    lines.append(promise("another", 50, 100, "cover"))
    assert study.main([]) == 1


@pytest.mark.full
def test_a_planted_gap_is_found_by_whole_refits():
    again = refits(2_000, 20, 500)
    assert 0.72 < again["ratio"].mean() < 0.88
    assert again["found"].sum() >= 17  # of 20, where 9 in 10 are found
    assert refits(2_000, 20, 500, bias=0.0)["found"].sum() <= 3


@pytest.mark.full
def test_the_whole_study_reduced():
    lines, _ = study.study(200, 0, population=10_000)
    assert [line["what"] for line in lines if not line["kept"]] == []
