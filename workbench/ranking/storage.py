"""An engine on disk: one JSON of what it is, its arrays, and the trees in XGBoost's own JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.artifact import (
    arrays_from_bytes,
    arrays_to_bytes,
    library_versions,
    read_folder,
    write_folder,
)
from workbench.features.catalogue import described
from workbench.state import Arrays

if TYPE_CHECKING:
    from workbench.ranking.engine import Engine


def save_engine(engine: Engine, path: Path, about: Mapping[str, Any]) -> Path:
    """Write the folder of a fitted engine; ``about`` joins the manifest."""
    arrays, state = engine.state()
    places = state["ranker"].pop("arrays")
    trees = {_tree_file(name): arrays.pop(place).tobytes() for name, place in places.items()}
    files = {
        "engine.json": json.dumps(state).encode(),
        "arrays.npz": arrays_to_bytes(arrays),
        **trees,
    }
    manifest = {
        "kind": "engine",
        "dataset": engine.learnt_from_["dataset"],
        "configuration": engine.params(),
        "learnt_from": engine.learnt_from_,
        "features": described(engine.features_).to_dicts(),
        "uses": sorted(engine.uses),
        "sensitive": {"allowed": sorted(engine.allow), "read": engine.sensitive_},
        "threads": engine.threads,
        "libraries": library_versions(),
        **about,
    }
    return write_folder(path, files, manifest)


def read_engine(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """What ``Engine.state`` gave, from its folder.

    Raises
    ------
    ArtifactError
        The folder is no engine's, damaged, or newer; see ``workbench.artifact``.
    """
    files, _ = read_folder(path, "engine")
    state = json.loads(files["engine.json"])
    arrays = arrays_from_bytes(files["arrays.npz"])
    names = [f"trees_{bag}" for bag in range(state["ranker"]["json"]["n_bags"])]
    for name in names:
        arrays[name] = np.frombuffer(files[_tree_file(name)], dtype=np.uint8)
    state["ranker"]["arrays"] = dict(zip(names, names, strict=True))
    return arrays, state


def _tree_file(name: str) -> str:
    """Where the trees of a booster are: ranker.json, ranker_1.json, ..."""
    return f"ranker{name.removeprefix('trees').removesuffix('_0')}.json"
