import json
import shutil

import polars as pl
import pytest

from workbench.artifact import sealed
from workbench.errors import ArgumentError, DamagedArtifactError, NewerFormatError
from workbench.report.html import render
from workbench.report.verify import verify


@pytest.fixture
def copy(run, tmp_path):
    return shutil.copytree(run.path, tmp_path / "run")


def change(folder, edit, page=False):
    path = folder / "report.json"
    content = json.loads(path.read_text("utf-8"))
    edit(content)
    path.write_text(json.dumps(content), "utf-8")
    if page:  # a careful forger writes the page again too
        (folder / "report.html").write_text(render(content), "utf-8")


def differing(folder):
    found = verify(folder / "report.json")
    assert found.exit_code == (0 if found else 1)
    return found.checks.filter(outcome="differs")["check"].to_list()


def test_an_untouched_report_agrees(run):
    found = verify(run.path / "report.json")
    assert found.exit_code == 0, str(found)
    assert found.checks.filter(pl.col("outcome") != "agrees")["check"].to_list() == [
        "manifest.json"
    ]
    assert "groups, gender" in str(found)
    assert verify(run.path).checks.equals(found.checks)
    assert verify(run.path / "report.html").checks.equals(found.checks)


def nudge(rows, field, **where):
    row = next(r for r in rows if r[field] is not None and all(r[k] == v for k, v in where.items()))
    row[field] += 0.001 if isinstance(row[field], float) else 1


TAMPERINGS = {
    "a mean": (lambda c: nudge(c["leaderboard"], "mean", metric="ndcg"), "leaderboard, ease"),
    "an interval": (lambda c: nudge(c["leaderboard"], "low"), "leaderboard, ease"),
    "a number of people": (lambda c: nudge(c["leaderboard"], "n"), "leaderboard, ease"),
    "a model left out": (
        lambda c: c.update(leaderboard=[r for r in c["leaderboard"] if r["model"] == "ease"]),
        "leaderboard",
    ),
    "a group's value": (
        lambda c: nudge(c["audit"]["people"], "value", attribute="gender"),
        "groups, gender",
    ),
    "a group's p": (
        lambda c: nudge(c["audit"]["people"], "p_adjusted", attribute="age"),
        "groups, age",
    ),
    "a group left out": (lambda c: c["audit"]["people"].pop(), "groups"),
    "a difference among those alike": (
        lambda c: nudge(c["audit"]["controlled"], "difference", attribute="gender"),
        "groups, among those alike",
    ),
    "exposure": (lambda c: nudge(c["audit"]["items"], "ratio"), "items, as stored"),
    "leakage": (lambda c: nudge(c["audit"]["leakage"], "auc"), "leakage, as stored"),
    "a comparison": (lambda c: nudge(c["comparisons"], "difference"), "comparisons, as stored"),
    "an order of ties": (lambda c: nudge(c["tie_orders"], "mean"), "tie_orders, as stored"),
    "a length of history": (
        lambda c: nudge(c["cold_start"], "high"),
        "cold_start, as stored",
    ),
    "a verdict": (
        lambda c: c["audit"]["verdicts"][0].update(verdict="pass", reason="trust me"),
        "verdicts, from the policy",
    ),
    "the policy": (
        lambda c: c["audit"]["policy"]["rules"][0].update(at_least=0.1),
        "verdicts, from the policy",
    ),
    "a hash": (lambda c: c["files"][0].update(sha256="0" * 64), "audit/behaviour.parquet"),
    "a way out": (lambda c: c["files"][0].update(path="../../etc/passwd"), "../../etc/passwd"),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_caught(copy, what):
    edit, where = TAMPERINGS[what]
    change(copy, edit)
    assert where in differing(copy)


def test_tampering_is_caught_where_the_page_was_written_again(copy):
    edit, where = TAMPERINGS["a group's value"]
    change(copy, edit, page=True)
    assert differing(copy) == [where]


def test_a_changed_page_is_caught(copy):
    path = copy / "report.html"
    path.write_text(path.read_text("utf-8").replace("cannot tell", "pass"), "utf-8")
    assert differing(copy) == ["report.html"]


def test_changed_rows_and_missing_files_are_caught(copy):
    rows = pl.read_parquet(copy / "people.parquet")
    rows.with_columns(pl.col("ndcg") * 1.01).write_parquet(copy / "people.parquet")
    assert {"people.parquet", "leaderboard, ease", "groups, gender"} <= set(differing(copy))
    (copy / "people.parquet").write_bytes(b"not parquet")
    assert {"people.parquet", "leaderboard", "people"} <= set(differing(copy))
    (copy / "people.parquet").unlink()
    found = verify(copy)
    assert found.exit_code == 1
    assert "cannot check" in str(found)


def test_the_manifest_and_what_only_it_names_are_checked(copy):
    (copy / "engine.bin").write_bytes(b"trees")
    sealed(copy, {"kind": "run", "seed": 0})
    found = verify(copy)
    assert set(found.checks["outcome"]) == {"agrees"}
    assert str(found).endswith(" 0 differs, 0 cannot check")
    (copy / "engine.bin").write_bytes(b"treeS")
    assert differing(copy) == ["manifest.json"]
    assert "engine.bin is not what was written" in str(verify(copy))
    (copy / "engine.bin").write_bytes(b"trees")
    path = copy / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"seed": 0', '"seed": 1'), "utf-8")
    assert differing(copy) == ["manifest.json"]
    assert "changed after it was written" in str(verify(copy))


def test_a_report_alone_is_checked_as_far_as_it_goes(copy, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("report.json", "report.html"):
        shutil.copy(copy / name, alone)
    found = verify(alone / "report.json")
    assert found.exit_code == 0
    outcomes = dict(found.checks.select("check", "outcome").iter_rows())
    assert outcomes["people.parquet"] == "cannot check"
    assert outcomes["manifest.json"] == "cannot check"
    assert outcomes["report.html"] == "agrees"
    assert outcomes["verdicts, from the policy"] == "agrees"
    assert "Nothing differs; what is marked ? was not checked" in str(found)
    change(alone, lambda c: c["audit"]["verdicts"][0].update(verdict="pass", reason="trust me"))
    assert set(differing(alone)) == {"report.html", "verdicts, from the policy"}


def test_files_that_are_no_reports(tmp_path):
    with pytest.raises(ArgumentError, match="there is no"):
        verify(tmp_path / "report.json")
    path = tmp_path / "report.json"
    path.write_text("{")
    with pytest.raises(DamagedArtifactError, match="is not JSON"):
        verify(path)
    path.write_text("[]")
    with pytest.raises(DamagedArtifactError, match="not a report"):
        verify(path)
    path.write_text('{"format": 99}')
    with pytest.raises(NewerFormatError, match="format 99"):
        verify(path)
    path.write_text('{"format": 1}')
    assert verify(path).exit_code == 1
