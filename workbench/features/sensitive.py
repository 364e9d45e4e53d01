"""Sensitive columns: what a ranker may not read of a person unless it is allowed by name.

These are all attributes (any column of the users table), and columns of context whose name says
something of the person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from workbench.columns import AS_OF, USER
from workbench.errors import ArgumentError

# fmt: off
SENSITIVE = frozenset((
    "age", "belief", "birth", "birthdate", "birthday", "caste", "citizenship", "color",
    "colour", "disability", "disabled", "dob", "ethnic", "ethnicity", "gender", "genetic",
    "handicap", "health", "income", "language", "marital", "minority", "nationality", "native",
    "orientation", "origin", "political", "politics", "postal", "postcode", "pregnancy",
    "pregnant", "race", "racial", "religion", "religious", "salary", "sex", "sexual",
    "sexuality", "union", "zip", "zipcode",
))
# fmt: on
"""Words in the name of a column that make it sensitive wherever it stands.

After the grounds of discrimination in article 21 of the Charter of Fundamental Rights of the EU
and the special categories of article 9 of the GDPR, with the usual stand-ins for them (where a
person lives, what they earn).
"""


def is_sensitive(column: str) -> bool:
    """Whether a word of the name is one of ``SENSITIVE``: "user_gender", "ZipCode", "age"."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", column)
    return bool({word.lower() for word in words} & SENSITIVE)


def sensitive_columns(dataset: Any) -> frozenset[str]:
    """Columns of a dataset that no ranker reads unless allowed."""
    attributes = set(dataset.users.columns) - {USER}
    return frozenset(attributes | {c for c in dataset.context_columns if is_sensitive(c)})


def check_allowed(
    readers: Iterable[tuple[str, str, frozenset[str]]], dataset: Any, allow: frozenset[str]
) -> frozenset[str]:
    """Refuse what reads a sensitive column that is not allowed.

    Parameters
    ----------
    readers : iterable of (kind, name, uses)
        Such as ``("feature", "by_gender", {"gender"})``.
    dataset : Dataset
    allow : frozenset of str

    Returns
    -------
    frozenset of str
        The sensitive columns that are read.

    Raises
    ------
    ArgumentError
        A sensitive column is read and not allowed, or ``allow`` names what is not there.
    """
    sensitive = sensitive_columns(dataset)
    unknown = sorted(allow - sensitive - set(dataset.context_columns))
    if unknown:
        there = ", ".join(sorted(sensitive)) or "none"
        raise ArgumentError(
            f"allow: {unknown[0]!r} is no attribute or context of {dataset.name!r} "
            f"(sensitive ones are: {there}); mend the spelling or leave it out"
        )
    plain = {AS_OF, *dataset.context_columns} - sensitive
    read: set[str] = set()
    for kind, name, uses in readers:
        # A column that the log lacks may still come with a live profile: it counts as sensitive.
        barred = sorted(uses - plain - allow)
        if barred:
            raise ArgumentError(
                f"{kind} {name!r} reads {barred[0]!r}, an attribute of people, which the ranker "
                f"may not see; leave the {kind} out, or say that it may with "
                f"allow=({barred[0]!r},), which the manifest and the report will state"
            )
        read |= uses & sensitive
    return frozenset(read)
