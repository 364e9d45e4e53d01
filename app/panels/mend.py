"""Can it be better: what lowers a disparity, what it costs, and the list it would lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from app import jobs, session
from app.cache import World
from app.export import download
from app.panels.tradeoff import CONFIG, DARK, LIGHT, SHAPES
from app.widgets import head, html, item_row, mark_of, problem
from app.words import counted, metric_name
from workbench.audit.exposure import POPULARITY, TAIL, item_kinds
from workbench.audit.mitigation import ALL, Mitigation, mitigate, reopened
from workbench.audit.mitigation_constrained import CONSTRAINTS
from workbench.audit.mitigation_rerank import RERANKING
from workbench.audit.mitigation_words import worth
from workbench.columns import DEFINITION, ITEM, USER, N
from workbench.errors import WorkbenchError
from workbench.slate import Slate

FOUND = "mend_found"
KEPT = 2
AS_IS = "as it is"
WAYS = (
    "Exposure floor: every list keeps some places for the kind. Calibrated: a list is mixed as the "
    "person's own choices are. FA*IR: every beginning of a list holds so many of the kind as fair "
    "draws would. Group-wise MMR: titles of a list are unlike each other. Popularity penalty: the "
    "well known lose some score. Re-weighting: the ranker learns again, with more weight on the "
    "group that is worst off, or on the kind. Exponentiated gradient and grid search: the ranker "
    "learns corrections under which the kinds (or groups) are decided on alike; the strength is "
    "the difference that is allowed, so smaller is stronger."
)
STEPS = {False: 5, True: 170}
"""About so many things are done, for the bar; more where the ranker is taught."""
PARITIES = {
    "demographic_parity": "how often it is “relevant”",
    "equal_opportunity": "how much of what is liked is found",
    "equalized_odds": "both kinds of mistake",
}
assert PARITIES.keys() == CONSTRAINTS.keys()
FIGURES = {
    "accuracy": "share decided right",
    "balanced_accuracy": "share right, liked and not liked alike",
}
ITEMS, PEOPLE = "items", "people"
GAPS = {
    ITEMS: ("How far the kind is from its share", "|1 - attention / share|, 0 is in proportion"),
    PEOPLE: ("Gap between groups of people", "largest difference of ranking quality, 0 is none"),
}


@dataclass(frozen=True)
class Wish:
    """What should become less unequal."""

    kind: tuple[str, str]
    by: str | None
    goal: str
    taught: bool
    constraint: str = next(iter(PARITIES))


USUAL = Wish((POPULARITY, TAIL), None, ITEMS, False)
"""What every run tries."""


def show(world: World) -> None:
    """Say what should be less unequal, try the ways, choose a point, see the list."""
    st.write(
        "Several ways to make lists less unequal are tried, mild to strong: each point is one. How "
        "strong each may be is chosen on a part of the log the engine learnt from; what you see is "
        "measured on later choices. A way is worth it where the gap falls much and quality little."
    )
    wish = _wish(world)
    key = (world.key, wish)
    found: dict[object, Mitigation] = st.session_state.setdefault(FOUND, {})
    if key not in found and wish == USUAL and world.run.mitigation.height:
        found[key] = reopened(world.run.mitigation, world.engine, world.split, k=world.k)
    if key not in found:
        if not st.button("Try the ways", icon=":material/play_arrow:", type="primary", key="mend"):
            return
        answer = _asked(world, wish)
        if answer is None:
            return
        found[key] = answer
        while len(found) > KEPT:
            found.pop(next(iter(found)))
        st.rerun()
    _answer(world, wish, found[key])


def _wish(world: World) -> Wish:
    kinds = _kinds(world.key, world)
    people = [c for c in world.split.train.users.columns if c != USER]
    with st.container(border=True):
        first, second, third = st.columns(3)
        kind = first.selectbox(
            "Show more of", kinds, index=kinds.index((POPULARITY, TAIL)), key="mend_kind",
            format_func=lambda k: f"{k[0]}: {k[1]}", filter_mode=None,
            help="Tail: the many little known titles that hold the last third of what is liked.",
        )  # fmt: skip
        by = second.selectbox(
            "Groups of people by", [None, *people], key="mend_by", filter_mode=None,
            format_func=lambda c: "–" if c is None else c.replace("_", " "),
        )  # fmt: skip
        goals = [ITEMS] if by is None else [ITEMS, PEOPLE]
        goal = third.selectbox(
            "Make less", goals, format_func=lambda g: GAPS[g][0], key="mend_goal", filter_mode=None
        )
        left, right = st.columns([1, 2], vertical_alignment="bottom")
        taught = left.checkbox(
            "Also teach the ranker again", key="mend_taught",
            help="With more weight on the group that is worst off, or on the kind; and under a "
            "constraint. Takes minutes.",
        )  # fmt: skip
        if not taught:
            return Wish(kind, by, goal, taught)
        constraint = right.selectbox(
            "Decide alike of both", list(PARITIES), key="mend_constraint", filter_mode=None,
            format_func=lambda name: f"{parity_name(name)}: {PARITIES[name]}",
            help="What constrained learning holds alike between the kind and other titles, or "
            "between the groups of people, of what was looked at.",
        )  # fmt: skip
    return Wish(kind, by, goal, taught, constraint)


def parity_name(constraint: str) -> str:
    """As Fairlearn calls it, in words."""
    return constraint.replace("_", " ").capitalize()


@st.cache_data(show_spinner=False, max_entries=8)
def _kinds(key: str, _world: World) -> list[tuple[str, str]]:
    return [(c, name) for c, (names, _) in item_kinds(_world.split).items() for name in names]


def _asked(world: World, wish: Wish) -> Mitigation | None:
    done = 0

    def heard(what: str) -> None:
        nonlocal done
        done += 1
        say(min(done / STEPS[wish.taught], 0.95), what)

    try:
        with jobs.at_work("Trying the ways") as say:
            say(0.0, "beginning")
            return mitigate(
                world.engine, world.split, None if wish.by is None else [wish.by],
                kind=wish.kind, goal=wish.goal, k=world.k, say=heard,
                methods=ALL if wish.taught else tuple(RERANKING), constraint=wish.constraint,
            )  # fmt: skip
    except jobs.BusyError:
        st.warning(
            "Somebody else's question is being worked out. Try again in a moment.",
            icon=":material/hourglass:",
        )
    except WorkbenchError as error:
        problem("This cannot be tried.", str(error))
    return None


def _answer(world: World, wish: Wish, found: Mitigation) -> None:
    if wish == USUAL and world.run.mitigation.height:
        st.caption(f"As the run kept it: {world.run.mitigation[DEFINITION][0]}.")
    st.text(f"{found.sentence[:1].upper()}{found.sentence[1:]} {worth(found.kept.to_dicts())}")
    frontier = found.frontier.drop_nulls(wish.goal)
    with st.container(border=True):
        _draw(frontier, wish.goal)
        st.caption(
            "Further left: less unequal. Higher: better lists. Filled: no other point is at least "
            "as good in both. Lines: 95 % intervals over people."
        )
    st.dataframe(
        frontier.select(
            pl.col("method").replace("none", AS_IS), "strength", "ndcg", "ndcg_change",
            wish.goal, f"{wish.goal}_change", N,
        ),
        hide_index=True, placeholder="–", height=248,
        column_config=_columns(wish.goal),
        alt="Each point: way, strength, quality, gap, and how much each changes.",
    )  # fmt: skip
    for method, reason in found.skipped.iter_rows():
        st.caption(f"Not tried: {method}, because {reason}.")
    download("Download all points (CSV)", found.frontier, "mend.csv", "mend-csv")
    if found.thresholds.height:
        _thresholds(found.thresholds)
    _under(world, found, frontier)


def _thresholds(frame: pl.DataFrame) -> None:
    """What a threshold for each group would do to decisions: no point, and no list."""
    st.subheader("A threshold for each group")
    st.write(
        "If a title counted as relevant from another probability on for each group, would "
        "decisions be more alike? It would need to know a person’s group whenever they are "
        "asked, which the ranker may not, and it moves no title of a list. So this is about "
        "decisions alone."
    )
    number = st.column_config.NumberColumn
    ends = {
        f"{when}{end}": number(f"{label}{words}", format="%.3f")
        for when, label in (("before", "One for all"), ("after", "One each"))
        for end, words in (("", ""), ("_low", ", from"), ("_high", ", to"))
    }
    shown = frame.with_columns(
        pl.col("constraint").map_elements(parity_name, return_dtype=pl.String),
        pl.col("measure").replace_strict(FIGURES, default="difference between groups"),
    )
    st.dataframe(
        shown.select("constraint", "measure", *ends, N), hide_index=True,
        column_config={
            "constraint": st.column_config.TextColumn("Made alike"),
            "measure": st.column_config.TextColumn("Figure", width="medium"),
            **ends, N: number("People", format="%d"),
        },
        alt="For each constraint: accuracy and difference between groups, before and after.",
    )  # fmt: skip
    download("Download the thresholds’ figures (CSV)", frame, "thresholds.csv", "mend-thresholds")


def _columns(goal: str) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "method": st.column_config.TextColumn("Way", width="medium", help=WAYS),
        "strength": number("Strength", format="%.2f"),
        "ndcg": number(metric_name("ndcg"), format="%.3f"),
        "ndcg_change": number("Change", format="percent"),
        goal: number(GAPS[goal][0], format="%.3f", help=GAPS[goal][1]),
        f"{goal}_change": number("Change of the gap", format="percent"),
        N: number("People", format="%d"),
    }


def _under(world: World, found: Mitigation, frontier: pl.DataFrame) -> None:
    """The list of the person at hand at a chosen point, beside the list as it is."""
    names = {p: _name(m, s) for p, m, s in frontier.select("point", "method", "strength").rows()}
    start = found.best if found.best in names else max(names)
    point = st.selectbox(
        "What would it show?", names, index=list(names).index(start), key="mend_point",
        format_func=names.__getitem__, filter_mode=None,
    )  # fmt: skip
    case = session.current(world)
    profile = case.profile(world.start(case))
    who = "An invented person" if case.user_id is None else f"Person {case.user_id}"
    st.text(f"{who}, as chosen on What if: {counted(len(profile.items), 'title')} in the history.")
    before, after = found.slate(0, profile), found.slate(point, profile)
    left, right = st.columns(2, gap="medium")
    with left:
        html(head("As it is"), *_rows(world, before, None))
    with right:
        html(head(names[point]), *_rows(world, after, before))


def _rows(world: World, slate: Slate, before: Slate | None) -> list[str]:
    marks: dict[Any, str] = {}
    if before is not None:
        moves = before.diff(slate).frame.iter_rows(named=True)
        marks = {row[ITEM]: mark_of(row["change"], row["moved"]) for row in moves}
    return [
        item_row(world.catalogue[item], rank=rank, mark=marks.get(item, ""))
        for rank, item in enumerate(slate.items, start=1)
    ]


def _draw(frontier: pl.DataFrame, goal: str) -> None:
    dark = st.context.theme.type == "dark"
    ink = "#C7D0DC" if dark else "#3C4553"
    inks = DARK if dark else LIGHT
    families = frontier["family"].unique(maintain_order=True).to_list()
    shown = frontier.with_columns(
        pl.struct("method", "strength")
        .map_elements(lambda r: _name(r["method"], r["strength"]), return_dtype=pl.String)
        .alias("name"),
        pl.when(f"dominated_{goal}").then(0.0).otherwise(1.0).alias("whole"),
    )
    of_family = {
        "field": "family", "type": "nominal",
        "legend": {"title": None, "orient": "top", "labelColor": ink, "labelFontSize": 13},
    }  # fmt: skip
    colour = {**of_family, "scale": {"domain": families, "range": list(inks[: len(families)])}}
    shape = {**of_family, "scale": {"domain": families, "range": list(SHAPES[: len(families)])}}

    def place(field: str, title: str) -> dict[str, Any]:
        axis = {"title": title, "grid": True, "tickCount": 6, "labelFontSize": 12,
                "titleFontSize": 13, "labelColor": ink, "titleColor": ink}  # fmt: skip
        return {"field": field, "type": "quantitative", "axis": axis, "scale": {"zero": False}}

    x, y = place(goal, GAPS[goal][0]), place("ndcg", metric_name("ndcg"))
    tip = [{"field": "name", "type": "nominal", "title": "point"}]
    tip += [
        {"field": f, "type": "quantitative", "title": title, "format": ".4f"}
        for f, title in (("ndcg", metric_name("ndcg")), (goal, GAPS[goal][0]))
    ]
    rule = {"type": "rule", "strokeWidth": 1.5, "opacity": 0.3}
    st.vega_lite_chart(
        shown,
        {
            **CONFIG,
            "height": 360,
            "encoding": {"color": colour},
            "layer": [
                {"mark": rule, "encoding": {"x": x, "y": {**y, "field": "ndcg_low"},
                                            "y2": {"field": "ndcg_high"}}},
                {"mark": rule, "encoding": {"x": {**x, "field": f"{goal}_low"},
                                            "x2": {"field": f"{goal}_high"}, "y": y}},
                {"mark": {"type": "point", "size": 90, "opacity": 1, "strokeWidth": 2},
                 "encoding": {"x": x, "y": y, "shape": shape, "tooltip": tip,
                              "fill": {"condition": {"test": "datum.whole === 1",
                                                     **{k: colour[k] for k in
                                                        ("field", "type", "scale", "legend")}},
                                       "value": "transparent"}}},
            ],
        },
        alt=f"Each point by {GAPS[goal][0].lower()} and {metric_name('ndcg')}; the numbers are in "
        "the table below.",
    )  # fmt: skip


def _name(method: str, strength: float) -> str:
    return AS_IS if method == "none" else f"{method}, {strength:g}"
