"""Background: the population that shares are told against, by name; interventional TreeSHAP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ArgumentError
from workbench.explain.over_people import Floats
from workbench.explain.shown import at_once, check_features, check_people, pair_matrix, shown
from workbench.models.parameters import check_seed, check_whole
from workbench.profiles import Profiles
from workbench.vocabulary import FloatArray, IntArray

if TYPE_CHECKING:
    from workbench.ranking.engine import Engine
    from workbench.ranking.ranker import Ranker

LEARNT_FROM = "the pairs that the ranker learnt from"
"""Name of the background that the trees themselves hold."""
AT_ONCE = 32
"""Pairs of one call: after some seconds of one, ``shap`` draws a bar where nobody asked for it."""
CANDIDATES, SLATES = "candidates", "slates"


@dataclass(frozen=True, eq=False)
class Background:
    """Pairs of a named population.

    Attributes
    ----------
    name : str
        Who and what they are, e.g. "candidates of guests".
    matrix : (n_pairs, n_features) float32
        What the ranker reads of them.
    """

    name: str
    matrix: FloatArray = field(repr=False)

    def __len__(self) -> int:
        return len(self.matrix)


def background(
    engine: Engine,
    profiles: Profiles,
    name: str,
    *,
    of: str = CANDIDATES,
    k: int = 10,
    size: int = 100,
    seed: int = 0,
) -> Background:
    """Pairs of some people, to compare with.

    Parameters
    ----------
    engine : Engine
        Fitted.
    profiles : Profiles
    name : str
        What these people are called, e.g. "guests"; results bear it.
    of : str
        "candidates": what the ranker chooses from. "slates": what it chose, ``k`` each.
    k : int
    size : int
        At most so many pairs, drawn by seed. The work grows with it.
    seed : int

    Raises
    ------
    ArgumentError
        An argument cannot work, or nobody has a candidate.
    """
    check_features(engine)
    check_people(profiles)
    check_whole("size", size)
    check_seed(seed)
    if of not in (CANDIDATES, SLATES):
        raise ArgumentError(f"of must be {CANDIDATES!r} or {SLATES!r}, not {of!r}")
    if not isinstance(name, str) or not name.strip():
        raise ArgumentError(f"name must say who these people are, e.g. 'guests', not {name!r}")
    if of == SLATES:
        matrix = _drawn(shown(engine, profiles, k).matrix, size, seed)
        return Background(f"slates of {name}", matrix)
    row, item = _candidates(engine, profiles, -(-20 * size // len(profiles)), seed)
    if len(row) == 0:
        raise ArgumentError("profiles: no retriever brings these people anything; give others")
    matrix = pair_matrix(engine, profiles, row, item)
    return Background(f"candidates of {name}", _drawn(matrix, size, seed))


def interventional(ranker: Ranker, matrix: FloatArray, against: Background) -> tuple[Floats, float]:
    """Shares of pairs against a population: what a feature does when it is set, others drawn.

    Returns
    -------
    shares : (n_pairs, n_features) float64
    base : float
        Mean score of the population. Each row of shares adds up to its score less this.

    Source: Janzing, Minorics, Blöbaum 2020, "Feature relevance quantification in explainable AI:
    a causal problem"; the algorithm of Lundberg et al. 2020, "From local explanations to global
    understanding with explainable AI for trees", by ``shap.TreeExplainer``.
    """
    import shap

    parts, bases = [], []
    for booster in ranker.boosters:
        explainer = shap.TreeExplainer(
            booster, data=against.matrix, feature_perturbation="interventional", model_output="raw"
        )
        shares = np.zeros(matrix.shape)
        for start in range(0, len(matrix), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            shares[part] = explainer.shap_values(matrix[part], check_additivity=False)
        parts.append(shares)
        bases.append(np.float64(np.ravel(explainer.expected_value)[0]))
    return ranker.together(parts), float(ranker.together(bases))


def _candidates(
    engine: Engine, profiles: Profiles, most: int, seed: int
) -> tuple[IntArray, IntArray]:
    """Row and item of at most so many candidates of each person, drawn by one order of items."""
    people = profiles.aligned(engine.catalogue)
    order = np.random.default_rng(seed).permutation(len(engine.catalogue))
    rows, items = [], []
    for part, block in people.blocks(at_once(engine)):
        brought = np.any(list(engine.candidate_mask(block).values()), axis=0)[:, order]
        row, place = np.nonzero(brought & (np.cumsum(brought, axis=1) <= most))
        rows.append(row + part.start)
        items.append(order[place])
    return np.concatenate(rows), np.concatenate(items)


def _drawn(matrix: FloatArray, size: int, seed: int) -> FloatArray:
    """At most ``size`` rows by seed; the same whatever order they came in."""
    ordered = matrix[np.lexsort(matrix.T[::-1])]
    return ordered[np.sort(np.random.default_rng(seed).permutation(len(ordered))[:size])]
