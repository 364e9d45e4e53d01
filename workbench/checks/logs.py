"""Rules on what the log may change: not its rows' order, not its ids, not its guests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from workbench.checks.fitting import NEEDS
from workbench.checks.subject import Subject, close, difference, require, same
from workbench.checks.worlds import Frames, tastes
from workbench.columns import ITEM, USER
from workbench.errors import CapabilityError, ContractError
from workbench.models.base import Recommender
from workbench.profile import Profile
from workbench.vocabulary import FloatArray, Id

K = 10
SEEDS = (1, 2)


def row_order_is_inert(subject: Subject) -> None:
    """The log with its rows in another order gives the same scores to the bit."""
    model = subject.fit(subject.world.shuffled(seed=7))
    before, after = subject.scores, subject.score(subject.people, model)
    require(
        "row_order_is_inert",
        same(before, after),
        f"another order of rows: {difference(before, after)}; read the log through the dataset",
    )


def id_type_is_inert(subject: Subject) -> None:
    """The same ids as strings give the same scores to the bit."""
    world = subject.world
    text = {column: {i: str(i) for i in _ids(world, column)} for column in (USER, ITEM)}
    model = subject.fit(world.renamed(text[USER], text[ITEM]))
    people = [_with_items(person, text[ITEM]) for person in subject.people]
    before, after = subject.scores, subject.score(people, model)
    require(
        "id_type_is_inert",
        same(before, after),
        f"ids as strings: {difference(before, after)}; work with codes, not with ids",
    )


def names_are_inert(subject: Subject) -> None:
    """People or items under other names score the same; stochastic models, as well as ever."""
    world = subject.world
    people = world.shuffled_names(USER, 3)
    items = world.shuffled_names(ITEM, 4)
    for words, renamed, names in (
        ("people", world.renamed(users=people), {}),
        ("items", world.renamed(items=items), items),
    ):
        if subject.stochastic:
            _as_good_as_a_seed(subject, words, renamed)
            continue
        model = subject.fit(renamed)
        crowd = [_with_items(person, names) for person in subject.people]
        order = model.catalogue.codes([names.get(i, i) for i in subject.model.catalogue.ids])
        before = subject.scores
        after = np.asarray(subject.score(crowd, model))[:, order]
        require(
            "names_are_inert",
            close(before, after),
            f"{words} under other names: {difference(before, after)}",
        )


def guests_are_in_no_fit(subject: Subject) -> None:
    """With guests, with other guests and without them, a fit is the same to the bit."""
    world = tastes(seed=0, n_guests=5, columns=subject.columns)
    guests = pl.col(USER).is_in(world.guests[USER].unique().to_list())  # type: ignore[index]
    aged = pl.when(guests).then(pl.lit(99)).otherwise("age").alias("age")
    other = {
        "without them": replace(world, guests=None, users=world.users.filter(~guests)),
        "with half of their events and another age of theirs": replace(
            world,
            guests=world.guests[::2],  # type: ignore[index]
            users=world.users.with_columns(aged),
        ),
    }
    before = subject.score(subject.people, subject.fit(world))
    for words, frames in other.items():
        after = subject.score(subject.people, subject.fit(frames))
        require(
            "guests_are_in_no_fit",
            same(before, after),
            f"fitted {words}: {difference(before, after)}; fit on dataset.interactions and "
            "dataset.profiles(), and on attributes at dataset.fit_rows only",
        )


def needs_is_enforced(subject: Subject) -> None:
    """A log that lacks what the model needs is refused; one that lacks all else is enough."""
    rule, needs = "needs_is_enforced", subject.fresh().needs
    for word in sorted(needs):
        try:
            subject.fit(subject.world.lacking(word))
        except CapabilityError:
            continue
        raise ContractError(rule, f"a log without {word}, which the model needs, was fitted")
    spare = sorted(NEEDS - needs)
    for lacking in [spare, *([word] for word in spare if len(spare) > 1)]:
        frames = subject.world.lacking(*lacking)
        without = f"a log without {', '.join(lacking)}, which the model does not need"
        try:
            model = subject.fit(frames)
            scores = model.score(frames.dataset().profiles()[:5])
        except Exception as error:
            raise ContractError(
                rule, f"{without}, failed with {type(error).__name__}: {error}"
            ) from error
        enough = (np.isfinite(scores).sum(axis=1) > 0).all()
        require(rule, enough, f"{without}, leaves somebody without a finite score")


def ratings_are_in_their_unit(subject: Subject) -> str | None:
    """A model of scale "rating" answers in the unit of the log."""
    if subject.model.scale != "rating":
        return "the model's scale is relevance"
    values = subject.world.interactions["value"]
    scores = np.asarray(subject.scores)
    middle = float(np.median(scores[np.isfinite(scores)]))
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    require(
        "ratings_are_in_their_unit",
        low <= middle <= high,
        f"the median score is {middle:.3g}, but values go from {low} to {high}",
    )
    return None


def checkerboard_is_solved(subject: Subject) -> str | None:
    """On a checkerboard, everybody's first unseen item is one they like."""
    if not subject.fresh().personalised:
        return "the model says that it is not personalised"
    fit = subject.fitted("board")
    everybody = fit.dataset.profiles()
    kinds = fit.dataset.catalogue.ids.to_numpy() % 2
    likes = fit.dataset.people.ids.to_numpy() % 2
    # Half of each history: a person whom the log does not know, whose answers it does.
    half = everybody.only(np.arange(len(everybody.item)) % 2 == 0)
    for words, people in (("training people", everybody), ("strangers", half)):
        scores = np.array(fit.model.score(people), dtype=np.float64)
        scores[everybody.seen.nonzero()] = np.nan
        scores[np.isnan(scores)] = -np.inf
        answered = np.isfinite(scores).any(axis=1)
        right = (kinds[scores.argmax(axis=1)] == likes) & answered
        require(
            "checkerboard_is_solved",
            right.all(),
            f"p@1 of {words} is {right.mean():.2f}, not 1; the model does not learn from "
            "the history",
        )
    return None


def _as_good_as_a_seed(subject: Subject, words: str, renamed: Frames) -> None:
    """Raise where other names move the quality of a stochastic model more than seeds do."""
    by_seed = _quality_by_seed(subject)
    quality = _quality(subject.fit(renamed), renamed)
    slack = 0.03 + 3 * float(np.std(by_seed))
    require(
        "names_are_inert",
        min(by_seed) - slack <= quality <= max(by_seed) + slack,
        f"{words} under other names: nDCG@{K} of {quality:.3f}, where seeds give "
        f"{min(by_seed):.3f} to {max(by_seed):.3f}",
    )


def _quality_by_seed(subject: Subject) -> list[float]:
    known = vars(subject).get("quality_by_seed")
    if known is None:
        seeded = "seed" in subject.fresh().params()
        models = [subject.model]
        models += [subject.fit(subject.world, seed=s) for s in SEEDS] if seeded else []
        known = [_quality(model, subject.world) for model in models]
        vars(subject)["quality_by_seed"] = known
    return known  # type: ignore[no-any-return]


def _quality(model: Recommender, frames: Frames) -> float:
    """Mean nDCG of the unseen items, relevant where the tastes agree."""
    dataset = frames.dataset()
    people = dataset.profiles()
    scores: FloatArray = np.array(model.score(people))
    scores[people.seen.nonzero()] = np.nan
    taste = np.array([frames.taste_of_item[i] for i in dataset.catalogue.ids])
    mine = np.array([frames.taste_of_user[u] for u in dataset.people.ids])
    order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), axis=1, kind="stable")[:, :K]
    shown = ~np.isnan(np.take_along_axis(scores, order, axis=1))
    right = (taste[order] == mine[:, None]) & shown
    gain = 1 / np.log2(np.arange(K) + 2)
    return float((right @ gain / gain.sum()).mean())


def _ids(frames: Frames, column: str) -> list[Id]:
    table: pl.DataFrame = frames.users if column == USER else frames.items
    return table[column].to_list()


def _with_items(person: Profile, names: Mapping[Id, Id]) -> Profile:
    """The person, with the items of their history under other names."""
    history = tuple(replace(e, item_id=names.get(e.item_id, e.item_id)) for e in person.history)
    return Profile(history, person.attributes, person.context)
