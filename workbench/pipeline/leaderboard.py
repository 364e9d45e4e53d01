"""From rows per person to one row per model, and to the engine against the others."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from workbench.columns import DEFINITION, HIGH, LOW, MEAN, METRIC, N
from workbench.data.split import Split
from workbench.evaluation.catalogue import catalogue_metrics
from workbench.evaluation.cold_start import SHOWN
from workbench.evaluation.uncertainty import SUMMARY, compare, summarise
from workbench.pipeline.plan import ENGINE
from workbench.slate import Slates

MODEL, AGAINST, NDCG = "model", "against", "ndcg"
DIFFERENCE, RATIO = "difference", "ratio"
BLEND = "blend"
COMPARED = {
    **dict.fromkeys((MODEL, AGAINST, METRIC), pl.String),
    **dict.fromkeys((DIFFERENCE, LOW, HIGH, RATIO, f"{RATIO}_low", f"{RATIO}_high"), pl.Float64),
    **dict.fromkeys(("p", "p_adjusted", "smallest_visible"), pl.Float64),
    N: pl.Int64,
    DEFINITION: pl.String,
}
"""Columns of ``wb.compare``."""
CURVE = {MODEL: pl.String, SHOWN: pl.Int64, **SUMMARY}
"""Columns of the cold-start curve."""
HYBRIDS = (ENGINE, BLEND, "switch", "cascade", "stack")
"""Models that are made of others."""
GLANCED = {
    "recall": "recall", "hit_rate": "hit rate", "mrr": "MRR", "coverage": "coverage",
    "novelty": "novelty", "rmse": "RMSE",
}  # fmt: skip
"""Column of the standings → its head, of those that one looks at beside nDCG."""


def summary(
    name: str, rows: pl.DataFrame, slates: Slates, cut: Split, ratings: pl.DataFrame | None
) -> pl.DataFrame:
    """Every figure of one model.

    Parameters
    ----------
    name : str
    rows : polars.DataFrame
        Of ``wb.evaluate``.
    slates : Slates
        What was evaluated.
    cut : Split
    ratings : polars.DataFrame, optional
        Of ``evaluate_ratings``, where the model predicts ratings.

    Returns
    -------
    polars.DataFrame
        ``model``, then the columns of ``wb.summarise``: one row per metric.
    """
    parts = [summarise(rows), catalogue_metrics(slates, cut.train)]
    if ratings is not None and ratings.height:
        parts.append(summarise(ratings))
    return pl.concat([part.select(pl.lit(name).alias(MODEL), pl.all()) for part in parts])


def best_first(figures: pl.DataFrame) -> pl.DataFrame:
    """The figures of all models, those of the model with the best nDCG on top."""
    order = (
        figures.filter(pl.col(METRIC) == NDCG)
        .sort(MEAN, descending=True, nulls_last=True, maintain_order=True)
        .select(MODEL)
        .with_row_index("_place")
    )
    return (
        figures.join(order, on=MODEL, how="left", maintain_order="left")
        .sort("_place", maintain_order=True)
        .drop("_place")
    )


def standings(figures: pl.DataFrame, seconds: Mapping[str, Mapping[str, float]]) -> pl.DataFrame:
    """One row per model, in the order of the figures.

    Parameters
    ----------
    figures : polars.DataFrame
        As ``best_first`` gives them.
    seconds : mapping
        Model → ``fit`` and ``evaluate``.

    Returns
    -------
    polars.DataFrame
        ``model``; for each metric its mean, ``<metric>_low`` and ``<metric>_high`` (null where
        the model or the metric has none); ``fit_seconds``, ``evaluate_seconds``.
    """
    board = figures.select(MODEL).unique(maintain_order=True)
    for metric in figures[METRIC].unique(maintain_order=True):
        part = figures.filter(pl.col(METRIC) == metric).select(
            MODEL,
            pl.col(MEAN).alias(metric),
            pl.col(LOW).alias(f"{metric}_low"),
            pl.col(HIGH).alias(f"{metric}_high"),
        )
        board = board.join(part, on=MODEL, how="left", maintain_order="left")
    return board.with_columns(
        pl.Series(
            f"{what}_seconds", [seconds[name][what] for name in board[MODEL]], dtype=pl.Float64
        )
        for what in ("fit", "evaluate")
    )


def at_a_glance(board: pl.DataFrame) -> pl.DataFrame:
    """The figures of the standings that one looks at first, in a width that can be read."""
    low, high = (board[f"{NDCG}_{end}"].fill_nan(None) for end in (LOW, HIGH))
    ends = zip(low, high, strict=True)
    interval = ["–" if None in pair else "{:.3f} – {:.3f}".format(*pair) for pair in ends]
    shown = {
        MODEL: board[MODEL],
        "nDCG": board[NDCG],
        "95 % interval": pl.Series(interval, dtype=pl.String),
        **{head: board[column] for column, head in GLANCED.items() if column in board.columns},
        "seconds": (board["fit_seconds"] + board["evaluate_seconds"]).round(1),
    }
    return pl.DataFrame(shown)


def stacked(rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The rows of all models in one frame, with the column ``model``."""
    return pl.concat(
        [frame.select(pl.lit(name).alias(MODEL), pl.all()) for name, frame in rows.items()]
    )


def best_single(figures: pl.DataFrame) -> str | None:
    """The best model that is not made of others."""
    models = figures[MODEL].unique(maintain_order=True).to_list()
    return next((name for name in models if name not in HYBRIDS), None)


def comparisons(rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The engine against each other model, paired by person.

    The columns are those of ``wb.compare`` with the engine as ``model``, so a difference above 0
    is for the engine; one family of tests (Holm). Empty where the engine is alone.
    """
    if len(rows) < 2:
        return pl.DataFrame(schema=COMPARED)
    return _flipped(compare(rows, against=ENGINE))


def _flipped(found: pl.DataFrame) -> pl.DataFrame:
    """The same comparisons seen from the other side."""
    return found.with_columns(
        pl.col(AGAINST).alias(MODEL),
        pl.col(MODEL).alias(AGAINST),
        -pl.col(DIFFERENCE),
        (-pl.col(HIGH)).alias(LOW),
        (-pl.col(LOW)).alias(HIGH),
        pl.col(RATIO).pow(-1.0),
        pl.col(f"{RATIO}_high").pow(-1.0).alias(f"{RATIO}_low"),
        pl.col(f"{RATIO}_low").pow(-1.0).alias(f"{RATIO}_high"),
    )
