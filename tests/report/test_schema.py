"""The published schema of report.json: it accepts what is written, and refuses what is not."""

import json
from copy import deepcopy
from importlib.resources import files

import jsonschema
import pytest

from workbench.report.content import FORMAT, assemble


@pytest.fixture(scope="module")
def checker():
    schema = json.loads(files("workbench.report").joinpath("report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(scope="module")
def content(run):
    return json.loads((run.path / "report.json").read_text("utf-8"))


def test_a_report_keeps_it(checker, content):
    assert checker.schema["properties"]["format"]["const"] == FORMAT
    assert [e.message for e in checker.iter_errors(content)] == []
    assert [e.message for e in checker.iter_errors(assemble(object()))] == []


def spoil(where, value):
    def change(content):
        *path, last = where
        for part in path:
            content = content[part]
        content[last] = value

    return change


BROKEN = {
    "a part that nobody knows": spoil(["more"], 1),
    "another format": spoil(["format"], 3),
    "a figure as text": spoil(["leaderboard", 0, "mean"], "0.2"),
    "a verdict that is none": spoil(["audit", "verdicts", 0, "verdict"], "complies"),
    "groups of fewer than 20": spoil(["audit", "settings", "minimum"], 5),
    "a hash that is none": spoil(["files", 0, "sha256"], "0"),
    "the policy left out": lambda content: content["audit"].pop("policy"),
    "a row without its n": lambda content: content["audit"]["people"][0].pop("n"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_report_is_refused(checker, content, what):
    changed = deepcopy(content)
    BROKEN[what](changed)
    assert not checker.is_valid(changed)
