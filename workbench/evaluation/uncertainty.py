"""From rows to figures: means with intervals, and paired comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from workbench.columns import DEFINITION, HIGH, LOW, MEAN, METRIC, N
from workbench.errors import ArgumentError
from workbench.evaluation.definitions import METRICS, definition
from workbench.evaluation.resampling import (
    Floats,
    Mask,
    Sums,
    detectable,
    holm,
    interval,
    resampled,
    swap_test,
    unanimous,
)
from workbench.evaluation.rows import (
    matched,
    metrics_of,
    one_per_person,
    scored_words,
    shared_protocol,
    sums_of,
)

SUMMARY = {
    METRIC: pl.String,
    MEAN: pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
    DEFINITION: pl.String,
}


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
    metrics = metrics_of(rows)
    keys = [by] if isinstance(by, str) else list(by or [])
    for key in keys:
        if key not in rows.columns:
            raise ArgumentError(f"by={key!r} is no column of rows; there are {rows.columns}")
    found = []
    for group in rows.partition_by(keys, maintain_order=True) if keys else [rows]:
        what = f"one group of by={by!r}" if keys else "the rows"
        k, protocol = shared_protocol(group, what)
        people = one_per_person(group, what)
        sums = [sums_of(people, metric) for metric in metrics]
        masks = [part.over > 0 for part in sums]
        sums = [part.where(mask) for part, mask in zip(sums, masks, strict=True)]
        boots = resampled_together(sums, masks, n_boot, seed)
        for metric, part, boot in zip(metrics, sums, boots, strict=True):
            how = METRICS[metric]
            low, high = interval(boot, part.figure, part.influence, level)
            if how.total is None and part.n > 1 and np.ptp(part.total) == 0:
                low, high = unanimous(part.figure, part.n, how.low, how.high, level)
            words = definition(metric, k, protocol) + scored_words(group, metric)
            place = [group[key][0] for key in keys]
            found.append((*place, metric, part.figure, low, high, part.n, words))
    schema = {key: rows.schema[key] for key in keys} | SUMMARY
    frame = pl.DataFrame(found, schema=schema, orient="row")
    return frame.with_columns(pl.col(MEAN, LOW, HIGH).fill_nan(None))


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
    if isinstance(n_swaps, bool) or not isinstance(n_swaps, int | np.integer) or n_swaps < 100:
        raise ArgumentError(f"n_swaps must be a whole number of at least 100, not {n_swaps!r}")
    if against not in rows_by_name:
        raise ArgumentError(f"against={against!r} is none of {', '.join(map(repr, rows_by_name))}")
    others = [name for name in rows_by_name if name != against]
    if not others:
        raise ArgumentError(f"rows_by_name has only {against!r}; give at least one model more")
    metrics = [metric] if isinstance(metric, str) else list(metric)
    if not metrics:
        raise ArgumentError(f"metric is empty; name at least one of {', '.join(METRICS)}")
    for name in metrics:
        if name not in METRICS:
            raise ArgumentError(f"metric={name!r} is no metric; there are {', '.join(METRICS)}")
        for model, rows in rows_by_name.items():
            if name not in metrics_of(rows):
                raise ArgumentError(f"the rows of {model!r} have no metric {name!r}")
    people = matched(rows_by_name, against)
    base = people[against]
    asked = {name: shared_protocol(people[name], f"the rows of {name!r}") for name in people}
    k, protocol = asked[against]
    pairs = []
    for model in others:
        for name in metrics:
            one, two = sums_of(people[model], name), sums_of(base, name)
            mask = (one.over > 0) & (two.over > 0)
            pairs.append((model, name, one.where(mask), two.where(mask), mask))
    sides = [side for _, _, one, two, _ in pairs for side in (one, two)]
    masks = [mask for *_, mask in pairs for _ in range(2)]
    boots = iter(resampled_together(sides, masks, n_boot, seed))
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
                DEFINITION: "paired over people: "
                + definition(name, k, protocol)
                + ("" if asked[model][1] == protocol else f"; {model!r}: {asked[model][1]}"),
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


def resampled_together(
    sums: Sequence[Sums], masks: Sequence[Mask], n_boot: int, seed: int
) -> list[Floats]:
    """Figures of resamples, ``(n_boot,)`` each; figures of the same people share their draws.

    Parameters
    ----------
    sums : sequence of Sums
    masks : sequence of (n_people,) bool
        Of whom each figure is.
    """
    alike: dict[bytes, list[int]] = {}
    for place, mask in enumerate(masks):
        alike.setdefault(mask.tobytes(), []).append(place)
    out: list[Floats] = [np.empty(0)] * len(sums)
    for places in alike.values():
        boots = resampled([sums[place] for place in places], n_boot, seed)
        for place, boot in zip(places, boots, strict=True):
            out[place] = boot
    return out
