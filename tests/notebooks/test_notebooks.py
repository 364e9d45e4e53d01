"""Notebooks are prose and calls, kept without outputs; how the course is bound together."""

import ast
import json
import re
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from notebooks import __main__ as running

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
NAMES = [path.stem for path in PATHS]
CONTENTS = "[Contents](01_meet_the_data.ipynb#Contents)"
FEWEST = 5
"""Numbers that a notebook holds to what was recorded."""
LARGEST = 200_000
PLAIN = TransformerManager()
"""Spells magics such as %%writefile as the calls that they are."""
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
        kinds = {type(node) for node in ast.walk(ast.parse(PLAIN.transform_cell(cell.source)))}
        logic = kinds & {ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef}
        if logic and OWN not in cell.metadata.get("tags", []):
            found.append(f"cell {number}: defines, and is not tagged {OWN!r}")
    return found


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
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


# --- the course -----------------------------------------------------------------------------------


def binding(place, names):
    """The line at the top and at the bottom of a notebook: back, contents, on."""
    before = [f"[Prev]({names[place - 1]}.ipynb)"] if place else []
    after = [f"[Next]({names[place + 1]}.ipynb)"] if place + 1 < len(names) else []
    return " | ".join([*before, CONTENTS, *after])


def course_faults(text, place, names):
    """What is wrong with a notebook as the one on its place in the course."""
    cells = nbformat.reads(text, as_version=4).cells
    line = binding(place, names)
    ends = cells[0].source.splitlines()[0], cells[-1].source.splitlines()[-1]
    found = [
        f"{where}: {end!r}, not {line!r}"
        for where, end in zip(("top", "bottom"), ends, strict=True)
        if end != line
    ]
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    (title, *more) = re.findall(r"^# (.+)$", prose, re.MULTILINE) or [""]
    if more or not title.endswith("?"):
        found.append(f"not one question as title: {[title, *more]}")
    linked = re.findall(r"\]\(([^)#:]+)\.ipynb", prose)
    found += [f"a link to {name}, which is none" for name in linked if name not in names]
    checks = sum(cell.source.count("check(") for cell in cells if cell.cell_type == "code")
    return found + ([f"only {checks} numbers are checked"] if checks < FEWEST else [])


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_a_notebook_has_its_place_in_the_course(path):
    found = course_faults(path.read_text(encoding="utf-8"), NAMES.index(path.stem), NAMES)
    assert not found, "\n".join(found)


def test_the_course_is_ten_notebooks_and_the_contents_name_them_in_order():
    assert [name[:2] for name in NAMES] == [f"{number:02}" for number in range(1, 11)]
    first = nbformat.read(PATHS[0], as_version=4)
    (contents,) = (cell.source for cell in first.cells if "## Contents" in cell.source)
    assert re.findall(r"\]\((.+)\.ipynb\)", contents) == NAMES


COURSE = ["01_meet_the_data", "02_second", "03_third"]
BOUND = f"[Prev](01_meet_the_data.ipynb) | {CONTENTS} | [Next](03_third.ipynb)"


def page(line=BOUND, prose="# Is it so?", checks=5, bottom=BOUND):
    """A notebook on the second place of three."""
    new = nbformat.v4
    code = new.new_code_cell("\n".join(["check('a', 1, 1)"] * checks))
    cells = [new.new_markdown_cell(f"{line}\n\n{prose}"), code, new.new_markdown_cell(bottom)]
    return new.writes(new.new_notebook(cells=cells))


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("top", page(BOUND.replace("03_third", "01_meet_the_data"))),
        ("top", page(BOUND.replace(" | [Next](03_third.ipynb)", ""))),
        ("bottom", page(bottom="The end.")),
        ("not one question", page(prose="# It is so")),
        ("not one question", page(prose="# Is it so?\n\n# Is it?")),
        ("not one question", page(prose="Is it so?")),
        ("a link to 04_gone", page(prose="# Is it so?\n\nSee [there](04_gone.ipynb).")),
        ("only 4 numbers", page(checks=4)),
    ],
)
def test_a_planted_fault_of_the_course_is_found(fault, text):
    (found,) = course_faults(text, 1, COURSE)
    assert fault in found


def test_a_well_bound_notebook_has_no_fault():
    assert course_faults(page(), 1, COURSE) == []


# --- the whole course, executed -------------------------------------------------------------------

SHORTEST = ["01_meet_the_data", "10_write_your_own_model"]


def executed(monkeypatch, out, names, *flags):
    """Exit code of `python -m notebooks`, and what it kept of each notebook."""
    monkeypatch.setenv("WORKBENCH_NOTEBOOK_SMALL", "0")  # put back afterwards
    code = running.main([*names, "--out", str(out), *flags])
    return code, json.loads((out / running.CHECKS).read_text())


def test_the_two_shortest_run_on_a_small_world(tmp_path, monkeypatch):
    code, found = executed(monkeypatch, tmp_path, SHORTEST, "--small")
    assert {name: one["faults"] for name, one in found.items()} == {name: [] for name in SHORTEST}
    assert code == 0
    assert all(len(one["checks"]) >= FEWEST for one in found.values())


@pytest.mark.full
def test_all_run_and_their_numbers_hold(tmp_path, monkeypatch):
    code, found = executed(monkeypatch, tmp_path, NAMES)
    assert {name: one["faults"] for name, one in found.items()} == {name: [] for name in NAMES}
    assert code == 0
    assert all(len(one["checks"]) >= FEWEST for one in found.values())
