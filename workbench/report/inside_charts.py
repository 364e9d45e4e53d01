"""Charts of what an engine looks at: importance, dependence, interactions, retrievers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl

from workbench.columns import FEATURE, GROUP, HIGH, LOW, ROW, SCORE, SHARE, VALUE, N
from workbench.report.charts import (
    BLUE,
    GREY,
    WIDTH,
    dots,
    line,
    short,
    styled,
    titled,
)

if TYPE_CHECKING:
    from workbench.explain.dependence import Dependence
    from workbench.explain.interactions import Interactions
    from workbench.explain.partial import PartialDependence

UNIT = "log-odds"
HEIGHT = 280
MOST_POINTS, MOST_LINES = 1200, 60
"""More dots or lines than these hide each other."""
RETRIEVED = {
    "first": "share of the list that it puts highest of all",
    "brought": "share of the list that is among its candidates",
    "only": "share of the list that no other brings",
    "recall": "share of what people later liked among its candidates",
    "recall_drop": "share of what people later liked that only it brings",
    "ndcg_drop": "nDCG lost without its candidates",
}
"""Figure of ``retrievers_contribution`` → what it is, as on an axis."""


def importance_chart(frame: pl.DataFrame, of: str = GROUP, most: int = 12) -> Any:
    """Mean |share| of each group or feature with its interval, the largest first.

    Parameters
    ----------
    frame : polars.DataFrame
        From ``wb.importance``.
    of : str
        "group" or "feature".
    most : int
        Rows that are drawn.
    """
    told = pl.col(FEATURE).is_null() if of == GROUP else pl.col(FEATURE).is_not_null()
    rows = frame.filter(told).head(most)
    shown = _ended(rows, of, "mean_abs_share")
    label = f"mean size of the share of a score ({UNIT})"
    chart = dots(shown, of, "mean_abs_share", label, shown[of].to_list())
    what = "groups of features" if of == GROUP else "single features"
    about = [_asked(rows), _against(rows["background"], rows["background_size"])]
    return styled(titled(chart, f"What moves the scores, by {what}", about))


def difference_chart(frame: pl.DataFrame, name: str, other: str, most: int = 12) -> Any:
    """What the engine looks at for one cohort more than for another, by group.

    Parameters
    ----------
    frame : polars.DataFrame
        From ``GlobalShares.difference``.
    name, other : str
        What the two cohorts are called.
    most : int
    """
    rows = frame.filter(pl.col(FEATURE).is_null()).head(most)
    shown = _ended(rows, GROUP, "difference")
    label = f"{name} less {other}: mean size of the share ({UNIT})"
    chart = dots(
        shown, GROUP, "difference", label, shown[GROUP].to_list(), [line({"difference": 0.0})]
    )
    people = f"{rows[N][0]:,} and {rows['n_against'][0]:,} people; lines: 95 % intervals"
    return styled(titled(chart, f"What moves scores more for {name}", [people]))


def dependence_chart(found: Dependence) -> Any:
    """Share of a feature against its value: every pair a dot, means of bins with intervals.

    With a second feature, dots bear its value as colour (viridis: read in grey, too).
    """
    points = found.points.drop_nulls(VALUE)
    points = points.gather_every(max(1, -(-points.height // MOST_POINTS)))
    curve = _whole(found.curve.drop_nulls(VALUE), "mean_share")
    x = alt.X(f"{VALUE}:Q", title=_named(found.meaning or found.feature, found.unit), scale=_free())
    y_title = f"share of the score ({UNIT})"
    colour: Any = alt.value(GREY)
    if found.by is not None:
        colour = alt.Color(
            "other:Q",
            title=found.by,
            scale=alt.Scale(scheme="viridis"),
            legend=alt.Legend(gradientOpacity=1),
        )
    dot = alt.Chart(_data(points.select(VALUE, SHARE, "other").to_dicts()))
    base = alt.Chart(_data(curve.to_dicts()))
    chart = alt.layer(
        dot.mark_point(filled=True, size=16, opacity=0.55).encode(
            x=x, y=alt.Y(f"{SHARE}:Q", title=y_title), color=colour
        ),
        base.mark_rule(strokeWidth=2.5, color=BLUE, opacity=0.6).encode(
            x=x, y=alt.Y(f"{LOW}:Q", title=y_title), y2=f"{HIGH}:Q"
        ),
        base.mark_line(color=BLUE, strokeWidth=2, point={"color": BLUE, "size": 60}).encode(
            x=x, y=alt.Y("mean_share:Q", title=y_title)
        ),
        width=WIDTH,
        height=HEIGHT,
    )
    people = points[ROW].n_unique()
    about = [
        f"{found.points.height:,} pairs of {people:,} people; dot: one pair; line: mean of about "
        "as many pairs each, 95 % interval",
        f"against {found.background}",
    ]
    return styled(titled(chart, f"{found.feature}: share by value", about))


def partial_dependence_chart(found: PartialDependence) -> Any:
    """Score where one feature is set: some single pairs as thin lines, the mean with its band."""
    curve = _whole(found.curve, "mean")
    kept = found.ice["pair"].unique(maintain_order=True)
    kept = kept.gather_every(max(1, -(-len(kept) // MOST_LINES)))
    lines = found.ice.filter(pl.col("pair").is_in(kept.implode()))
    x = alt.X(f"{VALUE}:Q", title=_named(found.meaning or found.feature, found.unit), scale=_free())
    y_title = f"score ({UNIT})"
    single = alt.Chart(_data(lines.select("pair", VALUE, SCORE).to_dicts()))
    base = alt.Chart(_data(curve.to_dicts()))
    chart = alt.layer(
        single.mark_line(strokeWidth=0.8, color=GREY, opacity=0.35).encode(
            x=x, y=alt.Y(f"{SCORE}:Q", title=y_title, scale=_free()), detail="pair:N"
        ),
        base.mark_area(color=BLUE, opacity=0.25).encode(
            x=x, y=alt.Y(f"{LOW}:Q", title=y_title, scale=_free()), y2=f"{HIGH}:Q"
        ),
        base.mark_line(color=BLUE, strokeWidth=2.5).encode(
            x=x, y=alt.Y("mean:Q", title=y_title, scale=_free())
        ),
        width=WIDTH,
        height=HEIGHT,
    )
    about = [
        f"{found.curve['n_pairs'][0]:,} pairs of {found.curve[N][0]:,} people; thin: single pairs; "
        "band: 95 % interval of the mean",
        "the other features stay as they are, even where the two could not go together",
    ]
    return styled(titled(chart, f"{found.feature}: score where it is set", about))


def interactions_chart(found: Interactions, most: int = 12) -> Any:
    """Mean size of what two features do together, with its interval, the largest first."""
    rows = found.frame.filter(pl.col("first") != pl.col("second")).head(most)
    names = pl.format("{} × {}", "first", "second").alias("both")
    shown = _ended(rows.with_columns(names), "both", "mean_abs")
    label = f"mean size of the interaction ({UNIT})"
    chart = dots(shown, "both", "mean_abs", label, shown["both"].to_list())
    about = [_asked(rows), "against the pairs that the ranker learnt from"]
    return styled(titled(chart, "What features do together", about))


def retrievers_chart(frame: pl.DataFrame, figure: str = "ndcg_drop") -> Any:
    """One figure of each retriever with its interval, the largest first.

    Parameters
    ----------
    frame : polars.DataFrame
        From ``wb.retrievers_contribution``.
    figure : str
        Of ``RETRIEVED``.
    """
    rows = frame.sort(figure, descending=True, maintain_order=True).select(
        "retriever",
        figure,
        pl.col(f"{figure}_low").alias(LOW),
        pl.col(f"{figure}_high").alias(HIGH),
        N,
    )
    shown = _ended(rows, "retriever", figure)
    lines = [line({figure: 0.0})] if figure == "ndcg_drop" else []
    chart = dots(shown, "retriever", figure, RETRIEVED[figure], shown["retriever"].to_list(), lines)
    about = [f"means over {rows[N][0]:,} people; lines: 95 % intervals"] if rows.height else []
    return styled(titled(chart, "What each retriever contributes", about))


def _ended(rows: pl.DataFrame, name: str, value: str) -> pl.DataFrame:
    """What is drawn of rows: short names, and a figure without an interval as a dot alone."""
    return short(_whole(rows, value).select(name, value, LOW, HIGH, N), name)


def _whole(rows: pl.DataFrame, value: str) -> pl.DataFrame:
    return rows.with_columns(pl.col(LOW, HIGH).fill_null(pl.col(value)))


def _asked(rows: pl.DataFrame) -> str:
    if rows.height == 0:
        return "nothing to show"
    return f"{rows['n_pairs'][0]:,} pairs of {rows[N][0]:,} people; lines: 95 % intervals"


def _against(name: pl.Series, size: pl.Series) -> str:
    if len(name) == 0:
        return ""
    return f"against {name[0]}" + (f" ({size[0]:,} pairs)" if size[0] is not None else "")


def _named(words: str, unit: str) -> str:
    return f"{words} ({unit})" if unit else words


def _data(rows: list[dict[str, Any]]) -> Any:
    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


def _free() -> Any:
    return alt.Scale(zero=False, nice=True, padding=8)
