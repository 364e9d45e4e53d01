"""Reading the rows that evaluations return: which metrics, asked how, of whom."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from workbench.columns import N_RELEVANT, USER
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.definitions import METRICS, PROTOCOL, K
from workbench.evaluation.resampling import Sums

SCORED, ASKED = "n_scored", "n_ratings"


def metrics_of(rows: pl.DataFrame) -> list[str]:
    """The metrics that rows have, in the order of their columns."""
    if not isinstance(rows, pl.DataFrame) or PROTOCOL not in rows.columns:
        raise ArgumentError(
            f"rows must be a frame of wb.evaluate with its column {PROTOCOL!r}, not "
            + (f"one of {rows.columns}" if isinstance(rows, pl.DataFrame) else type(rows).__name__)
        )
    if USER not in rows.columns:
        raise ArgumentError(f"rows have no {USER}; give one row per person, as wb.evaluate does")
    if rows.height == 0:
        raise DataError("rows are empty: there is nobody to summarise")
    found = [name for name in rows.columns if name in METRICS]
    if not found:
        raise ArgumentError(f"rows have no metric; there are {', '.join(METRICS)}")
    return found


def shared_protocol(rows: pl.DataFrame, what: str) -> tuple[int | None, str]:
    """The k and the protocol that all rows share."""
    for column in (K, PROTOCOL):
        if column in rows.columns and rows[column].n_unique() > 1:
            values = rows[column].unique(maintain_order=True).head(2).to_list()
            raise DataError(
                f"in {what} there are {column} {values[0]!r} and {values[1]!r}; group by what "
                "tells them apart, or evaluate them alike"
            )
    return (rows[K][0] if K in rows.columns else None), rows[PROTOCOL][0]


def sums_of(rows: pl.DataFrame, metric: str) -> Sums:
    """What each person adds to a figure; where ``over`` is 0 they add nothing."""
    how = METRICS[metric]
    if how.total is None or how.over is None:
        values = rows[metric].cast(pl.Float64).fill_nan(None)
        return Sums(values.fill_null(0.0).to_numpy(), values.is_not_null().to_numpy() * 1.0)
    return Sums(
        rows[how.total].fill_null(0.0).cast(pl.Float64).to_numpy(),
        rows[how.over].fill_null(0).cast(pl.Float64).to_numpy(),
        how.root,
    )


def one_per_person(rows: pl.DataFrame, what: str) -> pl.DataFrame:
    """The rows in the order of their people, whatever order they came in.

    The order is that of ``Vocabulary``, so that draws by place are draws of the same people for
    any order of the rows and any type of the ids.
    """
    if rows[USER].is_duplicated().any():
        twice = rows.filter(rows[USER].is_duplicated())[USER][0]
        raise DataError(
            f"{USER} {twice!r} is twice in {what}; keep one row per person, or group by what tells "
            'them apart, e.g. by="model"'
        )
    text = pl.col(USER).cast(pl.String)
    return rows.sort(text.str.len_bytes(), text)


def matched(rows_by_name: Mapping[str, pl.DataFrame], against: str) -> dict[str, pl.DataFrame]:
    """All rows by name, in the one order; refused where they are not of the same people."""
    out = {
        name: one_per_person(rows, f"the rows of {name!r}") for name, rows in rows_by_name.items()
    }
    base = out[against]
    for name, rows in out.items():
        if not rows[USER].equals(base[USER]):
            raise DataError(
                f"the rows of {name!r} ({rows.height:,}) and of {against!r} ({base.height:,}) are "
                "not of the same people; evaluate both on one split"
            )
        for column in (N_RELEVANT, ASKED, K):
            if (column in rows.columns) != (column in base.columns) or (
                column in rows.columns and not rows[column].equals(base[column])
            ):
                raise DataError(
                    f"the rows of {name!r} and of {against!r} differ in {column}; evaluate both "
                    "on one split and at one k"
                )
    return out


def scored_words(rows: pl.DataFrame, metric: str) -> str:
    """For pooled figures: how many ratings they are of."""
    if METRICS[metric].over != SCORED:
        return ""
    return f", {rows[SCORED].sum():,} of {rows[ASKED].sum():,} test ratings could be scored"
