"""Explanations in the form of the library ``shap``, for its plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from workbench.columns import ITEM, SHARE, VALUE
from workbench.errors import ArgumentError

if TYPE_CHECKING:
    from workbench.explain.explain import Explanation


def shap_form(found: Sequence[Explanation], one: bool) -> Any:
    """Shares of features (of events, where a model has no features) as a ``shap.Explanation``.

    Parameters
    ----------
    found : sequence of Explanation
        At least one; all by features, or all by events.
    one : bool
        One row without a dimension for rows, as ``shap.plots.waterfall`` wants it.

    Returns
    -------
    shap.Explanation
        ``values`` (n_explanations, n_names), or (n_names,) with ``one``; names in alphabetical
        order. An event that a person does not have has share 0 and no value.

    Raises
    ------
    ArgumentError
        Some are by features and some by events; or the shares are not drawn yet, or not known,
        since the model cannot score the person without history.
    """
    import shap

    by_features = {why.features.height > 0 for why in found}
    if len(by_features) > 1:
        raise ArgumentError(
            "others must be explained by the same: some are by features and some by events; "
            "take explanations of one model"
        )
    key = "name" if by_features.pop() else ITEM
    tables = [_table(why, key) for why in found]
    names = sorted({name for table in tables for name in table})
    values = np.array([[table.get(name, (0.0, None))[0] for name in names] for table in tables])
    data = np.array(
        [[table.get(name, (0.0, None))[1] for name in names] for table in tables], dtype=float
    )
    bases = np.array([why.base if key == "name" else why.event_base for why in found])
    return shap.Explanation(
        values=values[0] if one else values,
        base_values=bases[0] if one else bases,
        data=data[0] if one else data,
        feature_names=names,
    )


def _table(why: Explanation, key: str) -> dict[str, tuple[float, float | None]]:
    frame = why.features if key == "name" else why.events
    if why.pending and key == ITEM:
        raise ArgumentError(
            f"the shares of item {why.item_id!r} are not drawn yet; take .refined() of it first"
        )
    if frame[SHARE].null_count():
        raise ArgumentError(
            f"item {why.item_id!r} has no shares: the model cannot score this person without "
            "history; read .events['removal'] instead"
        )
    rows = frame.select(pl.col(key).cast(pl.String), SHARE, VALUE).rows()
    return {name: (share, value) for name, share, value in rows}
