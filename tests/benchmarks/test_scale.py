"""The measurement of large logs, on a small one: every stage is told, and all of it is kept."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks import scale

pytestmark = pytest.mark.full


def test_a_small_world_is_measured_from_beginning_to_end(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    monkeypatch.setitem(scale.WORLDS, "1m", {"n_users": 200, "n_items": 300, "n_events": 9_000})
    found = scale.main(["--events", "1m", "--asked", "50"])
    (path,) = (tmp_path / "bench").glob("scale-1m-*.json")
    kept = json.loads(path.read_text("utf-8"))
    names = [row["stage"] for row in kept["stages"]]
    for label in found["learnt_from"]["retrievers"]:
        assert f"fitting {label} on earlier events" in names
        assert f"fitting {label} on all events" in names
    assert {"learning from", "growing trees", "lists of engine", "measures of engine"} <= set(names)
    assert kept["asked"]["people"] == 50
    assert 0 < kept["peak_gb"] < 6
    assert {row["model"] for row in kept["figures"]} == {"ease", "engine"}
    assert kept["edit_ms"]["edits"] == scale.EDITS
    seconds = sum(row["seconds"] for row in kept["stages"])
    assert kept["fit_to_leaderboard_minutes"] * 60 < seconds
    assert "nDCG@10 of engine" in capsys.readouterr().out
