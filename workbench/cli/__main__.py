"""``python -m workbench.cli``, the same as ``workbench``."""

from workbench.cli import app

app(prog_name="workbench")
