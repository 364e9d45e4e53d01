"""What a run keeps of its engine as a whole: what it looks at, its settings, where it may lead."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from workbench.audit.feedback import simulate
from workbench.audit.feedback_choice import LOG
from workbench.audit.feedback_figures import FEEDBACK
from workbench.audit.mitigation import mitigate
from workbench.audit.mitigation_rerank import RERANKING
from workbench.audit.mitigation_words import KEPT
from workbench.audit.slice_finder import FRAME as SLICES
from workbench.audit.slice_finder import find_slices
from workbench.data.sample import asking
from workbench.data.split import Split
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.frontiers import FRONTIERS, frontiers
from workbench.explain.fidelity import FIDELITY, fidelity
from workbench.explain.global_ import IMPORTANCE, importance
from workbench.pipeline.plan import Plan
from workbench.profiles import Profiles
from workbench.ranking.engine import Engine
from workbench.ranking.recommend import recommend

FRONTIER_PEOPLE = 1000
"""People whose lists every policy setting makes anew: enough for narrow intervals."""
IMPORTANCE_PEOPLE = 200
FIDELITY_PEOPLE, FEWEST_PEOPLE = 8, 6
ITEMS = 5_000
"""Of a larger catalogue fewer people's explanations are tried: each score takes as much longer."""
MITIGATION_PEOPLE, MITIGATION_EVENTS = 400, 2_000_000
"""People asked on either cut, who also teach the engine fitted for validation; and events beyond
which it is not fitted."""
FEEDBACK_PEOPLE = 250
"""People who choose in the simulation; each round of each setting makes all their lists anew."""
EMPTY = {
    "frontier": FRONTIERS,
    "importance": IMPORTANCE,
    "fidelity": FIDELITY,
    "feedback": FEEDBACK,
    "slices": SLICES,
    "mitigation": KEPT,
}
"""Frame → its columns, for runs that were made before it was kept."""
Say = Callable[[str], None]


def frontier_of(engine: Engine, cut: Split, plan: Plan, say: Say) -> pl.DataFrame:
    """What each kind of policy setting does to everybody (or to a sample)."""
    asked = asking(cut, FRONTIER_PEOPLE, plan.seed)
    return frontiers(engine, asked, k=plan.k, seed=plan.seed, say=say)


def importance_of(engine: Engine, cut: Split, plan: Plan, say: Say) -> pl.DataFrame:
    """What the engine looks at, on slates of guests; empty where nobody is shown anything."""
    people = subjects(cut)[0][:IMPORTANCE_PEOPLE]
    if recommend(engine, people, plan.k).frame.height == 0:
        return pl.DataFrame(schema=IMPORTANCE)
    return importance(engine, people, plan.k, seed=plan.seed)


def fidelity_of(engine: Engine, cut: Split, plan: Plan, say: Say) -> pl.DataFrame:
    """How good the explanations of the engine are, on guests."""
    people, who = subjects(cut)
    most = max(FEWEST_PEOPLE, min(FIDELITY_PEOPLE, FIDELITY_PEOPLE * ITEMS // cut.train.n_items))
    return fidelity(engine, people, plan.k, max_people=most, who=who, seed=plan.seed, say=say)


def feedback_of(engine: Engine, cut: Split, plan: Plan, say: Say) -> pl.DataFrame:
    """Where it may lead; empty where nothing says what people like.

    The log speaks, not the truth of an invented world: a run folder does not keep that, and the
    simulation could not be made again from it.
    """
    try:
        found = simulate(
            engine, cut, k=plan.k, taste=LOG, max_people=FEEDBACK_PEOPLE, seed=plan.seed, say=say
        )
    except DataError:
        return pl.DataFrame(schema=FEEDBACK)
    return found.frame


def slices_of(engine: Engine, cut: Split, plan: Plan, say: Say) -> pl.DataFrame:
    """Kinds of people for whom it works worst; no rows where none is found."""
    return find_slices(cut, evaluate(engine, cut, plan.k, beyond=False), seed=plan.seed)


def mitigation_of(engine: Engine, cut: Split, plan: Plan, say: Say) -> pl.DataFrame:
    """What re-ranking could do for little known titles, and its cost.

    The ways that teach the ranker again take minutes; they are asked for, by ``wb.mitigate``.
    Empty for a log on which an engine is not fitted a second time in passing, or too small to be
    cut again.
    """
    if cut.train.n_events > MITIGATION_EVENTS:
        return pl.DataFrame(schema=KEPT)
    try:
        found = mitigate(
            engine, cut, methods=tuple(RERANKING), k=plan.k, max_people=MITIGATION_PEOPLE,
            seed=plan.seed, say=say,
        )  # fmt: skip
    except (ArgumentError, DataError):
        return pl.DataFrame(schema=KEPT)
    return found.kept


def subjects(cut: Split) -> tuple[Profiles, str]:
    """Guests, or, where there are none, people of the training part; and what they are called."""
    if cut.guests:
        return cut.train.profiles(list(cut.guests)), "guests"
    return cut.people()[1], "people it was fitted on"


INSIDE = {
    "policy settings": ("frontier", frontier_of),
    "importance": ("importance", importance_of),
    "explanations": ("fidelity", fidelity_of),
    "slices": ("slices", slices_of),
    "feedback": ("feedback", feedback_of),
    "mending": ("mitigation", mitigation_of),
}
"""Stage → the frame that is kept, and what makes it."""
