"""How good explanations are: against orders by chance, under other draws, beside each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from workbench.columns import DEFINITION, HIGH, ITEM, LOW, ROW, VALUE, N
from workbench.explain import fidelity_measures as measures
from workbench.explain.background import background
from workbench.explain.fidelity_measures import (
    AGREEMENT,
    DELETION,
    FEATURES,
    FIRST,
    INSERTION,
    KEPT,
    OF_HISTORY,
    OF_SEED,
    REMOVALS,
    SHARES,
    SPARSITY,
    Measured,
)
from workbench.explain.likeness import CARRIED, TOP
from workbench.explain.over_people import check_bootstrap, means
from workbench.explain.shown import check_people
from workbench.models.base import Recommender
from workbench.models.parameters import check_seed, check_whole
from workbench.profiles import Profiles
from workbench.ranking.recommend import check_k, recommend
from workbench.vocabulary import IntArray

if TYPE_CHECKING:
    from workbench.ranking.engine import Engine

FEWEST = 2
"""Items of a history that can be put in an order."""
TYPE, MEASURE, RANDOM, VERDICT = "type", "measure", "random", "verdict"
GAIN, GAIN_LOW, GAIN_HIGH = "gain", "gain_low", "gain_high"
STRONG, WEAK = "strong", "weak"
FIDELITY = {
    TYPE: pl.String,
    MEASURE: pl.String,
    **dict.fromkeys((VALUE, LOW, HIGH, RANDOM, GAIN, GAIN_LOW, GAIN_HIGH), pl.Float64),
    N: pl.Int64,
    VERDICT: pl.String,
    DEFINITION: pl.String,
}
"""Columns of ``fidelity``."""
MEASURES = (DELETION, INSERTION, OF_SEED, OF_HISTORY, AGREEMENT, FIRST, SPARSITY)
BOUNDS = {OF_SEED: (0.0, 1.0), OF_HISTORY: (0.0, 1.0), FIRST: (0.0, 1.0), AGREEMENT: (-1.0, 1.0)}
PARTS = {SHARES: "events", REMOVALS: "events", FEATURES: "features"}
OTHER = {
    SHARES: "the effect of removing each event",
    REMOVALS: "the shares",
    FEATURES: "the effect of taking each feature away alone",
}
WORDS = {
    DELETION: "mean fall of the score while {parts} are taken away in the order told, what helps "
    "most first; higher is better; random: in orders drawn by chance",
    INSERTION: "mean rise of the score while {parts} are put back in the order told, what helps "
    "most first; higher is better; random: in orders drawn by chance",
    OF_SEED: "share of the first {top} {parts} that are told again where other orders are drawn",
    OF_HISTORY: "share of the first {top} {parts} that are told again from {kept:.0%} of the "
    "history, drawn by chance, among those that are left",
    AGREEMENT: "rank correlation with {other}",
    FIRST: "share of scores whose first one is also the first by {other}",
    SPARSITY: "how many {parts}, the largest first, carry {carried:.0%} of the sum of all sizes; "
    "fewer is plainer; random: if all were of one size",
}
BACKGROUND_SIZE = 32
"""Pairs whose values a feature is given in place of its own."""


def fidelity(
    model: Recommender,
    profiles: Profiles,
    k: int = 10,
    *,
    max_people: int = 16,
    max_events: int = 400,
    budget: int = 256,
    n_random: int = 10,
    who: str = "people",
    level: float = 0.95,
    seed: int = 0,
    n_boot: int = 2000,
    say: Callable[[str], None] | None = None,
) -> pl.DataFrame:
    """Measure how good the explanations of a model's slates are.

    Of each person, one item of their slate is drawn, and its score explained in each way. An
    explanation that knows what it says takes away what counts first: the score falls faster than
    in an order drawn by chance (deletion), and comes back faster (insertion). All is scored
    through the whole model.

    Parameters
    ----------
    model : Recommender
        Fitted.
    profiles : Profiles
        Guests: of people that a model was fitted on it remembers what is taken away. Those with
        fewer than two items in their history are left out.
    k : int
        Places of a slate.
    max_people : int
        At most so many, drawn by seed. The work grows with it.
    max_events : int
        Whoever has more items in their history is left out, since the work grows with its square
        where every one is taken away in turn; ``definition`` says so where it is so.
    budget : int
        Profiles to score for the shares of events, as of ``wb.explain``: the figures are of
        shares that are sampled as much.
    n_random : int
        Orders drawn by chance, for each score.
    who : str
        What these people are called, e.g. "guests"; for ``definition``.
    level, seed, n_boot
        Of the bootstrap over people.
    say : callable, optional
        Hears how many people are done.

    Returns
    -------
    polars.DataFrame
        One row per ``type`` and ``measure``, with ``definition``. Types: "shares" and "removal" of
        events, and of an engine "features". Measures: "deletion", "insertion" (in the unit of
        the score), "stability_seed" (shares only: nothing else is drawn), "stability_resample",
        "agreement", "same_first", "sparsity". ``value`` is the mean over ``n`` people with ``low,
        high``; ``random`` what chance gives, ``gain`` the paired difference to it with
        ``gain_low, gain_high``; null where fewer than two people have a value. ``verdict`` is of
        the type: "strong" where deletion and insertion both beat chance beyond the interval,
        else "weak". Empty where nobody has a history of two items and a slate.

    Raises
    ------
    ArgumentError
        An argument cannot work; raised before anything is scored.
    NotFittedError
        The model has not been fitted.
    """
    check_k(k)
    check_people(profiles)
    for name, number in (
        ("max_people", max_people), ("max_events", max_events), ("budget", budget),
        ("n_random", n_random),
    ):  # fmt: skip
        check_whole(name, number)
    check_seed(seed)
    check_bootstrap(level, n_boot)
    model._require_fitted()
    profiles = profiles.aligned(model.catalogue)
    people, items, said = _asked(model, profiles, k, max_people, max_events, seed)
    if len(items) == 0:
        return pl.DataFrame(schema=FIDELITY)
    explains = hasattr(model, "contributions")
    if explains:
        engine = cast("Engine", model)
        against = background(engine, people, who, k=k, size=BACKGROUND_SIZE, seed=seed)
    found = []
    for row, item in enumerate(items.tolist()):
        if say is not None:
            say(f"{row + 1} of {len(items)} people")
        person, own = people[row : row + 1], _seed(seed, row)
        found.append(measures.of_events(model, person, item, budget, n_random, own))
        if explains:
            found[-1] += measures.of_features(engine, person, item, against, n_random, own)
    words = {
        SHARES: f"; shares of at most {budget:,} profiles scored",
        REMOVALS: "",
        FEATURES: "; taken away: given the values of other pairs of people and candidates",
    }
    said = f"; one item of the slate of {k} of each of {len(items):,} {who}{said}"
    return _table(found, {kind: more + said for kind, more in words.items()}, level, seed, n_boot)


def verdicts(found: pl.DataFrame) -> dict[str, str]:
    """Type of explanation → "strong" or "weak", of the rows of ``fidelity``."""
    return dict(found.select(TYPE, VERDICT).unique(maintain_order=True).iter_rows())


def verdict_words(found: pl.DataFrame, kind: str) -> str:
    """One plain sentence on a type of explanation, with the figures it rests on.

    Empty where nothing was measured of it.
    """
    rows = {row[MEASURE]: row for row in found.filter(pl.col(TYPE) == kind).to_dicts()}
    if DELETION not in rows:
        return ""
    one = rows[DELETION]
    parts = PARTS.get(kind, "events")
    said = (
        f"Taking away the {parts} in this order lowers the score by {one[VALUE]:.2f} on average, "
        f"and in an order by chance by {one[RANDOM]:.2f} ({one[N]} people): "
    )
    if one[VERDICT] == STRONG:
        said += "the order is clearly better than chance."
    else:
        said += "weak, the order is not clearly better than chance; read it with care."
    again = rows.get(OF_SEED)
    if again is not None and again[VALUE] is not None:
        said += f" Of the first {TOP}, {again[VALUE]:.0%} are told again under other draws."
    return said


def _asked(
    model: Recommender, profiles: Profiles, k: int, max_people: int, max_events: int, seed: int
) -> tuple[Profiles, IntArray, str]:
    """People whose history can be explained, one item of the slate of each, and who is missing."""
    met = np.bincount(profiles.row[profiles.latest], minlength=len(profiles))
    too_long = int((met > max_events).sum())
    said = f", {too_long:,} with more than {max_events:,} events left out" if too_long else ""
    draw = np.random.default_rng(seed)
    able = np.flatnonzero((met >= FEWEST) & (met <= max_events))
    people = profiles[np.sort(draw.permutation(able)[:max_people])]
    slates = recommend(model, people, k).frame
    count = np.bincount(slates[ROW].to_numpy(), minlength=len(people))
    shown = np.flatnonzero(count)
    place = np.cumsum(count) - count + np.floor(draw.random(len(people)) * count).astype(np.int64)
    return people[shown], model.catalogue.codes(slates[ITEM].gather(place[shown])), said


def _seed(seed: int, row: int) -> int:
    return int(np.random.SeedSequence([seed, row]).generate_state(1)[0]) // 2


def _table(
    found: list[list[Measured]], said: dict[str, str], level: float, seed: int, n_boot: int
) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for kind in (SHARES, REMOVALS, FEATURES):
        told = []
        for measure in MEASURES:
            pairs = np.array(
                [
                    (one.value, one.chance)
                    for person in found
                    for one in person
                    if (one.type, one.measure) == (kind, measure)
                ]
            ).reshape(-1, 2)
            if len(pairs) == 0:
                continue
            pairs = pairs[np.isfinite(pairs).all(axis=1)]
            value, gain = pairs[:, :1], pairs[:, :1] - pairs[:, 1:]
            of_value = means(value, level, seed, n_boot, BOUNDS.get(measure))[0]
            of_gain = means(gain, level, seed, n_boot)[0]
            if measure in BOUNDS and len(pairs) and np.ptp(value) == 0:
                of_gain[1:] = of_value[1:] - pairs[:, 1].mean()  # a bootstrap sees no spread
            told.append(
                {
                    TYPE: kind,
                    MEASURE: measure,
                    **dict(zip((VALUE, LOW, HIGH), of_value, strict=True)),
                    RANDOM: pairs[:, 1].mean() if len(pairs) else np.nan,
                    **dict(zip((GAIN, GAIN_LOW, GAIN_HIGH), of_gain, strict=True)),
                    N: len(pairs),
                    DEFINITION: WORDS[measure].format(
                        parts=PARTS[kind], other=OTHER[kind], top=TOP, kept=KEPT, carried=CARRIED
                    )
                    + said[kind],
                }
            )
        beats = [row[GAIN_LOW] > 0 for row in told if row[MEASURE] in (DELETION, INSERTION)]
        verdict = STRONG if beats and all(beats) else WEAK
        rows += [{**row, VERDICT: verdict} for row in told]
    frame = pl.DataFrame(rows, schema=FIDELITY)
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))
