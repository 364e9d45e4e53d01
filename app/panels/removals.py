"""What if it had not been: each event and fact taken away, its share beside it, and the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from app import reasons
from app.panels import trust
from app.panels.effects import Effect, table
from app.widgets import head, html, text
from app.words import counted, dial_name, stars
from workbench.columns import ITEM, REMOVAL, SHARE, TITLE, VALUE

if TYPE_CHECKING:
    from app.cache import World
    from workbench.explain.explain import Explanation
    from workbench.vocabulary import Id

MOST = 8
"""Events that are drawn; the table below them holds all."""
KINDS = {"attribute": "known of them", "context": "the context", "moment": "the moment"}


def show(world: World, why: Explanation) -> None:
    """The strongest effects, what they say in words, and all of them as a table."""
    html(head("What if each of these had not been?"))
    if why.events.height:
        _events(world, why)
    else:
        st.info("There is no history to take away from.", icon=":material/person_add:")
    if why.context.height:
        html(head("And without what is known of them?"))
        facts = [_fact(*row) for row in why.context.iter_rows()]
        html(table(facts, "Without", shares=False, scale=_scale(why)))


def policy(why: Explanation) -> None:
    """What the rules of the list did to this title; nothing where there are none."""
    if not why.policy.height:
        return
    html(head("What the rules of the list did to it"))
    rows = why.policy.select(
        pl.col("step").map_elements(dial_name, return_dtype=pl.String),
        *("effect", "rank_before", "rank_after"),
    )
    st.dataframe(
        rows,
        hide_index=True,
        placeholder="–",
        column_config={
            "step": st.column_config.TextColumn("Rule", width=165),
            "effect": st.column_config.TextColumn("What it did", width="large"),
            "rank_before": "Rank before",
            "rank_after": "Rank after",
        },
        alt="Each rule of the list with what it did to this title.",
    )


def _scale(why: Explanation) -> float:
    """The largest effect of an event: what is known of a person is drawn beside it."""
    largest = why.events[REMOVAL].abs().max()
    return largest if isinstance(largest, float) else 0.0


def _events(world: World, why: Explanation) -> None:
    strongest = why.events.sort(
        pl.col(REMOVAL).abs(), descending=True, nulls_last=True, maintain_order=True
    ).head(MOST)
    rows = [
        Effect(
            reasons.short(world.catalogue[row[ITEM]].title),
            "" if row[VALUE] is None else stars(row[VALUE]).replace(" ", "\N{NO-BREAK SPACE}"),
            row[SHARE],
            row["error"],
            row[REMOVAL],
            row["rank_without"],
            row["stays"],
        )
        for row in strongest.iter_rows(named=True)
    ]
    html(table(rows, "Without"), *(text(words, "say") for words in why.words))
    n = why.events.height
    few = f" The {MOST} strongest of {counted(n, 'item')}." if n > MOST else ""
    st.caption(
        f"Each was taken away and all scored again by the whole engine.{few}",
        help="The share says what the score is made of: all shares add up to it. The effect of "
        "removal says what would happen without this one alone. Where several things say the "
        "same, each has a share, but no single one is missed much. What is taken away stays out "
        "of the list.",
    )
    _exactness(why)
    trust.weak(world, trust.SHARES, trust.REMOVAL)
    if n > MOST:
        with st.expander(f"All that they did ({n})"):
            _all(world, why)


def _exactness(why: Explanation) -> None:
    """How far the sampled shares may be off, and a way to know better."""
    error = why.events["error"].max()
    if not isinstance(error, float) or not error:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "More exact",
            key="exact",
            icon=":material/target:",
            on_click=_wanted,
            args=(f"exact:{why.item_id}",),
            help="Scores more versions of this person for the shares. Effects of removal are "
            "exact already.",
        )
        st.caption(
            f"Shares are sampled: ± {error:.3f} at most (one standard error).",
            help="The engine is asked about the person with only some of their history, in "
            "orders drawn by chance; more orders, smaller error. Shares add up whatever the error.",
        )


def asked(item_id: Id) -> tuple[int, ...]:
    """Further versions to score, in pieces, as often as the visitor pressed "more exact"."""
    return reasons.FURTHER * int(st.session_state.get(f"exact:{item_id}", 0))


def _wanted(key: str) -> None:
    st.session_state[key] = st.session_state.get(key, 0) + 1


def _fact(
    kind: str, name: str, value: str, removal: float | None, rank: int | None, stays: bool | None
) -> Effect:
    if kind == "moment":
        return Effect("The moment", "what is in season and new", None, None, removal, rank, stays)
    return Effect(f"{name}: {value}", KINDS.get(kind, ""), None, None, removal, rank, stays)


def _all(world: World, why: Explanation) -> None:
    titles = [world.catalogue[item_id].title for item_id in why.events[ITEM]]
    frame = why.events.with_columns(pl.Series(TITLE, titles, dtype=pl.String))
    st.dataframe(
        frame.select(TITLE, VALUE, SHARE, "error", REMOVAL, "rank_without", "stays"),
        hide_index=True,
        height=280,
        placeholder="–",
        column_config={
            TITLE: st.column_config.TextColumn("Without", width="medium"),
            VALUE: st.column_config.NumberColumn("Rated", format="%g"),
            SHARE: st.column_config.NumberColumn("Share", format="%+.3f"),
            "error": st.column_config.NumberColumn("±", format="%.3f", help="Standard error"),
            REMOVAL: st.column_config.NumberColumn("Removal", format="%+.3f"),
            "rank_without": st.column_config.NumberColumn("Rank then", format="%d"),
            "stays": st.column_config.CheckboxColumn("Still in"),
        },
        alt="Every item of the history with its share, the effect of removing it and the rank.",
    )
