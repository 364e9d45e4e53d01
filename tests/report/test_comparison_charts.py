import json
import xml.etree.ElementTree as ET

import polars as pl
import pytest

from workbench.report.charts import svg
from workbench.report.comparison_charts import effects_chart, intervals_chart, mitigation_chart

HOSTILE = "</style><script>alert(1)</script> http://evil.example"
ABOUT = ["somewhere", "lines: 95 % intervals"]


def compared():
    return pl.DataFrame(
        {
            "model": ["ease", "nobody", "als"],
            "difference": [0.02, None, -0.01],
            "low": [0.01, None, None],
            "high": [0.03, None, None],
            "n": [90, 0, 90],
        }
    )


def events():
    return pl.DataFrame(
        {"title": ["one", "two", "three"], "share": [0.5, 0.1, -0.2], "removal": [0.0, 0.6, -0.1]}
    )


def frontier():
    return pl.DataFrame(
        {
            "method": ["none", "floor", "floor", "penalty"],
            "strength": [0.0, 0.1, 0.2, 0.1],
            "ndcg": [0.21, 0.2, 0.19, 0.205],
            "ndcg_low": [0.2, 0.19, 0.18, 0.195],
            "ndcg_high": [0.22, 0.21, 0.2, 0.215],
            "items": [0.8, 0.6, 0.4, 0.75],
        }
    )


CHARTS = {
    "intervals": intervals_chart(
        compared(), "model", "difference", "nDCG@10, less that of one", "Who is ahead", ABOUT, 0.0
    ),
    "effects": effects_chart(events(), "title", "Two readings", ABOUT),
    "mitigation": mitigation_chart(frontier(), "items", "gap of the tail", "What it costs", ABOUT),
}


def words(chart):
    return " ".join(ET.fromstring(svg(chart)).itertext())


def rows(chart):
    return json.loads(chart.to_json(validate=False))["data"]["values"]


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_has_a_title_and_says_what_it_was_measured_on(name):
    text = words(CHARTS[name])
    assert all(word in text for word in ABOUT)
    assert any(title in text for title in ("Who is ahead", "Two readings", "What it costs"))


def test_what_has_no_interval_is_a_dot_and_what_has_no_value_is_not_drawn():
    drawn = {row["model"]: row for row in rows(CHARTS["intervals"])}
    assert list(drawn) == ["ease", "als"]
    assert drawn["als"]["low"] == drawn["als"]["high"] == drawn["als"]["difference"]
    assert "nDCG@10, less that of one" in words(CHARTS["intervals"])


def test_the_line_to_compare_with_is_drawn_only_where_there_is_one():
    asked = compared(), "model", "difference", "nDCG@10", "t", ABOUT
    assert svg(intervals_chart(*asked, 0.0)) != svg(intervals_chart(*asked))


def test_of_a_long_history_the_largest_are_drawn_by_either_reading():
    few = effects_chart(events(), "title", "t", ABOUT, most=2)
    assert [row["title"] for row in rows(few)] == ["one", "two"]
    assert all(word in words(few) for word in ("share of the score", "effect of removal"))


def test_every_way_to_mend_begins_where_nothing_is_done():
    drawn = rows(CHARTS["mitigation"])
    for method, n in (("floor", 3), ("penalty", 2)):
        own = [row for row in drawn if row["method"] == method]
        assert len(own) == n
        assert own[0]["gap"] == 0.8
        assert own[0]["strength"] == 0


def test_titles_of_a_log_do_nothing_in_a_picture():
    bad = events().with_columns(title=pl.lit(HOSTILE) + pl.col("title"))
    text = svg(effects_chart(bad, "title", HOSTILE, ABOUT))
    assert "<script" not in text
    assert "href" not in text
