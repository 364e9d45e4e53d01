"""Association rules as a table: who has these things also has that one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import ceil
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BLOCK = 1024
"""Antecedents that are counted at one moment."""
DENSE_CELLS = 50_000_000
"""Baskets are a sparse frame above this size."""
STEPS = 50_000_000
"""Steps along its tree that FP-growth may take, by an upper bound: about a minute of it."""


@dataclass(frozen=True)
class RuleTable:
    """Rules from one thing or several to one thing, with what they were counted from.

    Attributes
    ----------
    antecedent : (n_rules, width) int64
        Codes; a shorter antecedent is filled up with its first code.
    consequent : (n_rules,) int64
    n_both, n_antecedent, n_consequent : (n_rules,) int64
        Baskets with all of it, with the antecedent, with the consequent.
    n_baskets : (n_rules,) int64
        Baskets there are.
    """

    antecedent: NDArray[np.int64]
    consequent: NDArray[np.int64]
    n_both: NDArray[np.int64]
    n_antecedent: NDArray[np.int64]
    n_consequent: NDArray[np.int64]
    n_baskets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.consequent)

    def __getitem__(self, rows: NDArray[Any]) -> Self:
        return type(self)(*(column[rows] for column in self.columns().values()))

    def columns(self) -> dict[str, NDArray[np.int64]]:
        """The arrays by name, as they are saved."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def joined(cls, *tables: RuleTable) -> RuleTable:
        """The rules of several tables in one."""
        width = max(table.antecedent.shape[1] for table in tables)
        wide = [
            np.hstack([t.antecedent] + [t.antecedent[:, :1]] * (width - t.antecedent.shape[1]))
            for t in tables
        ]
        names = [field.name for field in fields(cls)][1:]
        return cls(
            np.concatenate(wide),
            *(np.concatenate([getattr(t, name) for t in tables]) for name in names),
        )

    # --- the measures, in the words and the arithmetic of mlxtend ---------------------------

    @property
    def support(self) -> NDArray[np.float64]:
        """Share of the baskets with all of it."""
        return self.n_both / self.n_baskets

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Share of the baskets with the antecedent that have the consequent too."""
        return self.support / (self.n_antecedent / self.n_baskets)

    @property
    def lift(self) -> NDArray[np.float64]:
        """How many times that is the share of all baskets."""
        return self.confidence / (self.n_consequent / self.n_baskets)

    @property
    def leverage(self) -> NDArray[np.float64]:
        """Share of the baskets with all of it, less what chance alone would give."""
        expected = (self.n_antecedent / self.n_baskets) * (self.n_consequent / self.n_baskets)
        return self.support - expected

    @property
    def conviction(self) -> NDArray[np.float64]:
        """How many times as often the rule would be wrong by chance; infinite if it never is."""
        wrong = 1.0 - self.confidence
        never = wrong <= 0
        by_chance = 1.0 - self.n_consequent / self.n_baskets
        found: NDArray[np.float64] = np.where(never, np.inf, by_chance / np.where(never, 1, wrong))
        return found


def no_rules() -> RuleTable:
    """A table without a rule."""
    return RuleTable(np.zeros((0, 1), np.int64), *(np.zeros(0, np.int64) for _ in range(5)))


def pair_rules(
    left: sparse.csr_array,
    right: sparse.csr_array | None,
    min_support: float,
    min_confidence: float,
    max_rules: int,
) -> tuple[RuleTable, float]:
    """Rules from one thing to one thing, counted by a sparse product.

    The table is that of mlxtend's ``fpgrowth(max_len=2)`` and ``association_rules`` with the same
    thresholds, in another order.

    Parameters
    ----------
    left : (n_baskets, n_left), sparse
        Not zero where the basket has the thing.
    right : (n_baskets, n_right), sparse, optional
        The things that rules lead to; by default those of ``left``, from each to another.
    min_support, min_confidence : float
    max_rules : int
        Where more would be found, the support is raised to the lowest at which they fit.

    Returns
    -------
    rules : RuleTable
        Sorted by antecedent and consequent.
    support : float
        The one that holds; ``min_support`` unless it was raised.
    """
    n = left.shape[0]
    n_left, left_codes, starts = _frequent(left, min_support)
    same = right is None
    n_right, right_codes, ends = (
        (n_left, left_codes, starts) if right is None else _frequent(right, min_support)
    )
    asked = least = max(ceil(min_support * n), 1)
    parts: list[tuple[NDArray[Any], ...]] = []
    total = 0
    for start in range(0, len(left_codes), BLOCK):
        block = starts[:, start : start + BLOCK].T.tocsr() @ ends
        row = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr)) + start
        column, count = block.indices, block.data
        held = count >= least
        if same:
            held &= row != column
        row, column, count = left_codes[row[held]], right_codes[column[held]], count[held]
        held = (count / n) / (n_left[row] / n) >= min_confidence
        parts.append((row[held], column[held], count[held]))
        total += int(held.sum())
        if total > max_rules:
            least = _least(np.concatenate([p[2] for p in parts]), max_rules)
            parts = [tuple(x[p[2] >= least] for x in p) for p in parts]
            total = sum(len(p[2]) for p in parts)
    support = min_support if least == asked else least / n
    if not total:
        return no_rules(), support
    row, column, count = (np.concatenate(x).astype(np.int64) for x in zip(*parts, strict=True))
    order = np.lexsort((column, row))
    row, column, count = row[order], column[order], count[order]
    baskets = np.full(total, n, dtype=np.int64)
    return RuleTable(row[:, None], column, count, n_left[row], n_right[column], baskets), support


def set_rules(
    baskets: sparse.csr_array,
    min_support: float,
    min_confidence: float,
    max_len: int,
    max_sets: int,
) -> tuple[RuleTable, float]:
    """Rules from two things or more to one, by mlxtend's FP-growth.

    Parameters
    ----------
    baskets : (n_baskets, n_things), sparse
    min_support, min_confidence : float
    max_len : int
        Things in a rule, antecedent and consequent together; at least 3.
    max_sets : int
        The support is raised until no more sets of up to ``max_len`` things than this can be
        frequent, and mining cannot take long, by bounds that are counted before it starts.

    Returns
    -------
    rules : RuleTable
        Sorted by antecedent and consequent.
    support : float
        The one that was mined with; ``min_support`` or more.
    """
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    n = baskets.shape[0]
    if not n:
        return no_rules(), min_support
    least = _bounded_count(baskets, min_support, max_len, max_sets)
    support = min_support if least == max(ceil(min_support * n), 1) else least / n
    counts, codes, kept = _frequent(baskets, support)
    if len(codes) < 3 or least > n:
        return no_rules(), support
    kept = sparse.csr_matrix(kept.astype(bool))
    names = [str(code) for code in codes]
    if n * len(codes) > DENSE_CELLS:
        frame = pd.DataFrame.sparse.from_spmatrix(kept)
        frame.columns = names
    else:
        frame = pd.DataFrame(kept.toarray(), columns=names)
    # A hair less: the count that the support stands for must not be rounded up to the next.
    sets = fpgrowth(frame, max((least - 0.5) / n, 1e-12), use_colnames=True, max_len=max_len)
    if not (sets["itemsets"].map(len) > 2).any():
        return no_rules(), support
    rules = association_rules(
        sets,
        metric="confidence",
        min_threshold=min_confidence,
        return_metrics=["antecedent support", "support"],
    )
    rules = rules[(rules["consequents"].map(len) == 1) & (rules["antecedents"].map(len) > 1)]
    sides = [sorted(map(int, side)) for side in rules["antecedents"]]
    antecedent = np.array([s + s[:1] * (max_len - 1 - len(s)) for s in sides], dtype=np.int64)
    antecedent = antecedent.reshape(len(sides), max_len - 1)
    consequent = np.array([int(*side) for side in rules["consequents"]], dtype=np.int64)
    order = np.lexsort((consequent, *antecedent.T[::-1]))
    n_both, n_antecedent = (
        np.round(rules[name].to_numpy(np.float64) * n).astype(np.int64)[order]
        for name in ("support", "antecedent support")
    )
    antecedent, consequent = antecedent[order], consequent[order]
    total = np.full(len(order), n, dtype=np.int64)
    return (
        RuleTable(antecedent, consequent, n_both, n_antecedent, counts[consequent], total),
        support,
    )


def _frequent(
    baskets: sparse.csr_array, min_support: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], sparse.csr_array]:
    """How often each thing occurs, the codes of the frequent ones, and the baskets of those."""
    ones = sparse.csr_array(baskets != 0).astype(np.int32)
    counts = np.bincount(ones.indices, minlength=ones.shape[1]).astype(np.int64)
    n = max(baskets.shape[0], 1)
    codes = np.flatnonzero((counts / n >= min_support) & (counts > 0))
    return counts, codes, sparse.csr_array(ones[:, codes])


def _least(counts: NDArray[Any], most: int) -> int:
    """The smallest count that at most so many reach."""
    ordered = np.sort(counts)[::-1]
    return int(ordered[most]) + 1 if len(ordered) > most else int(ordered[-1]) if most else 0


def _bounded_count(
    baskets: sparse.csr_array, min_support: float, max_len: int, max_sets: int
) -> int:
    """The smallest count of baskets from which mining is sure to end soon.

    No more than ``max_sets`` sets can then be frequent, and FP-growth takes at most about
    ``STEPS`` steps: it walks through the frequent things of each basket of each frequent set.
    Every pair of a frequent set is frequent, so the frequent sets of three are among the
    triangles of the graph of frequent pairs, and those of four are at most as many as so many
    triangles can carry (Kruskal 1963, Katona 1968).
    """
    n = baskets.shape[0]
    least = max(ceil(min_support * n), 1)
    kept = _frequent(baskets, least / n)[2]
    of_thing = np.bincount(kept.indices)
    together = sparse.coo_array(sparse.triu(kept.T @ kept, k=1))
    row, column, count = together.row, together.col, together.data
    least = max(least, _least(count, max_sets)) if len(count) > max_sets else least

    def too_much(bar: int) -> bool:
        held = count >= bar
        side = sparse.coo_array(
            (np.ones(int(held.sum())), (row[held], column[held])), shape=together.shape
        ).tocsr()
        graph = side + side.T
        larger = float((graph @ graph).multiply(graph).sum()) / 6
        larger += _fours(larger) * (max_len > 3)
        length = float(of_thing[of_thing >= bar].sum()) / n
        steps = length * (n + float(count[held].sum()) + larger * bar)
        return float(held.sum()) + larger > max_sets or steps > STEPS

    low: int = least
    high: int = max(int(count.max(initial=0)) + 1, least)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if too_much(middle) else (low, middle)
    return low


def _fours(triangles: float) -> float:
    """Most sets of four that can have all their threes among so many: C(x, 4) for C(x, 3)."""
    if triangles < 4:
        return 0.0
    x: float = (6 * triangles) ** (1 / 3) + 1
    for _ in range(50):  # C(x, 3) = triangles
        x -= (x * (x - 1) * (x - 2) / 6 - triangles) / ((3 * x * x - 6 * x + 2) / 6)
    return triangles * (x - 3) / 4
