import re
import xml.etree.ElementTree as ET

import polars as pl
import pytest

from workbench.report.charts import (
    exposure_chart,
    frontier_chart,
    groups_chart,
    leaderboard_chart,
    leakage_chart,
    svg,
)

HOSTILE = '</style><script>alert(1)</script>"><img src=x onerror=alert(2)> http://evil.example'


def texts(text):
    return " ".join(ET.fromstring(text).itertext())


def board(names):
    return pl.DataFrame(
        {
            "model": names,
            "metric": ["ndcg"] * len(names),
            "mean": [0.2 + 0.01 * i for i in range(len(names))],
            "low": [0.1] * len(names),
            "high": [0.3] * len(names),
            "n": [90] * len(names),
        }
    )


def test_charts_of_an_audit_show_every_row(run):
    audit = run.audit
    groups = texts(svg(groups_chart(audit.people, "age", "ndcg", "nDCG@10")))
    shown = audit.people.filter(~pl.col("suppressed"), attribute="age", metric="ndcg")
    hidden = audit.people.filter(pl.col("suppressed"), attribute="age", metric="ndcg")
    assert shown.height >= 3
    assert all(name in groups for name in shown["group"])
    assert hidden.height
    assert not any(name in groups for name in hidden["group"])
    kinds = texts(svg(exposure_chart(audit.items, "popularity")))
    assert all(word in kinds for word in ("head", "mid", "tail", "attention given", "catalogue"))
    assert "gender, from slates" in texts(svg(leakage_chart(audit.leakage)))


def test_the_leaderboard_is_best_first():
    text = texts(svg(leaderboard_chart(board(["third", "second", "first"]))))
    assert text.index("first") < text.index("second") < text.index("third")
    assert "nDCG@10" in text


def test_the_same_frame_gives_the_same_picture():
    one, two = (svg(leaderboard_chart(board(["a", "b"]))) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("name", [HOSTILE, "x" * 10_000, "\u202etxet", "🎬 émoji", "", "a'b\\"])
def test_names_from_data_stay_text(name):
    text = svg(leaderboard_chart(board([name, "other"])))
    root = ET.fromstring(text)  # well-formed: nothing broke out of its place
    tags = {element.tag.lower() for element in root.iter()}
    assert tags <= {"svg", "g", "rect", "path", "line", "text", "circle", "title", "tspan", "defs",
                    "style"}  # fmt: skip
    assert not any(a.lower().startswith("on") for e in root.iter() for a in e.attrib)
    assert not any("href" in a.lower() for e in root.iter() for a in e.attrib)
    assert len(text) < 60_000


def test_a_picture_fits_its_place_and_names_no_address():
    text = svg(leaderboard_chart(board(["a"])))
    assert "xmlns" not in text
    assert "http" not in text
    assert 'class="chart-svg"' in text
    assert "max-width" in text[: text.index(">")]


def test_names_keep_room_for_a_wider_font():
    """Where Arial is not installed, letters are wider than the renderer measured them."""
    text = svg(leaderboard_chart(board(["w" * 28])))
    assert "overflow:visible" in text[: text.index(">")]
    room = float(re.search(r"translate\(([\d.]+),", text)[1]) - 8  # labelPadding
    assert room > 1.1 * 28 * 0.722 * 13  # widths of "w" in Arial, at 13 px


def test_names_that_start_alike_keep_their_own_rows():
    text = svg(leaderboard_chart(board(["long " * 30 + end for end in "abc"])))
    assert len(re.findall(r'class="mark-symbol[^>]*>(?:<path[^>]*>){3}', text)) == 1
    assert "(3)" in text


def test_a_picture_has_no_ids_that_could_meet_those_of_another(run):
    for chart in (exposure_chart(run.audit.items, "genres"), leakage_chart(run.audit.leakage)):
        assert not re.search(r"\sid=|url\(", svg(chart))


def test_a_frontier_names_each_value_once_and_both_axes():
    rows = [(0.0, 0.3, 0.8), (0.5, 0.28, 0.9), (0.75, 0.2, 0.95), (1.0, 0.2, 0.95)]
    frame = pl.DataFrame(
        [
            {"dial": "diversity", "value": value, "metric": metric, "mean": mean, **ends, "n": 9}
            for value, ndcg, other in rows
            for metric, mean, ends in (
                ("ndcg", ndcg, {"low": ndcg - 0.1, "high": ndcg + 0.1}),
                ("coverage", other, {"low": None, "high": None}),
            )
        ]
    )
    drawn = texts(svg(frontier_chart(frame, "coverage", label="nDCG@10"))).split()
    assert "nDCG@10" in drawn
    assert "coverage" in drawn
    assert {"0", "0.5", "0.75,", "1"} <= set(drawn)
    assert drawn.count("0.75,") == 1
