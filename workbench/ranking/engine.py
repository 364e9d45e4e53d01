"""Engine: retrievers → candidates → features → ranker, as one Recommender."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workbench.artifact import (
    arrays_from_bytes,
    arrays_to_bytes,
    library_versions,
    read_folder,
    write_folder,
)
from workbench.columns import AS_OF
from workbench.data.dataset import Dataset
from workbench.data.split import split
from workbench.errors import ArgumentError, DamagedArtifactError, DataError
from workbench.features.catalogue import Feature, described
from workbench.features.pairs import Pairs
from workbench.features.standard import standard
from workbench.features.tables import ItemTables
from workbench.models.base import Recommender, checked_items, checked_profiles
from workbench.profiles import Profiles
from workbench.ranking.candidates import candidates, signals, sources
from workbench.ranking.ranker import Ranker
from workbench.ranking.retrievers import fed, fitted, made
from workbench.state import decoded, encoded
from workbench.vocabulary import FloatArray, IntArray

EARLIER = 4
"""Earlier events that a person must have to give labels."""


class Engine(Recommender):
    """The two-stage engine: models bring candidates, boosted trees rank them.

    The ranker learns out of time: the log is cut again inside (the last ``label_fraction`` of
    each person; by a seeded hash where there are no timestamps), the retrievers are fitted on the
    earlier part, candidates are made from it exactly as at serving time, and the later part says
    which of them were relevant. Then the retrievers are fitted again on everything. People with
    fewer than five events (four of them earlier) give history but no labels.

    Parameters
    ----------
    retrievers : mapping of label to (model name, parameters), optional
        By default ``RETRIEVERS``, less those that the log cannot feed.
    depth : int
        How many of each retriever's best unmet items become candidates.
    features : sequence of Feature
        Features of one's own, after the standard ones.
    n_trees, max_depth, eta, min_child_weight, reg_lambda, subsample, colsample : numbers
        Of the ranker.
    label_fraction : float
        Share of each person's events that gives the labels.
    max_people : int
        At most so many people give labels (chosen by seed).
    seed, threads : int

    Notes
    -----
    A score is the log-odds of "relevant, if shown", so contributions of features add up to it.
    Candidates depend on the profile only. ``uses`` names the moment (``as_of``) and what the
    retrievers and features of one's own name; no other attribute or context reaches them.

    Source: two stages as in Covington, Adams, Sargin 2016, "Deep neural networks for YouTube
    recommendations"; trees of Chen and Guestrin 2016, "XGBoost". Defaults chosen on a validation
    cut inside the training part of MovieLens 100K.
    """

    name = "engine"
    uses = frozenset({AS_OF})

    def __init__(
        self,
        retrievers: Mapping[str, Sequence[Any]] | None = None,
        depth: int = 100,
        features: Sequence[Feature] = (),
        n_trees: int = 200,
        max_depth: int = 4,
        eta: float = 0.06,
        min_child_weight: float = 20.0,
        reg_lambda: float = 10.0,
        subsample: float = 0.8,
        colsample: float = 0.5,
        label_fraction: float = 0.2,
        max_people: int = 20_000,
        seed: int = 0,
        threads: int = 2,
    ) -> None:
        read = [made(label, spec).uses for label, spec in (retrievers or {}).items()]
        if retrievers is not None and not retrievers:
            raise ArgumentError("retrievers must name at least one model, or be left to us")
        for name, value, least in (
            ("depth", depth, 1),
            ("n_trees", n_trees, 1),
            ("max_depth", max_depth, 1),
            ("max_people", max_people, 1),
            ("threads", threads, 1),
        ):
            if not isinstance(value, int | np.integer) or value < least:
                raise ArgumentError(
                    f"{name} must be a whole number of at least {least}, not {value!r}"
                )
        for name, value in (("eta", eta), ("subsample", subsample), ("colsample", colsample)):
            if not 0 < value <= 1:
                raise ArgumentError(f"{name} must be above 0 and at most 1, not {value!r}")
        if not 0 < label_fraction < 1:
            raise ArgumentError(f"label_fraction must be between 0 and 1, not {label_fraction!r}")
        for own in features:
            if not isinstance(own, Feature):
                raise ArgumentError(
                    f"features: {own!r} is no Feature; decorate it with @wb.feature()"
                )
        self.retrievers = retrievers
        self.depth = depth
        self.features = tuple(features)
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.eta = eta
        self.min_child_weight = min_child_weight
        self.reg_lambda = reg_lambda
        self.subsample = subsample
        self.colsample = colsample
        self.label_fraction = label_fraction
        self.max_people = max_people
        self.seed = seed
        self.threads = threads
        self.uses = frozenset({AS_OF}).union(*read, *(own.uses for own in self.features))
        self.progress: Callable[[str], None] | None = None

    # --- fitting ------------------------------------------------------------------------------

    def fit(self, dataset: Dataset) -> Self:
        labels = list(fed(self.retrievers, dataset))
        self._say("cutting the log inside")
        cut = self._inner(dataset)
        self.tables_ = ItemTables.of(cut.train)
        self.features_ = standard(self.tables_, labels) + list(self.features)
        names = [f.name for f in self.features_]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ArgumentError(f"features: the name {sorted(twice)[0]!r} is taken; choose another")
        self.retrievers_ = self._fitted(cut.train, "earlier events")
        matrix, relevant = self._lessons(cut)
        self.ranker_ = Ranker(
            names,
            monotone=[f.monotone for f in self.features_],
            n_trees=self.n_trees,
            max_depth=self.max_depth,
            eta=self.eta,
            min_child_weight=self.min_child_weight,
            reg_lambda=self.reg_lambda,
            subsample=self.subsample,
            colsample=self.colsample,
            seed=self.seed,
            threads=self.threads,
        ).fit(matrix, relevant, lambda done: self._say(f"growing trees ({done} of {self.n_trees})"))
        self.retrievers_ = self._fitted(dataset, "all events")
        self.tables_ = ItemTables.of(dataset)
        self.learnt_from_ = {
            "method": cut.method,
            "pairs": len(relevant),
            "relevant": int(relevant.sum()),
            "dataset": dataset.fingerprint,
        }
        return self

    def check_log(self, dataset: Dataset) -> None:
        """Refuse, before any training, a log that the ranker cannot learn from.

        Raises
        ------
        DataError
            Nobody has enough earlier events and a relevant later one.
        """
        self._learners(self._inner(dataset))

    def _inner(self, dataset: Dataset) -> Any:
        """The log in an earlier part, for the retrievers, and a later one, for the labels."""
        method = "per-user-time" if "timestamps" in dataset.has else "random"
        return split(dataset, method, test_fraction=self.label_fraction, seed=self.seed)

    def _learners(self, cut: Any) -> tuple[Profiles, Any]:
        """People whose later events can teach, and what of it was relevant."""
        _, people = cut.people()
        enough = np.flatnonzero(people.lengths >= EARLIER)
        if len(enough) == 0:
            raise DataError(
                f"{cut.train.name!r} is too small for a ranker: nobody in its training part has "
                f"{EARLIER} earlier events and a relevant later one to learn from; give a longer "
                "log, a smaller test_fraction or a lower relevant_from, or fit a single model such "
                "as wb.create('ease') and measure it with wb.evaluate"
            )
        return people[enough], cut.relevant_matrix()[enough]

    def _fitted(self, dataset: Dataset, part: str) -> dict[str, Recommender]:
        return fitted(
            self.retrievers, dataset, lambda label: self._say(f"fitting {label} on {part}")
        )

    def _lessons(self, cut: Any) -> tuple[FloatArray, FloatArray]:
        """Features and labels of the candidates of people with later events."""
        people, relevant = self._learners(cut)
        people = people.showing(self.uses)
        if len(people) > self.max_people:
            draw = np.random.default_rng(self.seed)
            chosen = np.sort(draw.choice(len(people), self.max_people, replace=False))
            people, relevant = people[chosen], relevant[chosen]
        matrices, labels = [], []
        for part, block in people.blocks(self._block(people)):
            found = signals(self.retrievers_, block)
            row, item = np.nonzero(candidates(found, self._labels, block, self.depth))
            matrices.append(self._matrix(Pairs(block, row, item, self.tables_, found)))
            later = relevant[part].toarray()
            labels.append(later[row, item] > 0)
            self._say("learning from", part.stop / len(people))
        matrix = np.concatenate(matrices) if matrices else np.zeros((0, 1), np.float32)
        relevant_pairs = np.concatenate(labels) if labels else np.zeros(0, bool)
        if not 0 < relevant_pairs.sum() < len(relevant_pairs):
            raise DataError(
                "the log is too small for a ranker: no candidate made from the earlier events "
                f"of {len(people)} people was met later; use a single model such as 'ease'"
            )
        return matrix, relevant_pairs.astype(np.float32)

    # --- scoring ------------------------------------------------------------------------------

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        """Log-odds of the candidates; NaN for what no retriever brought. See ``Recommender``."""
        scores, _ = self.score_with_sources(profiles)
        return scores if items is None else scores[:, items]

    def score_with_sources(
        self, profiles: Profiles, *, seen: bool = False
    ) -> tuple[FloatArray, Callable[[IntArray, IntArray], NDArray[np.str_]]]:
        """``score``, and a function from rows and item codes to the retriever that brought each.

        With ``seen`` the items of the history are candidates too.
        """
        profiles = checked_profiles(self, profiles).showing(self.uses)
        shape = (len(profiles), len(self.catalogue))
        scores = np.full(shape, np.nan, dtype=np.float32)
        brought = np.zeros(shape, dtype=np.int8)
        names = np.array(self._labels)
        for part, block in profiles.blocks(self._block(profiles)):
            found = signals(self.retrievers_, block)
            chosen = candidates(found, self._labels, block, self.depth)
            if seen:
                chosen[block.row, block.item] = True
            row, item = np.nonzero(chosen)
            matrix = self._matrix(Pairs(block, row, item, self.tables_, found))
            scores[part][row, item] = self.ranker_.predict(matrix)
            brought[part][row, item] = sources(found, self._labels, row, item)
        return scores, lambda row, item: names[brought[row, item]]

    def score_pairs(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        """Log-odds of every asked pair, candidate or not, ``(n_profiles, n_items)`` float32."""
        out = [
            self.ranker_.predict(matrix).reshape(n, -1)
            for n, matrix in self._asked(profiles, items)
        ]
        width = len(self.catalogue) if items is None else len(np.asarray(items))
        return np.concatenate(out) if out else np.zeros((0, width), np.float32)

    def pair_features(
        self, profiles: Profiles, items: IntArray | None = None
    ) -> tuple[list[str], FloatArray]:
        """Names and values of the features of every asked pair.

        Returns
        -------
        names : list of str
        matrix : (n_profiles * n_items, n_features) float32
            For each profile in turn, the items in the order given.
        """
        parts = [matrix for _, matrix in self._asked(profiles, items)]
        names = self.ranker_.names
        return names, np.concatenate(parts) if parts else np.zeros((0, len(names)), np.float32)

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Exact TreeSHAP values of the ranker; see ``Ranker.contributions``."""
        return self.ranker_.contributions(matrix)

    def candidate_mask(self, profiles: Profiles) -> dict[str, NDArray[np.bool_]]:
        """For each retriever, which items it brings, ``(n_profiles, n_items)``."""
        profiles = checked_profiles(self, profiles).showing(self.uses)
        found = signals(self.retrievers_, profiles)
        return {label: candidates(found, [label], profiles, self.depth) for label in self._labels}

    def _asked(
        self, profiles: Profiles, items: IntArray | None
    ) -> Iterable[tuple[int, FloatArray]]:
        profiles = checked_profiles(self, profiles).showing(self.uses)
        codes = np.arange(len(self.catalogue)) if items is None else checked_items(self, items)
        for _, block in profiles.blocks(self._block(profiles)):
            found = signals(self.retrievers_, block)
            row = np.repeat(np.arange(len(block)), len(codes))
            item = np.tile(codes, len(block))
            yield len(block), self._matrix(Pairs(block, row, item, self.tables_, found))

    def _matrix(self, pairs: Pairs) -> FloatArray:
        return np.column_stack([feature.column(pairs) for feature in self.features_])

    @property
    def relevant_from_(self) -> float | None:
        """From which value on an event is relevant, as the training log said."""
        return self.tables_.relevant_from

    @property
    def _labels(self) -> list[str]:
        return list(self.retrievers_)

    def _block(self, people: Profiles) -> int:
        """People per block, so that the scores of all models stay within some 100 MB."""
        return int(np.clip(2**19 // max(len(people.catalogue), 1), 8, 512))

    def _say(self, what: str, share: float | None = None) -> None:
        if self.progress is not None:
            self.progress(what if share is None else f"{what} ({share:.0%} of people)")

    # --- saving -------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """See ``Recommender``. Features are code, so only their names are saved."""
        self._require_fitted()
        return encoded(
            {
                "params": {**self.params(), "features": [f.name for f in self.features]},
                "catalogue": self.catalogue,
                "fitted_on": self.fitted_on,
                "retrievers": self.retrievers_,
                "tables": self.tables_,
                "ranker": self.ranker_,
                "learnt_from": self.learnt_from_,
            }
        )

    @classmethod
    def from_state(
        cls, arrays: dict[str, Any], state: dict[str, Any], features: Sequence[Feature] = ()
    ) -> Self:
        """See ``Recommender``.

        Parameters
        ----------
        features : sequence of Feature
            The features of one's own that the engine was made with.
        """
        content = decoded(arrays, state)
        expected, given = content["params"]["features"], [f.name for f in features]
        if expected != given:
            raise ArgumentError(
                f"features: this engine was made with {expected or 'none of its own'}, not "
                f"{given or 'none'}; pass the same ones to load"
            )
        engine = cls(**{**content["params"], "features": features})
        engine.catalogue = content["catalogue"]
        engine.fitted_on = content["fitted_on"]
        engine.retrievers_ = content["retrievers"]
        engine.tables_ = content["tables"]
        engine.ranker_ = content["ranker"]
        engine.learnt_from_ = content["learnt_from"]
        known = standard(engine.tables_, list(engine.retrievers_))
        engine.features_ = known + list(features)
        if [f.name for f in engine.features_] != engine.ranker_.names:
            raise DamagedArtifactError("the features of the saved engine are not those it names")
        return engine

    def save(self, path: str | Path, **about: Any) -> Path:
        """Save the engine as a folder; see ``workbench.artifact``.

        Parameters
        ----------
        path : str or Path
            Replaced if it is there.
        **about
            What else the manifest should say, e.g. ``metrics``.
        """
        arrays, state = self.state()
        place = state["ranker"]["arrays"].pop("trees")
        files = {
            "engine.json": json.dumps(state).encode(),
            "ranker.json": arrays.pop(place).tobytes(),
            "arrays.npz": arrays_to_bytes(arrays),
        }
        manifest = {
            "kind": "engine",
            "dataset": self.learnt_from_["dataset"],
            "configuration": self.params(),
            "features": described(self.features_).to_dicts(),
            "uses": sorted(self.uses),
            "threads": self.threads,
            "libraries": library_versions(),
            **about,
        }
        return write_folder(Path(path), files, manifest)

    @classmethod
    def load(cls, path: str | Path, features: Sequence[Feature] = ()) -> Self:
        """The engine back from its folder; its slates are the same to the bit.

        Raises
        ------
        ArtifactError
            The folder is no engine's, damaged, or newer; see ``workbench.artifact``.
        """
        files, _ = read_folder(Path(path), "engine")
        state = json.loads(files["engine.json"])
        arrays = arrays_from_bytes(files["arrays.npz"])
        arrays["trees"] = np.frombuffer(files["ranker.json"], dtype=np.uint8)
        state["ranker"]["arrays"]["trees"] = "trees"
        return cls.from_state(arrays, state, features)
