"""What changed since the report before: found, compared, and said where it cannot be."""

import json
import shutil

import pytest

from workbench.artifact import MANIFEST, sealed
from workbench.pipeline import Run
from workbench.pipeline.changes import NONE_BEFORE, changes, previous
from workbench.pipeline.example import examples, invented_people
from workbench.report.content import plain


@pytest.fixture
def two(finished, tmp_path):
    """The same run twice: before, and as it is."""
    runs = tmp_path / "runs"
    for name in ("small-0", finished.name):
        shutil.copytree(finished.path, runs / name)
    change(runs / "small-0", lambda told: told.update(run_id="small-0", created="2020-01-01"))
    return runs, Run.load(runs / finished.name)


def change(folder, edit):
    told = json.loads((folder / MANIFEST).read_text("utf-8"))
    edit(told)
    sealed(folder, {k: v for k, v in told.items() if k not in ("files", "sha256")})


def test_the_first_run_has_nothing_before_it(finished):
    assert finished.changes == {"previous": None, "reason": NONE_BEFORE}


def test_the_same_again_is_ok_and_nothing_went_in_otherwise(two):
    runs, this = two
    found = changes(this, runs)
    assert found["previous"] == "small-0"
    assert found["verdict"] == "ok"
    assert found["n"] == len(this.split.people()[0])
    assert found["input"] == found["verdicts"] == []
    assert found == plain(found)


def test_what_went_in_and_is_not_the_same_is_named(two):
    runs, this = two
    change(runs / "small-0", lambda told: told["engine"].update(n_trees=3))
    change(runs / "small-0", lambda told: told["dataset"].update(fingerprint="another"))
    before = {row["what"]: row["before"] for row in changes(this, runs)["input"]}
    assert before == {"engine: n trees": "3", "data: fingerprint": "another"}


def test_a_run_that_is_damaged_of_other_data_or_later_is_not_taken(two):
    runs, this = two
    (runs / "small-0" / "leaderboard.parquet").write_bytes(b"")
    assert "leaderboard.parquet" in changes(this, runs)["reason"]
    change(runs / "small-0", lambda told: told["dataset"].update(name="others"))
    assert previous(runs, this.manifest) is None
    change(
        runs / "small-0", lambda told: told["dataset"].update(name=this.manifest["dataset"]["name"])
    )
    assert previous(runs, this.manifest) == runs / "small-0"
    change(runs / "small-0", lambda told: told.update(created="2999-01-01"))
    assert previous(runs, this.manifest) is None


def test_another_k_is_said_and_nothing_compared(two):
    runs, this = two
    change(runs / "small-0", lambda told: told["configuration"].update(k=5))
    found = changes(this, runs)
    assert "slates of 5 places" in found["reason"]
    assert "people" not in found


def test_three_invented_people_who_are_nobody(finished):
    train = finished.split.train
    people = invented_people(train)
    assert len(people) == 3
    assert len({words for words, _ in people}) == 3
    histories = {frozenset(profile.items) for _, profile in people}
    assert len(histories) == 3
    for _, profile in people:
        assert not {"user_id"} & set(profile.attributes)
    again = plain(examples(finished.engine, train, 10))
    assert again == finished.manifest["examples"]
    for told in again:
        total = told["base"] + told["rest"] + sum(row["share"] for row in told["features"])
        assert total == pytest.approx(told["score"], abs=1e-4)
