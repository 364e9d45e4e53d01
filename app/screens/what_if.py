"""What if: a person, the changes made to them, both lists side by side, and why."""

from __future__ import annotations

import random

import streamlit as st

from app import cache
from app.catalogue import spoken
from app.state import (
    ADD,
    DROP,
    GUEST,
    KNOWN,
    NOBODY,
    PARAMETERS,
    RATE,
    Case,
    Edit,
    checked,
    from_address,
    to_address,
)
from app.widgets import bars, html, item_row, mark_of, no_run, problem, text
from app.words import counted, likeness
from workbench.columns import ITEM, RANK
from workbench.errors import WorkbenchError
from workbench.profile import Profile
from workbench.slate import Slate
from workbench.vocabulary import Id

CASE, WHY_ITEM, ADDRESS, ACTED, SHOWN = "case", "why_item", "address", "acted", "shown"
SEEN_RUN = "seen_run"
PAGE = 8
MOST_LISTED = 3000
"""People in a list to choose from; where there are more, the id is typed."""

KIND_WORDS = {
    GUEST: "A guest",
    NOBODY: "An invented person",
    KNOWN: "Somebody the engine knows",
}


def main() -> None:
    st.title("What if")
    try:
        world = cache.world()
    except WorkbenchError as error:
        problem("The run cannot be opened.", str(error))
        return
    if world is None:
        no_run()
        return
    case = _current(world)
    start = world.start(case)
    try:
        profile = case.profile(start)
        before = cache.slate(world, Case(case.kind, case.user_id), start)
        after = cache.slate(world, case, profile)
    except WorkbenchError as error:
        problem("The engine cannot answer for this person.", str(error))
        return
    _person(world, case)
    _bar(case)
    left, right = st.columns([5, 8], gap="large")
    with left:
        _history(world, case, profile)
    with right:
        if case.done:
            _side_by_side(world, before, after)
        else:
            _one_list(world, case, after)
    item_id = st.session_state.get(WHY_ITEM)
    if item_id is not None:
        _why(world, case, profile, item_id)


# --- state ------------------------------------------------------------------------------------


def _current(world: cache.World) -> Case:
    """The case of this visitor; from the address where that was changed by hand or followed.

    A rerun that a widget asked for may still carry the address of the moment before: then the
    session knows better.
    """
    state = st.session_state
    given = {k: v for k, v in st.query_params.to_dict().items() if k in PARAMETERS}
    acted = state.pop(ACTED, False)
    if state.get(SEEN_RUN) != world.key:
        state.pop(CASE, None)
        state[SEEN_RUN] = world.key
    if CASE not in state or (given and not acted and given != state.get(ADDRESS)):
        _read(world, given)
    case: Case = state[CASE]
    wanted = to_address(case, state.get(WHY_ITEM))
    if given != wanted:
        st.query_params.from_dict(wanted)
    state[ADDRESS] = wanted
    return case


def _read(world: cache.World, given: dict[str, str]) -> None:
    """Take over what the address says; what it says badly is left out, and told."""
    state = st.session_state
    found = from_address(given, world.known)
    case, unread = found.case, found.unread
    if case is None or not given:
        case = _first(world)
    case, impossible = checked(case, world.start(case))
    state[CASE], state[WHY_ITEM] = case, found.why
    state[SHOWN] = PAGE
    if found.case is None and given:
        st.warning(
            "The address names a person who is not in this run. Here is somebody else.",
            icon=":material/link_off:",
        )
    elif unread + impossible:
        st.warning(
            f"{counted(unread + impossible, 'part')} of the address could not be read "
            "and was left out.",
            icon=":material/link_off:",
        )


def _first(world: cache.World) -> Case:
    for user_id in world.guests:
        return Case(GUEST, user_id)
    return Case()


def _set(case: Case, *, keep_why: bool = False) -> None:
    """The visitor did something: this is their case now."""
    st.session_state[CASE] = case
    st.session_state[ACTED] = True
    if not keep_why:
        st.session_state[WHY_ITEM] = None


def _edit(edit: Edit) -> None:
    _set(st.session_state[CASE].edited(edit))


def _rerated(item_id: Id, key: str) -> None:
    value = st.session_state[key]
    if value is not None:
        _edit(Edit(RATE, item_id, float(value)))


def _added(item_id: Id, key: str | None) -> None:
    value = st.session_state.get(key) if key else None
    _edit(Edit(ADD, item_id, None if value is None else float(value)))


def _ask(item_id: Id | None) -> None:
    _set(st.session_state[CASE], keep_why=True)
    st.session_state[WHY_ITEM] = item_id


def _acted() -> None:
    st.session_state[ACTED] = True


# --- the person -------------------------------------------------------------------------------


def _person(world: cache.World, case: Case) -> None:
    kinds = [k for k in KIND_WORDS if k != GUEST or world.guests]
    st.session_state["kind"] = case.kind
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.segmented_control(
            "Start from",
            kinds,
            format_func=KIND_WORDS.__getitem__,
            key="kind",
            required=True,
            on_change=lambda: _chosen_kind(world),
            help="A guest is a real person of the log whom no model learnt from, so the engine "
            "answers from what it sees, not from memory. An invented person starts with nothing.",
        )
        if case.kind != NOBODY:
            _which(world, case)
    if case.kind == KNOWN:
        st.warning(
            "**The engine remembers this person.** It learnt from what they did, so what you "
            "remove here is still inside it, and it may bring it straight back. For a true "
            "what-if choose a guest.",
            icon=":material/psychology:",
        )


def _which(world: cache.World, case: Case) -> None:
    people = world.guests if case.kind == GUEST else world.learnt_from
    word = "Guest" if case.kind == GUEST else "Person"
    if len(people) <= MOST_LISTED:
        st.session_state["who"] = case.user_id
        st.selectbox(
            "Who",
            list(people),
            format_func=lambda id_: f"{word} {id_} · {counted(people.get(id_, 0), 'event')}",
            key="who",
            on_change=lambda: _chosen(case.kind, st.session_state["who"]),
            width=280,
        )
    else:
        st.session_state["typed"] = str(case.user_id)
        st.text_input(
            "Who (type an id)", key="typed", width=280, on_change=lambda: _typed(world, case)
        )
    st.button(
        "Random",
        icon=":material/casino:",
        key="random",
        on_click=lambda: _chosen(case.kind, _another(list(people), case.user_id)),
    )


def _another(people: list[Id], than: Id | None) -> Id | None:
    others = [id_ for id_ in people if id_ != than]
    return random.choice(others) if others else than


def _chosen(kind: str, user_id: Id | None) -> None:
    st.session_state[SHOWN] = PAGE
    _set(Case(kind, user_id))


def _chosen_kind(world: cache.World) -> None:
    kind = st.session_state["kind"]
    people = {GUEST: world.guests, KNOWN: world.learnt_from}.get(kind, {})
    user_id = next(iter(people), None)
    _chosen(kind if user_id is not None else NOBODY, user_id)


def _typed(world: cache.World, case: Case) -> None:
    found = from_address({"person": f"{case.kind}.{st.session_state['typed']}"}, world.known).case
    if found is None:
        st.toast("There is no such person in this run.", icon=":material/person_off:")
        _acted()
    else:
        _chosen(found.kind, found.user_id)


def _bar(case: Case) -> None:
    """Undo, redo, start again."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Undo", icon=":material/undo:", key="undo", disabled=not case.done,
            on_click=lambda: _set(case.undo()),
        )  # fmt: skip
        st.button(
            "Redo", icon=":material/redo:", key="redo", disabled=not case.undone,
            on_click=lambda: _set(case.redo()),
        )  # fmt: skip
        st.button(
            "Start again", icon=":material/restart_alt:", key="restart", disabled=not case.done,
            on_click=lambda: _set(case.restarted()),
        )  # fmt: skip
        if case.done:
            st.markdown(
                f"**{counted(len(case.done), 'change')}** · the address of this page holds them"
            )


# --- the history ------------------------------------------------------------------------------


def _history(world: cache.World, case: Case, profile: Profile) -> None:
    st.header("What they did")
    _search(world, profile)
    if case.edits:
        _ledger(world, case)
    items = list(reversed(profile.items))
    if not items:
        st.info(
            "Nothing yet: this person is new. Add something above and watch the list follow.",
            icon=":material/person_add:",
        )
        return
    if not world.value_range:
        st.caption("This log has no ratings: an entry says that it happened, not how it was liked.")
    most = st.session_state.get(SHOWN, PAGE)
    added = {edit.item_id for edit in case.done if edit.do == ADD}
    for item_id in items[:most]:
        _entry(world, profile, item_id, item_id in added)
    if len(items) > most:
        st.button(
            f"Show more ({len(items) - most} earlier)",
            key="more",
            type="tertiary",
            icon=":material/expand_more:",
            on_click=_more,
        )


def _more() -> None:
    st.session_state[SHOWN] = st.session_state.get(SHOWN, PAGE) + 4 * PAGE
    _acted()


def _entry(world: cache.World, profile: Profile, item_id: Id, added: bool) -> None:
    item = world.catalogue[item_id]
    name = spoken(item.title)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        html(item_row(item, mark='<span class="wb-mark wb-entered">added</span>' if added else ""))
        event = profile.last(item_id)
        if world.value_range:
            _rating(world, item_id, name, None if event is None else event.value)
        st.button(
            "",
            icon=":material/close:",
            key=f"drop:{item_id}",
            type="tertiary",
            help=f"Remove {name}",
            on_click=lambda: _edit(Edit(DROP, item_id)),
        )


def _rating(world: cache.World, item_id: Id, name: str, value: float | None) -> None:
    key = f"rate:{item_id}"
    st.session_state[key] = value
    if world.values:
        options = sorted({*world.values, *([] if value is None else [value])})
        st.selectbox(
            f"Rating of {name}",
            options,
            format_func=lambda v: f"★ {v:g}",
            key=key,
            label_visibility="collapsed",
            placeholder="none",
            filter_mode=None,
            width=92,
            on_change=lambda: _rerated(item_id, key),
        )
    else:
        low, high = world.value_range or (None, None)
        st.number_input(
            f"Rating of {name}", low, high, key=key, label_visibility="collapsed", width=110,
            on_change=lambda: _rerated(item_id, key),
        )  # fmt: skip


def _search(world: cache.World, profile: Profile) -> None:
    catalogue = world.catalogue
    what = "title" if catalogue.has_titles else "item id"
    rated = world.value_range is not None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", wrap=False):
        typed = st.text_input(
            f"Add by {what}",
            key="search",
            type="search",
            live=True,
            placeholder=f"Type a {what} …",
            icon=":material/search:",
            on_change=_acted,
            max_chars=100,
        )
        if rated and world.values:
            st.selectbox(
                "Rated", world.values, index=len(world.values) - 1, key="new_rating", width=92,
                format_func=lambda v: f"★ {v:g}", filter_mode=None, on_change=_acted,
                help="The rating that an added entry gets.",
            )  # fmt: skip
        elif rated:
            low, high = world.value_range or (None, None)
            st.number_input(
                "Rated", low, high, value=high, key="new_rating", width=110, on_change=_acted,
                help="The rating that an added entry gets.",
            )  # fmt: skip
    if not typed:
        return
    found = catalogue.search(typed, without=set(profile.items))
    with st.container(border=True, key="found"):
        if not found:
            st.text("Nothing by that name that is not in the history already.")
        for item_id in found:
            item = catalogue[item_id]
            with st.container(
                horizontal=True, vertical_alignment="center", gap="small", wrap=False
            ):
                html(item_row(item))
                st.button(
                    "Add",
                    icon=":material/add:",
                    key=f"add:{item_id}",
                    help=f"Add {spoken(item.title)}",
                    on_click=_added,
                    args=(item_id, "new_rating" if rated else None),
                )


def _ledger(world: cache.World, case: Case) -> None:
    words = {ADD: "Added", DROP: "Removed", RATE: "Rated"}
    with st.expander(f"Changes ({len(case.done)})", key="ledger"):
        rows = []
        for place, edit in enumerate(case.edits):
            undone = place >= len(case.done)
            value = "" if edit.value is None else f" ★ {edit.value:g}"
            line = f"{place + 1}. {words[edit.do]} {world.catalogue[edit.item_id].title}{value}"
            rows.append(
                text(line + (" (undone)" if undone else ""), "undone" if undone else "line")
            )
        html(*rows)


# --- the lists --------------------------------------------------------------------------------


def _one_list(world: cache.World, case: Case, slate: Slate) -> None:
    st.header("What they would be shown")
    if case.kind == NOBODY:
        html(text("With no history the engine can only go by what is popular.", "about"))
    else:
        html(
            text("Change something on the left, and the new list appears beside this one.", "about")
        )
    if not len(slate):
        st.info("The engine has nothing left to show: everything has been seen.")
    for rank, item_id in slate.frame.select(RANK, ITEM).iter_rows():
        _place(world, item_id, rank, "")


def _side_by_side(world: cache.World, before: Slate, after: Slate) -> None:
    moves = before.diff(after)
    marks = {row[ITEM]: row for row in moves.frame.iter_rows(named=True)}
    st.header("What they would be shown")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="likeness"):
        st.markdown(
            f"{likeness(moves.overlap)} {len(moves.entered)} new, {len(moves.left)} gone, "
            f"{len(moves.moved)} in another place.",
            help=f"Likeness {moves.overlap:.2f} of 1: rank-biased overlap, in which the first "
            "places count most (Webber, Moffat, Zobel 2010; p = 0.9).",
        )
    first, second = st.columns(2, gap="medium")
    with first, st.container(key="before", gap="small"):
        st.subheader("As they are")
        for rank, item_id in before.frame.select(RANK, ITEM).iter_rows():
            left = marks[item_id]["change"] == "left"
            with st.container(horizontal=True, vertical_alignment="center", wrap=False):
                html(
                    item_row(
                        world.catalogue[item_id],
                        rank=rank,
                        gone=left,
                        mark=mark_of("left", None) if left else "",
                    )
                )
    with second, st.container(key="after", gap="small"):
        st.subheader("With the changes")
        for rank, item_id in after.frame.select(RANK, ITEM).iter_rows():
            move = marks[item_id]
            _place(world, item_id, rank, mark_of(move["change"], move["moved"]))


def _place(world: cache.World, item_id: Id, rank: int, mark: str) -> None:
    item = world.catalogue[item_id]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        html(item_row(item, rank=rank, mark=mark))
        st.button(
            "Why?",
            key=f"why:{item_id}",
            type="tertiary",
            help=f"Why is {spoken(item.title)} here",
            on_click=_ask,
            args=(item_id,),
        )


# --- the reason -------------------------------------------------------------------------------


@st.dialog("Why is this here?", width="large", on_dismiss=lambda: _ask(None))
def _why(world: cache.World, case: Case, profile: Profile, item_id: Id) -> None:
    html(item_row(world.catalogue[item_id]))
    try:
        with st.spinner("Asking the engine, with and without each event …"):
            why = cache.explanation(world, case, profile, item_id)
    except WorkbenchError as error:
        problem("There is no reason to give for this one.", str(error))
        return
    html(text(why.sentence, "sentence"))
    if why.features.height:
        st.subheader("What speaks for it, and against it")
        html(bars(why.groups.iter_rows()))
        with st.expander("Every single feature"):
            st.dataframe(
                why.features.select("group", "meaning", "value", "share"),
                hide_index=True,
                column_config={
                    "group": "Group",
                    "meaning": st.column_config.TextColumn("Feature", width="large"),
                    "value": st.column_config.NumberColumn("Value", format="%.3f"),
                    "share": st.column_config.NumberColumn(
                        "Share", format="%+.3f", help="How much it adds to the score."
                    ),
                },
                alt="Every feature of this person and item with its share of the score.",
            )
            st.text(
                f"Start {why.base:+.3f}, shares {why.features['share'].sum():+.3f}, "
                f"together the score {why.score:+.3f} (rounding {why.residual:+.0e})."
            )
    st.subheader("What if each of these had not been?")
    if not why.events.height:
        st.info("There is no history to take away from.")
        return
    st.write(
        "How much the score would fall without it. Left of the middle: it would rise.",
    )
    events = why.events.filter(why.events["removal"].abs() > 0).head(8)
    html(bars((world.catalogue[i].title, r) for i, r in events.select(ITEM, "removal").iter_rows()))
    if why.events.height > events.height:
        st.caption(f"The strongest of {counted(why.events.height, 'event')}.")


main()
