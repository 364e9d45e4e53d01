"""`workbench audit`: for whom it works, judged by a written policy, which makes it a gate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.options import Home, latest
from workbench.errors import ArgumentError

if TYPE_CHECKING:
    from workbench.audit.audit import Audit
    from workbench.models.base import Recommender
    from workbench.pipeline import Run
    from workbench.slate import Slates

DEFAULT = "default"
"""The word for the policy that comes with the package."""


def audit(
    slates: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            show_default=False,
            help="Lists made elsewhere instead: a CSV with user_id, item_id and rank or score.",
        ),
    ] = None,
    k: Annotated[
        int | None,
        typer.Option(
            "-k",
            "--k",
            min=1,
            show_default=False,
            help="Places of those lists to audit; by default as many as the run has, but at most "
            "as many as the lists have.",
        ),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            show_default=False,
            help="Judge by this policy (a TOML file, or 'default') and exit 0 where all passes, 1 "
            "where something fails, 3 where it cannot be told.",
        ),
    ] = None,
    home: Home = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Show for whom the engine of the latest run works, or audit lists made elsewhere."""
    from workbench.audit.verdict import read_policy
    from workbench.cli import show

    if slates is None and k is not None:
        raise ArgumentError(
            "-k is for lists made elsewhere, give --slates too; the audit of a run has the places "
            "of the run: `workbench run -k`"
        )
    written = None if policy in (None, DEFAULT) else read_policy(policy).content
    run = latest(home)
    lists = None if slates is None else _read_slates(slates, run)
    if lists is None:
        found = run.audit if policy is None else _judged(run, written, quiet)
    else:
        places = min(run.manifest["configuration"]["k"], lists.k) if k is None else k
        if places > lists.k:
            raise ArgumentError(
                f"-k: the longest list of {slates} has {lists.k} places and -k is {places}; ask "
                f"for at most {lists.k}"
            )
        print(f"The first {places} places of the lists of {show.plain(slates)}")
        found = _audited(run, lists, places, written, quiet)
    show.audited(found)
    if lists is not None:
        show.unasked(lists, run.split, places)
    if policy is not None:
        name = show.plain(found.policy.get("name", "unnamed"))
        outcome = {0: "everything passes", 1: "something fails", 3: "cannot tell"}
        print(f"\nBy the policy {name!r}: {outcome[found.exit_code]}.")
        raise typer.Exit(found.exit_code)


def _judged(run: Run, written: dict[str, object] | None, quiet: bool) -> Audit:
    """The figures of the run under a policy; made again where it hides larger groups."""
    from workbench.audit.verdict import read_policy

    kept = run.audit
    if read_policy(written).minimum == kept.settings["minimum"]:
        return kept.judged(written)
    return _audited(run, run.engine, kept.settings["k"], written, quiet, kept.settings["seed"])


def _audited(
    run: Run,
    model: Recommender | Slates,
    k: int,
    written: dict[str, object] | None,
    quiet: bool,
    seed: int = 0,
) -> Audit:
    from tqdm import tqdm

    import workbench as wb

    with tqdm(
        bar_format="audit: {desc} [{elapsed}]",
        leave=False,
        file=sys.stderr,
        disable=True if quiet else None,  # None: no bar where nobody looks
    ) as bar:
        return wb.audit(
            model, run.split, k=k, policy=written, seed=seed, say=bar.set_description_str
        )


def _read_slates(path: Path, run: Run) -> Slates:
    """Lists from a CSV, ids as the run spells them."""
    import polars as pl

    from workbench.columns import ITEM, RANK, SCORE, USER
    from workbench.errors import DataError
    from workbench.slate import Slates

    try:
        frame = pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        first = str(error).strip().splitlines()[0]
        raise DataError(f"--slates: {path} cannot be read as CSV: {first}") from error
    train = run.split.train
    wanted: dict[str, pl.DataType] = {
        USER: train.people.ids.dtype,
        ITEM: train.catalogue.ids.dtype,
        RANK: pl.Int64(),
        SCORE: pl.Float64(),
    }
    for column, dtype in wanted.items():
        if column not in frame.columns:
            continue
        cast = frame[column].cast(dtype, strict=False)
        bad = frame[column].filter(cast.is_null() & frame[column].is_not_null())
        if len(bad):
            kind = "number" if dtype.is_float() else "whole number"
            raise DataError(f"--slates: {bad[0]!r} in column {column} of {path} is no {kind}")
        frame = frame.with_columns(cast)
    return Slates.from_frame(frame)
