"""Why one item stands above another: where its lead comes from, and what would turn them round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from app import reasons
from app.panels.parts import MOST, capital, plain_unit, valued
from app.panels.waterfall import Step, signed, waterfall
from app.widgets import head, html, item_row, text
from app.words import counted, dial_name
from workbench.columns import GROUP, ITEM

if TYPE_CHECKING:
    from app.cache import World
    from app.state import Case
    from workbench.explain.pairwise import Pairwise
    from workbench.profile import Profile
    from workbench.slate import Slate
    from workbench.vocabulary import Id

DIFFERENCE = "difference"


def show(world: World, case: Case, profile: Profile, item_id: Id, slate: Slate) -> None:
    """An item against another of the list, which the visitor chooses."""
    others = [other for other in slate.items if other != item_id]
    if not others:
        st.info("There is no other title in the list to hold it against.")
        return
    places = {other: place for place, other in enumerate(slate.items, 1)}
    mine = places.get(item_id, len(slate) + 1)
    near = min(others, key=lambda other: (abs(places[other] - mine), -places[other]))
    other = st.selectbox(
        "Hold it against",
        others,
        index=others.index(near),
        format_func=lambda i: f"{places[i]}. {reasons.short(world.catalogue[i].title)}",
        key=f"against:{item_id}",
    )
    pair = (item_id, other) if mine < places[other] else (other, item_id)
    found = reasons.above(world, case, profile, *pair)
    html(
        *(item_row(world.catalogue[i], rank=places.get(i)) for i in (found.above, found.below)),
        text(found.sentence, "sentence wb-pair-said"),
    )
    _rules(found)
    left, right = st.columns(2, gap="large")
    with left:
        if found.features.height:
            html(head("The lead, by what it means"), _by_meaning(found))
            st.caption(
                f"It adds up to {signed(_lead(found))}. To the right speaks for the upper one, to "
                "the left for the lower.",
                help=f"The same feature of both, compared. Left over: {found.residual:+.0e}.",
            )
    with right:
        known = found.events.filter(pl.col(DIFFERENCE).is_not_null())
        if known.height:
            html(head("The lead, by what they did"), _by_events(world, found, known))
            error = known["error"].max()
            sampled = (
                f" Sampled: ± {error:.3f} at most." if isinstance(error, float) and error else ""
            )
            st.caption(
                f"Without any history the lead would be {signed(found.event_base)}.{sampled}"
            )
        else:
            st.info("There is no history that could speak for either.", icon=":material/person:")
    if found.swaps:
        _swaps(world, found)


def _rules(found: Pairwise) -> None:
    """What the rules of the list did to the two; nothing where there are none."""
    if not found.policy.height:
        return
    if not found.by_model:
        st.info(
            "The model itself ranks these two the other way round: a rule of the list turned "
            "them. What speaks for each is the model's view.",
            icon=":material/swap_vert:",
        )
    html(head("What the rules of the list did to the two"))
    steps = found.policy.with_columns(
        pl.col("step").map_elements(dial_name, return_dtype=pl.String)
    )
    st.dataframe(
        steps.select("step", "effect_above", "effect_below", "turned"),
        hide_index=True,
        column_config={
            "step": st.column_config.TextColumn("Rule", width="small"),
            "effect_above": "The upper one",
            "effect_below": "The lower one",
            "turned": st.column_config.CheckboxColumn("Turned them"),
        },
        alt="Each rule of the list with what it did to the two titles.",
    )


def _lead(found: Pairwise) -> float:
    return found.score_above - found.score_below


def _by_meaning(found: Pairwise) -> str:
    steps = []
    for group, difference in found.groups.select(GROUP, DIFFERENCE).iter_rows():
        rows = found.features.filter(pl.col(GROUP) == group)
        parts = [
            Step(
                capital(row["meaning"]),
                row[DIFFERENCE],
                f"{valued(row['value_above'])} against {valued(row['value_below'], row['unit'])}",
            )
            for row in rows.iter_rows(named=True)
        ]
        steps.append(Step(capital(group), difference, parts=parts))
    return waterfall(("Start: level", 0.0), steps, ("Lead", _lead(found)), "The lead, by group")


def _by_events(world: World, found: Pairwise, known: pl.DataFrame) -> str:
    steps = [
        Step(reasons.short(world.catalogue[row[ITEM]].title), row[DIFFERENCE])
        for row in known.iter_rows(named=True)
    ]
    if len(steps) > MOST:
        rest = steps[MOST:]
        together = f"{counted(len(rest), 'other')} together"
        steps = [*steps[:MOST], Step(together, sum(step.share for step in rest), parts=rest)]
    start = ("Start: without a history", found.event_base)
    return waterfall(start, steps, ("Lead", _lead(found)), "The lead, by event")


def _swaps(world: World, found: Pairwise) -> None:
    with st.expander(f"What would turn them round ({len(found.swaps)})"):
        st.dataframe(
            [
                {
                    "feature": swap.meaning,
                    "of": world.catalogue[swap.item_id].title,
                    "now": swap.value,
                    "needed": f"{'at least' if swap.at_least else 'below'} {swap.needed:.4g}",
                    "unit": plain_unit(swap.unit),
                    "size": swap.size,
                }
                for swap in found.swaps
            ],
            hide_index=True,
            height=min(38 + 35 * len(found.swaps), 250),
            column_config={
                "feature": st.column_config.TextColumn("This alone", width="medium"),
                "of": st.column_config.TextColumn("Of", width="medium"),
                "now": st.column_config.NumberColumn("Is", format="%.4g"),
                "needed": "Would have to be",
                "unit": "Unit",
                "size": st.column_config.NumberColumn(
                    "Size",
                    format="%.2f",
                    help="In standard deviations over the titles the engine considered.",
                ),
            },
            alt="Single features that would turn the two round, the smallest change first.",
        )
        st.caption(
            "One feature at a time, all others held: a statement on the engine, not on what could "
            "happen to a title."
        )
