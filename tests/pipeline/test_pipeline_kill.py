"""Killed at any moment, a run leaves the one before loadable and the next one working."""

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workbench.pipeline import Run
from workbench.pipeline.inside import INSIDE

SCRIPT = Path(__file__).with_name("killed.py")
STAGES = ["split", "popularity", "engine", "tie orders", "compare", "audit", *INSIDE, "report"]


def start(home):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", str(SCRIPT), str(home)], stdout=subprocess.PIPE, text=True
    )


def kill(home, stage, seconds):
    """Kill -9 some time after a stage has begun."""
    process = start(home)
    with process:
        for line in process.stdout:
            if line.strip() == stage:
                time.sleep(seconds)
                process.kill()
                break
    return process.returncode


def check(home, name):
    """The run of before is there and whole; at most one whole run came after it."""
    latest = Run.latest(home)
    assert latest is not None
    assert Run.load(home / "runs" / name).standings.height == 2
    assert latest.engine is not None
    assert all(frame.height for frame in (latest.frontier, latest.importance, latest.fidelity))
    assert latest.split.fingerprint == latest.manifest["split"]["fingerprint"]


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """A home with one finished run, made by the same script."""
    home = tmp_path_factory.mktemp("killed")
    with start(home) as process:
        assert process.stdout.read().split()[-1] == "done"
    assert process.returncode == 0
    return home, Run.latest(home).name


@pytest.fixture
def home(before, tmp_path):
    shutil.copytree(before[0], tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize("stage", ["engine", "explanations", "report"])
def test_killed_in_a_stage(home, before, stage):
    assert kill(home, stage, 0.01) == -9
    check(home, before[1])
    with start(home) as process:
        assert process.stdout.read().split()[-1] == "done"
    assert Run.latest(home).name != before[1]
    assert [path.name for path in (home / "runs").iterdir() if path.name[0] == "."] == []


@pytest.mark.full
def test_killed_at_many_random_moments(home, before):
    draw = random.Random(0)
    for _ in range(100):
        kill(home, draw.choice(STAGES), draw.random() * draw.choice([0.01, 0.1, 1.0]))
        check(home, before[1])
    with start(home) as process:
        assert process.stdout.read().split()[-1] == "done"
    assert [path.name for path in (home / "runs").iterdir() if path.name[0] == "."] == []
