"""Visitors of a real server without a browser: they speak Streamlit's own protocol.

What is timed is the server alone: from sending an edit until the script has run to its end, which
is when both lists are there. A browser would take most of two cores for itself.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from html import unescape
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

APP = Path(__file__).resolve().parents[2] / "app"
PATIENCE = 120.0


@contextmanager
def serving(run_path, log, app=APP, **environment):
    """A server on a free port, as `workbench app` starts it; yields its port and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Path(log).open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "app.serve", "--server.port", str(port)],
            cwd=app,
            env={
                **os.environ, "WORKBENCH_RUN": str(run_path), "PYTHONPATH": str(app.parent),
                **environment,
            },
            stdout=out,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", server, Path(log))
        yield port, server
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(address, server, log):
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")


class Visitor:
    """One tab on the What-if screen, from ``with`` on.

    Parameters
    ----------
    port : int
    query : str
        The address after "?".
    screen : str
        Its path.
    """

    def __init__(self, port, query="", screen="what-if"):
        self.query, self.screen, self.page = query, screen, ""
        self.buttons, self.html, self.errors = {}, [], []
        self.answered = None
        self._connection = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            subprotocols=["streamlit"],
            max_size=None,
            open_timeout=PATIENCE,
        )

    def __enter__(self):
        self._socket = self._connection.__enter__()
        self.seconds = self._rerun()
        return self

    def __exit__(self, *why):
        self._connection.__exit__(*why)

    def press(self, key):
        """Press a button by its key; returns the seconds until the screen was whole again.

        ``answered`` is the seconds until it said all but what a bar of progress is for.
        """
        self.seconds = self._rerun(self.buttons[key])
        return self.seconds

    def keys(self, start):
        """What follows this in the keys of the buttons, in the order of the screen."""
        return [key[len(start) :] for key in self.buttons if key.startswith(start)]

    @property
    def words(self):
        """All text of our own markup."""
        return "\n".join(unescape(re.sub(r"<[^>]+>", " ", body)) for body in self.html)

    def _rerun(self, pressed=None):
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self.query
        state.page_script_hash = self.page
        if not self.page:
            state.page_name = self.screen
        state.context_info.timezone = "UTC"
        if pressed is not None:
            widget = state.widget_states.widgets.add()
            widget.id = pressed
            widget.trigger_value = True
        self.answered, self._started = None, time.perf_counter()
        self._socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(self._socket.recv(timeout=PATIENCE))
            kind = answer.WhichOneof("type")
            if kind == "script_finished":
                if answer.script_finished in (
                    ForwardMsg.FINISHED_SUCCESSFULLY,
                    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
                ):
                    took = time.perf_counter() - self._started
                    self.answered = self.answered or took
                    return took
                if answer.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise RuntimeError("the script does not compile")
            elif kind == "new_session":
                self.buttons, self.html, self.errors = {}, [], []
            elif kind == "navigation":
                self.page = answer.navigation.page_script_hash
            elif kind == "page_info_changed":
                self.query = answer.page_info_changed.query_string
            elif kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
                self._seen(answer.delta.new_element)

    def _seen(self, element):
        kind = element.WhichOneof("type")
        if kind == "progress" and self.answered is None:
            self.answered = time.perf_counter() - self._started
        if kind == "button":
            key = element.button.id.split("-", 2)[-1]
            self.buttons[key] = element.button.id
        elif kind == "html":
            self.html.append(element.html.body)
        elif kind == "exception":
            self.errors.append(element.exception.message or element.exception.type)
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(element.alert.body)


def percentiles(seconds):
    """Median, 95th percentile and largest, in milliseconds, and how many."""
    ordered = sorted(seconds)
    if not ordered:
        return {"n": 0}

    def at(share):
        return 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    return {
        "n": len(ordered), "median_ms": round(at(0.5)), "p95_ms": round(at(0.95)),
        "max_ms": round(1000 * ordered[-1]),
    }  # fmt: skip


def told(name, figures, limit_ms):
    """One line of figures, with the limit that they are held to."""
    return f"{name:<28} {json.dumps(figures)}  (limit: p95 {limit_ms} ms)"
