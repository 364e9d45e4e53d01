"""What a score is made of: shares that add up, by what they mean and by event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import streamlit as st

from app import reasons
from app.panels import trust
from app.panels.waterfall import Step, signed, waterfall
from app.widgets import head, html
from app.words import counted
from workbench.columns import GROUP, ITEM, SHARE, VALUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.delta_generator import DeltaGenerator

    from app.cache import World
    from workbench.explain.explain import Explanation

MOST = 8
"""Events that are drawn one by one; the tables hold all."""
MEANING, EVENTS, GENRES = "meaning", "events", "genres"
BY = {MEANING: "By what it means", EVENTS: "By what they did", GENRES: "By genre of that"}
ALONE = "Start: the same person without a history"
SCALES = (
    "On a log scale: the logarithm of one more than the count, so that 0 is none, 2.4 is ten and "
    "4.6 is a hundred. Likeness: 0 is none. Standard deviations: how far above (or below) "
    "what the model says of other titles."
)
LOG_ODDS = (
    "The score is in log-odds of “liked, if shown”: 0 is even odds, each +0.7 doubles them, each "
    "−0.7 halves them."
)


def show(world: World, why: Explanation, *, choice: bool = True) -> DeltaGenerator:
    """The score as a waterfall, by what its parts mean or, with a ``choice``, by event.

    Returns the place above it, where the choice stands or will stand.
    """
    html(head("What speaks for it, and against it"))
    place = st.empty()
    ways = [MEANING] * bool(why.features.height) + [EVENTS] * bool(_known(why).height)
    ways += [GENRES] * bool(why.event_groups.height)
    by = ways[0] if ways else None
    if choice and len(ways) > 1:
        by = place.segmented_control(
            "Take the score apart",
            ways,
            format_func=BY.__getitem__,
            default=MEANING,
            required=True,
            key=f"by:{why.item_id}",
            label_visibility="collapsed",
        )
    if by is None:
        if not why.pending:
            st.info("There is nothing to take apart: the score rests on no history.")
        return place
    if by == EVENTS:
        _by_events(world, why)
    elif by == GENRES:
        _by_genre(why)
    else:
        _by_meaning(why)
    trust.weak(world, trust.FEATURES if by == MEANING else trust.SHARES)
    return place


UNITS = {
    "log(1 + n)": "on a log scale",
    "log(1 + hours)": "on a log scale of hours",
    "log ratio": "on a log scale of ratios",
    "cosine-like": "of likeness",
    "as the model gives it": "in points of that model",
    "std. deviations": "standard deviations",
    "value": "",
}
"""Unit of a feature → how it is said after a number, where its own words are for the code."""


def _by_meaning(why: Explanation) -> None:
    steps = []
    for group, share in why.groups.iter_rows():
        rows = why.features.filter(pl.col(GROUP) == group)
        parts = [
            Step(capital(row["meaning"]), row[SHARE], valued(row[VALUE], row["unit"]))
            for row in rows.iter_rows(named=True)
        ]
        steps.append(Step(capital(group), share, parts=parts))
    _fall(("Start: an average title", why.base), steps, why)
    _adds_up(why.base, float(why.features[SHARE].sum()), why, why.residual)
    with st.expander(f"Every single feature ({why.features.height})"):
        st.dataframe(
            why.features.with_columns(pl.col("unit").replace(UNITS)).select(
                GROUP, "meaning", VALUE, "unit", SHARE
            ),
            hide_index=True,
            height=280,
            placeholder="–",
            column_config={
                GROUP: "Group",
                "meaning": st.column_config.TextColumn("Feature", width="medium"),
                VALUE: st.column_config.NumberColumn("Value", format="%.3f"),
                "unit": st.column_config.TextColumn("Unit", help=SCALES),
                SHARE: st.column_config.NumberColumn(
                    "Share", format="%+.3f", help="How much it adds to the score."
                ),
            },
            alt="Every feature of this person and item with its share of the score.",
        )


def _by_events(world: World, why: Explanation) -> None:
    known = _known(why).sort(pl.col(SHARE).abs(), descending=True, maintain_order=True)
    steps = [_event(world, row) for row in known.head(MOST).iter_rows(named=True)]
    rest = known.slice(MOST)
    if rest.height:
        each = [_event(world, row) for row in rest.iter_rows(named=True)]
        name = f"{counted(rest.height, 'other')} together"
        steps.append(Step(name, float(rest[SHARE].sum()), parts=each))
    _fall((ALONE, why.event_base), steps, why)
    _adds_up(why.event_base, float(known[SHARE].sum()), why, why.event_residual)


def _by_genre(why: Explanation) -> None:
    """A long history by groups: exact, where single events are sampled."""
    steps = [
        Step(str(group), share, counted(n, "item"))
        for group, n, share in why.event_groups.iter_rows()
    ]
    _fall((ALONE, why.event_base), steps, why)
    total = float(why.event_groups[SHARE].sum())
    _adds_up(why.event_base, total, why, why.score - why.event_base - total)


def _event(world: World, row: dict[str, Any]) -> Step:
    error = f"± {row['error']:.2f}" if row["error"] else ""
    return Step(reasons.short(world.catalogue[row[ITEM]].title), row[SHARE], error)


def _fall(start: tuple[str, float], steps: Sequence[Step], why: Explanation) -> None:
    """The waterfall; a boost of the policy is a step of its own, after all shares."""
    end = ("Score", why.score)
    after = why.policy["score_after"][-1] if why.policy.height else why.score
    if after is not None and after != why.score:
        steps = [*steps, Step("The rules: a boost", after - why.score)]
        end = ("Score after the rules", after)
    html(waterfall(start, steps, end, "The score, part by part"))


def _adds_up(base: float, total: float, why: Explanation, residual: float) -> None:
    st.caption(
        f"It adds up: start {signed(base)}, all shares {signed(total)}, score "
        f"{signed(why.score)}. Open a row to see what is in it.",
        help=f"{LOG_ODDS} {SCALES} What is left over is rounding: {residual:+.0e}.",
    )


def _known(why: Explanation) -> pl.DataFrame:
    """Events that have a share."""
    return why.events.filter(pl.col(SHARE).is_not_null())


def capital(words: str) -> str:
    """Words as they begin a line."""
    return words[:1].upper() + words[1:]


def valued(value: float | None, unit: str = "") -> str:
    """A value of a feature and its unit."""
    if value is None:
        return "unknown"
    if abs(value) < 0.0005:
        number = "0"
    else:
        number = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{number} {plain_unit(unit)}".strip()


def plain_unit(unit: str) -> str:
    """A unit as it is said after a number."""
    return UNITS.get(unit, unit)
