"""Feedback: what comes of it where people choose from lists and lists are made from choices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from workbench.audit.exposure import POPULARITY, item_kinds
from workbench.audit.feedback_choice import Choice, check_taste
from workbench.audit.feedback_figures import (
    CHANGE,
    CHOICE,
    DIFFERENCE,
    FEEDBACK,
    MEASURE,
    OF_PEOPLE,
    POLICY,
    ROUND,
    SETTING,
    Turn,
    definitions,
    feedback_frame,
    mixes,
)
from workbench.audit.groups import EVERYBODY, Groups, groupings
from workbench.audit.verdict import SMALLEST, check_minimum
from workbench.columns import DEFINITION, GENRES, HIGH, ITEM, LOW, RANK, ROW, USER, VALUE
from workbench.data.dataset import Dataset
from workbench.data.sample import asking
from workbench.data.split import Split
from workbench.display import Sheet, Shown
from workbench.errors import ArgumentError
from workbench.evaluation.definitions import asked_people, check_asked
from workbench.evaluation.frontiers import said
from workbench.models.base import Recommender
from workbench.models.parameters import check_number, check_seed, check_whole
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k, recommend

AS_IS, EXPLORING, DIVERSE, BOTH = "as it is", "with exploration", "with diversity", "with both"
EPSILON, DIVERSITY = 0.2, 0.5
ROUNDS, PEOPLE = 5, 1000


@dataclass(frozen=True, eq=False, repr=False)
class Simulation(Shown):
    """What a simulation of feedback gave.

    Attributes
    ----------
    frame : polars.DataFrame
        One row per setting, round, measure and group; see
        ``workbench.audit.feedback_figures.feedback_frame``. ``definition`` says what the measure
        is, ``policy`` the setting's parameters as JSON, ``choice`` how people choose.
    people : polars.DataFrame
        One row per setting, round and person: ``user_id``, ``acceptance``, ``entropy``,
        ``distance`` (null where there is no figure), and how many items were ``chosen``.
    definition : str
        The model of choice, in words.
    settings : dict of str to Policy
    skipped : dict
        Attribute of people → why there are no groups of it.
    """

    frame: pl.DataFrame
    people: pl.DataFrame
    definition: str
    settings: dict[str, Policy]
    skipped: dict[str, str]

    def _sheet(self) -> Sheet:
        rounds = self.people[ROUND].n_unique()
        last = self.frame.filter(attribute=EVERYBODY, round=rounds).select(
            MEASURE, SETTING, VALUE, LOW, HIGH,
            *(f"{c}{end}" for c in (CHANGE, DIFFERENCE) for end in ("", "_low", "_high")),
        )  # fmt: skip
        facts = (("people", self.people[USER].n_unique()), ("rounds", rounds))
        tables = (
            (f"Round {rounds}: change since the first, difference to the first setting", last),
        )
        return Sheet("Simulation of feedback", facts, tables, (f"{self.definition}.",))


def simulate(
    model: Recommender,
    split: Split,
    settings: Mapping[str, Policy | None] | None = None,
    groups: Groups | None = None,
    *,
    rounds: int = ROUNDS,
    k: int = 10,
    taste: str | Recommender | None = None,
    elsewhere: float = 0.0,
    minimum: int = SMALLEST,
    max_people: int = PEOPLE,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> Simulation:
    """Recommend, let people choose, add what they chose to their history; and again.

    Parameters
    ----------
    model : Recommender
        Fitted. It is not fitted again: what loops is the history that it answers from.
    split : Split
        The people are those of ``split.people()``, as they were before the cut.
    settings : mapping of name to Policy, optional
        What is compared; the first is what the others are compared with. None is the lists as
        they are. By default ``usual_settings``: as it is, with exploration, with diversity, both.
    groups : sequence or mapping, optional
        As in ``wb.audit``; by default every attribute of people that can be a group.
    rounds, k : int
        Rounds; places of a list.
    taste : str or Recommender, optional
        Who says what people like: "truth", the expected relevance of an invented world; "log",
        another model (SVD of the stars, or, where nobody says no, a walk on the graph of events),
        fitted on the training part and calibrated on what the same people did later; or a fitted
        model of your own, calibrated alike. By default the truth where the world knows it. It is
        never ``model`` itself.
    elsewhere : float
        Share of the looks that go to any item of the catalogue and not to the list; at 1 the list
        is ignored.
    minimum : int
        Smaller groups are not told; from 20 upwards.
    max_people : int
        At most so many, drawn by seed.
    seed : int
        Of the choices, of who is asked, and of the intervals.
    say : callable, optional
        Hears the setting and the round.

    Returns
    -------
    Simulation

    Raises
    ------
    ArgumentError
        An argument cannot work; nothing was started.
    DataError
        Nobody has a relevant test item, or nothing says what people like.

    Notes
    -----
    The model of choice is told in ``definition`` and in ``feedback_choice.Choice``. A person's luck
    hangs on their id, the round and the item, not on the setting nor on the others (common random
    numbers), so that settings differ by what they show and by nothing else; exploration draws anew
    in each round. The moment stays: what is chosen happens when the person is asked.

    Kinds are genres where items have them, else thirds of popularity (head, mid, tail).

    Sources: Fleder, Hosanagar 2009, "Blockbuster culture's next rise or fall"; Chaney, Stewart,
    Engelhardt 2018, "How algorithmic confounding in recommendation systems increases homogeneity
    and decreases utility". What is simulated follows from the model of choice; nobody did it.
    """
    check_asked(model, split)
    asked_people(model, split)
    check_whole("rounds", rounds)
    check_k(k)
    check_number("elsewhere", elsewhere, 0, 1)
    check_minimum(minimum)
    check_seed(seed)
    taste = check_taste(taste, split, model)
    made = _checked(settings, split, k)
    asked = asking(split, max_people, seed)
    ids, start = asked.people()
    attributes = asked.train.users[asked.train.people.codes(ids)].drop(USER)
    by, skipped = groupings(attributes, groups)
    tell = say or (lambda what: None)
    tell("what people like")
    choice = Choice.of(asked, taste, elsewhere, k, seed)
    name, kinds = _kinds(asked)
    turns: dict[str, list[Turn]] = {}
    for setting, policy in made.items():
        turns[setting] = []
        for turn in walk(model, start, policy, choice, kinds, asked.train.relevant_from, rounds, k):
            turns[setting].append(turn)
            tell(f"{setting}, round {len(turns[setting])} of {rounds}")
    words = definitions(name)
    frame = feedback_frame(turns, by, minimum, seed).with_columns(
        pl.col(MEASURE).replace_strict(words, return_dtype=pl.String).alias(DEFINITION),
        pl.col(SETTING)
        .replace_strict({s: json.dumps(said(p), default=str) for s, p in made.items()},
                        return_dtype=pl.String)
        .alias(POLICY),
        pl.lit(choice.words).alias(CHOICE),
    )  # fmt: skip
    return Simulation(frame.select(*FEEDBACK), _people(ids, turns), choice.words, made, skipped)


def usual_settings(train: Dataset) -> dict[str, Policy]:
    """As it is, with exploration (one place in five is any of the next 50), with diversity, both.

    Without genres there is no diversity.
    """
    base = Policy.for_dataset(train)
    found = {AS_IS: Policy(), EXPLORING: replace(base, epsilon=EPSILON)}
    if GENRES in train.items.columns:
        found[DIVERSE] = replace(base, diversity=DIVERSITY)
        found[BOTH] = replace(base, epsilon=EPSILON, diversity=DIVERSITY)
    return found


def walk(
    model: Recommender,
    people: Profiles,
    policy: Policy,
    choice: Choice,
    kinds: sparse.csr_array,
    relevant_from: float | None,
    rounds: int,
    k: int,
) -> Iterator[Turn]:
    """The rounds of one setting, one by one; row ``i`` of each is person ``i``."""
    taste = mixes((people.csr(people.positive(relevant_from)) @ kinds).toarray().astype(np.float64))
    shape = len(people), len(people.catalogue)
    for number in range(1, rounds + 1):
        shown = recommend(model, people, k, replace(policy, seed=policy.seed + number)).frame
        row, rank = shown[ROW].to_numpy(), shown[RANK].to_numpy().astype(np.int64)
        item = people.catalogue.codes(shown[ITEM])
        who, what = choice.chosen(people, number, row, rank, item)
        chosen = np.bincount(who, minlength=len(people))
        yield Turn.of(shape, row, item, *choice.chances(row, rank, item), kinds, taste, chosen)
        people = people.with_events(who, what, np.full(len(who), choice.value))


def _kinds(split: Split) -> tuple[str, sparse.csr_array]:
    """What tells items apart, and the share of each item in each kind."""
    kinds = item_kinds(split)
    if GENRES in kinds:
        return "genres", kinds[GENRES][1]
    return "thirds of popularity (head, mid, tail; items have no genres)", kinds[POPULARITY][1]


def _people(ids: list[Any], turns: Mapping[str, list[Turn]]) -> pl.DataFrame:
    frames = [
        pl.DataFrame({name: getattr(turn, name) for name in (*OF_PEOPLE, "chosen")}).select(
            pl.lit(setting).alias(SETTING),
            pl.lit(number).alias(ROUND),
            pl.Series(USER, ids),
            pl.all().fill_nan(None),
        )
        for setting, of in turns.items()
        for number, turn in enumerate(of, start=1)
    ]
    return pl.concat(frames)


def _checked(
    settings: Mapping[str, Policy | None] | None, split: Split, k: int
) -> dict[str, Policy]:
    if settings is None:
        return usual_settings(split.train)
    if not isinstance(settings, Mapping) or not settings:
        raise ArgumentError(
            f"settings must be a mapping of name to wb.Policy, not {settings!r}; "
            "such as {'as it is': None, 'exploring': wb.Policy(epsilon=0.2)}"
        )
    made = {}
    for name, policy in settings.items():
        if not isinstance(name, str) or not isinstance(policy, Policy | None):
            raise ArgumentError(
                f"settings holds {name!r}: {policy!r}; each is a name and a wb.Policy, or None for "
                "the lists as they are"
            )
        made[name] = Policy() if policy is None else policy
        made[name].check(split.train.catalogue, k)
    return made
