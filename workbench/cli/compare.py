"""`workbench compare`: the next release against the one before, as a gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Home, Seed
from workbench.errors import ArgumentError

if TYPE_CHECKING:
    from workbench.pipeline import Run
    from workbench.pipeline.release import RunComparison

MOST = 10
"""Groups that a terminal has room for; all are in the JSON."""
RunName = Annotated[str, typer.Argument(help="Name of a run (a folder of runs/), or its path.")]


def compare(
    run_a: RunName,
    run_b: RunName,
    margin: Annotated[
        float, typer.Option(min=0.0, help="Loss of the metric that does not matter, in its unit.")
    ] = 0.01,
    metric: Annotated[
        str, typer.Option(help="Names, comma-separated, of figures of which more is better.")
    ] = "ndcg",
    every_group: Annotated[
        bool, typer.Option("--every-group", help="Be sure of every group, not of everybody only.")
    ] = False,
    json: Annotated[
        Path | None,
        typer.Option(dir_okay=False, show_default=False, help="Also write it to this file."),
    ] = None,
    seed: Seed = 0,
    home: Home = None,
) -> None:
    """Say for whom run B is better or worse than run A: exit 0 ok, 1 worse, 3 cannot tell."""
    from workbench.pipeline.release import compare_runs

    found = compare_runs(
        _opened(run_a, home),
        _opened(run_b, home),
        metrics=[name.strip() for name in metric.split(",")],
        margin=margin,
        every_group=every_group,
        seed=seed,
    )
    _shown(found)
    if json is not None:
        _written(found, json)
    raise typer.Exit(found.exit_code)


def _opened(name: str, home: Path | None) -> Run:
    from workbench.pipeline import Run
    from workbench.pipeline.disk import finished, runs_of

    runs = runs_of(home)
    if name in finished(runs):
        return Run.load(runs / name)
    if Path(name).is_dir():
        return Run.load(name)
    there = ", ".join(finished(runs)[-3:]) or "none yet"
    raise ArgumentError(f"{name!r} is neither a run under {runs} ({there}) nor a folder")


def _shown(found: RunComparison) -> None:
    import polars as pl

    from workbench.cli import show

    print(f"From {found.before}\n  to {found.after}, {found.n:,} people asked the same in both")
    for note in found.notes:
        print(f"Note: {show.plain(note)}.")
    people = found.people.filter(pl.col("note").is_null()).drop("note", "p")
    nearest = people.sort("p_adjusted", pl.col("difference").abs(), descending=[False, True])
    show.table(show.with_intervals(people.head(1)), "Everybody")
    show.table(
        show.with_intervals(nearest.filter(pl.col("attribute") != "everybody").head(MOST)),
        f"For whom it is better or worse: {MOST} groups, the surest first",
    )
    slates = found.slates.filter(pl.col("note").is_null()).drop("note")
    for measure in slates["measure"].unique(maintain_order=True):
        part = slates.filter(pl.col("measure") == measure).drop("measure")
        show.table(show.with_intervals(part.head(MOST)), f"Whose slate changed most: {measure}")
    hidden = found.people["note"].drop_nulls().len()
    if hidden:
        print(f"  Not shown: {hidden} groups of too few people, or that would give these away.")
    if found.flipped.height:
        show.table(found.flipped.drop("flipped"), "Verdicts that flipped")
    else:
        print("No verdict flipped.")
    print(f"\n{found.verdict}: " + "\n    ".join(map(show.plain, found.reasons[:MOST])))
    if len(found.reasons) > MOST:
        print(f"    and {len(found.reasons) - MOST} more")


def _written(found: RunComparison, path: Path) -> None:
    """Beside its place and then into it: a reader finds the old one or the new one."""
    from json import dumps

    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(dumps(found.as_dict(), indent=1, ensure_ascii=False) + "\n", "utf-8")
        beside.replace(path)
    except OSError as error:
        raise ArgumentError(f"--json: {path} cannot be written ({error.strerror})") from error
