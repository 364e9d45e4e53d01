"""How much of a figure hangs on ties in time."""

import polars as pl
import pytest

from workbench.data.checkerboard import checkerboard
from workbench.data.split import split
from workbench.errors import ArgumentError
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.sensitivity import tie_sensitivity
from workbench.models.linear import EASE


def test_one_row_per_order_and_the_first_is_the_usual():
    board = checkerboard(40, 30)
    tied = board.replaced(board.interactions.with_columns(timestamp=pl.lit(0.0)))
    table = tie_sensitivity(EASE, tied, k=5, tie_seeds=range(3), guests=0.1)
    assert table.columns == ["tie_seed", "metric", "mean", "n"]
    assert table["mean"].n_unique() == 3
    usual = split(tied, guests=0.1)
    rows = evaluate(EASE().fit(usual.train), usual, 5)
    assert table["mean"][0] == rows["ndcg"].mean()
    assert table["n"][0] == rows.height
    # Where nothing is tied, nothing hangs on ties.
    assert tie_sensitivity(EASE, board, k=5, tie_seeds=range(3))["mean"].n_unique() == 1


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(ArgumentError, match=r"metric='rmse' is no column of wb\.evaluate"):
        tie_sensitivity(EASE, checkerboard(), "rmse")
    with pytest.raises(ArgumentError, match="tie_seeds is empty"):
        tie_sensitivity(EASE, checkerboard(), tie_seeds=[])
