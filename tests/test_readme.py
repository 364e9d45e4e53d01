"""What the README names is there, and its cell runs."""

import re
from pathlib import Path

import typer

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")


def test_every_link_and_picture_is_there():
    targets = re.findall(r"\]\(([^)\s]+)\)", TEXT)
    assert len(targets) >= 4
    for target in targets:
        if "://" not in target and not target.startswith("#"):
            assert (ROOT / target.partition("#")[0]).exists(), target


def test_every_path_in_words_is_there():
    paths = re.findall(r"`([\w.-]+(?:/[\w.-]*)+)`", TEXT) + re.findall(r"`([\w-]+\.lock)`", TEXT)
    found = [p for p in paths if p.startswith(("notebooks/", "tests/", "workbench/", "requirem"))]
    assert len(found) >= 4
    for path in found:
        assert (ROOT / path).exists(), path


def test_every_make_target_is_one():
    targets = set(re.findall(r"\bmake ([a-z][a-z-]*)", TEXT))
    there = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert {"run", "app", "test"} <= targets <= there


def test_every_command_is_one():
    from workbench.cli import app

    there = set(typer.main.get_command(app).commands)
    code = re.findall(r"`workbench ([a-z]+)", TEXT) + re.findall(
        r"^    workbench ([a-z]+)", TEXT, re.M
    )
    listed = TEXT[TEXT.index("`workbench --help`") :].partition(".\n")[0].replace("\n", " ")
    named = set(code) | set(re.findall(r"`([a-z]+)`", listed))
    assert {"run", "verify", "explain"} <= named <= there
    for option in re.findall(
        r"--[a-z-]+", TEXT[TEXT.index("workbench run") :].partition("\n\n")[0]
    ):
        known = typer.main.get_command(app).commands["run"].params
        assert any(option in parameter.opts for parameter in known), option


def test_the_cell_runs():
    import workbench as wb

    (cell,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    cell = cell.replace(
        'wb.load("movielens-100k")',
        'wb.load("synthetic", n_users=80, n_items=100, n_events=2000, seed=1)',
    )
    assert "movielens" not in cell
    # Few trees over one model: what is tried is that the words are right, not how good it is.
    cell = cell.replace(
        'wb.create("engine")',
        'wb.create("engine", n_trees=3, threads=1, retrievers={"ease": ("ease", {})})',
    )
    *lines, last = cell.rstrip().splitlines()
    names = {}
    exec("\n".join(lines), names)
    titles = dict(names["ds"].items.select("item_id", "title").iter_rows())
    assert titles[names["before"].items[0]] in eval(last, names)
    assert isinstance(names["engine"], wb.Recommender)
    assert names["rows"].height == len(names["split"].people()[0])


def test_nothing_is_promised_that_is_not_there_yet():
    import workbench as wb

    assert hasattr(wb, "counterfactual") or "counterfactual" not in TEXT
