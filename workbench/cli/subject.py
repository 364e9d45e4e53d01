"""`workbench subject`: what is held on one person, handed over or erased."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Home
from workbench.errors import ArgumentError

if TYPE_CHECKING:
    from workbench.pipeline.erase import Erasure

commands = typer.Typer(
    help="One person's rights: export what is held on them, erase it.", no_args_is_help=True
)
Who = Annotated[str, typer.Argument(metavar="ID", help="Id of a person of a run.")]
Log = Annotated[
    str | None,
    typer.Option(
        "--data",
        show_default=False,
        help="Name of the log whose person it is; by default that of the latest run.",
    ),
]


@commands.command()
def export(
    user_id: Who,
    to: Annotated[Path, typer.Option("--to", file_okay=False, help="A new folder to write to.")],
    data: Log = None,
    home: Home = None,
) -> None:
    """Write all that is held on a person and what the engine infers, as JSON and HTML."""
    from workbench.pipeline.export import export as write

    place = write(user_id, to, home, data)
    print(f"{place / 'subject.html'}\n{place / 'subject.json'}")


@commands.command()
def erase(
    user_id: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; it cannot be undone.")] = False,
    data: Log = None,
    home: Home = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Make every run again without a person, and show that nothing of them is left."""
    from workbench.cli import show
    from workbench.pipeline.erase import erase as remove
    from workbench.pipeline.erase import find

    if not yes:
        held = find(user_id, home, data)
        if held.runs or held.traces.height:
            show.table(held.traces, f"What is held on {show.plain(user_id)}, to be erased")
            raise ArgumentError(
                f"erasing makes {len(held.runs)} run(s) again and cannot be undone; nothing was "
                "done yet: give --yes"
            )
    _shown(remove(user_id, home, data, progress=not quiet))


def _shown(found: Erasure) -> None:
    from workbench.cli import show

    if not found.done:
        print(
            f"Nothing to do: they were erased on {found.when}. {found.searched:,} files were "
            "searched again, and nothing of them is there."
        )
        return
    show.table(found.found, "Found, and erased")
    show.table(
        found.others.drop("run", "instead_of"), "Other people's scores and slates, before and after"
    )
    print(
        "Changes are in units of the score; spread is the standard deviation of all scores. A "
        "ranker that is fitted again draws other samples, so more moves than one person's doing."
    )
    for old, new in found.others.select("instead_of", "run").iter_rows():
        print(f"Made again: {old} is now {new}")
    for words in found.words:
        print(words)
    if not found.complete:
        show.table(found.left, "Still there")
        print("Some of it is left: remove these files by hand, then call again.")
        raise typer.Exit(1)
    print(f"Nothing is left: {found.searched:,} files were searched after.")
