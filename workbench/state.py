"""What a fitted model knows, as arrays and JSON: nothing is pickled, nothing is run on loading.

A saved file names the class of each part. It may name only those of ``CLASSES``; whatever else it
names is neither imported nor called.
"""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from workbench.errors import ArgumentError, DamagedArtifactError
from workbench.vocabulary import Vocabulary

Arrays = dict[str, np.ndarray[Any, Any]]

CLASSES = frozenset(
    {
        "workbench.features.popularity:PopularityInTime",
        "workbench.features.tables:ItemTables",
        "workbench.models.baseline:Baseline",
        "workbench.models.content:Content",
        "workbench.models.factors:ALS",
        "workbench.models.factors:SVD",
        "workbench.models.function:FromFunction",
        "workbench.models.heuristics:EditorsPicks",
        "workbench.models.heuristics:RecentlyViewed",
        "workbench.models.hybrid:Blend",
        "workbench.models.linear:EASE",
        "workbench.models.neighbours:ItemKNN",
        "workbench.models.neighbours:UserKNN",
        "workbench.models.nonnegative:NMF",
        "workbench.models.plus:SVDpp",
        "workbench.models.popularity:Popularity",
        "workbench.models.popularity:RecentPopularity",
        "workbench.models.rating_neighbours:KNNBaseline",
        "workbench.models.rules:Rules",
        "workbench.models.slope_one:SlopeOne",
        "workbench.models.sparse_linear:SLIM",
        "workbench.models.stack:Stack",
        "workbench.models.switch:Cascade",
        "workbench.models.switch:Switch",
        "workbench.models.temporal:Following",
        "workbench.models.temporal:Session",
        "workbench.models.temporal:Trending",
        "workbench.models.walks:RP3beta",
        "workbench.ranking.engine:Engine",
        "workbench.ranking.ranker:Ranker",
    }
)
"""Paths of the classes that can be saved inside another: all of the package that have a state.

Plain text, because their modules are of later layers; a test holds the two together.
"""
_KIND = "$kind"


def encoded(content: Any) -> tuple[Arrays, Any]:
    """Nested dicts, lists, scalars, arrays, sparse matrices, frames, vocabularies and models.

    Returns
    -------
    arrays : dict of str to array
        Numbers and unicode only.
    json : object
        The same nesting, with ``{"$kind": ..., ...}`` where an array stands.

    Raises
    ------
    ArgumentError
        Something could not be loaded again as it is: a model from outside the package, a dict
        with keys that are no strings or with the key "$kind", an id that ends in NUL.
    TypeError
        A value is of a kind that cannot be saved.
    """
    arrays: Arrays = {}

    def put(value: Any) -> str:
        name = f"a{len(arrays)}"
        arrays[name] = value
        return name

    def walk(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            if value.dtype == object:
                raise TypeError("an array of objects cannot be saved; keep numbers or unicode")
            return {"$kind": "array", "at": put(value)}
        if sparse.issparse(value):
            m = value.tocsr()
            return {
                "$kind": "csr",
                "shape": list(m.shape),
                "data": put(m.data),
                "indices": put(m.indices),
                "indptr": put(m.indptr),
            }
        if isinstance(value, Vocabulary):
            _refuse_nul(value)
            return {
                "$kind": "vocabulary",
                "integer": value.is_integer,
                "ids": put(np.array(value.ids.to_list(), dtype=None if len(value) else "U1")),
            }
        if isinstance(value, pl.DataFrame):
            buffer = io.BytesIO()
            value.write_ipc(buffer)
            return {"$kind": "frame", "at": put(np.frombuffer(buffer.getvalue(), dtype=np.uint8))}
        if hasattr(value, "state") and hasattr(type(value), "from_state"):
            path = _loadable(type(value))
            inner, json = value.state()
            return {
                "$kind": "model",
                "class": path,
                "arrays": {k: put(v) for k, v in inner.items()},
                "json": json,
            }
        if isinstance(value, frozenset | set):
            return {"$kind": "set", "of": sorted(value)}
        if isinstance(value, dict):
            _refuse_keys(value)
            return {str(k): walk(v) for k, v in value.items()}
        if isinstance(value, tuple | list):
            return [walk(v) for v in value]
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not math.isfinite(value):
            return {"$kind": "float", "is": repr(value)}
        if value is None or isinstance(value, str | int | float | bool):
            return value
        raise TypeError(f"a {type(value).__name__} cannot be saved; keep arrays or plain values")

    return arrays, walk(content)


def decoded(arrays: Arrays, json: Any) -> Any:
    """The content back from ``encoded``.

    Raises
    ------
    DamagedArtifactError
        It names a class or a kind of value that this package does not save.
    """

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return [walk(v) for v in value]
        if not isinstance(value, dict):
            return value
        kind = value.get("$kind")
        if kind is None:
            return {k: walk(v) for k, v in value.items()}
        if kind == "float":
            return float(value["is"])
        if kind == "array":
            return arrays[value["at"]]
        if kind == "csr":
            return sparse.csr_array(
                (arrays[value["data"]], arrays[value["indices"]], arrays[value["indptr"]]),
                shape=tuple(value["shape"]),
            )
        if kind == "vocabulary":
            ids = arrays[value["ids"]].tolist()
            return Vocabulary(pl.Series(ids, dtype=pl.Int64 if value["integer"] else pl.String))
        if kind == "frame":
            return pl.read_ipc(io.BytesIO(arrays[value["at"]].tobytes()))
        if kind == "set":
            return frozenset(value["of"])
        if kind == "model":
            return _model_class(value["class"]).from_state(
                {k: arrays[v] for k, v in value["arrays"].items()}, value["json"]
            )
        raise DamagedArtifactError(f"unknown kind of saved value: {kind!r}; save it again")

    return walk(json)


def _model_class(path: Any) -> Any:
    """A class by its path, of ``CLASSES`` only; nothing else is even imported."""
    from importlib import import_module

    if not isinstance(path, str) or path not in CLASSES:
        raise DamagedArtifactError(
            f"a saved model names {path!r}, which is no model of this package; save it again"
        )
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _loadable(cls: type) -> str:
    path = f"{cls.__module__}:{cls.__qualname__}"
    if path not in CLASSES:
        raise ArgumentError(
            f"a {cls.__name__} (of {cls.__module__}) inside another model cannot be saved, since "
            "loading runs no code from outside the package; save it by its own state(), or put "
            "a model of wb.model_names() in its place"
        )
    return path


def _refuse_keys(value: dict[Any, Any]) -> None:
    for key in value:
        if not isinstance(key, str):
            raise ArgumentError(
                f"a dict with the key {key!r} cannot be saved, since JSON would make it text; "
                "use strings, or keep the keys in an array"
            )
    if _KIND in value:
        raise ArgumentError(
            f"a dict with the key {_KIND!r} cannot be saved, since saved files use the word "
            "themselves; choose another key"
        )


def _refuse_nul(vocabulary: Vocabulary) -> None:
    if vocabulary.is_integer:
        return
    ending = vocabulary.ids.filter(vocabulary.ids.str.ends_with("\0"))
    if len(ending):
        raise ArgumentError(
            f"the id {ending[0]!r} ends in NUL, which would be lost in saving; strip it from the "
            "log before making the Dataset"
        )
