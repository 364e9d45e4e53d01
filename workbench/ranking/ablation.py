"""Which groups of features a ranker needs: taken away, or added, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import stdtrit

from workbench.columns import HIGH, LOW, N
from workbench.data.dataset import Dataset
from workbench.data.split import Split
from workbench.errors import ArgumentError
from workbench.features.catalogue import Feature
from workbench.ranking.engine import Engine
from workbench.ranking.lessons import Lessons, learners, windows
from workbench.vocabulary import FloatArray, IntArray

K = 10
LEVEL = 0.95
Floats = NDArray[np.float64]
SCHEMA = {
    "step": pl.Int64,
    "group": pl.String,
    "chosen": pl.Boolean,
    "n_features": pl.Int64,
    "ndcg": pl.Float64,
    "difference": pl.Float64,
    LOW: pl.Float64,
    HIGH: pl.Float64,
    N: pl.Int64,
}


def ablation(
    dataset: Dataset,
    engine: Engine | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    *,
    forward: bool = False,
    n_steps: int | None = None,
    say: Callable[[str], None] = lambda what: None,
) -> pl.DataFrame:
    """Take groups of features from a ranker, or add them, and see what becomes of nDCG@10.

    The log is cut twice inside: the last events of each person are the exam, and the engine
    learns, as ever, from what is before. The retrievers are fitted and the features computed
    once; then ``mlxtend``'s sequential search tries, at each step, every group that is left, a
    ranker is learnt without it (or with it), and the step keeps the best.

    Parameters
    ----------
    dataset : Dataset
        The training part of a split: what is chosen here must not have seen the test part.
    engine : Engine, optional
        Unfitted, with the features and settings to try; by default ``Engine()``. Fewer
        ``max_people`` and ``n_trees`` make it quick. It is not changed.
    groups : mapping of name to names of features, optional
        Features that none of them names make up the group "others". By default the groups that
        ``wb.feature_catalogue`` shows.
    forward : bool
        Whether to begin with nothing and add; by default all are there and are taken away.
    n_steps : int, optional
        At most so many steps; by default until one group is left (or all are there).
    say : callable
        Hears what is going on.

    Returns
    -------
    polars.DataFrame
        One row per ranker, in the order of trial: ``step`` (0 is the start), ``group`` (which
        was taken away or added; null at the start), ``chosen`` (whether the step kept it),
        ``n_features``, ``ndcg``, and ``difference``, ``low``, ``high``: against what the step
        began with, by the same ``n`` people, with a 95 % interval (Student's t). The intervals
        are of single comparisons, and the kept one was picked for its figure: a gain among many
        trials should be well above 0, or seen again on another log.

    Raises
    ------
    ArgumentError
        ``groups`` names what is no feature, or one twice; or ``n_steps`` cannot work.
    DataError
        The log is too small to be cut twice.

    Notes
    -----
    What it said of the defaults, on the training part of MovieLens 100K (a fifth of each person's
    events aside, the last fifth of the rest for the exam, 903 people): added to the features that
    are read unasked, no other group of ``workbench.features.standard.available`` gained with an
    interval above 0. The moment's hour and weekday came nearest (+0.0035, -0.0010 to 0.0079);
    embeddings, genres, decades, trends, target means and one-hot columns gained between -0.0034
    and +0.0009. So all of them are there by name, and none is read unasked. Taken away from
    those that are read, each group by itself (the scores of one model, or a group of the
    catalogue), none gained or lost with an interval away from 0: "following" is missed most
    (-0.0041, -0.0098 to 0.0017), "item-knn" least (+0.0031, -0.0012 to 0.0075). So all stay.

    Source: sequential search as in Ferri, Pudil, Hatef, Kittler 1994, "Comparative study of
    techniques for large-scale feature selection", by ``mlxtend.SequentialFeatureSelector``.
    """
    from mlxtend.feature_selection import SequentialFeatureSelector

    if n_steps is not None and (isinstance(n_steps, bool) or n_steps < 1):
        raise ArgumentError(f"n_steps must be a whole number of at least 1, not {n_steps!r}")
    trial = Trial(dataset, Engine() if engine is None else engine, groups, say)
    n = len(trial.groups)
    steps = min(n if forward else n - 1, n if n_steps is None else n_steps)
    search = SequentialFeatureSelector(
        trial,
        k_features=steps if forward else n - steps,
        forward=forward,
        scoring=Trial.exam,
        cv=0,
        clone_estimator=False,
    )
    # What is searched are numbers of groups: the trial looks them up, so nothing is copied.
    search.fit(np.arange(n)[None], np.zeros(1))
    path = sorted((frozenset(found["feature_idx"]) for found in search.subsets_.values()), key=len)
    return _table(trial, [frozenset(), *path] if forward else path[::-1])


class Trial:
    """Lessons and an exam of one log, on which rankers with some of the groups are tried.

    An estimator in the sense of ``mlxtend``: what it is "fitted" on is a row of group numbers.

    Parameters
    ----------
    dataset, engine, groups, say
        As of ``ablation``.

    Attributes
    ----------
    groups : dict of str to list of int
        Name of each group and its columns.
    tried : dict of set of groups to (n_people,) float64
        nDCG@10 of each person.
    """

    def __init__(
        self,
        dataset: Dataset,
        engine: Engine,
        groups: Mapping[str, Sequence[str]] | None,
        say: Callable[[str], None],
    ) -> None:
        self.say = say
        examiner = type(engine)(**{**engine.params(), "n_windows": 1, "short_share": 0.0})
        examiner.progress = say
        self.asked = examiner.learn(dataset)
        self.features = examiner.features_
        self.groups = _grouped(self.features, groups)
        # What the whole log lets choose is chosen for both: an earlier part of it may lack a
        # value, and the columns of the lessons and of the exam would not be the same.
        teacher = copy(examiner)
        teacher.n_windows, teacher.short_share = engine.n_windows, engine.short_share
        (cut,) = windows(dataset, engine.label_fraction, 1, engine.seed, engine.label_method)
        self.learnt = teacher.learn(cut.train, choose=False)
        _require_same(self.features, teacher.features_)
        self.ranker_of = teacher.ranker_of
        self.n_relevant = _n_relevant(cut, self.asked)
        self.tried: dict[frozenset[int], Floats] = {}

    def columns(self, kept: Iterable[int]) -> list[int]:
        """Columns of the groups of these numbers, in their order."""
        groups = list(self.groups.values())
        return sorted(column for number in kept for column in groups[number])

    def fit(self, numbers: Any, y: Any = None) -> Trial:
        """Learn with the groups that the first row names."""
        self.kept = frozenset(int(number) for number in numbers[0])
        columns = self.columns(self.kept)
        ranker = self.ranker_of([self.features[column] for column in columns])
        learnt = replace(self.learnt, matrix=np.ascontiguousarray(self.learnt.matrix[:, columns]))
        self.ranker = ranker.fit(learnt)
        return self

    def exam(self, numbers: Any, y: Any = None) -> float:
        """Mean nDCG@10 of the ranker just learnt."""
        matrix = np.ascontiguousarray(self.asked.matrix[:, self.columns(self.kept)])
        people = ndcg(self.asked, self.ranker.predict(matrix), self.n_relevant)
        self.tried[self.kept] = people
        self.say(f"{len(self.tried)} rankers tried")
        return float(people.mean())


def ndcg(asked: Lessons, scores: FloatArray, n_relevant: IntArray) -> Floats:
    """nDCG@10 of each question, ``(n_questions,)``; ties by the order of the pairs.

    Parameters
    ----------
    asked : Lessons
    scores : (n_pairs,)
    n_relevant : (n_questions,) int
        Relevant items, candidates or not.
    """
    order = np.lexsort((-scores, asked.question))
    question = asked.question[order]
    place = np.arange(len(order)) - np.searchsorted(question, question)
    top = place < K
    discount = 1 / np.log2(np.arange(2, K + 2))
    gain = asked.relevant[order][top] * discount[place[top]]
    found = np.bincount(question[top], gain, minlength=len(n_relevant))
    ideal: Floats = np.cumsum(discount)[np.clip(n_relevant, 1, K) - 1]
    return found / ideal


def _require_same(asked: Sequence[Feature], learnt: Sequence[Feature]) -> None:
    """Refuse lessons whose columns are not those of the exam."""
    names, others = [f.name for f in asked], [f.name for f in learnt]
    if names != others:
        raise ArgumentError(
            f"engine: what it learns from has other features ({', '.join(others)}) than what it "
            f"is asked with ({', '.join(names)}); its learn(choose=False) must keep those chosen"
        )


def _n_relevant(cut: Split, asked: Lessons) -> IntArray:
    """Relevant items of the person of each question."""
    codes, _, relevant = learners(cut)
    _, first = np.unique(asked.question, return_index=True)
    counts: IntArray = np.diff(relevant.indptr)
    return counts[np.searchsorted(codes, asked.person[first])]


def _grouped(
    features: Sequence[Feature], groups: Mapping[str, Sequence[str]] | None
) -> dict[str, list[int]]:
    """Name of each group and its columns; every column is in one."""
    if groups is None:
        names = dict.fromkeys(f.group for f in features)
        return {name: [c for c, f in enumerate(features) if f.group == name] for name in names}
    free = {feature.name: column for column, feature in enumerate(features)}
    known, found = set(free), {}
    for group, members in groups.items():
        for name in members:
            if name not in free:
                why = "is named twice" if name in known else "is no feature of this engine"
                raise ArgumentError(
                    f"groups: {name!r} (of {group!r}) {why}; there are {', '.join(sorted(known))}"
                )
        if members:
            found[group] = [free.pop(name) for name in members]
    if free:
        found["others"] = [*found.get("others", []), *free.values()]
    return found


def _table(trial: Trial, path: list[frozenset[int]]) -> pl.DataFrame:
    """Every ranker that was tried, beside the one that its step began with."""
    names, rows = list(trial.groups), []
    for kept, people in trial.tried.items():
        step = abs(len(kept) - len(path[0]))
        row: list[Any] = [
            step, None, kept in path, len(trial.columns(kept)), float(people.mean()),
            None, None, None, len(people),
        ]  # fmt: skip
        began = path[step - 1] if step else None
        if began in trial.tried:  # a search that adds begins with nothing, which ranks nobody
            gain = people - trial.tried[began]
            wide = stdtrit(len(gain) - 1, (1 + LEVEL) / 2) * gain.std(ddof=1) / np.sqrt(len(gain))
            row[5:8] = gain.mean(), gain.mean() - wide, gain.mean() + wide
        (row[1],) = [names[g] for g in kept ^ began] if began is not None else [None]
        rows.append(row)
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")
