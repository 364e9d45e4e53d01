"""Models of a file: taken where they are given, refused in one sentence where they cannot work."""

import hashlib
import sys
from importlib import metadata

import pytest

import workbench as wb
from workbench.errors import ArgumentError, DamagedArtifactError
from workbench.ranking.plugins import again, load_plugin, origin, plugins

MODEL = '''
"""Two models and some others that are none of this file's."""

import numpy as np

import workbench as wb
from workbench.models.linear import EASE
from workbench.models.popularity import Popularity


class Half(wb.Recommender):
    """Not a model yet."""

    def fit(self, dataset):
        return self


class TheSame(Popularity):
    """What everybody likes."""

    name = "the-same"


class SpellsItselfOut(TheSame):
    """The same by another name."""

    def __init__(self, factor=1.0):
        self.factor = factor
'''


@pytest.fixture
def written(tmp_path):
    """Writes a plug-in; its path."""

    def write(text=MODEL, name="mine.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_the_models_that_a_file_defines(written, log):
    path = written()
    plugin = load_plugin(path)
    assert list(plugin.models) == ["the-same", "spells-itself-out"]
    assert plugin.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert plugin.told() == {"source": str(path), "sha256": plugin.sha256}
    model = plugin.create("the-same").fit(log)
    assert origin(model) is plugin
    assert origin(wb.create("popularity")) is None
    again = load_plugin(path)
    assert again.models == plugin.models, "the same bytes are run once"
    assert not path.with_suffix(".pyc").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", r"mine\.py: line 1 is no Python \(invalid syntax\); mend it"),
        ("x = 1\n", r"it holds no model; define a class of wb\.Recommender"),
        ("import nothing_of_that_name\n", "running it raised ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "running it raised SystemExit: 3"),
        (MODEL.replace('"the-same"', '"ease"'), "the name 'ease' is taken by the workbench itself"),
        (
            MODEL + '\n\nclass Other(TheSame):\n    name = "the-same"\n',
            "two models are called 'the-same', TheSame and Other",
        ),
    ],
    ids=["syntax", "none", "import", "exit", "taken", "two"],
)
def test_a_file_that_cannot_work(written, text, message):
    with pytest.raises(ArgumentError, match=message):
        plugins([written(text)])


def test_a_file_that_failed_leaves_nothing_behind(written):
    before = set(sys.modules)
    with pytest.raises(ArgumentError, match="running it raised ZeroDivisionError"):
        plugins([written("class A: pass\n1 / 0\n")])
    assert set(sys.modules) == before


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ArgumentError, match=r"gone\.py: the file cannot be read \(No such file"):
        plugins([tmp_path / "gone.py"])
    with pytest.raises(ArgumentError, match=r"cannot be read \(Is a directory\)"):
        plugins([tmp_path])
    with pytest.raises(ArgumentError, match="no such file, and no installed package offers it"):
        plugins(["gone"])


def test_one_name_in_two_files(written):
    one, two = written(), written(MODEL + "\n", "other.py")
    with pytest.raises(ArgumentError, match=r"other\.py: the name 'the-same' is taken by .*mine"):
        plugins([one, two])
    assert len(plugins([one, one])) == 1, "the same file twice is one"


def test_a_model_that_cannot_be_made_without_arguments(written):
    plugin = load_plugin(written(MODEL.replace("factor=1.0", "factor")))
    with pytest.raises(ArgumentError, match=r"SpellsItselfOut\(\) cannot be made \(TypeError"):
        plugin.create("spells-itself-out")


@pytest.fixture
def offers(written, monkeypatch):
    """Lets an installed package offer something under the name "theirs"."""

    def offer(value):
        folder = written(name="their_models.py").parent
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.delitem(sys.modules, "their_models", raising=False)
        point = metadata.EntryPoint("theirs", value, "workbench.models")
        monkeypatch.setattr(metadata, "entry_points", lambda group: [point])

    return offer


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("their_models", ["the-same", "spells-itself-out"]),
        ("their_models:TheSame", ["the-same"]),
    ],
)
def test_an_installed_package_offers_models(offers, value, names):
    offers(value)
    plugin = load_plugin("theirs")
    assert list(plugin.models) == names
    assert plugin.source == f"theirs ({value})"
    assert len(plugin.sha256) == 64


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("their_models:np", "it holds no model"),
        ("their_models:gone", "loading their_models:gone raised AttributeError"),
        ("their_models:wb.load", r"is no class of wb\.Recommender"),
    ],
)
def test_an_installed_package_that_offers_something_else(offers, value, message):
    offers(value)
    with pytest.raises(ArgumentError, match=message):
        load_plugin("theirs")


def test_a_model_of_a_run_is_made_again_of_the_same_code_only(written):
    plugin = load_plugin(written())
    told = {**plugin.told(), "repr": "SpellsItselfOut(factor=1.0)"}
    assert again("spells-itself-out", told, [plugin]).params() == {"factor": 1.0}
    with pytest.raises(ArgumentError, match="whose code no run keeps; give it again: --plugin"):
        again("spells-itself-out", told, [])
    with pytest.raises(ArgumentError, match=r"made as SpellsItselfOut\(factor=2\.0\)"):
        again("spells-itself-out", {**told, "repr": "SpellsItselfOut(factor=2.0)"}, [plugin])
    changed = load_plugin(written(MODEL + "# another line\n"))
    with pytest.raises(DamagedArtifactError, match="is other code than the run was made with"):
        again("spells-itself-out", told, [changed])
