"""Commands that look at the latest run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.options import (
    NO_RUN,
    History,
    Home,
    Person,
    Places,
    as_id,
    latest,
    one_person,
    profile,
)
from workbench.errors import WorkbenchError


def recommend(
    user: Person = None, items: History = None, k: Places = 10, home: Home = None
) -> None:
    """Show what the engine of the latest run recommends to somebody."""
    import workbench as wb
    from workbench.cli import show

    one_person(user, items)
    run = latest(home)
    slate = wb.slate(run.engine, profile(run, user, items), k=k)
    show.table(show.with_titles(slate.frame, run.split.train.items))


def explain(
    user: Person = None,
    items: History = None,
    item: Annotated[
        str | None,
        typer.Option(help="Which item; by default the first of the slate.", show_default=False),
    ] = None,
    home: Home = None,
) -> None:
    """Say why the engine of the latest run scores an item as it does."""
    import workbench as wb
    from workbench.cli import show
    from workbench.errors import DataError

    one_person(user, items)
    run = latest(home)
    person = profile(run, user, items)
    if item is None:
        slate = wb.slate(run.engine, person, k=1)
        if not len(slate):
            raise DataError("the engine has nothing to recommend to this person; give --item ID")
        chosen = slate.items[0]
    else:
        chosen = as_id(item, run.split.train.catalogue, "--item")
    why = wb.explain(run.engine, person, chosen)
    print(show.plain(why.sentence))
    print(f"score {why.score:.4f} = base {why.base:.4f} + the shares (residual {why.residual:.1e})")
    show.table(why.features.head(15), "Shares of the features")
    show.table(show.with_titles(why.events.head(15), run.split.train.items), "What each event does")


def report(home: Home = None) -> None:
    """Say where the report of the latest run is."""
    from workbench.pipeline import Run

    path = Run.latest_path(home)
    if path is None:
        raise WorkbenchError(NO_RUN)
    print(Run(path, {}).report)


def verify(
    path: Annotated[
        Path, typer.Argument(exists=True, help="report.json, report.html or a run folder.")
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            show_default=False,
            help="The run folder, where the report lies elsewhere; else it is looked for.",
        ),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(dir_okay=False, show_default=False, help="A file that the log came from."),
    ] = None,
    rescore: Annotated[
        bool, typer.Option("--rescore/--stored-only", help="Ask the stored engine again, too.")
    ] = True,
    refit: Annotated[
        bool, typer.Option("--refit", help="Fit all models again, too; as long as the run took.")
    ] = False,
    home: Home = None,
) -> None:
    """Compute the numbers of a report again and say which agree.

    Figures from stored rows have to come out exactly, those of the engine asked again within
    1e-6. What is not found is asked for by name.
    """
    from workbench.pipeline.recheck import recheck

    def say(what: str) -> None:
        print(f"… {what}", file=sys.stderr)

    found = recheck(path, folder, data=data or (), home=home, rescore=rescore, refit=refit, say=say)
    print(found)
    raise typer.Exit(found.exit_code)
