"""The audit: for whom does it work, who gets shown, does it know; and what a policy says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from workbench.audit.behaviour import BEHAVIOUR, MET, behaviour, beside
from workbench.audit.controlled import SCHEMA as CONTROLLED
from workbench.audit.controlled import controlled_frame, strata
from workbench.audit.exposure import attention_matrix, items_frame
from workbench.audit.flip import SCHEMA as FLIP
from workbench.audit.flip import flip_frame
from workbench.audit.groups import CROSS, Grouping, Groups, groupings
from workbench.audit.leakage import HISTORIES, SLATES, leakage_frame
from workbench.audit.people import people_frame
from workbench.audit.proxies import SCHEMA as PROXIES
from workbench.audit.proxies import features_read, guesses, leaked, proxies_frame
from workbench.audit.verdict import check_minimum, read_policy, verdicts_frame
from workbench.columns import RANK, USER
from workbench.data.split import Split
from workbench.display import Sheet, Shown
from workbench.errors import ArgumentError
from workbench.evaluation.definitions import K
from workbench.models.base import Recommender
from workbench.slate import Slates

METRICS = ("ndcg", "hit_rate", "miscalibration", "popularity_lift")
"""Whether it works worse for a group, and whether it works differently, where rows have that."""


@dataclass(frozen=True)
class Audit(Shown):
    """What an audit found. Every frame is tidy and has its n and its intervals.

    Attributes
    ----------
    people : polars.DataFrame
        Per-person metrics by group; see ``workbench.audit.people``.
    items : polars.DataFrame
        Exposure by kind of item; see ``workbench.audit.exposure``.
    leakage : polars.DataFrame
        How well attributes can be guessed; see ``workbench.audit.leakage``.
    verdicts : polars.DataFrame
        What the policy says: pass, fail or cannot tell; see ``workbench.audit.verdict``.
    groups : polars.DataFrame
        ``attribute`` and ``how`` its groups were made.
    skipped : polars.DataFrame
        ``attribute`` and the ``reason`` why something was not asked of it.
    policy : dict
        The content of the policy.
    settings : dict
        ``k``, ``minimum``, ``seed``, ``metrics``, ``groups`` as asked: enough to do it again.
    flip : polars.DataFrame
        Whose slate changes if only an attribute does; see ``workbench.audit.flip``. Empty for
        lists made elsewhere.
    proxies : polars.DataFrame
        Features that stand for an attribute; see ``workbench.audit.proxies``. Empty for models
        without features.
    controlled : polars.DataFrame
        The differences of ``people`` among people alike in something else; see
        ``workbench.audit.controlled``.
    """

    people: pl.DataFrame
    items: pl.DataFrame
    leakage: pl.DataFrame
    verdicts: pl.DataFrame
    groups: pl.DataFrame
    skipped: pl.DataFrame
    policy: dict[str, Any] = field(repr=False)
    settings: dict[str, Any] = field(repr=False)
    flip: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FLIP))
    proxies: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PROXIES))
    controlled: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CONTROLLED))

    @property
    def passed(self) -> bool | None:
        """True where every verdict is pass, False where one is fail, None where one cannot tell."""
        found = set(self.verdicts["verdict"])
        return False if "fail" in found else None if "cannot tell" in found else True

    @property
    def exit_code(self) -> int:
        """For a pipeline that stops on it: 0 all passed, 1 something failed, 3 cannot tell."""
        return {True: 0, False: 1, None: 3}[self.passed]

    def judged(self, policy: str | Path | Mapping[str, Any] | None = None) -> Audit:
        """The same figures under another policy.

        Parameters
        ----------
        policy : path or mapping, optional
            As of ``wb.audit``; by default ``workbench/audit/policy.toml``.

        Raises
        ------
        ArgumentError
            The policy cannot be read; or its minimum is not the one that the figures were made
            with, and they would show smaller groups or hide larger ones than it says.
        """
        written = read_policy(policy)
        if written.minimum != self.settings["minimum"]:
            raise ArgumentError(
                f"policy: minimum={written.minimum}, and these figures were made with groups of at "
                f"least {self.settings['minimum']}; audit again, wb.audit(..., policy=policy)"
            )
        frames = {"people": self.people, "items": self.items, "leakage": self.leakage}
        verdicts = verdicts_frame(written, frames)
        return replace(self, verdicts=verdicts, policy=written.content)

    def _counts(self) -> dict[str, int]:
        found = dict(self.verdicts["verdict"].value_counts().iter_rows())
        return {verdict: found.get(verdict, 0) for verdict in ("pass", "fail", "cannot tell")}

    def __repr__(self) -> str:
        words = ", ".join(f"{n} {verdict}" for verdict, n in self._counts().items())
        return f"Audit({words}; groups: {', '.join(self.groups['attribute']) or 'none'})"

    def _sheet(self) -> Sheet:
        columns = ("verdict", "measure", "attribute", "group", "n", "value", "low", "high")
        order = {"fail": 0, "cannot tell": 1, "pass": 2}
        verdicts = self.verdicts.sort(
            pl.col("verdict").replace_strict(order, default=3), maintain_order=True
        ).select(*columns, "threshold")
        tables = [("Verdicts, what fails first", verdicts)]
        tables += [("Not asked", self.skipped)] if self.skipped.height else []
        facts = (*self._counts().items(), ("places", self.settings.get("k")))
        return Sheet("Audit", facts, tuple(tables))


def audit(
    model: Recommender | Slates,
    split: Split,
    groups: Groups | None = None,
    *,
    k: int = 10,
    control: str | Sequence[str] | None = MET,
    rows: pl.DataFrame | None = None,
    metrics: Sequence[str] | None = None,
    minimum: int | None = None,
    policy: str | Path | Mapping[str, Any] | None = None,
    seed: int = 0,
    say: Callable[[str], None] | None = None,
) -> Audit:
    """Audit a model, or lists made elsewhere.

    Parameters
    ----------
    model : Recommender or Slates
        Fitted; or lists with ``user_id``, or one per person of ``split.people()``.
    split : Split
    groups : sequence or mapping, optional
        Names of user attributes; ``("gender", "age")`` is their intersection; a mapping gives
        bands, ``{"age": [18, 35, 56]}`` (lower edges). By default every attribute that can be a
        group, those that cannot are in ``skipped`` with the reason; and groups by behaviour (see
        ``workbench.audit.behaviour``), which can be named as attributes are.
    control : str or sequence of str, optional
        Attribute or behaviour, or several crossed, that is held when groups are compared in
        ``controlled``: by default the length of the history. None asks nothing of the kind.
    k : int
        Places of a slate; longer lists are cut there.
    rows : polars.DataFrame, optional
        What ``wb.evaluate(model, split, k)`` returned, so that it is not done twice.
    metrics : sequence of str, optional
        Columns of ``rows``; by default ``METRICS``, of which those without any figure are left
        out.
    minimum : int, optional
        Groups with fewer people are not shown; from 20 upwards. By default the policy's.
    policy : path or mapping, optional
        Thresholds; by default ``workbench/audit/policy.toml``.
    seed : int
        Of the bootstrap, the permutations and the halves of leakage.
    say : callable, optional
        Hears what is being done; what it raises ends the audit.

    Raises
    ------
    ArgumentError
        An attribute, metric, policy or number cannot work, or ``rows`` or the lists are of
        another ``k``; nothing was started.
    """
    from workbench.evaluation.evaluate import evaluate
    from workbench.ranking.recommend import check_k, recommend

    check_k(k)
    if not isinstance(split, Split):
        raise ArgumentError(
            f"split must be a Split, not {type(split).__name__}; make one with wb.split(dataset)"
        )
    if not isinstance(model, Recommender | Slates):
        raise ArgumentError(
            f"model must be a fitted model or Slates, not {type(model).__name__}; "
            "lists made elsewhere come in by wb.Slates.from_frame"
        )
    written = read_policy(policy)
    if minimum is None:
        minimum = written.minimum
    check_minimum(minimum)
    if isinstance(metrics, str):
        raise ArgumentError(f"metrics must be a list; write metrics=[{metrics!r}]")
    if isinstance(model, Slates) and model.k < k:
        raise ArgumentError(
            f"the slates have {model.k} places and k is {k}; ask for at most {model.k}"
        )
    say = say or (lambda _: None)
    ids, profiles = split.people()
    attributes = _attributes(split, ids)
    known = beside(attributes, behaviour(split))
    made, skipped = groupings(known, groups)
    held = strata(known, control)
    if rows is None:
        say("asking everybody")
        rows = evaluate(model, split, k)
    rows = _aligned(rows, split, ids)
    if K in rows.columns and (measured := set(rows[K]) - {k}):
        raise ArgumentError(
            f"rows were measured with k={measured.pop()} and the audit is asked with k={k}; "
            "give the same to both"
        )
    if metrics is None:
        metrics = [m for m in METRICS if m in rows.columns and _figures(rows[m])]
        if not metrics:
            raise ArgumentError(f"rows have no figure of {', '.join(METRICS)}; name your metrics")
    for metric in metrics:
        if metric not in rows.columns or not (
            rows[metric].dtype.is_numeric() or rows[metric].dtype == pl.Boolean
        ):
            raise ArgumentError(
                f"metrics: rows have no figure {metric!r}; there are {rows.columns}"
            )
    say("making lists")
    slates = recommend(model, profiles, k) if isinstance(model, Recommender) else _cut(model, k)
    places = _places(slates, split, ids)
    guessed = sorted(_told(made, attributes.columns))
    has = np.flatnonzero(places >= 0)
    flip, proxies, features = pl.DataFrame(schema=FLIP), pl.DataFrame(schema=PROXIES), None
    if isinstance(model, Recommender):
        say("flipping attributes")
        flip = flip_frame(
            model, split, k, seed, groups=_of(groups, attributes.columns), slates=slates,
            minimum=minimum,
        )  # fmt: skip
    if guessed and hasattr(model, "contributions"):
        say("guessing attributes from features")
        read = features_read(model, profiles, slates, k)  # type: ignore[arg-type]
        told = guesses(attributes, guessed, read, minimum, seed)
        features, proxies = leaked(told), proxies_frame(told, read.names, seed)
    say("guessing attributes from lists and histories")
    leakage, unguessed = leakage_frame(
        attributes[has],
        guessed,
        {SLATES: attention_matrix(slates, split)[places[has]], HISTORIES: profiles.seen[has]},
        minimum,
        seed,
        features,
    )
    say("comparing groups")
    frames = {
        "people": people_frame(rows, made, metrics, minimum, seed),
        "items": items_frame(slates, places, split, seed),
        "leakage": leakage,
    }
    controlled = pl.DataFrame(schema=CONTROLLED)
    if held is not None:
        controlled = controlled_frame(rows, made, held, metrics, frames["people"], minimum)
    return Audit(
        **frames,
        verdicts=verdicts_frame(written, frames),
        groups=pl.DataFrame(
            {"attribute": [g.attribute for g in made], "how": [g.how for g in made]},
            schema={"attribute": pl.String, "how": pl.String},
        ),
        skipped=pl.DataFrame(
            [*skipped.items(), *unguessed.items()],
            schema={"attribute": pl.String, "reason": pl.String},
            orient="row",
        ),
        policy=written.content,
        flip=flip,
        proxies=proxies,
        controlled=controlled,
        settings={
            "k": k,
            "minimum": minimum,
            "seed": seed,
            "metrics": list(metrics),
            "groups": _plain(groups),
            "control": control if control is None or isinstance(control, str) else list(control),
        },
    )


def _attributes(split: Split, ids: list[Any]) -> pl.DataFrame:
    users = split.train.users
    return users[split.train.people.codes(ids)].drop(USER)


def _aligned(rows: pl.DataFrame, split: Split, ids: list[Any]) -> pl.DataFrame:
    """The rows in the order of the people asked; refused where they are not the same people."""
    if not isinstance(rows, pl.DataFrame) or USER not in rows.columns:
        raise ArgumentError("rows must be what wb.evaluate returns, with a column user_id")
    people = split.train.people
    code = people.codes(rows[USER])
    wanted = people.codes(ids)
    if len(code) != len(wanted) or not np.array_equal(np.sort(code), np.sort(wanted)):
        raise ArgumentError(
            f"rows hold {len(np.unique(code)):,} people in {len(code):,} rows and the split asks "
            f"about {len(wanted):,}; give one row per person of split.people(), of one model"
        )
    return rows[np.argsort(code)[np.argsort(np.argsort(wanted))]]


def _cut(slates: Slates, k: int) -> Slates:
    """The first ``k`` places; the people of ``user_ids`` stay the same."""
    return replace(slates, frame=slates.frame.filter(pl.col(RANK) <= k), k=k)


def _places(slates: Slates, split: Split, ids: list[Any]) -> np.ndarray[Any, Any]:
    """Row of the slates of each person asked, -1 where they have none."""
    if slates.user_ids is None:
        if len(slates) != len(ids):
            raise ArgumentError(
                f"there are {len(slates):,} slates for {len(ids):,} people; give one for each of "
                "split.people(), in that order, or slates with user_id"
            )
        return np.arange(len(ids))
    place = {user: row for row, user in enumerate(slates.user_ids)}
    return np.array([place.get(user, -1) for user in ids], dtype=np.int64)


def _figures(column: pl.Series) -> bool:
    """Whether there is a number for anybody."""
    return bool(column.cast(pl.Float64).is_finite().any())


def _told(made: Sequence[Grouping], attributes: Sequence[str]) -> list[str]:
    """Attributes of people that some groups are made of."""
    parts = [g.attribute for g in made] + [p for g in made for p in g.attribute.split(CROSS)]
    return [name for name in dict.fromkeys(parts) if name in attributes]


def _of(groups: Groups | None, attributes: Sequence[str]) -> Groups | None:
    """What is asked of attributes; behaviour is nothing that could be flipped."""
    if groups is None:
        return None
    ours = [name for name in BEHAVIOUR if name not in attributes]
    if isinstance(groups, Mapping):
        return {name: edges for name, edges in groups.items() if name not in ours}
    parts = [[name] if isinstance(name, str) else list(name) for name in groups]
    return list(dict.fromkeys(part for each in parts for part in each if part not in ours))


def _plain(groups: Groups | None) -> Any:
    if groups is None:
        return None
    if isinstance(groups, Mapping):
        return {name: None if edges is None else list(edges) for name, edges in groups.items()}
    return [name if isinstance(name, str) else list(name) for name in groups]
