"""What a frontier of mitigations says, in words; from its rows alone, as a report has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from workbench.audit.mitigation_figures import CATALOGUE, FRONTIER
from workbench.columns import DEFINITION

MUCH = 0.3
"""A fall of a disparity from which a way to mend it is called worth having."""
KEPT = {
    **FRONTIER,
    "chosen": pl.Boolean,
    "best": pl.Boolean,
    "goal": pl.String,
    "cost": pl.Float64,
    "k": pl.Int64,
    DEFINITION: pl.String,
}
"""A frontier as a run keeps it: each row knows what it was tried for."""

Row = Mapping[str, Any]


def kept(frontier: pl.DataFrame, best: int | None, settings: Mapping[str, Any]) -> pl.DataFrame:
    """The frontier with what it was tried for in each row; columns as ``KEPT``."""
    column, value = settings["kind"]
    share = "catalogue" if settings["against"] == CATALOGUE else "relevant test events"
    of_items = f"|1 - share of attention of {column}: {value} / its share of the {share}|"
    sample = settings["max_people"]
    few = "" if sample is None else f"; on either cut at most {sample:,} people, drawn by seed"
    by = settings["groups"]
    of_people = (
        "" if by is None
        else f"of people = largest gap of mean nDCG@{settings['k']} between two groups by {by}; "
    )  # fmt: skip
    words = (
        f"disparity of items = {of_items}; {of_people}strengths chosen on a cut "
        f"inside the training part at a loss of nDCG of at most {settings['cost']:.0%}, all points "
        f"measured on the test{few}"
    )
    return frontier.with_columns(
        (pl.col("point") == (-1 if best is None else best)).alias("best"),
        pl.lit(settings["goal"]).alias("goal"),
        pl.lit(settings["cost"]).alias("cost"),
        pl.lit(settings["k"], pl.Int64).alias("k"),
        pl.lit(words).alias(DEFINITION),
    ).select(*KEPT)


def found(rows: Sequence[Row]) -> str:
    """Which point was chosen on validation, and what it did on the test.

    Parameters
    ----------
    rows : sequence of mapping
        Of a frame with the columns ``KEPT``; the first is the engine as it is.
    """
    goal, cost = rows[0]["goal"], rows[0]["cost"]
    row = next((row for row in rows if row["best"]), None)
    if row is None:
        return (
            f"Of {len(rows) - 1} points none lowers the disparity of {goal} at a cost of at most "
            f"{cost:.0%} of nDCG on validation."
        )
    return (
        f"{row['method']} at {row['strength']:g}, chosen on validation, changes the disparity of "
        f"{goal} by {_change(row, goal)} and nDCG@{row['k']} by {_change(row, 'ndcg')} for "
        f"{row['n']:,} people of the test."
    )


def worth(rows: Sequence[Row]) -> str:
    """Whether any point lowers the disparity much at little cost on the test; plainly, if none."""
    goal, cost = rows[0]["goal"], rows[0]["cost"]
    asked = f"lowers it by {MUCH:.0%} or more at a loss of nDCG of at most {cost:.0%}"
    good = [
        row for row in rows[1:]
        if row[f"{goal}_change"] is not None
        and row[f"{goal}_change"] <= -MUCH and row["ndcg_change"] >= -cost
    ]  # fmt: skip
    sure = [row for row in good if row[f"{goal}_change_high"] < 0]
    if not sure:
        doubt = (
            " (of those that seem to, the interval covers no change: cannot tell)" if good else ""
        )
        return f"No point {asked}{doubt}: the frontier shows what there is to choose from."
    good = sure
    one = next((row for row in good if row["chosen"]), None)
    which = good[0] if one is None else one
    chosen = "chosen on validation" if one else "not chosen on validation, so it may be luck"
    return (
        f"{which['method']} at {which['strength']:g} {asked}, by {_change(which, goal)} and "
        f"{_change(which, 'ndcg')} ({chosen})."
    )


def _change(row: Row, name: str) -> str:
    value, low, high = (row[f"{name}_change{end}"] for end in ("", "_low", "_high"))
    return f"{value:+.1%} ({low:+.1%} to {high:+.1%})"
