"""Audit, against another run: the same figures as the package, and what cannot be compared."""

import shutil

import pytest

from tests.app.reading import press, words
from workbench.pipeline import Run
from workbench.pipeline.release import compare_runs


@pytest.fixture(scope="module")
def three(run_path, tmp_path_factory):
    """A run, the same run a second time, and a damaged one."""
    runs = tmp_path_factory.mktemp("three") / "runs"
    for name in ("earlier", "later", "damaged"):
        shutil.copytree(run_path, runs / name)
    (runs / "damaged" / "people.parquet").write_bytes(b"no rows")
    return runs


def tables(visitor):
    return [frame.value for frame in visitor.dataframe]


def test_two_runs_are_compared_as_the_package_does(three, visit):
    visitor = visit(three / "later", "audit")
    (chosen,) = [s for s in visitor.selectbox if s.key == "releases_run"]
    assert set(chosen.options) == {"earlier", "damaged"}
    chosen.select("earlier").run()
    press(visitor, "releases_ask")
    assert not visitor.exception
    found = compare_runs(Run.load(three / "earlier"), Run.load(three / "later"))
    assert found.verdict == "ok"
    assert "✓ Not worse" in [s.value for s in visitor.subheader]
    for reason in found.reasons:
        assert reason in words(visitor)
    (people,) = [t for t in tables(visitor) if "p_adjusted" in t.columns and "before" in t.columns]
    known = found.people.filter(found.people["note"].is_null())
    assert sorted(people["before"]) == sorted(known["before"])
    assert people["who"].iloc[0] == "everybody"
    assert (people["difference"] == 0).all()
    assert "None of" in words(visitor)


def test_a_damaged_run_is_named_and_the_screen_stays(three, visit):
    visitor = visit(three / "later", "audit")
    (chosen,) = [s for s in visitor.selectbox if s.key == "releases_run"]
    chosen.select("damaged").run()
    press(visitor, "releases_ask")
    assert not visitor.exception
    assert "These runs cannot be compared." in [e.value for e in visitor.error]
    assert "people.parquet" in words(visitor)


def test_a_run_alone_says_what_is_missing(run_path, visit):
    assert "There is no other run to compare with." in words(visit(run_path, "audit"))
