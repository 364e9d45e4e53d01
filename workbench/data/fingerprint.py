"""A hash of a table's content: any cell changed, another hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import polars as pl

SLICE = 100_000
"""Rows of text that are joined at a time."""


def frame_hash(frame: pl.DataFrame) -> str:
    """SHA-256 of names, types and every cell of a table, rows in their order."""
    digest = hashlib.sha256()
    for column in frame.iter_columns():
        digest.update(f"{column.name}:{column.dtype}:{len(column)};".encode())
        while isinstance(column.dtype, pl.List):
            digest.update(column.list.len().cast(pl.Int64).fill_null(-1).to_numpy().tobytes())
            column = column.explode()
        digest.update(column.is_null().to_numpy().tobytes())
        if column.dtype.is_numeric():
            digest.update(column.fill_null(0).to_numpy().tobytes())
        else:
            text = column.cast(pl.String).fill_null("")
            digest.update(text.str.len_bytes().to_numpy().tobytes())
            for part in text.to_frame().iter_slices(SLICE):
                digest.update(part.to_series().str.join("").item().encode())
    return digest.hexdigest()


def content_hash(**parts: Any) -> str:
    """Short SHA-256 of named parts: frames by their cells, all else by its JSON."""
    digest = hashlib.sha256()
    for name, part in sorted(parts.items()):
        text = (
            frame_hash(part)
            if isinstance(part, pl.DataFrame)
            else json.dumps(part, sort_keys=True, default=str)
        )
        digest.update(f"{name}={text};".encode())
    return digest.hexdigest()[:16]
