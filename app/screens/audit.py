"""Audit: the verdicts, the figures behind them, and the report."""

from __future__ import annotations

import streamlit as st

from app import cache
from app.panels import feedback, groups, leakage, mend, releases, unnamed, verdicts
from app.widgets import html, opened, text


def main() -> None:
    st.title("Audit")
    world = opened()
    if world is None:
        return
    audit = world.run.audit
    html(
        text(
            "Does the engine work as well for everybody, and who gets shown? Each question has a "
            "threshold, written down before the figures were known. The interval decides."
        )
    )
    verdicts.show(audit)
    people, kinds, items, given, lead, better, runs, rest = st.tabs(
        [
            "For whom it works",
            "Kinds nobody named",
            "Who gets shown",
            "What lists give away",
            "Where it may lead",
            "Can it be better",
            "Against another run",
            "What was not asked",
        ],
        key="audit_tab",
        bind="query-params",
    )
    with people:
        groups.people(audit)
    with kinds:
        unnamed.show(world)
    with items:
        groups.items(audit)
    with given:
        leakage.show(audit)
    with lead:
        feedback.show(world)
    with better:
        mend.show(world)
    with runs:
        releases.show(world)
    with rest:
        groups.rest(audit)
    _report(world)


def _report(world: cache.World) -> None:
    st.header("The report")
    report = world.run.report
    if not report.is_file():
        st.info("This run has no report yet. In a terminal: workbench report")
        return
    st.write(
        "All of this and more in one file that opens without a network or a server. It holds "
        "no row of a real person."
    )
    st.download_button(
        f"Download the report (HTML, {report.stat().st_size / 1024:,.0f} kB)",
        report.read_bytes,
        f"{world.run.name}.html",
        "text/html",
        icon=":material/description:",
        key="report",
        on_click="ignore",
    )


main()
