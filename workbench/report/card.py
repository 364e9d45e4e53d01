"""The model card, and who is missing from the data: what an engine is for and learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from workbench.columns import USER

FEWEST = 20
"""A count of people below this is told as "fewer than 20"."""

PURPOSE = (
    "To rank the items of one catalogue for one person, by how likely the person is to find them "
    "relevant, from what the person did before; and to be inspected before it meets users."
)
OUT_OF_SCOPE = (
    "Decisions about people: credit, work, housing, schooling, health, law. A list of items is not "
    "an opinion of a person.",
    "Guessing attributes of people, which the measurements of leakage do to warn of it.",
    "Other catalogues, other times and other people than those of the data sheet, before the "
    "engine was fitted and measured on them.",
    "Use without looking at those of whom nothing can be said; see who is missing.",
)


def model_card(
    manifest: Mapping[str, Any], data: Mapping[str, Any], audit: Any | None
) -> dict[str, Any] | None:
    """What the audited engine is, from the manifest of its run; None where that says nothing.

    Returns
    -------
    dict
        ``purpose``, ``out_of_scope``, ``training`` (facts), ``retrievers``, ``features`` (``name,
        group, meaning, source, as_of, uses``), ``sensitive`` (``attribute, allowed, read,
        audited``), ``parameters`` and ``remarks``.
    """
    engine = manifest.get("engine")
    if not engine:
        return None
    learnt = manifest.get("learnt_from") or {}
    period = data.get("period") or []
    counts = data.get("counts") or {}
    training = {
        "window": f"{period[0]} to {period[1]} (UTC)" if period else "the log has no times",
        "events": counts.get("events to learn from"),
        "people": counts.get("people"),
        "items": counts.get("items"),
        "pairs the ranker learnt from": learnt.get("pairs"),
        "of these relevant": learnt.get("relevant"),
        "labels cut by": learnt.get("method"),
        "trees": learnt.get("trees"),
    }
    return {
        "purpose": PURPOSE,
        "out_of_scope": list(OUT_OF_SCOPE),
        "training": {name: value for name, value in training.items() if value is not None},
        "retrievers": list(learnt.get("retrievers") or []),
        "features": [
            {key: row.get(key) for key in ("name", "group", "meaning", "source", "as_of", "uses")}
            for row in manifest.get("features") or []
        ],
        "sensitive": _sensitive(manifest.get("sensitive") or {}, data, audit),
        "parameters": dict(engine),
        "remarks": list((manifest.get("configuration") or {}).get("remarks") or []),
    }


def _sensitive(
    told: Mapping[str, Any], data: Mapping[str, Any], audit: Any | None
) -> list[dict[str, Any]]:
    """Each attribute of people: may the engine read it, does it, and is it audited by it."""
    asked = set() if audit is None else set(audit.groups["attribute"])
    return [
        {
            "attribute": row["attribute"],
            "allowed": row["attribute"] in (told.get("allowed") or []),
            "read": row["attribute"] in (told.get("read") or []),
            "audited": row["attribute"] in asked,
        }
        for row in data.get("attributes") or []
    ]


def missing(split: Any) -> list[dict[str, Any]]:
    """Of whom the report cannot speak, or knows less than of others.

    Returns
    -------
    list of dict
        ``who``, ``n`` ("fewer than 20" where that is so), ``of`` so many, ``what_it_means``; who
        is not missing has no row.
    """
    train = split.train
    asked = len(split.people()[0])
    users = train.users
    found = [
        (
            "people with nothing relevant kept back to find",
            train.n_users - asked,
            train.n_users,
            "they are in no figure: whether it works for them is not known",
        ),
        (
            "people asked about who have no history",
            split.n_cold,
            asked,
            "they are shown what everybody new is shown",
        ),
        *(
            (
                f"people whose {name} is not known",
                users[name].null_count(),
                users.height,
                f"they are the group “unknown” wherever {name} is asked about",
            )
            for name in users.columns
            if name != USER
        ),
    ]
    rows = [
        {"who": who, "n": few(n), "of": of, "what_it_means": means}
        for who, n, of, means in found
        if n > 0
    ]
    unseen = train.n_items - train.interactions["item_id"].n_unique()
    if unseen:
        rows.append(
            {
                "who": "items that nobody met in training",
                "n": unseen,
                "of": train.n_items,
                "what_it_means": "only what describes them can bring them into a list",
            }
        )
    return rows


def few(n: int) -> int | str:
    """A number of people; small ones are not told."""
    return n if n == 0 or n >= FEWEST else f"fewer than {FEWEST}"


def hidden(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame of groups without the numbers of people in those that are suppressed."""
    if "suppressed" not in frame.columns:
        return frame
    counts = [name for name in ("n", "pairs") if name in frame.columns]
    return frame.with_columns(pl.when(~pl.col("suppressed")).then(pl.col(counts)))
