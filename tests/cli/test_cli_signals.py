"""Ctrl-C and SIGTERM, from the first import on: one sentence, a code, nothing left behind."""

import subprocess
import sys

import pytest

# Where the command's modules are imported, or where a command works, the signal arrives.
IMPORTING = """
import os, signal, sys
import workbench.cli

class Signalled:
    def find_spec(self, name, *_):
        if name == "workbench.cli.commands":
            os.kill(os.getpid(), signal.{name})

sys.meta_path.insert(0, Signalled())
workbench.cli.main()
"""
WORKING = """
import os, signal, sys, tempfile
import workbench.cli
from workbench import pipeline

def work(*_, **__):
    with tempfile.TemporaryDirectory() as folder:
        print(folder, flush=True)
        os.kill(os.getpid(), signal.{name})

pipeline.run = work
sys.argv = ["workbench", "run", "--data", "checkerboard"]
workbench.cli.main()
"""


@pytest.mark.parametrize("script", [IMPORTING, WORKING], ids=["importing", "working"])
@pytest.mark.parametrize(
    ("name", "code", "said"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")]
)
def test_a_signal_is_one_sentence_and_tidies_up(script, name, code, said, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    found = subprocess.run(
        [sys.executable, "-c", script.format(name=name)], capture_output=True, text=True
    )
    assert found.returncode == code, found.stderr
    assert found.stderr.startswith(f"workbench: {said}; nothing is half-written")
    assert len(found.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
