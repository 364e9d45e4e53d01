"""Notebook 09 on logs of other kinds: only its one cell of paths and columns is changed."""

import asyncio
from pathlib import Path

import nbformat
import polars as pl
import pytest

import workbench as wb
from notebooks import __main__ as running

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NOTEBOOK = NOTEBOOKS / "09_bring_your_own_data.ipynb"
CELL = "parameters"
"""Tag of the only cell that somebody with a log of their own has to change."""


def shop():
    """People with tastes, as a table of whoever bought what."""
    return wb.load("synthetic", n_users=150, n_items=120, n_events=4_000, seed=3).interactions


def books(folder):
    """Ratings of books, as a public set of them is spelt: no times, no titles."""
    log = shop().select("user_id", book_id="item_id", rating=pl.col("value").cast(pl.Int64))
    path = folder / "ratings.csv"
    log.write_csv(path)
    return path, {"user_id": "user_id", "item_id": "book_id", "value": "rating"}, 4


def music(folder):
    """How often people played artists, whose names are their ids: counts with a long tail."""
    log = shop().select(
        user=pl.lit("listener ") + pl.col("user_id").cast(pl.String),
        artist=pl.lit("The “") + pl.col("item_id").cast(pl.String) + pl.lit("”, & friends"),
        plays=(pl.col("value") ** 4 + pl.col("item_id") % 7).cast(pl.Int64),
    )
    path = folder / "plays.csv"
    log.write_csv(path)
    return path, {"user_id": "user", "item_id": "artist", "value": "plays"}, None


def pointed_at(path, columns, relevant_from):
    """The notebook with its one cell changed."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (cell,) = (c for c in notebook.cells if CELL in c.metadata.get("tags", []))
    cell.source = (
        f"interactions = {str(path)!r}\nitems = users = None\n"
        f"columns = {columns!r}\nrelevant_from = {relevant_from!r}"
    )
    return notebook


@pytest.mark.full
@pytest.mark.parametrize("log", [books, music], ids=lambda log: log.__name__)
def test_it_leads_from_a_log_of_ones_own_to_the_report(log, tmp_path):
    mine = tmp_path / "mine.ipynb"
    nbformat.write(pointed_at(*log(tmp_path)), mine)
    result = asyncio.run(running.execute(mine, NOTEBOOKS, threads=2))
    assert result.faults == []
    checked = {check["what"]: check["value"] for check in result.checks}
    assert checked["the report stands there"] is True
    assert checked["every number of it agrees"] == 0
    assert "nDCG@10 of the engine" not in checked, "that is of the example"
    said = str(result.notebook)
    assert "its test events are chosen at random" in said, "since there are no times"


def test_the_one_cell_names_all_that_has_to_change():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (cell,) = (c for c in notebook.cells if CELL in c.metadata.get("tags", []))
    others = "\n".join(c.source for c in notebook.cells if c.cell_type == "code" and c is not cell)
    names = {}
    exec(cell.source, {"folder": Path()}, names)
    assert set(names) == {"interactions", "items", "users", "columns", "relevant_from"}
    after = others[others.index("from_frames") :]
    for theirs in ("customer", "product", "stars", "genre"):
        assert f'"{theirs}"' not in after, "a name of the example stands outside the cell"
