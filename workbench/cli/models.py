"""`workbench models`: which there are, and whether those of one's own keep the contract."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import typer

from workbench.cli.options import Plugins

if TYPE_CHECKING:
    from workbench.ranking.plugins import Plugin

BROKEN = 1
"""Exit code where a model breaks the contract."""


def models(plugin: Plugins = None) -> None:
    """Name the models, what they need of a log and where they come from.

    With --plugin also those of your own, each held to the contract of models: the exit code is 1
    where one breaks it.
    """
    import polars as pl

    from workbench.cli import show
    from workbench.ranking.plugins import plugins
    from workbench.ranking.registry import model_class, model_names
    from workbench.ranking.tuned import DEFAULTS

    offered = plugins(plugin or ())
    classes = {name: model_class(name) for name in model_names()}
    origin = {name: str(DEFAULTS.get(name, "–")) for name in classes}
    for one in offered:
        classes |= one.models
        origin |= dict.fromkeys(one.models, f"plug-in {one.source}")
    rows = [
        {
            "model": name,
            "what it is": (cls.__doc__ or "–").strip().splitlines()[0],
            "needs": ", ".join(sorted(cls.needs)) or "–",
            "personalised": "yes" if cls.personalised else "no",
            "defaults found on": origin[name],
        }
        for name, cls in classes.items()
    ]
    show.table(pl.DataFrame(rows))
    print(
        "Defaults were found on a cut inside the training part. Where there is –, they were not "
        "searched: a library's own, set by hand, or found in the fit."
    )
    kept = [_keeps_the_contract(one, name) for one in offered for name in one.models]
    if not all(kept):
        raise typer.Exit(BROKEN)


def _keeps_the_contract(plugin: Plugin, name: str) -> bool:
    """Say how many rules of the contract a model of a plug-in keeps, and how it breaks others."""
    import polars as pl

    from workbench.checks.model import check_model
    from workbench.cli import show

    found = check_model(plugin.models[name], raise_on_failure=False)
    broken = found.filter(pl.col("result").str.starts_with("failed"))
    passed = found.filter(pl.col("result") == "passed").height
    print(
        f"\n{show.plain(name)} {'breaks' if broken.height else 'keeps'} the contract: {passed} of "
        f"{found.height} rules passed, {broken.height} broken, the others are not asked of it\n"
        f"  from {show.plain(plugin.source)}, sha256 {plugin.sha256}"
    )
    for rule, result, meaning in broken.select("rule", "result", "meaning").iter_rows():
        how = result.removeprefix(f"failed: {rule}: ")
        print(f"  broken: {rule}\n    the rule: {_first(meaning)}\n    it failed: {_first(how)}")
    return not broken.height


def _first(text: str) -> str:
    """The first paragraph of a text in one line."""
    from workbench.cli import show

    return show.plain(" ".join(inspect.cleandoc(text).partition("\n\n")[0].split()))
