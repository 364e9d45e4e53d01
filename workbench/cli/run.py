"""`workbench run`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Home, Places, Plugins, Seed, mapping
from workbench.errors import ArgumentError

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset

File = typer.Option(exists=True, dir_okay=False, show_default=False, rich_help_panel=None)
DEFAULT = "movielens-100k"
SPLITS = ("per-user-time", "global-time", "leave-last", "random")
"""Ways to split that give one split; k-fold gives several, and a run has one."""


def run(
    data: Annotated[
        str | None,
        typer.Option(
            help=f"Name of a data set (`workbench data list`); by default {DEFAULT}.",
            show_default=False,
        ),
    ] = None,
    interactions: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            show_default=False,
            help="Your own log instead: a CSV or Parquet file.",
        ),
    ] = None,
    items: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, show_default=False, help="Its items."),
    ] = None,
    users: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, show_default=False, help="Its people."),
    ] = None,
    map_: Annotated[
        str | None,
        typer.Option(
            "--map",
            show_default=False,
            help="Names of your columns: user_id=customer,item_id=sku,timestamp=ts.",
        ),
    ] = None,
    relevant_from: Annotated[
        float | None,
        typer.Option(
            show_default=False,
            help="Events of at least this value are relevant; without it all are.",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            "--split",
            show_default=False,
            help="per-user-time (the default), global-time, leave-last or random.",
        ),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            help="Names, comma-separated (`workbench models`), or all; by default the usual ones.",
        ),
    ] = None,
    plugin: Plugins = None,
    test_fraction: Annotated[float, typer.Option(help="Of the events, to ask about.")] = 0.2,
    guests: Annotated[float, typer.Option(help="Fraction of people held out of every fit.")] = 0.1,
    k: Places = 10,
    seed: Seed = 0,
    max_people: Annotated[
        int | None,
        typer.Option(
            show_default=False, help="Ask at most so many; by default all, or a sample of many."
        ),
    ] = None,
    home: Home = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Fit and compare the models on a log, audit the engine, write a run folder."""
    from workbench import pipeline
    from workbench.cli import show
    from workbench.pipeline.plan import THE_USUAL
    from workbench.ranking.plugins import plugins

    if method is not None and method not in SPLITS:
        raise ArgumentError(f"--split: {method!r} is none of {', '.join(SPLITS)}")
    own = [one.create(name) for one in plugins(plugin or ()) for name in one.models]
    names = [THE_USUAL] if models is None else [name.strip() for name in models.split(",")]
    dataset = _dataset(data, interactions, items, users, map_, relevant_from, home)
    finished = pipeline.run(
        dataset,
        home=home,
        models=None if models is None and not own else [*names, *own],
        method=method,
        test_fraction=test_fraction,
        guests=guests,
        k=k,
        seed=seed,
        max_people=max_people,
        progress=not quiet,
    )
    show.finished(finished)


def _dataset(
    data: str | None,
    interactions: Path | None,
    items: Path | None,
    users: Path | None,
    map_: str | None,
    relevant_from: float | None,
    home: Path | None,
) -> Dataset:
    from workbench.data.dataset import Dataset
    from workbench.data.load import load

    if interactions is None:
        for option, value in (
            ("--items", items), ("--users", users), ("--map", map_),
            ("--relevant-from", relevant_from),
        ):  # fmt: skip
            if value is not None:
                raise ArgumentError(f"{option} describes your own log; give --interactions too")
        return load(data or DEFAULT)
    if data is not None:
        raise ArgumentError("give either --data or --interactions, not both")
    return Dataset.from_frames(
        interactions, items, users, relevant_from, columns=mapping(map_), name=interactions.stem
    )
