"""What a fitted model knows, as arrays and JSON: nothing is pickled, nothing is run on loading."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from workbench.vocabulary import Vocabulary

Arrays = dict[str, np.ndarray[Any, Any]]


def encoded(content: Any) -> tuple[Arrays, Any]:
    """Nested dicts, lists, scalars, arrays, sparse matrices, frames, vocabularies and models.

    Returns
    -------
    arrays : dict of str to array
        Numbers and unicode only.
    json : object
        The same nesting, with ``{"$kind": ..., ...}`` where an array stands.
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
            inner, json = value.state()
            return {
                "$kind": "model",
                "class": f"{type(value).__module__}:{type(value).__qualname__}",
                "arrays": {k: put(v) for k, v in inner.items()},
                "json": json,
            }
        if isinstance(value, frozenset | set):
            return {"$kind": "set", "of": sorted(value)}
        if isinstance(value, dict):
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
    """The content back from ``encoded``."""

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
        raise ValueError(f"unknown kind of saved value: {kind!r}")

    return walk(json)


def _model_class(path: str) -> Any:
    """A class of this package by its path; nothing else can be named by a saved file."""
    from importlib import import_module

    module, _, name = path.partition(":")
    if not module.startswith("workbench."):
        raise ValueError(f"a saved model names {path!r}, which is not part of the workbench")
    return getattr(import_module(module), name)
