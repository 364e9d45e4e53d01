"""The command `workbench`.

Only the handling of signals is here, so that it is in place before anything is imported.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.cli.commands import app

__all__ = ["app", "main"]

INTERRUPTED, TERMINATED = 130, 143
INTERRUPTED_MESSAGE = (
    "workbench: interrupted; nothing is half-written, earlier runs are as they were"
)


def main() -> None:
    """Run the command of ``sys.argv``; Ctrl-C at any moment is one sentence and code 130."""
    try:
        signal.signal(signal.SIGTERM, _terminated)
        from workbench.cli.commands import app

        app(prog_name="workbench")
    except KeyboardInterrupt:
        print(INTERRUPTED_MESSAGE, file=sys.stderr)
        sys.exit(INTERRUPTED)


def _terminated(*_: Any) -> None:
    """Leave as from an error, so that temporary folders are removed on the way."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not stop the tidying up
    print("workbench: terminated; nothing is half-written", file=sys.stderr)
    sys.exit(TERMINATED)


def __getattr__(name: str) -> Any:
    if name == "app":
        from workbench.cli.commands import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
