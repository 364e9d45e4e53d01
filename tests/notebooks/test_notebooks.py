"""Notebooks are prose and calls, kept without outputs; they run, and their key numbers hold."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


LARGEST = 200_000
OWN = "own"
"""Tag of a cell that may define a function or a class: where writing one is the lesson."""


def faults(text):
    """What git should not keep of a notebook, and what belongs into the package."""
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    found = [f"{len(text.encode()):,} bytes"] if len(text.encode()) > LARGEST else []
    found += [f"metadata {key}" for key in set(notebook.metadata) - {"kernelspec", "language_info"}]
    for number, cell in enumerate(notebook.cells, start=1):
        found += [f"cell {number}: metadata {key}" for key in set(cell.metadata) - {"tags"}]
        found += [f"cell {number}: attachments"] if cell.get("attachments") else []
        if cell.cell_type != "code":
            continue
        found += [f"cell {number}: outputs"] if cell.outputs else []
        found += [f"cell {number}: count"] if cell.execution_count is not None else []
        kinds = {type(node) for node in ast.walk(ast.parse(cell.source))}
        logic = kinds & {ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef}
        if logic and OWN not in cell.metadata.get("tags", []):
            found.append(f"cell {number}: defines, and is not tagged {OWN!r}")
    return found


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_kept_without_outputs_and_without_functions(path):
    found = faults(path.read_text(encoding="utf-8"))
    assert not found, f"{found}; `python -m notebooks --strip` takes outputs away"


def planted(**cell):
    code = nbformat.v4.new_code_cell(cell.pop("source", "1"))
    code.update({k: v for k, v in cell.items() if k in code})
    notebook = nbformat.v4.new_notebook(cells=[code])
    notebook.metadata.update(cell.get("notebook", {}))
    return nbformat.writes(notebook)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("outputs", planted(outputs=[nbformat.v4.new_output("stream", text="x")])),
        ("count", planted(execution_count=3)),
        ("metadata execution", planted(metadata={"execution": {}})),
        ("metadata widgets", planted(notebook={"widgets": {"state": {}}})),
        ("defines", planted(source="def f(): pass")),
        ("defines", planted(source="class A: pass")),
        ("bytes", planted(source="#" * LARGEST)),
    ],
)
def test_a_planted_fault_is_found(fault, text):
    assert any(fault in found for found in faults(text))


def test_a_lesson_in_writing_may_define():
    assert faults(planted(source="def f(): pass", metadata={"tags": [OWN]})) == []


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
