"""Serve the app with the run already open, so that the first visitor does not wait for it.

Started by ``workbench app``: ``python -m app.serve --server.port 8501 ...``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from streamlit import logger
from streamlit.web import cli

from app.cache import world
from workbench.errors import ArtifactError
from workbench.pipeline.apart import sweep
from workbench.settings import home


def main() -> None:
    """Open the run, then be ``streamlit run app/main.py`` with the same arguments."""
    sweep(home())
    logger.set_log_level("ERROR")  # that no page is being served yet is what is meant
    try:
        world()
    except ArtifactError as error:
        print(error, file=sys.stderr)  # the screens say it too
    logger.set_log_level("INFO")
    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("main.py")), *sys.argv[1:]]
    cli.main()


if __name__ == "__main__":
    main()
