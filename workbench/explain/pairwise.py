"""Pairwise: why one item stands above another in a person's list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from workbench.columns import GROUP, ITEM, SHARE, VALUE
from workbench.errors import ArgumentError
from workbench.explain.coalitions import pair_scores
from workbench.explain.comparison import comparison
from workbench.explain.contributions import feature_shares
from workbench.explain.naming import titles_of
from workbench.explain.paired import paired_shares
from workbench.explain.swap import Swap, swaps
from workbench.explain.variants import ranked_scores, ranks_of
from workbench.models.base import Recommender
from workbench.models.parameters import check_seed, check_whole
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.ranking.recommend import check_k
from workbench.vocabulary import Id, IntArray

SHARES = ABOVE, BELOW, DIFFERENCE = "share_above", "share_below", "difference"
ERROR = "error"


@dataclass(frozen=True, eq=False)
class Pairwise:
    """Why a model puts one item above another for a person.

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
        The smallest change of a single feature that would swap them; None where none does.
    swaps : list of Swap
        The smallest change of each feature of each item that has one, smallest first.
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
) -> Pairwise:
    """Why one item stands above another in the list of a person, as the model ranks it.

    Parameters
    ----------
    model : Recommender
        Fitted. An engine is asked for its features too.
    profile : Profile
    above, below : str or int
        Items of the catalogue; the first must be in the person's list, and before the second.
    k : int
        Places of the slate, for the sentence.
    budget : int
        Profiles to score for the shares of events.
    seed : int
        Of the sampled orders.
    titles : mapping, optional
        Item id → title, for the sentence. An engine knows its own.

    Raises
    ------
    ArgumentError
        An item is not in the catalogue, cannot be scored, or is given twice; the first is not in
        the list; the second stands above it.
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
    _check_order(above, below, ranks)
    features = _features(model, person, pair)
    events, base = _events(model, person, pair, budget, seed)
    lead = float(scores[0] - scores[1])
    turned = []
    if hasattr(model, "ranker_"):
        turned = swaps(model, person, pair, np.flatnonzero(np.isfinite(listed[0])))  # type: ignore[arg-type]
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
    )
    names = titles_of(model) if titles is None else titles
    return replace(found, sentence=comparison(found, names))


def _code(model: Recommender, argument: str, item_id: Id) -> int:
    code = int(model.catalogue.code(item_id))
    if code < 0:
        raise ArgumentError(f"{argument}: {item_id!r} is not in the catalogue of {model.name!r}")
    return code


def _check_order(above: Id, below: Id, ranks: list[int]) -> None:
    first, second = ranks
    if not first:
        raise ArgumentError(
            f"above: item {above!r} is not in the list of this person; ask wb.funnel why"
        )
    if 0 < second < first:
        raise ArgumentError(
            f"below: the model ranks item {below!r} {second:,}, above item {above!r} on {first:,}; "
            "turn them round (where a policy has, slate.steps says which step)"
        )


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
