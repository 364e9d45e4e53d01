"""Engine: retrievers → candidates → features → ranker, as one Recommender."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from workbench.columns import AS_OF
from workbench.data.dataset import Dataset
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.features.catalogue import Feature
from workbench.features.pairs import Pairs
from workbench.features.signal import Signal
from workbench.features.standard import check_asked
from workbench.features.tables import ItemTables
from workbench.models.base import Recommender, checked_items, checked_profiles
from workbench.models.parameters import check_whole
from workbench.profiles import Profiles
from workbench.ranking import lessons
from workbench.ranking.candidates import candidates, signals, sources
from workbench.ranking.ranker import Ranker, check_ways
from workbench.ranking.reading import asked_again, own_of, reading, restored, uses_of
from workbench.ranking.retrievers import chosen, made
from workbench.ranking.storage import read_engine, save_engine
from workbench.state import decoded, encoded
from workbench.vocabulary import FloatArray, IntArray

OF_TREES = (
    "objective", "n_trees", "max_depth", "eta", "min_child_weight", "reg_lambda", "subsample",
    "colsample", "n_bags", "early_stopping", "seed", "threads",
)  # fmt: skip
"""Parameters that are the ranker's own."""


class Engine(Recommender):
    """The two-stage engine: models bring candidates, boosted trees rank them.

    The ranker learns out of time: the log is cut again inside (see ``label_method``; by a seeded
    hash where there are no timestamps), the retrievers are fitted on the earlier part, candidates
    are made from it exactly as at serving time, and the later part says which of them were
    relevant. Then the retrievers are fitted again on everything. People with fewer than five
    events (four of them earlier) give history but no labels. Some are asked about again as if they
    had done only a few things, so that newcomers are ranked by what is known of newcomers.

    Parameters
    ----------
    retrievers : mapping of label to (model name, parameters), optional
        By default ``RETRIEVERS``, less those that a log cannot feed or that are too large for it.
    depth : int
        How many of each retriever's best unmet items become candidates.
    features : sequence of Feature or str
        Of one's own, or by name or group (``workbench.features.standard.available``), after
        those that are read unasked.
    allow : sequence of str
        Attributes of people, and columns of context with a sensitive name, that features and
        retrievers may read; manifest and report state them. No other reaches the ranker.
    objective : str
        "binary:logistic", "rank:ndcg" or "rank:pairwise"; see ``Ranker``.
    monotone : mapping of feature name to 1, -1 or 0, optional
        Which way a feature may move the score (up, down, either), where not as the feature says.
    n_trees, max_depth, eta, min_child_weight, reg_lambda, subsample, colsample : numbers
        Of the ranker.
    n_bags : int
        Boosters, each by another seed, whose mean is the score.
    early_stopping : int, optional
        Stop growing when so many trees brought nothing to held-out people; see ``Ranker``.
    label_method : str
        The labels are the last events of each person ("per-user-time") or of all ("global-time":
        right where an engine will be asked at one moment for everybody).
    label_fraction : float
        Share of each person's (or of all) events that gives the labels.
    n_windows : int
        How often the log is cut inside, each time ``label_fraction`` further back.
    short_histories : sequence of int
        Lengths of history that people are asked about again with.
    short_share : float
        Of the people, for each of these lengths.
    max_people : int
        At most so many people of each window give labels (chosen by seed).
    seed, threads : int

    Attributes
    ----------
    learnt_from_ : dict
        How the log was cut (``method``, ``windows``), number of ``pairs`` and of the ``relevant``
        among them, of ``trees`` in each booster, fingerprint of the ``dataset``, the
        ``retrievers`` chosen for it, and why others were ``left_out``.
    sensitive_ : list of str
        The sensitive columns that are read.

    Notes
    -----
    A score is the log-odds of "relevant, if shown" (a margin that only orders a list, with the
    ranking objectives), so contributions of features add up to it. Candidates depend on the
    profile only. ``uses`` names the moment (``as_of``) and what the retrievers and features name;
    no other attribute or context reaches them.

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
        features: Sequence[Feature | str] = (),
        allow: Sequence[str] = (),
        objective: str = "binary:logistic",
        monotone: Mapping[str, int] | None = None,
        n_trees: int = 200,
        max_depth: int = 4,
        eta: float = 0.06,
        min_child_weight: float = 20.0,
        reg_lambda: float = 10.0,
        subsample: float = 0.8,
        colsample: float = 0.5,
        n_bags: int = 1,
        early_stopping: int | None = None,
        label_method: str = "per-user-time",
        label_fraction: float = 0.2,
        n_windows: int = 1,
        short_histories: Sequence[int] = (0, 1, 3, 10),
        short_share: float = 0.25,
        max_people: int = 20_000,
        seed: int = 0,
        threads: int = 2,
    ) -> None:
        if retrievers is not None and not (isinstance(retrievers, Mapping) and retrievers):
            raise ArgumentError(f"retrievers must name at least one model, not {retrievers!r}")
        read = [made(label, spec).uses for label, spec in (retrievers or {}).items()]
        check_whole("depth", depth)
        lessons.check_lessons(
            label_method, label_fraction, n_windows, max_people, short_histories, short_share
        )
        check_ways({} if monotone is None else monotone)
        check_asked(features, allow)
        self.retrievers = retrievers
        self.depth = depth
        self.features = tuple(features)
        self.allow = tuple(allow)
        self.objective = objective
        self.monotone = None if monotone is None else dict(monotone)
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.eta = eta
        self.min_child_weight = min_child_weight
        self.reg_lambda = reg_lambda
        self.subsample = subsample
        self.colsample = colsample
        self.n_bags = n_bags
        self.early_stopping = early_stopping
        self.label_method = label_method
        self.label_fraction = label_fraction
        self.n_windows = n_windows
        self.short_histories = tuple(short_histories)
        self.short_share = short_share
        self.max_people = max_people
        self.seed = seed
        self.threads = threads
        self.uses = frozenset({AS_OF}).union(*read, *(f.uses for f in own_of(features)))
        self.progress: Callable[[str], None] | None = None
        self.ranker_of([])  # refuses what cannot work with trees

    # --- fitting ------------------------------------------------------------------------------

    def fit(self, dataset: Dataset) -> Self:
        taught = self.learn(dataset)
        lessons.check_teaching(taught)
        about = taught.about()
        self.ranker_ = self.ranker_of(self.features_).fit(taught, self._say)
        del taught  # it is large, and the retrievers are fitted once more
        self._fit_retrievers(dataset, "all events")
        self.tables_ = ItemTables.of(dataset, self.features_)
        self.learnt_from_ = {
            **about,
            "windows": self.n_windows,
            "trees": self.ranker_.trees,
            "dataset": dataset.fingerprint,
            "retrievers": list(self.choice_.specs),
            "left_out": self.choice_.left_out,
        }
        return self

    def learn(self, dataset: Dataset, choose: bool = True) -> lessons.Lessons:
        """What the ranker is to learn from; the retrievers are left fitted on a part of the log.

        Without ``choose``, retrievers and features stay those that were chosen before.
        """
        if choose:
            self.choice_ = chosen(self.retrievers, dataset)
            self.features_, self.uses, self.sensitive_ = self._reading(dataset)
        self._say("cutting the log inside")
        parts = []
        for back, cut in enumerate(self._windows(dataset)):
            self.tables_ = ItemTables.of(cut.train, self.features_)
            self._fit_retrievers(cut.train, "earlier " * (back + 1) + "events")
            parts.append(self._lessons(cut))
        return lessons.Lessons.joined(parts)

    def check_log(self, dataset: Dataset) -> None:
        """Refuse, before any training, a log that the ranker cannot learn from.

        Raises
        ------
        DataError, CapabilityError, ArgumentError
            Nobody can teach it; a feature cannot work, or reads what ``allow`` does not name.
        """
        self._reading(dataset)
        for cut in self._windows(dataset):
            lessons.learners(cut)

    def _windows(self, dataset: Dataset) -> list[Split]:
        how = self.n_windows, self.seed, self.label_method
        return lessons.windows(dataset, self.label_fraction, *how)

    def _reading(self, dataset: Dataset) -> tuple[list[Feature], frozenset[str], list[str]]:
        models = chosen(self.retrievers, dataset).unfitted()
        return reading(dataset, models, self.features, self.allow, self.monotone or {})

    def ranker_of(self, features: Sequence[Feature]) -> Ranker:
        """The unfitted ranker of some features."""
        ways = self.monotone or {}
        return Ranker(
            [f.name for f in features],
            monotone=[ways.get(f.name, f.monotone) for f in features],
            **{name: getattr(self, name) for name in OF_TREES},
        )

    def _fit_retrievers(self, dataset: Dataset, part: str) -> None:
        self.retrievers_ = {}  # the memory of an earlier fit goes first
        self.retrievers_ = self.choice_.fitted(dataset, part, self._say)

    def _lessons(self, cut: Split) -> lessons.Lessons:
        """Candidates of people with later events, as at serving time, and what they liked."""
        return lessons.gathered(
            cut,
            lambda block: self._candidates(block)[:3],
            uses=self.uses,
            short=self.short_histories,
            share=self.short_share,
            max_people=self.max_people,
            block=self._block(cut.train),
            seed=self.seed,
            say=lambda done: self._say("learning from", done),
        )

    # --- scoring ------------------------------------------------------------------------------

    def score(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        """Scores of the candidates; NaN for what no retriever brought. See ``Recommender``."""
        scores, _ = self.score_with_sources(profiles)
        return scores if items is None else scores[:, items]

    def score_with_sources(
        self, profiles: Profiles, *, seen: bool = False
    ) -> tuple[FloatArray, Callable[[IntArray, IntArray], NDArray[np.str_]]]:
        """``score``, and a function from rows and item codes to the retriever that brought each.

        With ``seen`` the items of the history are candidates too.
        """
        profiles = checked_profiles(self, profiles).showing(self.uses)
        scores = np.full((len(profiles), len(self.catalogue)), np.nan, dtype=np.float32)
        brought = np.zeros(scores.shape, dtype=np.int8)
        names = np.array(self._labels)
        for part, block in profiles.blocks(self._block(profiles)):
            row, item, matrix, found = self._candidates(block, seen)
            scores[part][row, item] = self.ranker_.predict(matrix)
            brought[part][row, item] = sources(found, self._labels, row, item)
        return scores, lambda row, item: names[brought[row, item]]

    def score_pairs(self, profiles: Profiles, items: IntArray | None = None) -> FloatArray:
        """Score of every asked pair, candidate or not, ``(n_profiles, n_items)`` float32."""
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

    def _candidates(
        self, block: Profiles, seen: bool = False
    ) -> tuple[IntArray, IntArray, FloatArray, dict[str, Signal]]:
        """Row and item of each candidate, its features, and what the retrievers say."""
        found = signals(self.retrievers_, block)
        chosen = candidates(found, self._labels, block, self.depth)
        if seen:
            chosen[block.row, block.item] = True
        row, item = np.nonzero(chosen)
        return row, item, self.matrix(block, row, item, found), found

    def _asked(
        self, profiles: Profiles, items: IntArray | None
    ) -> Iterable[tuple[int, FloatArray]]:
        profiles = checked_profiles(self, profiles).showing(self.uses)
        codes = np.arange(len(self.catalogue)) if items is None else checked_items(self, items)
        for _, block in profiles.blocks(self._block(profiles)):
            found = signals(self.retrievers_, block)
            row, item = np.repeat(np.arange(len(block)), len(codes)), np.tile(codes, len(block))
            yield len(block), self.matrix(block, row, item, found)

    def matrix(self, block: Profiles, row: IntArray, item: IntArray, found: Any) -> FloatArray:
        """Features of pairs of one block, ``(n_pairs, n_features)``, from its signals."""
        pairs = Pairs(block, row, item, self.tables_, found, self.retrievers_)
        return np.column_stack([feature.column(pairs) for feature in self.features_])

    @property
    def relevant_from_(self) -> float | None:
        """From which value on an event is relevant, as the training log said."""
        return self.tables_.relevant_from

    @property
    def _labels(self) -> list[str]:
        return list(self.retrievers_)

    def _block(self, people: Profiles | Dataset) -> int:
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
                "params": {**self.params(), "features": [str(f) for f in self.features]},
                "own": [f.name for f in own_of(self.features)],
                "sensitive": self.sensitive_,
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
        asked = asked_again(content["params"]["features"], content.get("own"), features)
        engine = cls(**{**content["params"], "features": asked})
        engine.catalogue, engine.fitted_on = content["catalogue"], content["fitted_on"]
        for name in ("retrievers", "tables", "ranker", "learnt_from"):
            setattr(engine, f"{name}_", content[name])
        engine.sensitive_ = content.get("sensitive", [])
        engine.features_ = restored(engine.ranker_.names, engine.tables_, engine._labels, features)
        engine.uses = uses_of(engine.retrievers_, engine.features_)
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
        return save_engine(self, Path(path), about)

    @classmethod
    def load(cls, path: str | Path, features: Sequence[Feature] = ()) -> Self:
        """The engine back from its folder; its slates are the same to the bit.

        Raises
        ------
        ArtifactError
            The folder is no engine's, damaged, or newer; see ``workbench.artifact``.
        """
        arrays, state = read_engine(Path(path))
        return cls.from_state(arrays, state, features)
