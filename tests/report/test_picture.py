"""A chart as a notebook shows it."""

import polars as pl

from workbench.report.charts import dots, styled, svg, titled
from workbench.report.picture import picture

ROWS = pl.DataFrame(
    {"model": ["a", "b"], "mean": [0.1, 0.2], "low": [0.0, 0.1], "high": [0.2, 0.3]}
)


def chart(title):
    made = dots(ROWS, "model", "mean", "nDCG@10", ["a", "b"])
    return styled(made if title is None else titled(made, title, ["a source", "and a line"]))


def test_it_stands_on_white_and_says_what_it_is():
    shown = picture(chart("How good"))._repr_html_()
    assert 'role="img" aria-label="How good. a source. and a line"' in shown
    assert "background:#fff" in shown
    assert svg(chart("How good")) in shown


def test_words_are_escaped_and_may_be_given():
    assert 'aria-label="&lt;b&gt;&quot;"' in picture(chart(None), '<b>"')._repr_html_()
    hostile = picture(chart('"><script>alert(1)</script>'))._repr_html_()
    assert "<script" not in hostile
    assert 'aria-label="a chart"' in picture(chart(None))._repr_html_()
