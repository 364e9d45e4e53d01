"""What a simulation of feedback did: measures of each round, by group, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse
from scipy.special import stdtrit, xlogy

from workbench.audit.groups import EVERYBODY, Grouping, codes
from workbench.audit.intervals import Floats, generator, interval, weighted_sums
from workbench.audit.people import withheld
from workbench.columns import ATTRIBUTE, DEFINITION, GROUP, HIGH, LOW, VALUE, N
from workbench.vocabulary import IntArray

SETTING, ROUND, MEASURE, POLICY, CHOICE = "setting", "round", "measure", "policy", "choice"
ACCEPTANCE, ENTROPY, DISTANCE, GINI, COVERAGE = (
    "acceptance", "entropy", "distance", "gini", "coverage",
)  # fmt: skip
OF_PEOPLE = (ACCEPTANCE, ENTROPY, DISTANCE)
OF_ALL = (GINI, COVERAGE)
MEASURES = (ENTROPY, DISTANCE, GINI, COVERAGE, ACCEPTANCE)
CHANGE, DIFFERENCE = "change", "difference"
FEEDBACK = {
    SETTING: pl.String,
    ROUND: pl.Int64,
    MEASURE: pl.String,
    ATTRIBUTE: pl.String,
    GROUP: pl.String,
    **dict.fromkeys((VALUE, LOW, HIGH), pl.Float64),
    **{f"{c}{end}": pl.Float64 for c in (CHANGE, DIFFERENCE) for end in ("", "_low", "_high")},
    N: pl.Int64,
    DEFINITION: pl.String,
    POLICY: pl.String,
    CHOICE: pl.String,
}
"""Columns of a simulation's frame."""
REPEATS, LEFT_OUT = 50, 10
"""Figures of all lists together are computed again so often, each time without one in ten."""


@dataclass(frozen=True, eq=False)
class Turn:
    """One round of one setting, row by row of the people.

    Attributes
    ----------
    acceptance, entropy, distance : (n_people,) float64
        NaN where there is no list, or no taste to start from.
    shown : (n_people, n_items) csr
        1 where the item was on the list.
    chosen : (n_people,) int64
        How many items were chosen.
    """

    acceptance: Floats
    entropy: Floats
    distance: Floats
    shown: sparse.csr_array
    chosen: IntArray

    @classmethod
    def of(
        cls,
        shape: tuple[int, int],
        row: IntArray,
        item: IntArray,
        look: Floats,
        like: Floats,
        kinds: sparse.csr_array,
        taste: Floats,
        chosen: IntArray,
    ) -> Turn:
        """Measure the lists of a round.

        Parameters
        ----------
        shape : (n_people, n_items)
        row, item, look, like : (n_places,)
            The lists, and the chances of each place to be looked at, and to be liked then.
        kinds : (n_items, n_kinds) csr
            Share of each item in each kind.
        taste : (n_people, n_kinds)
            Mix of kinds each started from; rows add up to 1, or 0 where nothing is known.
        chosen : (n_people,) int64
        """
        mass = [
            sparse.csr_array((weight, (row, item)), shape=shape)
            for weight in (np.ones(len(row)), look * like)
        ]
        shown, wanted = ((one @ kinds).toarray() for one in mass)
        looks = np.bincount(row, look, minlength=shape[0])
        found = np.bincount(row, look * like, minlength=shape[0])
        empty = np.full(shape[0], np.nan)
        accepted = np.divide(found, looks, out=empty.copy(), where=looks > 0)
        has = shown.sum(axis=1) > 0
        both = (wanted.sum(axis=1) > 0) & (taste.sum(axis=1) > 0)
        return cls(
            accepted,
            np.where(has, entropy(mixes(shown)), np.nan),
            np.where(both, jensen_shannon(mixes(wanted), taste), np.nan),
            mass[0],
            chosen,
        )


def mixes(mass: Floats) -> Floats:
    """Rows that add up to 1; a row of zeros stays one."""
    total = mass.sum(axis=1, keepdims=True)
    out: Floats = np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)
    return out


def entropy(mix: Floats) -> Floats:
    """Shannon entropy of each row in bits."""
    return np.asarray(-xlogy(mix, mix).sum(axis=1) / np.log(2) + 0.0)


def jensen_shannon(one: Floats, two: Floats) -> Floats:
    """Jensen-Shannon distance of rows, 0 to 1: the root of the divergence in bits.

    Source: Endres, Schindelin 2003, "A new metric for probability distributions".
    """
    middle = entropy((one + two) / 2) - (entropy(one) + entropy(two)) / 2
    out: Floats = np.sqrt(middle.clip(0, 1))
    return out


def definitions(kinds: str) -> dict[str, str]:
    """Measure → what it is."""
    return {
        ENTROPY: f"entropy, in bits, of the {kinds} on a person's list; mean over people; lower is "
        "narrower",
        DISTANCE: "Jensen-Shannon distance (0 to 1) between the "
        f"{kinds} that a person would choose from the list, each place by its chance, and those of "
        "what they liked before the first round; mean over people",
        GINI: "inequality of how often items are shown in the round, those never shown included; 0 "
        "all alike, towards 1 all places to one item; it hangs on the number of lists, so compare "
        "rounds and settings, not groups",
        COVERAGE: "share of the catalogue that is shown to anybody in the round; it hangs on the "
        "number of lists, so compare rounds and settings, not groups",
        ACCEPTANCE: "chance that a place is chosen, of those looked at; mean over people",
    }


def feedback_frame(
    turns: Mapping[str, Sequence[Turn]],
    groupings: Sequence[Grouping],
    minimum: int,
    seed: int,
) -> pl.DataFrame:
    """Every measure of every round, setting and group.

    Parameters
    ----------
    turns : mapping of setting to its rounds
        Of the same people, the same number of rounds each.
    groupings : sequence of Grouping
        Row-aligned with the people.
    minimum : int
        Smaller groups have no rows; nor has the smallest of the others, where their figures could
        still be computed as what is left of everybody's.
    seed : int

    Returns
    -------
    polars.DataFrame
        ``setting, round, measure, attribute, group``; ``value, low, high``; ``change`` from the
        first round of the setting and ``difference`` to the first setting in the same round, each
        with ``_low`` and ``_high``, paired over people; ``n`` people of whom there is a figure.

    Notes
    -----
    Nothing is learnt from the others, so each person's rounds hang on nobody else's, and drawing
    people anew is drawing everything anew: their choices, too. Means over people have a Bayesian
    bootstrap (as ``audit.intervals``). Gini and coverage grow and shrink with the number of lists,
    so a resample with its repeats is not one of the same kind: theirs are computed again without a
    random tenth of the people, the same for all settings and rounds; the spread tells the error.

    Source: Shao, Wu 1989, "A general theory for jackknife variance estimation" (delete-d).
    """
    n = len(next(iter(turns.values()))[0].chosen)
    parts = [pl.DataFrame(schema=FEEDBACK)]
    for attribute, name, rows in _groups(groupings, n, minimum):
        rng = generator(seed, "feedback", attribute, name)
        tables = _of_people(turns, rows, minimum, rng) | _of_all(turns, rows, rng)
        for measure in MEASURES:
            if measure in tables:
                parts.append(
                    tables[measure].select(
                        SETTING,
                        ROUND,
                        pl.lit(measure).alias(MEASURE),
                        pl.lit(attribute).alias(ATTRIBUTE),
                        pl.lit(name).alias(GROUP),
                        pl.exclude(SETTING, ROUND),
                    )
                )
    return pl.concat(parts, how="diagonal")


def _groups(groupings: Sequence[Grouping], n: int, minimum: int) -> list[tuple[str, str, IntArray]]:
    """Groups that may be shown, and their people; everybody first."""
    found: list[tuple[str, str, IntArray]]
    found = [(EVERYBODY, EVERYBODY, np.arange(n))] if n >= minimum else []
    for grouping in groupings:
        group = codes(grouping)
        counts = np.bincount(group, minlength=len(grouping.order))
        few = {g for g in range(len(counts)) if counts[g] < minimum}
        hidden = few | {withheld(counts, few, minimum)}
        found += [
            (grouping.attribute, name, np.flatnonzero(group == g))
            for g, name in enumerate(grouping.order)
            if g not in hidden
        ]
    return found


def _of_people(
    turns: Mapping[str, Sequence[Turn]], rows: IntArray, minimum: int, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Measures that are means over people; one of whom too few have a figure is left out."""
    found = {}
    for measure in OF_PEOPLE:
        values = np.array([[getattr(t, measure)[rows] for t in of] for of in turns.values()])
        known = np.isfinite(values).all(axis=(0, 1))  # the same people throughout: paired
        n = int(known.sum())
        if n < minimum:
            continue
        columns = values[:, :, known].reshape(-1, n).T
        sums = weighted_sums(rng, np.column_stack([columns, np.ones(n)]))
        draws = (sums[:, :-1] / sums[:, -1:]).T.reshape(*values.shape[:2], -1)
        means = values[:, :, known].mean(axis=2)

        def ends(draws: Floats, value: float, n: int = n) -> tuple[float, float]:
            return interval(draws, value, n - 1)

        found[measure] = _table(list(turns), means, draws, n, ends)
    return found


def _of_all(
    turns: Mapping[str, Sequence[Turn]], rows: IntArray, rng: np.random.Generator
) -> dict[str, pl.DataFrame]:
    """Measures of all lists together."""
    n = len(rows)
    gone = max(1, n // LEFT_OUT)
    left = np.ones((REPEATS, n))
    for drawn in left:
        drawn[rng.permutation(n)[:gone]] = 0.0
    # What d of n move, when they go, is sqrt(d / (n - d)) of what chance moves in the whole.
    scale = float(np.sqrt((n - gone) / gone) * stdtrit(REPEATS - 1, 0.975))
    whole, again = [], []
    for of in turns.values():
        for turn in of:
            shown = turn.shown[rows]
            whole.append(_spread(np.asarray(shown.sum(axis=0)).reshape(1, -1)))
            again.append(_spread(np.asarray((shown.T @ left.T).T)))
    shape = len(turns), len(next(iter(turns.values())))
    found = {}
    for place, measure in enumerate(OF_ALL):
        values = np.array([one[place][0] for one in whole]).reshape(shape)
        draws = np.array([one[place] for one in again]).reshape(*shape, -1)

        def ends(draws: Floats, value: float) -> tuple[float, float]:
            off = scale * float(draws.std(ddof=1))
            return value - off, value + off

        table = _table(list(turns), values, draws, n, ends)
        found[measure] = table.with_columns(pl.col(LOW, HIGH).clip(0.0, 1.0))
    return found


def _spread(counts: Floats) -> tuple[Floats, Floats]:
    """Gini and coverage of each row of counts; those of few items are shown, the rest are zeros."""
    n = counts.shape[1]
    held = np.sort(counts[:, counts.any(axis=0)], axis=1)
    weight = 2 * (np.arange(held.shape[1]) + 1 + n - held.shape[1]) - n - 1
    total = held.sum(axis=1)
    gini = np.divide(held @ weight, n * total, out=np.full(len(held), np.nan), where=total > 0)
    return gini, (held > 0).sum(axis=1) / n


def _table(settings: list[str], values: Floats, draws: Floats, n: int, ends) -> pl.DataFrame:  # type: ignore[no-untyped-def]
    """Value, change and difference of each setting and round.

    Parameters
    ----------
    settings : list of str
    values : (n_settings, n_rounds)
    draws : (n_settings, n_rounds, n_draws)
    n : int
    ends : callable
        From draws and value to the ends of the interval.
    """
    found = []
    for s, name in enumerate(settings):
        for r in range(values.shape[1]):
            row = {SETTING: name, ROUND: r + 1, N: n}
            for column, v, d in (
                (VALUE, values[s, r], draws[s, r]),
                (CHANGE, values[s, r] - values[s, 0], draws[s, r] - draws[s, 0]),
                (DIFFERENCE, values[s, r] - values[0, r], draws[s, r] - draws[0, r]),
            ):
                low, high = ends(d, float(v))
                names = (LOW, HIGH) if column == VALUE else (f"{column}_low", f"{column}_high")
                row |= {column: float(v), names[0]: low, names[1]: high}
            found.append(row)
    schema = {c: t for c, t in FEEDBACK.items() if c in found[0]}
    return pl.DataFrame(found, schema=schema)
