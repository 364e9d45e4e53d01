"""Charts of a log and of models beside each other: titles, axes, units, sources, every row."""

import xml.etree.ElementTree as ET
from datetime import datetime

import polars as pl
import pytest

from workbench.report.charts import svg
from workbench.report.log_charts import (
    attention_chart,
    histories_chart,
    ties_chart,
    times_chart,
    values_chart,
)
from workbench.report.model_charts import helped_chart, sparsity_chart

SOURCE = "a small log: 12 people"


def texts(chart):
    return " ".join(ET.fromstring(svg(chart)).itertext())


CHARTS = {
    "histories": (
        histories_chart(pl.DataFrame({"length": ["1", "2 to 3"], "people": [4, 8]}), SOURCE),
        ["How much is known", "12 people", "events in the history", "2 to 3"],
    ),
    "values": (
        values_chart(pl.DataFrame({"value": ["4", "5"], "n": [30, 70]}), SOURCE, "stars"),
        ["What was given", "a value: 100", "stars", "events"],
    ),
    "attention": (
        attention_chart(
            pl.DataFrame({"items": [0.0, 0.1, 1.0], "events": [0.0, 0.6, 1.0]}), SOURCE
        ),
        ["How attention is spread", "most popular first", "share of all events", "100%"],
    ),
    "times": (
        times_chart(
            pl.DataFrame({"moment": [datetime(2026, 1, 5), datetime(2026, 2, 2)], "n": [3, 9]}),
            "1w",
            SOURCE,
        ),
        ["When people came", "time (UTC)", "events in a week", "2026"],
    ),
    "ties": (
        ties_chart(
            pl.DataFrame(
                {
                    "model": ["ease", "ease", "als"],
                    "order": ["by hash", "by item id", "by hash"],
                    "mean": [0.2, 0.1, 0.3],
                }
            ),
            "nDCG@10",
            SOURCE,
        ),
        ["order of ties", "by hash", "by item id", "nDCG@10", "ease", "als"],
    ),
    "sparsity": (
        sparsity_chart(
            pl.DataFrame(
                {
                    "model": ["ease", "ease"],
                    "learnt": [0.05, 1.0],
                    "mean": [0.1, 0.2],
                    "low": [0.05, 0.15],
                    "high": [0.15, 0.25],
                    "n": [12, 12],
                }
            ),
            ["ease"],
            "nDCG@10",
            SOURCE,
        ),
        ["When less of the log is known", "5%", "100%", "share of the training events", "ease"],
    ),
    "helped": (
        helped_chart(
            pl.DataFrame(
                {
                    "group": ["Drama", "Drama", "War"],
                    "model": ["content", "rules", "rules"],
                    "difference": [-0.02, 0.03, 0.01],
                    "low": [-0.05, 0.01, -0.04],
                    "high": [0.01, 0.05, 0.06],
                    "n": [9, 9, 3],
                }
            ),
            "nDCG@10, less that of EASE",
            "Who is helped",
            SOURCE,
        ),
        ["Who is helped", "Drama (9)", "War (3)", "content", "rules", "less that of EASE"],
    ),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_says_what_it_shows_of_what(name):
    chart, words = CHARTS[name]
    shown = texts(chart)
    for word in (*words, SOURCE):
        assert word in shown, f"{word!r} is not in {shown!r}"


def test_every_model_of_every_group_has_an_interval():
    assert svg(CHARTS["helped"][0]).count('opacity="0.55"') == 3


def test_groups_and_models_stay_in_the_order_of_the_rows():
    shown = texts(CHARTS["helped"][0])
    assert shown.index("Drama (9)") < shown.index("War (3)")
    assert texts(CHARTS["ties"][0]).index("als") < texts(CHARTS["ties"][0]).index("ease")


@pytest.mark.parametrize("text", ["</style><script>alert(1)</script>", "x" * 5_000])
def test_names_from_data_stay_text(text):
    frame = pl.DataFrame(
        {"group": [text], "model": [text], "difference": [0.1], "low": [0.0], "high": [0.2],
         "n": [3]}
    )  # fmt: skip
    drawn = svg(helped_chart(frame, "difference", "title", SOURCE))
    assert "script" not in {element.tag for element in ET.fromstring(drawn).iter()}
    assert len(drawn) < 60_000
