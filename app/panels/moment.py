"""The moment: wind the person back to when they had done less, or on to a later day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from app import session
from app.cache import World
from app.panels.ledger import moment
from app.state import MOMENT, THE_MOMENT, Case, Edit
from app.words import counted
from workbench.profile import Profile

EVENTS, DAY = "moment_events", "moment_day"
EPOCH = datetime(1970, 1, 1)


def edit(world: World, case: Case, start: Profile, profile: Profile) -> None:
    """Controls of ``as_of``; later events have not happened."""
    st.subheader("The moment")
    if world.moments is None:
        st.info(
            "This log has no times, so there is no moment to move.", icon=":material/timer_off:"
        )
        return
    times = sorted(e.timestamp for e in start.history if e.timestamp is not None)
    now = profile.as_of if profile.as_of is not None else world.moments[1]
    if times:
        _by_events(times, now)
    _by_day(world, now)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"It is {moment(now)}.")
        st.button(
            "Their own moment",
            key="moment_own",
            type="tertiary",
            disabled=case.as_of is None,
            help="Right after the last thing that they did.",
            on_click=session.change,
            args=(Edit(MOMENT, THE_MOMENT, None),),
        )


def _by_events(times: list[float], now: float) -> None:
    st.session_state[EVENTS] = sum(time <= now for time in times)
    st.slider(
        f"How much had happened, of {counted(len(times), 'event')}",
        0,
        len(times),
        key=EVENTS,
        on_change=_wound,
        args=(times,),
        help="The person is shown as they were then; what came later has not happened. Events of "
        "one second go together. What you added is added at that moment.",
    )


def _wound(times: list[float]) -> None:
    n = st.session_state[EVENTS]
    session.change(Edit(MOMENT, THE_MOMENT, times[n - 1] if n else times[0] - 1))


def _by_day(world: World, now: float) -> None:
    assert world.moments is not None
    first, last = (EPOCH + timedelta(seconds=int(end) // 60 * 60) for end in world.moments)
    last += timedelta(minutes=1)
    here = EPOCH + timedelta(seconds=int(now) // 60 * 60)
    st.session_state[DAY] = min(max(here, first), last)
    st.datetime_input(
        "Day and time (UTC)",
        None,
        key=DAY,
        min_value=first,
        max_value=last,
        step=60,
        on_change=_dated,
        args=(world,),
        help="Any moment of the log. Later than their last event: what they would be shown then.",
    )


def _dated(world: World) -> None:
    chosen = st.session_state[DAY]
    if chosen is None or world.moments is None:
        session.acted()
        return
    seconds = chosen.replace(tzinfo=UTC).timestamp()
    session.change(Edit(MOMENT, THE_MOMENT, min(max(seconds, world.moments[0]), world.moments[1])))
