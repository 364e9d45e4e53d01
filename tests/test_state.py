"""What is saved comes back the same, or is refused while it can still be mended."""

from __future__ import annotations

import inspect
import pkgutil
import sys
from importlib import import_module

import numpy as np
import polars as pl
import pytest
from scipy import sparse

import workbench as wb
from workbench.errors import ArgumentError, DamagedArtifactError
from workbench.ranking.registry import MODELS
from workbench.state import CLASSES, decoded, encoded
from workbench.vocabulary import Vocabulary


class Outside(wb.Recommender):
    """A model of somebody's own."""

    personalised = False

    def fit(self, dataset: wb.Dataset) -> Outside:
        self.n_ = dataset.n_items
        return self

    def score(self, profiles: wb.Profiles, items: np.ndarray | None = None) -> np.ndarray:
        scores = np.tile(np.arange(self.n_, dtype=np.float32), (len(profiles), 1))
        return scores if items is None else scores[:, items]


UNSAVED = {"workbench.models.estimator:FromEstimator"}
"""Built around objects of other libraries: they refuse to be saved, see test_estimator.py."""


def _with_a_state() -> set[str]:
    """Paths of the classes of the layers that models are made of, that can be saved."""
    found = set()
    for layer in ("features", "models", "ranking"):
        package = import_module(f"workbench.{layer}")
        for module in pkgutil.iter_modules(package.__path__, f"workbench.{layer}."):
            for name, cls in inspect.getmembers(import_module(module.name), inspect.isclass):
                concrete = hasattr(cls, "from_state") and not inspect.isabstract(cls)
                if cls.__module__ == module.name and concrete:
                    found.add(f"{module.name}:{name}")
    return found - UNSAVED


def test_the_classes_that_may_be_named_are_those_that_can_be_saved() -> None:
    assert _with_a_state() == CLASSES
    assert set(MODELS.values()) <= CLASSES


@pytest.mark.parametrize(
    "path",
    [
        "workbench.cli.__main__:main",
        "workbench.models.base:Recommender",
        "workbench.models.linear:EASE.__init__",
        "os:system",
        "",
        None,
        ["workbench.models.linear:EASE"],
    ],
)
def test_a_saved_file_names_no_other_class(path: object) -> None:
    sys.modules.pop("workbench.cli.__main__", None)
    saved = {"part": {"$kind": "model", "class": path, "arrays": {}, "json": {}}}
    with pytest.raises(DamagedArtifactError, match="which is no model of this package"):
        decoded({}, saved)
    assert "workbench.cli.__main__" not in sys.modules


def test_a_saved_file_holds_no_other_kind() -> None:
    with pytest.raises(DamagedArtifactError, match="unknown kind of saved value: 'code'"):
        decoded({}, {"$kind": "code"})


def test_a_model_that_could_not_be_loaded_is_not_saved_inside_another() -> None:
    dataset = wb.load("checkerboard")
    blend = wb.create("blend", parts=["ease", Outside()], weights=[1, 1]).fit(dataset)
    with pytest.raises(ArgumentError, match=r"a Outside \(of .*\) inside another model cannot be"):
        blend.state()
    alone = Outside().fit(dataset)
    people = dataset.profiles()[:3]
    back = Outside.from_state(*alone.state())
    np.testing.assert_array_equal(back.score(people), alone.score(people))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"of": {3: 1.0}}, "a dict with the key 3 cannot be saved.*use strings"),
        ({"of": {None: 1.0}}, "a dict with the key None cannot be saved"),
        ({"of": [{"$kind": "float", "is": "nan"}]}, "a dict with the key '.kind' cannot be saved"),
        (Vocabulary(["a\0", "b"]), r"the id 'a\\x00' ends in NUL.*strip it"),
    ],
)
def test_what_would_come_back_changed_is_refused(content: object, complaint: str) -> None:
    with pytest.raises(ArgumentError, match=complaint):
        encoded(content)


def test_what_is_saved_comes_back() -> None:
    content = {
        "n": [1, 2.5, None, True, "x", float("inf")],
        "empty": {},
        "array": np.arange(3),
        "text": Vocabulary(["b", "a\0c"]),
        "numbers": Vocabulary([3, -1]),
        "none": Vocabulary([]),
        "frame": pl.DataFrame({"x": [[1], None]}),
        "sparse": sparse.csr_array(np.eye(2)),
        "set": frozenset({"u", "v"}),
    }
    back = decoded(*encoded(content))
    assert list(back) == list(content)
    for name in ("n", "empty", "text", "numbers", "none", "set"):
        assert back[name] == content[name], name
    np.testing.assert_array_equal(back["array"], content["array"])
    assert back["frame"].equals(content["frame"])
    np.testing.assert_array_equal(back["sparse"].toarray(), np.eye(2))
