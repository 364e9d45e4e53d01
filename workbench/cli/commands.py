"""All commands of `workbench`. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from workbench.cli import INTERRUPTED, INTERRUPTED_MESSAGE

DEBUG = "WORKBENCH_DEBUG"
USAGE_OR_DATA = 2


class Sentences(TyperGroup):
    """Says what went wrong in one sentence; a traceback only where it was asked for."""

    def invoke(self, ctx: Any) -> Any:
        from workbench.errors import WorkbenchError

        try:
            return super().invoke(ctx)
        except WorkbenchError as error:
            if os.environ.get(DEBUG):
                raise
            from workbench.cli.options import in_options
            from workbench.cli.show import plain

            print(f"workbench: {plain(in_options(str(error)))}", file=sys.stderr)
            raise typer.Exit(USAGE_OR_DATA) from error
        except KeyboardInterrupt:
            print(INTERRUPTED_MESSAGE, file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    name="workbench",
    cls=Sentences,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Look inside a personalization engine before it meets users.",
)


def _version(asked: bool) -> None:
    if asked:
        import workbench

        print(workbench.__version__)
        raise typer.Exit


@app.callback()
def main(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks instead of one sentence.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it and stop.")
    ] = False,
) -> None:
    if debug:
        os.environ[DEBUG] = "1"


# Each module adds its commands to the app, so they come after it.
from workbench.cli import audit, compare, data, look, models, run, serve, subject, tune  # noqa: E402

app.add_typer(data.commands, name="data")
app.add_typer(subject.commands, name="subject")
for command in (
    run.run,
    tune.tune,
    serve.app,
    serve.lab,
    models.models,
    look.recommend,
    look.explain,
    audit.audit,
    compare.compare,
    look.report,
    look.verify,
):
    app.command()(command)
