"""`make audit-calibration`: does the audit find what was planted, and nothing where nothing was?

The truth is known: the expected metric of fixed slates under the truth of a synthetic world. A
large population is made and its slates are fixed. Then, again and again, some of its people are
drawn and what they do is drawn from the truth; the audit is asked; and what it says is compared
with the truth of the population. People are drawn as well as outcomes because that is what the
intervals promise: they are over people. Of one and the same people they hold too, and more often
than they say (the line "of these very people").

Dials: ``bias`` of the world (people), a share of the attention taken from the tail (exposure), and
how much more often one half of the people is shown one of two lists (leakage). Whole refits (a new
world, a new model, the whole audit) are counted apart. 1 where a promise was not kept.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "2")  # before NumPy is imported

import argparse  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from dataclasses import dataclass, field  # noqa: E402
from functools import cached_property  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy import sparse  # noqa: E402
from scipy.stats import binom  # noqa: E402
from tqdm import tqdm  # noqa: E402

import workbench as wb  # noqa: E402
from workbench.artifact import library_versions  # noqa: E402
from workbench.audit.exposure import _shares  # noqa: E402
from workbench.audit.groups import groupings  # noqa: E402
from workbench.audit.leakage import SLATES, leakage_frame  # noqa: E402
from workbench.audit.people import people_frame  # noqa: E402
from workbench.cli.show import table  # noqa: E402
from workbench.data.dataset import Dataset  # noqa: E402
from workbench.evaluation.accuracy import Hits, hit_rate, ndcg  # noqa: E402
from workbench.features.bands import HEAD, MID, TAIL, popularity_bands  # noqa: E402
from workbench.settings import home  # noqa: E402

K = 10
N_ITEMS, EVENTS = 200, 30
"""Items of a world, events of each person."""
LOOKED = 0.25
"""Chance that somebody has looked at an item, without which it cannot turn out to be relevant."""
BIAS = 0.35
"""At this dial a refitted model has 20 % less nDCG for the disfavoured (see the table)."""
DIAL = 0.2
METRICS = ("ndcg", "hit_rate")
WEIGHT = 1 / np.log2(np.arange(K) + 2.0)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Population:
    """People with fixed slates, and the law of what they find relevant.

    Attributes
    ----------
    dataset : Dataset
    shown : (n_people, K) int64
        Item codes, best first.
    """

    dataset: Dataset = field(repr=False)
    shown: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(cls, n_people: int, seed: int, bias: float = 0.0) -> Population:
        """A world, EASE fitted on all of its log, and everybody's slate."""
        dataset = wb.load(
            "synthetic", n_users=n_people, n_items=N_ITEMS, n_events=EVENTS * n_people,
            seed=seed, bias=bias,
        )  # fmt: skip
        people = dataset.profiles(dataset.people.ids)
        frame = wb.recommend(wb.create("ease").fit(dataset), people, K).frame
        return cls(dataset, dataset.catalogue.codes(frame["item_id"]).reshape(-1, K))

    def __len__(self) -> int:
        return len(self.shown)

    @cached_property
    def chance(self) -> Floats:
        """That a person finds an item relevant, ``(n_people, n_items)``."""
        return LOOKED * self.dataset.truth.relevance(np.arange(len(self))).astype(np.float64)

    @cached_property
    def expected(self) -> dict[str, Floats]:
        """Expected metrics of each person's slate. At least K items are relevant to everybody."""
        chance = np.take_along_axis(self.chance, self.shown, axis=1)
        return {
            "ndcg": chance @ WEIGHT / WEIGHT.sum(),
            "hit_rate": 1 - np.prod(1 - chance, axis=1),
        }

    def outcome(self, person: NDArray[np.int64], rng: np.random.Generator) -> pl.DataFrame:
        """Metrics of these people after drawing what they find relevant."""
        chance = np.take_along_axis(self.chance[person], self.shown[person], axis=1)
        row, place = np.nonzero(rng.random(chance.shape) < chance)
        hits = Hits(row, place + 1, np.full(len(person), K), K)
        return pl.DataFrame({"ndcg": ndcg(hits), "hit_rate": hit_rate(hits)})


# --- for whom does it work ------------------------------------------------------------------------


def gaps(
    world: Population, n: int, times: int, rng: np.random.Generator, redraw_people: bool = True
) -> pl.DataFrame:
    """Whether the intervals of groups hold the truth, one row per redraw, group and figure."""
    users = world.dataset.users
    same = rng.integers(0, len(world), n)
    truth = _truth(world, np.arange(len(world)) if redraw_people else same)
    found = []
    for time in _times(times, "gaps"):
        person = rng.integers(0, len(world), n) if redraw_people else same
        made, _ = groupings(users[person], ["gender", "age"])
        rows = world.outcome(person, rng)
        frame = people_frame(rows, made, METRICS, 20, time)
        for row in frame.filter(~pl.col("suppressed")).iter_rows(named=True):
            inside, rest = truth.get((row["attribute"], row["group"], row["metric"]), (None, None))
            if inside is None or rest is None:
                continue
            for figure, low, high, right in (
                ("value", "low", "high", inside),
                ("difference", "difference_low", "difference_high", inside - rest),
                ("ratio", "ratio_low", "ratio_high", inside / rest),
            ):
                found.append(
                    {"time": time, **{c: row[c] for c in ("attribute", "group", "metric", "n")},
                     "figure": figure, "held": row[low] <= right <= row[high]}
                )  # fmt: skip
    return pl.DataFrame(found)


def _truth(world: Population, person: NDArray[np.int64]) -> dict[Any, tuple[float, float]]:
    """Expected metric of each group and of the others."""
    made, _ = groupings(world.dataset.users[person], ["gender", "age"])
    found = {}
    for grouping in made:
        for name in grouping.order:
            inside = (grouping.names == name).to_numpy()
            for metric in METRICS:
                values = world.expected[metric][person]
                means = float(values[inside].mean()), float(values[~inside].mean())
                found[grouping.attribute, name, metric] = means
    return found


def false_alarms(world: Population, n: int, times: int, rng: np.random.Generator) -> int:
    """In how many redraws of a world without bias anything at all is called a difference."""
    alarms = 0
    for time in _times(times, "false alarms"):
        person = rng.integers(0, len(world), n)
        made, _ = groupings(world.dataset.users[person], ["gender", "region"])
        frame = people_frame(world.outcome(person, rng), made, METRICS, 20, time)
        alarms += bool((frame["p_adjusted"].drop_nulls() < 0.05).any())
    return alarms


def refits(n_people: int, times: int, seed: int, bias: float = BIAS) -> pl.DataFrame:
    """A new world, a new model and the whole audit: what it says of the disfavoured."""
    found = []
    for time in _times(times, "refits"):
        dataset = wb.load(
            "synthetic", n_users=n_people, n_items=N_ITEMS, n_events=EVENTS * n_people,
            seed=seed + time, bias=bias,
        )  # fmt: skip
        split = wb.split(dataset)
        audit = wb.audit(wb.create("ease").fit(split.train), split, ["gender"])
        row = audit.people.filter(attribute="gender", group="F", metric="ndcg").row(0, named=True)
        worse = row["p_adjusted"] < 0.05 and row["difference_high"] < 0
        found.append({"time": time, "ratio": row["ratio"], "n": row["n"], "found": worse})
    return pl.DataFrame(found)


# --- who gets shown -------------------------------------------------------------------------------


def exposures(
    world: Population, n: int, times: int, rng: np.random.Generator, dial: float
) -> pl.DataFrame:
    """Whether exposure intervals hold the truth, and whether the tail is found short of attention.

    A place is given by chance in proportion to how relevant an item is to the person, times
    ``1 - dial`` where it is of the tail. The slates are fixed; what people like is redrawn.
    """
    bands = np.array(popularity_bands(world.dataset))
    names = [HEAD, MID, TAIL]
    kinds = sparse.csr_array((bands[:, None] == np.array(names)).astype(float))
    weight = world.chance * np.where(bands == TAIL, 1 - dial, 1.0)
    drawn = np.log(weight) + rng.gumbel(size=weight.shape)  # the largest: without replacement
    shown = np.argsort(-drawn, axis=1)[:, :K]
    row = np.repeat(np.arange(len(world)), K)
    attention = sparse.csr_array(
        (np.tile(WEIGHT / WEIGHT.sum(), len(world)), (row, shown.ravel())), shape=weight.shape
    )
    exposure, merit = attention.sum(axis=0) @ kinds, world.chance.sum(axis=0) @ kinds
    truth = exposure / exposure.sum() / (merit / merit.sum())
    found = []
    for time in _times(times, f"exposure, dial {dial:g}"):
        person = rng.integers(0, len(world), n)
        relevant = sparse.csr_array((rng.random((n, N_ITEMS)) < world.chance[person]).astype(float))
        for place, line in enumerate(
            _shares("popularity", names, kinds, attention[person], relevant, time)
        ):
            held = line["low"] <= truth[place] <= line["high"]
            found.append(
                {"time": time, "group": names[place], "truth": truth[place], "held": held,
                 "short": line["high"] < 1}
            )  # fmt: skip
    return pl.DataFrame(found)


# --- does it know ---------------------------------------------------------------------------------


def leaks(
    world: Population, n: int, times: int, rng: np.random.Generator, dial: float, noisy: bool
) -> pl.DataFrame:
    """Whether leakage intervals hold the truth, and whether they exclude chance.

    Of two lists the people of one gender get the first with probability ``(1 + dial) / 2`` and
    the others with ``(1 - dial) / 2``, so that nobody can guess better than an AUC of
    ``(1 + dial) / 2``. With ``noisy`` it is only the first place of their own slates that says it.
    """
    gender = (world.dataset.users["gender"] == "F").to_numpy()
    found = []
    for time in _times(times, f"leakage, dial {dial:g}"):
        # Nobody twice: a person in two folds would be recognised.
        person = rng.choice(len(world), n, replace=False)
        first = rng.random(n) < np.where(gender[person], 1 + dial, 1 - dial) / 2
        shown = world.shown[person] if noisy else np.zeros((n, K), dtype=np.int64)
        item = np.column_stack([N_ITEMS + first, shown[:, 1:]]).ravel()
        matrix = sparse.csr_array(
            (np.tile(WEIGHT, n), (np.repeat(np.arange(n), K), item)), shape=(n, N_ITEMS + 2)
        )
        people = world.dataset.users[person].select("gender")
        frame, _ = leakage_frame(people, ["gender"], {SLATES: matrix}, 20, time)
        line = frame.row(0, named=True)
        held = line["low"] <= (1 + dial) / 2 <= line["high"]
        found.append({"time": time, "auc": line["auc"], "held": held, "above": line["low"] > 0.5})
    return pl.DataFrame(found)


# --- the table ------------------------------------------------------------------------------------


def promise(what: str, count: int, times: int, kind: str) -> dict[str, Any]:
    """A line of the table: how often, between which limits, and whether it was kept.

    ``kind`` is "cover" (93 to 97 %, wider where there were too few redraws to tell), "cover or
    more" (at least that), "alarm" (no more than 5 % within binomial limits), "one-sided alarm"
    (2.5 %), or "find" (at least 90 %).
    """
    chance = {"alarm": 0.05, "one-sided alarm": 0.025}.get(kind, 0.95)
    least, most = (float(binom.ppf(q, times, chance)) / times for q in (0.001, 0.999))
    if kind.startswith("cover"):
        least, most = min(least, 0.93), 1.0 if kind == "cover or more" else max(most, 0.97)
    elif kind == "find":
        least, most = 0.9, 1.0
    else:
        least = 0.0
    share = count / times
    return {
        "what": what, "times": times, "count": count, "share": share, "least": least,
        "most": most, "kept": least <= share <= most,
    }  # fmt: skip


def covered(what: str, frame: pl.DataFrame, kind: str = "cover") -> dict[str, Any]:
    """The line of a frame with ``held``."""
    return promise(what, int(frame["held"].sum()), frame.height, kind)


def study(
    redraws: int, refitted: int, n: int = 400, population: int = 20_000, seed: int = 0
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """All lines of the table, and figures that say what was planted."""
    rng = np.random.default_rng(seed)
    biased = Population.of(population, seed + 1, bias=BIAS)
    lines = []
    found = gaps(biased, n, redraws, rng)
    planted = found.filter(attribute="gender", group="F")
    for metric in METRICS:
        for figure in ("difference", "ratio", "value"):
            lines.append(
                covered(f"{metric}, {figure} of F", planted.filter(metric=metric, figure=figure))
            )
    small = found.filter(pl.col("figure") == "difference", pl.col("attribute") == "age")
    for group in small["group"].unique(maintain_order=True):
        part = small.filter(group=group, metric="ndcg")
        if part.height >= redraws // 2:
            lines.append(covered(f"ndcg, difference of age {group}, n about "
                                 f"{part['n'].median():.0f}", part))  # fmt: skip
    same = gaps(biased, n, max(redraws // 5, 20), rng, redraw_people=False)
    same = same.filter(attribute="gender", group="F", metric="ndcg", figure="difference")
    lines.append(covered("ndcg, difference of F, of these very people", same, "cover or more"))
    fair = Population.of(population, seed + 2)
    alarms = false_alarms(fair, n, redraws, rng)
    lines.append(promise("any difference called, no bias", alarms, redraws, "alarm"))
    told: dict[str, float] = {}
    if refitted:
        again = refits(2000, refitted, seed + 100)
        told["nDCG of the disfavoured to others, mean over refits"] = float(again["ratio"].mean())  # type: ignore[arg-type]
        lines.append(
            promise("people: planted gap found, refits", again["found"].sum(), refitted, "find")
        )
    for dial in (0.0, DIAL):
        shown = exposures(fair, n, redraws, rng, dial)
        for group in (HEAD, MID, TAIL):
            part = shown.filter(group=group)
            lines.append(covered(f"exposure ratio of the {group}, dial {dial:g}", part))
            told[f"true ratio of the {group}, dial {dial:g}"] = float(part["truth"][0])
    looked = exposures(fair, 2000, max(redraws // 10, 20), rng, DIAL).filter(group=TAIL)
    lines.append(
        promise(
            "exposure: tail found short, n = 2,000", looked["short"].sum(), looked.height, "find"
        )
    )
    for dial in (0.0, DIAL):
        lines.append(
            covered(f"leakage AUC, dial {dial:g}", leaks(fair, n, redraws, rng, dial, noisy=False))
        )
    quiet = leaks(fair, n, redraws, rng, 0.0, noisy=True)
    lines.append(
        promise("leakage: called, nothing there", quiet["above"].sum(), redraws, "one-sided alarm")
    )
    loud = leaks(fair, 2000, max(redraws // 10, 20), rng, DIAL, noisy=True)
    lines.append(promise("leakage: found, n = 2,000", loud["above"].sum(), loud.height, "find"))
    return lines, told


def _times(times: int, what: str) -> Iterator[int]:
    return iter(tqdm(range(times), desc=what, file=sys.stderr, leave=False, disable=None))


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, keep; 1 where a promise was not kept."""
    parser = argparse.ArgumentParser(prog="make audit-calibration", description=__doc__)
    parser.add_argument("--redraws", type=int, default=1000)
    parser.add_argument("--refits", type=int, default=100)
    parser.add_argument("--people", type=int, default=400, help="of each redraw")
    parser.add_argument("--population", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    lines, told = study(given.redraws, given.refits, given.people, given.population, given.seed)
    table(pl.DataFrame(lines), f"What the audit says against the truth, n = {given.people}", 3)
    for what, figure in told.items():
        print(f"{what}: {figure:.3f}")
    folder = home() / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "audit-calibration.json"
    kept = {
        **vars(given),
        "versions": {"workbench": wb.__version__, **library_versions()},
        "planted": told,
        "lines": lines,
    }
    path.write_text(json.dumps(kept, indent=1, default=int) + "\n", "utf-8")
    print(f"Kept in {path}")
    return int(not all(line["kept"] for line in lines))


if __name__ == "__main__":
    sys.exit(main())
