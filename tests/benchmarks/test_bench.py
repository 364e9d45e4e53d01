"""The machinery of `make bench`: who is timed when, what is met, and what is said."""

import itertools
import sys

import numpy as np
import pytest

from tests.benchmarks import tables
from tests.benchmarks.measuring import AtMost, Faster, Row, Within, against, percentile
from tests.benchmarks.peers import environment
from tests.benchmarks.peers.environment import PeersMissingError, interpreter
from tests.benchmarks.predicting import _alike


def _result(rows, when="1", cores=2):
    return {
        "when": when,
        "data": "a log",
        "turns": 5,
        "fingerprint": "f",
        "machine": {"cores": cores, "memory_gb": 24, "threads": 2},
        "rows": [row.as_dict() for row in rows],
    }


def test_pairs_alternate_and_the_median_of_their_figures_decides():
    called = []
    own, other = itertools.cycle([99.0, 1.0, 2.0, 3.0]), itertools.cycle([99.0, 2.0, 2.0, 2.0])

    def ours():
        called.append("ours")
        return next(own)

    def theirs():
        called.append("theirs")
        return next(other)

    row = against("work", ours, "peer", theirs, AtMost(1.0), 3, "")
    assert called == ["ours", "theirs", "ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert (row.reached, row.low, row.high) == (1.0, 0.5, 1.5)  # the first of each is not counted
    assert row.met is True
    assert row.turns == 3


@pytest.mark.parametrize(
    ("target", "ours", "theirs", "met"),
    [
        (AtMost(1.5), 15.0, 10.0, True),
        (AtMost(1.5), 15.1, 10.0, False),
        (Faster(3.0), 10.0, 30.0, True),
        (Faster(3.0), 10.0, 29.0, False),
    ],
)
def test_a_target_is_met_at_its_figure(target, ours, theirs, met):
    assert target.met(target.figure(ours, theirs)) is met


def test_predictions_that_differ_are_no_ties():
    ours = np.full(1000, 3.0)
    told = [_alike("slope-one", ours, ours + (np.arange(1000) < n), ours) for n in (0, 10, 11)]
    assert ["DIFFER" in words for words in told] == [False, False, True]


def test_latency_is_of_ours_alone():
    assert Within(50.0).met(50.0)
    assert not Within(50.0).met(50.1)
    assert percentile(list(map(float, range(1, 101))), 0.95) == 95.0
    assert percentile([7.0], 0.95) == 7.0


def test_the_newest_of_each_row_is_shown_and_only_of_this_machine():
    old = _result([Row("a", 1.0, "p", 2.0, 0.5, 0.4, 0.6, "≤ 1 ×", True, 5), Row("b", 1.0)])
    stranger = _result([Row("c", 1.0)], cores=64)
    new = _result([Row("a", 3.0, "p", 2.0, 1.5, 1.4, 1.6, "≤ 1 ×", False, 5), Row("d", note="why")])
    shown = {row["work"]: row["ours"] for row in tables.merged([old, stranger, new])["rows"]}
    assert shown == {"a": 3.0, "b": 1.0, "d": None}


def test_the_markdown_names_machine_ratio_range_and_what_was_not_measured():
    rows = [
        Row("fit", 20.0, "peer", 10.0, 2.0, 1.5, 2.5, "≤ 1 ×", False, 5),
        Row("predict", 1.0, "peer", 30.0, 30.0, 20.0, 40.0, "≥ 20 × faster", True, 5),
        Row("metrics", note="not measured: no network"),
    ]
    text = tables.markdown([None, _result(rows)])
    assert "2 cores" in text
    assert "24 GB" in text
    assert "| fit | 20.0 ms | peer | 10.0 ms | 2.00 × (1.50 to 2.50) | ≤ 1 × | no |" in text
    assert "| 30.0 × faster (20.0 to 40.0) | ≥ 20 × faster | yes |" in text
    assert "| metrics | not measured: no network |" in text
    assert "make bench" in tables.markdown([None])


@pytest.fixture
def no_installation(monkeypatch, tmp_path):
    """A home of its own, where an installation ends as pip does without a network."""
    monkeypatch.setattr(environment, "home", lambda: tmp_path)
    made = []

    def create(folder, with_pip):
        made.append(folder)
        (folder / "bin").mkdir(parents=True)

    class Ended:
        returncode, stderr = 1, "noise\nERROR: No matching distribution found for lenskit\n"

    monkeypatch.setattr(environment.venv, "create", create)
    monkeypatch.setattr(environment.subprocess, "run", lambda *a, **k: Ended)
    return made, Ended


def test_peers_that_cannot_be_installed_say_why(no_installation):
    with pytest.raises(PeersMissingError, match="No matching distribution found for lenskit"):
        interpreter()


@pytest.mark.skipif(sys.platform == "win32", reason="the interpreter is elsewhere")
def test_peers_are_installed_once_and_anew_where_it_was_cut_short(no_installation, monkeypatch):
    made, ended = no_installation
    with pytest.raises(PeersMissingError, match="ERROR"):
        interpreter()
    monkeypatch.setattr(ended, "returncode", 0)
    assert interpreter() == interpreter()
    assert len(made) == 2  # one that failed, one that is complete
