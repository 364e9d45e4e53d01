"""Names of models: the one place that knows which there are. Imported only when asked for."""

from __future__ import annotations

import difflib
import inspect
from typing import Any

from workbench.errors import ArgumentError
from workbench.models.base import Recommender
from workbench.models.names import SINGLE, imported

MODELS: dict[str, str] = {
    **SINGLE,
    "blend": "workbench.models.hybrid:Blend",
    "switch": "workbench.models.switch:Switch",
    "cascade": "workbench.models.switch:Cascade",
    "stack": "workbench.models.stack:Stack",
    "engine": "workbench.ranking.engine:Engine",
}
"""Name → where its class is: single models, models made of them, the engine."""


def model_names() -> list[str]:
    """Names that ``create`` takes."""
    return list(MODELS)


def model_class(name: str) -> type[Recommender]:
    """The class behind a name."""
    if not isinstance(name, str) or name not in MODELS:
        close = difflib.get_close_matches(str(name), MODELS, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ArgumentError(f"name={name!r} is no model; {hint}there are {', '.join(MODELS)}")
    return imported(MODELS[name])


def create(name: str, **params: Any) -> Recommender:
    """A model by name, with its defaults or with other parameters.

    Raises
    ------
    ArgumentError
        No such model, no such parameter, or a value that cannot work.
    """
    cls = model_class(name)
    known = list(inspect.signature(cls).parameters)
    for param in params:
        if param not in known:
            raise ArgumentError(
                f"{name!r} takes no {param!r}; it takes {', '.join(known) or 'nothing'}"
            )
    return cls(**params)
