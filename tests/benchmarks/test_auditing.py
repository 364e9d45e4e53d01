"""The whole audit, timed on a small world: every part is told, and all of it is kept."""

import json

import pytest

from tests.benchmarks import auditing

pytestmark = pytest.mark.full


@pytest.mark.parametrize("wanted", [600.0, 0.0])
def test_a_small_world_is_audited_from_beginning_to_end(monkeypatch, tmp_path, capsys, wanted):
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    monkeypatch.setitem(auditing.WORLDS, "1m", {"n_users": 200, "n_items": 150, "n_events": 8_000})
    monkeypatch.setitem(auditing.WANTED, "1m", wanted)
    assert auditing.main(["--events", "1m"]) == int(wanted == 0.0)
    (path,) = (tmp_path / "bench").glob("auditing-1m-*.json")
    kept = json.loads(path.read_text("utf-8"))
    names = [row["stage"] for row in kept["stages"]]
    assert names == ["split", "fit", "people to ask", "audit", "decisions", *auditing.AUDITED]
    audited = sum(row["seconds"] for row in kept["stages"][3:])
    assert kept["seconds"] == pytest.approx(audited, abs=0.1)
    assert ("met" if wanted else "missed") in capsys.readouterr().out
