"""What a run says of itself."""

from __future__ import annotations

import platform
from datetime import datetime
from typing import Any

import polars as pl

import workbench
from workbench.artifact import library_versions
from workbench.data.split import Split
from workbench.features.catalogue import feature_catalogue
from workbench.pipeline.plan import ENGINE, USUAL, Plan


def described(
    name: str,
    plan: Plan,
    cut: Split,
    when: datetime,
    found: Any,
) -> dict[str, Any]:
    """The manifest of a run, but for its hashes; ``found`` is what fitting and measuring gave."""
    train = cut.train
    return {
        "kind": "run",
        "run_id": name,
        "workbench": workbench.__version__,
        "created": when.isoformat(timespec="seconds"),
        "dataset": {
            "name": train.name,
            "fingerprint": train.fingerprint,
            "provenance": train.provenance,
            "relevant_from": train.relevant_from,
            "context_columns": list(train.context_columns),
            "tie_seed": train.tie_seed,
            "people": train.n_users,
            "items": train.n_items,
            "train_events": train.n_events,
            "refused": refused_rows(train.refused),
        },
        "split": {
            "method": cut.method,
            "parameters": cut.parameters,
            "as_of": cut.as_of,
            "guests": list(cut.guests),
            "fingerprint": cut.fingerprint,
            "test_events": cut.test.height,
            "asked": len(cut.people()[0]),
            "cold": cut.n_cold,
        },
        "configuration": {
            **plan.as_dict(),
            "left_out": found.left_out,
            "engine": found.engine.params(),
        },
        "seed": plan.seed,
        "engine": found.engine.params(),
        "sensitive": {
            "allowed": sorted(found.engine.allow),
            "read": found.engine.sensitive_,
        },
        "learnt_from": found.engine.learnt_from_,
        "features": feature_catalogue(found.engine).to_dicts(),
        "audited": ENGINE,
        "command": command(cut.train.name, plan),
        "versions": {"python": platform.python_version(), **library_versions()},
        "threads": threads(),
        "seconds": found.seconds,
        "metrics": found.figures.to_dicts(),
    }


def refused_rows(refused: pl.DataFrame) -> dict[str, dict[str, int]]:
    """Table → rule → number of rows; one rule may have refused rows of several tables."""
    counted: dict[str, dict[str, int]] = {}
    for table, rule, n in refused.group_by("table", "rule").len().sort("table", "rule").iter_rows():
        counted.setdefault(table, {})[rule] = n
    return counted


def command(name: str, plan: Plan) -> str:
    """What to type for the same run again."""
    from workbench.data.load import dataset_names

    data = f"--data {name}" if name in dataset_names() else "--interactions ..."
    models = [model for model in plan.models if model not in plan.own]
    usual = set(models) == set(USUAL).difference(plan.left_out)
    plugins = dict.fromkeys(plugin.given for plugin in plan.plugins.values())
    return (
        f"workbench run {data} --split {plan.method} --test-fraction {plan.test_fraction:g} "
        f"--guests {plan.guests:g} -k {plan.k} --seed {plan.seed}"
        + ("" if plan.max_people is None else f" --max-people {plan.max_people}")
        + ("" if usual else f" --models {','.join(models)}")
        + "".join(f" --plugin {given}" for given in plugins)
    )


def threads() -> dict[str, int]:
    """Threads of each pool of linear algebra in this process; a fit is bit-stable at these."""
    from threadpoolctl import threadpool_info

    return {pool["prefix"]: pool["num_threads"] for pool in threadpool_info()}
