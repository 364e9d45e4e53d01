"""The locked environment of libraries that cannot live in ours."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from workbench.settings import home

LOCK = Path(__file__).with_name("requirements.lock")


class PeersMissingError(Exception):
    """The peers' environment is not there and could not be made."""


def interpreter() -> Path:
    """The Python of the peers' environment, which is made on first use.

    It stands in ``data/bench/peers-venv``. A stamp is written when it is complete, so that one
    that was cut short, or made from another lock or Python, is made anew.

    Raises
    ------
    PeersMissingError
        It cannot be made, e.g. without a network.
    """
    folder = home() / "bench" / "peers-venv"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / "complete"
    wanted = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return python
    print(f"Installing LensKit and ranx into {folder} (a few minutes, once) ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
        call = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        done = subprocess.run([*call, "-r", str(LOCK)], capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PeersMissingError(str(error)) from error
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise PeersMissingError(" ".join(errors[:2]) or f"pip ended with {done.returncode}")
    stamp.write_text(wanted, "utf-8")
    return python
