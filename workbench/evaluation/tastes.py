"""Taste groups: people by the genre that sets what they liked apart from what everybody liked."""

from __future__ import annotations

import numpy as np
import polars as pl

from workbench.columns import GENRES, USER
from workbench.data.split import Split
from workbench.errors import CapabilityError
from workbench.features.items import genre_matrix
from workbench.models.parameters import check_whole

TASTE = "taste"
OTHER, NONE = "another", "none yet"
"""A taste that too few share; of those who liked nothing that has a genre."""


def tastes(split: Split, minimum: int = 20) -> pl.DataFrame:
    """The taste group of everybody who is asked, from what they liked before the cut.

    ``(n_g - n s_g) / sqrt(n s_g (1 - s_g))``, the standard score of the number ``n_g`` of a
    person's ``n`` liked events whose item has the genre, where ``s_g`` is the genre's share of
    the liked events of everybody asked. The genre with the highest one is the taste, so that
    "Drama", which everybody likes sometimes, is only the taste of those who like more of it than
    chance explains. Of equals the first by name.

    Parameters
    ----------
    split : Split
    minimum : int
        Tastes of fewer people are "another".

    Returns
    -------
    polars.DataFrame
        ``user_id, taste``, row-aligned with ``split.people()`` and so with ``wb.evaluate``.

    Raises
    ------
    CapabilityError
        The items have no genres.
    ArgumentError
        ``minimum`` is no whole number of at least 1.
    """
    check_whole("minimum", minimum, 1)
    if GENRES not in split.train.items.columns:
        raise CapabilityError(
            f"taste groups need genres, which the items of {split.train.name!r} do not have"
        )
    ids, people = split.people()
    names, genres = genre_matrix(split.train.items)
    told = np.flatnonzero(np.diff(genres.indptr))  # of the others nothing can be said
    liked = people.csr(people.positive(split.relevant_from), dtype=np.float64)[:, told]
    held = (liked @ genres[told]).toarray()
    n = np.asarray(liked.sum(axis=1)).reshape(-1, 1)
    usual = held.sum(axis=0) / max(float(n.sum()), 1e-300)
    spread = np.sqrt(n * usual * (1.0 - usual))
    score = np.divide(held - n * usual, spread, out=np.full(held.shape, -np.inf), where=spread > 0)
    found = [names[each.argmax()] if np.isfinite(each).any() else NONE for each in score]
    frame = pl.DataFrame(
        {USER: split.train.people.ids.gather(split.train.people.codes(ids)), TASTE: found},
        schema_overrides={TASTE: pl.String},
    )
    few = (pl.len().over(TASTE) < minimum) & (pl.col(TASTE) != NONE)
    taste = pl.when(few).then(pl.lit(OTHER)).otherwise(pl.col(TASTE)).alias(TASTE)
    return frame.with_columns(taste)
