"""Ids and their codes: the fixed order in which a catalogue (or a population) is counted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Id = str | int
IntArray = NDArray[np.integer[Any]]
FloatArray = NDArray[np.float32]


class Vocabulary:
    """Distinct ids; the code of an id is its place.

    The order is by length of the text and then by the text, so the same ids written as integers
    or as strings get the same codes, and no result can depend on the type in which a log happens
    to spell its ids. Integers of 0 and more are thereby in their numeric order; negative ones
    are ordered by their text, sign included (3, -1, -2, 10, -10), which is as fixed.

    Parameters
    ----------
    ids : iterable of str or int
        In any order; repeats count once.

    Attributes
    ----------
    ids : polars.Series
        Int64 or String, in code order.
    """

    def __init__(self, ids: Iterable[Id] | pl.Series) -> None:
        series = ids if isinstance(ids, pl.Series) else pl.Series("id", list(ids))
        if len(series) == 0:
            series = series.cast(pl.String)
        dtype = pl.Int64 if series.dtype.is_integer() else pl.String
        text = pl.col("id").cast(pl.String)
        self.ids: pl.Series = (
            pl.DataFrame({"id": series.cast(dtype)})
            .unique()
            .sort(text.str.len_bytes(), text)
            .to_series()
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._codes

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Vocabulary) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self):,} {'integer' if self.is_integer else 'string'} ids)"

    @property
    def is_integer(self) -> bool:
        return self.ids.dtype == pl.Int64

    @cached_property
    def text(self) -> pl.Series:
        """The ids as text, in code order."""
        return self.ids.cast(pl.String)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the ids, their order and their type."""
        digest = hashlib.sha256(str(self.ids.dtype).encode())
        digest.update("\x00".join(self.text).encode())
        return digest.hexdigest()[:16]

    @cached_property
    def _list(self) -> list[Id]:
        return self.ids.to_list()

    @cached_property
    def _codes(self) -> dict[Id, int]:
        return {id_: code for code, id_ in enumerate(self._list)}

    def code(self, id_: Id) -> int:
        """Code of one id; -1 where it is unknown."""
        return self._codes.get(id_, -1)

    def codes(self, ids: pl.Series | Iterable[Id]) -> IntArray:
        """Codes of many ids, ``(n_ids,)`` int64; -1 where unknown."""
        if not isinstance(ids, pl.Series):
            get = self._codes.get
            return np.array([get(id_, -1) for id_ in ids], dtype=np.int64)
        if len(ids) == 0 or len(self) == 0:
            return np.full(len(ids), -1, dtype=np.int64)
        if ids.dtype.is_integer() != self.is_integer:
            return np.full(len(ids), -1, dtype=np.int64)
        places = pl.Series("code", np.arange(len(self), dtype=np.int64))
        return (
            ids.cast(self.ids.dtype)
            .replace_strict(self.ids, places, default=-1, return_dtype=pl.Int64)
            .to_numpy()
        )

    def id(self, code: int) -> Id:
        """The id with this code."""
        return self._list[code]

    def take(self, codes: IntArray | list[int]) -> list[Id]:
        """The ids with these codes."""
        ids = self._list
        return [ids[code] for code in codes]

    def hashes(self) -> NDArray[np.uint64]:
        """A stable 64-bit hash of each id's text, ``(n_ids,)`` in code order."""
        return np.array(
            [
                int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
                for text in self.text
            ],
            dtype=np.uint64,
        )
