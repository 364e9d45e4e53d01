"""Audit: kinds of people nobody named, as a cohort; what lists give away, and by what."""

import json
from types import SimpleNamespace

import polars as pl
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.cohort import MEETING, Cohort, to_text
from app.panels import unnamed
from tests.app.reading import words
from workbench.audit.slice_finder import FRAME, slice_members
from workbench.audit.slices import slices
from workbench.pipeline import Run


def conditions_of(split):
    """Two conditions that somebody meets, but not everybody."""
    ways = slices(split)[:2]
    return [{"attribute": way.attribute, "group": way.names.drop_nulls()[0]} for way in ways]


@pytest.fixture
def found(run_path, monkeypatch):
    """A slice of this small world, as if it had been found."""
    conditions = conditions_of(Run.load(run_path).split)
    row = {
        "slice": "<b>these</b> and =those", "conditions": conditions, "n": 23, "value": 0.1,
        "low": 0.05, "high": 0.2, "rest": 0.3, "difference": -0.2, "difference_found": -0.25,
        "p": 0.001, "p_adjusted": 0.01, "confirmed": True,
    }  # fmt: skip
    frame = pl.DataFrame([row], schema=FRAME)
    monkeypatch.setattr(unnamed, "find_slices", lambda *_, **__: frame)
    st.cache_data.clear()
    yield frame
    st.cache_data.clear()


def test_the_kinds_that_were_found_are_shown(found, run_path, visit):
    visitor = visit(run_path, "audit")
    (shown,) = [f.value for f in visitor.dataframe if "difference_found" in f.value.columns]
    assert shown["slice"].tolist() == found["slice"].to_list()
    assert shown["low"].tolist() == found["low"].to_list()
    assert "1 kind looked worse on the first half; 1 of them could be" in words(visitor)
    cohort = unnamed._cohort(found, 0)
    assert [*cohort.conditions] == [(c["attribute"], c["group"]) for c in found["conditions"][0]]


def test_too_few_people_are_said_to_be_too_few(run_path, visit):
    assert "too few people are there to be cut in two" in words(visit(run_path, "audit"))


def test_several_conditions_make_a_cohort(run_path, visit):
    split = Run.load(run_path).split
    conditions = conditions_of(split)
    ids = slice_members(split, conditions)
    assert 0 < len(ids) < len(split.people()[0])
    cohort = Cohort(MEETING, conditions=tuple((c["attribute"], c["group"]) for c in conditions))
    visitor = visit(run_path, "many", cohort=to_text(cohort))
    assert cohort.name in words(visitor)
    assert f"{len(ids)} people of {len(split.people()[0])} who have" in words(visitor)


def test_conditions_that_nobody_meets_are_refused(run_path, visit):
    visitor = visit(run_path, "many", cohort=json.dumps([MEETING, "<b>region</b>", "nowhere"]))
    assert "people who are not in this run" in words(visitor)


def test_what_turning_an_attribute_over_does(run_path, visit):
    flip = Run.load(run_path).audit.flip
    tables = [f.value for f in visit(run_path, "audit").dataframe]
    (shown,) = [t for t in tables if "overlap" in t.columns]
    assert flip.height
    assert shown["attribute"].tolist() == flip["attribute"].to_list()
    assert shown["changed"].tolist() == flip["changed"].to_list()


def given_away():
    """As a script of its own: the panel on an audit that has all its frames."""
    import streamlit

    from app.panels import leakage

    leakage.show(streamlit.session_state["audit"])


def test_by_what_an_attribute_could_be_guessed():
    proxies = pl.DataFrame(
        {"attribute": ["age", "age", "gender"], "feature": ["taste", "<i>", "popularity"],
         "mean_abs_shap": [0.3, 0.1, 0.2], "low": [0.2, 0.0, 0.1], "high": [0.4, 0.2, 0.3],
         "n": [90, 90, 80]}
    )  # fmt: skip
    leakage = pl.DataFrame(
        {"attribute": ["age"], "question": ["above 30 or not"], "source": ["features"],
         "auc": [0.7], "low": [0.6], "high": [0.8], "n": [90]}
    )  # fmt: skip
    script = AppTest.from_function(given_away)
    script.session_state["audit"] = SimpleNamespace(
        leakage=leakage, proxies=proxies, flip=pl.DataFrame()
    )
    script.run()
    assert not script.exception
    assert script.selectbox(key="proxy_attribute").options == ["age", "gender"]
    assert "Dot: mean over 90 people." in words(script)
    script.selectbox(key="proxy_attribute").select("gender").run()
    assert "Dot: mean over 80 people." in words(script)


def test_a_log_without_people_says_so(bare_path, visit):
    said = words(visit(bare_path, "audit"))
    assert "No attribute of this log could be asked about." in said
    assert "By what could it be guessed?" not in said
