"""How good this type of explanation is, as the run measured it on people held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import streamlit as st

from app.widgets import html, text
from workbench.columns import DEFINITION, HIGH, LOW, VALUE, N

if TYPE_CHECKING:
    from app.cache import World

FEATURES, SHARES, REMOVAL = "features", "shares", "removal"
TYPES = {
    FEATURES: "Shares by meaning",
    SHARES: "Shares of events",
    REMOVAL: "Effects of removal",
}
MEASURES = {
    "deletion": "Taken away in this order, the score falls by",
    "insertion": "Put back in this order, it rises by",
    "stability_seed": "Same first ones from other draws",
    "stability_resample": "Same first ones from less history",
    "agreement": "Agreement with the other way to explain",
    "same_first": "Same first one as the other way",
    "sparsity": "How many carry most of it",
}


def weak(world: World, *kinds: str) -> None:
    """Say which of these types of explanation are weak in this run, and how weak."""
    from workbench.explain.fidelity import WEAK, verdict_words, verdicts

    measured = world.run.fidelity
    found = [kind for kind, verdict in verdicts(measured).items() if verdict == WEAK]
    told = [f"{TYPES[kind]}: {verdict_words(measured, kind)}" for kind in kinds if kind in found]
    if told:
        html(*(text(words, "say") for words in told))


def show(world: World) -> None:
    """The table of the run for every type of explanation; plain words where it has none."""
    measured = world.run.fidelity
    with st.expander("How good are these explanations?", icon=":material/verified:"):
        if not measured.height:
            st.info(
                "This run did not measure its explanations: nobody held out has enough history, "
                "or it was made before they were measured. A new run does it.",
                icon=":material/straighten:",
            )
            return
        from workbench.explain.fidelity import verdict_words, verdicts

        found = verdicts(measured)
        html(
            *(
                text(f"{words} ({found[kind]}). {verdict_words(measured, kind)}", "line")
                for kind, words in TYPES.items()
                if kind in found
            )
        )
        st.caption(
            "Strong: what is told first matters more to the score than things told in an order "
            "drawn by chance, beyond the interval, taken away and put back. Weak: it does not; "
            "read it with care."
        )
        st.dataframe(
            measured.select(
                pl.col("type").replace(TYPES),
                pl.col("measure").replace(MEASURES),
                VALUE,
                LOW,
                HIGH,
                "random",
                N,
                DEFINITION,
            ),
            hide_index=True,
            placeholder="–",
            height=min(38 + 35 * measured.height, 318),
            column_config={
                "type": st.column_config.TextColumn("Explanation", width=150),
                "measure": st.column_config.TextColumn("What was measured", width=270),
                VALUE: st.column_config.NumberColumn("Figure", format="%.3f", width=70),
                LOW: st.column_config.NumberColumn("From", format="%.3f", width=70),
                HIGH: st.column_config.NumberColumn("To", format="%.3f", width=70),
                "random": st.column_config.NumberColumn("By chance", format="%.3f", width=85),
                N: st.column_config.NumberColumn("People", format="%d", width=70),
                DEFINITION: st.column_config.TextColumn("Definition", width="large"),
            },
            alt="How good each type of explanation is: figure, interval, by chance, people.",
        )
