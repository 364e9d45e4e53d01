"""A peer in its own process: asked by lines of JSON, so that its turns alternate with ours."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl

from tests.benchmarks.measuring import THREADS
from tests.benchmarks.peers.environment import PeersMissingError, interpreter

SERVER = Path(__file__).with_name("serve.py")


class Peer:
    """A running ``serve.py``, and the folder of the tables that it reads and writes."""

    def __init__(self) -> None:
        python = interpreter()
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        threads = {
            name: str(THREADS)
            for name in (
                "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
                "LK_NUM_THREADS", "LK_NUM_BACKEND_THREADS",
            )
        }  # fmt: skip
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", str(SERVER), self._folder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **threads},
        )

    def give(self, name: str, frame: pl.DataFrame) -> None:
        """Put a table where the peer reads it."""
        frame.write_parquet(Path(self._folder.name) / f"{name}.parquet")

    def take(self, name: str) -> pl.DataFrame:
        """A table that the peer wrote."""
        return pl.read_parquet(Path(self._folder.name) / f"{name}.parquet")

    def ask(self, work: str, **arguments: Any) -> dict[str, Any]:
        """Have it do some work; what it says of it (``ms`` where it was timed)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"work": work, **arguments}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise PeersMissingError("the peer's process has ended") from error
        answer = self._process.stdout.readline()
        if not answer:
            raise PeersMissingError(f"the peer's process has ended while it did {work!r}")
        said: dict[str, Any] = json.loads(answer)
        if "error" in said:
            raise PeersMissingError(f"{work}: {said['error']}")
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()
