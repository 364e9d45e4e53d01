"""What a report says, as one plain dictionary: the JSON, and all that the HTML is made from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

import workbench
from workbench.columns import DEFINITION, METRIC, TIME, USER, N
from workbench.report.card import few, hidden, missing, model_card
from workbench.report.checklist import checklist
from workbench.report.seals import fingerprints, hashes

FORMAT = 2
"""2: model card, decisions, slices, feedback, three examples, changes, fingerprints, checklist."""
MINIMUM = 20
"""People behind a figure, where no audit says how many there must be."""
TRIED = 5
"""People on whom explanations must have been tried."""
INSIDE = ("importance", "fidelity", "frontier", "retrievers")
"""Tables of a run on the engine as a whole; a run may have none of them."""
MEASURED = ("slices", "feedback", "mitigation")
"""Further tables that a run may have: slices that nobody named, the simulation, the mending."""
CONSTANT = (DEFINITION, "policy", "choice")
"""Columns of a simulation that are the same in many rows, and told once."""
AUDIT = (
    "people", "items", "leakage", "verdicts", "groups", "skipped", "flip", "proxies", "controlled",
)  # fmt: skip
"""Frames of an audit; of older ones some are missing."""

LIMITS = (
    "Everything is measured on past behaviour. What people would have done with other lists is "
    "not in a log: an item that was never shown could not be liked.",
    "Relevant means what this data set calls relevant. A person who does not rate is not seen.",
    "Groups are as the data names them. A difference between groups says that it is there, not "
    "why; a test that finds none has not shown that there is none: read the interval.",
    "Groups with fewer people than stated are not shown, nor is a group from whose figure such a "
    "small one could be computed, so the worst served may be among those "
    "about whom nothing can be said.",
    "Leakage is what one simple guesser finds. A better guesser may find more.",
    "What an engine looks at is not why people like things: a feature with a large share may stand "
    "for another that goes with it.",
    "The explained examples are invented people. They show how the engine reasons, not how often.",
    "A simulation says what would follow if people chose as its model of choice says; nobody did.",
    "This report informs an assessment. It does not certify that any law is complied with.",
)


def assemble(run: Any) -> dict[str, Any]:
    """Everything that a report says of a run.

    Parameters
    ----------
    run : object
        Read by name, what is missing is left out: ``manifest`` (mapping; of it ``run_id``,
        ``created``, ``seed``, ``command``, ``stages``, ``versions``, ``engine``, ``audited``,
        ``sensitive`` (attributes that the ranker was allowed to read, and those it reads),
        ``configuration``, ``learnt_from``),
        ``split`` (Split), ``leaderboard`` (``model, metric, mean, low, high, n, definition``),
        ``comparisons`` (what ``wb.compare`` returns), ``tie_orders`` (``model, tie_seed, metric,
        mean, n``: one model under several orders of the ties in time), ``cold_start`` (``model,
        history, metric, mean, low, high, n, definition``: see ``evaluation.cold_start``; a
        ``history`` of null is all of it), ``importance`` (of ``wb.importance``), ``fidelity`` (of
        ``explain.fidelity``), ``frontier`` (of ``evaluation.frontier``, one or several dials),
        ``retrievers`` (of ``wb.retrievers_contribution``), ``audit`` (Audit), ``decisions``
        (DecisionAudit, of which single pairs are left out), ``slices`` (of
        ``audit.slice_finder``), ``feedback`` (of ``wb.simulate``), ``mitigation`` (of
        ``wb.mitigate``), ``examples`` (list of mappings, see below), ``changes`` (of
        ``pipeline.changes``) and ``path`` (the run folder, whose files are hashed).

    Returns
    -------
    dict
        JSON as it stands: no NaN, no frame, no row of a person.

    Notes
    -----
    Each of ``examples`` describes an invented person: ``persona`` (text), ``history`` (``title,
    value``), ``slate`` (``rank, title, score, source``), ``item`` (title of the explained item),
    ``sentence``, ``score``, ``base``, ``residual``, ``features`` (``name, meaning, value,
    share``), ``rest`` (the shares that are not listed) and ``events`` (``title``, ``removal``: how
    much the score falls without it, and, where there is one, ``share``).
    """
    manifest = dict(getattr(run, "manifest", None) or {})
    audit = getattr(run, "audit", None)
    leaderboard = getattr(run, "leaderboard", None)
    inside = {name: getattr(run, name, None) for name in INSIDE}
    least = minimum(None if audit is None else {"settings": audit.settings})
    told = {name: enough(name, frame, least) for name, frame in inside.items()}
    data = _data(getattr(run, "split", None))
    path = getattr(run, "path", None)
    content = plain(
        {
            "format": FORMAT,
            "workbench": workbench.__version__,
            "run": {
                name: manifest.get(name)
                for name in ("run_id", "created", "seed", "command", "engine", "versions")
            },
            "audited": manifest.get("audited", "engine"),
            "sensitive": manifest.get("sensitive"),
            "data": data,
            "card": model_card(manifest, data, audit),
            "leaderboard": _rows(leaderboard, drop=[DEFINITION]),
            "definitions": _definitions(leaderboard),
            "tie_orders": _rows(getattr(run, "tie_orders", None), drop=[]),
            "cold_start": _rows(getattr(run, "cold_start", None), drop=[]),
            "left_out": left_out(manifest),
            "comparisons": _rows(getattr(run, "comparisons", None), drop=[DEFINITION]),
            **{name: _rows(frame, drop=[]) for name, frame in told.items()},
            "few": [name for name in INSIDE if _height(inside[name]) > _height(told[name]) == 0],
            "audit": None if audit is None else _audit(audit),
            "decisions": _decisions(getattr(run, "decisions", None)),
            **{
                name: _rows(
                    enough(name, getattr(run, name, None), least),
                    drop=[*CONSTANT] if name == "feedback" else [],
                )
                for name in MEASURED
            },
            "simulation": simulation(getattr(run, "feedback", None)),
            "examples": getattr(run, "examples", None) or manifest.get("examples") or [],
            "changes": getattr(run, "changes", None) or manifest.get("changes"),
            "limits": list(LIMITS),
            "fingerprints": fingerprints(manifest, data, path),
            "files": hashes(path),
            "stages": _stages(manifest.get("stages")),
        }
    )
    return {**content, "checklist": checklist(sections(content))}


def sections(content: Mapping[str, Any]) -> list[str]:
    """The sections that a report has, in its order; the names are those of the page's anchors."""
    audit = content.get("audit") or {}
    there = {
        "card": content.get("card"),
        "people": audit,
        "decisions": content.get("decisions"),
        "items": audit,
        "leakage": audit,
        "slices": content.get("slices"),
        "feedback": content.get("feedback"),
        "mitigation": content.get("mitigation"),
        "inside": any(content.get(name) for name in (*INSIDE, "few")),
        "examples": content.get("examples"),
        "changes": content.get("changes"),
    }
    order = (
        "summary", "data", "card", "models", "people", "decisions", "items", "leakage", "slices",
        "feedback", "mitigation", "inside", "examples", "limits", "changes", "check", "checklist",
    )  # fmt: skip
    return [name for name in order if there.get(name, True)]


def simulation(frame: pl.DataFrame | None) -> dict[str, Any] | None:
    """How people choose in a simulation, what its measures are, and what its settings."""
    if frame is None or frame.height == 0 or not set(CONSTANT) <= set(frame.columns):
        return None
    definition, policy, choice = CONSTANT
    return {
        "choice": frame[choice][0],
        "definitions": dict(
            frame.unique("measure", maintain_order=True)["measure", definition].rows()
        ),
        "settings": dict(frame.unique("setting", maintain_order=True)["setting", policy].rows()),
    }


def left_out(manifest: Mapping[str, Any]) -> dict[str, str]:
    """What a run did not fit → why: its models, and the retrievers of its engine."""
    models = (manifest.get("configuration") or {}).get("left_out") or {}
    retrievers = (manifest.get("learnt_from") or {}).get("left_out") or {}
    return {
        **models,
        **{f"{name} as a retriever of the engine": why for name, why in retrievers.items()},
    }


def minimum(audit: Mapping[str, Any] | None) -> int:
    """How many people must be behind a figure."""
    return int(((audit or {}).get("settings") or {}).get("minimum", MINIMUM))


def enough(name: str, frame: pl.DataFrame | None, least: int) -> pl.DataFrame | None:
    """The rows of a table of ``INSIDE`` that describe enough people; the others are not told.

    Fidelity describes explanations, which take long to try: fewer people are enough.
    """
    least = min(least, TRIED) if name == "fidelity" else least
    return frame if frame is None or N not in frame.columns else frame.filter(pl.col(N) >= least)


def plain(value: Any) -> Any:
    """As JSON has it: NaN and infinities are null, dates are text, arrays are lists."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, pl.DataFrame):
        return [plain(row) for row in value.iter_rows(named=True)]
    if isinstance(value, list | tuple | pl.Series | set | frozenset):
        return [plain(v) for v in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if hasattr(value, "item") and callable(value.item) and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    return str(value)


def _rows(frame: pl.DataFrame | None, drop: list[str]) -> list[dict[str, Any]]:
    return [] if frame is None else plain(frame.drop(drop, strict=False))


def _height(frame: pl.DataFrame | None) -> int:
    return 0 if frame is None else frame.height


def _definitions(leaderboard: pl.DataFrame | None) -> list[dict[str, str]]:
    if leaderboard is None or DEFINITION not in leaderboard.columns:
        return []
    return leaderboard.unique(METRIC, maintain_order=True).select(METRIC, DEFINITION).to_dicts()


def _audit(audit: Any) -> dict[str, Any]:
    frames = {name: getattr(audit, name, None) for name in AUDIT}
    content = {name: [] if f is None else plain(hidden(f)) for name, f in frames.items()}
    # A verdict that could not be asked of a small group must not tell how small it is.
    content["verdicts"] = [
        {**row, N: None} if row["value"] is None else row for row in content["verdicts"]
    ]
    return {**content, "policy": audit.policy, "settings": audit.settings}


def _decisions(found: Any) -> dict[str, Any] | None:
    """Of an audit of decisions all but the single pairs."""
    if found is None:
        return None
    return {
        "groups": hidden(found.groups),
        "parities": found.parities,
        "skipped": found.skipped,
        "counts": found.counts,
        "thresholds": found.thresholds,
        "settings": found.settings,
        "definition": found.definition,
    }


def _data(split: Any) -> dict[str, Any]:
    if split is None:
        return {}
    train = split.train
    refused = train.refused
    counts = {
        "people": train.n_users,
        "people held out of every fit (guests)": len(split.guests),
        "items": train.n_items,
        "events to learn from": train.n_events,
        "events of guests before the cut": train.guest_interactions.height,
        "events asked about": split.test.height,
        "people with a relevant event to find": len(split.people()[0]),
        "of these without any history": few(split.n_cold),
    }
    return {
        "name": train.name,
        "provenance": train.provenance,
        "counts": counts,
        "relevant_from": train.relevant_from,
        "fingerprint": {"training data": train.fingerprint, "split": split.fingerprint},
        "split": {"method": split.method, **split.parameters},
        "attributes": _known(train.users),
        "missing": missing(split),
        "period": _period(train),
        "refused": []
        if refused is None or refused.height == 0
        else refused.group_by("table", "rule").len("rows").sort("table", "rule").to_dicts(),
    }


def _known(users: pl.DataFrame) -> list[dict[str, Any]]:
    """Share of people of whom an attribute is known."""
    return [
        {"attribute": name, "known": 1 - users[name].null_count() / max(users.height, 1)}
        for name in users.columns
        if name != USER
    ]


def _period(train: Any) -> list[str] | None:
    from datetime import UTC, datetime

    if "timestamps" not in train.has or train.n_events == 0:
        return None
    ends = train.interactions[TIME].min(), train.interactions[TIME].max()
    try:
        return [datetime.fromtimestamp(end, UTC).strftime("%d %B %Y") for end in ends]
    except (OverflowError, OSError, ValueError, TypeError):
        return None


def _stages(stages: Any) -> list[dict[str, Any]]:
    if isinstance(stages, Mapping):
        return [{"stage": name, "seconds": seconds} for name, seconds in stages.items()]
    return list(stages or [])
