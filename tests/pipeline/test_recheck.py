"""Whatever is tampered with, a report no longer verifies; a report that is whole does."""

import json
import shutil

import numpy as np
import polars as pl
import pytest

from workbench.artifact import MANIFEST, sealed
from workbench.errors import ArgumentError
from workbench.pipeline.inside import INSIDE
from workbench.pipeline.recheck import recheck
from workbench.report.seals import hashes


@pytest.fixture(scope="module")
def checked(finished):
    """All checks of the untouched report."""
    return recheck(finished.path, home=finished.path.parents[1])


@pytest.fixture
def copy(finished, tmp_path, monkeypatch):
    """A copy to tamper with, without what takes long and has tests of its own: drawing, and the
    tables of the engine as a whole."""
    monkeypatch.setattr("workbench.report.verify.render", drawn)
    monkeypatch.setattr("workbench.pipeline.recheck.INSIDE", {})
    folder = shutil.copytree(finished.path, tmp_path / "runs" / finished.name)
    say(folder, lambda content: None)
    return folder


def drawn(content):
    """A page that is what the JSON says, and is made in no time."""
    return json.dumps(content)


def content_of(folder):
    return json.loads((folder / "report.json").read_text("utf-8"))


def say(folder, change):
    """A forger changes the JSON, writes the page again, and seals the folder again."""
    content = content_of(folder)
    change(content)
    content["files"] = hashes(folder)
    (folder / "report.json").write_text(json.dumps(content), "utf-8")
    (folder / "report.html").write_text(drawn(content), "utf-8")
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    sealed(folder, {k: v for k, v in manifest.items() if k not in ("files", "sha256")})


def rewrite(folder, name, change):
    frame = pl.read_parquet(folder / name)
    change(frame).write_parquet(folder / name)


def differing(folder, **options):
    found = recheck(folder, **options)
    assert found.exit_code == (0 if found else 1)
    return found.checks.filter(outcome="differs")["check"].to_list()


def test_a_copy_that_says_the_same_agrees(copy):
    assert differing(copy) == []


def test_an_untouched_report_agrees(checked):
    assert checked.exit_code == 0, str(checked)
    assert set(checked.checks["outcome"]) == {"agrees"}
    assert set(checked.checks["class"]) == {"hash", "exact", "1e-6"}
    names = set(checked.checks["check"])
    for part in ("every person's figures, engine", "audit, items", "decisions, groups", "examples",
                 "changes, as the run has it", "frontier", "fidelity", "feedback",
                 "simulation, as stored"):  # fmt: skip
        assert part in names


def first(rows, field, **where):
    return next(
        r for r in rows if r[field] is not None and all(r[k] == v for k, v in where.items())
    )


def digit(row, field):
    """One digit of it, the fifth that counts."""
    value = row[field]
    row[field] = value + 10.0 ** (np.floor(np.log10(abs(value) or 1.0)) - 4)


SAID = {
    "a digit of a mean": lambda c: digit(
        first(c["leaderboard"], "mean", model="engine", metric="ndcg"), "mean"
    ),
    "an end of an interval": lambda c: digit(first(c["audit"]["people"], "low"), "low"),
    "a number of people": lambda c: first(c["audit"]["people"], "n").update(n=77),
    "a verdict": lambda c: c["audit"]["verdicts"][0].update(verdict="pass", reason="trust me"),
    "a threshold of the policy": lambda c: c["audit"]["policy"]["rules"][0].update(at_least=0.1),
    "a rate of decisions": lambda c: digit(first(c["decisions"]["groups"], "value"), "value"),
    "a parity": lambda c: c["decisions"]["parities"].pop(),
    "exposure": lambda c: digit(first(c["audit"]["items"], "ratio"), "ratio"),
    "who is missing": lambda c: c["data"].update(missing=[]),
    "the licence": lambda c: c["data"]["provenance"].update(licence="anything goes"),
    "what the engine reads": lambda c: c["card"]["features"].pop(),
    "a score of an example": lambda c: digit(c["examples"][0], "score"),
    "a figure of the simulation": lambda c: digit(first(c["feedback"], "value"), "value"),
    "how simulated people choose": lambda c: c["simulation"].update(choice="as I say"),
    "what changed": lambda c: c["changes"].update(reason="nothing did"),
    "a limit left out": lambda c: c["limits"].pop(),
    "what informs whom": lambda c: c["checklist"][0].update(informs="complies"),
    "the hash of the engine": lambda c: c["fingerprints"].update(engine="0" * 64),
    "the seed": lambda c: c["run"].update(seed=7),
}


@pytest.mark.parametrize("what", SAID)
def test_what_is_said_otherwise_is_caught_though_all_is_sealed_again(copy, what):
    say(copy, SAID[what])
    assert differing(copy, rescore=False)


def test_json_and_page_that_do_not_agree_are_caught(copy):
    page = copy / "report.html"
    page.write_text(page.read_text("utf-8").replace("pass", "fail"), "utf-8")
    assert {"report.html", MANIFEST} <= set(differing(copy, rescore=False))


@pytest.mark.parametrize("name", ["data/train.parquet", "engine/ranker.json", "people.parquet"])
def test_a_changed_file_is_caught_by_its_hash_and_not_opened(copy, name):
    path = copy / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    found = recheck(copy)
    wrong = found.checks.filter(outcome="differs")["check"].to_list()
    assert {name, MANIFEST} <= set(wrong)
    assert "nothing in it is opened" in str(found)


def better(frame):
    """Another figure for one person."""
    first_row = pl.int_range(pl.len()) == frame.height - 1
    return frame.with_columns(ndcg=pl.when(first_row).then(pl.col("ndcg") + 0.01).otherwise("ndcg"))


FORGED = {
    "a stored row of a person": (
        "people.parquet", better, {"every person's figures, engine"},
    ),
    "a person left out": (
        "people.parquet", lambda f: f.head(-1), {"every person's figures, engine"},
    ),
    "the log": (
        "data/train.parquet", lambda f: f.head(-5), {"data, read again"},
    ),
    "stored exposure": (
        "audit/items.parquet", lambda f: f.with_columns(pl.col("ratio") * 1.001), {"audit, items"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_file_is_caught_though_every_hash_was_written_again(copy, what):
    name, change, where = FORGED[what]
    rewrite(copy, name, change)

    def agree(content):
        if name == "audit/items.parquet":
            content["audit"]["items"] = pl.read_parquet(copy / name).to_dicts()

    say(copy, agree)
    assert where <= set(differing(copy))


def test_a_forged_simulation_is_caught_by_simulating_again(copy, monkeypatch):
    monkeypatch.setattr("workbench.pipeline.recheck.INSIDE", {"feedback": INSIDE["feedback"]})
    rewrite(copy, "feedback.parquet", lambda f: f.with_columns(pl.col("value") * 1.001))

    def agree(content):
        told = pl.read_parquet(copy / "feedback.parquet").drop("definition", "policy", "choice")
        content["feedback"] = told.to_dicts()

    say(copy, agree)
    assert differing(copy) == ["feedback"]


def test_another_engine_is_caught_though_every_hash_was_written_again(copy):
    trees = copy / "engine" / "ranker.json"
    told = json.loads(trees.read_text("utf-8"))
    weights = told["learner"]["gradient_booster"]["model"]["trees"][0]["base_weights"]
    split = told["learner"]["gradient_booster"]["model"]["trees"][0]["split_conditions"]
    split[:] = [-5.0 * w for w in split]
    weights[:] = [-5.0 * w for w in weights]
    trees.write_text(json.dumps(told), "utf-8")
    engine = copy / "engine"
    manifest = json.loads((engine / MANIFEST).read_text("utf-8"))
    sealed(engine, {k: v for k, v in manifest.items() if k not in ("files", "sha256")})
    say(copy, lambda content: None)
    wrong = set(differing(copy))
    assert {"every person's figures, engine", "fingerprint of the engine"} <= wrong


def test_models_can_be_fitted_again(copy):
    found = recheck(copy, rescore=False, refit=True)
    again = found.checks.filter(pl.col("class") == "refit")
    assert again["check"].to_list() == [
        f"{name}, fitted again" for name in ("popularity", "ease", "engine")
    ]
    assert set(again["outcome"]) == {"agrees"}
    forged = pl.col("model") == "ease"
    rewrite(
        copy, "people.parquet",
        lambda f: f.with_columns(ndcg=pl.when(forged).then(1.0).otherwise("ndcg")),
    )  # fmt: skip
    say(copy, lambda content: None)
    assert "ease, fitted again" in differing(copy, rescore=False, refit=True)


def test_the_run_is_found_by_name_or_asked_for(copy, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("report.json", "report.html"):
        shutil.copy(copy / name, alone)
    found = recheck(alone / "report.json", home=alone)
    assert found.exit_code == 0
    assert f"give the folder of run '{copy.name}' with --folder" in str(found)
    there = recheck(alone / "report.json", home=tmp_path, rescore=False)
    given = recheck(alone / "report.json", copy, rescore=False)
    assert set(there.checks["outcome"]) == {"agrees"}
    assert there.checks.equals(given.checks)
    with pytest.raises(ArgumentError, match="there is no folder"):
        recheck(alone, tmp_path / "nowhere")


def test_files_that_the_log_came_from_are_asked_for_and_compared(copy, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("user_id,item_id\n1,2\n")
    import hashlib

    told = hashlib.sha256(log.read_bytes()).hexdigest()
    say(copy, lambda c: c["data"]["provenance"].update(files={"log.csv": told}))

    def outcome(**options):
        found = recheck(copy, rescore=False, **options)
        return found.checks.filter(check="data file log.csv")["outcome"].to_list()

    assert outcome() == ["cannot check"]
    assert outcome(data=[log]) == ["agrees"]
    log.write_text("user_id,item_id\n1,3\n")
    assert outcome(data=[log]) == ["differs"]
    with pytest.raises(ArgumentError, match="there is no file"):
        recheck(copy, data=[tmp_path / "none.csv"])
