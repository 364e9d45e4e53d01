"""Exchange: a log in the forms that other libraries take, by their own conventions.

None of these libraries is needed to import this, and only Surprise is to call what is named after
it. The way back is ``Dataset.from_frames(frame, columns=...)`` with the names of ``NAMES``.

Sources: LensKit 2025, ``lenskit.data.from_interactions_df``; RecTools, ``rectools.Columns``;
Surprise, ``Dataset.load_from_df``; implicit, ``AlternatingLeastSquares.fit``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

from workbench.columns import ITEM, TIME, USER, VALUE
from workbench.errors import ArgumentError, CapabilityError
from workbench.profiles import Profiles
from workbench.vocabulary import Id

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset

NAMES: dict[str, dict[str, str]] = {
    "pandas": {},
    "lenskit": {VALUE: "rating"},
    "rectools": {VALUE: "weight", TIME: "datetime"},
}
"""Library → our column name → theirs, where they differ: ``columns`` of ``from_frames``."""

RELEVANT, MET = "relevant", "met"
CELLS = (RELEVANT, MET, VALUE)
"""What a cell of the people × items matrix may hold; see ``people_matrix``."""


class Matrix(NamedTuple):
    """A log as a matrix, with what its rows and columns are.

    Attributes
    ----------
    matrix : (n_people, n_items) scipy.sparse.csr_matrix, float32
    users : list of ids
        Row ``i`` is the i-th of them.
    items : list of ids
        Column ``j`` is the j-th of them.
    """

    matrix: sparse.csr_matrix
    users: list[Id]
    items: list[Id]


def to_pandas(dataset: Dataset, library: str = "pandas") -> Any:
    """See ``Dataset.to_pandas``."""
    if library not in NAMES:
        raise ArgumentError(f"library must be one of {', '.join(NAMES)}, not {library!r}")
    frame = dataset.interactions
    if library == "rectools":  # refuses a table without all four
        if VALUE not in frame.columns:
            frame = frame.with_columns(pl.lit(1.0).alias(VALUE))
        if TIME not in frame.columns:
            frame = frame.with_columns(pl.int_range(pl.len()).cast(pl.Float64).alias(TIME))
        whole = pl.from_epoch((pl.col(TIME) * 1e6).round().cast(pl.Int64), time_unit="us")
        frame = frame.with_columns(whole.alias(TIME))
    return frame.rename(NAMES[library], strict=False).to_pandas()


def to_surprise(dataset: Dataset) -> Any:
    """See ``Dataset.to_surprise``."""
    if VALUE not in dataset.interactions.columns:
        raise CapabilityError(
            f"Surprise predicts ratings and {dataset.name!r} has no values; use to_implicit()"
        )
    from surprise import Dataset as Ratings
    from surprise import Reader

    people = dataset.profiles()
    last = people.latest & ~np.isnan(people.value)
    if not last.any():
        raise CapabilityError(
            f"Surprise predicts ratings and all values of {dataset.name!r} are null"
        )
    table = pl.DataFrame(
        {
            USER: dataset.people.ids.gather(dataset.fit_rows[people.row[last]]),
            ITEM: dataset.catalogue.ids.gather(people.item[last]),
            VALUE: people.value[last],
        }
    )
    scale = float(people.value[last].min()), float(people.value[last].max())
    return Ratings.load_from_df(table.to_pandas(), Reader(rating_scale=scale))


def to_implicit(dataset: Dataset, cells: str = RELEVANT) -> Matrix:
    """See ``Dataset.to_implicit``."""
    matrix = people_matrix(dataset.profiles(), cells, dataset.relevant_from)
    return Matrix(
        sparse.csr_matrix(matrix),
        dataset.people.take(dataset.fit_rows),
        dataset.catalogue.ids.to_list(),
    )


def people_matrix(
    profiles: Profiles, cells: str = RELEVANT, relevant_from: float | None = None
) -> sparse.csr_array:
    """People as rows over the catalogue, ``(n_profiles, n_items)`` float32.

    Parameters
    ----------
    profiles : Profiles
    cells : str
        "relevant": the weight of an event that is relevant; "met": that of any event; "value":
        the value of the latest event, those without one left out. What has weight 0 is left out.
    relevant_from : float, optional
        Events of at least this value are relevant; without it every event is.

    Raises
    ------
    ArgumentError
        There is no such kind of cell.
    """
    if cells not in CELLS:
        raise ArgumentError(f"cells must be one of {', '.join(CELLS)}, not {cells!r}")
    if cells == VALUE:
        return profiles.csr(profiles.counts & ~np.isnan(profiles.value), profiles.value)
    return profiles.csr(profiles.counts if cells == MET else profiles.positive(relevant_from))
