"""`make notebooks` on small notebooks of its own: what it fails on, and what it leaves behind."""

import asyncio
import json
import shutil

import nbformat
import pytest

from notebooks import __main__ as running
from notebooks import course

MARK = {"text/plain": "shown without a network"}


def written(folder, name, *cells):
    """A notebook with some cells of code."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """All of the notebooks below, executed at once: name → result, and where the copies are."""
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copy(course.__file__, folder)
    quick = "import sys; sys.modules['workbench'] = sys; from course import check"
    paths = [
        written(
            folder,
            "fine",
            f"{quick}; check('a half', 0.5001, 0.5, within=0.001); check('a claim', 1 < 2)",
            "from IPython.display import display\n"
            f"display({{**{MARK}, {running.WIDGET!r}: {{'model_id': 'x'}}}}, raw=True)",
        ),
        written(folder, "warns", "import warnings; warnings.warn('a planted warning')", "1 + 1"),
        written(folder, "breaks", "1 / 0", "print('never')"),
        written(folder, "drifts", f"{quick}; check('a half', 0.51, 0.5, within=0.001)"),
        written(folder, "bars", "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass"),
    ]
    out = folder / "out"
    results = asyncio.run(running.execute_all(paths, folder, out, jobs=2))
    return {result.name: result for result in results}, out


def test_a_notebook_that_is_well(found):
    results, out = found
    fine = results["fine"]
    assert fine.faults == []
    assert fine.checks == [
        {"what": "a half", "value": 0.5001, "expected": 0.5, "within": 0.001},
        {"what": "a claim", "value": True, "expected": True, "within": 0.0},
    ]
    html = (out / "fine.html").read_text()
    assert "✓ a half: 0.5001 (recorded: 0.5 ± 0.001)" in html
    assert MARK["text/plain"] in html
    assert f'type="{running.WIDGET}"' not in html, "a widget would be asked of a network"
    assert '<script src="http' not in html, "a copy opens without a network"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("warns", "a planted warning"),
        ("breaks", "ZeroDivisionError"),
        ("drifts", "say why it has moved"),
    ],
)
def test_a_notebook_that_fails_says_why(found, name, fault):
    results, out = found
    assert any(fault in one for one in results[name].faults), results[name].faults
    assert (out / f"{name}.html").exists(), "to look at where it broke"


def test_a_progress_bar_is_no_warning_and_not_in_the_copy(found):
    results, out = found
    assert results["bars"].faults == []
    assert "it/s]" not in (out / "bars.html").read_text()


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A folder of notebooks beside ours."""
    monkeypatch.setattr(running, "HERE", tmp_path)
    return tmp_path


def test_the_exit_code_and_the_numbers_that_are_kept(alone, capsys):
    written(alone, "1_good", "1 + 1")
    written(alone, "2_bad", "raise ValueError('planted')")
    out = alone / "out"
    out.mkdir()
    (out / running.CHECKS).write_text('{"gone": {"seconds": 1}, "1_good": {"seconds": 5}}')
    assert running.main(["2", "--out", str(out)]) == 1
    kept = json.loads((out / running.CHECKS).read_text())
    assert set(kept) == {"1_good", "2_bad"}, "those that are gone are forgotten"
    assert kept["2_bad"]["faults"] == ["ValueError: planted"]
    said = capsys.readouterr()
    assert "failed: 2_bad" in said.err
    (out / running.CHECKS).write_text("not JSON")
    assert running.main(["1", "--out", str(out)]) == 0


def test_a_name_that_is_none(alone):
    written(alone, "1_good", "1 + 1")
    with pytest.raises(SystemExit, match="2"):
        running.main(["7"])


def test_stripping_takes_away_all_that_changes_by_itself(alone):
    path = written(alone, "1_run", "1 + 1")
    notebook = nbformat.read(path, as_version=4)
    cell = notebook.cells[0]
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "2"})]
    cell.execution_count = 7
    cell.metadata = {"tags": ["own"], "execution": {"shell.execute_reply": "now"}}
    notebook.metadata["widgets"] = {"state": {}}
    nbformat.write(notebook, path)
    assert running.main(["--strip"]) == 0
    stripped = nbformat.read(path, as_version=4)
    assert stripped.cells[0].outputs == []
    assert stripped.cells[0].execution_count is None
    assert stripped.cells[0].metadata == {"tags": ["own"]}
    assert set(stripped.metadata) == {"kernelspec", "language_info"}
    assert not running.strip(path), "a second time there is nothing to do"


@pytest.mark.parametrize(
    ("value", "expected", "within"),
    [
        (0.1034, 0.102, 0.001),
        (float("nan"), 0.1, 1.0),
        (None, 0.1, 1.0),
        (False, True, 0.0),
        ("ease", "als", 0.0),
        (3, 4, 0),
    ],
)
def test_a_number_that_has_drifted(value, expected, within, monkeypatch):
    monkeypatch.setattr(course, "SMALL", False)
    with pytest.raises(AssertionError, match=r"planted: .*say why it has moved"):
        course.check("planted", value, expected, within)


def test_on_the_small_world_only_what_is_no_number_fails(monkeypatch):
    monkeypatch.setattr(course, "SMALL", True)
    course.check("another number", 0.5, 0.1, 0.001)
    course.check("another claim", False)
    with pytest.raises(AssertionError, match="no number"):
        course.check("no number", float("nan"), 0.1)
    assert course.world().name == "synthetic"
