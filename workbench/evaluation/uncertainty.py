"""From rows to figures: means with intervals, and paired comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from workbench.columns import DEFINITION, HIGH, LOW, MEAN, METRIC, N_RELEVANT, USER, N
from workbench.errors import ArgumentError, DataError
from workbench.evaluation.accuracy import Floats
from workbench.evaluation.definitions import METRICS, PROTOCOL, K, definition
from workbench.evaluation.resampling import (
    Sums,
    detectable,
    holm,
    interval,
    resampled,
    swap_test,
    unanimous,
)

SCORED, ASKED = "n_scored", "n_ratings"


def summarise(
    rows: pl.DataFrame,
    by: str | Sequence[str] | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 2000,
) -> pl.DataFrame:
    """Mean of every metric over people, with a bootstrap interval.

    People are drawn again with replacement; the interval is Efron's BCa, which follows skew, its
    quantiles widened to those of Student's t for small n (Hesterberg 2015). Where all people have
    the same value of a bounded metric, a bootstrap sees no spread; the interval then allows for
    the share of other people that ``n`` would miss (Clopper-Pearson). With one person there is
    none.

    Parameters
    ----------
    rows : polars.DataFrame
        From ``wb.evaluate`` or ``evaluate_ratings``; any part of it, with columns joined on.
    by : str or sequence of str, optional
        Columns to group by, e.g. "model". A group's figures do not depend on the other groups.
    level : float
        Share of such intervals that hold the truth.
    seed : int
    n_boot : int
        Number of resamples.

    Returns
    -------
    polars.DataFrame
        ``by`` columns, then ``metric, mean, low, high, n, definition``. Nulls are left out: ``n``
        counts the people with a value. RMSE and MAE are pooled over ratings.

    Raises
    ------
    ArgumentError
        ``level`` or ``n_boot`` cannot work, or ``rows`` are not such rows.
    DataError
        There are no rows, or rows of one group were measured in different ways.
    """
    _check(level, n_boot)
    metrics = _metrics(rows)
    keys = [by] if isinstance(by, str) else list(by or [])
    for key in keys:
        if key not in rows.columns:
            raise ArgumentError(f"by={key!r} is no column of rows; there are {rows.columns}")
    groups = rows.partition_by(keys, maintain_order=True) if keys else [rows]
    frames = []
    for group in groups:
        k, protocol = _how(group, f"one group of by={by!r}" if keys else "rows")
        sums = [_sums(group, metric) for metric in metrics]
        found = []
        for metric, value in zip(metrics, sums, strict=True):
            mask = value.over > 0
            found.append((metric, value.where(mask), mask))
        boots = _resampled_together([(v, m) for _, v, m in found], n_boot, seed)
        for (metric, value, _), boot in zip(found, boots, strict=True):
            low, high = interval(boot, value.figure, value.influence, level)
            same = METRICS[metric].total is None and value.n > 1 and np.ptp(value.total) == 0
            if same:
                low, high = unanimous(
                    value.figure, value.n, METRICS[metric].low, METRICS[metric].high, level
                )
            frames.append(
                {
                    **{key: group[key][0] for key in keys},
                    METRIC: metric,
                    MEAN: value.figure,
                    LOW: low,
                    HIGH: high,
                    N: value.n,
                    DEFINITION: definition(metric, k, protocol) + _scored(group, metric),
                }
            )
    schema = {key: rows.schema[key] for key in keys} | {
        METRIC: pl.String,
        MEAN: pl.Float64,
        LOW: pl.Float64,
        HIGH: pl.Float64,
        N: pl.Int64,
        DEFINITION: pl.String,
    }
    return pl.DataFrame(frames, schema=schema).with_columns(pl.col(MEAN, LOW, HIGH).fill_nan(None))


def compare(
    rows_by_name: Mapping[str, pl.DataFrame],
    against: str,
    metric: str | Sequence[str] = "ndcg",
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 2000,
    n_swaps: int = 10_000,
) -> pl.DataFrame:
    """Each model against one of them, person by person.

    Difference and ratio have BCa intervals over people, both models asked about the same draw.
    ``p`` is of the paired randomisation test: were the two models alike, their values could be
    swapped within each person; two-sided, all swaps where there are at most ``n_swaps``, else as
    many at random, the observed one counted. ``p_adjusted`` is Holm's over all rows of the result
    (a list of metrics is one family: ask for fewer, or call once per family).
    ``smallest_visible`` is the true difference that a single such test with this many people finds
    8 times in 10.

    Parameters
    ----------
    rows_by_name : mapping of str to polars.DataFrame
        Rows of ``wb.evaluate`` on one split, at one k; their order does not matter.
    against : str
        The name that all others are compared with.
    metric : str or sequence of str
    level, seed, n_boot
        As in ``summarise``.
    n_swaps : int

    Returns
    -------
    polars.DataFrame
        ``model, against, metric, difference, low, high, ratio, ratio_low, ratio_high, p,
        p_adjusted, smallest_visible, n, definition``. Differences are model minus ``against``.
        People for whom either has no value are left out of that row; ``n`` counts the others.

    Raises
    ------
    ArgumentError
        A name or a metric is not there.
    DataError
        The rows are not of the same people, split or k.

    Source: Smucker, Allan, Carterette 2007, "A comparison of statistical significance tests for
    information retrieval evaluation"; Holm 1979; Phipson, Smyth 2010 for counting the observed.
    """
    _check(level, n_boot)
    if against not in rows_by_name:
        raise ArgumentError(f"against={against!r} is none of {', '.join(map(repr, rows_by_name))}")
    others = [name for name in rows_by_name if name != against]
    if not others:
        raise ArgumentError(f"rows_by_name has only {against!r}; give at least one model more")
    metrics = [metric] if isinstance(metric, str) else list(metric)
    for name in metrics:
        if name not in METRICS:
            raise ArgumentError(f"metric={name!r} is no metric; there are {', '.join(METRICS)}")
        for model, rows in rows_by_name.items():
            if name not in _metrics(rows):
                raise ArgumentError(f"the rows of {model!r} have no metric {name!r}")
    matched = _matched(rows_by_name, against)
    base = matched[against]
    k, protocol = _how(base, f"the rows of {against!r}")
    pairs = []
    for model in others:
        for name in metrics:
            one, two = _sums(matched[model], name), _sums(base, name)
            mask = (one.over > 0) & (two.over > 0)
            pairs.append((model, name, one.where(mask), two.where(mask), mask))
    boots = iter(
        _resampled_together([(s, p[4]) for p in pairs for s in (p[2], p[3])], n_boot, seed)
    )
    found = []
    for model, name, one, two, _ in pairs:
        boot_one, boot_two = next(boots), next(boots)
        difference = one.figure - two.figure
        influence = one.influence - two.influence
        low, high = interval(boot_one - boot_two, difference, influence, level)
        ratio, ratio_low, ratio_high = np.nan, np.nan, np.nan
        if two.figure > 0 and (boot_two > 0).all():
            ratio = one.figure / two.figure
            moves = (one.influence - ratio * two.influence) / two.figure
            ratio_low, ratio_high = interval(boot_one / boot_two, ratio, moves, level)
        found.append(
            {
                "model": model,
                "against": against,
                METRIC: name,
                "difference": difference,
                LOW: low,
                HIGH: high,
                "ratio": ratio,
                "ratio_low": ratio_low,
                "ratio_high": ratio_high,
                "p": swap_test(one, two, n_swaps, seed),
                "smallest_visible": detectable(influence, level),
                N: one.n,
                DEFINITION: "paired over people: " + definition(name, k, protocol),
            }
        )
    frame = pl.DataFrame(found, infer_schema_length=None)
    numbers = [name for name, dtype in frame.schema.items() if dtype == pl.Float64]
    frame = frame.insert_column(
        frame.get_column_index("p") + 1, pl.Series("p_adjusted", holm(frame["p"].to_numpy()))
    )
    return frame.with_columns(pl.col(*numbers, "p_adjusted").fill_nan(None))


def _check(level: float, n_boot: int) -> None:
    if not 0 < level < 1:
        raise ArgumentError(f"level must be above 0 and below 1, e.g. 0.95, not {level!r}")
    if isinstance(n_boot, bool) or not isinstance(n_boot, int | np.integer) or n_boot < 100:
        raise ArgumentError(f"n_boot must be a whole number of at least 100, not {n_boot!r}")


def _metrics(rows: pl.DataFrame) -> list[str]:
    """The metrics that rows have, in the order of their columns."""
    if not isinstance(rows, pl.DataFrame) or PROTOCOL not in rows.columns:
        raise ArgumentError(
            f"rows must be a frame of wb.evaluate with its column {PROTOCOL!r}, not "
            + (f"one of {rows.columns}" if isinstance(rows, pl.DataFrame) else type(rows).__name__)
        )
    if rows.height == 0:
        raise DataError("rows are empty: there is nobody to summarise")
    found = [name for name in rows.columns if name in METRICS]
    if not found:
        raise ArgumentError(f"rows have no metric; there are {', '.join(METRICS)}")
    return found


def _how(rows: pl.DataFrame, what: str) -> tuple[int | None, str]:
    """The k and the protocol that all rows share."""
    for column in (K, PROTOCOL):
        if column in rows.columns and rows[column].n_unique() > 1:
            values = rows[column].unique(maintain_order=True).head(2).to_list()
            raise DataError(
                f"{what} holds rows with {column} {values[0]!r} and {values[1]!r}; group by what "
                "tells them apart, or evaluate them alike"
            )
    return (rows[K][0] if K in rows.columns else None), rows[PROTOCOL][0]


def _sums(rows: pl.DataFrame, metric: str) -> Sums:
    """What each person adds to a figure; where ``over`` is 0 they add nothing."""
    how = METRICS[metric]
    if how.total is None or how.over is None:
        values = rows[metric].cast(pl.Float64).fill_nan(None)
        return Sums(values.fill_null(0.0).to_numpy(), values.is_not_null().to_numpy() * 1.0)
    return Sums(
        rows[how.total].fill_null(0.0).cast(pl.Float64).to_numpy(),
        rows[how.over].fill_null(0).cast(pl.Float64).to_numpy(),
        how.root,
    )


def _resampled_together(parts: Sequence[tuple[Sums, Floats]], n_boot: int, seed: int) -> list:
    """Figures of resamples; columns with the same people share their draws."""
    alike: dict[bytes, list[int]] = {}
    for place, (_, mask) in enumerate(parts):
        alike.setdefault(mask.tobytes(), []).append(place)
    out: list = [None] * len(parts)
    for places in alike.values():
        boots = resampled([parts[place][0] for place in places], n_boot, seed)
        for place, boot in zip(places, boots, strict=True):
            out[place] = boot
    return out


def _matched(rows_by_name: Mapping[str, pl.DataFrame], against: str) -> dict[str, pl.DataFrame]:
    """All rows in the order of the people of ``against``; refused where they are not the same."""
    base = rows_by_name[against]
    out = {}
    for name, rows in rows_by_name.items():
        if rows[USER].is_duplicated().any():
            raise DataError(f"the rows of {name!r} hold a {USER} twice; give one model's rows")
        if rows.schema[USER] != base.schema[USER] or set(rows[USER]) != set(base[USER]):
            raise DataError(
                f"the rows of {name!r} ({rows.height:,}) and of {against!r} ({base.height:,}) are "
                "not of the same people; evaluate both on one split"
            )
        rows = base.select(USER).join(rows, on=USER, how="left", maintain_order="left")
        for column in (N_RELEVANT, ASKED, K):
            if (column in rows.columns) != (column in base.columns) or (
                column in rows.columns and not rows[column].equals(base[column])
            ):
                raise DataError(
                    f"the rows of {name!r} and of {against!r} differ in {column}; evaluate both "
                    "on one split and at one k"
                )
        out[name] = rows
    return out


def _scored(rows: pl.DataFrame, metric: str) -> str:
    """For pooled figures: how many ratings they are of."""
    if METRICS[metric].over != SCORED:
        return ""
    return f", {rows[SCORED].sum():,} of {rows[ASKED].sum():,} test ratings could be scored"
