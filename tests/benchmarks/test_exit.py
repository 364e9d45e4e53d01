"""What `make bench` ends with: 1 for other results than the peer's, 0 for a missed target."""

import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks import fitting, predicting
from tests.benchmarks.measuring import Row

LOG = SimpleNamespace(name="100k", split=SimpleNamespace(fingerprint="f"))


def _differing_rules():
    def side(items):
        return SimpleNamespace(antecedent=np.array([[i] for i in items]), consequent=items)

    theirs = pd.DataFrame({"antecedents": [{1}], "consequents": [{2}]})
    return predicting._same_table(side(np.array([3])), theirs)


def _differing_weights():
    ours = np.ones((2, 2), np.float32)
    return fitting._agreed(Row("fit"), ours, ours + 1).note


@pytest.mark.parametrize(
    ("note", "met", "code"),
    [
        ("ITEM VECTORS DIFFER", True, 1),
        ("other words; WEIGHTS DIFFER (largest difference 1e+00)", True, 1),
        (_differing_weights, True, 1),
        (_differing_rules, True, 1),
        ("weights agree (largest difference 1e-07)", False, 0),
        ("not measured: the peers are not there", None, 0),
    ],
)
def test_other_results_are_a_failure_and_a_missed_target_is_told(
    note, met, code, monkeypatch, tmp_path, capsys
):
    row = Row("work", note=note() if callable(note) else note, met=met)
    monkeypatch.setattr(bench, "MEASURES", {"ease": lambda world, turns: [row]})
    monkeypatch.setattr(bench, "home", lambda: tmp_path)
    monkeypatch.setattr(bench.World, "load", lambda name: LOG)
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert bench.main() == code
    assert len(list((tmp_path / "bench").iterdir())) == 1, "kept all the same"
    assert ("Not what the peer finds: work" in capsys.readouterr().err) == bool(code)
