"""Run: a finished run, opened whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.artifact import MANIFEST, verified_manifest
from workbench.data.dataset import Dataset
from workbench.data.split import Split
from workbench.display import Sheet, Shown
from workbench.errors import ArgumentError
from workbench.pipeline.disk import LATEST, finished, runs_of

if TYPE_CHECKING:
    from workbench.audit.audit import Audit
    from workbench.audit.decision import DecisionAudit
    from workbench.features.catalogue import Feature
    from workbench.models.base import Recommender
    from workbench.ranking.engine import Engine
    from workbench.ranking.plugins import Plugin

AUDIT_FRAMES = (
    "people", "items", "leakage", "verdicts", "groups", "skipped", "flip", "proxies", "controlled",
)  # fmt: skip
"""An older run has only some of them."""


@dataclass(frozen=True, eq=False)
class Run(Shown):
    """A finished run. Made by ``wb.run``, ``Run.load`` or ``Run.latest``.

    Attributes
    ----------
    path : Path
        The run folder.
    manifest : dict
        Format and package version, dataset (name, fingerprint, provenance), configuration,
        seeds, library versions, threads, seconds of each stage, metrics, and the sha256 of every
        file in the folder.
    """

    path: Path
    manifest: dict[str, Any]

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _sheet(self) -> Sheet:
        from workbench.pipeline.leaderboard import at_a_glance

        told, cut = self.manifest["dataset"], self.manifest["split"]
        asked = self.manifest["configuration"]
        facts = (
            ("people asked", cut["asked"]),
            ("places", asked["k"]),
            ("split", cut["method"]),
            ("seed", self.manifest["seed"]),
        )
        board = ("Leaderboard, the best first", at_a_glance(self.standings))
        left = (f"{name} is left out: {why}" for name, why in asked["left_out"].items())
        notes = (*asked["remarks"], *left, f"Report: {self.report}")
        return Sheet(f"Run on {told['name']}", facts, (board,), notes)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Run:
        """Open a run folder, every file checked against the manifest before it is read.

        Raises
        ------
        DamagedArtifactError
            A file is missing or not what was written; the message names it.
        NewerFormatError
            A newer version of the workbench wrote it.
        """
        path = Path(path)
        return cls(path, verified_manifest(path))

    @classmethod
    def latest(cls, home: str | os.PathLike[str] | None = None) -> Run | None:
        """The run that finished last, or None where there is none yet."""
        path = cls.latest_path(home)
        return None if path is None else cls.load(path)

    @staticmethod
    def latest_path(home: str | os.PathLike[str] | None = None) -> Path | None:
        """The folder of the run that finished last, not opened; None where there is none yet."""
        runs = runs_of(home)
        name = None
        with contextlib.suppress(OSError, UnicodeDecodeError):
            name = (runs / LATEST).read_text("utf-8").strip()
        if name and PurePosixPath(name).name == name and (runs / name / MANIFEST).is_file():
            return runs / name
        names = finished(runs)  # the run that the pointer names may have been thrown away
        return runs / names[-1] if names else None

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def report(self) -> Path:
        """The report for people; ``report.json`` beside it has the same numbers."""
        return self.path / "report.html"

    def _frame(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.path / name)

    @cached_property
    def leaderboard(self) -> pl.DataFrame:
        """Every figure, the best model first: model, metric, mean, low, high, n, definition."""
        return self._frame("leaderboard.parquet")

    @cached_property
    def standings(self) -> pl.DataFrame:
        """The leaderboard with one row per model: each metric with its interval, and seconds."""
        from workbench.pipeline.leaderboard import standings

        return standings(self.leaderboard, self.manifest["seconds"])

    @cached_property
    def tie_orders(self) -> pl.DataFrame:
        """nDCG of one cheap model under five orders of the ties in time; empty without time."""
        return self._frame("tie_orders.parquet")

    @cached_property
    def cold_start(self) -> pl.DataFrame:
        """nDCG of each model by how much of each history it was shown; null is all of it."""
        return self._frame("cold_start.parquet")

    @cached_property
    def frontier(self) -> pl.DataFrame:
        """What each kind of policy setting does to everybody; see ``evaluation.frontiers``.

        Empty for a run that was made before this was kept, as are the next five.
        """
        return self._kept_inside("frontier")

    @cached_property
    def importance(self) -> pl.DataFrame:
        """What the engine looks at, on slates of guests; see ``wb.importance``."""
        return self._kept_inside("importance")

    @cached_property
    def fidelity(self) -> pl.DataFrame:
        """How good the explanations of the engine are, on guests; see ``wb.fidelity``."""
        return self._kept_inside("fidelity")

    @cached_property
    def feedback(self) -> pl.DataFrame:
        """Where it may lead: the simulation of feedback; see ``wb.simulate``."""
        return self._kept_inside("feedback")

    @cached_property
    def slices(self) -> pl.DataFrame:
        """Kinds of people nobody named for whom it works worst; see ``wb.find_slices``."""
        return self._kept_inside("slices")

    @cached_property
    def mitigation(self) -> pl.DataFrame:
        """What re-ranking could mend, and its cost; see ``wb.mitigate`` and its ``kept``."""
        return self._kept_inside("mitigation")

    def _kept_inside(self, name: str) -> pl.DataFrame:
        if f"{name}.parquet" in self.manifest["files"]:
            return self._frame(f"{name}.parquet")
        from workbench.pipeline.inside import EMPTY

        return pl.DataFrame(schema=EMPTY[name])

    @cached_property
    def comparisons(self) -> pl.DataFrame:
        """The engine against each other model: paired differences with intervals."""
        return self._frame("comparisons.parquet")

    @cached_property
    def rows(self) -> pl.DataFrame:
        """One row per model and person, with every metric."""
        return self._frame("people.parquet")

    @cached_property
    def audit(self) -> Audit:
        from workbench.audit.audit import Audit

        kept = [f for f in AUDIT_FRAMES if f"audit/{f}.parquet" in self.manifest["files"]]
        frames = {name: self._frame(f"audit/{name}.parquet") for name in kept}
        return Audit(**frames, **self.manifest["audit"])

    @cached_property
    def decisions(self) -> DecisionAudit | None:
        """Relevance as a decision, without its single pairs; None where it was not judged."""
        from workbench.pipeline.measured import kept_decisions

        return kept_decisions(self.path, self.manifest.get("decisions"))

    @property
    def changes(self) -> dict[str, Any] | None:
        """What changed since the previous run of the same data set; see ``pipeline.changes``."""
        return self.manifest.get("changes")

    @cached_property
    def engine(self) -> Engine:
        return self.load_engine()

    def load_engine(self, features: Sequence[Feature] = ()) -> Engine:
        """The engine, with the features of one's own that it was made with."""
        from workbench.ranking.engine import Engine

        return Engine.load(self.path / "engine", features)

    def model(self, name: str, plugins: Iterable[Plugin] = ()) -> Recommender:
        """A model of the run: its engine, or another, fitted again on what it was fitted on.

        Parameters
        ----------
        name : str
        plugins : iterable of Plugin
            A run names the plug-ins it was made with, and runs none by itself: only these.

        Raises
        ------
        ArgumentError
            It was given to the run as code, which no run keeps; or its plug-in is not among these.
        DamagedArtifactError
            Its plug-in is other code than the run was made with.
        """
        return (
            self.engine if name == "engine" else self.unfitted(name, plugins).fit(self.split.train)
        )

    def unfitted(self, name: str, plugins: Iterable[Plugin] = ()) -> Recommender:
        """A model as ``model`` gives it, but not fitted; of the engine, a new one."""
        asked = self.manifest["configuration"]
        own = asked.get("own", {})
        if name in own and (came := asked.get("plugins", {}).get(name)):
            from workbench.ranking.plugins import again

            return again(name, {**came, "repr": own[name]}, plugins)
        if name in own:
            raise ArgumentError(
                f"model: {name!r} was given to the run as code, which a run does not keep; "
                "fit it on run.split.train"
            )
        from workbench.ranking.registry import create

        return create(name)

    @cached_property
    def split(self) -> Split:
        """The split that the run was made on, from its own copy of the data."""
        data, told = self.path / "data", self.manifest["dataset"]
        train = Dataset(
            pl.read_parquet(data / "train.parquet"),
            pl.read_parquet(data / "items.parquet"),
            pl.read_parquet(data / "users.parquet"),
            relevant_from=told["relevant_from"],
            name=told["name"],
            provenance=told["provenance"],
            refused=pl.read_parquet(data / "refused.parquet"),
            guest_interactions=pl.read_parquet(data / "guests.parquet"),
            context_columns=told["context_columns"],
            tie_seed=told["tie_seed"],
        )
        cut = self.manifest["split"]
        return Split(
            train,
            pl.read_parquet(data / "test.parquet"),
            tuple(cut["guests"]),
            cut["method"],
            cut["parameters"],
            cut["as_of"],
        )
