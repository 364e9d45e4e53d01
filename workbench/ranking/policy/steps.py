"""The steps of a policy, one method each, over the pool of a batch of people."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.profiles import Profiles
from workbench.ranking.policy import traits
from workbench.ranking.policy.draws import person_keys
from workbench.ranking.policy.places import (
    Cap,
    Demand,
    Exploration,
    attention,
    filled,
    spread,
)
from workbench.ranking.policy.pool import NOBODY, Floats, Pool
from workbench.ranking.policy.record import Change, Note
from workbench.ranking.policy.rerank import (
    calibrated,
    divergence,
    diverse,
    mixture_of,
    taste_of,
    unpopular,
)
from workbench.vocabulary import Id, IntArray, Vocabulary

if TYPE_CHECKING:
    from workbench.ranking.policy.policy import Policy


class Work:
    """A policy at work on one batch; each method is a step, and does nothing where it is neutral.

    Parameters
    ----------
    policy : Policy
        Checked against the catalogue.
    people : Profiles
    k : int
    pool : Pool
        What the model ranked for the people.

    Attributes
    ----------
    pool : Pool
        As the last step left it.
    changes : list of Change
    propensity : (n_people, k) float64 or None
        After ``fill``, where the policy explores.
    """

    def __init__(self, policy: Policy, people: Profiles, k: int, pool: Pool) -> None:
        self.policy, self.people, self.k, self.pool = policy, people, k, pool
        self.catalogue = people.catalogue
        self.changes: list[Change] = []
        self.propensity: Floats | None = None

    def run(self) -> None:
        """All steps, in their order."""
        self.exclude()
        self.boost()
        self.popularity_penalty()
        self.diversity()
        self.calibration()
        self.pin()
        self.fill()

    def exclude(self) -> None:
        if not self.policy.exclude:
            return
        gone = np.zeros(len(self.catalogue), dtype=bool)
        gone[self._codes(self.policy.exclude)] = True
        self._step("exclude", self.pool.without(gone[self.pool.code] & self.pool.held))

    def boost(self) -> None:
        boost, pool = self.policy.boost, self.pool
        if not boost:
            return
        codes = self._codes(boost)
        lift = np.zeros(len(self.catalogue))
        lift[codes] = list(boost.values())
        first = pool.first(self.policy.width(self.k))
        raised = pool.utility + lift[pool.code] * spread(first.utility, first.held)[:, None]
        ranked = np.stack([(pool.code == code).any(axis=1) for code in codes], axis=1)
        named = list(boost)

        def note(row: int) -> dict[str, Any]:
            return {"no_effect": [i for i, is_ in zip(named, ranked[row], strict=True) if not is_]}

        self._step("boost", pool.sorted_by(np.where(pool.held, raised, -np.inf)), note)

    def popularity_penalty(self) -> None:
        if weight := self.policy.popularity_penalty:
            count = traits.counts(self.policy.table, self.catalogue)
            self._ranked_anew("popularity_penalty", unpopular(self._first(), count, weight))

    def diversity(self) -> None:
        if weight := self.policy.diversity:
            groups = self.policy.groups(self.policy.column, self.catalogue)
            order = diverse(self._first(), groups.member, weight, self.k)
            self._ranked_anew("diversity", order)

    def calibration(self) -> None:
        if weight := self.policy.calibration:
            groups = self.policy.groups(self.policy.column, self.catalogue)
            share = mixture_of(groups.member)
            taste = taste_of(self.people, share, self.policy.relevant_from)
            order = calibrated(self._first(), share, taste, weight, self.k)
            before, after = self.pool.top(self.k), self.pool.reordered(order).top(self.k)

            def kl(codes: IntArray, row: int) -> float | None:
                shown = share[codes[row][codes[row] != NOBODY]]
                mixture = shown.sum(axis=0) / max(shown.any(axis=1).sum(), 1)
                return float(divergence(taste[row], mixture)) if taste[row].any() else None

            self._ranked_anew(
                "calibration",
                order,
                lambda row: {"kl_before": kl(before, row), "kl_after": kl(after, row)},
            )

    def pin(self) -> None:
        if not self.policy.pin:
            return
        codes = self._codes(self.policy.pin)
        banned = np.isin(codes, self._codes(self.policy.exclude))
        met = np.asarray(self.people.seen[:, codes].toarray(), dtype=bool).reshape(
            len(self.people), len(codes)
        )
        due = ~met & ~banned

        take = self.catalogue.take

        def note(row: int) -> dict[str, Any]:
            return {
                "excluded": take(codes[banned].tolist()),
                "seen": take(codes[met[row] & ~banned].tolist()),
            }

        self._step("pin", self.pool.pinned(codes, due), note)

    def fill(self) -> None:
        """Cap, floor, min_new and exploration, each the filling under all rules so far."""
        policy, pool = self.policy, self.pool
        caps = [self._cap(column, most) for column, most in policy.cap.items()]
        floors = [
            self._floor(column, value, share)
            for column, shares in policy.floor.items()
            for value, share in shares.items()
            if share
        ]
        if caps:
            found = filled(pool, self.k, caps)
            shown = pool.chosen(found.column)
            note = partial(_capped, caps, pool.top(self.k), shown.top(self.k))
            self._step("cap", shown, note)
        if floors:
            found = filled(pool, self.k, caps, floors)
            self._step("floor", pool.chosen(found.column), partial(_met, floors, found.got))
        if policy.min_new:
            member = traits.new_items(policy.table, self.catalogue)
            places = Demand("new", member, np.ones(self.k), policy.min_new / self.k)
            demands = [*floors, places]
            found = filled(pool, self.k, caps, demands)
            note = partial(_met, demands, found.got)
            self._step("min_new", pool.chosen(found.column), note)
            floors = demands
        if policy.explores:
            how = Exploration(
                policy.epsilon,
                policy.temperature,
                person_keys(self.people, policy.seed),
                policy.width(self.k),
            )
            found = filled(pool, self.k, caps, floors, how)
            shown = pool.chosen(found.column)
            self.propensity = found.propensity
            self._step("explore", shown, partial(_drawn, shown.code, found.drawn, self.catalogue))

    # --- what several steps share ---------------------------------------------------------------

    def _codes(self, ids: Sequence[Id] | Any) -> IntArray:
        return self.catalogue.codes(list(ids))

    def _first(self) -> Pool:
        return self.pool.first(self.policy.width(self.k))

    def _ranked_anew(self, name: str, order: IntArray, note: Note | None = None) -> None:
        self._step(name, self.pool.reordered(order), note)

    def _step(self, name: str, pool: Pool, note: Note | None = None) -> None:
        self.changes.append(Change(name, self.pool_top, pool.top(self.k), note))
        self.pool = pool

    @property
    def pool_top(self) -> IntArray:
        return self.changes[-1].after if self.changes else self.pool.top(self.k)

    def _cap(self, column: str, most: int) -> Cap:
        groups = self.policy.groups(column, self.catalogue)
        return Cap(column, groups.names, groups.member, most)

    def _floor(self, column: str, value: Any, share: float) -> Demand:
        groups = self.policy.groups(column, self.catalogue)
        member = groups.member[:, groups.names.index(traits.text(value))]
        return Demand(f"{column} {value}", member, attention(self.k), float(share))


# Notes hold no more than they say: the steps of many people stay in memory.


def _capped(caps: list[Cap], before: IntArray, after: IntArray, row: int) -> dict[str, Any]:
    """Groups that hold more than their cap (by pins alone), and places left empty."""
    shown = after[row][after[row] != NOBODY]
    over: dict[str, int] = {}
    for cap in caps:
        count = cap.member[shown].sum(axis=0)
        over |= {
            f"{cap.column} {cap.names[g]}": int(count[g]) for g in np.flatnonzero(count > cap.most)
        }
    return {"over": over, "empty": int((before[row] != NOBODY).sum() - len(shown))}


def _drawn(
    code: IntArray, drawn: NDArray[np.bool_], catalogue: Vocabulary, row: int
) -> dict[str, Any]:
    """What chance took instead of the best."""
    return {"drawn": catalogue.take(code[row][drawn[row]].tolist())}


def _met(demands: list[Demand], gots: list[Floats], row: int) -> dict[str, Any]:
    """What each demand asked for and got: shares of attention, or numbers of new items."""
    asked = {d.name: d.least for d in demands}
    got = {d.name: float(g[row]) for d, g in zip(demands, gots, strict=True)}
    worth = {d.name: float(d.weight.sum()) if d.name != "new" else 1.0 for d in demands}
    return {
        "asked": {name: asked[name] / worth[name] for name in asked},
        "got": {name: got[name] / worth[name] for name in asked},
        "short": [name for name in asked if got[name] < asked[name] - 1e-9],
    }
