"""Chance that belongs to a person: the same draw alone and in any batch."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.order import mixed
from workbench.profiles import Profiles

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""The step of SplitMix64's counter."""

Keys = NDArray[np.uint64]


def person_keys(people: Profiles, seed: int) -> Keys:
    """A hash of what each person did and of their moment, ``(n_people,)`` uint64.

    Made from the history (items as text, moments, values, weights; in any order) and the context,
    so neither the row nor the company matters. Attributes are left out: turning one over to see
    what it does must not bring other luck. Two people with the same history at the same moment
    share their draws; a column of context (a visit) tells them apart.
    """
    distinct, place = np.unique(people.item, return_inverse=True)
    text = people.catalogue.text.gather(distinct)
    items = np.array([_hashed(name) for name in text], dtype=np.uint64)
    with np.errstate(over="ignore"):
        event = items[place] if len(distinct) else np.zeros(0, dtype=np.uint64)
        for column in (people.timestamp, people.value, people.weight):
            known = np.where(np.isnan(column), 0.5, column + 0.0)
            event = mixed(event * _GOLDEN + np.ascontiguousarray(known, np.float64).view(np.uint64))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(event, dtype=np.uint64)])
        history = sums[people.indptr[1:]] - sums[people.indptr[:-1]]
        spelt = [_hashed(_spelt(c)) for c in people.context.iter_rows(named=True)]
        salt = mixed(np.array([seed], dtype=np.uint64) + _GOLDEN)
        return mixed(mixed(history + salt) + np.array(spelt, dtype=np.uint64))


def uniforms(keys: Keys, place: int) -> NDArray[np.float64]:
    """Numbers in [0, 1) for one place, ``(n_people,)``.

    Source: SplitMix64 by counter; Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
    generators". The upper 53 bits are used.
    """
    with np.errstate(over="ignore"):
        counter = keys + _GOLDEN * np.uint64(place + 1)
    return (mixed(counter) >> np.uint64(11)) * 2.0**-53


def _spelt(context: dict[str, Any]) -> str:
    """A context as text: columns sorted, what is not known left out, one spelling for a number."""
    return "\x00".join(
        f"{name}={_canonical(value)}"
        for name, value in sorted(context.items())
        if value is not None and value == value
    )


def _canonical(value: Any) -> str:
    try:
        return repr(float(value))
    except (TypeError, ValueError):
        return str(value)


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
