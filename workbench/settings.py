"""Where state lives: the one place that reads the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PLUGINS = "WORKBENCH_PLUGINS"


def home() -> Path:
    """The folder of caches and runs; it need not exist yet.

    ``$WORKBENCH_HOME`` where it is set; ``data/`` of the checkout when the package runs from
    one; else the user's own data folder (XDG on Linux, Application Support on macOS,
    LOCALAPPDATA on Windows).
    """
    named = os.environ.get("WORKBENCH_HOME")
    if named:
        return Path(named).expanduser().absolute()
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file():
        return checkout / "data"
    return _user_data() / "workbench"


def cache() -> Path:
    """The folder of fetched data sets, inside ``home()``."""
    return home() / "cache"


def own_copy(name: str) -> Path | None:
    """A folder or zip that the user names for a data set, or None.

    For ``movielens-100k`` it is ``$WORKBENCH_MOVIELENS_100K``.
    """
    named = os.environ.get("WORKBENCH_" + name.upper().replace("-", "_"))
    return Path(named).expanduser() if named else None


def plugins() -> list[str]:
    """Paths and names of plug-ins that the app is told to run: ``$WORKBENCH_PLUGINS``.

    Several are divided as in ``$PATH``.
    """
    return [one for one in os.environ.get(PLUGINS, "").split(os.pathsep) if one]


def _user_data() -> Path:
    if sys.platform == "win32":
        default = Path.home() / "AppData" / "Local"
        return Path(os.environ.get("LOCALAPPDATA") or default)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
