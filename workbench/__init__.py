"""A workbench for looking inside a personalization engine before it meets users."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

# Idle OpenMP threads (XGBoost's, implicit's) otherwise spin, which on a busy machine makes a fit
# take many times as long. Read when those libraries are loaded, so it is said here, first.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Public name → the module that has it; imported only when asked for, so that
# `import workbench` stays fast.
_WHERE = {
    "ArgumentError": "errors",
    "CapabilityError": "errors",
    "Change": "explain.changes",
    "ContractError": "errors",
    "DataError": "errors",
    "Dataset": "data.dataset",
    "Engine": "ranking.engine",
    "Event": "profile",
    "FromEstimator": "models.estimator",
    "FromFunction": "models.function",
    "Policy": "ranking.policy",
    "Profile": "profile",
    "Profiles": "profiles",
    "Recommender": "models.base",
    "Slate": "slate",
    "Slates": "slate",
    "Split": "data.split",
    "WorkbenchError": "errors",
    "as_recommender": "models.estimator",
    "audit": "audit.audit",
    "background": "explain.background",
    "check_model": "checks.model",
    "compare": "evaluation.uncertainty",
    "compare_runs": "pipeline.release",
    "counterfactual": "explain.counterfactual",
    "create": "ranking.registry",
    "decision_audit": "audit.decision",
    "definitions": "evaluation.definitions",
    "evaluate": "evaluation.evaluate",
    "explain": "explain.explain",
    "feature": "features.catalogue",
    "feature_catalogue": "features.catalogue",
    "features": "features.catalogue",
    "fidelity": "explain.fidelity",
    "find_slices": "audit.slice_finder",
    "funnel": "ranking.funnel",
    "global_shares": "explain.global_",
    "importance": "explain.global_",
    "load": "data.load",
    "mitigate": "audit.mitigation",
    "model_names": "ranking.registry",
    "recommend": "ranking.recommend",
    "retrievers_contribution": "explain.retrieval",
    "rows_from": "evaluation.elsewhere",
    "rows_to_pandas": "evaluation.elsewhere",
    "run": "pipeline",
    "show": "display",
    "simulate": "audit.feedback",
    "slate": "ranking.recommend",
    "split": "data.split",
    "summarise": "evaluation.uncertainty",
    "tune": "pipeline.tune",
    "what_if_many": "explain.whatif",
    "whatif": "explain.panel",
    "why_above": "explain.pairwise",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'workbench' has no attribute {name!r}")
    value = getattr(import_module(f"workbench.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_WHERE]


class _Workbench(ModuleType):
    """Keeps `wb.audit`, `wb.explain`, `wb.features` and `wb.slate` the public functions.

    Importing a submodule binds it on its parent; where a public function has that name, the
    function stays (the submodule is still reached by `from workbench.audit import ...`).
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _WHERE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Workbench
