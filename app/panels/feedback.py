"""Where it may lead: a simulation of rounds of lists and choices, kept or run with own settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from app import jobs
from app.cache import World
from app.export import download
from app.panels.tradeoff import CONFIG, DARK, LIGHT, SHAPES
from app.widgets import problem
from workbench.audit.feedback import AS_IS, DIVERSITY, EPSILON, ROUNDS, simulate
from workbench.audit.feedback_choice import LOG
from workbench.audit.feedback_figures import (
    ACCEPTANCE,
    CHANGE,
    CHOICE,
    COVERAGE,
    DIFFERENCE,
    DISTANCE,
    ENTROPY,
    GINI,
    MEASURE,
    ROUND,
    SETTING,
)
from workbench.audit.groups import EVERYBODY
from workbench.columns import ATTRIBUTE, DEFINITION, GROUP, HIGH, LOW, VALUE, N
from workbench.errors import WorkbenchError
from workbench.pipeline.inside import FEEDBACK_PEOPLE
from workbench.ranking.policy import Policy

OWN, SHOWN = "feedback_own", "feedback_shown"
KEPT = 3
MEASURES = {
    ENTROPY: "Variety of a list (entropy, bits)",
    DISTANCE: "Distance from the starting taste",
    GINI: "Concentration of what is shown (Gini)",
    COVERAGE: "Share of the catalogue shown",
    ACCEPTANCE: "Share chosen of what is looked at",
}
MOST_ROUNDS = 12
Key = tuple[str, str]


@dataclass(frozen=True)
class Wish:
    """Settings of one's own."""

    rounds: int
    exploration: float
    diversity: float
    elsewhere: float

    @property
    def name(self) -> str:
        """What is done to the lists, in words."""
        dials = {"exploration": self.exploration, "diversity": self.diversity}
        return ", ".join(f"{dial} {value:g}" for dial, value in dials.items() if value)

    @property
    def words(self) -> str:
        away = f", {self.elsewhere:.0%} elsewhere" if self.elsewhere else ""
        return f"{self.name}; {self.rounds} rounds{away}"


def show(world: World) -> None:
    """The kept simulation, or one's own: a measure by round, setting by setting."""
    st.write(
        "People choose from the lists they are shown, and the next lists are made from what they "
        "chose. Does that narrow what they see? Here it is simulated, round after round: nobody "
        "did any of this. All settings see the same chance, so they differ by what they show and "
        "by nothing else."
    )
    own: dict[Wish, pl.DataFrame] = st.session_state.setdefault(OWN, {}).setdefault(world.key, {})
    _asked(world, own)
    frame = _which(world, own)
    if not frame.height:
        st.info(
            "This run keeps no simulation: it was made before there was one, or fewer people than "
            "may be told of were asked. It can be run here.",
            icon=":material/cycle:",
        )
        return
    _answer(frame)


def _asked(world: World, own: dict[Wish, pl.DataFrame]) -> None:
    """Settings of one's own, and the button that tries them."""
    with st.expander("Run it with other settings", icon=":material/tune:"):
        first, second = st.columns(2, gap="medium")
        rounds = first.slider("Rounds", 2, MOST_ROUNDS, ROUNDS, key="feedback_rounds")
        exploration = second.slider(
            "Exploration", 0.0, 1.0, EPSILON, 0.05, key="feedback_exploration",
            help="Chance that a place goes to any of the next titles alike, not to the best.",
        )  # fmt: skip
        elsewhere = first.slider(
            "Looks elsewhere", 0.0, 1.0, 0.0, 0.1, key="feedback_elsewhere",
            help="Share of the looks that go to any title of the catalogue and not to the list. "
            "At 1 nobody minds the list.",
        )  # fmt: skip
        diversity = 0.0
        if "diversity" in world.dials:
            diversity = second.slider(
                "Diversity", 0.0, 1.0, DIVERSITY, 0.05, key="feedback_diversity",
                help="Prefers what is unlike the places above it, by genre.",
            )  # fmt: skip
        wish = Wish(rounds, exploration, diversity, elsewhere)
        if not wish.name:
            st.caption("Both are 0, so there is nothing to compare with the lists as they are.")
        pressed = st.button(
            "Run the simulation", icon=":material/play_arrow:", type="primary", key="feedback",
            disabled=not wish.name,
        )  # fmt: skip
        if not pressed:
            return
        found = own.get(wish)
        found = _run(world, wish) if found is None else found
    if found is None:
        return
    own[wish] = found
    while len(own) > KEPT:
        own.pop(next(iter(own)))
    st.session_state[SHOWN] = wish.words
    st.rerun()


def _run(world: World, wish: Wish) -> pl.DataFrame | None:
    done, of = 0, 1 + 2 * wish.rounds

    def heard(what: str) -> None:
        nonlocal done
        say(done / of, what)
        done += 1

    policy = {"epsilon": wish.exploration, "diversity": wish.diversity}
    settings = {
        AS_IS: None,
        wish.name: Policy.for_dataset(world.split.train, **policy),
    }
    try:
        with jobs.at_work("Simulating") as say:
            return simulate(
                world.engine, world.split, settings, rounds=wish.rounds, k=world.k, taste=LOG,
                elsewhere=wish.elsewhere, max_people=FEEDBACK_PEOPLE, say=heard,
            ).frame  # fmt: skip
    except jobs.BusyError:
        st.warning(
            "Somebody else's question is being worked out. Try again in a moment.",
            icon=":material/hourglass:",
        )
    except WorkbenchError as error:
        problem("This cannot be simulated.", str(error))
    return None


def _which(world: World, own: dict[Wish, pl.DataFrame]) -> pl.DataFrame:
    """The frame to look at: that of the run, or one's own."""
    found = {"As the run kept it": world.run.feedback} | {w.words: f for w, f in own.items()}
    if len(found) == 1:
        return world.run.feedback
    if st.session_state.get(SHOWN) not in found:
        st.session_state[SHOWN] = next(iter(found))
    return found[st.selectbox("Look at", list(found), key=SHOWN, filter_mode=None)]


def _answer(frame: pl.DataFrame) -> None:
    first, second = st.columns(2, gap="medium")
    measure = first.selectbox(
        "Measure", frame[MEASURE].unique(maintain_order=True).to_list(),
        format_func=MEASURES.__getitem__, key="feedback_measure", filter_mode=None,
    )  # fmt: skip
    groups = frame.unique([ATTRIBUTE, GROUP], maintain_order=True)[ATTRIBUTE, GROUP].rows()
    attribute, group = second.selectbox(
        "People", groups, format_func=_group, key="feedback_group", filter_mode=None
    )
    rows = frame.filter(
        (pl.col(MEASURE) == measure) & (pl.col(ATTRIBUTE) == attribute) & (pl.col(GROUP) == group)
    )
    if not rows.height:
        st.info("Of these people too few have this figure.")
        return
    st.text(_sentence(rows[DEFINITION][0]))
    with st.container(border=True):
        _draw(rows, MEASURES[measure])
        st.caption("Points: one round each. Lines up and down: 95 % intervals over people.")
    base = rows[SETTING][0]
    gaps = (DIFFERENCE, f"{DIFFERENCE}_low", f"{DIFFERENCE}_high")
    st.dataframe(
        rows.select(
            SETTING, ROUND, VALUE, LOW, HIGH, CHANGE, f"{CHANGE}_low", f"{CHANGE}_high",
            *(pl.when(pl.col(SETTING) != base).then(gap).alias(gap) for gap in gaps), N,
        ).sort(ROUND, descending=True, maintain_order=True),
        hide_index=True, placeholder="–", height=248,
        column_config=_columns(base),
        alt="Each setting and round: figure, change since the first round, difference to the first "
        "setting, with 95 percent intervals.",
    )  # fmt: skip
    download("Download the simulation (CSV)", frame, "feedback.csv", "feedback-csv")
    st.subheader("How people choose here")
    for part in frame[CHOICE][0].split("; "):
        st.text(f"• {_sentence(part)}")


def _group(key: Key) -> str:
    attribute, group = key
    return "Everybody" if attribute == EVERYBODY else f"{attribute.replace('_', ' ')}: {group}"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _columns(base: str) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    ends = {
        f"{column}_{end}": number(f"{what}, {word}", format="%+.3f", help="Of the 95 % interval.")
        for column, what in ((CHANGE, "change"), (DIFFERENCE, "difference"))
        for end, word in (("low", "from"), ("high", "to"))
    }
    return {
        SETTING: st.column_config.TextColumn("Setting", width="medium"),
        ROUND: number("Round", format="%d"),
        VALUE: number("Figure", format="%.3f"),
        LOW: number("from", format="%.3f", help="Lower end of the 95 % interval."),
        HIGH: number("to", format="%.3f", help="Upper end of the 95 % interval."),
        CHANGE: number("Change", format="%+.3f", help="Since the first round, the same people."),
        DIFFERENCE: number(
            "Difference", format="%+.3f", help=f"To “{base}” in the same round, the same people."
        ),
        N: number("People", format="%d"),
        **ends,
    }


def _draw(rows: pl.DataFrame, title: str) -> None:
    dark = st.context.theme.type == "dark"
    ink = "#C7D0DC" if dark else "#3C4553"
    inks = DARK if dark else LIGHT
    settings = rows[SETTING].unique(maintain_order=True).to_list()
    legend = {"title": None, "orient": "top", "labelColor": ink, "labelFontSize": 13, "columns": 2,
              "symbolOpacity": 1}  # fmt: skip

    def of_setting(values: Any) -> dict[str, Any]:
        scale = {
            "domain": settings,
            "range": [values[i % len(values)] for i in range(len(settings))],
        }
        return {"field": SETTING, "type": "nominal", "scale": scale, "legend": legend}

    axis = {"grid": True, "labelFontSize": 12, "titleFontSize": 13, "labelColor": ink,
            "titleColor": ink}  # fmt: skip
    x = {"field": ROUND, "type": "ordinal", "axis": {**axis, "title": "round", "labelAngle": 0}}
    y = {"field": VALUE, "type": "quantitative", "scale": {"zero": False},
         "axis": {**axis, "title": title, "tickCount": 6}}  # fmt: skip
    aside = {"field": SETTING, "type": "nominal", "sort": settings, "scale": {"paddingOuter": 3}}
    tip = [{"field": SETTING, "type": "nominal", "title": "setting"},
           {"field": ROUND, "type": "ordinal", "title": "round"},
           *({"field": f, "type": "quantitative", "title": t, "format": ".4f"}
             for f, t in ((VALUE, "figure"), (LOW, "from"), (HIGH, "to")))]  # fmt: skip
    st.vega_lite_chart(
        rows.select(SETTING, ROUND, VALUE, LOW, HIGH),
        {
            **CONFIG,
            "height": 360,
            "encoding": {"x": x, "xOffset": aside, "color": of_setting(inks)},
            "layer": [
                {"mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.4},
                 "encoding": {"y": {**y, "field": LOW}, "y2": {"field": HIGH}}},
                {"mark": {"type": "line", "strokeWidth": 1.5, "opacity": 0.7},
                 "encoding": {"y": y}},
                {"mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                 "encoding": {"y": y, "shape": of_setting(SHAPES), "tooltip": tip}},
            ],
        },
        alt=f"{title} by round, a line for each setting; the numbers are in the table below.",
    )  # fmt: skip
