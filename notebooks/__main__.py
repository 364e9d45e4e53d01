"""Execute the notebooks: ``python -m notebooks``, or ``make notebooks``.

Each runs in a fresh kernel, two at a time. Copies with all they show go to ``data/notebooks`` (not
in git), one HTML file each, and every checked number to ``checks.json`` beside them. It fails on
an error, on anything written to stderr (a warning), and on a number that has drifted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

HERE = Path(__file__).parent
OUT = HERE.parent / "data" / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
CHECKED = "application/vnd.workbench.check+json"
CHECKS = "checks.json"
BAR = re.compile(r"\s*\d+%\|")
"""How a progress bar begins. Drawn by widgets it does not hear TQDM_DISABLE."""
QUIET = ["--IPKernelApp.log_level=40"]
"""A kernel warns at its start that whoever is on this computer could listen; JupyterLab's too."""
SECONDS = 900
"""That a cell may take."""


@dataclass
class Result:
    """What became of one notebook."""

    name: str
    seconds: float
    notebook: Any
    faults: list[str] = field(default_factory=list)

    @property
    def checks(self) -> list[dict[str, Any]]:
        """Numbers that were checked, in the order of the notebook."""
        return [out.data[CHECKED] for _, out in _outputs(self.notebook) if CHECKED in _data(out)]


async def execute(path: Path, folder: Path, threads: int) -> Result:
    """Execute one notebook as JupyterLab would, in its folder, but without progress bars."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        store_widget_state=False,
        extra_arguments=QUIET,
        resources={"metadata": {"path": str(folder)}},
    )
    result = Result(path.stem, 0.0, notebook)
    env = {
        **os.environ,
        "TQDM_DISABLE": "1",
        "OMP_NUM_THREADS": str(threads),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    start = time.perf_counter()
    try:
        await client.async_execute(env=env)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        result.faults.append(_last_words(str(error)))
    result.seconds = time.perf_counter() - start
    result.faults += [
        f"cell {cell} wrote to stderr: {_last_words(out.text)}"
        for cell, out in _outputs(notebook)
        if out.output_type == "stream" and out.name == "stderr"
    ]
    return result


async def execute_all(paths: list[Path], folder: Path, out: Path, jobs: int) -> list[Result]:
    """Execute some notebooks, ``jobs`` at a time, those first that took longest the last time."""
    took = _seconds_before(out)
    free = asyncio.Semaphore(jobs)
    threads = max(1, (os.cpu_count() or 1) // jobs)

    async def one(path: Path) -> Result:
        async with free:
            result = await execute(path, folder, threads)
        write_html(result, out)
        state = f"{len(result.checks)} numbers" if not result.faults else "FAILED"
        print(f"{result.name:32} {result.seconds:6.0f} s  {state}", flush=True)
        for fault in result.faults:
            print(f"    {fault}", file=sys.stderr)
        return result

    longest_first = sorted(paths, key=lambda path: (-took.get(path.stem, 1e9), path.stem))
    results = await asyncio.gather(*map(one, longest_first))
    return sorted(results, key=lambda result: result.name)


def write_html(result: Result, out: Path) -> Path:
    """A copy to look at, which needs no network: what a widget shows without one stands in it."""
    from nbconvert import HTMLExporter

    for cell in result.notebook.cells:
        kept = [o for o in cell.get("outputs", []) if not BAR.match(_data(o).get("text/plain", ""))]
        cell.update({"outputs": kept} if "outputs" in cell else {})
    for _, output in _outputs(result.notebook):
        _data(output).pop(WIDGET, None)
    exporter = HTMLExporter(mathjax_url="", require_js_url="", mermaid_js_url="")
    text, _ = exporter.from_notebook_node(
        result.notebook, resources={"metadata": {"name": result.name}}
    )
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{result.name}.html"
    path.write_text(text.replace(".ipynb", ".html"), encoding="utf-8")
    return path


def strip(path: Path) -> bool:
    """Take away what git should not keep: outputs, counts, state. Whether anything was there."""
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"c{number:02}"
        cell.metadata = {k: v for k, v in cell.metadata.items() if k == "tags"}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.validate(notebook)
    stripped = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if stripped != text:
        path.write_text(stripped, encoding="utf-8")
    return stripped != text


def _outputs(notebook: Any) -> list[tuple[int, Any]]:
    """Every output, with the number of its cell."""
    return [
        (number, out)
        for number, cell in enumerate(notebook.cells, start=1)
        for out in cell.get("outputs", [])
    ]


def _data(output: Any) -> dict[str, Any]:
    return output.get("data", {})  # type: ignore[no-any-return]


def _last_words(text: str) -> str:
    """Last line of a message that says something, without colours."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return next((line for line in reversed(plain.splitlines()) if line.strip()), "")


def _seconds_before(out: Path) -> dict[str, float]:
    return {name: float(one["seconds"]) for name, one in _kept(out).items()}


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 where all is well."""
    parser = argparse.ArgumentParser(prog="python -m notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", help="only those that begin so, e.g. 03; else all")
    parser.add_argument("--jobs", type=int, default=2, help="at a time")
    parser.add_argument("--small", action="store_true", help="on a small invented world")
    parser.add_argument("--strip", action="store_true", help="execute nothing, take outputs away")
    parser.add_argument("--out", type=Path, help="where the copies go; by default data/notebooks")
    given = parser.parse_args(arguments)
    names = given.names or [""]
    paths = sorted(p for p in HERE.glob("*.ipynb") if any(p.name.startswith(n) for n in names))
    if not paths or given.jobs < 1:
        parser.error(f"no notebook begins with {names}" if not paths else "--jobs is at least 1")
    if given.strip:
        print("\n".join(f"stripped {p.name}" for p in paths if strip(p)) or "nothing to strip")
        return 0
    out = given.out or (OUT / "small" if given.small else OUT)
    if given.small:
        os.environ["WORKBENCH_NOTEBOOK_SMALL"] = "1"
    start = time.perf_counter()
    results = asyncio.run(execute_all(paths, HERE, out, given.jobs))
    found = {
        r.name: {"seconds": round(r.seconds, 1), "faults": r.faults, "checks": r.checks}
        for r in results
    }
    text = json.dumps({**_kept(out), **found}, indent=1, ensure_ascii=False)
    (out / CHECKS).write_text(text, encoding="utf-8")
    failed = [r.name for r in results if r.faults]
    minutes = (time.perf_counter() - start) / 60
    print(f"{len(results)} notebooks in {minutes:.1f} minutes, copies in {out}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _kept(out: Path) -> dict[str, Any]:
    """What is known of the notebooks, from the time before."""
    try:
        before = dict(json.loads((out / CHECKS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
    return {name: one for name, one in before.items() if (HERE / f"{name}.ipynb").exists()}


if __name__ == "__main__":
    sys.exit(main())
