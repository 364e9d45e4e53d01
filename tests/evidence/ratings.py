"""The evidence for models of ratings: five random folds, their errors pooled over all ratings."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from tqdm import tqdm

import workbench as wb
from tests.evidence.cells import Cells, World
from workbench.artifact import library_versions
from workbench.columns import HIGH, ITEM, LOW, MEAN, METRIC, USER, VALUE, N
from workbench.evaluation.ratings import SUMS, evaluate_ratings, pooled

N_FOLDS = 5
WORLD = World("movielens-100k", "k-fold")
MODELS = ("svd", "svdpp", "nmf", "slope-one", "baseline", "knn-baseline", "stack")
BEST, AT_MOST = "stack", 0.905
"""RMSE promised on MovieLens 100K, of the ratings that the model can say."""
SCORED, FILLED = "scored", "all, the unknown at the training mean"
FILLS = ("n_filled", "filled_squared", "filled_absolute")
"""Of the ratings that a model cannot say, per person: how many, and the errors of the mean."""


class Folds(Cells):
    """A cell is a model and a fold."""

    def fold(self, name: str, fold: int) -> pl.DataFrame:
        """Rows of ``evaluate_ratings`` and ``FILLS``; measured now where they were not before."""
        return self._kept(f"{name}-fold{fold}", lambda: self._of_fold(name, fold))

    def _of_fold(self, name: str, fold: int) -> pl.DataFrame:
        cut = self._folds[fold]
        model = wb.create(name).fit(cut.train)
        return filled(evaluate_ratings(model, cut), cut)

    @cached_property
    def _folds(self) -> tuple[wb.Split, ...]:
        made = wb.split(self.dataset, self.world.method, n_folds=N_FOLDS)
        assert isinstance(made, tuple)
        return made


def filled(rows: pl.DataFrame, cut: wb.Split) -> pl.DataFrame:
    """The rows with ``FILLS``: what the training mean errs by where the model said nothing.

    A model must say either all ratings, or all of items with a rating in the training part.

    Raises
    ------
    DataError
        It said others: which ones were left cannot be told from rows per person.
    """
    train = cut.train.interactions.filter(pl.col(VALUE).is_not_null())
    error = train[VALUE].mean() - pl.col(VALUE)
    unknown = cut.test.filter(pl.col(VALUE).is_not_null()).join(train, on=ITEM, how="anti")
    left = unknown.group_by(USER).agg(
        pl.len().cast(pl.Int64).alias(FILLS[0]),
        error.pow(2).sum().alias(FILLS[1]),
        error.abs().sum().alias(FILLS[2]),
    )
    found = rows.join(left, on=USER, how="left", maintain_order="left").with_columns(
        pl.col(*FILLS).fill_null(0)
    )
    lacking = found["n_ratings"] - found["n_scored"]
    if lacking.sum() == 0:
        return found.with_columns(pl.lit(0).cast(found.schema[name]).alias(name) for name in FILLS)
    if not lacking.equals(found[FILLS[0]], check_names=False):
        raise wb.DataError(
            f"{lacking.sum()} ratings were not said, and {unknown.height} are of unknown items"
        )
    return found


def figures(name: str, folds: Iterable[pl.DataFrame]) -> list[dict[str, Any]]:
    """RMSE and MAE of a model over all folds: of what it said, and of all ratings."""
    frames = list(folds)
    as_said = [frame.drop(FILLS) for frame in frames]
    in_all = [
        frame.with_columns(
            pl.col("n_ratings").alias("n_scored"),
            pl.col("squared_error") + pl.col(FILLS[1]),
            pl.col("absolute_error") + pl.col(FILLS[2]),
        ).drop(FILLS)
        for frame in frames
    ]
    found = []
    for which, parts in ((SCORED, as_said), (FILLED, in_all)):
        rows = pooled(parts)
        told = {line[METRIC]: line for line in wb.summarise(rows).iter_rows(named=True)}
        line: dict[str, Any] = {"model": name, "ratings": which}
        for metric in ("rmse", "mae"):
            line |= {metric: told[metric][MEAN]}
            line |= {f"{metric}_{end}": told[metric][end] for end in (LOW, HIGH)}
        counts = {column: int(rows[column].sum()) for column in SUMS[:2]}
        found.append({**line, "people": told["rmse"][N], **counts})
    return found


def promises(board: pl.DataFrame) -> list[dict[str, Any]]:
    """What was promised, what was found, and whether it was kept; nothing without that model."""
    said = board.filter(pl.col("model") == BEST, pl.col("ratings") == SCORED)["rmse"].to_list()
    return [
        {"what": f"RMSE of {BEST}, {N_FOLDS} folds", "found": rmse, "most": AT_MOST,
         "kept": rmse <= AT_MOST}
        for rmse in said
    ]  # fmt: skip


def evidence(world: World, names: Iterable[str], folder: Path) -> dict[str, Any]:
    """All figures, kept."""
    cells = Folds(world, folder / "rows")
    todo = [(name, fold) for name in names for fold in range(N_FOLDS)]
    found: dict[str, list[pl.DataFrame]] = {}
    with tqdm(todo, desc=str(world), unit="cell", file=sys.stderr) as bar:
        for name, fold in bar:
            bar.set_postfix_str(f"{name}, fold {fold}")
            found.setdefault(name, []).append(cells.fold(name, fold))
    board = pl.DataFrame([line for name, rows in found.items() for line in figures(name, rows)])
    board = board.sort("ratings", "rmse", descending=[True, False])
    kept = {
        "world": str(world),
        "fingerprint": cells.dataset.fingerprint,
        "code": cells.code,
        "folds": N_FOLDS,
        "versions": {"workbench": wb.__version__, **library_versions()},
        "errors": board.to_dicts(),
        "promises": promises(board),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{world.data}-{world.method}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    show(board, kept)
    print(f"Kept in {path}\n")
    return kept


def show(board: pl.DataFrame, kept: dict[str, Any]) -> None:
    """The tables, each narrow enough for a terminal."""
    from workbench.cli.show import table

    for (which,), part in board.group_by("ratings", maintain_order=True):
        table(part.drop("ratings"), f"{kept['world']}, {N_FOLDS} folds, pooled: {which}", 4)
    if kept["promises"]:
        table(pl.DataFrame(kept["promises"]), "What was promised", 4)
