"""Elsewhere: tables per person to and from other libraries, so that they can be set side by side.

Sources: LensKit 2025, ``RunAnalysisResult.list_metrics``; RecTools, ``Metric.calc_per_user``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from workbench.columns import USER
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.definitions import METRICS, PROTOCOL, K
from workbench.evaluation.rows import metrics_of
from workbench.ranking.recommend import check_k

LENSKIT = {
    "ndcg": "NDCG",
    "recall": "Recall",
    "precision": "Precision",
    "mrr": "RecipRank",
    "map": "AveragePrecision",
    "hit_rate": "Hit",
}
"""Our metric → the name of LensKit's, which need not mean the same."""


def rows_from(
    table: Any, source: str, k: int | None = None, *, names: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """Figures per person that another library measured, as rows of ``wb.evaluate``.

    They go into ``wb.summarise``, ``wb.compare`` and the group figures as ours do. The same name
    means different things in different libraries, so every number says where it is from.

    Parameters
    ----------
    table : pandas or polars frame, pandas Series, or mapping of metric to Series
        A row per person, ``user_id`` a column or the index: LensKit's ``list_metrics()``,
        RecTools' ``calc_per_user``. A further level of the index (LensKit's ``model``) becomes a
        column, to group by.
    source : str
        Who measured, with the version; it stands in each definition.
    k : int, optional
        Places that were measured.
    names : mapping, optional
        Our metric → the column. By default those named as ours are, in small or large letters,
        and LensKit's.

    Returns
    -------
    polars.DataFrame
        ``user_id``, further columns, the metrics (NaN is null), ``k`` where given, ``protocol``.

    Raises
    ------
    ArgumentError
        ``names`` are no metrics of ours, or not in the table.
    DataError
        There is no ``user_id``, no metric, or a metric is no number.
    """
    if k is not None:
        check_k(k)
    frame = _frame(table)
    if USER not in frame.columns:
        raise DataError(f"table has no {USER}, as a column or its index; it has {frame.columns}")
    if names is None:
        lower = {column.lower().split("@")[0]: column for column in reversed(frame.columns)}
        theirs = {ours: name.lower() for ours, name in LENSKIT.items()}
        names = {
            metric: lower.get(metric) or lower[theirs[metric]]
            for metric in METRICS
            if metric in lower or theirs.get(metric) in lower
        }
    for metric, column in names.items():
        if metric not in METRICS or METRICS[metric].total is not None:
            known = ", ".join(name for name, how in METRICS.items() if how.total is None)
            raise ArgumentError(f"names holds {metric!r}, which is no metric per person: {known}")
        if column not in frame.columns:
            raise ArgumentError(f"names: the table has no {column!r}; it has {frame.columns}")
        if not (frame[column].dtype.is_numeric() or frame[column].dtype == pl.Boolean):
            raise DataError(
                f"column {column!r} holds {frame[column].dtype}, and a metric is a number"
            )
    if not names:
        raise DataError(f"table has no metric of ours; say which with names=: {frame.columns}")
    used = set(names.values())
    said = f"measured by {source}, whose definition may differ from these words"
    return frame.select(
        USER,
        *[name for name in frame.columns if name not in used | {USER, K, PROTOCOL, *names}],
        *[pl.col(col).cast(pl.Float64).fill_nan(None).alias(m) for m, col in names.items()],
        *([] if k is None else [pl.lit(k, dtype=pl.Int64).alias(K)]),
        pl.lit(said).alias(PROTOCOL),
    )


def rows_to_pandas(rows: pl.DataFrame, library: str = "pandas") -> Any:
    """Rows of ``wb.evaluate`` as a pandas frame indexed by ``user_id``, the metrics only.

    Parameters
    ----------
    rows : polars.DataFrame
    library : str
        Whose names: "pandas" (ours; RecTools leaves names to you) or "lenskit".

    Raises
    ------
    ArgumentError
        There is no such library, or ``rows`` are no such rows.
    """
    if library not in ("pandas", "lenskit", "rectools"):
        raise ArgumentError(f"library must be pandas, lenskit or rectools, not {library!r}")
    metrics = metrics_of(rows)
    renamed = {m: LENSKIT[m] for m in metrics if m in LENSKIT} if library == "lenskit" else {}
    return rows.select(USER, *metrics).rename(renamed).to_pandas().set_index(USER)


def _frame(table: Any) -> pl.DataFrame:
    if isinstance(table, pl.DataFrame):
        return table
    import pandas as pd

    if isinstance(table, Mapping):
        table = pd.DataFrame(dict(table))
    if isinstance(table, pd.Series):
        table = table.to_frame(table.name if table.name is not None else "value")
    if not isinstance(table, pd.DataFrame):
        raise ArgumentError(
            f"table must be a frame, a Series or a mapping of Series, not {type(table).__name__}"
        )
    if any(name is not None for name in table.index.names):
        table = table.reset_index()
    return pl.from_pandas(table)
