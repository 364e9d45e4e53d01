"""From user ids to Profiles: the only place where an id becomes what a model may know."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from workbench.columns import AS_OF
from workbench.errors import DataError
from workbench.profiles import Profiles
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset


def lookup(dataset: Dataset, user_ids: Iterable[Id] | None, as_of: float | None) -> Profiles:
    """See ``Dataset.profiles``."""
    everybody, context = dataset._log
    rows = dataset.fit_rows
    if user_ids is not None:
        if isinstance(user_ids, str):
            raise DataError(f"user_ids must be a list of ids, not the string {user_ids!r}")
        ids = list(user_ids)
        rows = dataset.people.codes(ids)
        if (rows < 0).any():
            missing = ids[int(np.flatnonzero(rows < 0)[0])]
            kind = "integers" if dataset.people.is_integer else "strings"
            example = dataset.people.id(0) if len(dataset.people) else None
            raise DataError(
                f"user_ids: {missing!r} is not in {dataset.name!r}; its ids are {kind} such as "
                f"{example!r}. A person from scratch is wb.Profile.of(...)"
            )
    if as_of is not None and "timestamps" in dataset.has:
        keep = ~(everybody.timestamp > as_of)
        everybody = everybody.only(keep)
        context = context.filter(keep) if context.width else context
    people = everybody[rows]
    last = everybody.indptr[1:][rows] - 1
    empty = people.lengths == 0
    moment = np.where(empty, np.nan, everybody.timestamp[last] if len(everybody.item) else np.nan)
    if dataset.end is not None:
        moment[empty] = dataset.end
    if as_of is not None:
        moment[:] = as_of
    columns = {AS_OF: pl.Series(AS_OF, moment).fill_nan(None)}
    for name in context.columns:
        columns[name] = (
            context[name].gather(np.where(empty, 0, last))
            if context.height
            else pl.Series(name, [None] * len(people), dtype=context[name].dtype)
        )
    frame = pl.DataFrame(columns).with_columns(
        pl.when(pl.Series(empty)).then(None).otherwise(pl.col(name)).alias(name)
        for name in context.columns
    )
    return people._but(context=frame)
