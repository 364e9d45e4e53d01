"""What a run keeps beside its audit: decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl

from workbench.audit.decision import DecisionAudit, decision_audit
from workbench.data.split import Split
from workbench.errors import WorkbenchError
from workbench.pipeline.plan import Plan
from workbench.ranking.engine import Engine

FRAMES = {"groups": "decisions", "parities": "parities", "skipped": "decisions_skipped"}
"""Frame of a DecisionAudit → file of it."""
FACTS = ("counts", "thresholds", "settings", "definition")


def decisions_of(engine: Engine, cut: Split, plan: Plan) -> DecisionAudit | str:
    """Relevance as a decision; or, in words, why it cannot be judged on this log."""
    try:
        return decision_audit(engine, cut, seed=plan.seed)
    except WorkbenchError as error:
        return str(error)


def keep_decisions(folder: Path, found: DecisionAudit | str) -> dict[str, Any]:
    """Write what is no single person's into the audit's folder; what the manifest says of it."""
    if isinstance(found, str):
        return {"reason": found}
    for name, file in FRAMES.items():
        getattr(found, name).write_parquet(folder / f"{file}.parquet")
    return dict(json.loads(json.dumps({name: getattr(found, name) for name in FACTS})))


def kept_decisions(folder: Path, told: Mapping[str, Any] | None) -> DecisionAudit | None:
    """As it was kept, without the single pairs; None where a run did not judge any."""
    if not told or "reason" in told:
        return None
    frames = {
        name: pl.read_parquet(folder / "audit" / f"{file}.parquet") for name, file in FRAMES.items()
    }
    facts = {**told, "thresholds": tuple(told["thresholds"]), "pairs": pl.DataFrame()}
    known = {field.name for field in fields(DecisionAudit)}
    return DecisionAudit(**frames, **{k: v for k, v in facts.items() if k in known})
