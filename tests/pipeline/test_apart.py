"""A run in a process of its own: the same run, bounded, and without a trace when discarded."""

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import workbench as wb
from workbench.data.synthetic import synthetic
from workbench.pipeline import Run
from workbench.pipeline.apart import Apart, private_folder, sweep

PATIENCE = 300.0


@pytest.fixture(scope="module")
def log_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log.csv"
    dataset = synthetic(n_users=60, n_items=60, n_events=900, seed=2)
    dataset.interactions.select(
        pl.col("user_id").alias("who"), "item_id", "timestamp", "value"
    ).write_csv(path)
    return path


def finished(apart):
    until = time.monotonic() + PATIENCE
    seen = [apart.told()]
    while not seen[-1].finished and time.monotonic() < until:
        time.sleep(0.1)
        seen.append(apart.told())
    assert seen[-1].finished, seen[-1]
    return seen


@pytest.mark.full
def test_it_is_the_run_that_wb_run_makes(log_path, tmp_path):
    folder = private_folder(tmp_path)
    apart = Apart(
        folder, {"interactions": log_path}, columns={"user_id": "who"}, relevant_from=4.0,
        name="mine", models=["popularity"],
    )  # fmt: skip
    seen = finished(apart)
    assert seen[-1].error is None
    made = Run.load(seen[-1].path)
    assert made.path.is_relative_to(folder)
    dataset = wb.Dataset.from_frames(log_path, None, None, 4.0, columns={"user_id": "who"})
    assert made.manifest["dataset"]["fingerprint"]
    assert made.split.train.n_users == dataset.n_users
    assert set(made.leaderboard["model"]) == {"popularity", "engine"}
    stages = [told.done for told in seen[:-1]]
    assert stages == sorted(stages)
    assert len({told.words for told in seen}) > 4
    apart.discard()
    assert not folder.exists()


def test_a_log_that_cannot_work_is_refused_in_words(log_path, tmp_path):
    apart = Apart(private_folder(tmp_path), {"interactions": log_path})
    assert "has no column 'user_id'" in finished(apart)[-1].error
    apart.discard()


def test_stopping_kills_the_process_and_leaves_nothing(log_path, tmp_path):
    folder = private_folder(tmp_path)
    apart = Apart(folder, {"interactions": log_path}, columns={"user_id": "who"})
    process = apart._process
    assert process.poll() is None
    apart.discard()
    assert process.poll() is not None
    assert not folder.exists()
    assert apart.told().error == "it was stopped"
    apart.discard()


def test_it_goes_with_the_object_that_holds_it(log_path, tmp_path):
    folder = private_folder(tmp_path)
    apart = Apart(folder, {"interactions": log_path}, columns={"user_id": "who"})
    process = apart._process
    del apart
    gc.collect()
    assert process.poll() is not None
    assert not folder.exists()


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="the bound is the system's")
def test_memory_is_bounded(log_path, tmp_path):
    apart = Apart(
        private_folder(tmp_path), {"interactions": log_path}, columns={"user_id": "who"},
        memory_gb=0.05,
    )  # fmt: skip
    assert "0.05 GB" in finished(apart)[-1].error
    apart.discard()


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="the bound is the system's")
def test_time_is_bounded(log_path, tmp_path):
    apart = Apart(
        private_folder(tmp_path), {"interactions": log_path}, columns={"user_id": "who"},
        minutes=1 / 60,
    )  # fmt: skip
    assert "minutes of processor time" in finished(apart)[-1].error
    apart.discard()


@pytest.mark.full
def test_it_ends_when_the_process_that_asked_for_it_is_killed(log_path, tmp_path):
    script = (
        "import sys, time; from workbench.pipeline.apart import Apart, private_folder\n"
        f"a = Apart(private_folder({str(tmp_path)!r}), {{'interactions': {str(log_path)!r}}},"
        " columns={'user_id': 'who'})\n"
        "print(a._process.pid, flush=True); time.sleep(600)"
    )
    asking = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    child = int(asking.stdout.readline())
    asking.send_signal(signal.SIGKILL)
    asking.wait()
    asking.stdout.close()
    until = time.monotonic() + 60
    while _alive(child) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _alive(child)
    assert len(list((tmp_path / "visitors").iterdir())) == 1
    assert sweep(tmp_path) == 1
    assert not list((tmp_path / "visitors").iterdir())


def test_a_sweep_leaves_what_another_living_server_holds(tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        held = tmp_path / "visitors" / f"{other.pid}-abc"
        held.mkdir(parents=True)
        private_folder(tmp_path)  # of this process, which has no visitor when it sweeps
        assert sweep(tmp_path) == 1
        assert held.is_dir()


def test_a_private_folder_is_closed_to_others_and_cannot_be_guessed(tmp_path):
    one, two = private_folder(tmp_path), private_folder(tmp_path)
    assert one != two
    assert len(one.name.split("-")[1]) == 32
    if os.name == "posix":
        assert one.stat().st_mode & 0o077 == 0


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
