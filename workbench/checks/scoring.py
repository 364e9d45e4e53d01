"""Rules on ``score``: a function of the profile, and of nothing else."""

from __future__ import annotations

import numpy as np
import polars as pl

from workbench.checks.subject import Subject, difference, require, same
from workbench.checks.worlds import DEVICE, strangers
from workbench.columns import AS_OF, VALUE
from workbench.errors import ArgumentError, ContractError
from workbench.profile import Event, Profile
from workbench.profiles import Profiles

K = 10
LARGEST = 1e6
"""No score of a small world is larger; what is, is a sentinel."""


def scores_have_their_shape(subject: Subject) -> None:
    """Scores are a float32 array of one row per person and one column per item."""
    rule, model = "scores_have_their_shape", subject.model
    people = Profiles.of(subject.people, model.catalogue)
    for batch in (people, people[:1], people[:0]):
        scores = model.score(batch)
        shape = (len(batch), len(model.catalogue))
        require(rule, isinstance(scores, np.ndarray), f"scores are a {type(scores).__name__}")
        require(rule, scores.shape == shape, f"scores are {scores.shape} for {shape}")
        require(rule, scores.dtype == np.float32, f"scores are {scores.dtype}, not float32")


def scores_are_finite_or_nan(subject: Subject) -> None:
    """A score is a number, or NaN where the model cannot say; never infinite, never a sentinel."""
    rule, scores = "scores_are_finite_or_nan", np.asarray(subject.scores)
    known = scores[~np.isnan(scores)]
    require(rule, np.isfinite(known).all(), "a score is infinite; use NaN for 'cannot say'")
    require(rule, known.size, "every score is NaN")
    for edge in (known.min(), known.max()):
        rest = known[known != edge]
        gap = 0.0 if rest.size == 0 else float(np.abs(rest - edge).min())
        alone = rest.size > 0 and np.ptp(rest) > 0 and gap > 50 * float(np.ptp(rest))
        require(
            rule,
            abs(edge) < LARGEST and not alone,
            f"{edge!r} stands apart from all other scores like a sentinel; use NaN",
        )


def batch_equals_singles(subject: Subject) -> None:
    """A profile scores the same alone and in any batch, to the bit."""
    rule, model = "batch_equals_singles", subject.model
    people = Profiles.of(subject.people, model.catalogue)
    n = len(people)
    singles = [model.score(Profiles.of(person, model.catalogue)) for person in subject.people]
    alone = np.concatenate(singles) if singles else model.score(people)
    batches = {
        "the batch of all": np.arange(n),
        "the batch in reversed order": np.arange(n)[::-1],
        "a batch of two": np.array([n - 1, 2]),
        "a batch of 200": np.resize(np.arange(n), 200),
    }
    for words, rows in batches.items():
        scores = model.score(people[rows])
        for place, row in enumerate(rows):
            require(
                rule,
                same(scores[place], alone[row]),
                f"person {row} scores differently in {words} "
                f"({difference(scores[place], alone[row])}); use models.dense.product or a sparse "
                "history, and nothing computed over the batch",
            )


def items_select_columns(subject: Subject) -> None:
    """``score(people, items)`` is those columns of ``score(people)``, to the bit."""
    model = subject.model
    people = Profiles.of(subject.people, model.catalogue)
    whole, n = np.asarray(model.score(people)), len(model.catalogue)
    choices = {
        "one item": [n // 2],
        "some items": list(range(0, n, 3)),
        "items in reversed order": list(range(n))[::-1],
        "an item twice": [4, 1, 4],
        "no items": [],
    }
    for words, codes in choices.items():
        items = np.array(codes, dtype=np.int64)
        part = np.asarray(model.score(people, items))
        require(
            "items_select_columns",
            same(part, whole[:, items]),
            f"asked for {words}, the scores differ: {difference(part, whole[:, items])}",
        )


def bad_items_are_refused(subject: Subject) -> None:
    """Codes outside the catalogue raise ArgumentError."""
    model = subject.model
    people = Profiles.of(subject.people[2], model.catalogue)
    for codes in ([-1], [0, len(model.catalogue)]):
        try:
            model.score(people, np.array(codes))
        except ArgumentError:
            continue
        raise ContractError("bad_items_are_refused", f"items={codes} was answered")


def history_matters(subject: Subject) -> str | None:
    """What a person did changes their scores, for people whom the model never met too."""
    rule, model = "history_matters", subject.model
    if not model.personalised:
        return "the model says that it is not personalised"
    pair = strangers(subject.world)
    if VALUE not in subject.world.interactions.columns:
        return "the world has no values"
    one, two = np.asarray(subject.score(pair))
    require(rule, not same(one, two), "two strangers of opposite tastes get the same scores")
    edits = [
        person.without(event.item_id)
        for person in (pair[0], subject.people[4])
        for event in person.history
        if event.value is not None and event.value >= 4
    ]
    scores = np.asarray(subject.score(edits))
    n = sum(event.value is not None and event.value >= 4 for event in pair[0].history)
    for words, group in (("a stranger", scores[:n]), ("a training person", scores[n:])):
        require(
            rule,
            any(not same(group[0], row) for row in group[1:]),
            f"removing one liked item or another of {words} gives the same scores; solve for the "
            "person from the history, do not look them up",
        )
    return None


def history_does_not_matter(subject: Subject) -> str | None:
    """A model that says it is not personalised gives everybody of one moment the same scores."""
    if subject.model.personalised:
        return "the model says that it is personalised"
    one, _ = strangers(subject.world)
    nobody = Profile((), one.attributes, one.context)
    scores = np.asarray(subject.score([*strangers(subject.world), nobody]))
    require(
        "history_does_not_matter",
        same(scores[0], scores[1]) and same(scores[0], scores[2]),
        "the history changes the scores; say personalised = True",
    )
    return None


def uses_exists(subject: Subject) -> str | None:
    """Every column that the model ``uses`` is there in a log that has everything."""
    model, dataset = subject.model, subject.fitted().dataset
    if not model.uses:
        return "the model uses no attribute"
    there = {*dataset.users.columns, AS_OF, DEVICE}
    missing = sorted(model.uses - there)
    require(
        "uses_exists",
        not missing,
        f"uses names {missing}, but the world has {sorted(there)}; mend the spelling, or give "
        "check_model(columns={name: possible values})",
    )
    return None


def undeclared_is_inert(subject: Subject) -> None:
    """A column of attributes or context that ``uses`` does not name changes no score."""
    model = subject.model
    people = subject.fitted().dataset.profiles()[:8]
    before = model.score(people)
    for words, table in (("attribute", people.attributes), ("context", people.context)):
        variants = {}
        for name in [c for c in table.columns if c not in model.uses]:
            other = _other_values(table[name])
            variants[f"the {words} {name!r}"] = table.with_columns(other.alias(name))
        extra = pl.Series("user_id", np.arange(len(people)))
        variants[f"a further {words} 'user_id'"] = table.with_columns(extra)
        if words == "attribute":
            variants["the absence of undeclared attributes"] = table.select(
                [c for c in table.columns if c in model.uses]
            )
        for what, changed in variants.items():
            edited = Profiles(
                people.catalogue,
                people.indptr,
                people.item,
                people.timestamp,
                people.value,
                people.weight,
                people.kind,
                changed if words == "attribute" else people.attributes,
                changed if words == "context" else people.context,
            )
            after = model.score(edited)
            require(
                "undeclared_is_inert",
                same(before, after),
                f"{what} changes scores ({difference(before, after)}); name it in uses or leave "
                "it alone",
            )


def nobody_is_answered(subject: Subject) -> None:
    """A person without a history has at least k finite scores."""
    context = subject.people[1].context
    for words, person in (("known attributes", subject.people[1]), ("nothing known", Profile())):
        finite = int(np.isfinite(subject.score(person)).sum())
        require(
            "nobody_is_answered",
            finite >= K,
            f"an empty history with {words} (as_of {context[AS_OF]}) has {finite} finite scores, "
            f"less than k={K}; fall back to popularity or to a mean",
        )


def unknown_items_are_ignored(subject: Subject) -> None:
    """Events of items that the model never met change nothing, and are counted."""
    rule, model = "unknown_items_are_ignored", subject.model
    known = subject.people[2:6]
    strange: int | str = 10**9 if model.catalogue.is_integer else "never met"
    mixed = [
        Profile((*p.history, Event(strange, p.as_of, 5.0)), p.attributes, p.context) for p in known
    ]
    one, two = Profiles.of(known, model.catalogue), Profiles.of(mixed, model.catalogue)
    require(rule, two.unknown == len(known), f"{two.unknown} counted of {len(known)} unknown")
    before, after = model.score(one), model.score(two)
    require(rule, same(before, after), f"an unknown item: {difference(before, after)}")
    wider = type(model.catalogue)([*model.catalogue.ids.to_list(), strange])
    after = model.score(Profiles.of(mixed, wider))
    require(rule, same(before, after), f"another catalogue: {difference(before, after)}")


def edit_and_undo(subject: Subject) -> None:
    """An edit that is taken back leaves the scores as they were."""
    person = subject.people[2]
    here, there = person.items[0], next(i for i in subject.people[4].items if i not in person)
    value = person.last(here).value  # type: ignore[union-attr]
    before = np.array(subject.score(person))
    for words, edited, undone in (
        ("adding", person.with_event(there, 5.0), lambda p: p.without(there)),
        ("revaluing", person.revalued(here, 1.0), lambda p: p.revalued(here, value)),
        ("reweighting", person.reweighted(here, 0.5), lambda p: p.reweighted(here, 1.0)),
    ):
        subject.score(edited)
        after = subject.score(undone(edited))
        require(
            "edit_and_undo",
            same(before, after),
            f"after {words} and undoing it: {difference(before, after)}; score must not learn",
        )


def zero_weight_says_nothing(subject: Subject) -> None:
    """An oldest event of weight 0 is seen, but moves no score of another item."""
    catalogue = subject.model.catalogue
    for person in (subject.people[4], subject.people[10]):
        item = next(i for i in catalogue.ids if i not in person)
        seen = Event(item, person.history[0].timestamp - 1.0, 5.0, 0.0)  # type: ignore[operator]
        muted = Profile((seen, *person.history), person.attributes, person.context)
        scores = np.array(subject.score([person, muted]))
        scores[:, catalogue.code(item)] = 0.0
        require(
            "zero_weight_says_nothing",
            same(scores[0], scores[1]),
            f"an event of weight 0: {difference(scores[0], scores[1])}",
        )


def _other_values(column: pl.Series) -> pl.Series:
    """A column with every value changed, of the same type where that can be."""
    if column.dtype.is_numeric():
        return column.fill_null(0) + 1_000_003
    if column.dtype == pl.Boolean:
        return ~column.fill_null(False)
    return column.cast(pl.String).fill_null("") + " (changed)"
