"""Is it still there among people alike: differences between groups, with something else held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import t as student

from workbench.audit.groups import CROSS, Grouping, codes, groupings
from workbench.audit.intervals import Floats
from workbench.audit.people import TOO_FEW
from workbench.columns import ATTRIBUTE, GROUP, METRIC, N
from workbench.errors import ArgumentError
from workbench.evaluation.resampling import holm

CONTROL = "control"
FEWEST = 5
"""People of a group, and of the others, in a stratum: with fewer there is no comparison in it."""
LEVEL = 0.95
SCHEMA = {
    METRIC: pl.String,
    ATTRIBUTE: pl.String,
    GROUP: pl.String,
    CONTROL: pl.String,
    N: pl.Int64,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "p": pl.Float64,
    "p_adjusted": pl.Float64,
    "suppressed": pl.Boolean,
    "note": pl.String,
}


def controlled_frame(
    rows: pl.DataFrame,
    groupings: Sequence[Grouping],
    control: Grouping,
    metrics: Sequence[str],
    people: pl.DataFrame,
    minimum: int,
) -> pl.DataFrame:
    """Differences between a group and all others of the same stratum of a control.

    Parameters
    ----------
    rows : polars.DataFrame
        One row per person with a column per metric.
    groupings : sequence of Grouping
        Row-aligned with ``rows``.
    control : Grouping
        Whose groups are the strata, row-aligned too. Groupings that it is made of are left out.
    metrics : sequence of str
    people : polars.DataFrame
        ``people_frame`` of the same; a group that is suppressed there is suppressed here.
    minimum : int
        Of a group's people who can be compared.

    Returns
    -------
    polars.DataFrame
        One row per metric, attribute and group. ``difference``, in the metric's unit, is the mean
        over strata of (mean of the group - mean of the others in the stratum), weighted by the
        group's people in each: what would be left of the gap if the others were spread over the
        strata as the group is. ``n`` of the group's people are in strata with at least five of
        the group and of the others; the rest have nobody to be compared with. 95 % interval and
        ``p`` of Student's t with Welch's and Satterthwaite's degrees of freedom; ``p_adjusted``
        after Holm over the frame.

    Notes
    -----
    The strata are what Fairlearn's ``MetricFrame`` calls control features. A control that is itself
    made by the disparity (shorter histories, because the lists were worse) hides some of it.

    Source: direct standardisation, as in Rothman, Greenland, Lash 2008, "Modern epidemiology",
    chapter 3; Satterthwaite 1946.
    """
    hidden = {
        (row[METRIC], row[ATTRIBUTE], row[GROUP])
        for row in people.filter("suppressed").iter_rows(named=True)
    }
    stratum, n_strata = codes(control), len(control.order)
    parts = set(control.attribute.split(CROSS))
    found: list[dict[str, Any]] = []
    for metric in metrics:
        column = rows[metric].cast(pl.Float64).fill_null(np.nan).to_numpy()
        known = ~np.isnan(column)
        for grouping in groupings:
            if parts & set(grouping.attribute.split(CROSS)):
                continue
            group = codes(grouping)[known]
            cells = _cells(column[known], group, len(grouping.order), stratum[known], n_strata)
            for g, name in enumerate(grouping.order):
                row: dict[str, Any] = dict.fromkeys(SCHEMA)
                row.update({METRIC: metric, ATTRIBUTE: grouping.attribute, GROUP: name})
                row.update({CONTROL: control.attribute, "suppressed": False})
                compared = _compared(cells, g)
                row[N] = compared.pop(N)
                if (metric, grouping.attribute, name) in hidden or row[N] < minimum:
                    row[N] = None
                    row.update({"suppressed": True, "note": f"{TOO_FEW} (n < {minimum})"})
                else:
                    row.update(compared)
                found.append(row)
    frame = pl.DataFrame(found, schema=SCHEMA, orient="row")
    p = frame["p"].fill_null(np.nan).to_numpy()
    return frame.with_columns(pl.Series("p_adjusted", holm(p)).fill_nan(None))


def strata(known: pl.DataFrame, control: str | Sequence[str] | None) -> Grouping | None:
    """What is held, as groups; None where nothing is, or where all people are alike in it.

    Raises
    ------
    ArgumentError
        Nothing of that name is known of people, or it can be no group.
    """
    if control is None:
        return None
    names = [control] if isinstance(control, str) else list(control)
    try:
        made, _ = groupings(known, names if len(names) == 1 else [names])
    except ArgumentError as error:
        raise ArgumentError(str(error).replace("groups", "control", 1)) from error
    return made[0] if len(made[0].order) > 1 else None


def _cells(
    values: Floats, group: NDArray[np.int64], n_groups: int, stratum: NDArray[np.int64], n: int
) -> Floats:
    """People, sum and sum of squares of each group in each stratum, ``(3, n_groups, n)``."""
    place = group * n + stratum
    weights = (None, values, values**2)
    return np.stack(
        [np.bincount(place, w, minlength=n_groups * n).reshape(n_groups, n) for w in weights]
    )


def _compared(cells: Floats, g: int) -> dict[str, Any]:
    """``n`` of the group's people in strata where both sides are enough, and the difference."""
    ours, others = cells[:, g], cells.sum(axis=1) - cells[:, g]
    both = (ours[0] >= FEWEST) & (others[0] >= FEWEST)
    n, m = ours[0][both], others[0][both]
    total = int(n.sum())
    if total == 0:
        return {N: 0}
    weight = n / total
    gaps, variances, freedom = [], [], []
    for count, (sums, squares) in ((n, ours[1:, both]), (m, others[1:, both])):
        mean = sums / count
        variance = np.maximum(squares - count * mean**2, 0.0) / (count - 1)
        gaps.append(mean)
        variances.append(weight**2 * variance / count)
        freedom.append(count - 1)
    gap = float((weight * (gaps[0] - gaps[1])).sum())
    part, df = np.concatenate(variances), np.concatenate(freedom)
    error = float(np.sqrt(part.sum()))
    if error == 0.0:  # everybody alike: nothing to say how sure one may be
        return {N: total, "difference": gap, "note": "no spread among those compared"}
    degrees = float(part.sum() ** 2 / (part**2 / df).sum())
    reach = float(student.ppf((1 + LEVEL) / 2, degrees)) * error
    return {
        N: total,
        "difference": gap,
        "difference_low": gap - reach,
        "difference_high": gap + reach,
        "p": float(2 * student.sf(abs(gap) / error, degrees)),
    }
