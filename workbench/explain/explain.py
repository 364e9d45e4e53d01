"""Why this item for this person: parts that add up, effects that were scored, and words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import GROUP, ITEM, REMOVAL, SHARE, TITLE, VALUE
from workbench.errors import ArgumentError
from workbench.explain.coalitions import pair_scores
from workbench.explain.policy_effects import policy_effects
from workbench.explain.removal import Removals, removals
from workbench.explain.shap_form import shap_form
from workbench.explain.shares import event_shares
from workbench.explain.words import sentence
from workbench.models.base import Recommender
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k
from workbench.vocabulary import Id


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a model gives an item its score for a person.

    Attributes
    ----------
    item_id : str or int
    score : float
        As on the slate. For an engine it is log-odds of "relevant, if shown".
    base : float
        Where the features start from: the mean score of the ranker. For a model without
        features, the score of the same person with no history.
    residual : float
        ``score`` less ``base`` less all shares: rounding, and nothing else.
    sentence : str
        The reason in words; every claim in it is a row of the frames.
    features : polars.DataFrame
        ``name, group, meaning, unit, value, share``, largest share first: exact TreeSHAP values
        of an engine's ranker. Empty for a model without features.
    events : polars.DataFrame
        ``item_id, value, share, error, removal, rank_without, stays``, largest effect first.
        ``share`` is the item's Shapley value over the whole model, ``error`` its standard error,
        ``removal`` how much the score falls if the item had not been, ``rank_without`` the rank
        then (null where it has none), ``stays`` whether it is then still on the slate of k
        (null where it is not on it anyway). What was removed stays out of the list.
    context : polars.DataFrame
        ``kind`` ("attribute", "context", "moment"), ``name, value`` (as text), ``removal,
        rank_without, stays``: the same for the other things known of the person that the model
        reads.
    policy : polars.DataFrame
        ``step, effect, score_before, score_after, rank_before, rank_after``: what each step of
        the policy did to the item, see ``policy_effects``. Empty without a policy.
    rank, place : int or None
        Rank in the model's list; place on the slate, after the policy. None where it has none.
    k : int
        Places of the slate.
    words : list of str
        What there is to say beyond ``sentence``, such as where share and removal disagree.
    event_base, event_residual : float
        The same for the shares of events: they start from the person with no history. NaN where
        the model cannot score that person; the shares are then null.
    agreement : bool or None
        Whether share and removal name the same item first; None where the sampled shares do not
        tell which is first (its lead over the second is below two standard errors).
    """

    item_id: Id
    score: float
    base: float
    residual: float
    sentence: str
    features: pl.DataFrame = field(repr=False)
    events: pl.DataFrame = field(repr=False)
    event_base: float
    event_residual: float
    agreement: bool | None
    context: pl.DataFrame = field(repr=False)
    policy: pl.DataFrame = field(repr=False)
    rank: int | None
    place: int | None
    k: int
    words: list[str] = field(repr=False)
    _asked: Asked = field(repr=False)

    @property
    def groups(self) -> pl.DataFrame:
        """Shares of the features added up by group: ``group, share``, largest first."""
        return (
            self.features.group_by(GROUP, maintain_order=True)
            .agg(pl.col(SHARE).sum())
            .sort(pl.col(SHARE).abs(), descending=True, maintain_order=True)
        )

    def refined(self, budget: int = 1024) -> Explanation:
        """The same explanation with more samples of the shares of events.

        Those drawn so far are kept; shares that are exact stay as they are.

        Parameters
        ----------
        budget : int
            Further profiles to score.
        """
        return self  # the shares follow

    def to_shap(self, *others: Explanation) -> Any:
        """The shares as a ``shap.Explanation``, for the plots of ``shap``.

        Those of the features; of the events, where the model has no features. Alone it is what
        ``shap.plots.waterfall`` and ``bar`` take; with others, a row each, ``beeswarm`` too.

        Parameters
        ----------
        others : Explanation
            Of the same model, of any people and items.
        """
        return shap_form([self, *others], one=not others)


@dataclass(frozen=True)
class Asked:
    """What an explanation was asked with."""

    model: Recommender
    person: Profiles
    code: int


def explain(
    model: Recommender,
    profile: Profile,
    item_id: Id,
    *,
    k: int = 10,
    policy: Policy | None = None,
    titles: dict[Id, str] | None = None,
    budget: int = 1024,
    seed: int = 0,
) -> Explanation:
    """Explain one score of one person.

    Parameters
    ----------
    model : Recommender
        Fitted. An engine is explained by its features too.
    profile : Profile
    item_id : str or int
        Any item of the catalogue, on the slate or not.
    k : int
        Places of the slate.
    policy : Policy, optional
        What is done to the slate after ranking.
    titles : mapping, optional
        Item id → title, for the sentence. An engine knows its own.
    budget : int
        Profiles to score for the shares of events.
    seed : int
        Of the sampled orders.

    Raises
    ------
    ArgumentError
        The item is not in the catalogue, or the model cannot score it for this person.
    """
    if not isinstance(profile, Profile):
        raise ArgumentError(
            f"profile must be a Profile, not {type(profile).__name__}; take people[i]"
        )
    check_k(k)
    model._require_fitted()
    code = model.catalogue.code(item_id)
    if code < 0:
        raise ArgumentError(f"item_id: {item_id!r} is not in the catalogue of {model.name!r}")
    person = Profiles.of(profile, model.catalogue)
    score = float(pair_scores(model, person, np.array([code]))[0, 0])
    if not np.isfinite(score):
        raise ArgumentError(f"{model.name!r} cannot score item {item_id!r} for this person")
    features, base = _features(model, person, code)
    gone = removals(model, person, code, k, policy)
    events, event_base = _events(model, person, code, gone, budget, seed)
    event_residual = score - event_base - float(events[SHARE].fill_null(np.nan).sum())
    if base is None:
        base, residual = event_base, event_residual
    else:
        residual = score - base - float(features[SHARE].sum())
    names = _titles(model) if titles is None else titles
    said = sentence(item_id, score, features, events, names, _liked(model, person))
    rule = model.reason(person, code) if hasattr(model, "reason") else None
    if rule is not None:
        said += f" {rule.sentence(names)}."
    return Explanation(
        item_id=item_id,
        score=score,
        base=base,
        residual=residual,
        sentence=said,
        features=features,
        events=events,
        event_base=event_base,
        event_residual=event_residual,
        agreement=_agree(events),
        context=gone.context,
        policy=policy_effects(model, person, code, score, policy, k),
        rank=gone.rank or None,
        place=gone.place or None,
        k=k,
        words=[],
        _asked=Asked(model, person, code),
    )


def _features(model: Recommender, person: Profiles, code: int) -> tuple[pl.DataFrame, float | None]:
    """Contributions of an engine's features, and their base; empty and None for other models."""
    schema: dict[str, Any] = {
        "name": pl.String,
        GROUP: pl.String,
        "meaning": pl.String,
        "unit": pl.String,
        VALUE: pl.Float64,
        SHARE: pl.Float64,
    }
    if not hasattr(model, "contributions"):
        return pl.DataFrame(schema=schema), None
    names, matrix = model.pair_features(person, np.array([code]))  # type: ignore[attr-defined]
    parts = model.contributions(matrix)[0].astype(np.float64)
    known = {f.name: f for f in model.features_}  # type: ignore[attr-defined]
    frame = pl.DataFrame(
        {
            "name": names,
            GROUP: [known[name].group for name in names],
            "meaning": [known[name].meaning for name in names],
            "unit": [known[name].unit for name in names],
            VALUE: pl.Series(matrix[0].astype(np.float64)).fill_nan(None),
            SHARE: parts[:-1],
        },
        schema=schema,
    )
    order = pl.col(SHARE).abs()
    return frame.sort(order, descending=True, maintain_order=True), float(parts[-1])


def _events(
    model: Recommender, person: Profiles, code: int, gone: Removals, budget: int, seed: int
) -> tuple[pl.DataFrame, float]:
    shares = event_shares(model, person, code, budget=budget, seed=seed)
    value = person.value[person.latest]
    frame = pl.DataFrame(
        {
            ITEM: person.catalogue.ids.gather(shares.item),
            VALUE: pl.Series(value, dtype=pl.Float64).fill_nan(None),
            SHARE: pl.Series(shares.share, dtype=pl.Float64).fill_nan(None),
            "error": pl.Series(shares.error, dtype=pl.Float64).fill_nan(None),
        }
    ).with_columns(gone.columns(slice(len(gone.item))))
    return frame.sort(REMOVAL, descending=True, nulls_last=True, maintain_order=True), shares.base


def _liked(model: Recommender, person: Profiles) -> set[Id]:
    """Items of the history that the model's own log calls relevant; none where it has no word."""
    if not hasattr(model, "relevant_from_"):
        return set()
    return set(model.catalogue.take(person.item[person.positive(model.relevant_from_)]))


def _agree(events: pl.DataFrame) -> bool | None:
    if events.height == 0:
        return True
    first, *rest = events.sort(SHARE, descending=True, nulls_last=True).rows(named=True)
    if first[SHARE] is None or first["error"] is None:
        return None
    if rest:
        error = np.hypot(first["error"], rest[0]["error"])
        if error > 0 and first[SHARE] - rest[0][SHARE] < 2 * error:
            return None
    return bool(first[ITEM] == events[ITEM][events[REMOVAL].arg_max() or 0])


def _titles(model: Recommender) -> dict[Id, str]:
    tables = getattr(model, "tables_", None)
    if tables is None or TITLE not in tables.items.columns:
        return {}
    known = tables.items.select(ITEM, TITLE).drop_nulls()
    return dict(known.iter_rows())
