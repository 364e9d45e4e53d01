"""A chart in a notebook: static, on white in any theme, and in words for who cannot see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Any

from workbench.report.charts import svg


@dataclass(frozen=True)
class Picture:
    """A drawing and its words."""

    drawing: str = field(repr=False)
    words: str

    def _repr_html_(self) -> str:
        style = "background:#fff;padding:8px;border-radius:6px;max-width:820px"
        return (
            f'<div role="img" aria-label="{escape(self.words, quote=True)}" style="{style}">'
            f"{self.drawing}</div>"
        )


def picture(chart: Any, words: str | None = None) -> Picture:
    """A chart for a notebook.

    Parameters
    ----------
    chart : altair chart
    words : str, optional
        What is to be seen, in words; by default the title of the chart and the lines under it.
    """
    return Picture(svg(chart), _title(chart) if words is None else words)


def _title(chart: Any) -> str:
    told = chart.to_dict(validate=False).get("title") or "a chart"
    if isinstance(told, str):
        return told
    lines = told.get("subtitle") or []
    return ". ".join([str(told["text"]), *([lines] if isinstance(lines, str) else lines)])
