"""Rows of the table: ratings as Surprise predicts them, and rules as mlxtend finds them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

import workbench as wb
from tests.benchmarks.measuring import Faster, Row, against, timer
from tests.benchmarks.worlds import World
from workbench.columns import ITEM, USER, VALUE
from workbench.models.itemsets import RuleTable, pair_rules
from workbench.models.ratings import RatingLog

EQUAL = 1e-5
"""Ours are float32; ratings run from 1 to 5."""
FEW = 0.01
"""More than this share of other predictions is no matter of ties."""
MEMORY_BASED = ("knn-baseline", "slope-one")
SUPPORT, CONFIDENCE = 0.05, 0.1
FIGURES = ("support", "confidence", "lift", "leverage", "conviction")


def ratings(world: World, turns: int) -> list[Row]:
    """A fifth of all ratings, drawn at random, predicted by three models of Surprise and ours."""
    cut = wb.split(wb.load("movielens-100k"), "random")
    test, train = cut.test, cut.train
    ids = train.people.take(np.unique(train.people.codes(test[USER])))
    people = train.profiles(ids)
    asked = train.people.codes(ids)
    row = np.searchsorted(asked, train.people.codes(test[USER]))
    item = train.catalogue.codes(test[ITEM])
    log = RatingLog.of(train, "Surprise")
    questions = list(zip(asked[row].tolist(), item.tolist(), test[VALUE].to_list(), strict=True))
    rows = []
    for name, algorithm in _algorithms().items():
        model = wb.create(name).fit(train)
        trained = log.trained(algorithm)
        answers: list[Any] = []

        def theirs(trained: Any = trained, answers: list[Any] = answers) -> None:
            answers[:] = trained.test(questions)

        result = against(
            f"{name}: {len(row):,} ratings predicted",
            timer(lambda model=model: model.predicted(people, row, item)),
            f"Surprise {type(algorithm).__name__}.test",
            timer(theirs),
            Faster(20.0),
            turns,
            "",
        )
        ours = model.predicted(people, row, item).astype(np.float64)
        guessed = np.array([answer.est for answer in answers])
        known = log.known[item]
        told = _alike(name, ours[known], guessed[known], test[VALUE].to_numpy()[known])
        rows.append(Row(**{**result.as_dict(), "note": told}))
    return rows


def _algorithms() -> dict[str, Any]:
    """Surprise's, with the parameters of our defaults."""
    import surprise

    knn, plus = wb.create("knn-baseline"), wb.create("svdpp")
    options = {
        "name": knn.similarity,
        "shrinkage": knn.shrinkage,
        "user_based": knn.by == "user",
    }
    return {
        "knn-baseline": surprise.KNNBaseline(
            k=knn.n_neighbours, min_k=knn.min_neighbours, sim_options=options, verbose=False,
        ),
        "slope-one": surprise.SlopeOne(),
        "svdpp": surprise.SVDpp(
            n_factors=plus.n_factors, n_epochs=plus.n_epochs, random_state=plus.seed,
            cache_ratings=True,
        ),
    }  # fmt: skip


def _alike(name: str, ours: np.ndarray, theirs: np.ndarray, truth: np.ndarray) -> str:
    """How the predictions for items that both know compare."""
    one, two = (np.sqrt(np.mean((guess - truth) ** 2)) for guess in (ours, theirs))
    errors = f"RMSE {one:.4f}, theirs {two:.4f}"
    if name not in MEMORY_BASED:
        return f"{errors}: ours solves for people from their histories, theirs has stored vectors"
    other = int((np.abs(ours - theirs) >= EQUAL).sum())
    if other > FEW * len(ours):
        return f"PREDICTIONS DIFFER, {other:,} of {len(ours):,}; {errors}"
    ties = ", where several tie for the last neighbour" if other else ""
    return f"equal to {EQUAL:g} but for {other:,} of {len(ours):,} ratings{ties}; {errors}"


def rules(world: World, turns: int) -> list[Row]:
    """Rules from one item to one, at the same support and confidence."""
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    baskets = world.positives[np.flatnonzero(np.diff(world.positives.indptr))]
    frame = pd.DataFrame(
        sparse.csr_array(baskets).toarray() > 0, columns=np.arange(baskets.shape[1])
    )
    found: list[Any] = [None, None]

    def ours() -> None:
        found[0], _ = pair_rules(baskets, None, SUPPORT, CONFIDENCE, 10**9)

    def theirs() -> None:
        sets = fpgrowth(frame, min_support=SUPPORT, use_colnames=True, max_len=2)
        found[1] = association_rules(sets, metric="confidence", min_threshold=CONFIDENCE)

    row = against(
        f"Pair rules: {baskets.shape[0]:,} baskets, support {SUPPORT:g}",
        timer(ours),
        "mlxtend fpgrowth and association_rules",
        timer(theirs),
        Faster(5.0),
        turns,
        "",
    )
    return [Row(**{**row.as_dict(), "note": _same_table(*found)})]


def _same_table(ours: RuleTable, theirs: Any) -> str:
    sides = [
        np.array([next(iter(side)) for side in theirs[name]], dtype=np.int64)
        for name in ("antecedents", "consequents")
    ]
    order = np.lexsort(sides[::-1])
    pairs = np.column_stack([ours.antecedent[:, 0], ours.consequent])
    if not np.array_equal(pairs, np.column_stack(sides)[order]):
        return f"THE RULES DIFFER: {len(pairs):,} of ours, {len(order):,} of theirs"
    for name in FIGURES:
        if not np.allclose(getattr(ours, name), theirs[name].to_numpy()[order], rtol=1e-9):
            return f"{name.upper()} DIFFERS"
    return f"the same {len(pairs):,} rules, with the same {', '.join(FIGURES)}"
