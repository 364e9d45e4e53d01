"""`workbench tune`: a search over a model's parameters."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.options import Home, Places, Seed, mapping
from workbench.errors import ArgumentError

WORDS = {"true": True, "false": False, "none": None}
"""What is no text, though it is spelled in letters."""


def tune(
    name: Annotated[str, typer.Argument(help="Name of a model (`workbench models`).")],
    data: Annotated[
        str, typer.Option(help="Name of a data set (`workbench data list`).")
    ] = "movielens-100k",
    space: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            help="What to search: reg=1.0:100.0:log,n_factors=32|64. By default the model's own.",
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(help="In all, those of an interrupted call included.")
    ] = 30,
    method: Annotated[
        str, typer.Option("--split", help="per-user-time, global-time, leave-last or random.")
    ] = "per-user-time",
    metric: Annotated[
        str | None,
        typer.Option(show_default=False, help="What to make best; by default ndcg, or rmse."),
    ] = None,
    k: Places = 10,
    seed: Seed = 0,
    home: Home = None,
    again: Annotated[bool, typer.Option("--again", help="Begin anew.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Search a model's parameters on a cut inside the training window; the test is never read."""
    from workbench.cli import show
    from workbench.cli.run import SPLITS
    from workbench.data.load import load
    from workbench.data.split import Split, split
    from workbench.pipeline.tune import tune as search

    if method not in SPLITS:
        raise ArgumentError(f"--split: {method!r} is none of {', '.join(SPLITS)}")
    wanted = None if space is None else {p: _values(p, v) for p, v in mapping(space).items()}
    made = split(load(data), method)
    assert isinstance(made, Split)
    found = search(
        name, made, wanted, trials, seed,
        metric=metric, k=k, home=home, resume=not again, progress=not quiet,
    )  # fmt: skip
    print(f"{name}: {found['metric'][0]} on the {found['validation'][0]}")
    show.table(found.drop("metric", "validation", "reason"))
    failed = found.filter(found["state"] == "failed")
    for reason in failed["reason"].unique(maintain_order=True):
        print(f"Failed: {show.plain(reason)}")


def _values(param: str, text: str) -> tuple[object, ...] | list[object]:
    """``1:100:log`` as a range, ``a|b`` as a choice."""
    if "|" in text:
        return [_value(part) for part in text.split("|")]
    ends = text.split(":")
    if len(ends) not in (2, 3):
        raise ArgumentError(
            f"--space: {param}={text} is neither a range such as {param}=1.0:100.0:log nor a "
            f"choice such as {param}=32|64"
        )
    return tuple(_value(part) for part in ends)


def _value(text: str) -> float | int | str | bool | None:
    text = text.strip()
    if (word := text.lower()) in WORDS:
        return WORDS[word]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
