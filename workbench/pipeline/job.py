"""The stages of a run, in order, each with its time."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from tqdm.auto import tqdm

import workbench
from workbench.artifact import sealed
from workbench.audit.behaviour import behaviour
from workbench.columns import VALUE
from workbench.data.dataset import Dataset
from workbench.data.sample import asking
from workbench.data.split import GLOBAL_TIME, IN_TIME, Split, split
from workbench.errors import ArgumentError, CapabilityError, DataError
from workbench.evaluation.accuracy import ACCURACY
from workbench.evaluation.cold_start import SHOWN, cold_start, reached
from workbench.evaluation.definitions import PROTOCOL, ranking_protocol
from workbench.evaluation.evaluate import evaluate
from workbench.evaluation.ratings import evaluate_ratings
from workbench.evaluation.sensitivity import tie_sensitivity
from workbench.evaluation.uncertainty import summarise
from workbench.models.base import Recommender
from workbench.pipeline import disk
from workbench.pipeline import leaderboard as boards
from workbench.pipeline.changes import changes
from workbench.pipeline.erased import without_erased
from workbench.pipeline.example import examples
from workbench.pipeline.folder import AUDIT_FRAMES, Run
from workbench.pipeline.inside import INSIDE
from workbench.pipeline.manifest import described
from workbench.pipeline.measured import decisions_of, keep_decisions
from workbench.pipeline.plan import ENGINE, Plan, planned
from workbench.ranking.engine import Engine
from workbench.ranking.recommend import recommend
from workbench.ranking.registry import create
from workbench.report.html import write_report
from workbench.slate import Slates

Progress = Callable[[int, int, str], object]
"""Stages done, number of stages, what is being done."""

MOST_EVENTS_FOR_TIES = 1_000_000
COLD_PEOPLE = 300
"""People asked again with shortened histories, guests first."""
TIES = {
    "tie_seed": pl.Int64, "metric": pl.String, "mean": pl.Float64, "n": pl.Int64,
    "model": pl.String,
}  # fmt: skip


def run(
    dataset: Dataset,
    *,
    home: str | os.PathLike[str] | None = None,
    models: Iterable[str | Recommender] | None = None,
    engine: Engine | None = None,
    method: str | None = None,
    test_fraction: float = 0.2,
    guests: float = 0.1,
    k: int = 10,
    seed: int = 0,
    max_people: int | None = None,
    cut: Split | None = None,
    progress: bool | Progress = True,
) -> Run:
    """Fit, compare, audit and report on one log; leave a run folder.

    Parameters
    ----------
    dataset : Dataset
    home : path, optional
        The folder goes to ``home/runs``; by default ``workbench.settings.home()``.
    models : iterable of str or Recommender, optional
        Names of ``wb.model_names()``, or the words "all" and "usual" for many of them, and models
        of your own such as ``wb.FromFunction(mine)``, each under its ``name``; by default the
        usual ones, of ``workbench.pipeline.plan.USUAL``, that the log supports. The engine is
        always fitted, since it is what the run is about.
    engine : Engine, optional
        Not fitted yet, e.g. ``wb.Engine(n_trees=50)``; by default ``wb.Engine(seed=seed)``, which
        under "global-time" has its labels cut at one moment, too.
    method : str, optional
        How to split (see ``wb.split``). By default "per-user-time", or "random" for a log
        without timestamps, which the manifest and the report then say.
    test_fraction : float
        Above 0 and below 1.
    guests : float
        Fraction of people held out of every fit.
    k : int
        Places of a slate.
    seed : int
    max_people : int, optional
        At most so many people are asked, drawn by seed. By default all; 20,000 where people
        times items are more than 500 million. Manifest and report say so.
    cut : Split, optional
        A cut of this log that was made before and is taken as it is; by default one is made.
    progress : bool or callable
        Whether to show a progress bar; or who is told, whenever something begins or ends:
        ``progress(done, of, words)``, with the stages done, their number and what is being done.
        What it raises ends the run, and nothing is left behind.

    Returns
    -------
    Run
        Also found by ``Run.latest(home)``.

    Raises
    ------
    ArgumentError, DataError, CapabilityError
        An argument, the log, or both together cannot work; raised before anything is trained.

    Notes
    -----
    People who were erased under this home (see ``pipeline.erase``) are left out of the log.

    Interrupted at any moment, even by a kill, it leaves no half-written run: the folder is filled
    beside its place and renamed, and what a killed run left is removed by the next one.
    """
    started = time.perf_counter()
    if engine is not None and not isinstance(engine, Engine):
        raise ArgumentError(
            f"engine must be an Engine, not {type(engine).__name__}; make one with wb.Engine(...)"
        )
    dataset = without_erased(dataset, home)
    plan = planned(
        dataset, models=models, method=method, test_fraction=test_fraction, guests=guests, k=k,
        seed=seed, max_people=max_people,
    )  # fmt: skip
    engine = _usual_engine(plan) if engine is None else engine
    when = datetime.now(UTC)
    names = ["split", *plan.models, "tie orders", "compare", "audit", "decisions"]
    names += [*INSIDE, "report"]
    with Stages(names, progress) as stages:
        with stages("split"):
            cut = _cut(dataset, plan) if cut is None else cut
            engine.check_log(cut.train)  # or all other models would be trained first
        name = run_name(dataset.name, when)
        with disk.writing(home, name) as folder:
            _write_data(folder / "data", cut)
            found = _measured(plan, engine, cut, stages)
            found.engine.save(folder / "engine")
            with stages("tie orders"):
                ties = _tie_orders(dataset, plan)
            with stages("compare"):
                tables = {
                    "people": boards.stacked(found.rows),
                    "leaderboard": found.figures,
                    "comparisons": boards.comparisons(found.rows),
                    "tie_orders": ties,
                    "cold_start": found.cold_start,
                }
                for table, frame in tables.items():
                    frame.write_parquet(folder / f"{table}.parquet")
            with stages("audit"):
                audit = workbench.audit(
                    found.engine,
                    cut,
                    k=plan.k,
                    rows=found.rows[ENGINE],
                    seed=plan.seed,
                    say=stages.say,
                )
                (folder / "audit").mkdir()
                behaviour(cut).write_parquet(folder / "audit" / "behaviour.parquet")
                for table in AUDIT_FRAMES:
                    if (frame := getattr(audit, table, None)) is not None:
                        frame.write_parquet(folder / "audit" / f"{table}.parquet")
            with stages("decisions"):
                decisions = decisions_of(found.engine, cut, plan)
                judged = keep_decisions(folder / "audit", decisions)
            for stage, (table, made) in INSIDE.items():
                with stages(stage):
                    frame = made(found.engine, cut, plan, stages.say)
                    frame.write_parquet(folder / f"{table}.parquet")
            manifest = described(name, plan, cut, when, found)
            manifest["audit"] = {"policy": audit.policy, "settings": audit.settings}
            manifest["decisions"] = judged
            with stages("report"):
                manifest["examples"] = examples(found.engine, cut.train, plan.k)
                manifest["changes"] = changes(_unsealed(folder, manifest), disk.runs_of(home))
                manifest["stages"] = dict(stages.seconds)
                write_report(folder, _unsealed(folder, manifest))
            total = round(time.perf_counter() - started, 2)
            manifest["stages"] = {**stages.seconds, "total": total}
            manifest = sealed(folder, manifest)
    return Run(disk.runs_of(home) / name, manifest)


@dataclass
class Found:
    """What fitting and measuring the models gave."""

    rows: dict[str, pl.DataFrame]
    figures: pl.DataFrame
    cold_start: pl.DataFrame
    seconds: dict[str, dict[str, float]]
    left_out: dict[str, str]
    engine: Engine
    slates: Slates


class Stages:
    """Times what is done, and tells how far it is: on a bar, or to who asked."""

    def __init__(self, names: list[str], progress: bool | Progress) -> None:
        self.seconds: dict[str, float] = {}
        self._tell = progress if callable(progress) else None
        # Where a bar is wanted, TQDM_DISABLE may still say no.
        off = {} if progress is True else {"disable": True}
        self._bar = tqdm(total=len(names), unit="stage", leave=False, file=sys.stderr, **off)
        self._done, self._of, self._now = 0, len(names), ""

    def __enter__(self) -> Stages:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def say(self, what: str) -> None:
        """What is being done inside the stage."""
        self._bar.set_postfix_str(what)
        if self._tell is not None:
            self._tell(self._done, self._of, f"{self._now}: {what}" if what else self._now)

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        self._now = name
        self._bar.set_description(name)
        self.say("")
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 2)
        self._done += 1
        self._bar.update()


def _unsealed(folder: Path, manifest: dict[str, Any]) -> Run:
    """A run that is still being written, as it will be read: so the report can be made again."""
    files = {path.relative_to(folder).as_posix(): "" for path in folder.rglob("*")}
    return Run(folder, json.loads(json.dumps({**manifest, "files": files}, default=str)))


def _usual_engine(plan: Plan) -> Engine:
    """An engine that learns out of time in the way that the run is asked."""
    how = {"label_method": GLOBAL_TIME} if plan.method == GLOBAL_TIME else {}
    return Engine(seed=plan.seed, **how)


def run_name(dataset_name: str, when: datetime) -> str:
    """A folder name that sorts by time and cannot meet another: data, moment, six digits."""
    plain = re.sub(r"[^a-z0-9]+", "-", dataset_name.lower()).strip("-")[:40] or "log"
    return f"{plain}-{when:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def _cut(dataset: Dataset, plan: Plan) -> Split:
    cut = split(
        dataset, plan.method, test_fraction=plan.test_fraction, guests=plan.guests, seed=plan.seed
    )
    if not cut.people()[0]:
        raise DataError(
            f"no relevant event of {dataset.name!r} is left to ask about; give a larger "
            "test_fraction or a lower relevant_from"
        )
    return cut if plan.max_people is None else asking(cut, plan.max_people, plan.seed)


def _measured(plan: Plan, engine: Engine, cut: Split, stages: Stages) -> Found:
    """Each model fitted, measured and let go; only the engine is kept."""
    rows: dict[str, pl.DataFrame] = {}
    parts: list[pl.DataFrame] = []
    curves: list[pl.DataFrame] = []
    seconds: dict[str, dict[str, float]] = {}
    left_out = dict(plan.left_out)
    _, people = cut.people()
    for name in plan.models:
        with stages(name):
            started = time.perf_counter()
            model = engine if name == ENGINE else plan.model(name)
            engine.progress = stages.say
            try:
                model.fit(cut.train)
            except (ArgumentError, CapabilityError, DataError) as error:
                if model is engine:
                    raise
                left_out[name] = str(error)
                continue
            fitted = time.perf_counter()
            slates = recommend(model, people, plan.k)
            # The lists are asked for here, so these words are truer than "lists as given".
            rows[name] = evaluate(slates, cut, plan.k).with_columns(
                pl.lit(ranking_protocol(cut)).alias(PROTOCOL)
            )
            parts.append(boards.summary(name, rows[name], slates, cut, _rating_rows(model, cut)))
            measured = time.perf_counter()
            curves.append(cold_curve(name, model, cut, plan))
            seconds[name] = {
                "fit": round(fitted - started, 2),
                "evaluate": round(measured - fitted, 2),
                "cold start": round(time.perf_counter() - measured, 2),
            }
    engine.progress = None
    figures, curve = boards.best_first(pl.concat(parts)), pl.concat(curves)
    return Found(rows, figures, curve, seconds, left_out, engine, slates)  # the engine came last


def cold_curve(name: str, model: Recommender, cut: Split, plan: Plan) -> pl.DataFrame:
    """nDCG by how much of each history is shown; empty where hardly anybody has any."""
    lengths = reached(cut)
    if not lengths:
        return pl.DataFrame(schema=boards.CURVE)
    rows = cold_start(model, cut, lengths, plan.k, max_people=COLD_PEOPLE, seed=plan.seed)
    curve = summarise(rows.drop([m for m in ACCURACY if m != boards.NDCG]), by=SHOWN)
    return curve.select(pl.lit(name).alias(boards.MODEL), pl.all())


def _rating_rows(model: Recommender, cut: Split) -> pl.DataFrame | None:
    if model.scale != "rating" or VALUE not in cut.test.columns:
        return None
    return evaluate_ratings(model, cut)


def _tie_orders(dataset: Dataset, plan: Plan) -> pl.DataFrame:
    """How much hangs on the order of ties in time, for the cheapest personal model."""
    if plan.method not in IN_TIME or dataset.n_events > MOST_EVENTS_FOR_TIES:
        return pl.DataFrame(schema=TIES)
    name = "ease" if "ease" in plan.models and "ease" not in plan.own else "popularity"
    return tie_sensitivity(
        lambda: create(name), dataset, k=plan.k, method=plan.method,
        test_fraction=plan.test_fraction, guests=plan.guests, seed=plan.seed,
    ).with_columns(pl.lit(name).alias(boards.MODEL))  # fmt: skip


def _write_data(folder: Path, cut: Split) -> None:
    """What the run was made on: enough to make the same split again."""
    folder.mkdir()
    train = cut.train
    for name, frame in (
        ("train", train.interactions),
        ("guests", train.guest_interactions),
        ("test", cut.test),
        ("items", train.items),
        ("users", train.users),
        ("refused", train.refused),
    ):
        frame.write_parquet(folder / f"{name}.parquet")
