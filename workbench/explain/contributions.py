"""Shares of an engine's features in one score: exact TreeSHAP, with what each feature says."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from workbench.columns import GROUP, SHARE, VALUE
from workbench.models.base import Recommender
from workbench.profiles import Profiles
from workbench.vocabulary import Id


def feature_shares(
    model: Recommender, person: Profiles, code: int
) -> tuple[pl.DataFrame, float | None]:
    """Contributions of an engine's features, and their base; empty and None for other models."""
    schema: dict[str, Any] = {
        "name": pl.String,
        GROUP: pl.String,
        "meaning": pl.String,
        "unit": pl.String,
        VALUE: pl.Float64,
        SHARE: pl.Float64,
    }
    if not hasattr(model, "contributions"):
        return pl.DataFrame(schema=schema), None
    names, matrix = model.pair_features(person, np.array([code]))  # type: ignore[attr-defined]
    parts = model.contributions(matrix)[0].astype(np.float64)
    known = {f.name: f for f in model.features_}  # type: ignore[attr-defined]
    frame = pl.DataFrame(
        {
            "name": names,
            GROUP: [known[name].group for name in names],
            "meaning": [known[name].meaning for name in names],
            "unit": [known[name].unit for name in names],
            VALUE: pl.Series(matrix[0].astype(np.float64)).fill_nan(None),
            SHARE: parts[:-1],
        },
        schema=schema,
    )
    order = pl.col(SHARE).abs()
    return frame.sort(order, descending=True, maintain_order=True), float(parts[-1])


def liked_items(model: Recommender, person: Profiles) -> set[Id]:
    """Items of the history that the model's own log calls relevant; none where it has no word."""
    if not hasattr(model, "relevant_from_"):
        return set()
    return set(model.catalogue.take(person.item[person.positive(model.relevant_from_)]))
