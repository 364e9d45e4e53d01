"""Pairwise: why one item stands above another in a person's list, by the model and its policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import GROUP, ITEM, SHARE, VALUE
from workbench.errors import ArgumentError
from workbench.explain.coalitions import pair_scores
from workbench.explain.comparison import comparison
from workbench.explain.contributions import feature_shares
from workbench.explain.naming import titles_of
from workbench.explain.paired import paired_shares
from workbench.explain.policy_effects import pair_effects, policy_effects
from workbench.explain.swap import Swap, swaps
from workbench.explain.variants import ranked_scores, ranks_of
from workbench.models.base import Recommender
from workbench.models.parameters import check_seed, check_whole
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k
from workbench.vocabulary import Id, IntArray

SHARES = ABOVE, BELOW, DIFFERENCE = "share_above", "share_below", "difference"
ERROR = "error"


@dataclass(frozen=True, eq=False)
class Pairwise:
    """Why one item stands above another for a person.

    Scores, ranks, features, events and swaps are the model's, before any policy; ``policy`` is what
    was done to its order.

    Attributes
    ----------
    above, below : str or int
    k : int
    score_above, score_below : float
        Of the pairs, in the unit of the model.
    rank_above, rank_below : int or None
        In the model's whole list; None where the item is not in it.
    features : polars.DataFrame
        ``name, group, meaning, unit, value_above, value_below, share_above, share_below,
        difference``, largest difference first: exact TreeSHAP values of an engine's ranker. The
        differences add up to that of the scores. Empty for a model without features.
    residual : float
        What is missing of that: rounding, and nothing else. NaN without features.
    events : polars.DataFrame
        ``item_id, value, share_above, share_below, difference, error``, largest difference first:
        Shapley values of the items of the history over the whole model, both scores from the same
        drawn orders, as ``wb.explain`` has them; ``error`` is the standard error of the
        difference. Null where the model cannot score the person with no history.
    event_base : float
        Lead of the item above for the same person with no history: with the differences it adds up
        to that of the scores.
    event_residual : float
    swap : Swap or None
        The smallest change of a single feature that would swap them in the model's list; None where
        none does.
    swaps : list of Swap
        The smallest change of each feature of each item that has one, smallest first. Empty where
        one of the two is not in the model's list: no score would rank it.
    by_model : bool
        Whether the model alone would put them in this order. Always so without a policy.
    policy : polars.DataFrame
        ``step, effect_above, effect_below, score_above, score_below, rank_above, rank_below,
        moved, turned``: one row per step of the policy, with scores and ranks after it, whether it
        moved any of the two, and whether it changed which of them comes first. Empty without a
        policy.
    sentence : str
        Every number in it is in the frames.
    """

    above: Id
    below: Id
    k: int
    score_above: float
    score_below: float
    rank_above: int | None
    rank_below: int | None
    features: pl.DataFrame = field(repr=False)
    residual: float
    events: pl.DataFrame = field(repr=False)
    event_base: float
    event_residual: float
    swap: Swap | None
    swaps: list[Swap] = field(repr=False)
    by_model: bool
    policy: pl.DataFrame = field(repr=False)
    sentence: str = ""

    @property
    def groups(self) -> pl.DataFrame:
        """Features added up by group: ``group, share_above, share_below, difference``."""
        return (
            self.features.group_by(GROUP, maintain_order=True)
            .agg(pl.col(ABOVE, BELOW, DIFFERENCE).sum())
            .sort(pl.col(DIFFERENCE).abs(), descending=True, maintain_order=True)
        )


def why_above(
    model: Recommender,
    profile: Profile,
    above: Id,
    below: Id,
    *,
    k: int = 10,
    budget: int = 1024,
    seed: int = 0,
    titles: Mapping[Id, str] | None = None,
    policy: Policy | None = None,
) -> Pairwise:
    """Why one item stands above another in the list of a person.

    The model's reasons are told in any case. A policy may have put the two in another order than
    the model would: then that is said first, with the step that did it.

    Parameters
    ----------
    model : Recommender
        Fitted. An engine is asked for its features too.
    profile : Profile
    above, below : str or int
        Items of the catalogue; the first must be in the person's list (after the policy, where
        there is one), and before the second.
    k : int
        Places of the slate that the policy makes.
    budget : int
        Profiles to score for the shares of events.
    seed : int
        Of the sampled orders.
    titles : mapping, optional
        Item id → title, for the sentence. An engine knows its own.
    policy : Policy, optional
        Of the list in which the one stands above the other.

    Raises
    ------
    ArgumentError
        An item is not in the catalogue, cannot be scored, or is given twice; the first is not in
        the list; the second stands above it; the policy cannot work.
    NotFittedError
        The model has not been fitted.
    """
    check_k(k)
    check_whole("budget", budget)
    check_seed(seed)
    if not isinstance(profile, Profile):
        raise ArgumentError(
            f"profile must be a Profile, not {type(profile).__name__}; take people[i]"
        )
    model._require_fitted()
    pair = np.array([_code(model, "above", above), _code(model, "below", below)])
    if pair[0] == pair[1]:
        raise ArgumentError(f"above and below are both {above!r}; give two items")
    person = Profiles.of(profile, model.catalogue)
    scores = pair_scores(model, person, pair)[0].astype(np.float64)
    for argument, item_id, score in zip(("above", "below"), (above, below), scores, strict=True):
        if not np.isfinite(score):
            raise ArgumentError(
                f"{argument}: {model.name!r} cannot score item {item_id!r} for this person; ask "
                "wb.funnel where it stops"
            )
    listed = ranked_scores(model, person, person)
    ranks = ranks_of(listed, pair)[0].tolist()
    by_model = ranks[0] > 0 and not 0 < ranks[1] < ranks[0]
    upper, lower = policy_effects(model, person, pair.tolist(), scores.tolist(), policy, k)
    steps = pair_effects(upper, lower, by_model)
    if steps.height:
        _check_order(above, below, steps["rank_above"][-1], steps["rank_below"][-1], "the policy")
    else:
        _check_order(above, below, ranks[0] or None, ranks[1] or None, "the model")
    features = _features(model, person, pair)
    events, base = _events(model, person, pair, budget, seed)
    lead = float(scores[0] - scores[1])
    turned = []
    if hasattr(model, "ranker_") and all(ranks):
        turned = _swaps(model, person, pair, np.flatnonzero(np.isfinite(listed[0])), by_model)
    found = Pairwise(
        above=above,
        below=below,
        k=k,
        score_above=float(scores[0]),
        score_below=float(scores[1]),
        rank_above=ranks[0] or None,
        rank_below=ranks[1] or None,
        features=features,
        residual=lead - float(features[DIFFERENCE].sum()) if features.height else float("nan"),
        events=events,
        event_base=base,
        event_residual=lead - base - float(events[DIFFERENCE].fill_null(np.nan).sum()),
        swap=turned[0] if turned else None,
        swaps=turned,
        by_model=by_model,
        policy=steps,
    )
    names = titles_of(model) if titles is None else titles
    return replace(found, sentence=comparison(found, names))


def _code(model: Recommender, argument: str, item_id: Id) -> int:
    code = int(model.catalogue.code(item_id))
    if code < 0:
        raise ArgumentError(f"{argument}: {item_id!r} is not in the catalogue of {model.name!r}")
    return code


def _check_order(above: Id, below: Id, first: int | None, second: int | None, by: str) -> None:
    if first is None:
        raise ArgumentError(
            f"above: item {above!r} is not in the list of this person; ask wb.funnel why"
        )
    if second is not None and second < first:
        raise ArgumentError(
            f"below: {by} ranks item {below!r} {second:,}, above item {above!r} on {first:,}; "
            "turn them round, and give the policy of the list where it has one"
        )


def _swaps(
    model: Any, person: Profiles, pair: IntArray, ranked: IntArray, by_model: bool
) -> list[Swap]:
    """What would swap the two in the model's list; scores are told in the order of the pair."""
    if by_model:
        return swaps(model, person, pair, ranked)
    return [
        replace(swap, score_above=swap.score_below, score_below=swap.score_above)
        for swap in swaps(model, person, pair[::-1], ranked)
    ]


def _features(model: Recommender, person: Profiles, pair: IntArray) -> pl.DataFrame:
    """Contributions to both scores, and their differences; empty for a model without features."""
    first, second = (
        feature_shares(model, person, int(item))[0].rename({VALUE: f"value_{of}", SHARE: share})
        for item, of, share in zip(pair, ("above", "below"), (ABOVE, BELOW), strict=True)
    )
    both = first.join(second.select("name", "value_below", BELOW), on="name", how="left")
    return (
        both.with_columns((pl.col(ABOVE) - pl.col(BELOW)).alias(DIFFERENCE))
        .select("name", GROUP, "meaning", "unit", "value_above", "value_below", *SHARES)
        .sort(pl.col(DIFFERENCE).abs(), descending=True, maintain_order=True)
    )


def _events(
    model: Recommender, person: Profiles, pair: IntArray, budget: int, seed: int
) -> tuple[pl.DataFrame, float]:
    first, second, difference = paired_shares(model, person, pair, budget=budget, seed=seed)
    columns = {
        VALUE: person.value[person.latest],
        ABOVE: first.share,
        BELOW: second.share,
        DIFFERENCE: difference.share,
        ERROR: difference.error,
    }
    frame = pl.DataFrame(
        {ITEM: person.catalogue.ids.gather(difference.item)}
        | {name: pl.Series(c, dtype=pl.Float64).fill_nan(None) for name, c in columns.items()}
    )
    order = pl.col(DIFFERENCE).abs()
    return frame.sort(order, descending=True, nulls_last=True, maintain_order=True), difference.base
