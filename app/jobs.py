"""Long work: one at a time on this server, with a bar, and a button that stops it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from workbench.explain.newcomer import Say

_ONE = threading.BoundedSemaphore(1)
"""The others look at their screens meanwhile, on the other processor."""


class BusyError(Exception):
    """Somebody else's work is under way."""


@contextmanager
def at_work(what: str) -> Iterator[Say]:
    """Show a bar for what is done inside, which hears how far it is.

    Any control that is used meanwhile stops it at the next step; nothing is left half done.

    Raises
    ------
    BusyError
        Somebody else's work is under way; nothing was started.
    """
    if not _ONE.acquire(blocking=False):
        raise BusyError
    place = st.empty()
    try:
        with place.container(border=True):
            bar = st.progress(0.0, f"{what} …")
            st.button("Stop", icon=":material/stop_circle:", key="stop_work")

        def say(share: float, words: str) -> None:
            bar.progress(min(max(share, 0.0), 1.0), f"{what}: {words}")

        yield say
    finally:
        _ONE.release()
        place.empty()
