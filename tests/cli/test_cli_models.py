"""`workbench models --plugin`: models of one's own beside ours, and held to the contract."""

import pytest

from workbench.pipeline import Run

GOOD = '''
from workbench.models.linear import EASE


class Mine(EASE):
    """The best there is.

    Source: a paper.
    """

    name = "mine"
'''
BAD = (
    GOOD
    + """
    def score(self, profiles, items=None):
        return super().score(profiles, items) * len(profiles)
"""
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "mine.py"


def test_a_model_that_keeps_the_contract(workbench, file):
    file.write_text(GOOD)
    found = workbench("models", "--plugin", file)
    assert found.exit_code == 0, found.output
    assert "The best there is." in found.stdout
    assert "mine keeps the contract: " in found.stdout
    assert f"from {file}, sha256 " in found.stdout
    assert found.stdout.index("ease") < found.stdout.index("The best there is.")


def test_a_model_that_breaks_it_is_told_how(workbench, file):
    file.write_text(BAD)
    found = workbench("models", "--plugin", file)
    assert found.exit_code == 1
    assert "mine breaks the contract: " in found.stdout
    assert "  broken: batch_equals_singles\n    the rule: " in found.stdout
    assert "    it failed: " in found.stdout


@pytest.mark.parametrize("command", ["models", "run"])
def test_a_file_that_cannot_work_is_one_sentence(workbench, file, command):
    found = workbench(command, "--plugin", file)
    assert found.exit_code == 2
    assert f"workbench: plugin {file}: the file cannot be read" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_no_plugin_is_run_unless_it_is_named(workbench, file, monkeypatch):
    file.write_text("raise SystemExit('planted')")
    monkeypatch.setenv("WORKBENCH_PLUGINS", str(file))
    assert workbench("models").exit_code == 0


@pytest.mark.full
def test_a_run_says_where_a_model_came_from_and_never_runs_it_by_itself(workbench, file, tmp_path):
    file.write_text(GOOD)
    log = tmp_path / "log.csv"
    rows = [f"{u},{i}" for u in range(30) for i in range(40) if (u * i + u) % 7 < 3]
    log.write_text("user_id,item_id\n" + "\n".join(rows))
    found = workbench(
        "run", "--interactions", log, "--models", "popularity", "--plugin", file, "--quiet"
    )
    assert found.exit_code == 0, found.output
    assert "mine is a plug-in, " in found.stdout
    run = Run.latest(tmp_path / "home")
    assert "mine" in run.leaderboard["model"].to_list()
    told = run.manifest["configuration"]["plugins"]["mine"]
    assert told["source"] == str(file)
    assert f"--plugin {file}" in run.manifest["command"]
    file.write_text("raise SystemExit('planted')")
    again = Run.load(run.path)
    assert again.leaderboard.equals(run.leaderboard)
    assert again.report.is_file()
