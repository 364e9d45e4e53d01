"""`workbench data`: which data sets there are, fetching one, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workbench.data.dataset import Dataset

commands = typer.Typer(help="Data sets: list, fetch, describe.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of a data set (`workbench data list`).")]


@commands.command("list")
def list_() -> None:
    """Name the data sets that can be loaded, and their terms."""
    from workbench.cli import show
    from workbench.data.load import dataset_names
    from workbench.data.load import describe as described

    for name in dataset_names():
        told = described(name)
        print(told["name"])
        for key in ("what", "licence", "state"):
            print(f"    {key}: {show.plain(told[key])}")


@commands.command()
def fetch(name: Name) -> None:
    """Bring a data set into the cache, every file checked."""
    from workbench.data.load import load

    dataset = load(name)
    print(f"{dataset!r} is here.")
    _origin(dataset)


@commands.command()
def describe(name: Name) -> None:
    """Count what is in a data set, and say where it came from."""
    import polars as pl

    from workbench.cli import show
    from workbench.columns import TIME, VALUE
    from workbench.data.load import load

    dataset = load(name)
    print(repr(dataset))
    print(f"Fingerprint {dataset.fingerprint}")
    log = dataset.interactions
    if TIME in log.columns and log.height:
        first, last = (
            pl.from_epoch(pl.Series([moment]).cast(pl.Int64)).item()
            for moment in (log[TIME].min(), log[TIME].max())
        )
        print(f"From {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    if dataset.relevant_from is not None:
        share = dataset.relevant(log).height / max(log.height, 1)
        print(f"Relevant from {dataset.relevant_from:g}: {share:.1%} of the events")
    if VALUE in log.columns:
        show.table(log.group_by(VALUE).len("events").sort(VALUE).head(20))
    for what, frame in (("items", dataset.items), ("people", dataset.users)):
        print(f"Columns of {what}: {', '.join(map(show.plain, frame.columns))}")
    if dataset.refused.height:
        show.table(dataset.refused.group_by("table", "rule").len("rows").sort("table", "rule"))
    else:
        print("No row was refused.")
    _origin(dataset)


def _origin(dataset: Dataset) -> None:
    import json

    from workbench.cli import show

    text = json.dumps(dataset.provenance, indent=2, ensure_ascii=False, default=str)
    print(f"Where it came from: {show.plain(text)}")
