"""Notebooks are prose and calls, kept without outputs; they run, and their key numbers hold."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_kept_without_outputs_and_without_functions(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            kinds = {type(node) for node in ast.walk(ast.parse(cell.source))}
            assert not kinds & {ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef}


def figures(name, folder):
    """Execute a notebook; what its cell tagged "figures" shows."""
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    cell = next(c for c in notebook.cells if "figures" in c.metadata.get("tags", []))
    return ast.literal_eval(cell.outputs[-1]["data"]["text/plain"])


def test_01_meet_the_engine(tmp_path):
    found = figures("01_meet_the_engine.ipynb", tmp_path)
    ndcg = found["ndcg"]
    # Libraries and processors move the third decimal; more than that is another model.
    assert ndcg["ease"] == pytest.approx(0.189, abs=0.004)
    assert ndcg["als"] == pytest.approx(0.184, abs=0.008)
    assert ndcg["item-knn"] == pytest.approx(0.171, abs=0.004)
    assert ndcg["popularity"] == pytest.approx(0.102, abs=0.004)
    assert ndcg["session"] == pytest.approx(0.194, abs=0.006)
    assert ndcg["engine"] > 1.08 * max(v for k, v in ndcg.items() if k not in ("engine", "blend"))
    assert all(high < 0 for high in found["less_engine_high"].values())
    assert found["people"] == 904
    engine, popular = found["curve"]["engine"], found["curve"]["popularity"]
    assert engine[-1] > engine[0] + 0.05, "a longer history helps the engine"
    assert popular[0] == pytest.approx(popular[-1]), "and popularity does not read it"
    assert found["changed"]
    assert 0 < found["overlap"] < 1
    assert found["residual"] < 1e-4
    assert found["score_is_that_of_the_slate"]
