"""Tables and lines for a terminal; text from a log is shown, never obeyed."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.columns import ATTRIBUTE, GROUP, HIGH, ITEM, LOW, METRIC, TITLE, VALUE, N

if TYPE_CHECKING:
    from workbench.audit.audit import Audit
    from workbench.data.split import Split
    from workbench.pipeline import Run
    from workbench.slate import Slates

WIDTH_OF_A_FILE = 120
INTERVAL = "low – high"
OF_PEOPLE = (
    METRIC, ATTRIBUTE, GROUP, N, VALUE, LOW, HIGH, "difference", "ratio", "p_adjusted",
)  # fmt: skip
"""The columns of the groups that a terminal has room for."""


def plain(text: object) -> str:
    """Text without control characters: a title must not move the cursor."""
    return "".join(
        c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in str(text)
    )


def number(value: Any, digits: int = 3) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.{digits}f}" if isinstance(value, float) else plain(value)


def table(frame: pl.DataFrame, title: str | None = None, digits: int = 3) -> None:
    """Print a frame, numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(
        title=title, box=box.SIMPLE, title_justify="left", title_style="bold", pad_edge=False
    )
    for name, dtype in frame.schema.items():
        whole = dtype.is_numeric() or name == INTERVAL
        grid.add_column(
            Text(plain(name)), justify="right" if dtype.is_numeric() else "left", no_wrap=whole
        )
    for row in frame.iter_rows():
        grid.add_row(*(Text(number(value, digits)) for value in row))
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE, highlight=False).print(grid)


def audited(found: Audit) -> None:
    """The tables of an audit, each narrow enough to be read; all columns are in the report."""
    people = found.people.select(*OF_PEOPLE)
    table(with_intervals(people), "For whom it works")
    for note in found.people["note"].drop_nulls().unique(maintain_order=True):
        print(f"  Not shown: {plain(note)}")
    table(with_intervals(found.items), "What is shown")
    table(with_intervals(found.leakage), "What it knows")
    table(with_intervals(found.verdicts), "Verdicts")


def unasked(slates: Slates, split: Split, k: int) -> None:
    """What the audit of lists made elsewhere leaves open, each with its reason."""
    from workbench.audit.unasked import asked_in_part, unasked

    for row in asked_in_part(slates, split, k).iter_rows(named=True):
        print(f"{row['question']}: {row['n']:,} of {row['of']:,}. So {row['what_it_means']}.")
    print("\nWhat could not be asked of lists alone:")
    for row in unasked(slates, split, k).iter_rows(named=True):
        print(f"- {row['question']}\n  No: {plain(row['why_not'])}.")
        print(f"  It would take {row['what_would_answer_it']}.")


def with_intervals(frame: pl.DataFrame) -> pl.DataFrame:
    """The two ends of an interval in one column of text."""
    ends = [
        "–" if low is None or high is None else f"{number(low)} – {number(high)}"
        for low, high in frame.select(LOW, HIGH).iter_rows()
    ]
    place = frame.columns.index(LOW)
    return frame.drop(LOW, HIGH).insert_column(place, pl.Series(INTERVAL, ends, dtype=pl.String))


def with_titles(frame: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """A frame of items with their titles, where the log has them."""
    if TITLE not in items.columns:
        return frame
    joined = frame.join(items.select(ITEM, TITLE), on=ITEM, how="left", maintain_order="left")
    place = frame.columns.index(ITEM) + 1
    return joined.select(*frame.columns[:place], TITLE, *frame.columns[place:])


def finished(run: Run) -> None:
    """What a run found, where it is, and what to type next."""
    from workbench.pipeline.leaderboard import at_a_glance
    from workbench.report.content import left_out

    told, cut = run.manifest["dataset"], run.manifest["split"]
    configuration = run.manifest["configuration"]
    table(
        at_a_glance(run.standings),
        f"{plain(told['name'])}: {cut['asked']:,} people asked, the first "
        f"{configuration['k']} places, split {cut['method']}",
    )
    _compared(run)
    ties = run.tie_orders
    if ties.height:
        print(
            f"Order of ties in time: {ties['mean'].min():.4f} to {ties['mean'].max():.4f} nDCG of "
            f"{ties['model'][0]} over {ties.height} orders"
        )
    for name, reason in left_out(run.manifest).items():
        print(f"Left out: {name}: {plain(reason)}")
    for remark in configuration["remarks"]:
        print(f"Note: {plain(remark)}.")
    if told["refused"]:
        print("Refused rows, by table and rule (listed in the report):")
        for name, rules in told["refused"].items():
            counts = ", ".join(f"{plain(rule)} {n:,}" for rule, n in rules.items())
            print(f"    {plain(name)}: {counts}")
    print(f"Seconds: {_seconds(run.manifest['stages'])}")
    print(f"\nRun folder  {run.path}\nReport      {run.report}")
    print(
        "\nNext:  make app                      see it in the browser (or `workbench app`)\n"
        "       workbench recommend --items ID,ID,...\n"
        "       make lab                      ask your own questions in a notebook"
    )


def _compared(run: Run) -> None:
    """The two comparisons that decide whether the engine is worth its cost."""
    from workbench.pipeline.leaderboard import BLEND, best_single

    for rival in dict.fromkeys((best_single(run.leaderboard), BLEND)):
        for row in run.comparisons.filter(pl.col("against") == rival).iter_rows(named=True):
            print(_comparison(row))


def _comparison(row: Mapping[str, Any]) -> str:
    """One comparison in a line; on few people, parts of it cannot be computed and are left out."""
    against = f"Engine against {row['against']}: "
    if not _known(row["difference"]):
        return f"{against}cannot be compared, {row['n']:,} people"
    parts = [f"{row['difference']:+.4f} nDCG"]
    if _known(row["low"]) and _known(row["high"]):
        parts[0] += f" [{row['low']:+.4f}, {row['high']:+.4f}]"
    if _known(row["ratio"]):
        parts.append(f"ratio {row['ratio']:.3f}")
    if _known(row["p_adjusted"]):
        parts.append(f"p (adjusted) {row['p_adjusted']:.4f}")
    return against + ", ".join([*parts, f"{row['n']:,} people"])


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _seconds(seconds: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
