"""A log of one's own: files, which column is which, the same checks, and the run with its bar."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath

import polars as pl
import streamlit as st

from app import upload
from app.panels import came_in
from app.upload import MOST_MB, Draft
from app.widgets import html, problem, text
from app.words import counted
from workbench.columns import VALUE
from workbench.data.dataset import Dataset
from workbench.data.files import RawTable
from workbench.data.guess import LABELS, guessed, liked_from
from workbench.data.schemas import KNOWN_COLUMNS, REQUIRED_COLUMNS
from workbench.errors import WorkbenchError
from workbench.pipeline.apart import QUICK
from workbench.pipeline.plan import planned

DRAFT = "draft"
FEW = 12
PREVIEW = 5


@dataclass(frozen=True)
class Confirmed:
    """What the visitor says of the files: hashable, so that it is checked once."""

    marks: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    relevant_from: float | None


def show() -> None:
    """Whatever this visitor can do next with data of their own."""
    mine = upload.own()
    if mine is not None and mine.under_way:
        _progress()
        return
    if mine is not None:
        _finished(mine)
    _choose(again=mine is not None)


# --- under way, and finished ------------------------------------------------------------------


@st.fragment(run_every=1.0)
def _progress() -> None:
    mine = upload.own()
    if mine is None:
        st.rerun()
    told = mine.told()
    if told.finished:
        st.rerun()
    html(text(f"The engine is learning from {mine.name}.", "line"))
    st.progress(min(told.done / told.of, 1.0) if told.of else 0.0, text=told.words.capitalize())
    st.caption(
        f"Stage {told.done + 1} of {told.of}. " if told.of else "Reading the log. ",
        help="You may look at the other screens meanwhile.",
    )
    st.button("Stop, and delete my data", icon=":material/delete:", key="stop", on_click=_discard)


def _finished(mine: upload.Own) -> None:
    told = mine.told()
    if told.error is not None:
        problem("The engine could not be made from this log.", told.error)
    else:
        st.success(
            "Your run is ready: What if, Models and Audit show it, to you alone. An address "
            "shared with somebody else does not open it.",
            icon=":material/check_circle:",
        )
        st.session_state["showing"] = mine.shown
        st.segmented_control(
            "What the screens show",
            [True, False],
            format_func=lambda own: "My data" if own else "The run of everybody",
            key="showing",
            required=True,
            on_change=_switched,
        )
    st.button("Delete my data now", icon=":material/delete:", key="delete", on_click=_discard)


def _switched() -> None:
    mine = upload.own()
    if mine is not None:
        mine.shown = bool(st.session_state["showing"])


def _discard() -> None:
    upload.discard()


# --- choosing, mapping, checking --------------------------------------------------------------


def _choose(*, again: bool) -> None:
    if again:
        st.subheader("Another log")
    st.write(
        "One row for each event: who, what and, if known, when and how much. Nothing is sent "
        "anywhere but to this server. Only you see it, and it is deleted when you press a button, "
        "or two minutes after you close this page."
    )
    if DRAFT not in st.session_state:
        st.session_state[DRAFT] = Draft()
    draft: Draft = st.session_state[DRAFT]
    raw = {"interactions": _file(draft, "interactions", "Your log")}
    with st.expander("Titles, or facts about people (optional)"):
        raw["items"] = _file(draft, "items", "Items: their id, and title, genres or year")
        raw["users"] = _file(draft, "users", "People: their id, and what is known of them")
    log = raw["interactions"]
    if log is None:
        return
    there = {table: one for table, one in raw.items() if one is not None}
    names = {table: _mapping(draft, table, one) for table, one in there.items()}
    lacking = [LABELS[c][0] for t, n in names.items() for c in REQUIRED_COLUMNS[t] if c not in n]
    if lacking:
        st.info(f"Say which column is: {', '.join(lacking)}.", icon=":material/help:")
        return
    liked = _liked(draft, log, names["interactions"].get(VALUE))
    confirmed = Confirmed(
        tuple(sorted(draft.marks.items())),
        tuple(names["interactions"].items()),
        tuple((table, tuple(n.items())) for table, n in names.items() if table != "interactions"),
        liked,
    )
    _check(draft, confirmed)


def _file(draft: Draft, table: str, label: str) -> RawTable | None:
    uploaded = st.file_uploader(
        f"{label} (CSV, at most {MOST_MB} MB)",
        type=list(upload.ENDINGS),
        key=f"file:{table}",
        max_upload_size=MOST_MB,
    )
    try:
        return draft.take(uploaded, table)
    except WorkbenchError as error:
        problem("This file cannot be used.", str(error))
        return None


def _mapping(draft: Draft, table: str, raw: RawTable) -> dict[str, str]:
    """Our name → theirs, as guessed and then confirmed or mended by the visitor."""
    guess = guessed(raw, table)
    st.subheader("Which column is which?" if table == "interactions" else f"Columns of {table}")
    if table == "interactions":
        st.caption("Guessed from names and contents. Please look, and mend what is wrong.")
    st.dataframe(
        raw.frame.head(PREVIEW).select(pl.all().cast(pl.String).str.slice(0, 60)),
        hide_index=True,
        alt="The first rows of the file, as they stand.",
    )
    chosen = {}
    ours = [c for c in KNOWN_COLUMNS[table] if c in LABELS]
    for column, name in zip(st.columns(len(ours)), ours, strict=True):
        label, help_ = LABELS[name]
        options = list(raw.frame.columns)
        theirs = column.selectbox(
            label if name in REQUIRED_COLUMNS[table] else f"{label} (optional)",
            options,
            index=options.index(guess[name]) if name in guess else None,
            key=f"map:{draft.marks[table]}:{name}",
            placeholder="none",
            help=help_,
        )
        if theirs is not None:
            chosen[name] = theirs
    return chosen


def _liked(draft: Draft, log: RawTable, column: str | None) -> float | None:
    """From which number on an event counts as liked."""
    if column is None:
        return None
    key = f"liked:{draft.marks['interactions']}:{column}"
    words = "What the engine should learn to find: only what was rated so high, or every event."
    values = log.frame[column].cast(pl.Float64, strict=False).drop_nulls().drop_nans().unique()
    if len(values) > FEW or not len(values):
        return st.number_input(
            "Liked from (empty: every event)", value=None, key=key, help=words, width=300,
            placeholder="every event",
        )  # fmt: skip
    guess = liked_from(log, column)
    options: list[float | None] = [None, *values.sort()]
    return st.selectbox(
        "Liked", options, index=options.index(guess), key=key, help=words, width=300,
        format_func=lambda v: "every event" if v is None else f"from {v:g}",
    )  # fmt: skip


def _check(draft: Draft, confirmed: Confirmed) -> None:
    """The same checks as everywhere: what would come in, what is refused, whether it is enough."""
    try:
        if draft.checked is None or draft.checked[0] != confirmed:
            draft.checked = (confirmed, _dataset(draft, confirmed))
        dataset = draft.checked[1]
        planned(dataset, models=QUICK)
    except WorkbenchError as error:
        problem("This log cannot be used as it is.", str(error))
        return
    st.subheader("What would come in")
    columns = st.columns(4)
    columns[0].metric("Events", f"{dataset.n_events:,}")
    columns[1].metric("People", f"{dataset.n_users:,}")
    columns[2].metric("Items", f"{dataset.n_items:,}")
    columns[3].metric("Rows refused", f"{dataset.refused.height:,}")
    for line in [*dataset.provenance["repairs"], *dataset.provenance["notes"]]:
        st.text(line)
    if dataset.refused.height:
        came_in.refused(dataset)
    st.button(
        "Run the engine on it",
        type="primary",
        icon=":material/play_arrow:",
        key="run",
        on_click=_start,
        args=(draft, confirmed, dataset.name),
        help=f"Fits the engine and {counted(len(QUICK), 'simple model')} to compare it with, and "
        "audits it: about a minute for 100,000 events.",
    )
    if (refusal := st.session_state.pop("busy", None)) is not None:
        st.warning(refusal, icon=":material/hourglass_top:")


def _dataset(draft: Draft, confirmed: Confirmed) -> Dataset:
    paths = _tables(draft, confirmed)
    return Dataset.from_frames(
        paths["interactions"],
        paths.get("items"),
        paths.get("users"),
        columns=dict(confirmed.columns),
        relevant_from=confirmed.relevant_from,
        name=_name(),
    )


def _tables(draft: Draft, confirmed: Confirmed) -> dict[str, Path]:
    """The files as they are checked and run on; the lesser tables with our names in the header."""
    paths = {"interactions": draft.paths["interactions"]}
    for table, names in confirmed.others:
        theirs = {old: new for new, old in names}
        path = draft.folder / f"{table}-named.csv"
        draft.tables[table].frame.rename(theirs).write_csv(path)
        paths[table] = path
    return paths


def _name() -> str:
    """What the data set is called: the file's own name, which is text of a stranger."""
    uploaded = st.session_state.get("file:interactions")
    return PurePath(uploaded.name).stem[:80] if uploaded is not None else "my log"


def _start(draft: Draft, confirmed: Confirmed, name: str) -> None:
    tables = _tables(draft, confirmed)
    try:
        upload.start(draft, tables, dict(confirmed.columns), confirmed.relevant_from, name)
    except upload.BusyError as error:
        st.session_state["busy"] = str(error)
        return
    del st.session_state[DRAFT]
