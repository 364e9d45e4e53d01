"""Frontier: what one dial of a policy costs and gives, over everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import METRIC, ROW
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.evaluation.catalogue import catalogue_metrics
from workbench.evaluation.definitions import (
    METRICS,
    PROTOCOL,
    check_asked,
    fitted_elsewhere,
    ranking_protocol,
)
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.uncertainty import summarise
from workbench.models.base import Recommender
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k, recommend
from workbench.slate import Slates

DIAL, DIALLED = "dial", "value"
LISTED = ("ndcg", "diversity", "novelty", "coverage", "gini", "miscalibration", "tail_share")
TOGETHER = ("coverage", "gini", "tail_share")
"""Metrics of all lists together."""
FLOOR, CAP = "floor", "cap"
CELLS = 2**22
"""Ranked places that are held at once."""


def frontier(
    model: Recommender,
    split: Split,
    dial: str,
    values: Sequence[float],
    k: int = 10,
    policy: Policy | None = None,
    metrics: Sequence[str] = LISTED,
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 2000,
) -> pl.DataFrame:
    """Accuracy and what lies beyond it, at each value of one dial of a policy.

    People are scored once; every value chooses from the same ranked items.

    Parameters
    ----------
    model : Recommender
        Fitted on ``split.train``.
    split : Split
        Use a validation cut inside the training part to choose a value, the test to report it.
    dial : str
        A number among the parameters of ``Policy``: "diversity", "calibration",
        "popularity_penalty", "epsilon", "temperature", "min_new"; or "floor", where the value is
        the share of each group that ``policy`` has a floor for; or "cap", where it is how many
        items of each value of the policy's ``column`` a list may hold.
    values : sequence of numbers
        0 is "off" for every dial; put it in to see what the others are compared with.
    k : int
    policy : Policy, optional
        All that stays; by default ``Policy.for_dataset(split.train)``.
    metrics : sequence of str
        Of ``wb.evaluate`` and ``catalogue_metrics``.
    level, seed, n_boot
        Of the bootstrap over people, as in ``wb.summarise``.

    Returns
    -------
    polars.DataFrame
        ``dial, value, metric, mean, low, high, n, definition``, in the order of ``values`` and of
        ``metrics``. Coverage and Gini have no interval; a metric that the log cannot feed
        (diversity without genres) has null.

    Raises
    ------
    ArgumentError
        The dial, a value, a metric or ``k`` cannot work; nothing has been scored then.
    DataError
        Nobody has a relevant test item.
    """
    check_k(k)
    check_asked(model, split)
    known = [name for name, how in METRICS.items() if how.total is None] + list(TOGETHER)
    for name in metrics:
        if name not in known:
            raise ArgumentError(f"metrics holds {name!r}; there are {', '.join(known)}")
    base = Policy.for_dataset(split.train) if policy is None else policy
    policy_at = turned(base, dial)
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray) or not len(values):
        raise ArgumentError(f"values must be a list of numbers for {dial}, not {values!r}")
    policies = [policy_at(value) for value in values]
    for one in policies:
        one.check(model.catalogue, k)
    words = ranking_protocol(split, "all unseen items ranked, then a policy")
    words += fitted_elsewhere(model, split)
    found = []
    for value, slates in zip(values, slates_of(model, split, policies, k), strict=True):
        rows = evaluate(slates, split, k).with_columns(pl.lit(words).alias(PROTOCOL))
        figures = pl.concat(
            [
                summarise(rows, level=level, seed=seed, n_boot=n_boot),
                catalogue_metrics(slates, split.train, k, level, seed, n_boot),
            ]
        )
        order = pl.DataFrame({METRIC: list(metrics)})
        found.append(
            order.join(figures, on=METRIC, how="left", maintain_order="left").select(
                pl.lit(dial).alias(DIAL),
                pl.lit(float(value)).alias(DIALLED),
                pl.all(),
            )
        )
    return pl.concat(found)


def turned(base: Policy, dial: str) -> Callable[[float], Policy]:
    """A function from a value of a dial to the policy.

    Raises
    ------
    ArgumentError
        There is no such dial, or ``base`` has nothing that it turns.
    """
    if dial == CAP:

        def caps(most: float) -> Policy:
            others = {column: n for column, n in base.cap.items() if column != base.column}
            here = {base.column: int(most) if most == int(most) else most} if most else {}
            return replace(base, cap={**others, **here})  # type: ignore[dict-item]

        return caps
    if dial == FLOOR:
        groups = [(column, value) for column, given in base.floor.items() for value in given]
        if not groups:
            raise ArgumentError(
                "dial='floor' turns the floors of policy, and it has none; give one such as "
                'Policy.for_dataset(train, floor={"popularity": {"tail": 0.1}})'
            )

        def floors(share: float) -> Policy:
            floor: dict[str, dict[Any, float]] = {}
            for column, value in groups:
                floor.setdefault(column, {})[value] = share
            return replace(base, floor=floor)

        return floors
    neutral = {f.name: f.default for f in fields(Policy)}
    dials = [
        name
        for name, off in neutral.items()
        if name not in ("pool", "seed") and isinstance(off, int | float)
    ]
    if dial not in dials:
        raise ArgumentError(
            f"dial={dial!r} is no number of a policy; there are {', '.join([*dials, FLOOR, CAP])}"
        )
    return lambda value: replace(base, **{dial: value})  # type: ignore[arg-type]


def slates_of(model: Recommender, split: Split, policies: list[Policy], k: int) -> list[Slates]:
    """The lists of each policy, for everybody in the order of ``split.people()``."""
    _, people = split.people()
    depth = max(policy.depth(k) for policy in policies)
    size = max(1, min(1024, CELLS // max(1, min(depth, len(model.catalogue)))))
    frames: list[list[pl.DataFrame]] = [[] for _ in policies]
    for part, block in people.blocks(size):
        block = block.aligned(model.catalogue)
        ranked = recommend(model, block, depth)
        for policy, kept in zip(policies, frames, strict=True):
            shown = policy.apply(ranked, block, k).frame
            kept.append(shown.with_columns(pl.col(ROW) + part.start))
    return [Slates(pl.concat(kept, how="diagonal"), len(people), k) for kept in frames]
