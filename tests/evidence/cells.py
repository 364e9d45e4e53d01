"""One cell of the evidence: a model made with one seed, fitted and asked in one order of ties."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

import workbench as wb
from workbench.artifact import library_versions
from workbench.columns import MEAN, METRIC
from workbench.data.fingerprint import content_hash
from workbench.evaluation.catalogue import catalogue_metrics
from workbench.evaluation.cold_start import cold_start
from workbench.evaluation.definitions import PROTOCOL, ranking_protocol
from workbench.ranking.registry import model_class
from workbench.ranking.retrievers import RETRIEVERS

K = 10
TEST_FRACTION = 0.2
HYBRIDS = {"engine", "blend", "switch", "cascade", "stack"}
"""Models made of others: what single models are compared with."""


@dataclass(frozen=True)
class World:
    """A log and a way to cut it.

    Attributes
    ----------
    data, method : str
        Names, as of ``wb.load`` and ``wb.split``.
    settings : dict
        Of ``wb.load``.
    """

    data: str
    method: str
    settings: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return f"{self.data}, {self.method}"

    def load(self) -> wb.Dataset:
        return wb.load(self.data, **dict(self.settings))

    def cut(self, dataset: wb.Dataset, tie: int) -> wb.Split:
        """The split of one order of ties; nobody is a guest, so seeds do not move it."""
        made = wb.split(dataset, self.method, test_fraction=TEST_FRACTION, tie_seed=tie)
        assert isinstance(made, wb.Split)
        return made


def takes_seed(name: str) -> bool:
    """Whether a model, or a part of it, draws anything: others are the same for every seed."""
    cls = model_class(name)
    parts = [spec if isinstance(spec, str) else spec[0] for spec in getattr(cls, "DEFAULT", ())]
    return "seed" in inspect.signature(cls).parameters or any(takes_seed(part) for part in parts)


def seeded(
    name: str, seed: int, has: frozenset[str], method: str = "per-user-time"
) -> wb.Recommender:
    """A model with its defaults, every random draw inside of it from another seed.

    ``has`` is what the log has: parts that need more are left out, as they are by default. An
    engine that is asked at one moment for all (``method`` "global-time") learns from such a cut.
    """
    if name == "engine":
        specs = {label: _spec(spec, seed) for label, spec in RETRIEVERS.items()}
        fed = {k: spec for k, spec in specs.items() if _made(spec).needs <= has}
        cut = {"label_method": method} if method == "global-time" else {}
        return wb.create(name, seed=seed, retrievers=fed, **cut)
    own = "seed" in inspect.signature(model_class(name)).parameters
    params: dict[str, Any] = {"seed": seed} if own else {}
    parts = [_made(_spec(spec, seed)) for spec in getattr(model_class(name), "DEFAULT", ())]
    if parts:
        params["parts"] = [part for part in parts if part.needs <= has]
    return wb.create(name, **params)


def _spec(spec: Any, seed: int) -> tuple[str, dict[str, Any]]:
    name, params = (spec, {}) if isinstance(spec, str) else spec
    return name, {**params, "seed": seed} if takes_seed(name) else dict(params)


def _made(spec: tuple[str, dict[str, Any]]) -> wb.Recommender:
    return wb.create(spec[0], **spec[1])


class Cells:
    """The rows of all cells, each kept in a file of its own as soon as it is measured.

    Parameters
    ----------
    world : World
    home : Path
        Where the folder of this world, this log, this code and these libraries is.
    """

    def __init__(self, world: World, home: Path) -> None:
        self.world = world
        self.dataset = world.load()
        self.code = code()
        self.folder = home / content_hash(
            world=str(world), log=self.dataset.fingerprint, code=self.code, with_=library_versions()
        )
        self._cuts: dict[int, wb.Split] = {}

    def rows(self, name: str, seed: int, tie: int) -> pl.DataFrame:
        """One row per person; measured now where it was not before."""
        seed = seed if takes_seed(name) else 0
        return self._kept(f"{name}-seed{seed}-ties{tie}", lambda: self._measured(name, seed, tie))

    def known(self, name: str, seed: int, tie: int) -> bool:
        seed = seed if takes_seed(name) else 0
        return (self.folder / f"{name}-seed{seed}-ties{tie}.parquet").exists()

    def curves(self) -> pl.DataFrame:
        """The cold-start curve of the engine, of each of its parts and of the blend."""
        return self._kept("curves", lambda: pl.concat(self._curves()))

    def _curves(self) -> Iterator[pl.DataFrame]:
        cut = self._cut(0)
        engine, blend = (self._fitted(name, 0, cut) for name in ("engine", "blend"))
        for name, model in {"engine": engine, "blend": blend, **engine.retrievers_}.items():  # type: ignore[attr-defined]
            yield cold_start(model, cut, k=K).select(pl.lit(name).alias("model"), pl.all())

    def _cut(self, tie: int) -> wb.Split:
        if tie not in self._cuts:
            self._cuts = {tie: self.world.cut(self.dataset, tie)}
        return self._cuts[tie]

    def _fitted(self, name: str, seed: int, cut: wb.Split) -> wb.Recommender:
        return seeded(name, seed, cut.train.has, self.world.method).fit(cut.train)

    def _measured(self, name: str, seed: int, tie: int) -> pl.DataFrame:
        cut = self._cut(tie)
        model = self._fitted(name, seed, cut)
        slates = wb.recommend(model, cut.people()[1], K)
        together = catalogue_metrics(slates, cut.train)
        return wb.evaluate(slates, cut, K).with_columns(
            *(pl.lit(mean).alias(what) for what, mean in together.select(METRIC, MEAN).iter_rows()),
            pl.lit(ranking_protocol(cut)).alias(PROTOCOL),
        )

    def _kept(self, name: str, make: Any) -> pl.DataFrame:
        path = self.folder / f"{name}.parquet"
        if not path.exists():
            rows = make()
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / "about.json").write_text(
                json.dumps({"world": str(self.world), "code": self.code}), "utf-8"
            )
            beside = path.with_suffix(f".{os.getpid()}")
            rows.write_parquet(beside)
            beside.rename(path)  # whole or not at all
        return pl.read_parquet(path)


def code() -> str:
    """A hash of the package as it stands: figures of other code are not mixed in."""
    root = Path(wb.__file__).parent
    digest = sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
