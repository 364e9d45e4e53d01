"""The main job: from a log to a run folder with an engine, an audit and a report."""

from __future__ import annotations

from workbench.pipeline.folder import Run
from workbench.pipeline.job import run

__all__ = ["Run", "run"]
