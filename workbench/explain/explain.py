"""Why this item for this person: parts that add up, effects that were scored, and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from workbench.columns import GROUP, ITEM, REMOVAL, SHARE, VALUE, N
from workbench.display import Sheet, Shown
from workbench.errors import ArgumentError
from workbench.explain.agreement import ERROR, agreement
from workbench.explain.coalitions import pair_scores
from workbench.explain.contributions import feature_shares, liked_items
from workbench.explain.genre_groups import genre_groups
from workbench.explain.naming import named, titles_of
from workbench.explain.policy_effects import policy_effects
from workbench.explain.removal import Removals, removals
from workbench.explain.shap_form import shap_form
from workbench.explain.shares import EventShares, event_shares, refined_shares
from workbench.explain.words import Numbers, further_words, sentence
from workbench.models.base import Recommender
from workbench.profile import Profile
from workbench.profiles import Profiles
from workbench.ranking.policy import Policy
from workbench.ranking.recommend import check_k
from workbench.vocabulary import Id, IntArray

LARGEST = 10
"""Shares and effects that are shown at a glance; the frames have all."""


@dataclass(frozen=True, eq=False, repr=False)
class Explanation(Shown):
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
        ``share`` is the item's Shapley value over the whole model (Owen's, by groups, in a long
        history), ``error`` its standard error, ``removal`` how much the score falls if the item
        had not been, ``rank_without`` the rank then (null where it has none), ``stays`` whether
        it is then still on the slate of k (null where it is not on it anyway). What was removed
        stays out of the list.
    event_groups : polars.DataFrame
        ``group, n, share``, largest share first: what the shares of a long history add up to by
        genre, exact. Empty for a history that is not long, or of a model that knows no genres.
    event_base, event_residual : float
        The same for the shares of events: they start from the person with no history. NaN where
        the model cannot score that person; the shares are then null.
    event_method : str
        How the shares of events were found; see ``EventShares``.
    pending : bool
        Whether they are still to be drawn, by ``refined``; they are null until then.
    n_scored : int
        Profiles that were scored for them.
    agreement : bool or None
        Whether share and removal name the same item first; None where that cannot be told, since
        sampled shares lead too little, or nothing has a share or effect worth naming.
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
    """

    item_id: Id
    score: float
    base: float
    residual: float
    sentence: str
    features: pl.DataFrame = field(repr=False)
    events: pl.DataFrame = field(repr=False)
    event_groups: pl.DataFrame = field(repr=False)
    event_base: float
    event_residual: float
    event_method: str
    n_scored: int
    agreement: bool | None
    context: pl.DataFrame = field(repr=False)
    policy: pl.DataFrame = field(repr=False)
    rank: int | None
    place: int | None
    k: int
    words: list[str] = field(repr=False)
    _asked: _Asked = field(repr=False)

    @property
    def pending(self) -> bool:
        drawn = self._asked.drawn
        return drawn is not None and drawn.drawn is not None and drawn.drawn.pairs == 0

    @property
    def groups(self) -> pl.DataFrame:
        """Shares of the features added up by group: ``group, share``, largest first."""
        return (
            self.features.group_by(GROUP, maintain_order=True)
            .agg(pl.col(SHARE).sum())
            .sort(pl.col(SHARE).abs(), descending=True, maintain_order=True)
        )

    def _sheet(self) -> Sheet:
        facts = (
            ("score", self.score),
            ("base", self.base),
            ("rank", self.rank),
            ("place", self.place),
            ("places", self.k),
        )
        features = self.features.select("name", "meaning", VALUE, SHARE)
        known = [REMOVAL, "rank_without", "stays"]
        events = self.events.select(ITEM, VALUE, SHARE, *known)
        moments = pl.col("kind") == "moment"
        context = self.context.filter(~moments).select("name", VALUE, *known)
        tables = tuple(
            (caption if part.height <= LARGEST else f"{caption}: {LARGEST} of {part.height}", part)
            for caption, part in (
                ("What the score is made of", features),
                ("What each event does", events),
                ("What else is known of the person", context),
            )
            if part.height
        )
        tables = tuple((caption, part.head(LARGEST)) for caption, part in tables)
        titles = self._asked.titles
        why = f"Why {named(self.item_id, titles)}?"
        return Sheet(why, facts, tables, tuple(self.words), self.sentence).titled(titles)

    def refined(self, budget: int = 1024) -> Explanation:
        """The same explanation with more samples of the shares of events.

        It goes on from those drawn so far: twice the half is the whole. Shares that are exact,
        or not known, stay as they are.

        Parameters
        ----------
        budget : int
            Further profiles to score, at least one pair of orders.

        Raises
        ------
        ArgumentError
            ``budget`` is not a whole number of at least 1.
        """
        _check_budget(budget, 1)
        return self._asked.explanation(self._asked.shares(budget))

    def to_shap(self, *others: Explanation) -> Any:
        """The shares as a ``shap.Explanation``, for the plots of ``shap``.

        Those of the features; of the events, where the model has no features. Alone it is what
        ``shap.plots.waterfall`` and ``bar`` take; with others, a row each, ``beeswarm`` too.

        Parameters
        ----------
        others : Explanation
            Of the same model, of any people and items.

        Raises
        ------
        ArgumentError
            See ``shap_form``.
        """
        return shap_form([self, *others], one=not others)


def explain(
    model: Recommender,
    profile: Profile,
    item_id: Id,
    *,
    k: int = 10,
    policy: Policy | None = None,
    titles: Mapping[Id, str] | None = None,
    budget: int = 1024,
    seed: int = 0,
) -> Explanation:
    """Explain one score of one person.

    The rule for the effects of removal: an item that is taken out of the history stays out of the
    lists, though it is not met any more. So a rank without it tells what the event did to the
    others, and not that its own item could be shown again.

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
        Profiles to score for the shares of events, where they are sampled. With 0 all else is
        answered at once, and ``refined`` draws them later.
    seed : int
        Of the sampled orders.

    Raises
    ------
    ArgumentError
        The item is not in the catalogue, the model cannot score it for this person, or another
        argument cannot work.
    """
    if not isinstance(profile, Profile):
        raise ArgumentError(
            f"profile must be a Profile, not {type(profile).__name__}; take people[i]"
        )
    check_k(k)
    _check_budget(budget, 0)
    model._require_fitted()
    code = model.catalogue.code(item_id)
    if code < 0:
        raise ArgumentError(f"item_id: {item_id!r} is not in the catalogue of {model.name!r}")
    person = Profiles.of(profile, model.catalogue)
    score = float(pair_scores(model, person, np.array([code]))[0, 0])
    if not np.isfinite(score):
        raise ArgumentError(f"{model.name!r} cannot score item {item_id!r} for this person")
    if policy is not None:
        policy.check(model.catalogue, k)
    features, base = feature_shares(model, person, code)
    asked = _Asked(
        model=model,
        person=person,
        item_id=item_id,
        code=code,
        score=score,
        base=base,
        features=features,
        gone=removals(model, person, code, k, policy),
        policy=policy_effects(model, person, [code], [score], policy, k)[0],
        titles=titles_of(model) if titles is None else titles,
        k=k,
        seed=seed,
        groups=None if model.has_event_shares else genre_groups(model, person),
    )
    return asked.explanation(asked.shares(budget))


@dataclass(frozen=True, eq=False)
class _Asked:
    """All of an explanation that more samples do not change, and the shares drawn so far."""

    model: Recommender
    person: Profiles
    item_id: Id
    code: int
    score: float
    base: float | None
    features: pl.DataFrame
    gone: Removals
    policy: pl.DataFrame
    titles: Mapping[Id, str]
    k: int
    seed: int
    groups: tuple[list[str], IntArray] | None
    drawn: EventShares | None = None

    def shares(self, budget: int) -> EventShares:
        """The shares of events, from these samples and those that were drawn before."""
        group = None if self.groups is None else self.groups[1]
        how: dict[str, Any] = {"budget": budget, "seed": self.seed, "group": group}
        if self.drawn is None:
            return event_shares(self.model, self.person, self.code, **how)
        return refined_shares(self.model, self.person, self.code, self.drawn, **how)

    def explanation(self, shares: EventShares) -> Explanation:
        events, groups = self._events(shares), self._groups(shares)
        event_residual = self.score - shares.base - float(events[SHARE].fill_null(np.nan).sum())
        base, residual = shares.base, event_residual
        if self.base is not None:
            base = self.base
            residual = self.score - base - float(self.features[SHARE].sum())
        numbers = Numbers.of(self.score, shares.base)
        agree = agreement(events, numbers.least)
        context = self.gone.context
        return Explanation(
            item_id=self.item_id,
            score=self.score,
            base=base,
            residual=residual,
            sentence=self._sentence(events, numbers),
            features=self.features,
            events=events,
            event_groups=groups,
            event_base=shares.base,
            event_residual=event_residual,
            event_method=shares.method,
            n_scored=shares.n_scored,
            agreement=agree,
            context=context,
            policy=self.policy,
            rank=self.gone.rank or None,
            place=self.gone.place or None,
            k=self.k,
            words=further_words(
                events, groups, context, self.policy, agree, self.titles, numbers, self.k
            ),
            _asked=replace(self, drawn=shares),
        )

    def _events(self, shares: EventShares) -> pl.DataFrame:
        person = self.person
        frame = pl.DataFrame(
            {
                ITEM: person.catalogue.ids.gather(shares.item),
                VALUE: pl.Series(person.value[person.latest], dtype=pl.Float64).fill_nan(None),
                SHARE: pl.Series(shares.share, dtype=pl.Float64).fill_nan(None),
                ERROR: pl.Series(shares.error, dtype=pl.Float64).fill_nan(None),
            }
        ).with_columns(self.gone.columns(slice(len(shares.item))))
        return frame.sort(REMOVAL, descending=True, nulls_last=True, maintain_order=True)

    def _groups(self, shares: EventShares) -> pl.DataFrame:
        schema: dict[str, Any] = {GROUP: pl.String, N: pl.Int64, SHARE: pl.Float64}
        if self.groups is None or shares.group_share is None:
            return pl.DataFrame(schema=schema)
        names, group = self.groups
        frame = pl.DataFrame([names, np.bincount(group), shares.group_share], schema=schema)
        return frame.sort(pl.col(SHARE).abs(), descending=True, maintain_order=True)

    def _sentence(self, events: pl.DataFrame, numbers: Numbers) -> str:
        liked = liked_items(self.model, self.person)
        said = sentence(
            self.item_id, self.score, self.features, events, self.titles, liked, numbers
        )
        if not hasattr(self.model, "reason"):
            return said
        rule = self.model.reason(self.person, self.code)
        return said if rule is None else f"{said} {rule.sentence(self.titles)}."


def _check_budget(budget: int, least: int) -> None:
    if isinstance(budget, bool) or not isinstance(budget, int | np.integer) or budget < least:
        raise ArgumentError(f"budget must be a whole number of at least {least}, not {budget!r}")
