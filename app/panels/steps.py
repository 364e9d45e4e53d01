"""What each step of the policy did to the list that is shown, from what the steps recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from app.cache import World
from app.panels.ledger import names
from app.widgets import html, step_row
from app.words import column_name, counted, dial_name, number
from workbench.slate import Slate
from workbench.vocabulary import Id


def show(world: World, slate: Slate) -> None:
    """One row per step: who came in, who went, and what else it has to say."""
    if not slate.steps:
        return
    st.subheader("What the policy did to this list, step by step")
    with st.container(border=True, key="steps"):
        html(
            *(
                step_row(
                    place,
                    dial_name(step["step"]),
                    effect(step),
                    names(world, step["entered"]),
                    names(world, step["left"]),
                    notes(world, step),
                )
                for place, step in enumerate(slate.steps, 1)
            )
        )
        st.caption(
            "The steps run in this order; each starts from the list that the one before left."
        )


def effect(step: Mapping[str, Any]) -> str:
    """What moved in a step, in words."""
    before, after = step["before"], step["after"]
    moved = sum(a != b for a, b in zip(before, after, strict=False) if a in before)
    if not step["entered"] and not step["left"]:
        return f"{moved} in another place, none new" if moved else "changed nothing here"
    return f"{len(step['entered'])} in, {len(step['left'])} out"


def notes(world: World, step: Mapping[str, Any]) -> list[str]:
    """What else a step recorded, in sentences; they may hold text of the log."""
    told = []
    for key, words in (
        ("seen", "Not shown, because it is in the history"),
        ("excluded", "Not shown, because it is never to be shown"),
        ("no_effect", "Nothing to lift, because it is in the history or cannot be scored"),
        ("drawn", "Drawn by chance"),
    ):
        if found := _items(step.get(key)):
            told.append(f"{words}: {', '.join(names(world, found))}.")
    before, after = step.get("kl_before"), step.get("kl_after")
    if before is not None and after is not None:
        told.append(
            f"Distance from their own mix of genres: {number(before, 2)} before, "
            f"{number(after, 2)} after (0 is the same mix)."
        )
    if step.get("empty"):
        told.append(f"{counted(step['empty'], 'place')} stay empty: nothing else keeps the limit.")
    for column, groups in (step.get("over") or {}).items():
        said = groups if isinstance(groups, Iterable) and not isinstance(groups, str) else [groups]
        told.append(
            f"Over the limit of {column_name(column)} because of pins: {', '.join(map(str, said))}."
        )
    return told


def _items(value: Any) -> list[Id]:
    return [item for item in value or () if isinstance(item, str | int)]
