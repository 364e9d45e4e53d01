"""`workbench app` and `workbench lab`: open what looks at a run."""

from __future__ import annotations

import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import Home, Plugins
from workbench.cli.run import DEFAULT
from workbench.errors import ArgumentError, WorkbenchError

ROOT = Path(__file__).resolve().parents[2]
"""The checkout, or the folder of installed packages: `app` stands beside `workbench` in both."""


def app(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
    address: Annotated[
        str, typer.Option(help="Only this machine by default: there is no login.")
    ] = "127.0.0.1",
    data: Annotated[
        str, typer.Option(help="What to run on first, where there is no run yet.")
    ] = DEFAULT,
    plugin: Plugins = None,
    home: Home = None,
) -> None:
    """Open the app in the browser's reach; where there is no run yet, make one first."""
    script = ROOT / "app" / "main.py"
    if not script.is_file():
        raise WorkbenchError(f"the app is not installed: {script} is missing; install it again")
    _require_free(address, port)

    from workbench.pipeline import Run
    from workbench.ranking.plugins import plugins
    from workbench.settings import PLUGINS
    from workbench.settings import home as default_home

    if plugin:
        # Absolute, for the same reason as the home; refused here rather than on a screen.
        paths = [str(Path(one).absolute()) if Path(one).exists() else one for one in plugin]
        plugins(paths)
        os.environ[PLUGINS] = os.pathsep.join(paths)
    home = home or default_home()
    os.environ["WORKBENCH_HOME"] = str(home)  # a relative one would move with the folder
    if Run.latest(home) is None:
        from workbench.cli.run import run

        print("There is no run yet; making one first.")
        run(data=data, home=home)
    print(f"\nOpening the app on http://{address}:{port} (stop it with Ctrl-C)", flush=True)
    # Streamlit reads app/.streamlit/config.toml, beside the script and in the working directory.
    os.chdir(script.parent)
    _become(
        "app.serve",
        "--server.port", str(port),
        "--server.address", address,
        *_hosts(address),
    )  # fmt: skip


def _hosts(address: str) -> list[str]:
    """Under which names others may ask for the app, where it is opened to others at all."""
    if address in ("127.0.0.1", "localhost"):
        return []
    return ["--server.allowedHosts", "*" if address in ("0.0.0.0", "::") else address]


def lab(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8888,
    browser: Annotated[bool, typer.Option(help="Open it in a browser.")] = True,
) -> None:
    """Open JupyterLab on the notebooks."""
    notebooks = ROOT / "notebooks"
    if find_spec("jupyterlab") is None:
        raise WorkbenchError(
            "JupyterLab is not installed; use `make lab`, or install personalization-workbench[lab]"
        )
    folder = notebooks if notebooks.is_dir() else Path.cwd()
    options = ["--port", str(port), f"--ServerApp.root_dir={folder}"]
    if not browser:
        options.append("--no-browser")
    # In a container everybody is root, and Jupyter refuses that unless told.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    _become("jupyterlab", *options)


def _require_free(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise ArgumentError(
                f"port {port} of {address} cannot be used ({error.strerror}); another app may "
                "have it: give another --port"
            ) from error


def _become(module: str, *arguments: str) -> None:
    """Go on as another program, so that signals and the exit code are its own."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
