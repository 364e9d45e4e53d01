"""What to ask of many: controls for one change."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app import question as questions
from app.cache import World
from app.question import ADD, CASE, OF_ITEM, POLICY, RATED, RETIRE, SAW, UNSAW, Question
from app.state import Case
from app.words import counted, dial_name, dial_words, stars

NAMES = {
    SAW: "Everybody also met a title",
    UNSAW: "Nobody had met a title",
    RATED: "Whoever met a title gave it another rating",
    RETIRE: "A title is no longer shown",
    ADD: "A new title is added",
    POLICY: "Lists go through a policy",
    CASE: "What I changed on What if happens to all",
}
RULES = {
    SAW: "It happens at each person's own moment. Who met it before stays as they are. What was "
    "met is not shown again.",
    UNSAW: "Its events go from every history; it may then be shown, like anything not met.",
    RATED: "At the same moment as before. Who never met it stays as they are.",
    RETIRE: "It is taken out of every list. Histories stay: what people did with it still speaks "
    "for other titles.",
    ADD: "Nobody has met it, so only its genres and year speak for it. The models that bring "
    "candidates are fitted again with it, which takes some seconds; the ranking stays as it was.",
    POLICY: "A policy changes lists after ranking. Each dial goes from 0 (off) to 1.",
    CASE: "Each change is made to each person to whom it can be made: what they have met already "
    "is not added, what they never met is not removed.",
}
ITEM_SEARCH = "ask_search"


def choose(world: World, question: Question, case: Case) -> None:
    """Controls for the change."""
    state = st.session_state
    kinds = [
        kind
        for kind in NAMES
        if (kind != RATED or world.value_range) and (kind != POLICY or world.dials)
    ]
    with st.container(border=True, key="ask_panel"):
        state["ask_kind"] = question.kind
        st.selectbox(
            "What if …", kinds, format_func=NAMES.__getitem__, key="ask_kind", filter_mode=None,
            on_change=_kind_chosen, args=(world, question),
        )  # fmt: skip
        if question.kind in OF_ITEM:
            _item(world, question)
        elif question.kind == ADD:
            _title(world, question)
        elif question.kind == POLICY:
            _dials(world, question)
        elif case.done:
            st.text(f"{counted(len(case.done), 'change')} on the screen What if.")
        else:
            st.info("Nothing is changed on the screen What if yet.", icon=":material/edit_note:")
        st.caption(RULES[question.kind])


def _item(world: World, question: Question) -> None:
    what = "title" if world.catalogue.has_titles else "item id"
    first, second, third = st.columns([3, 4, 2], vertical_alignment="bottom")
    with first:
        typed = st.text_input(
            f"Search a {what}", key=ITEM_SEARCH, type="search", live=True, max_chars=100,
            icon=":material/search:", placeholder=f"Type a {what} …",
        )  # fmt: skip
    found = world.catalogue.search(typed or "", most=12)
    if question.item_id is not None and question.item_id not in found:
        found = [question.item_id, *found]
    state = st.session_state
    state["ask_item"] = question.item_id
    with second:
        st.selectbox(
            "Which", found, key="ask_item", on_change=_item_chosen, args=(question,),
            format_func=lambda i: f"{world.catalogue[i].title} {_year(world, i)}".strip(),
            filter_mode=None, placeholder="Search first" if not found else "Choose one",
        )  # fmt: skip
    if question.kind in (SAW, RATED) and world.value_range:
        with third:
            _rating(world, question)
    if typed and not found:
        st.text("Nothing by that name.")


def _year(world: World, item_id: str | int) -> str:
    year = world.catalogue[item_id].year
    return f"({year})" if year else ""


def _rating(world: World, question: Question) -> None:
    low, high = world.value_range or (0.0, 0.0)
    st.session_state["ask_value"] = high if question.value is None else question.value
    if world.values:
        st.selectbox(
            "Rating", sorted({*world.values, st.session_state["ask_value"]}), key="ask_value",
            format_func=stars, filter_mode=None, on_change=_value_chosen, args=(question,),
        )  # fmt: skip
    else:
        st.number_input(
            "Rating", low, high, key="ask_value", on_change=_value_chosen, args=(question,)
        )


def _title(world: World, question: Question) -> None:
    state = st.session_state
    first, second, third = st.columns([3, 4, 2], vertical_alignment="bottom")
    state["ask_title"], state["ask_genres"] = question.title, list(question.genres)
    state["ask_year"] = question.year
    with first:
        st.text_input(
            "Its title", key="ask_title", max_chars=questions.LONGEST_TITLE,
            on_change=_title_told, args=(question,), placeholder="A title of your own",
        )  # fmt: skip
    there = {g for i in world.split.train.catalogue.ids for g in world.catalogue[i].genres}
    options = sorted(there | set(question.genres))
    if world.catalogue.has_genres:
        with second:
            st.multiselect(
                "Its genres", options, key="ask_genres", on_change=_title_told, args=(question,),
                max_selections=questions.MOST_GENRES,
            )  # fmt: skip
    if world.catalogue.has_years:
        with third:
            st.number_input(
                "Its year", -9999, 9999, key="ask_year", step=1, on_change=_title_told,
                args=(question,),
            )  # fmt: skip
    if not (world.catalogue.has_genres or world.catalogue.has_years):
        st.text("This log knows nothing of its items, so nothing can speak for a new one.")


def _dials(world: World, question: Question) -> None:
    given = dict(question.dials)
    for column, dial in zip(st.columns(len(world.dials)), world.dials, strict=True):
        st.session_state[f"ask_{dial}"] = given.get(dial, 0.0)
        with column:
            st.slider(
                dial_name(dial), 0.0, 1.0, step=0.05, key=f"ask_{dial}",
                help=dial_words(dial) or None,
                on_change=_dial_turned, args=(world, question),
            )  # fmt: skip


def _kind_chosen(world: World, question: Question) -> None:
    kind = st.session_state["ask_kind"]
    item_id = question.item_id if kind in OF_ITEM else None
    value = _usual_rating(world) if kind in (SAW, RATED) else None
    dials = ((world.dials[0], 0.3),) if kind == POLICY else ()
    questions.put(Question(kind, item_id, value, dials=dials))


def _usual_rating(world: World) -> float | None:
    return world.value_range[1] if world.value_range else None


def _item_chosen(question: Question) -> None:
    questions.put(replace(question, item_id=st.session_state["ask_item"]))


def _value_chosen(question: Question) -> None:
    questions.put(replace(question, value=float(st.session_state["ask_value"])))


def _title_told(question: Question) -> None:
    state = st.session_state
    year = state.get("ask_year")
    questions.put(
        replace(
            question,
            title=" ".join(str(state["ask_title"]).split()),
            genres=tuple(state.get("ask_genres", ())),
            year=None if year is None else int(year),
        )
    )


def _dial_turned(world: World, question: Question) -> None:
    turned = ((dial, float(st.session_state[f"ask_{dial}"])) for dial in world.dials)
    questions.put(replace(question, dials=tuple((d, v) for d, v in turned if v)))
