"""Rows of the table: learning from a log."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

import workbench as wb
from tests.benchmarks.measuring import THREADS, AtMost, Row, against, timer
from tests.benchmarks.peers.process import Peer
from tests.benchmarks.worlds import World, codes

REG = 200.0
NEAR = 1e-3
"""Weights of single precision, of two libraries, agree to this."""


def ease_bare(world: World, turns: int) -> list[Row]:
    """EASE against the three calls that nobody gets around."""
    x = world.positives
    bare = [np.zeros((0, 0), np.float32)]

    def gram_and_cholesky() -> None:
        gram = np.asfortranarray((x.T @ x).toarray())
        gram[np.diag_indices_from(gram)] += REG
        factor, bad = lapack.spotrf(gram, overwrite_a=1)
        bare[0], bad_too = lapack.spotri(factor, overwrite_c=1)
        assert bad == bad_too == 0

    model = wb.create("ease", reg=REG)
    row = against(
        "EASE: fit",
        timer(lambda: model.fit(world.train)),
        "Gram product, spotrf, spotri",
        timer(gram_and_cholesky),
        AtMost(1.3),
        turns,
        "",
    )
    inverse = np.triu(bare[0])
    weights = (inverse + np.triu(inverse, 1).T) / -np.diag(inverse)
    return [_agreed(row, model.weights_, weights)]


def ease_lenskit(world: World, turns: int, peer: Peer) -> list[Row]:
    """EASE against LensKit's, on the same events and items."""
    user, item = codes(world.positives)
    peer.give("train", pl.DataFrame({"user": user, "item": item.astype(np.int64)}))
    held = peer.ask("lenskit_log", n_items=world.train.n_items)
    assert held == {"items": world.train.n_items, "events": world.positives.nnz}, held
    model = wb.create("ease", reg=REG)
    row = against(
        "EASE: fit",
        timer(lambda: model.fit(world.train)),
        "LensKit EASEScorer.train",
        lambda: float(peer.ask("lenskit_ease", reg=REG)["ms"]),
        AtMost(0.6),
        turns,
        "",
    )
    peer.ask("lenskit_ease_weights")
    return [_agreed(row, model.weights_, peer.take("weights").to_numpy())]


def item_knn(world: World, turns: int) -> list[Row]:
    """Item neighbours against implicit's."""
    from implicit.nearest_neighbours import CosineRecommender

    x = sparse.csr_matrix(world.positives.astype(np.float64))
    model = wb.create("item-knn")

    def theirs() -> None:
        other = CosineRecommender(K=model.n_neighbours, num_threads=THREADS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it brings its own matrix into another form
            other.fit(x, show_progress=False)

    return [
        against(
            "Item neighbours: fit",
            timer(lambda: model.fit(world.train)),
            "implicit CosineRecommender.fit",
            timer(theirs),
            AtMost(1.0),
            turns,
            f"{model.n_neighbours} neighbours each",
        )
    ]


def als(world: World, turns: int) -> list[Row]:
    """ALS against the library that trains it; and solving for people against training."""
    from implicit.cpu.als import AlternatingLeastSquares

    x = sparse.csr_matrix(world.positives)
    model = wb.create("als")
    found = []

    def theirs() -> None:
        with threadpool_limits(1, "blas"):
            trained = AlternatingLeastSquares(
                factors=model.n_factors,
                regularization=model.reg,
                alpha=model.alpha,
                iterations=model.n_iterations,
                random_state=model.seed,
                num_threads=THREADS,
            )
            trained.fit(x, show_progress=False)
        found[:] = [trained.item_factors]

    fit = timer(lambda: model.fit(world.train))
    row = against(
        "ALS: fit", fit, "implicit AlternatingLeastSquares.fit", timer(theirs), AtMost(1.1), turns,
        "",
    )  # fmt: skip
    same = np.array_equal(model.factors_, found[0])
    everybody = world.split.train.profiles(world.train.people.ids)
    solve = against(
        f"ALS: {len(everybody):,} people solved from their histories",
        timer(lambda: model.person_vectors(everybody)),
        "our own fit",
        fit,
        AtMost(0.2),
        turns,
        f"{model.n_factors} factors, exact, in float64",
    )
    return [_with(row, "item vectors equal to the bit" if same else "ITEM VECTORS DIFFER"), solve]


def _agreed(row: Row, ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> Row:
    theirs = theirs.copy()
    np.fill_diagonal(theirs, 0.0)
    apart = float(np.abs(ours - theirs).max())
    word = "weights agree" if apart < NEAR else "WEIGHTS DIFFER"
    return _with(row, f"{word} (largest difference {apart:.0e})")


def _with(row: Row, note: str) -> Row:
    return Row(**{**row.as_dict(), "note": "; ".join(filter(None, (row.note, note)))})
