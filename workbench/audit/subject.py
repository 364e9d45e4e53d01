"""Everything that a run holds on one person, and what its engine makes of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from workbench.audit.slices import slices
from workbench.columns import AS_OF, ITEM, TIME, TITLE, USER
from workbench.data.person import refused_rows_of, user_columns
from workbench.data.split import Split
from workbench.errors import DataError
from workbench.evaluation.rows import metrics_of
from workbench.explain.explain import explain
from workbench.profile import Profile
from workbench.ranking.engine import Engine
from workbench.ranking.recommend import slate
from workbench.vocabulary import Id

BUDGET = 256
"""Profiles that are scored for the shares of events, for each place of the slate."""
LEARNT, ASKED = "known to the engine", "kept back to test it"
WORDS = (
    "The engine has no place for a person: it reads the history and the attributes named here as "
    "they are given, and keeps no vector or profile of its own.",
    "A score is the engine's log-odds that an item would be relevant if it were shown. It orders "
    "a list; it is no judgement of a person.",
    "The share of an event is what it adds to the score; its removal is how far the score falls "
    "without it.",
)


def subject(run: Any, user_id: Id, *, budget: int = BUDGET) -> dict[str, Any]:
    """What is held on a person, and what is inferred.

    Parameters
    ----------
    run : object
        Read by name: ``split`` (Split), ``engine`` (Engine), ``rows`` (one per model and person,
        of ``wb.evaluate``), ``manifest`` (of it ``configuration``) and ``name``.
    user_id : str or int
        Of the run.
    budget : int
        See ``wb.explain``.

    Returns
    -------
    dict
        ``run``, ``dataset``; ``person`` (``user_id``, ``guest``, ``attributes`` with whether the
        engine reads them); ``events`` (each with its ``part``); ``refused`` (rows of theirs that
        broke a rule); ``groups`` they are counted in; ``figures`` (how well each model did for
        them); ``slate`` and ``explanations`` of each of its places; ``words``.

    Raises
    ------
    DataError
        Nobody of the run has this id.
    """
    cut: Split = run.split
    train, engine = cut.train, run.engine
    if train.people.code(user_id) < 0:
        raise DataError(f"user_id={user_id!r} is nobody of {train.name!r} in the run {run.name}")
    profile = train.profiles([user_id], cut.as_of)[0]
    titles = _titles(train.items)
    shown = slate(engine, profile, run.manifest["configuration"]["k"])
    refused = train.refused.filter(
        refused_rows_of(train.refused, user_id, user_columns(train.provenance))
    )
    return {
        "run": run.name,
        "dataset": train.name,
        "person": {
            USER: user_id,
            "guest": user_id in cut.guests,
            "attributes": [
                {"name": name, "value": value, "read_by_the_engine": name in engine.uses}
                for name, value in profile.attributes.items()
            ],
        },
        "events": _events(cut, user_id, titles),
        "refused": refused.to_dicts(),
        "groups": _groups(cut, user_id),
        "figures": _figures(run.rows, user_id),
        "moment": _moment(profile.context.get(AS_OF)),
        "slate": [{**row, TITLE: titles.get(row[ITEM])} for row in shown.frame.to_dicts()],
        "explanations": [_explained(engine, profile, item, titles, budget) for item in shown.items],
        "words": [_role(user_id in cut.guests), *WORDS],
    }


def _role(guest: bool) -> str:
    if guest:
        return (
            "This person is a guest: they were in no fit. Nothing that the engine learnt comes "
            "from them; their history is read only to ask what they would be shown."
        )
    return (
        "This person is one of those that models and engine were fitted on: sums over everybody "
        "(which items go together, what is popular, the trees) contain what they did. Erasing "
        "them fits all of these again."
    )


def _events(cut: Split, user_id: Id, titles: dict[Id, str]) -> list[dict[str, Any]]:
    """What they did, in the order of time within each part."""
    found = []
    for frame, part in (
        (cut.train.interactions, LEARNT),
        (cut.train.guest_interactions, LEARNT),
        (cut.test, ASKED),
    ):
        for row in frame.filter(pl.col(USER) == user_id).iter_rows(named=True):
            known = {name: cell for name, cell in row.items() if name not in (USER, TIME)}
            known[TITLE] = titles.get(row[ITEM])
            found.append({**known, "moment": _moment(row.get(TIME)), "part": part})
    return found


def _groups(cut: Split, user_id: Id) -> list[dict[str, str]]:
    """Groups of the audit that they are counted in; none where nothing relevant is asked."""
    ids, _ = cut.people()
    if user_id not in ids:
        return []
    row = ids.index(user_id)
    return [{"attribute": way.attribute, "group": way.names[row]} for way in slices(cut)]


def _figures(rows: pl.DataFrame, user_id: Id) -> list[dict[str, Any]]:
    own = rows.filter(pl.col(USER) == user_id)
    if own.height == 0:
        return []
    return own.select("model", *metrics_of(own)).to_dicts()


def _explained(
    engine: Engine, profile: Profile, item: Id, titles: dict[Id, str], budget: int
) -> dict[str, Any]:
    why = explain(engine, profile, item, budget=budget, titles=titles or None)
    events = [{**row, TITLE: titles.get(row[ITEM])} for row in why.events.to_dicts()]
    return {
        ITEM: item,
        TITLE: titles.get(item),
        "score": why.score,
        "base": why.base,
        "residual": why.residual,
        "sentence": why.sentence,
        "words": list(why.words),
        "features": why.features.to_dicts(),
        "events": events,
    }


def _titles(items: pl.DataFrame) -> dict[Id, str]:
    if TITLE not in items.columns:
        return {}
    return {id_: title for id_, title in items.select(ITEM, TITLE).iter_rows() if title}


def _moment(seconds: Any) -> str | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return f"{seconds} seconds after 1970"
